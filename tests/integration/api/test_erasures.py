"""Erasing over HTTP and by command: the pages' way from request to proof, and a bundle that stays whole."""

import io
import json
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.exports import export_bundle
from api.retention_desk import open_desk
from api.settings import Settings
from inspection.evidence import EvidenceStore
from inspection.journal import Event, log_id_of, write_event
from inspection.scopes import SYSTEM
from inspection.stores import FolderStore
from inspection.wire import utc_now
from ledger.log import latest_checkpoint
from ledger.sql import SqlStore
from ledger.verify import Caution, verify_bundle
from tests.builders import id_of, jpeg, sha256_of
from tests.sites import Site, open_site

WORDS = "王小明的工位"


def find(site: Site, data: bytes, zone: str = WORDS) -> int:
    """Record a finding; return its index."""
    (receipt,) = site.submit(site.draft(site.put_evidence("device", data), zone=zone))
    index: int = receipt["index"]
    return index


def order(site: Site, *indices: int) -> str:
    """Request by the officer, approve by the service centre; return the request's id."""
    body = {"indices": list(indices), "reason": "person_request", "reference": "R-7"}
    request = site.post("officer", site.own("/erasures"), body)
    assert request.status_code == 201, request.text
    erasure_id: str = request.json()["id"]
    assert request.json()["may_approve"] is False
    approved = site.post("centre", site.own(f"/erasures/{erasure_id}/approval"))
    assert approved.status_code == 200, approved.text
    assert approved.json()["state"] == "approved"
    return erasure_id


def test_from_request_to_proof(site: Site, tmp_path: Path) -> None:
    """The erased entry says when and why, its proof holds, its photo is gone, and a bundle verifies with a caution."""
    kept, index = find(site, jpeg(1), "东门"), find(site, jpeg(2))
    photo = site.own(f"/evidence/{sha256_of(jpeg(2))}")
    assert site.get("officer", f"{photo}/preview?width=64").status_code == 200
    erasure_id = order(site, index)
    site.parts.keeper.run_once()
    site.parts.publisher.publish_grown()
    done = site.get("officer", site.own(f"/erasures/{erasure_id}")).json()
    assert (done["state"], done["reference"], done["reason"]["basis_checked"]) == (
        "done",
        "",
        False,
    )
    assert [row["state"] for row in done["targets"]] == ["erased"]
    assert site.get("officer", site.own(f"/ledger/entries/{index}")).json()["content"] is None
    assert site.get("officer", site.own(f"/ledger/entries/{index}/proof")).status_code == 200
    told = site.get("worker", site.own(f"/entries/{index}/retention")).json()
    assert told["erasure"]["id"] == erasure_id
    assert told["erasure"]["decided_by"]["name"] == "Centre"
    assert site.get("worker", site.own(f"/entries/{kept}/retention")).json()["refusals"] == []
    for path in (photo, f"{photo}/preview?width=64"):
        gone = site.get("officer", path)
        assert (gone.status_code, gone.json()["code"]) == (404, "evidence_erased")
    again = site.client.put(photo, content=jpeg(2), headers=site.headers("officer"))
    assert (again.status_code, again.json()["code"]) == (404, "evidence_erased")
    assert not list((tmp_path / "data" / "previews").rglob("*.jpg"))
    target = tmp_path / "bundle.zip"
    target.write_bytes(site.get("insurer", site.own("/ledger/bundle")).content)
    report = verify_bundle(target)
    assert (report.erased_indices, report.evidence_files) == ((index,), 1)
    assert Caution.ERASED in report.cautions


def test_the_databases_file_holds_no_erased_word(site: Site, tmp_path: Path) -> None:
    """SQLite overwrites what it deletes, its index is merged and its log emptied: the bytes are not there any more."""
    index = find(site, jpeg())
    piece = "".join(f"{ord(character):05x}" for character in WORDS[:2]).encode()
    order(site, index)
    site.parts.keeper.run_once()
    held = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("anxun.db*"))
    assert WORDS.encode() not in held
    assert json.dumps(WORDS).strip('"').encode() not in held
    assert b"x" + piece not in held
    assert b"erasure.approved" in held


