"""The ledger over HTTP: pages, sections, proofs, consistency, and a bundle that breaks rather than lies."""

import json
import zipfile
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import pytest
from sqlmodel import col, select

from api.export_desk import export_to_file
from api.exports import stream_bundle
from inspection.errors import NotFound
from inspection.evidence import EvidenceStore
from inspection.stores import FolderStore
from inspection.tables import AccessLog
from ledger.checkpoint import parse_checkpoint, verify_checkpoint
from ledger.note import VerifierKey
from ledger.proof import ConsistencyProof, TlogProof
from ledger.verify import verify_bundle
from tests.builders import jpeg
from tests.sites import Site


def record(site: Site, count: int) -> None:
    """Record findings."""
    sha256 = site.put_evidence("device", jpeg())
    site.submit(*(site.draft(sha256) for _ in range(count)))


def test_checkpoint_is_signed_by_the_ledgers_key(site: Site) -> None:
    """A verifier needs the key and the note, nothing else of ours."""
    record(site, 3)
    site.parts.publisher.publish_grown()
    note = site.get("insurer", site.own("/ledger/checkpoint"))
    assert note.headers["content-type"].startswith("text/plain")
    key = VerifierKey.from_vkey(site.get("insurer", site.own("/ledger/key")).text)
    checkpoint, _ = verify_checkpoint(note.text, [key])
    assert checkpoint.size == 3
    assert checkpoint.origin == f"anxun.local/ledger/{site.town.mine.id}"


def test_inclusion_and_consistency_hold(site: Site) -> None:
    """The proof of an entry leads to the signed root, and the grown ledger continues the old one."""
    record(site, 3)
    site.parts.publisher.publish_grown()
    old = parse_checkpoint(site.get("officer", site.own("/ledger/checkpoint")).text)
    record(site, 2)
    unproven = site.get("officer", site.own("/ledger/entries/4/proof"))
    assert (unproven.status_code, unproven.json()["code"]) == (409, "not_published")
    site.parts.publisher.publish_grown()
    shown = site.get("officer", site.own("/ledger/entries/4/proof")).json()
    proof = TlogProof.from_text(shown["tlog_proof"])
    proof.inclusion.verify(bytes.fromhex(shown["leaf_hash"]), proof.checkpoint.root)
    assert [node.hex() for node in proof.hashes] == shown["hashes"]
    grown = site.get("officer", site.own("/ledger/consistency"), params={"old": 3, "new": 5}).json()
    hashes = tuple(bytes.fromhex(node) for node in grown["hashes"])
    ConsistencyProof(3, 5, hashes).verify(old.root, proof.checkpoint.root)


def test_entries_from_an_index_on(site: Site) -> None:
    """Whoever wants the newest begins near the end; a cursor goes on from there."""
    record(site, 5)
    asked = {"start": 2, "limit": 2}
    page = site.get("officer", site.own("/ledger/entries"), params=asked).json()
    assert [row["index"] for row in page["items"]] == [2, 3]
    rest = {**asked, "cursor": page["next_cursor"]}
    page = site.get("officer", site.own("/ledger/entries"), params=rest).json()
    assert ([row["index"] for row in page["items"]], page["next_cursor"]) == ([4], None)
    beyond = site.get("officer", site.own("/ledger/entries"), params={"start": 99}).json()
    assert (beyond["items"], beyond["tree_size"]) == ([], 5)


