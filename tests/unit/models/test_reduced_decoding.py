"""A JPEG decoded no larger than it is looked at: the same picture, its own size remembered, the same things found."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.bundle import load_bundle
from models.detections import Detections
from models.detector import Detector
from models.pictures import decode_picture
from tests.picture_files import ORIENTATION, drawn, encoded, exif_block, with_jpeg_exif

PHOTOS = Path(__file__).resolve().parents[3] / "var" / "media" / "photos"
LARGE = encoded(drawn((1600, 1200)), ".jpg")
PHOTO_WH = (4000, 3000)


@pytest.mark.parametrize(
    ("detail_px", "expected_wh"),
    [
        (None, (1600, 1200)),
        (1600, (1600, 1200)),
        (801, (1600, 1200)),
        (800, (800, 600)),
        (640, (800, 600)),
        (400, (400, 300)),
        (1, (200, 150)),
    ],
)
def test_a_jpeg_is_decoded_as_small_as_the_detail_allows_and_never_below(
    detail_px: int | None, expected_wh: tuple[int, int]
) -> None:
    """A half, a quarter or an eighth; the file's own size is said beside."""
    picture = decode_picture(LARGE, detail_px=detail_px)
    assert picture.size_wh == expected_wh
    assert picture.full_wh == (1600, 1200)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_reduced_picture_is_turned_like_the_full_one(orientation: int) -> None:
    """Odd sizes round up; the full size is that of the upright picture."""
    turned = with_jpeg_exif(
        encoded(drawn((803, 401)), ".jpg"), exif_block({ORIENTATION: orientation})
    )
    full = decode_picture(turned)
    reduced = decode_picture(turned, detail_px=200)
    assert reduced.full_wh == full.size_wh == full.full_wh
    width, height = full.size_wh
    assert reduced.size_wh == (-(-width // 4), -(-height // 4))
    small = cv2.resize(full.image_bgr, reduced.size_wh, interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - reduced.image_bgr).mean() < 4


@pytest.mark.parametrize("extension", [".png", ".webp"])
def test_other_formats_are_decoded_in_full(extension: str) -> None:
    """Their decoders save no time by it."""
    picture = decode_picture(encoded(drawn((160, 120)), extension), detail_px=20)
    assert picture.size_wh == picture.full_wh == (160, 120)


@pytest.mark.parametrize("name", ["street-bus.jpg", "two-people.jpg", "astronaut.png"])
def test_the_same_is_found_in_a_reduced_photo(name: str) -> None:
    """Real photos at 12 megapixels: what is surely found has its box (IoU above 0.85) in the other too.

    Weights change with each release, so this holds no unsure detection to it; what a smaller decoding costs on labelled
    photos is measured by `datasets/tiles.py`.
    """
    detector = _detector()
    photo = decode_picture((PHOTOS / name).read_bytes()).image_bgr
    large = cv2.resize(photo, PHOTO_WH, interpolation=cv2.INTER_CUBIC)
    jpeg = cv2.imencode(".jpg", large, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
    full = decode_picture(jpeg)
    reduced = decode_picture(jpeg, detail_px=detector.detail_px)
    assert (full.size_wh, reduced.size_wh) == (PHOTO_WH, (1000, 750))
    in_full, in_reduced = detector.detect(full.image_bgr), detector.detect(reduced.image_bgr)
    sure = in_full.confidence > 0.6
    assert sure.any(), "the photo shows something"
    for box, label in zip(in_full.xyxy[sure], in_full.class_id[sure], strict=True):
        assert _best_iou(box / 4, int(label), in_reduced) > 0.85


@cache
def _detector() -> Detector:
    """Return the shipped model at thresholds that show something of street scenes too."""
    detector = load_bundle()
    return detector.with_thresholds(dict.fromkeys(detector.labels, 0.2))


def _best_iou(box: np.ndarray, label: int, found: Detections) -> float:
    others = found.xyxy[found.class_id == label]
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[2:], others[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod()
    return float((shared / (areas - shared)).max(initial=0.0))