def test_what_must_stay_is_refused_by_name(site: Site) -> None:
    """The check and the request say the same; a hold is set and lifted by whom it may."""
    index = find(site, jpeg())
    hold = site.post("centre", site.own("/holds"), {"reason": "事故调查", "section": "L27"}).json()
    body = {"indices": [index], "reason": "person_request"}
    check = site.post("officer", site.own("/erasures/check"), body).json()
    assert [row["code"] for row in check["items"]] == ["hold"]
    refused = site.post("officer", site.own("/erasures"), body)
    assert (refused.status_code, refused.json()["code"]) == (409, "erasure_refused")
    assert "legal hold" in refused.json()["detail"]
    own = site.get("officer", site.own("/holds")).json()["items"]
    assert [row["may_lift"] for row in own] == [False]
    lifting = site.own(f"/holds/{hold['id']}/lifting")
    assert site.post("officer", lifting, {"reason": "x"}).status_code == 403
    assert site.post("centre", lifting, {"reason": "结束"}).json()["may_lift"] is False
    again = site.post("centre", lifting, {"reason": "x"})
    assert (again.status_code, again.json()["code"]) == (409, "hold_not_standing")
    assert site.post("officer", site.own("/erasures/check"), body).json()["items"] == []


def test_nobody_approves_their_own_and_a_request_may_be_rejected(site: Site) -> None:
    """The same person is refused by name; a rejected request is listed with its note."""
    index = find(site, jpeg())
    body = {"indices": [index], "reason": "mistaken_capture"}
    erasure_id = site.post("centre", site.own("/erasures"), body).json()["id"]
    own = site.post("centre", site.own(f"/erasures/{erasure_id}/approval"))
    assert (own.status_code, own.json()["code"]) == (403, "another_approver_required")
    path = site.own(f"/erasures/{erasure_id}/rejection")
    assert site.post("officer", path, {"note": "不符合条件"}).json()["state"] == "rejected"
    (row,) = site.get("worker", site.own("/erasures")).json()["items"]
    assert (row["decision_note"], row["may_reject"]) == ("不符合条件", False)
    assert site.post("officer", path, {}).json()["code"] == "erasure_decided"
    reasons = site.get("worker", "/v1/erasure-reasons").json()["items"]
    assert {"person_request", "retention_ended"} <= {reason["code"] for reason in reasons}


def test_erasing_while_an_export_runs_gives_a_whole_bundle(site: Site, tmp_path: Path) -> None:
    """Whatever the moment, a bundle verifies: an entry is in it with its photo, or erased without it."""
    indices = [find(site, jpeg(number), f"{WORDS}{number}") for number in range(6)]
    site.parts.publisher.publish_grown()
    enterprise_id = id_of(site.town.mine)
    with site.parts.read() as session:
        checkpoint = latest_checkpoint(SqlStore(session), log_id_of(enterprise_id))
    assert checkpoint is not None
    order(site, *indices)
    eraser = threading.Thread(target=site.parts.keeper.run_once)
    for number in range(8):
        target = io.BytesIO()
        if number == 2:
            eraser.start()
        export_bundle(site.parts, enterprise_id, checkpoint, target)
        bundle = tmp_path / f"{number}.zip"
        bundle.write_bytes(target.getvalue())
        report = verify_bundle(bundle)
        assert report.evidence_files == len(indices) - report.erased
    eraser.join()
    site.parts.keeper.run_once()
    export_bundle(site.parts, enterprise_id, checkpoint, target := io.BytesIO())
    (tmp_path / "last.zip").write_bytes(target.getvalue())
    assert verify_bundle(tmp_path / "last.zip").erased == len(indices)


