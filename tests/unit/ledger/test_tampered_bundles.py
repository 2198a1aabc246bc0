"""Every committed export that lies is refused for its own fault, and the message names the place."""

import io
import shutil
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest

from ledger import errors
from ledger.log import append
from ledger.verify import Caution, verify_bundle
from tests.assets import make_bundles

FOLDER = make_bundles.FOLDER
TRUSTED = [make_bundles.KEY.vkey]
WITNESSES = [key.to_vkey() for key in make_bundles.WITNESSES]

EXPECTED: dict[str, tuple[type[errors.BundleError], str]] = {
    "content-byte-flipped": (errors.ContentMismatch, "entry 3:"),
    "wrong-salt": (errors.ContentMismatch, "entry 4:"),
    "content-hidden-but-salt-kept": (errors.ContentMismatch, "entry 4:"),
    "header-changed": (errors.LeafMismatch, "entry 6:"),
    "header-changed-and-leaf-hash-made-to-fit": (errors.RootMismatch, "entries add up to root"),
    "entries-swapped": (errors.EntryOutOfPlace, "entry 4 stands in the place of entry 3"),
    "entry-deleted": (errors.EntryMissing, "entry 5 is missing"),
    "entry-inserted": (errors.EntryRepeated, "entry 5 comes again"),
    "entry-replaced": (errors.RootMismatch, "entries add up to root"),
    "entry-of-another-log": (errors.ForeignEntry, "entry 5 is of log plant-2"),
    "entries-truncated": (errors.EntryCountMismatch, "entry 10 is missing"),
    "entries-truncated-and-manifest-made-to-fit": (errors.ManifestMismatch, "tree of 10"),
    "entry-appended": (errors.EntryCountMismatch, "entry 12 is one more"),
    "line-cut-off": (errors.OversizedMember, "line 12 is cut off"),
    "non-canonical-json": (errors.EntryNotCanonical, "entry 2"),
    "unknown-field": (errors.MalformedEntry, "line 3"),
    "evidence-byte-flipped": (errors.EvidenceMismatch, "entry 10: evidence/"),
    "evidence-cut-off": (errors.EvidenceSizeMismatch, "entry 10: evidence/"),
    "evidence-missing": (errors.EvidenceMissing, "entry 10: evidence/"),
    "evidence-swapped": (errors.EvidenceMismatch, "evidence/"),
    "evidence-unreferenced": (errors.UnexpectedMember, "evidence/"),
    "checkpoint-root-changed": (errors.CheckpointRefused, "does not fit the text"),
    "checkpoint-size-changed": (errors.CheckpointRefused, "does not fit the text"),
    "checkpoint-without-signature": (errors.CheckpointRefused, "signature"),
    "signed-by-another-key": (errors.CheckpointUntrusted, "known keys"),
    "trusted-signature-forged": (errors.CheckpointRefused, "does not fit the text"),
    "key-replaced": (errors.CheckpointRefused, "the key that comes along"),
    "origin-changed": (errors.OriginMismatch, "plant-2"),
    "manifest-of-another-origin": (errors.OriginMismatch, "plant-2"),
    "rolled-back": (errors.RolledBack, "size 8 is behind the pinned checkpoint of size 12"),
    "split-view": (errors.SplitView, "size 12"),
    "manifest-count-lies": (errors.ManifestMismatch, "11 entries"),
    "manifest-evidence-count-lies": (errors.ManifestMismatch, "4 evidence files"),
    "manifest-of-unknown-format": (errors.MalformedManifest, "manifest.json: format"),
    "manifest-missing": (errors.MissingMember, "manifest.json"),
    "page-forged": (errors.PageMismatch, "index.html"),
    "proof-of-another-entry": (errors.InclusionRefused, "entry 7: proofs/7.tlog-proof"),
    "proof-hash-changed": (errors.InclusionRefused, "entry 7: proofs/7.tlog-proof"),
    "proof-missing": (errors.MissingMember, "proofs/7.tlog-proof"),
    "proof-of-an-absent-entry": (errors.UnexpectedMember, "proofs/3.tlog-proof"),
    "partial-entry-deleted": (errors.EntryCountMismatch, "entries end after 2 of 3"),
    "unexpected-file": (errors.UnexpectedMember, "verify.exe"),
    "path-traversal": (errors.UnsafeName, "authorized_keys"),
    "duplicate-member": (errors.DuplicateMember, "manifest.json is there twice"),
    "zip-bomb": (errors.OversizedMember, "index.html would unpack"),
    "archive-cut-off": (errors.UnreadableBundle, "archive-cut-off.zip"),
}
# Refused where witnesses and the area's key are known, and two witnesses are wanted.
VOUCHING: dict[str, tuple[type[errors.BundleError], str]] = {
    "cosignature-by-another-key": (errors.CosignatureRefused, "insurer.example/witness"),
    "cosignature-time-changed": (errors.CosignatureRefused, "insurer.example/witness"),
    "cosignature-of-another-checkpoint": (errors.CosignatureRefused, "checkpoint: "),
    "cosignatures-stripped": (errors.TooFewWitnesses, "by 0 of the trusted witnesses (none)"),
    "cosigned-by-one-of-two": (errors.TooFewWitnesses, "by 1 of the trusted witnesses (bureau"),
    "cosigned-by-strangers": (errors.TooFewWitnesses, "by 0 of the trusted witnesses"),
    "area-of-another-ledger": (errors.AreaOfAnotherLedger, "plant-2"),
    "area-checkpoint-changed": (errors.AreaCheckpointRefused, "does not fit the text"),
    "area-signed-by-another-key": (errors.AreaUntrusted, "known keys"),
    "area-key-replaced": (errors.AreaUntrusted, "known keys"),
    "area-of-a-fork": (errors.AreaNotContinued, "area.tlog-proof"),
    "area-entry-moved": (errors.AreaRefused, "area.tlog-proof"),
    "area-hash-changed": (errors.AreaRefused, "area.tlog-proof"),
    "area-proof-cut-off": (errors.AreaRefused, "area.tlog-proof"),
    "area-proof-missing": (errors.MissingMember, "area.tlog-proof"),
    "area-proof-in-an-older-format": (errors.UnexpectedMember, "area.tlog-proof"),
}
# Refused by whoever trusts the log's first key, whether there are witnesses or not.
KEY_CHANGES: dict[str, tuple[type[errors.BundleError], str]] = {
    "key-change-signed-by-the-new-key": (errors.KeyChangeUnsigned, "keys/4.tlog-proof"),
    "key-change-with-a-forged-signature": (errors.KeyChangeUnsigned, "does not fit the text"),
    "key-change-to-another-key": (errors.KeyChangeRefused, "keys/8.tlog-proof: "),
    "key-change-of-another-ledger": (errors.KeyChangeOfAnotherLedger, "plant-2"),
    "key-change-of-a-fork": (errors.KeyChangeNotContinued, "keys/4.tlog-proof"),
    "key-change-under-another-name": (
        errors.KeyChangeRefused,
        "keys/9.tlog-proof is of entry 8",
    ),
    "key-change-cut-off": (errors.KeyChangeRefused, "keys/8.tlog-proof: "),
    "key-change-that-announces-nothing": (errors.KeyChangeRefused, "announces no key"),
    "first-key-change-left-out": (errors.CheckpointUntrusted, "known keys"),
    "last-key-change-left-out": (errors.KeyChangeMissing, "entry 4 leads to"),
    "middle-key-change-left-out": (errors.KeyChangeMissing, "entry 4 leads to"),
    "key-change-left-out-by-the-old-key": (
        errors.KeyChangeMissing,
        "entry 4 announces another key, and keys/4.tlog-proof is missing",
    ),
    "key-change-in-an-older-format": (errors.UnexpectedMember, "keys/4.tlog-proof"),
    "key-replaced-without-a-witness": (errors.KeyChangeUnvouched, "entry 8 replaces a lost key"),
}
EXPECTED |= KEY_CHANGES
VOUCHING |= {
    "key-replaced-after-what-witnesses-saw": (
        errors.KeyChangeUnvouched,
        "witnesses vouch for 8 entries",
    ),
    "area-key-change-signed-by-the-new-key": (errors.KeyChangeUnsigned, "area-keys/1.tlog-proof"),
    "area-key-change-left-out": (errors.AreaUntrusted, "known keys"),
    "area-key-change-without-an-area": (errors.MissingMember, "area.tlog-proof"),
}
EXPECTED |= {"area-left-out-of-the-page": (errors.PageMismatch, "index.html")}
NEEDS_A_PIN = {"rolled-back", "split-view"}


