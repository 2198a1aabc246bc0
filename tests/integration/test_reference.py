"""Our detector sees what ultralytics sees, with the same ONNX file and the same pixels."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.bundle import load_bundle
from models.detections import Detections
from models.detector import Detector
from models.running import Running
from tests.assets.reference.pictures import COUNT, ReferencePicture, reference_pictures

REPOSITORY = Path(__file__).resolve().parents[2]
MEDIA = REPOSITORY / "var" / "media"
REFERENCE = json.loads((REPOSITORY / "tests/assets/reference/reference.json").read_text("utf-8"))
REMAKE = (
    "make media && python tests/assets/reference/make_reference.py (a Python with the train extra)"
)
LEAST_IOU = 0.99
SCORE_TOLERANCE = 0.01


@pytest.fixture(scope="module")
def detector() -> Detector:
    """Return the shipped model with the reference's limits."""
    labels = load_bundle().labels
    options = REFERENCE["options"]
    return load_bundle(
        thresholds=dict.fromkeys(labels, options["conf"]),
        iou=options["iou"],
        threads=2,
        # The reference was made in a square.
        running=Running(shapes="square"),
    )


@pytest.fixture(scope="module")
def pictures() -> Mapping[str, ReferencePicture]:
    """Return the pictures of `make media`."""
    if not (MEDIA / "media.json").is_file():
        pytest.fail("the real pictures are missing: make media")
    return {each.name: each for each in reference_pictures(MEDIA)}


def test_the_reference_was_made_with_the_shipped_model(detector: Detector) -> None:
    """Another model needs another reference."""
    assert detector.sha256 == REFERENCE["model_sha256"], f"the model changed; run: {REMAKE}"
    assert len(REFERENCE["pictures"]) == COUNT


@pytest.mark.parametrize("expected", REFERENCE["pictures"], ids=lambda each: each["name"])
def test_the_same_boxes_as_ultralytics(
    expected: Mapping[str, Any], detector: Detector, pictures: Mapping[str, ReferencePicture]
) -> None:
    """As many boxes, each with its partner: the same label, IoU of 0.99 or more, the score within 0.01."""
    if detector.sha256 != REFERENCE["model_sha256"]:
        pytest.fail(f"the model changed; run: {REMAKE}")
    picture = pictures[expected["name"]]
    assert picture.sha256 == expected["sha256"], (
        f"{picture.name} was decoded to other pixels; run: {REMAKE}"
    )
    found, boxes = detector.detect(picture.image_bgr), expected["boxes"]
    assert len(found) == len(boxes)
    partners = [_partner(each, found, detector.labels) for each in boxes]
    assert sorted(partners) == list(range(len(found)))


def _partner(box: Mapping[str, Any], found: Detections, labels: tuple[str, ...]) -> int:
    """Return the index of the one detection that matches a reference box; fail where there is none."""
    overlap = np.array([_iou(np.array(box["xyxy"]), xyxy) for xyxy in found.xyxy])
    matches = (
        (overlap >= LEAST_IOU)
        & (np.abs(found.confidence - box["score"]) <= SCORE_TOLERANCE)
        & (found.class_id == labels.index(box["label"]))
    )
    assert matches.any(), f"no partner for {box}; the nearest has IoU {overlap.max():.4f}"
    return int(np.where(matches, overlap, -1).argmax())


def _iou(first: np.ndarray, second: np.ndarray) -> float:
    sides = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
    shared = np.maximum(sides, 0).prod()
    areas = (first[2:] - first[:2]).prod() + (second[2:] - second[:2]).prod()
    return float(shared / (areas - shared))