def test_a_full_disk_refuses_what_comes_and_removes_nothing(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """507 with what to do; every file, row and entry that was there is there."""
    index = find(site, jpeg(1))
    store: EvidenceStore = site.parts.evidence
    assert isinstance(store, FolderStore)
    before = sorted(path for path in (tmp_path / "data" / "evidence").rglob("*") if path.is_file())
    monkeypatch.setattr(store, "_reserved_bytes", 1 << 62)
    data = jpeg(2)
    path = f"/v1/evidence/{sha256_of(data)}"
    full = site.client.put(path, content=data, headers=site.headers("device"))
    assert (full.status_code, full.json()["code"]) == (507, "storage_full")
    site.parts.keeper.run_once()
    after = sorted(path for path in (tmp_path / "data" / "evidence").rglob("*") if path.is_file())
    assert after == before
    assert site.get("officer", site.own(f"/ledger/entries/{index}")).json()["content"]


def test_retention_by_command(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shown without a change; erased with two people; orphans and the index by command too."""
    for name in ("data_dir",):
        monkeypatch.setenv(f"ANXUN_{name.upper()}", str(getattr(settings, name)))
    runner = CliRunner()

    def run(*words: object) -> str:
        answer = runner.invoke(app, [str(word) for word in words])
        assert answer.exit_code == 0, answer.output
        return answer.output

    with open_site(settings) as site:
        mine = id_of(site.town.mine)
        orphan = site.put_evidence("device", jpeg(9))
        with site.parts.write.begin() as session:
            event = Event("section.recorded", "L06", {"topic": WORDS})
            old = utc_now() - timedelta(days=4 * 366)
            write_event(session, mine, SYSTEM, event, old)
    shown = run("retention", "show", mine)
    assert "L06" in shown
    assert "entries 1 · past 1" in shown
    assert "to be verified" in shown
    args = ("retention", "erase", mine, "--section", "L06")
    people = ("--requested-by", "officer", "--approved-by")
    alone = runner.invoke(app, [str(word) for word in (*args, *people, "officer")])
    assert alone.exit_code == 2
    assert "entries 1 · past 1" in run("retention", "show", mine)
    assert "1 entries erased" in run(*args, *people, "centre")
    assert "nothing of L06" in run(*args, *people, "centre")
    assert "0 orphans" in run("retention", "orphans", mine)
    with open_desk(settings) as desk, desk.write.begin() as session:
        from inspection.tables import Evidence

        row = session.get_one(Evidence, (mine, orphan))
        row.received_at -= timedelta(days=31)
    assert orphan in run("retention", "orphans", mine)
    assert "1 orphans removed" in run("retention", "orphans", mine, "--remove", "--by", "centre")
    assert "0 entries" in run("retention", "resume")
    assert "4 entries" in run("search-index", "--again")
    nobody = runner.invoke(app, ["retention", "orphans", str(mine), "--remove", "--by", "nobody"])
    assert nobody.exit_code == 2
    nowhere = runner.invoke(
        app, ["retention", "show", str(orphan[:8]) + "-0000-7000-8000-" + "0" * 12]
    )
    assert nowhere.exit_code == 2


def test_the_page_of_retention_names_what_waits(site: Site) -> None:
    """Every section with its rule, and bytes that the store did not delete yet, with its reason."""
    index = find(site, jpeg())
    with site.parts.write.begin() as session:
        from inspection.removals import queue_removal

        queue_removal(session, id_of(site.town.mine), "ab" * 32, utc_now())
    report = site.get("officer", site.own("/retention")).json()
    assert len(report["sections"]) == 28
    (patrol,) = [row for row in report["sections"] if row["rule"]["section"] == "L27"]
    assert (patrol["entries"], patrol["past"], patrol["rule"]["is_minimum"]) == (
        index + 1,
        0,
        False,
    )
    assert [row["sha256"] for row in report["waiting"]] == ["ab" * 32]
    site.parts.keeper.run_once()
    assert site.get("officer", site.own("/retention")).json()["waiting"] == []