def _pin(name: str) -> str | None:
    return (FOLDER / "pinned.checkpoint").read_text() if name in NEEDS_A_PIN else None


@pytest.mark.parametrize("name", EXPECTED)
def test_a_lie_is_refused_by_its_own_error(name: str) -> None:
    """The exact class, and a message that names the entry or the file."""
    error, place = EXPECTED[name]
    with pytest.raises(errors.BundleError) as refused:
        verify_bundle(FOLDER / f"{name}.zip", trusted_vkeys=TRUSTED, pinned=_pin(name))
    assert type(refused.value) is error
    assert place in str(refused.value)


@pytest.mark.parametrize("name", VOUCHING)
def test_a_lie_about_who_vouches_is_refused_by_its_own_error(name: str) -> None:
    """The exact class, for whoever knows the area's key and both witnesses."""
    error, place = VOUCHING[name]
    with pytest.raises(errors.BundleError) as refused:
        verify_bundle(
            FOLDER / f"{name}.zip",
            trusted_vkeys=[*TRUSTED, make_bundles.AREA_KEY.vkey],
            witness_vkeys=WITNESSES,
            need=2,
        )
    assert type(refused.value) is error
    assert place in str(refused.value)


@pytest.mark.parametrize("name", ["with-area", "with-area-partial", "with-cosignatures"])
def test_witnesses_vouch(name: str) -> None:
    """Who is known is named with what it covers; who is not is told as unknown; the same person is not two."""
    path, is_area = FOLDER / f"good-{name}.zip", name != "with-cosignatures"
    keys = [*TRUSTED, make_bundles.AREA_KEY.vkey]
    report = verify_bundle(path, trusted_vkeys=keys, witness_vkeys=WITNESSES, need=2)
    covered = 8 if is_area else 12
    assert [(one.name, one.size) for one in report.witnesses] == [
        ("bureau.example/witness", covered),
        ("insurer.example/witness", covered),
    ]
    assert report.witnessed_size == covered
    stranger = ("stranger.example/witness",) if name == "with-area" else ()
    assert report.unknown_witnesses == stranger
    assert (Caution.UNKNOWN_WITNESSES in report.cautions) is bool(stranger)
    assert (Caution.WITNESSED_IN_PART in report.cautions) is is_area
    assert (report.area is not None) is is_area
    if report.area is not None:
        assert report.area.is_trusted
        assert (report.area.size, report.area.covered) == (3, 8)
    for more, need in (((), 3), ((make_bundles.WITNESSES[0],), 3)):
        renamed = [make_bundles.WitnessKey("two.example", key.public_key).to_vkey() for key in more]
        with pytest.raises(errors.TooFewWitnesses):
            verify_bundle(path, witness_vkeys=[*WITNESSES, *renamed], need=need)