def test_entries_by_section(site: Site) -> None:
    """AI patrol findings are in L27, decisions among the hazards."""
    draft = site.draft(site.put_evidence("device", jpeg()))
    site.submit(draft)
    site.post("expert", site.own(f"/findings/{draft['id']}/confirmation"), {})
    rows = site.get("officer", site.own("/ledger/entries"), params={"section": "L27"}).json()
    assert [row["kind"] for row in rows["items"]] == ["finding.recorded"]
    assert rows["tree_size"] == 3
    entry = site.get("officer", site.own("/ledger/entries/0")).json()
    assert entry["record"]["by"] == f"device:{site.town.device.id}"
    assert entry["record"]["attachments"][0]["sha256"] == draft["evidence_sha256"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/ledger/entries/7", "out_of_range"),
        ("/ledger/entries/7/proof", "out_of_range"),
        ("/ledger/consistency?old=0&new=7", "out_of_range"),
        ("/ledger/consistency?old=1&new=0", "out_of_range"),
    ],
)
def test_beyond_the_end_is_404(site: Site, path: str, code: str) -> None:
    """What the ledger does not hold is not found."""
    answer = site.get("officer", site.own(path))
    assert (answer.status_code, answer.json()["code"]) == (404, code)


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 30])
def test_made_up_cursor_is_refused(site: Site, cursor: str) -> None:
    """A cursor that no page gave is named as such."""
    answer = site.get("officer", site.own("/ledger/entries"), params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


def test_broken_export_is_no_whole_file() -> None:
    """An error while a bundle is written breaks the stream; nobody takes it for whole."""

    def write(target: BinaryIO) -> None:
        target.write(b"x" * 200_000)
        message = "the store is away"
        raise ConnectionError(message)

    stream = stream_bundle(write)
    assert next(stream)
    with pytest.raises(ConnectionError, match="away"):
        list(stream)


def test_abandoned_export_ends() -> None:
    """Whoever stops downloading does not leave a thread behind that waits for ever."""
    ended = []

    def write(target: BinaryIO) -> None:
        try:
            for _ in range(1000):
                target.write(b"x" * 70_000)
        finally:
            ended.append(True)

    stream = stream_bundle(write)
    next(stream)
    stream.close()  # type: ignore[attr-defined]  # it is a generator
    assert ended


def test_lost_evidence_breaks_the_export(site: Site, tmp_path: Path) -> None:
    """An export without its evidence would prove nothing: it fails instead of leaving it out."""
    record(site, 1)
    site.parts.publisher.publish_grown()
    store: EvidenceStore = site.parts.evidence
    assert isinstance(store, FolderStore)
    for blob in (tmp_path / "data" / "evidence" / "blobs").rglob("*"):
        if blob.is_file():
            blob.unlink()
    # The answer has begun: a served client sees its connection end inside the file.
    with pytest.raises(RuntimeError, match="response already started"):
        site.get("officer", site.own("/ledger/bundle"))


def test_one_item_is_exported_with_its_whole_story(site: Site, tmp_path: Path) -> None:
    """Sighting, decision and the ticket's steps, each with its proof and photo; nothing of another item."""
    sha256 = site.put_evidence("device", jpeg(7))
    draft = site.draft(sha256)
    site.submit(draft)
    site.submit(site.draft(site.put_evidence("device", jpeg(9)), zone="elsewhere"))
    decision = site.post("expert", site.own(f"/findings/{draft['id']}/confirmation"), {}).json()
    item = decision["finding"]["item_id"]
    path = site.own(f"/items/{item}/bundle")
    early = site.get("insurer", path)
    assert (early.status_code, early.json()["code"]) == (409, "not_published")
    site.parts.publisher.publish_grown()
    answer = site.get("insurer", path)
    assert answer.status_code == 200, answer.text
    target = tmp_path / "item.zip"
    target.write_bytes(answer.content)
    report = verify_bundle(
        target, trusted_vkeys=[site.get("insurer", site.own("/ledger/key")).text]
    )
    assert report.is_partial
    assert (report.entries, report.tree_size, report.evidence_files) == (3, 4, 1)
    with zipfile.ZipFile(target) as archive:
        told = [json.loads(line) for line in archive.read("entries.jsonl").splitlines()]
    kinds = [line["header"]["kind"] for line in told]
    assert kinds == ["finding.recorded", "finding.confirmed", "ticket.opened"]
    assert {line["content"]["data"]["item_id"] for line in told} == {item}
    with site.parts.read() as session:
        rows = session.exec(select(AccessLog).where(col(AccessLog.action) == "ledger.export")).all()
    assert [row.detail for row in rows] == [f"item {item}, 3 entries"]
    assert site.get("stranger", path).status_code == 404
    by_command, settings = tmp_path / "by-command.zip", site.parts.settings
    assert export_to_file(settings, site.town.mine.id, by_command, UUID(item)) == 3
    with pytest.raises(NotFound):
        export_to_file(settings, site.town.mine.id, tmp_path / "none.zip", site.town.mine.id)
    assert verify_bundle(by_command).entries == 3
