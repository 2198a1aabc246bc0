"""Where a lie sits: a refusal names the entry, the file of the archive, and what is wrong, and nothing else."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger import contents, errors
from ledger.verify import verify_bundle
from tests.assets import make_bundles
from tests.assets.make_bundles import FOLDER, KEY, full, partial, zipped
from tests.unit.ledger.test_tampered_bundles import EXPECTED, TRUSTED, VOUCHING, WITNESSES, _pin

Members = dict[str, bytes]
ENTRIES, CHECKPOINT, MANIFEST, OWN_KEY = "entries.jsonl", "checkpoint", "manifest.json", "key.vkey"
FIRST_PICTURE, SECOND_PICTURE, THIRD_PICTURE = make_bundles.PICTURES

# The entry that is named, and the file. No entry where the fault is not one entry's; no file where the archive itself is cut.
PLACES: dict[str, tuple[int | None, str | None]] = {
    "content-byte-flipped": (3, ENTRIES),
    "wrong-salt": (4, ENTRIES),
    "content-hidden-but-salt-kept": (4, ENTRIES),
    "header-changed": (6, ENTRIES),
    "header-changed-and-leaf-hash-made-to-fit": (None, ENTRIES),
    "entries-swapped": (4, ENTRIES),
    "entry-deleted": (5, ENTRIES),
    "entry-inserted": (5, ENTRIES),
    "entry-replaced": (None, ENTRIES),
    "entry-of-another-log": (5, ENTRIES),
    "entries-truncated": (10, ENTRIES),
    "entries-truncated-and-manifest-made-to-fit": (None, MANIFEST),
    "entry-appended": (12, ENTRIES),
    "line-cut-off": (None, ENTRIES),
    "non-canonical-json": (2, ENTRIES),
    "unknown-field": (None, ENTRIES),
    "evidence-byte-flipped": (10, f"evidence/{THIRD_PICTURE}"),
    "evidence-cut-off": (10, f"evidence/{THIRD_PICTURE}"),
    "evidence-missing": (10, f"evidence/{THIRD_PICTURE}"),
    "checkpoint-root-changed": (None, CHECKPOINT),
    "checkpoint-size-changed": (None, CHECKPOINT),
    "checkpoint-without-signature": (None, CHECKPOINT),
    "signed-by-another-key": (None, CHECKPOINT),
    "trusted-signature-forged": (None, CHECKPOINT),
    "key-replaced": (None, OWN_KEY),
    "origin-changed": (None, CHECKPOINT),
    "manifest-of-another-origin": (None, CHECKPOINT),
    "rolled-back": (None, CHECKPOINT),
    "split-view": (None, CHECKPOINT),
    "manifest-count-lies": (None, MANIFEST),
    "manifest-evidence-count-lies": (None, MANIFEST),
    "manifest-of-unknown-format": (None, MANIFEST),
    "manifest-missing": (None, MANIFEST),
    "page-forged": (None, "index.html"),
    "proof-of-another-entry": (7, "proofs/7.tlog-proof"),
    "proof-hash-changed": (7, "proofs/7.tlog-proof"),
    "proof-missing": (None, "proofs/7.tlog-proof"),
    "proof-of-an-absent-entry": (None, "proofs/3.tlog-proof"),
    "partial-entry-deleted": (None, ENTRIES),
    "unexpected-file": (None, "verify.exe"),
    "duplicate-member": (None, MANIFEST),
    "zip-bomb": (None, "index.html"),
    "archive-cut-off": (None, None),
    "key-change-signed-by-the-new-key": (None, "keys/4.tlog-proof"),
    "key-change-with-a-forged-signature": (None, "keys/4.tlog-proof"),
    "key-change-to-another-key": (None, "keys/8.tlog-proof"),
    "key-change-of-another-ledger": (None, "keys/4.tlog-proof"),
    "key-change-of-a-fork": (None, "keys/4.tlog-proof"),
    "key-change-under-another-name": (8, "keys/9.tlog-proof"),
    "key-change-cut-off": (None, "keys/8.tlog-proof"),
    "key-change-that-announces-nothing": (None, "keys/3.tlog-proof"),
    "first-key-change-left-out": (None, CHECKPOINT),
    "last-key-change-left-out": (4, "keys/4.tlog-proof"),
    "middle-key-change-left-out": (4, "keys/5.tlog-proof"),
    "key-change-left-out-by-the-old-key": (4, "keys/4.tlog-proof"),
    "key-change-in-an-older-format": (None, "keys/4.tlog-proof"),
    "key-replaced-without-a-witness": (8, "keys/8.tlog-proof"),
    "area-left-out-of-the-page": (None, "index.html"),
}
OF_ANY_NAME = {"evidence-swapped", "evidence-unreferenced", "path-traversal"}
# What is told, to the letter, where the words name places of their own.
WORDS = {
    "entries-swapped": "entry 4 stands in the place of entry 3, which comes later",
    "entry-deleted": "entry 5 is missing: entry 6 stands in its place",
    "entry-inserted": "entry 5 comes again, or after entry 5",
    "entries-truncated": "entries end after 10 of 12: entry 10 is missing",
    "partial-entry-deleted": "entries end after 2 of 3",
    "page-forged": "index.html tells otherwise than manifest.json, checkpoint, area.tlog-proof, entries.jsonl",
}


def refusal(path: Path, **asked: object) -> errors.BundleError:
    """Return how an export is refused."""
    with pytest.raises(errors.BundleError) as refused:
        verify_bundle(path, **({"trusted_vkeys": TRUSTED} | asked))  # type: ignore[arg-type]
    return refused.value


def packed(path: Path, members: Members) -> Path:
    """Write an export."""
    path.write_bytes(zipped("made", members))
    return path


@pytest.mark.parametrize("name", PLACES)
def test_a_lie_is_refused_at_its_place(name: str) -> None:
    """The entry and the file, and the words where they are pinned."""
    fault = refusal(FOLDER / f"{name}.zip", pinned=_pin(name))
    assert (fault.index, fault.member) == PLACES[name]
    assert name not in WORDS or str(fault) == WORDS[name]


def test_every_lie_has_a_place() -> None:
    """Files whose names are hashes or chosen by the liar are told by the message."""
    assert PLACES.keys() | OF_ANY_NAME == EXPECTED.keys()
    for name in OF_ANY_NAME:
        fault = refusal(FOLDER / f"{name}.zip")
        assert fault.member is not None
        assert fault.member in str(fault)
    assert refusal(FOLDER / "evidence-swapped.zip").index == 6


@pytest.mark.parametrize("name", VOUCHING)
def test_a_lie_about_who_vouches_names_a_file(name: str) -> None:
    """Every one sits in a file, and in no entry of this ledger but where a lost key was replaced."""
    keys = [*TRUSTED, make_bundles.AREA_KEY.vkey]
    fault = refusal(FOLDER / f"{name}.zip", trusted_vkeys=keys, witness_vkeys=WITNESSES, need=2)
    assert fault.member is not None


@pytest.mark.parametrize("vkey", [b"nonsense", b""])
def test_a_key_that_comes_along_and_is_none_is_named(tmp_path: Path, vkey: bytes) -> None:
    """Its file, and what a key is."""
    fault = refusal(packed(tmp_path / "x.zip", full() | {OWN_KEY: vkey}))
    assert type(fault) is errors.CheckpointRefused
    assert (fault.member, str(fault)) == (
        OWN_KEY,
        "key.vkey: a vkey is <name>+<8 hex digits>+<base64>",
    )


def test_a_pin_of_another_log_names_the_checkpoint() -> None:
    """It is this checkpoint that is not the pinned one's."""
    other = make_bundles.fixed_key("other", "log.example/other")
    pin = make_bundles.sign_checkpoint("log.example/other", 3, bytes(32), other).text
    fault = refusal(FOLDER / "good-full.zip", pinned=pin)
    assert (type(fault), fault.member) == (errors.OriginMismatch, CHECKPOINT)


