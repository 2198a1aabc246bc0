"""Writing exports, the readable page, and archives that no tool of ours would write."""

import hashlib
import io
import json
import stat
import warnings
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ledger import archive, errors
from ledger.archive import Archive, Manifest
from ledger.bundle import write_bundle
from ledger.entry import Attachment, Record, canonical
from ledger.lines import parse_line
from ledger.log import append, erase_content, publish_checkpoint
from ledger.store import MemoryStore
from ledger.verify import verify_bundle
from tests.assets.make_bundles import KEY, LOG_ID, PICTURES, filled_store, full, partial, zipped

NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def opened(sha256: str) -> io.BytesIO:
    """Open a test picture."""
    return io.BytesIO(PICTURES[sha256])


def test_a_path_gets_a_whole_export_or_none(tmp_path: Path) -> None:
    """An older export is kept until the new one is whole; a failed one leaves nothing."""
    store = filled_store()
    checkpoint = publish_checkpoint(store, LOG_ID, KEY)
    target = tmp_path / "export.zip"
    write_bundle(target, store, LOG_ID, checkpoint, opened, KEY.vkey, title="一")
    assert verify_bundle(target, trusted_vkeys=[KEY.vkey]).title == "一"
    before = target.read_bytes()

    def missing(sha256: str) -> io.BytesIO:
        raise FileNotFoundError(sha256)

    with pytest.raises(errors.EvidenceMissing, match="entry 10: the evidence"):
        write_bundle(target, store, LOG_ID, checkpoint, missing, KEY.vkey)
    with pytest.raises(errors.EvidenceMismatch, match="hashes to"):
        write_bundle(target, store, LOG_ID, checkpoint, lambda _: io.BytesIO(b"no"), KEY.vkey)
    assert target.read_bytes() == before
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("column", ["content", "leaf"])
@pytest.mark.parametrize("indices", [None, [3, 7]])
def test_an_entry_that_cannot_be_read_is_named(
    tmp_path: Path, column: str, indices: list[int] | None
) -> None:
    """Whole or in part, with its content or erased: the refusal says which one, and leaves no file."""
    store = filled_store()
    checkpoint = publish_checkpoint(store, LOG_ID, KEY)
    if column == "leaf":
        erase_content(store, LOG_ID, 7)
    rows = store._log(LOG_ID).entries
    rows[7] = replace(rows[7], **{column: b"{ }"})
    target = tmp_path / "export.zip"
    with pytest.raises(errors.LogCorrupt, match=rf"log {LOG_ID}: entry 7 was changed where"):
        write_bundle(target, store, LOG_ID, checkpoint, opened, KEY.vkey, indices=indices)
    assert list(tmp_path.iterdir()) == []


def test_an_export_of_the_same_gives_the_same_bytes() -> None:
    """So that two parties can compare theirs; entries may be named twice and in any order."""
    store = filled_store()
    checkpoint = publish_checkpoint(store, LOG_ID, KEY)
    targets = [io.BytesIO(), io.BytesIO()]
    for target, indices in zip(targets, ([7, 2, 7], [2, 7]), strict=True):
        at = datetime(2026, 1, 1, tzinfo=UTC)
        manifest = write_bundle(
            target, store, LOG_ID, checkpoint, opened, KEY.vkey, indices=indices, created_at=at
        )
        assert (manifest.entries, manifest.evidence, manifest.partial) == (2, 1, True)
    assert targets[0].getvalue() == targets[1].getvalue()


def test_a_partial_export_of_nothing_and_an_empty_log_hold(tmp_path: Path) -> None:
    """Nothing is claimed, nothing is wrong."""
    target = tmp_path / "export.zip"
    empty = MemoryStore()
    write_bundle(target, empty, LOG_ID, publish_checkpoint(empty, LOG_ID, KEY), opened, KEY.vkey)
    assert verify_bundle(target).first_at is None
    store = filled_store()
    checkpoint = publish_checkpoint(store, LOG_ID, KEY)
    write_bundle(target, store, LOG_ID, checkpoint, opened, KEY.vkey, indices=[])
    assert verify_bundle(target).entries == 0


