"""Run an ONNX detector over images for measuring. Deterministic: one thread order, fixed NMS."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from models.training.metrics import Floats, suppress
from models.training.pool import LABELS

INPUT_PX = 640
LEAST_SCORE = 0.01  # low enough for the whole precision-recall curve
MAX_IOU = 0.6
MAX_DETECTIONS = 300
PAD_GREY = 114


@dataclass(frozen=True)
class Found:
    """One image's detections: `xyxy` in pixels of the image `[n, 4]`, `scores` `[n]`, `labels` `[n]` (ours)."""

    xyxy: Floats
    scores: Floats
    labels: NDArray[np.int64]


class OnnxDetector:
    """A detector with a head `[1, 4 + C, N]` (centre x, centre y, width, height, scores)."""

    def __init__(self, file: Path, rename: Mapping[str, str] | None = None) -> None:
        """Load `file`; its metadata names the classes, `rename` maps them to ours, others are left out."""
        self._session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
        names = ast.literal_eval(self._session.get_modelmeta().custom_metadata_map["names"])
        rename = rename or {label: label for label in LABELS}
        self._columns = [
            (4 + index, LABELS.index(rename[name]))
            for index, name in names.items()
            if name in rename
        ]
        self.labels = tuple(LABELS[label] for _, label in self._columns)

    def detect(self, image: NDArray[np.uint8]) -> Found:
        """Detect in a BGR image."""
        blob, scale, left, top = letterbox(image)
        (head,) = self._session.run(None, {self._session.get_inputs()[0].name: blob})
        rows = head[0].T.astype(np.float64)
        half = rows[:, 2:4] / 2
        xyxy = np.column_stack([rows[:, :2] - half, rows[:, :2] + half])
        xyxy = (xyxy - [left, top, left, top]) / scale
        size = [image.shape[1], image.shape[0]] * 2
        xyxy = np.clip(xyxy, 0, size)
        parts = [self._one_label(xyxy, rows[:, column], label) for column, label in self._columns]
        boxes, scores, labels = (np.concatenate(p) for p in zip(*parts, strict=True))
        best = np.argsort(-scores, kind="stable")[:MAX_DETECTIONS]
        return Found(boxes[best], scores[best], labels[best])

    @staticmethod
    def _one_label(
        xyxy: Floats, scores: Floats, label: int
    ) -> tuple[Floats, Floats, NDArray[np.int64]]:
        likely = np.flatnonzero(scores >= LEAST_SCORE)
        kept = likely[suppress(xyxy[likely], scores[likely], MAX_IOU)]
        return xyxy[kept], scores[kept], np.full(len(kept), label, np.int64)


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