def _lines(members: Members) -> list[bytes]:
    return members[ENTRIES].removesuffix(b"\n").split(b"\n")


def test_an_entry_twice_in_an_export_of_one_item_is_refused(tmp_path: Path) -> None:
    """Also where the count in the manifest is that of the lines."""
    members = partial()
    first, second, third = _lines(members)
    doubled = b"\n".join([first, second, second, third]) + b"\n"
    manifest = members[MANIFEST].replace(b'"entries": 3', b'"entries": 4')
    assert manifest != members[MANIFEST]
    changed = members | {ENTRIES: doubled, MANIFEST: manifest}
    fault = refusal(packed(tmp_path / "x.zip", changed))
    assert (type(fault), fault.index, fault.member) == (errors.EntryRepeated, 7, ENTRIES)


def test_a_good_proof_of_an_earlier_checkpoint_is_not_this_ones(tmp_path: Path) -> None:
    """It leads to another root; that it is of another checkpoint is what is told."""
    older = make_bundles.filled_store(8)
    at = make_bundles.publish_checkpoint(older, make_bundles.LOG_ID, KEY)
    proof = make_bundles.log.tlog_proof(older, make_bundles.LOG_ID, 7, at).to_text()
    changed = partial() | {"proofs/7.tlog-proof": proof.encode()}
    fault = refusal(packed(tmp_path / "x.zip", changed))
    assert (type(fault), fault.index) == (errors.InclusionRefused, 7)
    assert str(fault) == "entry 7: proofs/7.tlog-proof is of entry 7, or of another checkpoint"