@pytest.mark.parametrize("indices", [[12], [-1]])
def test_entries_beyond_the_checkpoint_are_not_exported(indices: list[int]) -> None:
    """It could not prove them."""
    store = filled_store()
    checkpoint = publish_checkpoint(store, LOG_ID, KEY)
    with pytest.raises(errors.OutOfRange, match="covers 12 entries"):
        write_bundle(io.BytesIO(), store, LOG_ID, checkpoint, opened, KEY.vkey, indices=indices)


def test_the_page_is_safe_and_complete() -> None:
    """Whatever stands in an entry is shown as text; pictures are linked, other types are not."""
    store = MemoryStore()
    sha256 = {}
    for media_type in ("image/png", "text/html"):
        sha256[media_type] = hashlib.sha256(media_type.encode()).hexdigest()
    deep: Any = "bottom"
    for _ in range(9):
        deep = {NASTY: [deep]}
    record = Record(
        kind="note.added",
        section=NASTY[:60],
        at=datetime(2026, 1, 1, tzinfo=UTC),
        by=NASTY,
        data={"text": NASTY, NASTY: [1, 2.5, True, None], "deep": deep},
        attachments=tuple(
            Attachment(digest, kind, len(kind), NASTY[:60]) for kind, digest in sha256.items()
        ),
    )
    append(store, LOG_ID, record)
    append(store, LOG_ID, record)
    erase_content(store, LOG_ID, 1)
    target = io.BytesIO()
    write_bundle(
        target,
        store,
        LOG_ID,
        publish_checkpoint(store, LOG_ID, KEY),
        lambda digest: io.BytesIO({v: k for k, v in sha256.items()}[digest].encode()),
        KEY.vkey,
        title=NASTY,
    )
    with zipfile.ZipFile(target) as made:
        page = made.read("index.html").decode()
    assert "<script" not in page
    assert "<img src=x" not in page
    assert page.count("&lt;script&gt;") > 5
    assert page.count("<img ") == 1
    assert f'href="evidence/{sha256["image/png"]}"' in page
    assert f'href="evidence/{sha256["text/html"]}"' not in page
    assert "default-src 'none'" in page
    assert "内容已依法删除 content erased" in page
    assert "bottom" in page


def written(path: Path, members: dict[str, bytes]) -> Path:
    """Write an archive of these members."""
    path.write_bytes(zipped("x", members))
    return path


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "..", "evidence/..", "C:evil", "evidence\\x", "a/../manifest.json"]
)
def test_names_that_leave_their_folder_are_refused(tmp_path: Path, name: str) -> None:
    """On any system that might unpack it."""
    with pytest.raises(errors.UnsafeName):
        Archive(written(tmp_path / "x.zip", {name: b""}))


def _info(name: str, **fields: Any) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


@pytest.mark.parametrize(
    ("info", "fault"),
    [
        (_info("checkpoint", external_attr=(stat.S_IFLNK | 0o777) << 16), errors.UnsafeName),
        (_info("checkpoint", compress_type=zipfile.ZIP_BZIP2), errors.UnreadableBundle),
        (_info("checkpoint2"), errors.UnexpectedMember),
        (_info("proofs/01.tlog-proof"), errors.UnexpectedMember),
    ],
)
def test_odd_members_are_refused(
    tmp_path: Path, info: zipfile.ZipInfo, fault: type[errors.BundleError]
) -> None:
    """Links, foreign packing, names almost right."""
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(info, b"x")
    with pytest.raises(fault):
        Archive(path)


def test_members_that_overlap_are_refused(tmp_path: Path) -> None:
    """A directory that points at the same bytes over and over unpacks to any size."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        made.writestr("checkpoint", b"x" * 4096)
        again = zipfile.ZipInfo("key.vkey")
        first = made.getinfo("checkpoint")
        again.header_offset, again.CRC = first.header_offset, first.CRC
        again.file_size = again.compress_size = 1 << 20
        made.filelist.append(again)
    (tmp_path / "x.zip").write_bytes(target.getvalue())
    with pytest.raises(errors.OversizedMember, match="overlap"):
        Archive(tmp_path / "x.zip")


def test_small_members_are_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest is not read into memory whatever its size; nor is a line."""
    path = written(
        tmp_path / "x.zip", full() | {"checkpoint": b"x" * (archive.MAX_SMALL_BYTES + 1)}
    )
    with pytest.raises(errors.OversizedMember, match="more than"):
        verify_bundle(path)
    monkeypatch.setattr(archive, "MAX_LINE_BYTES", 100)
    with pytest.raises(errors.OversizedMember, match="line 1 is cut off or longer"):
        verify_bundle(written(tmp_path / "y.zip", full()))