def test_without_witnesses_or_the_areas_key_the_report_says_so() -> None:
    """Nobody who is trusted vouches: every cosigner is unknown, the area's key came along."""
    report = verify_bundle(FOLDER / "good-with-area.zip", trusted_vkeys=TRUSTED)
    assert report.cautions == (Caution.AREA_OWN_KEY, Caution.UNKNOWN_WITNESSES)
    assert len(report.unknown_witnesses) == 3
    assert report.witnesses == ()
    vouched = verify_bundle(FOLDER / "good-with-area.zip", witness_vkeys=WITNESSES[:1], need=1)
    assert Caution.AREA_OWN_KEY not in vouched.cautions


@pytest.mark.parametrize("name", sorted(KEY_CHANGES.keys() - {"first-key-change-left-out"}))
def test_a_change_of_key_is_refused_also_by_who_trusts_no_key(name: str) -> None:
    """What comes along must hold by itself; only whom to believe about a lost key depends on the reader."""
    if name == "key-replaced-without-a-witness":
        assert verify_bundle(FOLDER / f"{name}.zip").cautions == (Caution.OWN_KEY,)
        return
    with pytest.raises(errors.BundleError) as refused:
        verify_bundle(FOLDER / f"{name}.zip")
    assert type(refused.value) is KEY_CHANGES[name][0]


