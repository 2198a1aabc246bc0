"""EXIF: four facts, from a stranger's bytes."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from models.exif import Exif, read_exif

ORIENTATION, CAMERA, ORIGINAL, DIGITISED = 0x0112, 0x8769, 0x9003, 0x9004
OFFSET_ORIGINAL, SUBSECOND_ORIGINAL, CHANGED = 0x9011, 0x9291, 0x0132


def block(orientation: object = None, byte_order: str = "little", **camera: str) -> bytes:
    """Build an EXIF block with Pillow, which writes as cameras do."""
    names = {
        "original": ORIGINAL,
        "digitised": DIGITISED,
        "offset": OFFSET_ORIGINAL,
        "subsecond": SUBSECOND_ORIGINAL,
    }
    exif = Image.Exif()
    exif.endian = "<" if byte_order == "little" else ">"
    if orientation is not None:
        exif[ORIENTATION] = orientation
    for name, text in camera.items():
        exif.get_ifd(CAMERA)[names[name]] = text
    return exif.tobytes()


@pytest.mark.parametrize("byte_order", ["little", "big"])
def test_orientation_and_time_are_read(byte_order: str) -> None:
    """In both byte orders, with or without the leading name."""
    data = block(6, byte_order, original="2025:05:06 07:08:09", offset="+08:00", subsecond="25")
    expected = Exif(
        6,
        datetime(2025, 5, 6, 7, 8, 9, 250_000),  # noqa: DTZ001
        timezone(timedelta(hours=8)),
    )
    assert read_exif(data) == expected
    assert read_exif(data.removeprefix(b"Exif\0\0")) == expected


def test_a_time_without_an_offset_has_no_zone() -> None:
    """Most cameras write none; the reader does not guess."""
    exif = read_exif(block(original="2025:05:06 07:08:09"))
    assert exif.taken_at == datetime(2025, 5, 6, 7, 8, 9)  # noqa: DTZ001
    assert exif.zone is None


def test_digitised_stands_in_for_a_missing_original() -> None:
    """A scanner writes only that."""
    exif = read_exif(block(original="    :  :     :  :  ", digitised="2025:01:02 03:04:05"))
    assert exif.taken_at == datetime(2025, 1, 2, 3, 4, 5)  # noqa: DTZ001


def test_the_time_of_a_change_is_no_capture_time() -> None:
    """An editor writes it; as evidence it would be wrong."""
    exif = Image.Exif()
    exif[CHANGED] = "2025:05:06 07:08:09"
    assert read_exif(exif.tobytes()).taken_at is None


@pytest.mark.parametrize("text", ["0000:00:00 00:00:00", "2025:13:40 07:08:09", "yesterday", ""])
def test_a_time_that_is_none_is_absent(text: str) -> None:
    """Clocks that were never set write such."""
    assert read_exif(block(original=text)).taken_at is None


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("-03:30", timezone(-timedelta(hours=3, minutes=30))),
        ("Z", UTC),
        ("+99:00", None),
        ("+08-00", None),
        ("0800", None),
        ("   :  ", None),
    ],
)
def test_offsets(text: str, zone: timezone | None) -> None:
    """An offset counts when it is one."""
    assert read_exif(block(original="2025:05:06 07:08:09", offset=text)).zone == zone


@pytest.mark.parametrize("orientation", [0, 9, 200])
def test_an_impossible_orientation_is_upright(orientation: int) -> None:
    """Only 1 to 8 mean something."""
    assert read_exif(block(orientation)).orientation == 1


def test_a_subsecond_that_is_none_counts_nothing() -> None:
    """Spaces are common."""
    taken_at = read_exif(block(original="2025:05:06 07:08:09", subsecond="  ")).taken_at
    assert taken_at is not None
    assert taken_at.microsecond == 0


@given(st.binary(max_size=200), st.sampled_from([b"", b"II*\0", b"MM\0*", b"Exif\0\0II*\0"]))
def test_any_bytes_are_read_without_an_error(tail: bytes, head: bytes) -> None:
    """A stranger's bytes never stop a patrol."""
    assert 1 <= read_exif(head + tail).orientation <= 8


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_block_is_read_without_an_error(at: int, value: int) -> None:
    """One wrong byte anywhere."""
    data = bytearray(block(6, original="2025:05:06 07:08:09", offset="+08:00", subsecond="25"))
    data[at % len(data)] = value
    assert 1 <= read_exif(bytes(data)).orientation <= 8
