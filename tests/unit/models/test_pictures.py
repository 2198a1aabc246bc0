"""A stranger's bytes become an upright picture with its time, or a named error."""

import struct
import time
import zlib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.errors import (
    EmptyPicture,
    NotAPicture,
    PictureError,
    TooManyPixels,
    TruncatedPicture,
    UndecodablePicture,
)
from models.pictures import decode_picture
from tests.picture_files import (
    DIGITISED,
    OFFSET,
    OFFSET_DIGITISED,
    ORIENTATION,
    SUBSECOND,
    TAKEN,
    drawn,
    encoded,
    exif_block,
    png_bomb,
    webp_container,
    webp_with_exif,
    with_jpeg_exif,
    with_png_chunk,
)

HEIC_FILE = Path(__file__).resolve().parents[2] / "assets" / "pictures" / "upright.heic"
TEXT = "2026:03:04 05:06:07"
LOCAL = datetime(2026, 3, 4, 5, 6, 7)  # noqa: DTZ001  a camera's clock
CHINA = timezone(timedelta(hours=8))
JPEG = encoded(drawn(), ".jpg")

# What each EXIF orientation says about the stored picture: how it came to lie so.
LAID = {
    1: lambda image: image,
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.transpose(1, 0, 2),
    6: lambda image: np.rot90(image, 1),
    7: lambda image: image[::-1, ::-1].transpose(1, 0, 2),
    8: lambda image: np.rot90(image, -1),
}


@pytest.mark.parametrize("orientation", LAID)
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_orientation_is_applied_exactly_once(orientation: int, order: str) -> None:
    """However it was stored, the picture stands upright, in JPEG, PNG and WebP."""
    stored = np.ascontiguousarray(LAID[orientation](drawn()))
    block = exif_block({ORIENTATION: orientation}, order=order)
    files = (
        with_jpeg_exif(encoded(stored, ".jpg"), block),
        with_png_chunk(encoded(stored, ".png"), b"eXIf", block),
        webp_with_exif(stored, block),
    )
    for data in files:
        picture = decode_picture(data)
        assert picture.size_wh == (48, 32)
        # JPEG's colours bleed over the edges of the quarters, so only well inside them.
        for x, y in ((4, 4), (44, 4), (4, 28), (44, 28)):
            np.testing.assert_allclose(picture.image_bgr[y, x], drawn()[y, x], atol=4)


@pytest.mark.parametrize(
    ("extension", "media_type"),
    [(".jpg", "image/jpeg"), (".png", "image/png"), (".webp", "image/webp")],
)
def test_each_format_is_told_by_its_bytes(extension: str, media_type: str) -> None:
    """No name is asked; without EXIF there is no time and nothing is turned."""
    picture = decode_picture(encoded(drawn(), extension))
    assert picture.media_type == media_type
    assert picture.size_wh == (48, 32)
    assert picture.taken_at is None
    assert not picture.zone_assumed
    assert picture.image_bgr.dtype == np.uint8


def test_a_heic_of_a_phone_stands_upright_once_and_has_its_time() -> None:
    """HEIC's own rotation counts; its EXIF gives the time."""
    picture = decode_picture(HEIC_FILE.read_bytes())
    assert picture.media_type == "image/heic"
    assert picture.size_wh == (48, 96)
    colours = [picture.image_bgr[y, x] for x, y in ((40, 10), (24, 80), (6, 6))]
    np.testing.assert_allclose(colours, [(20, 20, 220), (20, 200, 20), (220, 20, 20)], atol=25)
    assert picture.taken_at == LOCAL.replace(tzinfo=CHINA)
    assert not picture.zone_assumed