@pytest.mark.parametrize("key", [make_bundles.KEY, make_bundles.SECOND_KEY, make_bundles.THIRD_KEY])
def test_whoever_trusts_an_older_key_is_led_to_the_present_one(
    key: make_bundles.SigningKey,
) -> None:
    """From the first key, from one in between, or by the present one alone; each followed change is told."""
    older = [make_bundles.KEY, make_bundles.SECOND_KEY, make_bundles.THIRD_KEY]
    led = older[older.index(key) :]
    for name, entries in (("with-rotated-keys", 12), ("with-rotated-keys-partial", 3)):
        report = verify_bundle(FOLDER / f"good-{name}.zip", trusted_vkeys=[key.vkey])
        assert report.is_trusted
        assert report.entries == entries
        assert report.signed_by == (make_bundles.THIRD_KEY.vkey,)
        followed = [(one.old, one.new) for one in report.key_changes]
        assert followed == [(old.vkey, new.vkey) for old, new in pairwise(led)]
    forged = make_bundles.OTHER_KEY.vkey
    with pytest.raises(errors.CheckpointUntrusted):
        verify_bundle(FOLDER / "good-with-rotated-keys.zip", trusted_vkeys=[forged])


def test_a_full_export_without_its_first_change_is_refused_by_who_needs_none() -> None:
    """The entry is there, and so must be its proof."""
    path = FOLDER / "first-key-change-left-out.zip"
    for keys in ([], [make_bundles.THIRD_KEY.vkey]):
        with pytest.raises(errors.KeyChangeMissing, match="entry 4 announces another key"):
            verify_bundle(path, trusted_vkeys=keys)


def test_a_replaced_key_is_believed_under_witnesses_or_by_who_has_both() -> None:
    """The witnesses saw the announcement; whoever got the new key elsewhere needs none."""
    path, keys = FOLDER / "good-with-a-replaced-key.zip", [*TRUSTED, make_bundles.AREA_KEY.vkey]
    report = verify_bundle(path, trusted_vkeys=keys, witness_vkeys=WITNESSES, need=2)
    assert [(one.kind, one.index) for one in report.key_changes] == [
        ("key.rotated", 4),
        ("key.replaced", 8),
    ]
    with pytest.raises(errors.KeyChangeUnvouched, match="vouch for 0 entries"):
        verify_bundle(path, trusted_vkeys=keys)
    both = [*keys, make_bundles.THIRD_KEY.vkey]
    assert verify_bundle(path, trusted_vkeys=both).signed_by == (make_bundles.THIRD_KEY.vkey,)


