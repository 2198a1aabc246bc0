"""The shipped detector sees what ultralytics' own `predict` saw with the same file (`models/training/reference.py`)."""

import json
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.bundle import load_bundle
from models.detections import Detections
from models.detector import Detector
from models.pictures import decode_picture

ROOT = Path(__file__).resolve().parents[3]
MEDIA = ROOT / "var" / "media"
REFERENCE = json.loads((ROOT / "tests/assets/reference/anxun-nano.json").read_text("utf-8"))
PICTURES: list[dict[str, Any]] = REFERENCE["pictures"]

LEAST_IOU, MOST_SCORE_DIFFERENCE = 0.99, 0.01


@pytest.fixture(scope="module")
def media() -> Path:
    if not (MEDIA / "media.json").is_file():
        reason = "the real pictures are not there: run `make media`"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return MEDIA


@pytest.fixture(scope="module")
def detector() -> Detector:
    labels = load_bundle().labels
    return load_bundle(
        thresholds=dict.fromkeys(labels, REFERENCE["confidence"]), iou=REFERENCE["iou"], threads=2
    )


def test_reference_was_made_with_the_shipped_model(detector: Detector) -> None:
    """A new model needs a new reference."""
    assert REFERENCE["model_sha256"] == detector.sha256, (
        "the model has changed: run `python -m models.training.reference` (extra `train`) and commit its file"
    )


def test_reference_is_of_twenty_pictures_that_show_something() -> None:
    """Twenty different pictures, and most of them not empty: else the comparison would prove little."""
    assert len({(each["media"], each.get("frame")) for each in PICTURES}) == 20
    assert sum(bool(each["xyxy"]) for each in PICTURES) >= 10


@pytest.mark.parametrize(
    "expected", PICTURES, ids=lambda each: f"{each['media']}@{each.get('frame', '')}"
)
def test_same_boxes_scores_and_classes(
    expected: dict[str, Any], detector: Detector, media: Path
) -> None:
    """Same count; each box has a partner of its class with IoU of 0.99 and a score within 0.01."""
    image = _image(media / expected["media"], expected.get("frame"))
    assert [image.shape[1], image.shape[0]] == expected["size_wh"]
    found = detector.detect(image)
    assert len(found) == len(expected["xyxy"])
    partners = [
        _partner(found, np.array(box), score, class_id)
        for box, score, class_id in zip(
            expected["xyxy"], expected["confidence"], expected["class_id"], strict=True
        )
    ]
    assert sorted(partners) == list(range(len(found))), "each box has a partner of its own"


def _image(file: Path, frame: int | None) -> NDArray[np.uint8]:
    if frame is None:
        return decode_picture(file.read_bytes()).image_bgr
    clip = cv2.VideoCapture(str(file))
    clip.set(cv2.CAP_PROP_POS_FRAMES, frame)
    read, image = clip.read()
    clip.release()
    assert read
    return image  # type: ignore[return-value]


def _partner(found: Detections, box: NDArray[np.float64], score: float, class_id: int) -> int:
    close = (found.class_id == class_id) & (
        np.abs(found.confidence - score) <= MOST_SCORE_DIFFERENCE
    )
    ious = np.where(close, _ious(found.xyxy, box), 0)
    assert ious.max(initial=0) >= LEAST_IOU, f"nothing like class {class_id} {score} {box}"
    return int(ious.argmax())


def _ious(boxes: NDArray[np.float32], box: NDArray[np.float64]) -> NDArray[np.float64]:
    shared_wh = np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2])
    shared = np.maximum(shared_wh, 0).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod() - shared
    ious: NDArray[np.float64] = shared / areas
    return ious