@pytest.mark.parametrize(
    ("camera", "taken_at", "zone_assumed"),
    [
        ({TAKEN: TEXT}, LOCAL.replace(tzinfo=CHINA), True),
        ({TAKEN: TEXT, OFFSET: "+00:00"}, LOCAL.replace(tzinfo=UTC), False),
        ({TAKEN: TEXT, OFFSET: "Z"}, LOCAL.replace(tzinfo=UTC), False),
        (
            {TAKEN: TEXT, OFFSET: "-03:30"},
            LOCAL.replace(tzinfo=timezone(-timedelta(hours=3, minutes=30))),
            False,
        ),
        (
            {TAKEN: TEXT, SUBSECOND: "25"},
            LOCAL.replace(microsecond=250_000, tzinfo=CHINA),
            True,
        ),
        ({TAKEN: TEXT, SUBSECOND: "x"}, LOCAL.replace(tzinfo=CHINA), True),
        ({DIGITISED: TEXT, OFFSET_DIGITISED: "Z"}, LOCAL.replace(tzinfo=UTC), False),
        ({TAKEN: "0000:00:00 00:00:00", OFFSET: "Z"}, None, False),
        ({TAKEN: "yesterday"}, None, False),
        ({TAKEN: TEXT, OFFSET: "somewhere"}, LOCAL.replace(tzinfo=CHINA), True),
        ({TAKEN: TEXT, OFFSET: "+99:00"}, LOCAL.replace(tzinfo=CHINA), True),
        ({TAKEN: TEXT, OFFSET: ""}, LOCAL.replace(tzinfo=CHINA), True),
        ({TAKEN: TEXT, OFFSET: "x08:00"}, LOCAL.replace(tzinfo=CHINA), True),
    ],
)
def test_the_time_a_camera_wrote(
    camera: dict[int, int | str], taken_at: datetime | None, zone_assumed: bool
) -> None:
    """With an offset it is that one; without one, or with nonsense, the zone is assumed and said so."""
    picture = decode_picture(with_jpeg_exif(JPEG, exif_block(camera=camera)))
    assert picture.taken_at == taken_at
    assert picture.zone_assumed == zone_assumed
    if taken_at and picture.taken_at:
        assert picture.taken_at.utcoffset() == taken_at.utcoffset()


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"II*\0",
        b"XX*\0" + bytes(40),
        b"II*\0" + struct.pack("<I", 4_000_000_000),
        b"II*\0" + struct.pack("<IH", 8, 65535) + b"\xff" * 30,
        exif_block({ORIENTATION: 9}),
        exif_block({ORIENTATION: 0}),
        exif_block(camera={TAKEN: TEXT})[:40],
        exif_block({ORIENTATION: "six"}),
        exif_block({0x8769: 60_000}),
    ],
)
def test_an_exif_block_that_lies_costs_nothing(block: bytes) -> None:
    """What cannot be read counts as absent; the picture is there all the same."""
    picture = decode_picture(with_jpeg_exif(JPEG, block))
    assert picture.size_wh == (48, 32)
    assert picture.taken_at is None


def test_any_damage_to_an_exif_block_is_survived() -> None:
    """Every byte of a block set to 255, and every length: no error but the picture."""
    block = exif_block({ORIENTATION: 1}, {TAKEN: TEXT, OFFSET: "+08:00"}, ">")
    for at in range(len(block)):
        decode_picture(with_jpeg_exif(JPEG, block[:at] + b"\xff" + block[at + 1 :]))
        decode_picture(with_jpeg_exif(JPEG, block[:at]))


def test_grey_sixteen_bit_and_alpha_become_bgr() -> None:
    """Whatever the depth and the channels: uint8 BGR of the same scene."""
    grey = np.full((8, 8), 200, np.uint8)
    deep = np.full((8, 8, 3), (10 * 257, 20 * 257, 30 * 257), np.uint16)
    clear = np.dstack([np.full((8, 8, 3), (10, 20, 30), np.uint8), np.zeros((8, 8), np.uint8)])
    for image, colour in ((grey, (200,) * 3), (deep, (10, 20, 30)), (clear, (10, 20, 30))):
        picture = decode_picture(encoded(image, ".png"))
        assert picture.image_bgr.shape == (8, 8, 3)
        np.testing.assert_allclose(picture.image_bgr[4, 4], colour, atol=1)
    assert decode_picture(encoded(grey, ".jpg")).image_bgr[4, 4].tolist() == [200] * 3


def test_a_cmyk_jpeg_becomes_bgr(tmp_path: Path) -> None:
    """A print shop's JPEG is read in colour."""
    pillow = pytest.importorskip("PIL.Image")
    file = tmp_path / "print.jpg"
    pillow.new("RGB", (16, 16), (200, 30, 30)).convert("CMYK").save(file, quality=100)
    picture = decode_picture(file.read_bytes())
    assert picture.image_bgr.shape == (16, 16, 3)
    np.testing.assert_allclose(picture.image_bgr[8, 8], (30, 30, 200), atol=12)


def test_nothing_is_an_error_of_its_own() -> None:
    """0 bytes: what an interrupted copy leaves."""
    with pytest.raises(EmptyPicture, match="0 bytes"):
        decode_picture(b"")


@pytest.mark.parametrize(
    "data", [b"Dear colleague, see the photo.", b"\xff\xd8", b"GIF89a" + bytes(20), b"\0"]
)
def test_a_text_that_is_named_jpg_is_no_picture(data: bytes) -> None:
    """The bytes decide, and the message shows how they begin."""
    with pytest.raises(NotAPicture, match="no JPEG, PNG, WebP or HEIC") as refusal:
        decode_picture(data)
    assert data.startswith(refusal.value.begins_with)


