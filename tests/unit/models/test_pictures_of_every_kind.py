"""Photos of every format and mode, and files that lie or are damaged (`test_pictures.py` has times and cuts)."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from models.errors import (
    PictureError,
    TooManyPixels,
    TruncatedPicture,
    UndecodablePicture,
)
from models.pictures import decode_picture

ASSETS = Path(__file__).resolve().parents[2] / "assets" / "pictures"
RED, GREEN, BLUE, WHITE = (30, 30, 220), (30, 200, 30), (220, 30, 30), (235, 235, 235)
EXIF_TIME = "2025:05:06 07:08:09"


def quadrants() -> NDArray[np.uint8]:
    """BGR, 96 x 64: red, green over blue, white."""
    image = np.zeros((64, 96, 3), np.uint8)
    image[:32, :48], image[:32, 48:], image[32:, :48], image[32:, 48:] = RED, GREEN, BLUE, WHITE
    return image


def encoded(kind: str, mode: str = "RGB", **options: object) -> bytes:
    """Encode the quadrants with Pillow."""
    buffer = io.BytesIO()
    Image.fromarray(quadrants()[..., ::-1]).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def jpeg(orientation: int | None = None, **camera: str) -> bytes:
    """A JPEG with an EXIF block."""
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    for tag, text in {"original": 0x9003, "offset": 0x9011}.items():
        if tag in camera:
            exif.get_ifd(0x8769)[text] = camera[tag]
    return encoded("JPEG", quality=95, exif=exif)


def corners(image: NDArray[np.uint8]) -> list[str]:
    """Name the colours of the four corners: left and right above, left and right below."""
    colours = {"red": RED, "green": GREEN, "blue": BLUE, "white": WHITE}
    found = []
    for pixel in (image[4, 4], image[4, -5], image[-5, 4], image[-5, -5]):
        distances = {
            name: int(np.abs(pixel.astype(int) - colour).sum()) for name, colour in colours.items()
        }
        nearest = min(distances, key=lambda name: distances[name])
        assert distances[nearest] < 60, f"{pixel} is none of the colours"
        found.append(nearest)
    return found


def palette_png() -> bytes:
    """A PNG of a palette of its own four colours."""
    buffer = io.BytesIO()
    Image.fromarray(quadrants()[..., ::-1]).quantize(4).save(buffer, "PNG")
    return buffer.getvalue()


UPRIGHT = ["red", "green", "blue", "white"]


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (encoded("JPEG", quality=95), "image/jpeg"),
        (encoded("JPEG", quality=95, progressive=True), "image/jpeg"),
        (encoded("JPEG", quality=95, restart_marker_blocks=1), "image/jpeg"),
        (encoded("JPEG", "CMYK", quality=95), "image/jpeg"),
        (encoded("PNG"), "image/png"),
        (encoded("PNG", "RGBA"), "image/png"),
        (palette_png(), "image/png"),
        (encoded("WEBP", quality=90), "image/webp"),
        (encoded("WEBP", lossless=True), "image/webp"),
        (encoded("WEBP", "RGBA", lossless=True), "image/webp"),
        ((ASSETS / "quadrants.heic").read_bytes(), "image/heic"),
        ((ASSETS / "quadrants_alpha.heic").read_bytes(), "image/heic"),
    ],
    ids=[
        "jpeg", "progressive", "restarts", "cmyk", "png", "png-alpha", "png-palette", "webp", "webp-lossless",
        "webp-alpha", "heic", "heic-alpha",
    ],
)  # fmt: skip
def test_every_kind_becomes_bgr(data: bytes, media_type: str) -> None:
    """Whatever the format and mode: BGR uint8, of the right colours, with what it really is."""
    picture = decode_picture(data)
    assert picture.media_type == media_type
    assert picture.size_wh == (96, 64)
    assert picture.image_bgr.dtype == np.uint8
    assert picture.image_bgr.shape == (64, 96, 3)
    assert corners(picture.image_bgr) == UPRIGHT
    assert (picture.taken_at, picture.zone_assumed) == (None, False)


def sixteen_bit(grey: bool) -> bytes:
    """A PNG of 16 bits a channel."""
    deep = quadrants().astype(np.uint16) * 257
    image = cv2.cvtColor(deep, cv2.COLOR_BGR2GRAY) if grey else deep
    return cv2.imencode(".png", image)[1].tobytes()


@pytest.mark.parametrize(
    "data",
    [
        encoded("JPEG", "L"),
        encoded("PNG", "L"),
        encoded("PNG", "LA"),
        encoded("PNG", "1"),
        sixteen_bit(grey=True),
        (ASSETS / "quadrants_grey.heic").read_bytes(),
    ],
    ids=["jpeg", "png", "png-alpha", "bilevel", "16-bit", "heic"],
)
def test_grey_becomes_bgr(data: bytes) -> None:
    """Three equal channels."""
    image = decode_picture(data).image_bgr
    assert image.shape == (64, 96, 3)
    assert np.ptp(image.astype(int), axis=2).max() <= 2
    assert image[40, 80].mean() > image[10, 10].mean()


def test_sixteen_bit_becomes_eight() -> None:
    """The upper byte counts."""
    np.testing.assert_array_equal(decode_picture(sixteen_bit(grey=False)).image_bgr, quadrants())


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_orientation_of_png_and_webp_is_applied_once(kind: str) -> None:
    """These may carry EXIF too."""
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = decode_picture(encoded(kind, exif=exif, lossless=True))
    assert corners(picture.image_bgr) == ["blue", "red", "white", "green"]


WHOLE = {
    "jpeg": jpeg(6, original=EXIF_TIME),
    "progressive": encoded("JPEG", progressive=True),
    "png": encoded("PNG"),
    "webp": encoded("WEBP"),
    "webp-lossless": encoded("WEBP", lossless=True),
    "heic": (ASSETS / "quadrants_exif6.heic").read_bytes(),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_picture_that_lacks_a_few_bytes_is_refused(kind: str) -> None:
    """Even the last one."""
    with pytest.raises(TruncatedPicture):
        decode_picture(WHOLE[kind][:-1])


def test_a_tail_of_zeros_does_not_complete_a_jpeg() -> None:
    """A camera's card that was pulled out leaves such files."""
    noise = np.random.default_rng(1).integers(0, 256, (200, 300, 3), np.uint8)
    whole = cv2.imencode(".jpg", noise)[1].tobytes()
    half = len(whole) // 2
    with pytest.raises(TruncatedPicture):
        decode_picture(whole[:half] + bytes(len(whole) - half))


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header promises a size and whose data is next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def jpeg_of(width: int, height: int) -> bytes:
    """A JPEG whose header promises a size."""
    data = bytearray(encoded("JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def webp_of(width: int, height: int) -> bytes:
    """A lossy WebP whose header promises a size."""
    data = bytearray(encoded("WEBP"))
    at = data.index(b"\x9d\x01\x2a") + 3
    data[at : at + 4] = struct.pack("<HH", width, height)
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [png_of(30_000, 30_000), jpeg_of(30_000, 30_000), webp_of(16_000, 16_000)],
    ids=["png", "jpeg", "webp"],
)
def test_a_bomb_is_refused_before_it_is_decoded(
    data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The header alone decides: no decoder is called, nothing is allocated."""
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(TooManyPixels, match="pixels"):
        decode_picture(data)


def _without_size(data: bytes) -> bytes:
    return data.replace(b"\xff\xc0", b"\xff\xe5", 1)


@pytest.mark.parametrize(
    "damage",
    [
        lambda: png_of(0, 10),
        lambda: jpeg_of(0, 0),
        lambda: _without_size(encoded("JPEG")),
        lambda: png_of(50, 50),
        lambda: encoded("JPEG")[:2] + b"\xff\xe0\x00\x04xxoops" + encoded("JPEG")[2:],
        lambda: b"RIFF\x04\0\0\0WEBP",
        lambda: encoded("WEBP").replace(b"VP8 ", b"VP9 "),
        lambda: b"\0\0\0\x18ftypheic" + bytes(12),
    ],
    ids=[
        "png without size", "jpeg without size", "jpeg without frame", "png of too little data", "jpeg with gap",
        "empty webp", "webp of another codec", "heic without picture",
    ],
)  # fmt: skip
def test_a_whole_file_that_contradicts_itself_is_refused(damage: Callable[[], bytes]) -> None:
    """Complete, but no picture comes out of it."""
    with pytest.raises(PictureError) as caught:
        decode_picture(damage())
    assert isinstance(caught.value, UndecodablePicture | TruncatedPicture)


# Each HEIC is decoded in a process of its own, which takes its time.
@settings(max_examples=40)
@given(st.sampled_from(sorted(WHOLE)), st.integers(0, 4000), st.integers(0, 255))
def test_a_damaged_byte_gives_a_picture_or_a_named_error(kind: str, at: int, value: int) -> None:
    """Nothing but a picture or a `PictureError` comes of one wrong byte."""
    data = bytearray(WHOLE[kind])
    data[at % len(data)] = value
    try:
        picture = decode_picture(bytes(data), max_pixels=10_000_000)
    except PictureError:
        return
    assert picture.image_bgr.ndim == 3


def test_a_real_photo_decodes_as_cv2_does() -> None:
    """The fast path is cv2's own, pixel for pixel."""
    data = encoded("JPEG", quality=92)
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_BGR)
    np.testing.assert_array_equal(decode_picture(data).image_bgr, expected)
