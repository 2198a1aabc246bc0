"""The four facts of a picture's EXIF block that matter here: orientation, and when it was taken.

A reader of its own, because the block is a stranger's bytes: it never raises, never warns and reads no more than it
needs. Source: CIPA DC-008 (Exif 2.32), TIFF 6.0. What cannot be read counts as absent.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_ORIENTATION, _EXIF_DIRECTORY = 0x0112, 0x8769
_ORIGINAL, _DIGITISED = 0x9003, 0x9004
_OFFSET_ORIGINAL, _OFFSET_DIGITISED = 0x9011, 0x9012
_SUBSECOND_ORIGINAL, _SUBSECOND_DIGITISED = 0x9291, 0x9292
# A directory of a camera has some dozens of entries; a broken count may promise 65,535.
_MAX_ENTRIES = 512

Value = int | str


class _Kind:
    """TIFF's types of a value that are read."""

    ASCII, SHORT, LONG = 2, 3, 4


@dataclass(frozen=True, slots=True)
class Exif:
    """What a camera wrote.

    Attributes:
        orientation: 1 to 8 as in EXIF; 1 is upright.
        taken_at: the local time on the camera's clock, naive, or None.
        zone: the offset that the camera wrote beside that time, or None.
    """

    orientation: int = 1
    taken_at: datetime | None = None
    zone: tzinfo | None = None


def read_exif(block: bytes) -> Exif:
    """Read an EXIF block: a TIFF header and directories, with or without the leading ``Exif\\0\\0``."""
    tiff = block.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return Exif()
    main = _directory(tiff, order, _unsigned(tiff, order, 4))
    pointer = main.get(_EXIF_DIRECTORY)
    camera = _directory(tiff, order, pointer) if isinstance(pointer, int) else {}
    orientation = main.get(_ORIENTATION)
    taken_at, zone = _time(camera)
    return Exif(
        orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1, taken_at, zone
    )


def _unsigned(tiff: bytes, order: str, offset: int) -> int:
    value: int = struct.unpack_from(order + "I", tiff, offset)[0]
    return value


def _directory(tiff: bytes, order: str, offset: int) -> Mapping[int, Value]:
    """Return the readable short, long and text values of the directory at an offset."""
    if offset + 2 > len(tiff):
        return {}
    (promised,) = struct.unpack_from(order + "H", tiff, offset)
    first = offset + 2
    present = min(promised, _MAX_ENTRIES, (len(tiff) - first) // 12)
    values: dict[int, Value] = {}
    for at in range(first, first + 12 * present, 12):
        tag, kind, count = struct.unpack_from(order + "HHI", tiff, at)
        value = _value(tiff, order, at + 8, (kind, count))
        if value is not None:
            values.setdefault(tag, value)
    return values


def _value(tiff: bytes, order: str, at: int, described: tuple[int, int]) -> Value | None:
    match described:
        case (_Kind.ASCII, count) if count <= 64:
            begin = at if count <= 4 else _unsigned(tiff, order, at)
            text = tiff[begin : begin + count].split(b"\0")[0]
            return text.decode("ascii", "replace").strip()
        case (_Kind.SHORT, 1):
            short: int = struct.unpack_from(order + "H", tiff, at)[0]
            return short
        case (_Kind.LONG, 1):
            return _unsigned(tiff, order, at)
    return None


def _time(camera: Mapping[int, Value]) -> tuple[datetime | None, tzinfo | None]:
    """Return when the picture was taken, and the offset beside it; digitised where the original is missing."""
    for when, offset, subsecond in (
        (_ORIGINAL, _OFFSET_ORIGINAL, _SUBSECOND_ORIGINAL),
        (_DIGITISED, _OFFSET_DIGITISED, _SUBSECOND_DIGITISED),
    ):
        taken_at = _naive(str(camera.get(when, "")), str(camera.get(subsecond, "")))
        if taken_at is not None:
            return taken_at, _zone(str(camera.get(offset, "")))
    return None, None


def _naive(text: str, subsecond: str) -> datetime | None:
    try:
        whole = datetime.strptime(text, "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007  a camera's clock knows no zone
    except ValueError:
        return None
    digits = subsecond[:6] if subsecond.isascii() and subsecond.isdigit() else "0"
    return whole.replace(microsecond=int(digits.ljust(6, "0")))


def _zone(text: str) -> tzinfo | None:
    """Return the offset of texts such as ``+08:00``; ``Z`` is UTC."""
    if text == "Z":
        return UTC
    try:
        hours, minutes = int(text[1:3]), int(text[4:6])
    except ValueError:
        return None
    if text[0] not in "+-" or text[3:4] != ":" or hours > 14 or minutes > 59:
        return None
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)
