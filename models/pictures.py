"""From the bytes of a photo to an upright BGR picture with its time; JPEG, PNG, WebP and HEIC.

The bytes are a stranger's: their structure is walked first (`models.containers`), so that a cut-off file is refused
instead of half grey, and a header that promises too many pixels is refused before anything is allocated.

A caller that needs no more than so many pixels may say so: a large JPEG is then decoded at a half, a quarter or an eighth of
its size, which libjpeg does in the transform itself (ITU-T T.81 A.3.3 on fewer coefficients) at a third of the time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo

import cv2
import numpy as np
from numpy.typing import NDArray

from models.containers import HEIC, JPEG, Header, read_header
from models.errors import EmptyPicture, TooManyPixels, UndecodablePicture
from models.exif import read_exif
from models.heic import decode_heic

# The largest phone sensors give 200 megapixels (600 MB once decoded).
MAX_PIXELS = 200_000_000
CHINA_TIME = timezone(timedelta(hours=8), "UTC+08:00")

Image = NDArray[np.uint8]

# The EXIF orientations that swap width and height.
_QUARTER_TURNS = (5, 6, 7, 8)
# A picture's stored size over that of what is decoded, the smallest picture first, and how OpenCV is asked for it.
_REDUCED = (
    (8, cv2.IMREAD_REDUCED_COLOR_8),
    (4, cv2.IMREAD_REDUCED_COLOR_4),
    (2, cv2.IMREAD_REDUCED_COLOR_2),
)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded photo.

    Attributes:
        image_bgr: uint8 (H, W, 3), upright; smaller than the file's picture where the caller asked for less detail.
        full_wh: width and height of the file's picture, upright, pixels.
        media_type: what the bytes are: ``image/jpeg``, ``image/png``, ``image/webp`` or ``image/heic``.
        taken_at: when the camera says it was taken, aware; None where it does not say.
        zone_assumed: the camera wrote no offset from UTC beside its time (many do not), so that `taken_at` is its
            local time in the zone that the caller assumed.
    """

    image_bgr: Image
    full_wh: tuple[int, int]
    media_type: str
    taken_at: datetime | None
    zone_assumed: bool

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of `image_bgr`, pixels."""
        return self.image_bgr.shape[1], self.image_bgr.shape[0]


def decode_picture(
    data: bytes,
    *,
    max_pixels: int = MAX_PIXELS,
    assumed_zone: tzinfo = CHINA_TIME,
    detail_px: int | None = None,
) -> Picture:
    """Decode a photo: upright (its EXIF orientation, or HEIC's own rotation, applied exactly once), 8 bit, BGR.

    Grey, 16-bit, CMYK pictures become BGR; an alpha channel is dropped; an animation gives its first image.

    Args:
        data: the whole file.
        max_pixels: the limit of width x height, checked in the header before anything is decoded.
        assumed_zone: the zone of a camera's time that carries no offset. All of China keeps UTC+8.
        detail_px: the longer side that is needed; a JPEG may be decoded smaller, never below it. None: every pixel.

    Raises:
        EmptyPicture, NotAPicture, TruncatedPicture, TooManyPixels, UndecodablePicture: see `models.errors`.
    """
    if not data:
        raise EmptyPicture
    header = read_header(data)
    image, exif_block = (
        _heic(data, max_pixels)
        if header.media_type == HEIC
        else _other(data, header, max_pixels, detail_px)
    )
    exif = read_exif(exif_block)
    # A HEIC is turned by its own properties; its EXIF orientation repeats them and is to be ignored.
    orientation = 1 if header.media_type == HEIC else exif.orientation
    full_wh = header.size_wh or (image.shape[1], image.shape[0])
    zone_assumed = exif.taken_at is not None and exif.zone is None
    taken_at = exif.taken_at and exif.taken_at.replace(tzinfo=exif.zone or assumed_zone)
    return Picture(
        _turned(image, orientation),
        full_wh[::-1] if orientation in _QUARTER_TURNS else full_wh,
        header.media_type,
        taken_at,
        zone_assumed,
    )


def _other(
    data: bytes, header: Header, max_pixels: int, detail_px: int | None
) -> tuple[Image, bytes]:
    if header.size_wh is not None:
        _require_size(header.size_wh, max_pixels)
    try:
        image = cv2.imdecode(
            np.frombuffer(data, np.uint8),
            _size_flag(header, detail_px) | cv2.IMREAD_IGNORE_ORIENTATION,
        )
    except cv2.error as error:
        raise UndecodablePicture(header.media_type, error.err or str(error)) from error
    if image is None:
        raise UndecodablePicture(header.media_type, "the decoder refuses its content")
    return image, header.exif  # type: ignore[return-value]


def _size_flag(header: Header, detail_px: int | None) -> int:
    """Return how OpenCV is to decode: as small as the detail allows. Only a JPEG is faster for it."""
    if detail_px is not None and header.media_type == JPEG and header.size_wh is not None:
        for reduction, flag in _REDUCED:
            if max(header.size_wh) >= detail_px * reduction:
                return flag
    return cv2.IMREAD_COLOR_BGR


def _heic(data: bytes, max_pixels: int) -> tuple[Image, bytes]:
    pixels, exif = decode_heic(data, max_pixels)
    return _as_bgr(pixels), exif


def _require_size(size_wh: tuple[int, int], max_pixels: int) -> None:
    if size_wh[0] * size_wh[1] > max_pixels:
        raise TooManyPixels(size_wh, max_pixels)


def _as_bgr(pixels: Image) -> Image:
    """Return (H, W, 3) from what the HEIC decoder gives: grey (H, W), BGR, or BGR with alpha."""
    if pixels.ndim == 2:
        return cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)  # type: ignore[return-value]
    # A copy: what came from the child is read-only.
    return np.array(pixels[..., :3], order="C")


def _turned(image: Image, orientation: int) -> Image:
    """Turn an image upright by its EXIF orientation, 1 to 8."""
    match orientation:
        case 2:
            turned = cv2.flip(image, 1)
        case 3:
            turned = cv2.rotate(image, cv2.ROTATE_180)
        case 4:
            turned = cv2.flip(image, 0)
        case 5:
            turned = cv2.transpose(image)
        case 6:
            turned = cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE)
        case 7:
            turned = cv2.flip(cv2.transpose(image), -1)
        case 8:
            turned = cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE)
        case _:
            return image
    return turned  # type: ignore[return-value]
