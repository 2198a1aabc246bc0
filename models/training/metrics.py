"""Detection metrics on plain arrays. Pure: needs only numpy.

Boxes are `xyxy` in one unit, whichever. Average precision is COCO's: 101 recall points, precision made monotone.
Sizes are COCO's too: the area of a box in pixels of the picture as the network sees it, its longer side scaled to
640 px. A detection has the size of the object that it hits at IoU 0.5, else its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
IOU_STEPS: Floats = np.arange(0.5, 1.0, 0.05)
SIZES = ("small", "medium", "large")
SIZE_BOUNDS_PX = (32, 96)  # the sides of the squares that part them
SEEN_PX = 640  # the longer side of the picture in which sizes are measured


@dataclass(frozen=True)
class ImageHits:
    """One label in one image.

    Attributes:
        scores: of its detections, `[n]`, any order.
        correct: does the detection hit an object at each IoU step, `[n, steps]`.
        sizes: index into `SIZES` of each detection, `[n]`.
        object_sizes: index into `SIZES` of each object that there was to find, `[m]`.
    """

    scores: Floats
    correct: NDArray[np.bool_]
    sizes: NDArray[np.int64]
    object_sizes: NDArray[np.int64]

    @property
    def objects(self) -> int:
        """How many objects there were to find."""
        return len(self.object_sizes)

    def of_size(self, size: int) -> ImageHits:
        """Return what concerns the objects of one size."""
        mine = self.sizes == size
        return ImageHits(
            self.scores[mine],
            self.correct[mine],
            self.sizes[mine],
            self.object_sizes[self.object_sizes == size],
        )


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


def partners(boxes: Floats, scores: Floats, truth: Floats) -> NDArray[np.int64]:
    """Return `[n, IoU steps]`: the object that this detection is the best-scored one of at that IoU, else -1."""
    found = np.full((len(boxes), len(IOU_STEPS)), -1, np.int64)
    if not len(boxes) or not len(truth):
        return found
    ious = iou_matrix(boxes, truth)
    order = np.argsort(-scores, kind="stable")
    for step, least in enumerate(IOU_STEPS):
        free = np.ones(len(truth), bool)
        for i in order:
            candidates = np.where(free, ious[i], -1.0)
            best = int(candidates.argmax())
            if candidates[best] >= least:
                free[best] = False
                found[i, step] = best
    return found


def match(boxes: Floats, scores: Floats, truth: Floats) -> NDArray[np.bool_]:
    """Return `[n, IoU steps]`: is this detection the best-scored one of an object at that IoU?"""
    return partners(boxes, scores, truth) >= 0


def sizes_of(xyxy: Floats, image_wh: tuple[int, int]) -> NDArray[np.int64]:
    """Return the index into `SIZES` of each box `[n, 4]`, given in pixels of an image of this width and height."""
    scale = SEEN_PX / max(image_wh)
    sides = (xyxy[:, 2:] - xyxy[:, :2]) * scale
    bounds = np.square(np.array(SIZE_BOUNDS_PX, np.float64))
    return np.searchsorted(bounds, sides.prod(axis=1), side="right").astype(np.int64)


def hits_of(boxes: Floats, scores: Floats, truth: Floats, image_wh: tuple[int, int]) -> ImageHits:
    """Compare one label's detections with its objects in one image; boxes are `xyxy` in pixels of the image."""
    partner = partners(boxes, scores, truth)
    object_sizes = sizes_of(truth, image_wh)
    sizes = sizes_of(boxes, image_wh)
    hit = partner[:, 0] >= 0
    sizes[hit] = object_sizes[partner[hit, 0]]
    return ImageHits(scores, partner >= 0, sizes, object_sizes)


def gather(parts: Sequence[ImageHits]) -> Hits:
    """Join one label's hits in every image."""
    empty = np.zeros((0, len(IOU_STEPS)), bool)
    return Hits(
        scores=np.concatenate([p.scores for p in parts]) if parts else np.zeros(0),
        correct=np.concatenate([p.correct for p in parts]) if parts else empty,
        objects=sum(p.objects for p in parts),
        images=len(parts),
    )


def ap50_interval(
    parts: Sequence[ImageHits], *, draws: int = 200, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """Return the bootstrap interval of AP50 over images (percentile method); nan without objects.

    It says how far the figure would move with other images of the same kind; it knows nothing of another kind.
    """
    if not sum(p.objects for p in parts):
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(draws):
        drawn = [parts[i] for i in rng.integers(len(parts), size=len(parts))]
        hits = gather(drawn)
        at_50 = Hits(hits.scores, hits.correct[:, :1], hits.objects, hits.images)
        values.append(at_50.average_precision()[0])
    known = np.array(values)[~np.isnan(values)]
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
