"""What a picture file says about itself before anything is decoded: its size, its EXIF block, and that it is whole.

Decoders fill a cut-off picture with grey and say nothing, and allocate what a header asks for. So each format's
structure is walked here first. Sources: ITU-T T.81 annex B (JPEG), W3C PNG 3rd edition, RFC 9649 (WebP), ISO/IEC
14496-12 (the boxes of HEIC).
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from models.errors import NotAPicture, TruncatedPicture, UndecodablePicture

JPEG, PNG, WEBP, HEIC = "image/jpeg", "image/png", "image/webp", "image/heic"

_HEIC_BRANDS = {
    b"heic",
    b"heix",
    b"heim",
    b"heis",
    b"hevc",
    b"hevx",
    b"hevm",
    b"hevs",
    b"mif1",
    b"msf1",
}
# Inside a JPEG scan 0xFF is followed by 0 (stuffing) or by a restart marker; anything else ends the scan.
_SCAN_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_JPEG_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = {0x01, *range(0xD0, 0xD9)}


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says about itself.

    Attributes:
        media_type: ``image/jpeg``, ``image/png``, ``image/webp`` or ``image/heic``.
        size_wh: as stored, before the orientation; None for HEIC, whose decoder is asked instead.
        exif: the EXIF block, empty where there is none.
    """

    media_type: str
    size_wh: tuple[int, int] | None
    exif: bytes = b""


def media_type_of(data: bytes) -> str | None:
    """Return the media type that the first bytes tell, or None."""
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WEBP
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        return HEIC
    return None


def read_header(data: bytes) -> Header:
    """Walk a picture file without decoding it.

    Raises:
        NotAPicture: none of the four formats.
        TruncatedPicture: the structure ends before the file says it does.
        UndecodablePicture: the structure contradicts itself.
    """
    media_type = media_type_of(data)
    if media_type is None:
        raise NotAPicture(data[:8])
    try:
        return {JPEG: _jpeg, PNG: _png, WEBP: _webp, HEIC: _heic}[media_type](data)
    except (struct.error, IndexError) as error:
        raise TruncatedPicture(
            media_type, f"it ends inside its header, after {len(data)} bytes"
        ) from error


def _jpeg(data: bytes) -> Header:
    size_wh, exif = None, b""
    for marker, body in _jpeg_segments(data):
        if marker in _JPEG_SIZES and size_wh is None:
            height, width = struct.unpack_from(">HH", data, body + 1)
            size_wh = width, height
        elif marker == 0xE1 and not exif and data.startswith(b"Exif\0\0", body):
            exif = data[body : body - 2 + _word(data, body - 2)]
        elif marker == 0xD9:
            if size_wh is None or 0 in size_wh:
                raise UndecodablePicture(JPEG, "its header names no size")
            return Header(JPEG, size_wh, exif)
    raise TruncatedPicture(JPEG, "its end marker is missing")


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield every marker with the offset of its body, up to the end marker; what follows that is not the picture."""
    at = 2
    while at < len(data):
        if data[at] != 0xFF:
            raise UndecodablePicture(JPEG, f"no marker at byte {at}")
        marker = data[at + 1]
        if marker == 0xFF or marker in _JPEG_BARE:
            at += 1 if marker == 0xFF else 2
            continue
        yield marker, at + 4
        at += 2 + _word(data, at + 2)
        if marker == 0xDA:
            scan_end = _SCAN_END.search(data, at)
            at = scan_end.start() if scan_end else len(data)


def _word(data: bytes, at: int) -> int:
    value: int = struct.unpack_from(">H", data, at)[0]
    return value


def _png(data: bytes) -> Header:
    width, height = struct.unpack_from(">II", data, 16)
    if data[12:16] != b"IHDR" or 0 in (width, height):
        raise UndecodablePicture(PNG, "its header names no size")
    at, exif = 8, b""
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            break
        if kind == b"eXIf":
            exif = data[at + 8 : end - 4]
        if kind == b"IEND":
            return Header(PNG, (width, height), exif)
        at = end
    raise TruncatedPicture(PNG, "its end chunk is missing")


def _webp(data: bytes) -> Header:
    promised = 8 + struct.unpack_from("<I", data, 4)[0]
    if promised > len(data):
        raise TruncatedPicture(WEBP, f"{len(data)} of {promised} bytes")
    at, size_wh, exif = 12, None, b""
    while at + 8 <= promised:
        kind, length = struct.unpack_from("<4sI", data, at)
        body = data[at + 8 : at + 8 + length]
        size_wh = size_wh or _webp_size(kind, body)
        if kind == b"EXIF":
            exif = body
        at += 8 + length + (length & 1)
    if size_wh is None:
        raise UndecodablePicture(WEBP, "its header names no size")
    return Header(WEBP, size_wh, exif)


def _webp_size(kind: bytes, body: bytes) -> tuple[int, int] | None:
    match kind:
        case b"VP8X":
            return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", body, 1)
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", body, 6)
            return width & 0x3FFF, height & 0x3FFF
    return None


def _heic(data: bytes) -> Header:
    at = 0
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, at + 8)
        if length == 0:  # this box reaches to the end of the file
            return Header(HEIC, None)
        if length < 8 or at + length > len(data):
            raise TruncatedPicture(HEIC, f"its {kind.decode('latin-1')} part ends beyond the file")
        at += length
    return Header(HEIC, None)
