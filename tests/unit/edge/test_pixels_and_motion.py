"""Pictures as they came, and what moves in them."""

import av
import cv2
import numpy as np
import pytest

from edge.motion import cells, motion
from edge.pixels import BgrPixels, DecodedPixels, JpegPixels


def scene(seed: int = 0) -> np.ndarray:
    """Return a coloured picture, 1280 × 720."""
    coarse = np.random.default_rng(seed).integers(0, 255, (9, 16, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, (1280, 720), interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.mark.parametrize(
    "form", ["yuv420p", "yuvj420p", "nv12", "gray", "yuyv422", "rgb24", "yuv420p10le"]
)
def test_every_format_of_a_decoder_becomes_the_same_picture(form: str) -> None:
    """Small grey pictures agree with the whole one, whatever the decoder's own format."""
    frame = av.VideoFrame.from_ndarray(scene(), "bgr24").reformat(format=form)
    pixels = DecodedPixels(frame)
    grey = cv2.cvtColor(pixels.bgr, cv2.COLOR_BGR2GRAY)
    assert pixels.bgr.shape == (720, 1280, 3)
    assert pixels.luma.shape == (180, 320)
    assert pixels.bgr.dtype == pixels.luma.dtype == np.uint8
    if form in ("yuv420p", "yuvj420p", "nv12", "gray"):
        assert np.abs(pixels.luma.astype(int) - grey[::4, ::4]).mean() < 20
    assert pixels.jpeg is None


def test_a_jpeg_keeps_its_bytes_and_a_damaged_one_is_refused() -> None:
    """The camera's own bytes are the evidence; half a picture is none."""
    done, data = cv2.imencode(".jpg", scene())
    assert done
    jpeg = data.tobytes()
    pixels = JpegPixels(jpeg)
    assert pixels.jpeg == jpeg
    assert pixels.bgr.shape == (720, 1280, 3)
    assert pixels.luma.shape == (180, 320)
    for damaged in (jpeg[:-200], b"", b"\xff\xd8\xff\xd9"):
        with pytest.raises(ValueError, match="JPEG"):
            _ = JpegPixels(damaged).luma


def test_a_small_picture_is_not_made_smaller() -> None:
    """Less than 320 wide stays as it is."""
    pixels = BgrPixels(np.full((24, 32, 3), 7, np.uint8))
    assert pixels.luma.shape == (24, 32)


def test_movement_is_told_from_light_and_noise() -> None:
    """Somebody who walks moves; a lamp switched on, sensor noise and a still picture do not."""
    still = cv2.cvtColor(scene(), cv2.COLOR_BGR2GRAY)[::4, ::4].clip(0, 200)
    before = cells(np.asarray(still, np.uint8))
    walker = still.copy()
    walker[60:160, 100:160] = 250
    brighter = (still.astype(int) + 40).clip(0, 255).astype(np.uint8)
    noise = np.random.default_rng(1).integers(-8, 9, still.shape)
    noisy = (still.astype(int) + noise).clip(0, 255).astype(np.uint8)
    assert motion(before, cells(np.asarray(walker, np.uint8))) > 0.2
    assert motion(before, cells(brighter)) == 0
    assert motion(before, cells(noisy)) == 0
    other = cv2.cvtColor(scene(5), cv2.COLOR_BGR2GRAY)[::4, ::4]
    assert motion(before, cells(np.asarray(other, np.uint8))) == 1.0


def test_a_tiny_picture_has_cells_too() -> None:
    """Smaller than the grid: one mean for all."""
    assert (cells(np.full((4, 6), 9, np.uint8)) == 9).all()
