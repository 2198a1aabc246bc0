"""Upright JPEGs of evidence, made once and kept, so that HEIC shows in every browser and phones load little."""

import threading
from pathlib import Path
from uuid import uuid4

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.evidence import EvidenceStore
from models.pictures import decode_picture

# Few sizes, so that one picture cannot fill the disk with its previews.
WIDTHS = (64, 160, 320, 640, 1280, 1920, 2560, 4096)
JPEG_QUALITY = 85


class Previews:
    """A folder of previews, named by the evidence and the width. It may be emptied at any time."""

    def __init__(self, folder: Path, store: EvidenceStore) -> None:
        self._folder, self._store = folder, store
        # A large picture takes hundreds of megabytes once decoded.
        self._decoding = threading.BoundedSemaphore(2)

    def preview(self, sha256: str, width: int) -> bytes:
        """Return a JPEG at most this wide, pixels. Raises `models.errors.PictureError`, `StorageUnavailable`."""
        width = max(step for step in WIDTHS if step <= width)
        kept = self._folder / sha256[:2] / f"{sha256}-{width}.jpg"
        if kept.is_file():
            return kept.read_bytes()
        with self._decoding:
            jpeg = self._make(sha256, width)
        kept.parent.mkdir(parents=True, exist_ok=True)
        staged = kept.with_suffix(f".{uuid4().hex}.part")
        staged.write_bytes(jpeg)
        staged.replace(kept)
        return jpeg

    def _make(self, sha256: str, width: int) -> bytes:
        with self._store.open(sha256) as source:
            picture = decode_picture(source.read())
        return encode_jpeg(fit_width(picture.image_bgr, width))


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