def test_an_areas_key_is_followed_too() -> None:
    """Rotated: by its old key's signature; lost and replaced: under as many witnesses as are wanted."""
    keys = [*TRUSTED, make_bundles.AREA_KEY.vkey]
    report = verify_bundle(FOLDER / "good-with-a-rotated-area-key.zip", trusted_vkeys=keys)
    assert report.area is not None
    assert report.area.is_trusted
    [change] = report.key_changes
    assert (change.origin, change.index) == (make_bundles.AREA_KEY.name, 1)
    path = FOLDER / "good-with-a-replaced-area-key.zip"
    report = verify_bundle(path, trusted_vkeys=keys, witness_vkeys=WITNESSES, need=2)
    assert [one.kind for one in report.key_changes] == ["key.replaced"]
    with pytest.raises(errors.KeyChangeUnvouched) as refused:
        verify_bundle(path, trusted_vkeys=keys)
    assert refused.value.member == "area-keys/1.tlog-proof"


def test_every_lie_is_committed_and_expected() -> None:
    """No file without an expectation, none that the script does not make."""
    assert set(EXPECTED) | set(VOUCHING) == set(make_bundles.LIES)
    assert len(EXPECTED) >= 14
    assert {path.name for path in FOLDER.iterdir()} == set(make_bundles.made())


def test_the_script_still_makes_what_is_committed() -> None:
    """The same members, byte for byte (the bomb's packing is zlib's own business)."""
    for name, data in make_bundles.made().items():
        stored = (FOLDER / name).read_bytes()
        if name == "zip-bomb.zip":
            with zipfile.ZipFile(io.BytesIO(data)) as new, zipfile.ZipFile(FOLDER / name) as old:
                assert [i.CRC for i in new.infolist()] == [i.CRC for i in old.infolist()]
        else:
            assert stored == data, name


# Of another history than the pinned checkpoints: tested with the keys that they lead to.
OF_CHANGED_KEYS = {"with-rotated-keys", "with-rotated-keys-partial", "with-a-replaced-key"}


@pytest.mark.parametrize("name", sorted(make_bundles.GOOD.keys() - OF_CHANGED_KEYS))
def test_a_good_export_passes(name: str) -> None:
    """With the trusted key, and with a pinned checkpoint of the same and of a smaller size."""
    path = FOLDER / f"good-{name}.zip"
    report = verify_bundle(path, trusted_vkeys=TRUSTED)
    assert report.is_trusted
    assert report.tree_size == 12
    assert report.entries == (3 if name.endswith("partial") else 12)
    assert report.evidence_files == (1 if name.endswith("partial") else 3)
    assert report.erased_indices == ((5,) if name == "erased" else ())
    assert (Caution.ERASED in report.cautions) is (name == "erased")
    assert report.first_at is not None
    assert report.first_at < str(report.last_at)
    for pin in ("pinned", "older"):
        text = (FOLDER / f"{pin}.checkpoint").read_text()
        pinned = verify_bundle(path, trusted_vkeys=TRUSTED, pinned=text)
        is_unchecked = Caution.PIN_UNCHECKED in pinned.cautions
        assert is_unchecked is (name.endswith("partial") and pin == "older")


def test_without_a_trusted_key_the_report_says_so() -> None:
    """The bundle's own key proves nothing about who made it: a forger's export passes, with a caution."""
    for name in ("good-full", "signed-by-another-key"):
        report = verify_bundle(FOLDER / f"{name}.zip")
        assert not report.is_trusted
        assert report.cautions == (Caution.OWN_KEY,)


def test_a_true_but_older_export_passes_where_nothing_newer_is_known() -> None:
    """Only a pinned checkpoint can tell a rollback; a fork shows at an older pin too."""
    assert verify_bundle(FOLDER / "rolled-back.zip", trusted_vkeys=TRUSTED).tree_size == 8
    older = (FOLDER / "older.checkpoint").read_text()
    with pytest.raises(errors.SplitView, match="size 5"):
        verify_bundle(FOLDER / "split-view.zip", trusted_vkeys=TRUSTED, pinned=older)


def test_a_pin_of_another_log_is_refused() -> None:
    """A checkpoint of another log says nothing about this one."""
    other = make_bundles.fixed_key("other", "log.example/other")
    pin = make_bundles.sign_checkpoint("log.example/other", 3, bytes(32), other).text
    with pytest.raises(errors.OriginMismatch, match="pinned"):
        verify_bundle(FOLDER / "good-full.zip", trusted_vkeys=TRUSTED, pinned=pin)