@pytest.mark.parametrize(
    "data",
    [
        JPEG,
        encoded(drawn((160, 120)), ".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        encoded(drawn(), ".png"),
        encoded(drawn(), ".webp"),
        webp_with_exif(drawn(), exif_block({ORIENTATION: 1})),
        HEIC_FILE.read_bytes(),
    ],
    ids=["jpeg", "progressive", "png", "webp", "webp with exif", "heic"],
)
def test_a_file_that_was_cut_anywhere_is_never_half_a_picture(data: bytes) -> None:
    """Cut at any byte it is refused by name, so that no half-grey picture passes as a clean one."""
    decode_picture(data)
    for end in range(1, len(data), max(1, len(data) // 150)):
        with pytest.raises((TruncatedPicture, NotAPicture, UndecodablePicture)) as refusal:
            decode_picture(data[:end])
        if end > 40:
            assert isinstance(refusal.value, TruncatedPicture), end


def test_a_bomb_is_refused_by_its_header_at_once() -> None:
    """30,000 x 30,000 pixels in a few hundred bytes: refused before anything is allocated."""
    bomb = png_bomb((30_000, 30_000))
    assert len(bomb) < 500
    begun = time.monotonic()
    with pytest.raises(TooManyPixels, match="30000 x 30000") as refusal:
        decode_picture(bomb)
    assert time.monotonic() - begun < 0.1
    assert refusal.value.size_wh == (30_000, 30_000)


@pytest.mark.parametrize(
    "data", [JPEG, encoded(drawn(), ".png"), encoded(drawn(), ".webp"), HEIC_FILE.read_bytes()]
)
def test_the_limit_of_pixels_holds_in_every_format(data: bytes) -> None:
    """One pixel above the limit is too many; the limit itself is not."""
    width, height = decode_picture(data).size_wh
    decode_picture(data, max_pixels=width * height)
    with pytest.raises(TooManyPixels):
        decode_picture(data, max_pixels=width * height - 1)


def _jpeg_without_size() -> bytes:
    return b"\xff\xd8\xff\xe0" + struct.pack(">H", 2) + b"\xff\xd9"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (_jpeg_without_size(), "names no size"),
        (JPEG[:2] + b"\xff\xe0" + struct.pack(">H", 4) + b"ab" + b"zz" + JPEG[2:], "no marker"),
        (png_bomb((0, 5)), "names no size"),
        (png_bomb((5, 5)).replace(zlib.compress(bytes(1000)), b"x" * len(zlib.compress(bytes(1000)))), "decoder"),
        (webp_container([(b"JUNK", b"abc")]), "names no size"),
        (webp_container([(b"VP8 ", bytes(6) + struct.pack("<HH", 8, 8))]), "decoder"),
        (webp_container([(b"VP8L", b"\x2f" + struct.pack("<I", 7 | 7 << 14))]), "decoder"),
        (b"\0\0\0\x18ftypheic" + bytes(12), "image/heic"),
        (struct.pack(">I", 0) + b"ftypheic" + bytes(12), "image/heic"),
        (struct.pack(">I", 1) + b"ftypheic" + bytes(4), "ftyp"),
    ],
    ids=["jpeg size", "jpeg marker", "png size", "png pixels", "webp size", "vp8", "vp8l", "heic", "heic to the end",
         "heic of 64 bits"],
)  # fmt: skip
def test_a_whole_file_of_nonsense_is_refused_by_name(data: bytes, why: str) -> None:
    """Complete structures without a picture inside are a picture's error, never a crash."""
    with pytest.raises(PictureError, match=why) as refusal:
        decode_picture(data)
    assert isinstance(refusal.value, UndecodablePicture | TruncatedPicture)


def test_markers_that_fill_and_bytes_behind_the_end_are_allowed() -> None:
    """Fill bytes between segments, bare markers, and a camera's maker data behind the end marker."""
    filled = JPEG[:2] + b"\xff\xff" + JPEG[3:] + b"maker's data \xff\xd8"
    assert decode_picture(filled).size_wh == (48, 32)
    bare = JPEG[:2] + b"\xff\x01" + JPEG[2:]
    assert decode_picture(bare).size_wh == (48, 32)


def test_a_heic_of_sixty_four_bit_boxes_is_walked() -> None:
    """A box may give its length in 64 bits."""
    data = HEIC_FILE.read_bytes()
    wide = data + struct.pack(">I4sQ", 1, b"free", 24) + bytes(8)
    assert decode_picture(wide).size_wh == (48, 96)


def test_what_the_decoder_itself_forbids_is_a_named_error() -> None:
    """OpenCV refuses a side above 2^20 pixels by an exception of its own; here it is a picture's error."""
    with pytest.raises(UndecodablePicture, match="image/png"):
        decode_picture(png_bomb((2**20 + 1, 1)))
