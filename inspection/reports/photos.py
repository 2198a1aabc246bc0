"""Evidence as pictures for paper: upright, small, heads blurred where the reader's role asks for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.errors import StorageUnavailable
from inspection.evidence import PICTURE_TYPES, EvidenceStore, sniff_media_type
from models.errors import PictureError
from models.pictures import decode_picture

Image = NDArray[np.uint8]
# 84 mm at 250 dots an inch.
LARGE_PX, SMALL_PX = 830, 420
JPEG_QUALITY = 75
BOX_BGR = (30, 60, 220)


@dataclass(frozen=True)
class Printed:
    """A JPEG that is ready for paper, with its size in pixels."""

    jpeg: bytes
    size_wh: tuple[int, int]


@dataclass(frozen=True)
class Absent:
    """No picture, and the word that says why: ``photo_lost``, ``photo_unreadable``, ``photo_clip``."""

    why: str


@dataclass(frozen=True)
class PhotoShelf:
    """Gives evidence as pictures. `blur` makes heads unrecognisable; None leaves pictures as they are."""

    store: EvidenceStore
    blur: Callable[[Image], Image] | None = None

    def picture(
        self, sha256: str, width_px: int, boxes: Sequence[Mapping[str, Any]] = ()
    ) -> Printed | Absent:
        """Return the evidence at most `width_px` wide and as high, with its boxes (relative xyxy) drawn.

        Raises `StorageUnavailable` when the store is away: a photo is called lost only when it is.
        """
        try:
            with self.store.open(sha256) as source:
                data = source.read()
        except StorageUnavailable:
            if self.store.has(sha256):
                raise
            return Absent("photo_lost")
        if sniff_media_type(data[:32]) not in PICTURE_TYPES:
            return Absent("photo_clip")
        try:
            image = decode_picture(data).image_bgr
        except PictureError:
            return Absent("photo_unreadable")
        # Heads are looked for before the picture is made small: a far one would be lost.
        image = self.blur(image) if self.blur is not None else image
        return _printed(_with_boxes(_fitted(image, width_px), boxes))


def _fitted(image: Image, longest: int) -> Image:
    height, width = image.shape[:2]
    share = longest / max(height, width)
    if share >= 1:
        return image.copy()
    size_wh = max(1, round(width * share)), max(1, round(height * share))
    return np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), np.uint8)


def _with_boxes(image: Image, boxes: Sequence[Mapping[str, Any]]) -> Image:
    height, width = image.shape[:2]
    for box in boxes:
        corners = [round(float(box[key]) * edge) for key, edge in _edges(width, height)]
        cv2.rectangle(image, tuple(corners[:2]), tuple(corners[2:]), BOX_BGR, 2, cv2.LINE_AA)
    return image


def _edges(width: int, height: int) -> Sequence[tuple[str, int]]:
    return (("x1", width), ("y1", height), ("x2", width), ("y2", height))


def _printed(image: Image) -> Printed:
    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return Printed(jpeg.tobytes(), (image.shape[1], image.shape[0]))
