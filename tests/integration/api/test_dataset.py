"""Decisions become a data set that the training reads as it is, with its provenance, for those who may."""

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any
from uuid import UUID

import cv2
import numpy as np
import pytest
from sqlmodel import select
from typer.testing import CliRunner

from api.cli import app
from inspection.tables import AccessLog
from ledger.log import entries
from ledger.sql import SqlStore
from models.training.pool import LABELS, Pool, unknown_mask
from models.yolo import read_labels
from tests.builders import jpeg
from tests.sites import Site

DRAWN = {"x1": 0.12, "y1": 0.1, "x2": 0.22, "y2": 0.3, "label": "head"}


def propose(site: Site, shade: int, **changes: Any) -> dict[str, Any]:
    """Deliver a finding on a picture of its own."""
    draft = site.draft(site.put_evidence("device", jpeg(shade, (320, 240))), **changes)
    assert site.submit(draft)[0]["status"] == "recorded"
    return draft


def decide(site: Site, draft: dict[str, Any], what: str, body: dict[str, Any]) -> None:
    """Decide as the expert."""
    answer = site.post("expert", site.own(f"/findings/{draft['id']}/{what}"), body)
    assert answer.status_code == 200, answer.text


@pytest.fixture
def decided(site: Site) -> dict[str, dict[str, Any]]:
    """Propose six findings and decide five of them, each in another way."""
    drafts = {
        name: propose(site, shade)
        for shade, name in enumerate(
            ("redrawn", "confirmed", "reflection", "test", "words", "waiting"), 40
        )
    }
    decide(site, drafts["redrawn"], "confirmation",
           {"boxes": [DRAWN], "complete_labels": ["head", "helmet"]})  # fmt: skip
    decide(site, drafts["confirmed"], "confirmation", {})
    decide(site, drafts["reflection"], "dismissal", {"code": "reflection"})
    decide(site, drafts["test"], "dismissal", {"code": "test"})
    decide(site, drafts["words"], "dismissal", {"reason": "a mannequin"})
    return drafts