def test_damage_within_a_member_is_named(tmp_path: Path) -> None:
    """A flipped byte that the archive's own checksum finds; a text that is no UTF-8; no archive at all."""
    members = full()
    data = bytearray(zipped("x", members))
    data[data.index(members["checkpoint"]) + 3] ^= 1
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    with pytest.raises(errors.UnreadableBundle, match="checkpoint can't be unpacked"):
        verify_bundle(path)
    with pytest.raises(errors.UnreadableBundle, match="checkpoint is not UTF-8"):
        verify_bundle(written(path, members | {"checkpoint": b"\xff"}))
    path.write_bytes(b"")
    with pytest.raises(errors.UnreadableBundle, match="not a readable zip"):
        verify_bundle(path)
    with pytest.raises(errors.UnreadableBundle):
        verify_bundle(tmp_path / "nowhere.zip")


def test_a_manifest_names_its_first_fault() -> None:
    """Not JSON, a field missing, a field more."""
    good = json.loads(full()["manifest.json"])
    for bad in ({}, good | {"more": 1}, good | {"entries": -1}, good | {"title": "a\nb"}):
        with pytest.raises(errors.MalformedManifest, match=r"manifest\.json: "):
            Manifest.from_json(json.dumps(bad).encode())
    with pytest.raises(errors.MalformedManifest):
        Manifest.from_json(b"{")


def _line(**changes: Any) -> bytes:
    fields = json.loads(full()["entries.jsonl"].splitlines()[2])
    return canonical(fields | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"salt": None},
        {"salt": "zz"},
        {"salt": 5},
        {"salt": "00"},
        {"header": {}},
        {"header": None},
        {"more": 1},
    ],
)
def test_lines_of_another_format_are_refused(changes: dict[str, Any]) -> None:
    """Each as a MalformedEntry."""
    with pytest.raises(errors.MalformedEntry):
        parse_line(_line(**changes), 2)


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_lines_that_are_no_entry_are_refused(text: bytes) -> None:
    """The line's number is named."""
    with pytest.raises(errors.MalformedEntry, match="line 3"):
        parse_line(text, 2)


def test_two_sizes_of_one_attachment_are_refused(tmp_path: Path) -> None:
    """One of the entries lies, and both are named."""
    store = MemoryStore()
    for size in (5, 6):
        attachment = Attachment("0" * 64, "image/png", size, "photo")
        record = Record("a", "b", datetime(2026, 1, 1, tzinfo=UTC), "system", {}, (attachment,))
        append(store, LOG_ID, record)
    checkpoint = publish_checkpoint(store, LOG_ID, KEY)
    path = tmp_path / "x.zip"
    with warnings.catch_warnings(), pytest.raises(errors.EvidenceMismatch):
        write_bundle(path, store, LOG_ID, checkpoint, lambda _: io.BytesIO(b"x"), KEY.vkey)
    members = full()
    lines = b"".join(
        b'{"content":%b,"header":%b,"leaf_hash":"%b","salt":"%b"}\n'
        % (e.content or b"", e.leaf, e.leaf_hash.encode(), (e.salt or b"").hex().encode())
        for e in store.entries(LOG_ID, 0, 9)
    )
    manifest = json.loads(members["manifest.json"]) | {"tree_size": 2, "entries": 2}
    members |= {
        "entries.jsonl": lines,
        "checkpoint": checkpoint.text.encode(),
        "manifest.json": json.dumps(manifest).encode(),
    }
    with pytest.raises(errors.EvidenceSizeMismatch, match="entries 0 and 1"):
        verify_bundle(written(path, members))


def test_a_proof_file_in_a_full_export_is_unexpected(tmp_path: Path) -> None:
    """Nothing there needs one."""
    name = "proofs/7.tlog-proof"
    path = written(tmp_path / "x.zip", full() | {name: partial()[name]})
    with pytest.raises(errors.UnexpectedMember, match=name):
        verify_bundle(path)
