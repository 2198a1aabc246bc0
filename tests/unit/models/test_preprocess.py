"""Into the network's input and back."""

import threading

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import ImageInvalid
from models.preprocess import GREY, Letterbox, Transform

SIDES = st.integers(1, 8000)


@given(
    source_wh=st.tuples(SIDES, SIDES),
    input_wh=st.sampled_from([(640, 640), (640, 384), (1280, 1280)]),
    corners=st.lists(st.floats(0, 1), min_size=4, max_size=4),
)
def test_a_box_comes_back_within_a_pixel(
    source_wh: tuple[int, int], input_wh: tuple[int, int], corners: list[float]
) -> None:
    """Whatever the picture's size: into the input and back is the same box of the source, within 1 px."""
    transform = Transform.fitting(source_wh, input_wh)
    box = (np.array([corners]) * (source_wh * 2)).astype(np.float32)
    there = transform.to_input(box)
    assert np.all(there >= -0.5)
    assert np.all(there <= np.array(input_wh * 2) + 0.5)
    assert np.abs(transform.to_source(there) - box).max() <= 1


@given(source_wh=st.tuples(SIDES, SIDES))
def test_the_scaled_picture_fits_and_is_centred(source_wh: tuple[int, int]) -> None:
    """It touches two borders, lies inside, and the padding of both sides differs by a pixel at most."""
    transform = Transform.fitting(source_wh, (640, 640))
    assert max(transform.scaled_wh) == 640
    assert min(transform.scaled_wh) >= 1
    for pad, scaled in zip(transform.pad_lt, transform.scaled_wh, strict=True):
        assert 0 <= 640 - scaled - 2 * pad <= 1


def test_boxes_beyond_the_padding_are_clipped_to_the_picture() -> None:
    """A box that reaches into the padding ends at the picture's border."""
    transform = Transform.fitting((1280, 720), (640, 640))
    (box,) = transform.to_source(np.array([[-5, 0, 700, 640]], np.float32))
    assert box.tolist() == [0, 0, 1280, 720]


def test_colours_become_planes_of_rgb_from_0_to_1_between_grey() -> None:
    """BGR becomes RGB, 255 becomes 1, and the padding is grey 114."""
    image = np.zeros((10, 20, 3), np.uint8)
    image[:] = 255, 51, 0  # blue, green, red
    blob, transform = Letterbox((40, 40))(image)
    assert blob.shape == (1, 3, 40, 40)
    assert blob.dtype == np.float32
    assert transform.pad_lt == (0, 10)
    inside, outside = blob[0, :, 10:30], blob[0, :, :10]
    np.testing.assert_allclose(inside[0], 0)
    np.testing.assert_allclose(inside[1], 0.2)
    np.testing.assert_allclose(inside[2], 1)
    np.testing.assert_allclose(outside, GREY / 255)


def test_a_picture_of_the_right_size_is_copied_unscaled() -> None:
    """Pixels of a picture of the input's size arrive as they are."""
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    blob, _ = Letterbox((32, 32))(image)
    np.testing.assert_allclose(blob[0].transpose(1, 2, 0)[..., ::-1] * 255, image, atol=1e-4)


def test_the_picture_before_leaves_nothing_in_the_padding() -> None:
    """A wide picture after a tall one has clean grey above and below."""
    letterbox = Letterbox((64, 64))
    letterbox(np.zeros((64, 20, 3), np.uint8))
    after, _ = letterbox(np.zeros((20, 64, 3), np.uint8))
    fresh, _ = Letterbox((64, 64))(np.zeros((20, 64, 3), np.uint8))
    assert np.array_equal(after, fresh)


def test_resizing_is_opencvs_linear_one() -> None:
    """The scaled pixels are those of cv2.resize, INTER_LINEAR."""
    image = np.random.default_rng(1).integers(0, 256, (90, 160, 3), dtype=np.uint8)
    blob, transform = Letterbox((64, 64))(image)
    left, top = transform.pad_lt
    expected = cv2.resize(image, transform.scaled_wh, interpolation=cv2.INTER_LINEAR)
    got = blob[0].transpose(1, 2, 0)[..., ::-1] * 255
    got = got[top : top + expected.shape[0], left : left + expected.shape[1]]
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_threads_share_a_letterbox_without_mixing_their_pictures() -> None:
    """Each thread has buffers of its own."""
    letterbox = Letterbox((64, 64))
    wrong: list[int] = []

    def look(value: int) -> None:
        image = np.full((64, 64, 3), value, np.uint8)
        for _ in range(50):
            blob, _ = letterbox(image)
            if not np.allclose(blob, value / 255):
                wrong.append(value)

    threads = [threading.Thread(target=look, args=(value,)) for value in (0, 80, 160, 255)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((10, 10), np.uint8),
        np.zeros((10, 10, 4), np.uint8),
        np.zeros((10, 10, 3), np.float32),
        np.zeros((0, 10, 3), np.uint8),
    ],
)
def test_what_is_no_bgr_picture_is_refused(image: np.ndarray) -> None:
    """Grey, alpha, floats and nothing are refused with the shape that was given."""
    with pytest.raises(ImageInvalid, match=r"uint8 array \(H, W, 3\)") as refusal:
        Letterbox((64, 64))(image)
    assert refusal.value.shape == image.shape
