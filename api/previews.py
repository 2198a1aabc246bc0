"""Upright JPEGs of evidence, made once and kept, so that HEIC shows in every browser and phones load little.

With heads blurred they are kept apart, by the model that found the heads: a better model makes them anew.
"""

import threading
from pathlib import Path
from uuid import uuid4

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.evidence import EvidenceStore
from inspection.photo_privacy import HeadBlur
from models.pictures import decode_picture

# Few sizes, so that one picture cannot fill the disk with its previews.
WIDTHS = (64, 160, 320, 640, 1280, 1920, 2560, 4096)
JPEG_QUALITY = 85


class Previews:
    """A folder of previews, named by the evidence, the width and how heads are shown. It may be emptied at any time."""

    def __init__(self, folder: Path, store: EvidenceStore, heads: HeadBlur) -> None:
        self._folder, self._store, self._heads = folder, store, heads
        # A large picture takes hundreds of megabytes once decoded.
        self._decoding = threading.BoundedSemaphore(2)

    def tag(self, sha256: str, width: int, *, blurred: bool) -> str:
        """Return what names a preview's content: two of one tag are the same picture."""
        width = max(step for step in WIDTHS if step <= width)
        return f"{sha256}-{width}" + (f"-{self._heads.variant}" if blurred else "")

    def preview(self, sha256: str, width: int, *, blurred: bool = False) -> bytes:
        """Return a JPEG at most this wide, pixels; `blurred` with people's heads blurred.

        Raises `models.errors.PictureError`, `StorageUnavailable`, and `models.errors.ModelError` where heads cannot be
        found: there is no unblurred answer to a wish for a blurred one.
        """
        kept = self._folder / sha256[:2] / f"{self.tag(sha256, width, blurred=blurred)}.jpg"
        if kept.is_file():
            return kept.read_bytes()
        with self._decoding:
            jpeg = self._make(
                sha256, max(step for step in WIDTHS if step <= width), blurred=blurred
            )
        kept.parent.mkdir(parents=True, exist_ok=True)
        staged = kept.with_suffix(f".{uuid4().hex}.part")
        staged.write_bytes(jpeg)
        staged.replace(kept)
        return jpeg

    def forget(self, sha256: str) -> None:
        """Delete every preview of an evidence."""
        forget_previews(self._folder, sha256)

    def _make(self, sha256: str, width: int, *, blurred: bool) -> bytes:
        with self._store.open(sha256) as source:
            image = decode_picture(source.read()).image_bgr
        # Before it is made small: a model finds more heads in more pixels.
        shown = self._heads.blur(image) if blurred else image
        return encode_jpeg(fit_width(shown, width))


def forget_previews(folder: Path, sha256: str) -> None:
    """Delete every preview of an evidence from a folder of them."""
    for kept in (folder / sha256[:2]).glob(f"{sha256}-*"):
        kept.unlink(missing_ok=True)


def fit_width(image_bgr: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Return the picture at most `width` pixels wide, in proportion."""
    old_height, old_width = image_bgr.shape[:2]
    if old_width <= width:
        return image_bgr
    height = max(1, round(old_height * width / old_width))
    fitted: NDArray[np.uint8] = cv2.resize(
        image_bgr, (width, height), interpolation=cv2.INTER_AREA
    ).astype(np.uint8, copy=False)
    return fitted


def encode_jpeg(image_bgr: NDArray[np.uint8]) -> bytes:
    """Return the picture as JPEG."""
    _, jpeg = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return jpeg.tobytes()
