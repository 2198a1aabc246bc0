"""From the bytes of a photo to an upright BGR picture with its time; JPEG, PNG, WebP and HEIC.

The bytes are a stranger's: their structure is walked first (`models.containers`), so that a cut-off file is refused
instead of half grey, and a header that promises too many pixels is refused before anything is allocated.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo

import cv2
import numpy as np
from numpy.typing import NDArray

from models.containers import HEIC, Header, read_header
from models.errors import EmptyPicture, TooManyPixels, UndecodablePicture
from models.exif import read_exif
from models.heic import decode_heic

# The largest phone sensors give 200 megapixels (600 MB once decoded).
MAX_PIXELS = 200_000_000
CHINA_TIME = timezone(timedelta(hours=8), "UTC+08:00")

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded photo.

    Attributes:
        image_bgr: uint8 (H, W, 3), upright.
        media_type: what the bytes are: ``image/jpeg``, ``image/png``, ``image/webp`` or ``image/heic``.
        taken_at: when the camera says it was taken, aware; None where it does not say.
        zone_assumed: the camera wrote no offset from UTC beside its time (many do not), so that `taken_at` is its
            local time in the zone that the caller assumed.
    """

    image_bgr: Image
    media_type: str
    taken_at: datetime | None
    zone_assumed: bool

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of the upright picture, pixels."""
        return self.image_bgr.shape[1], self.image_bgr.shape[0]


def decode_picture(
    data: bytes, *, max_pixels: int = MAX_PIXELS, assumed_zone: tzinfo = CHINA_TIME
) -> Picture:
    """Decode a photo: upright (its EXIF orientation, or HEIC's own rotation, applied exactly once), 8 bit, BGR.

    Grey, 16-bit, CMYK pictures become BGR; an alpha channel is dropped; an animation gives its first image.

    Args:
        data: the whole file.
        max_pixels: the limit of width x height, checked in the header before anything is decoded.
        assumed_zone: the zone of a camera's time that carries no offset. All of China keeps UTC+8.

    Raises:
        EmptyPicture, NotAPicture, TruncatedPicture, TooManyPixels, UndecodablePicture: see `models.errors`.
    """
    if not data:
        raise EmptyPicture
    header = read_header(data)
    image, exif_block = (
        _heic(data, max_pixels) if header.media_type == HEIC else _other(data, header, max_pixels)
    )
    exif = read_exif(exif_block)
    # A HEIC is turned by its own properties; its EXIF orientation repeats them and is to be ignored.
    upright = image if header.media_type == HEIC else _turned(image, exif.orientation)
    zone_assumed = exif.taken_at is not None and exif.zone is None
    taken_at = exif.taken_at and exif.taken_at.replace(tzinfo=exif.zone or assumed_zone)
    return Picture(upright, header.media_type, taken_at, zone_assumed)


def _other(data: bytes, header: Header, max_pixels: int) -> tuple[Image, bytes]:
    if header.size_wh is not None:
        _require_size(header.size_wh, max_pixels)
    try:
        image = cv2.imdecode(
            np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_BGR | cv2.IMREAD_IGNORE_ORIENTATION
        )
    except cv2.error as error:
        raise UndecodablePicture(header.media_type, error.err or str(error)) from error
    if image is None:
        raise UndecodablePicture(header.media_type, "the decoder refuses its content")
    return image, header.exif  # type: ignore[return-value]


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
