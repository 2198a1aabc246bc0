"""Run a detector over images for measuring: the decoding that ships, with every score from `LEAST_SCORE` up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector import Detect, Detector, ModelIdentity
from models.labels import labels_from_metadata
from models.runtimes.on_onnxruntime import OnnxRuntime
from models.training.metrics import Floats
from models.training.pool import LABELS

INPUT_PX = 640
LEAST_SCORE = 0.01  # low enough for the whole precision-recall curve
PAD_GREY = 114


@dataclass(frozen=True)
class Found:
    """One image's detections: `xyxy` in pixels of the image `[n, 4]`, `scores` `[n]`, `labels` `[n]` (ours)."""

    xyxy: Floats
    scores: Floats
    labels: NDArray[np.int64]


class Measured:
    """A detector whose class names are mapped to ours; the others are left out.

    Attributes:
        labels: the labels of ours that it knows.
    """

    def __init__(
        self, detect: Detect, names: tuple[str, ...], rename: Mapping[str, str] | None = None
    ) -> None:
        """Take any detect function, its class names, and how they are called here (None: the same)."""
        rename = rename or {label: label for label in LABELS}
        self._detect = detect
        self._ours = np.array(
            [LABELS.index(rename[name]) if name in rename else -1 for name in names], np.int64
        )
        self.labels = tuple(LABELS[label] for label in self._ours if label >= 0)

    def detect(self, image: NDArray[np.uint8]) -> Found:
        """Detect in a BGR image."""
        found = self._detect(image)
        labels = self._ours[found.class_id]
        known = labels >= 0
        return Found(
            found.xyxy[known].astype(np.float64),
            found.confidence[known].astype(np.float64),
            labels[known],
        )


def open_measured(
    file: Path, rename: Mapping[str, str] | None = None, threads: int | None = None
) -> Measured:
    """Open an ONNX file on onnxruntime's CPU provider; its metadata names the classes.

    Raises:
        ModelError: it cannot be run or decoded (see `models.errors`).
    """
    runtime = OnnxRuntime(file.read_bytes(), threads=threads, input_wh=(INPUT_PX, INPUT_PX))
    names = labels_from_metadata(runtime.metadata)
    detector = Detector(
        runtime,
        ModelIdentity(file.stem, "", ""),
        thresholds=dict.fromkeys(names, LEAST_SCORE),
    )
    return Measured(detector.detect, names, rename)


def read_image(file: Path) -> NDArray[np.uint8]:
    """Return an image file as BGR `[height, width, 3]`."""
    image = cv2.imread(str(file))
    if image is None:
        raise FileNotFoundError(f"not an image that can be read: {file}")
    return np.asarray(image, np.uint8)


def letterbox(image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float, int, int]:
    """Return the BGR image as `[1, 3, 640, 640]` RGB 0-1, its scale, and the padding left and above."""
    height, width = image.shape[:2]
    scale = INPUT_PX / max(height, width)
    new_wh = (round(width * scale), round(height * scale))
    resized = cv2.resize(image, new_wh, interpolation=cv2.INTER_LINEAR)
    left, top = (INPUT_PX - new_wh[0]) // 2, (INPUT_PX - new_wh[1]) // 2
    canvas = np.full((INPUT_PX, INPUT_PX, 3), PAD_GREY, np.uint8)
    canvas[top : top + new_wh[1], left : left + new_wh[0]] = resized
    blob = canvas[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255
    return np.ascontiguousarray(blob), scale, left, top
