"""The shipped model blurs the faces of real photos."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from models.bundle import load_bundle
from models.detector import Detector
from models.privacy import blur_heads, privacy_thresholds

PHOTOS = Path(__file__).resolve().parents[2] / "var" / "media" / "photos"


@pytest.fixture(scope="module")
def model() -> Detector:
    """Return the shipped model, with the thresholds that blurring needs."""
    shipped = load_bundle()
    return load_bundle(thresholds={**shipped.thresholds, **privacy_thresholds(shipped.labels)})


@pytest.mark.parametrize(
    ("photo", "face_xyxy"),
    [
        ("two-people.jpg", (520, 260, 640, 420)),
        ("two-people.jpg", (930, 90, 1040, 260)),
        ("street-bus.jpg", (106, 405, 152, 470)),
        ("street-bus.jpg", (262, 412, 308, 462)),
        ("astronaut.png", (190, 60, 270, 180)),
    ],
)
def test_faces_of_real_photos_are_unrecognisable(
    model: Detector, photo: str, face_xyxy: tuple[int, int, int, int]
) -> None:
    """With the shipped model no face in these photos keeps an edge."""
    if not (PHOTOS / photo).is_file():
        pytest.skip("make media unpacks the photos")
    image = cv2.imread(str(PHOTOS / photo))
    out = blur_heads(image, model.detect(image), model.labels)
    left, top, right, bottom = face_xyxy
    edges = [cv2.Laplacian(each[top:bottom, left:right], cv2.CV_64F).var() for each in (image, out)]
    assert edges[0] > 50
    assert edges[1] < edges[0] / 20
    assert np.array_equal(out[-5:, -5:], image[-5:, -5:])