def test_two_sizes_of_one_file_name_the_later_entry_and_the_file() -> None:
    """Whichever entry is right, the second one contradicts the first."""
    tally = contents.Tally()
    lines = [_Line(3, 10), _Line(5, 11)]
    tally.note(lines[0])  # type: ignore[arg-type]
    with pytest.raises(errors.EvidenceSizeMismatch) as refused:
        tally.note(lines[1])  # type: ignore[arg-type]
    assert (refused.value.index, refused.value.member) == (5, "ab" * 32)
    assert str(refused.value) == f"entries 3 and 5: {'ab' * 32} has 10 or 11 bytes"
    assert (tally.first_at, tally.last_at) == ("3", "5")


class _Line:
    """An entry with one attachment."""

    def __init__(self, index: int, size: int) -> None:
        self.index, self.at = index, str(index)
        self.attachments = (make_bundles.Attachment("ab" * 32, "image/png", size, "photo"),)


def test_damage_to_swapped_entries_names_the_first_of_them(tmp_path: Path) -> None:
    """The archive's checksum fails; what can be read of it tells which entry stands in another's place."""
    path = tmp_path / "x.zip"
    path.write_bytes((FOLDER / "entries-swapped.zip").read_bytes())
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(ENTRIES)
    data = bytearray(path.read_bytes())
    data[info.header_offset + 30 + len(ENTRIES) + info.file_size - 3] ^= 1
    path.write_bytes(data)
    fault = refusal(path)
    assert (type(fault), fault.index) == (errors.UnreadableBundle, 4)
    assert str(fault).endswith(
        "the first fault in it: entry 4 stands in the place of entry 3, which comes later"
    )


def test_a_malformed_line_behind_an_entry_out_of_place_is_told_by_its_number(
    tmp_path: Path,
) -> None:
    """Looking for the missing entry, the reader meets line 8."""
    lines = _lines(full())
    del lines[2]
    lines[7] = b"{}"
    changed = full() | {ENTRIES: b"\n".join(lines) + b"\n"}
    fault = refusal(packed(tmp_path / "x.zip", changed))
    assert type(fault) is errors.MalformedEntry
    assert str(fault).startswith("entries.jsonl line 8: ")


@pytest.mark.parametrize(
    ("make", "entries", "files"),
    [(full, [5, 10, 12], 3), (partial, [3], 1)],
)
def test_progress_and_the_report_are_complete(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[], Members],
    entries: list[int],
    files: int,
) -> None:
    """Told at each batch and at the end, entries before evidence; the report counts every byte and both ends."""
    monkeypatch.setattr(contents, "_BATCH", 5)
    told: list[tuple[str, int, int]] = []
    members = make()
    path = packed(tmp_path / "x.zip", members)
    report = verify_bundle(path, trusted_vkeys=TRUSTED, progress=lambda *step: told.append(step))
    assert told == [
        *(("entries", done, entries[-1]) for done in entries),
        *(("evidence", done, files) for done in range(1, files + 1)),
    ]
    pictures = [data for name, data in members.items() if name.startswith("evidence/")]
    assert (report.evidence_files, report.evidence_bytes) == (files, sum(map(len, pictures)))
    first, last = (
        make_bundles.json.loads(line)["header"]["at"]
        for line in (_lines(members)[0], _lines(members)[-1])
    )
    assert (report.first_at, report.last_at) == (first, last)
