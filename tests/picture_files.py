"""Picture files made by code: every format, orientation and lie that a stranger may hand in."""

import struct
import zlib
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

ORIENTATION, EXIF_DIRECTORY = 0x0112, 0x8769
TAKEN, OFFSET, SUBSECOND = 0x9003, 0x9011, 0x9291
DIGITISED, OFFSET_DIGITISED = 0x9004, 0x9012

Image = NDArray[np.uint8]
Value = int | str


def drawn(size_wh: tuple[int, int] = (48, 32)) -> Image:
    """Return a picture of four differing quarters: red, green / blue, white; BGR."""
    width, height = size_wh
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = 0, 0, 255
    image[: height // 2, width // 2 :] = 0, 255, 0
    image[height // 2 :, : width // 2] = 255, 0, 0
    image[height // 2 :, width // 2 :] = 255, 255, 255
    return image


def encoded(image: NDArray[np.generic], extension: str, *options: int) -> bytes:
    """Return the file's bytes; JPEG and WebP at their best quality unless `options` say otherwise."""
    quality = {
        ".jpg": (cv2.IMWRITE_JPEG_QUALITY, 100),
        ".webp": (cv2.IMWRITE_WEBP_QUALITY, 101),
    }.get(extension, ())
    is_done, data = cv2.imencode(extension, image, options or quality)
    assert is_done
    return data.tobytes()


def exif_block(
    main: Mapping[int, Value] | None = None,
    camera: Mapping[int, Value] | None = None,
    order: str = "<",
) -> bytes:
    """Return a TIFF block with a main and a camera directory; `order` is struct's ``<`` or ``>``."""
    main = dict(main or {})
    camera_at = 8 + 2 + 12 * (len(main) + bool(camera)) + 4
    if camera:
        main[EXIF_DIRECTORY] = camera_at
    texts_at = camera_at + (2 + 12 * len(camera) + 4 if camera else 0)
    texts = bytearray()

    def directory(values: Mapping[int, Value]) -> bytes:
        entries = b"".join(
            _entry(order, tag, value, texts, texts_at) for tag, value in sorted(values.items())
        )
        return struct.pack(order + "H", len(values)) + entries + bytes(4)

    body = directory(main) + (directory(camera) if camera else b"")
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    return head + body + bytes(texts)


def _entry(order: str, tag: int, value: Value, texts: bytearray, texts_at: int) -> bytes:
    if isinstance(value, int):
        if tag == EXIF_DIRECTORY:
            return struct.pack(order + "HHII", tag, 4, 1, value)
        return struct.pack(order + "HHIHH", tag, 3, 1, value, 0)
    text = value.encode() + b"\0"
    if len(text) <= 4:
        return struct.pack(order + "HHI4s", tag, 2, len(text), text)
    at = texts_at + len(texts)
    texts += text
    return struct.pack(order + "HHII", tag, 2, len(text), at)


def with_jpeg_exif(jpeg: bytes, block: bytes) -> bytes:
    """Return a JPEG with an EXIF segment behind its start marker."""
    body = b"Exif\0\0" + block
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def with_png_chunk(png: bytes, kind: bytes, body: bytes) -> bytes:
    """Return a PNG with one more chunk behind its header."""
    return png[:33] + png_chunk(kind, body) + png[33:]


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """Return a PNG chunk with its checksum."""
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))


def png_bomb(size_wh: tuple[int, int]) -> bytes:
    """Return a small PNG whose header promises any size."""
    header = struct.pack(">IIBBBBB", *size_wh, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, body) for kind, body in chunks)


def webp_container(chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return a WebP file of these chunks."""
    body = b"".join(
        kind + struct.pack("<I", len(data)) + data + bytes(len(data) & 1) for kind, data in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def webp_with_exif(image: Image, block: bytes) -> bytes:
    """Return an extended WebP with an EXIF chunk."""
    plain = encoded(image, ".webp")
    height, width = image.shape[:2]
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    (length,) = struct.unpack_from("<I", plain, 16)
    return webp_container(
        [
            (b"VP8X", bytes([0x08, 0, 0, 0]) + size),
            (plain[12:16], plain[20 : 20 + length]),
            (b"EXIF", block),
        ]
    )
