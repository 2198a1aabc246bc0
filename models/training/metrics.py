"""Detection metrics on plain arrays. Pure: needs only numpy.

Boxes are `xyxy` in one unit, whichever. Average precision is COCO's: 101 recall points, precision made monotone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
IOU_STEPS: Floats = np.arange(0.5, 1.0, 0.05)


@dataclass(frozen=True)
class Hits:
    """Every detection of one class over a set of images, and how many objects there were to find."""

    scores: Floats  # [n], any order
    correct: NDArray[np.bool_]  # [n, IoU steps]
    objects: int
    images: int

    def precision_recall(self, threshold: float) -> tuple[float, float]:
        """Return precision and recall at IoU 0.5 of the detections from `threshold`; nan where undefined."""
        kept = self.correct[self.scores >= threshold, 0]
        precision = float(kept.mean()) if len(kept) else float("nan")
        return precision, float(kept.sum()) / self.objects if self.objects else float("nan")

    def false_alarms(self, threshold: float) -> int:
        """Return the detections from `threshold` that hit nothing at IoU 0.5."""
        return int((~self.correct[self.scores >= threshold, 0]).sum())

    def average_precision(self) -> Floats:
        """Return the average precision at each IoU step; nan without objects."""
        if not self.objects:
            return np.full(self.correct.shape[1], np.nan)
        order = np.argsort(-self.scores, kind="stable")
        found = self.correct[order].cumsum(axis=0)
        precision = found / np.arange(1, len(order) + 1)[:, None]
        precision = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
        recall = found / self.objects
        points = np.linspace(0, 1, 101)
        return np.array(
            [_interpolated(recall[:, t], precision[:, t], points) for t in range(found.shape[1])]
        )


def _interpolated(recall: Floats, precision: Floats, points: Floats) -> float:
    """Return the mean precision at the recall points; 0 beyond the last recall reached."""
    places = np.searchsorted(recall, points - 1e-12, side="left")
    return float(np.append(precision, 0.0)[places].mean())


def iou_matrix(a: Floats, b: Floats) -> Floats:
    """Return the IoU of boxes `a` `[n, 4]` with `b` `[m, 4]`: `[n, m]`."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inter = np.clip(high - low, 0, None).prod(axis=2)
    areas = [(x[:, 2:] - x[:, :2]).prod(axis=1) for x in (a, b)]
    ious: Floats = inter / (areas[0][:, None] + areas[1][None] - inter + 1e-12)
    return ious


def match(boxes: Floats, scores: Floats, truth: Floats) -> NDArray[np.bool_]:
    """Return `[n, IoU steps]`: is this detection the best-scored one of an object at that IoU?"""
    correct = np.zeros((len(boxes), len(IOU_STEPS)), bool)
    if not len(boxes) or not len(truth):
        return correct
    ious = iou_matrix(boxes, truth)
    order = np.argsort(-scores, kind="stable")
    for step, least in enumerate(IOU_STEPS):
        free = np.ones(len(truth), bool)
        for i in order:
            candidates = np.where(free, ious[i], -1.0)
            best = int(candidates.argmax())
            if candidates[best] >= least:
                free[best] = False
                correct[i, step] = True
    return correct


def gather(parts: Sequence[tuple[Floats, NDArray[np.bool_], int]]) -> Hits:
    """Join `(scores, correct, objects)` of images to one class's hits."""
    empty = np.zeros((0, len(IOU_STEPS)), bool)
    return Hits(
        scores=np.concatenate([p[0] for p in parts]) if parts else np.zeros(0),
        correct=np.concatenate([p[1] for p in parts]) if parts else empty,
        objects=sum(p[2] for p in parts),
        images=len(parts),
    )


def suppress(boxes: Floats, scores: Floats, max_iou: float) -> NDArray[np.int64]:
    """Return the detections of one class to keep, best first (greedy non-maximum suppression)."""
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(int(best))
        overlap = iou_matrix(boxes[best : best + 1], boxes[rest])[0]
        order = rest[overlap <= max_iou]
    return np.array(kept, np.int64)


@dataclass(frozen=True)
class Threshold:
    """The score from which a label is reported, and whether it met the precision it was chosen for."""

    score: float
    reached: bool


def choose_threshold(
    hits: Hits, precision: float, least: float = 0.25, most: float = 0.85
) -> Threshold:
    """Return the smallest score of the grid with this precision, else the one with the best F1."""
    grid = [round(float(score), 2) for score in np.arange(least, most + 1e-9, 0.01)]
    if not hits.objects:
        return Threshold(least, reached=False)
    curve = [hits.precision_recall(score) for score in grid]
    for score, (p, r) in zip(grid, curve, strict=True):
        if p >= precision and r > 0:
            return Threshold(score, reached=True)
    f1 = np.nan_to_num([2 * p * r / (p + r + 1e-12) for p, r in curve])
    return Threshold(grid[int(np.argmax(f1))], reached=False)
