"""A damaged archive: the first entry that suffered is named, with the byte at which it begins."""

import zipfile
import zlib
from pathlib import Path

import pytest

from ledger import errors
from ledger.verify import verify_bundle
from tests.assets.make_bundles import full

METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]


def packed(path: Path, method: int) -> Path:
    """Write the good export with one method of packing."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in full().items():
            archive.writestr(name, data)
    return path


def inflates_to_the_same(path: Path, lines: list[bytes]) -> bool:
    """Return whether the archive still unpacks to these lines."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read("entries.jsonl").split(b"\n") == lines
    except (zipfile.BadZipFile, zlib.error):
        return False


@pytest.mark.parametrize("method", METHODS)
def test_a_flipped_byte_of_the_file_names_its_entry(tmp_path: Path, method: int) -> None:
    """Wherever in the entries it is, and whether they are packed or not; the archive's checksum would name none."""
    path = packed(tmp_path / "x.zip", method)
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("entries.jsonl")
        lines = archive.read(info).split(b"\n")
    start = info.header_offset + 30 + len(info.filename)
    for at in [*range(start, start + info.compress_size, 211), start + info.compress_size - 1]:
        data = bytearray(whole)
        data[at] ^= 1
        path.write_bytes(data)
        if inflates_to_the_same(path, lines):
            # Deflate has bits that stand for nothing, such as those after its end.
            assert method == zipfile.ZIP_DEFLATED
            continue
        with pytest.raises(errors.BundleError) as refused:
            verify_bundle(path)
        fault = refused.value
        assert fault.member == "entries.jsonl"
        assert fault.offset in [sum(len(line) + 1 for line in lines[:n]) for n in range(len(lines))]
        if method == zipfile.ZIP_STORED and fault.index is not None:
            assert fault.offset is not None
            assert fault.offset <= at - start
        assert "entry" in str(fault) or "line" in str(fault)


def test_damage_that_only_the_checksum_knows_is_named_without_an_entry(tmp_path: Path) -> None:
    """The archive's directory tells another checksum: every entry holds, the archive does not."""
    path = packed(tmp_path / "x.zip", zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        crc = archive.getinfo("entries.jsonl").CRC.to_bytes(4, "little")
    at = data.rindex(crc)
    data[at] ^= 1
    path.write_bytes(data)
    with pytest.raises(
        errors.UnreadableBundle, match=r"entries\.jsonl can't be unpacked"
    ) as refused:
        verify_bundle(path)
    assert (refused.value.index, refused.value.offset) == (None, None)


@pytest.mark.parametrize(
    ("name", "index", "line"),
    [("content-byte-flipped", 3, 3), ("entry-deleted", 5, 5), ("non-canonical-json", 2, 2)],
)
def test_a_refusal_tells_where_the_line_begins(name: str, index: int, line: int) -> None:
    """In bytes of entries.jsonl."""
    path = Path("tests/assets/bundles") / f"{name}.zip"
    with zipfile.ZipFile(path) as archive:
        lines = archive.read("entries.jsonl").split(b"\n")
    with pytest.raises(errors.BundleError) as refused:
        verify_bundle(path)
    assert refused.value.index == index
    assert refused.value.offset == sum(len(text) + 1 for text in lines[:line])
