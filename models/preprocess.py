"""From a picture to a network's input, exactly as ultralytics does it for an export of a fixed size.

The picture is scaled to fit (INTER_LINEAR), centred on grey 114, turned from BGR to RGB, divided by 255 and laid
out as NCHW float32. Roundings of size and padding follow `LetterBox` and `scale_boxes` of ultralytics 8.4
(`data/augment.py`, `utils/ops.py`; the formulas only), so that boxes and scores are the same as its own.
"""

import threading
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import ImageInvalid

GREY = 114


@dataclass(frozen=True, slots=True)
class Transform:
    """How a picture was laid into the network's input: `input = source * scale_wh + pad_lt`, in pixels."""

    source_wh: tuple[int, int]
    scaled_wh: tuple[int, int]
    pad_lt: tuple[int, int]

    @classmethod
    def fitting(cls, source_wh: tuple[int, int], input_wh: tuple[int, int]) -> Self:
        """Return the transform that fits a picture of `source_wh` into `input_wh`, centred."""
        ratio = min(input_wh[0] / source_wh[0], input_wh[1] / source_wh[1])
        # Python's round (half to even) is part of the result. A thin picture stays 1 pixel wide.
        scaled_wh = max(round(source_wh[0] * ratio), 1), max(round(source_wh[1] * ratio), 1)
        pad_lt = (
            round((input_wh[0] - scaled_wh[0]) / 2 - 0.1),
            round((input_wh[1] - scaled_wh[1]) / 2 - 0.1),
        )
        return cls(source_wh, scaled_wh, pad_lt)

    def to_source(self, xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map boxes (N, 4) of the input back to pixels of the source picture, clipped to it. A new array."""
        scale = np.array(self._scale_wh() * 2, np.float32)
        pad = np.array(self.pad_lt * 2, np.float32)
        mapped = (xyxy - pad) / scale
        np.clip(mapped, 0, np.array(self.source_wh * 2, np.float32), out=mapped)
        return mapped

    def to_input(self, xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map boxes (N, 4) of the source picture into the network's input. A new array."""
        scale = np.array(self._scale_wh() * 2, np.float32)
        return xyxy * scale + np.array(self.pad_lt * 2, np.float32)

    def _scale_wh(self) -> tuple[float, float]:
        return self.scaled_wh[0] / self.source_wh[0], self.scaled_wh[1] / self.source_wh[1]


def require_image(image_bgr: NDArray[np.uint8]) -> None:
    """Raise ImageInvalid for what is no uint8 array (H, W, 3) with at least one pixel."""
    is_colour = image_bgr.ndim == 3 and image_bgr.shape[2] == 3
    if not is_colour or image_bgr.dtype != np.uint8 or not image_bgr.size:
        raise ImageInvalid(image_bgr.shape, image_bgr.dtype)


class _Workspace(threading.local):
    """The buffers of one thread, so that threads share a detector without a lock."""

    def __init__(self, input_wh: tuple[int, int]) -> None:
        width, height = input_wh
        self.canvas = np.full((height, width, 3), GREY, np.uint8)
        self.on_canvas: Transform | None = None
        self.planes_bgr = [np.empty((height, width), np.uint8) for _ in range(3)]
        self.input = np.empty((1, 3, height, width), np.float32)


class Letterbox:
    """Lays pictures into inputs of one size. Safe to share between threads."""

    def __init__(self, input_wh: tuple[int, int]) -> None:
        self.input_wh = input_wh
        self._workspace = _Workspace(input_wh)

    def __call__(self, image_bgr: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Transform]:
        """Return the input, float32 (1, 3, H, W), and the transform that leads back.

        The input is this thread's buffer: the next call in the same thread writes over it.

        Raises:
            ImageInvalid: the picture is no uint8 array (H, W, 3) with at least one pixel.
        """
        require_image(image_bgr)
        height, width = image_bgr.shape[:2]
        transform = Transform.fitting((width, height), self.input_wh)
        workspace = self._workspace
        # Split planes are read and written in order: half the time of blobFromImage, and nothing is allocated.
        cv2.split(self._drawn(image_bgr, transform), workspace.planes_bgr)
        for channel, plane in enumerate(reversed(workspace.planes_bgr)):
            np.divide(plane, np.float32(255), out=workspace.input[0, channel])
        return workspace.input, transform

    def _drawn(self, image_bgr: NDArray[np.uint8], transform: Transform) -> NDArray[np.uint8]:
        workspace = self._workspace
        if workspace.on_canvas != transform:
            # Another size was here before: its pixels would stand in this picture's padding.
            workspace.canvas.fill(GREY)
            workspace.on_canvas = transform
        (left, top), (width, height) = transform.pad_lt, transform.scaled_wh
        target = workspace.canvas[top : top + height, left : left + width]
        if transform.scaled_wh == transform.source_wh:
            target[:] = image_bgr
        else:
            cv2.resize(image_bgr, (width, height), dst=target, interpolation=cv2.INTER_LINEAR)
        return workspace.canvas