def unpacked(site: Site, folder: Path, **asked: str) -> Path:
    """Export as the service centre and unpack."""
    answer = site.get("centre", "/v1/dataset", params=asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
    return folder


def by_evidence(root: Path) -> dict[str, dict[str, Any]]:
    """Return the manifest's rows by evidence."""
    manifest = json.loads((root / "manifest.json").read_text())
    return {row["evidence_sha256"]: row for row in manifest["images"]}


def test_the_training_reads_an_export_as_it_is(
    site: Site, decided: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """`Pool.read` takes it; boxes, knowledge and the mask of the partial-label loss are what people said."""
    root = unpacked(site, tmp_path / "set")
    pool = Pool.read(root)
    assert len(pool.images) == 4
    files = [file for split in ("train", "val", "test") for file in pool.files(split)]
    assert len(files) == 4
    rows = by_evidence(root)
    of = {name: rows.get(draft["evidence_sha256"]) for name, draft in decided.items()}
    assert of["test"] is None
    assert of["waiting"] is None
    head, helmet = LABELS.index("head"), LABELS.index("helmet")
    redrawn, reflection = (pool.images[of[name]["key"]] for name in ("redrawn", "reflection"))
    assert (redrawn.knowledge[head], redrawn.knowledge[helmet]) == ("L", "A")
    assert (reflection.knowledge[head], reflection.knowledge[helmet]) == ("A", "U")
    mask = unknown_mask([redrawn.knowledge, reflection.knowledge])
    assert mask[:, head].tolist() == [False, False]
    assert mask[:, helmet].tolist() == [False, True]
    (box,) = read_labels((root / "labels" / f"{of['redrawn']['key']}.txt").read_text(), len(LABELS))
    assert box.class_id == head
    assert box.xyxy == pytest.approx((0.12, 0.1, 0.22, 0.3), abs=1e-5)
    for name in ("reflection", "words"):
        assert (root / "labels" / f"{of[name]['key']}.txt").read_text() == ""
    for file in files:
        image = cv2.imread(str(file))
        assert image is not None
        assert image.shape == (240, 320, 3)
    listed = "".join((root / f"{split}.txt").read_text() for split in ("train", "val", "test"))
    assert sorted(Path(line).name for line in listed.split()) == sorted(file.name for file in files)
    assert "names:\n  0: person" in (root / "data.yaml").read_text()


def test_every_picture_says_where_it_comes_from(
    site: Site, decided: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """Evidence, findings, model and ledger entries by hash; people by role and enterprises by pseudonym, never by name."""
    root = unpacked(site, tmp_path / "set")
    row = by_evidence(root)[decided["redrawn"]["evidence_sha256"]]
    webp = (root / "images" / f"{row['key']}.webp").read_bytes()
    assert row["image_sha256"] == hashlib.sha256(webp).hexdigest()
    (said,) = row["findings"]
    assert (said["decision"], said["decided_as"], said["boxes_by"]) == (
        "confirmed", "expert", "person",
    )  # fmt: skip
    assert said["model"] == {"name": "anxun-nano", "sha256": "ab" * 32}
    assert said["boxes"]["model"] == decided["redrawn"]["boxes"]
    assert said["boxes"]["person"][0]["label"] == "head"
    assert said["level"] == {"catalogue": "general", "person": "general"}
    assert said["disagreement"]["kinds"] == ["moved"]
    assert said["disagreement"]["moved"] == [
        {"from": said["boxes"]["model"][0], "to": said["boxes"]["person"][0]}
    ]
    report = json.loads((root / "report.json").read_text())
    assert report["disagreements"]["moved"] == 1
    assert report["disagreements"]["dismissed"] == 2
    summary = site.get("centre", "/v1/dataset/summary").json()
    assert summary["disagreements"] == report["disagreements"]
    with site.parts.read() as session:
        log = {
            e.index: e.leaf_hash for e in entries(SqlStore(session), str(site.town.mine.id), 0, 99)
        }
    for place in (said["ledger"], said["decision_ledger"]):
        assert log[place["index"]] == place["leaf_hash"]
    text = (root / "manifest.json").read_text()
    for secret in (site.town.mine.name, str(site.town.mine.id), str(site.town.expert.id), "Expert"):
        assert secret not in text
    assert "not blurred" in text
    again = by_evidence(unpacked(site, tmp_path / "again"))
    assert {sha: (r["key"], r["split"]) for sha, r in again.items()} == {
        sha: (r["key"], r["split"]) for sha, r in by_evidence(root).items()
    }


def test_only_the_service_centre_exports_and_every_export_is_logged(
    site: Site, decided: dict[str, dict[str, Any]]
) -> None:
    """The others are refused, a foreign enterprise does not exist, and the enterprise finds the export in its log."""
    for path in ("/v1/dataset", "/v1/dataset/summary"):
        for who in ("expert", "officer", "worker", "insurer", "government", "stranger"):
            assert site.get(who, path).status_code == 403, (path, who)
        foreign = site.get("centre", path, params={"enterprise_id": str(site.town.far.id)})
        assert foreign.status_code == 404
        own = site.get("officer", path, params={"enterprise_id": str(site.town.mine.id)})
        assert own.status_code == 403
    assert site.get("centre", "/v1/dataset").status_code == 200
    with site.parts.read() as session:
        lines = session.exec(select(AccessLog).where(AccessLog.action == "dataset.export")).all()
    assert [(line.actor, line.enterprise_id, line.detail) for line in lines] == [
        (f"user:{site.town.centre.id}", site.town.mine.id, "4 pictures, heads not blurred")
    ]


def test_a_summary_says_what_an_export_would_hold(
    site: Site, decided: dict[str, dict[str, Any]]
) -> None:
    """Counts of pictures, decisions and boxes."""
    summary = site.get("centre", "/v1/dataset/summary").json()
    assert summary == {
        "pictures": 4,
        "background_pictures": 2,
        "redrawn_pictures": 1,
        "confirmed": 2,
        "dismissed": 2,
        "disagreements": {"moved": 1, "dismissed": 2},
        "boxes": {"head": 2},
    }


def test_a_period_without_decisions_is_an_error_in_words(
    site: Site, decided: dict[str, dict[str, Any]]
) -> None:
    """No empty zip that looks like data; a period that is none says so."""
    none = site.get("centre", "/v1/dataset", params={"until": "2020-01-01"})
    assert (none.status_code, none.json()["code"]) == (422, "invalid_input")
    assert "longer period" in none.json()["detail"]
    turned = site.get(
        "centre", "/v1/dataset", params={"since": "2026-02-02", "until": "2026-02-01"}
    )
    assert turned.status_code == 422


def test_evidence_that_is_gone_or_no_picture_is_left_out_by_name(
    site: Site, decided: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """The manifest says what is missing and why; the rest is there."""
    broken = jpeg(77, (320, 240))[:-200]
    draft = site.draft(site.put_evidence("device", broken))
    site.submit(draft)
    decide(site, draft, "confirmation", {})
    gone = decided["confirmed"]["evidence_sha256"]
    for file in (tmp_path / "data" / "evidence").rglob(f"*{gone}*"):
        file.unlink()
    root = unpacked(site, tmp_path / "set")
    manifest = json.loads((root / "manifest.json").read_text())
    why = {row["evidence_sha256"]: row["why"] for row in manifest["left_out"]}
    assert set(why) == {gone, draft["evidence_sha256"]}
    assert "no longer" in why[gone]
    assert len(manifest["images"]) == 3


def test_an_upright_picture_without_its_exif_is_exported(site: Site, tmp_path: Path) -> None:
    """A phone's HEIC becomes a WebP that every trainer reads, as large as the original."""
    heic = (Path(__file__).parents[2] / "assets" / "phone.heic").read_bytes()
    draft = site.draft(site.put_evidence("device", heic))
    site.submit(draft)
    decide(site, draft, "confirmation", {"boxes": []})
    root = unpacked(site, tmp_path / "set")
    (row,) = by_evidence(root).values()
    image = cv2.imdecode(np.fromfile(root / "images" / f"{row['key']}.webp", np.uint8), 1)
    assert image is not None
    assert image.shape[:2] == (row["height"], row["width"])
    assert row["boxes"] == 0


def test_the_command_writes_a_zip_or_a_folder_once(
    site: Site,
    decided: dict[str, dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`anxun dataset export` writes what the API gives, never over something, and is in the access log too."""
    monkeypatch.setenv("ANXUN_DATA_DIR", str(tmp_path / "data"))

    def export(target: Path, *options: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["dataset", "export", str(target), *options])
        assert result.exit_code == code, result.output
        return result.output

    folder, archive = tmp_path / "folder", tmp_path / "set.zip"
    assert "without a box: 2" in export(folder)
    export(archive, "--enterprise", str(site.town.mine.id))
    assert len(Pool.read(folder).images) == 4
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["made_as"] == "operator"
    with zipfile.ZipFile(archive) as opened:
        assert set(opened.namelist()) == {
            str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()
        }
    assert "already" in export(folder, code=2)
    assert "no enterprise" in export(tmp_path / "x", "--enterprise", str(UUID(int=5)), code=2)
    assert "decided anything" in export(tmp_path / "x", "--until", "2020-01-01", code=2)
    assert "no day" in export(tmp_path / "x", "--from", "yesterday", code=2)
    assert not [file.name for file in tmp_path.iterdir() if "part" in file.name]
    with site.parts.read() as session:
        lines = session.exec(select(AccessLog).where(AccessLog.action == "dataset.export")).all()
    assert [line.actor for line in lines] == ["operator", "operator"]
