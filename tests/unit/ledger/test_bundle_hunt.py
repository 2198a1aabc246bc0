"""A hunt through a bundle, bit by bit: `verify_bundle` refuses each changed bit that is read, and names its file.

A zip file also has bits that nobody reads, such as a member's date: where one of those changes, everything that
was verified must still be the same, byte for byte.
"""

import io
import os
import random
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from ledger import errors, log
from ledger.archive import AREA, AREA_KEY, CHECKPOINT, KEY, MANIFEST, Archive
from ledger.bundle import AreaProof, write_bundle
from ledger.verify import Caution, Report, verify_bundle
from tests.assets import make_bundles as made

SEED = 20261125
KEYS = [made.KEY.vkey, made.AREA_KEY.vkey]
WITNESSES = [key.to_vkey() for key in made.WITNESSES]


def written(path: Path, indices: tuple[int, ...] | None) -> Path:
    """Write a bundle with everything that one may have, by the product's own writer."""
    rotated = made.Rotated()
    store, checkpoint = rotated.store, rotated.checkpoint
    if indices is None:
        log.erase_content(store, made.LOG_ID, 5)
    statement, changes = made.covered_by_a_rotated_key(rotated)
    write_bundle(
        path,
        store,
        made.LOG_ID,
        made.cosigned(checkpoint, made.BUREAU, made.INSURER),
        lambda sha256: io.BytesIO(made.PICTURES[sha256]),
        made.THIRD_KEY.vkey,
        indices=indices,
        title="示例工厂",
        area=AreaProof(statement, made.SECOND_AREA_KEY.vkey, changes),
        changes=rotated.changes,
        created_at=made.START,
    )
    return path


@pytest.fixture(params=[None, made.CHOSEN], ids=["whole", "partial"])
def bundle(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a bundle of a whole ledger, one entry of it erased, or of some entries with their proofs."""
    return written(tmp_path / "bundle.zip", request.param)


def verified(path: Path) -> Report:
    """Verify as somebody who knows every key."""
    return verify_bundle(path, trusted_vkeys=KEYS, witness_vkeys=WITNESSES, need=2)


def contents(path: Path) -> dict[str, bytes]:
    """Return what the members unpack to."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    with Archive(path) as opened:
        return {name: b"".join(opened.chunks(name)) for name in names}


def flip(data: bytes, chance: random.Random) -> bytes:
    """Change one bit."""
    changed = bytearray(data)
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def hunt_contents(path: Path, count: int) -> Counter[str]:
    """Flip bits of what members unpack to, with checksums that fit; assert that each is refused by the member's name."""
    chance, members, hit = random.Random(SEED), contents(path), Counter[str]()  # noqa: S311  to repeat it
    changed = path.with_name("changed.zip")
    for _ in range(count):
        name = chance.choice(sorted(members))
        data = flip(members[name], chance)
        with zipfile.ZipFile(changed, "w") as archive:
            for each, whole in members.items():
                archive.writestr(each, data if each == name else whole)
        found = judged(changed)
        if isinstance(found, Report):
            # The other file has the same witness's cosignature; this one is now of a key that nobody knows.
            assert name in {CHECKPOINT, AREA}
            assert Caution.UNKNOWN_WITNESSES in found.cautions
            hit[f"{name}, told as unknown"] += 1
        else:
            assert is_named(name, found), f"{name}: {found!r} of {found.member}"
            hit[name] += 1
    return hit


def judged(path: Path) -> Report | errors.BundleError:
    """Return the report, or the refusal."""
    try:
        return verified(path)
    except errors.BundleError as error:
        return error


def is_named(name: str, error: errors.BundleError) -> bool:
    """Return whether a refusal leads to the member that was changed.

    The manifest is signed by nobody: what it says is held against what is signed, and that is then named. A signed text
    and its key can't be told apart: one of them was changed.
    """
    pairs = ({CHECKPOINT, KEY}, {AREA, AREA_KEY})
    is_pair = any({name, error.member} <= pair for pair in pairs)
    return is_pair or name in {error.member, MANIFEST} or name in str(error)


def hunt_file(path: Path, count: int) -> Counter[str]:
    """Flip bits of the file; assert that each is refused, or that all that was verified is as before."""
    chance, hit = random.Random(SEED + 1), Counter[str]()  # noqa: S311  to repeat it
    good, members, whole = verified(path), contents(path), path.read_bytes()
    changed = path.with_name("changed.zip")
    for _ in range(count):
        changed.write_bytes(flip(whole, chance))
        found = judged(changed)
        if isinstance(found, Report):
            assert (found, contents(changed)) == (good, members)
            hit["read by nobody"] += 1
        else:
            hit[type(found).__name__] += 1
    return hit


def test_a_flipped_bit_of_any_file_in_a_bundle_is_named(bundle: Path) -> None:
    """Entries, proofs, evidence, checkpoint, cosignatures, keys, area, page and manifest."""
    assert set(hunt_contents(bundle, 120)) >= set(contents(bundle))


def test_a_flipped_bit_of_the_zip_file_changes_nothing_that_is_verified(bundle: Path) -> None:
    """Refused, or harmless: never an error that is none of the verifier's, never another report."""
    hit = hunt_file(bundle, 200)
    assert hit["read by nobody"] < hit.total() / 4


def test_a_directory_that_leads_nowhere_is_refused(bundle: Path) -> None:
    """Every bit of where the members begin, and of where the directory does."""
    whole = bundle.read_bytes()
    with zipfile.ZipFile(bundle) as archive:
        starts = {info.filename: info.header_offset for info in archive.infolist()}
    end = whole.rindex(b"PK\x05\x06")
    at = whole.index(b"PK\x01\x02")
    places = [end + 16]
    while at < end:
        places.append(at + 42)
        at = whole.find(b"PK\x01\x02", at + 4)
        at = end if at < 0 else at
    assert len(places) == len(starts) + 1
    changed = bundle.with_name("changed.zip")
    for place in places:
        for bit in range(32):
            data = bytearray(whole)
            data[place + bit // 8] ^= 1 << bit % 8
            changed.write_bytes(data)
            with pytest.raises(errors.BundleError):
                verified(changed)


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_thousands_of_flipped_bits_of_a_bundle(bundle: Path) -> None:
    """The same with more bits, as many as ANXUN_FLIPS says; seed and places are printed."""
    count = int(os.environ.get("ANXUN_FLIPS", "2000"))
    contents_hit, file_hit = hunt_contents(bundle, count), hunt_file(bundle, count)
    # Seen with -s: what a report of this hunt quotes.
    sys.stdout.write(
        f"{bundle.stat().st_size} bytes, seed {SEED}: {count} bits of contents, all named: "
        f"{dict(sorted(contents_hit.items()))}; {count} bits of the file: {dict(sorted(file_hit.items()))}\n"
    )
    assert contents_hit.total() == file_hit.total() == count