def test_an_export_zipped_again_with_folders_still_passes(tmp_path: Path) -> None:
    """Unpacking and packing with another tool changes no promise."""
    with zipfile.ZipFile(FOLDER / "good-full.zip") as archive:
        archive.extractall(tmp_path / "open")
    packed = Path(shutil.make_archive(str(tmp_path / "again"), "zip", tmp_path / "open"))
    assert verify_bundle(packed, trusted_vkeys=TRUSTED).entries == 12


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("good-full", None),
        ("good-partial", None),
        ("good-erased", None),
        ("page-forged", errors.PageMismatch),
        ("content-byte-flipped", errors.ContentMismatch),
        ("entry-replaced", errors.RootMismatch),
        ("proof-hash-changed", errors.InclusionRefused),
        ("signed-by-another-key", errors.CheckpointUntrusted),
    ],
)
def test_exports_of_older_formats_are_judged_as_before(
    name: str, error: type[errors.BundleError] | None, version: int
) -> None:
    """Whoever kept one can still check it."""
    path = FOLDER.with_name(f"bundles-v{version}") / f"{name}.zip"
    with zipfile.ZipFile(path) as archive:
        assert f"anxun-ledger-bundle/v{version}".encode() in archive.read("manifest.json")
    if error is None:
        assert verify_bundle(path, trusted_vkeys=TRUSTED).is_trusted
        return
    with pytest.raises(error):
        verify_bundle(path, trusted_vkeys=TRUSTED)


def test_exports_of_the_format_before_key_changes_keep_their_witnesses() -> None:
    """v3: an area and cosignatures are judged as before."""
    folder, keys = FOLDER.with_name("bundles-v3"), [*TRUSTED, make_bundles.AREA_KEY.vkey]
    for name in ("with-area", "with-cosignatures"):
        path = folder / f"good-{name}.zip"
        report = verify_bundle(path, trusted_vkeys=keys, witness_vkeys=WITNESSES, need=2)
        assert (len(report.witnesses), report.key_changes) == (2, ())
    with pytest.raises(errors.AreaNotContinued):
        verify_bundle(folder / "area-of-a-fork.zip", trusted_vkeys=keys)


def test_a_long_page_shows_the_newest_thousand(tmp_path: Path) -> None:
    """No browser opens a table of a million rows; the page says how many of how many it shows."""
    store = make_bundles.MemoryStore()
    for index in range(1003):
        append(store, make_bundles.LOG_ID, make_bundles.record(4 * index))
    checkpoint = make_bundles.publish_checkpoint(store, make_bundles.LOG_ID, make_bundles.KEY)
    path = tmp_path / "x.zip"
    make_bundles.write_bundle(
        path, store, make_bundles.LOG_ID, checkpoint, lambda _: io.BytesIO(), TRUSTED[0]
    )
    assert verify_bundle(path, trusted_vkeys=TRUSTED).entries == 1003
    with zipfile.ZipFile(path) as archive:
        page = archive.read("index.html").decode()
    assert "1000 / 1003" in page
    assert 'id="entry-2"' not in page
    assert page.count("<tr id=") == 1000


def test_every_place_of_the_entries_is_guarded(tmp_path: Path) -> None:
    """Flipping any single byte of the entries or the checkpoint is noticed."""
    members = make_bundles.full()
    for name in ("entries.jsonl", "checkpoint"):
        for at in range(0, len(members[name]), 97):
            data = bytearray(members[name])
            data[at] ^= 0x04
            path = tmp_path / "flipped.zip"
            path.write_bytes(make_bundles.zipped("flipped", members | {name: bytes(data)}))
            with pytest.raises(errors.BundleError):
                verify_bundle(path, trusted_vkeys=TRUSTED)
