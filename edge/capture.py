"""One image with its time, its source and the bytes that prove it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from inspection.wire import Source


class TimeSource(StrEnum):
    """Where `captured_at` comes from."""

    EXIF = "exif"
    FILE = "file"
    CLOCK = "clock"
    TIMELINE = "timeline"


@dataclass(frozen=True)
class Capture:
    """An upright picture, BGR, uint8, shape (height, width, 3), as it was taken at `captured_at` (UTC).

    `encode` returns the bytes to keep as evidence: a photo's original bytes, or a frame's JPEG. It is called
    once and only when something was found. `at_s` is a clock that never jumps back (a camera's monotonic
    time, a video's own timeline), for whoever compares captures of one source.
    """

    image_bgr: NDArray[np.uint8]
    captured_at: datetime
    time_source: TimeSource
    source: Source
    encode: Callable[[], bytes]
    at_s: float = 0.0

    @cached_property
    def evidence(self) -> bytes:
        """The bytes to keep."""
        return self.encode()

    @cached_property
    def sha256(self) -> str:
        """The name of the evidence."""
        return hashlib.sha256(self.evidence).hexdigest()

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        height, width = self.image_bgr.shape[:2]
        return width, height
