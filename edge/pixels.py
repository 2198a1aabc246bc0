"""A picture of a source as it came, converted only when something looks at it.

Converting costs as much as a third of decoding (docs/adr/0015-many-cameras.md), and most pictures of a camera are never
looked at: they are superseded by newer ones.
"""

from functools import cached_property
from typing import Protocol, cast

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

# Width of the grey picture in which movement and blindness are told, pixels (at least; less where the source is smaller).
LUMA_WIDTH = 320


class Pixels(Protocol):
    """A picture that is converted when it is asked for, once."""

    @property
    def bgr(self) -> Image:
        """The whole picture, uint8 (H, W, 3)."""
        ...

    @property
    def luma(self) -> Image:
        """The picture in grey and small: uint8 (h, w), every so-many-th pixel, `LUMA_WIDTH` wide or a little wider."""
        ...

    @property
    def jpeg(self) -> bytes | None:
        """The bytes as the camera sent them, where it sent a JPEG."""
        ...


class BgrPixels:
    """A picture that came as BGR."""

    jpeg = None

    def __init__(self, bgr: Image) -> None:
        self.bgr = bgr

    @cached_property
    def luma(self) -> Image:
        """In grey and small; green alone, which is most of what the eye calls bright (59 %, ITU-R BT.601)."""
        return _small(self.bgr[:, :, 1])


class JpegPixels:
    """A picture that came as JPEG: the camera's own bytes are the best evidence of it."""

    def __init__(self, jpeg: bytes) -> None:
        self.jpeg = jpeg

    @cached_property
    def bgr(self) -> Image:
        """Decoded, whole.

        Raises:
            ValueError: the bytes are no whole picture.
        """
        return self._decoded(cv2.IMREAD_COLOR)

    @cached_property
    def luma(self) -> Image:
        """Decoded at a quarter, which is quicker than decoding all of it, in grey and small.

        Raises:
            ValueError: the bytes are no whole picture.
        """
        return _small(self._decoded(cv2.IMREAD_REDUCED_GRAYSCALE_4))

    def _decoded(self, flags: int) -> Image:
        # What was cut off on the way lacks its end, and would be decoded half grey.
        if not self.jpeg.rstrip(b"\0\r\n").endswith(b"\xff\xd9"):
            msg = "a JPEG without its end"
            raise ValueError(msg)
        image = cv2.imdecode(np.frombuffer(self.jpeg, np.uint8), flags)
        if image is None:
            msg = "no JPEG that can be decoded"
            raise ValueError(msg)
        return cast(Image, image)


class DecodedPixels:
    """A decoded frame of a stream, in the decoder's own format (mostly YUV 4:2:0)."""

    jpeg = None

    def __init__(self, frame: av.VideoFrame) -> None:
        self._frame = frame

    @cached_property
    def bgr(self) -> Image:
        """Converted by libswscale."""
        return self._frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)

    @cached_property
    def luma(self) -> Image:
        """Taken from the decoder's first plane without converting anything, where that holds 8-bit luma."""
        if not self._frame.format.name.startswith(("yuv4", "yuvj4", "nv12", "nv21", "gray")):
            return _small(self.bgr[:, :, 1])
        plane = self._frame.planes[0]
        if plane.line_size < plane.width or self._frame.format.components[0].bits != 8:
            return _small(self.bgr[:, :, 1])
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        return _small(rows[: self._frame.height, : self._frame.width])


def _small(grey: Image) -> Image:
    step = max(1, grey.shape[1] // LUMA_WIDTH)
    return np.ascontiguousarray(grey[::step, ::step])
