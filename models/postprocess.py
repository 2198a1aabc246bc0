"""From a network's output to `Detections` in pixels of its input, for both heads that ultralytics exports.

Raw head ``[1, 4+C, N]``: N candidates, each a box ``cx cy w h`` in input pixels and C class scores. The best class of
a candidate counts; overlapping candidates of one class are thinned by greedy non-maximum suppression.
End-to-end head ``[1, N, 6]``: N finished detections ``x1 y1 x2 y2 score class``, best first.

Limits, order and the class-offset trick are those of ultralytics 8.4 (`utils/nms.py`; the method only), so that the
same boxes are kept: a box is suppressed where its IoU with a better box of its class is *above* the limit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from models.detections import Detections
from models.errors import ClassCountMismatch, HeadUnknown

# ultralytics' own limits: candidates that enter suppression, and the offset that parts classes, in pixels.
MAX_CANDIDATES = 30_000
CLASS_OFFSET = 7680
STRIDES = (8, 16, 32)


class Head(Enum):
    """The output shapes that can be decoded."""

    RAW = "[1, 4+C, N]"
    END_TO_END = "[1, N, 6]"


@dataclass(frozen=True, slots=True)
class Limits:
    """What is kept.

    Attributes:
        thresholds: float32 (C,), a detection's score must be above its class's threshold.
        iou: boxes of one class that overlap more are one thing; raw head only (an end-to-end head did it itself).
        max_detections: the best so many are kept.
    """

    thresholds: NDArray[np.float32]
    iou: float = 0.7
    max_detections: int = 300


def head_of(
    output_shapes: Sequence[Sequence[object]], class_count: int, input_wh: tuple[int, int]
) -> Head:
    """Tell which head a model has from its output shapes.

    A shape that could be either is told apart by the number of classes: 4+C rows are a raw head, but 6 columns are
    too few candidates for any input, so ``[1, 4+C, 6]`` is end-to-end. As many rows of 6 as an input has anchors are
    YOLOv5's original head (box, objectness, one class) and are refused rather than misread.

    Raises:
        HeadUnknown: neither, or more than one output.
        ClassCountMismatch: a raw head for another number of classes.
    """
    if len(output_shapes) != 1 or len(output_shapes[0]) != 3:
        raise HeadUnknown(output_shapes, class_count)
    batch, rows, columns = output_shapes[0]
    if batch != 1 or not isinstance(rows, int) or not isinstance(columns, int):
        raise HeadUnknown(output_shapes, class_count)
    if columns == 6 and rows < _anchor_count(input_wh):
        return Head.END_TO_END
    if rows == 4 + class_count:
        return Head.RAW
    if 4 < rows < columns:
        raise ClassCountMismatch(class_count, rows - 4)
    raise HeadUnknown(output_shapes, class_count)


def _anchor_count(input_wh: tuple[int, int]) -> int:
    return sum((input_wh[0] // stride) * (input_wh[1] // stride) for stride in STRIDES)


def decoder_of(head: Head) -> Callable[[NDArray[np.float32], Limits], Detections]:
    """Return the function that decodes a head's output."""
    return {Head.RAW: decode_raw, Head.END_TO_END: decode_end_to_end}[head]


def decode_raw(output: NDArray[np.float32], limits: Limits) -> Detections:
    """Decode ``[1, 4+C, N]`` into at most `max_detections` boxes in input pixels, best first."""
    boxes_cxcywh, scores = output[0, :4], output[0, 4:]
    # The maximum of every candidate is cheap; everything else runs on the few that pass the lowest threshold.
    best = scores.max(axis=0)
    candidates = np.flatnonzero(best > limits.thresholds.min())
    class_id = scores[:, candidates].argmax(axis=0)
    passed = best[candidates] > limits.thresholds[class_id]
    candidates, class_id = candidates[passed], class_id[passed]
    xyxy = _xyxy(boxes_cxcywh[:, candidates])
    found = _finite(Detections(xyxy, best[candidates], class_id))
    found = found[np.argsort(-found.confidence, kind="stable")[:MAX_CANDIDATES]]
    return found[suppress(found, limits.iou, limits.max_detections)]


def decode_end_to_end(output: NDArray[np.float32], limits: Limits) -> Detections:
    """Decode ``[1, N, 6]`` into at most `max_detections` boxes in input pixels, in the model's order.

    Raises:
        ClassCountMismatch: the model found a class that its labels do not name.
    """
    rows = output[0]
    rows = rows[(rows[:, 4] > limits.thresholds.min()) & np.isfinite(rows).all(axis=1)]
    class_id = rows[:, 5].astype(np.int64)
    class_count = len(limits.thresholds)
    if class_id.size and not 0 <= class_id.min() <= class_id.max() < class_count:
        raise ClassCountMismatch(class_count, int(class_id.max()) + 1)
    found = Detections(rows[:, :4].copy(), rows[:, 4].copy(), class_id)
    return found[found.confidence > limits.thresholds[class_id]][: limits.max_detections]


def suppress(found: Detections, iou: float, at_most: int) -> NDArray[np.int64]:
    """Return the first `at_most` indices of `found`, sorted best first, that greedy suppression by class keeps.

    Classes are parted by shifting each one's boxes by `CLASS_OFFSET` pixels, so that one pass serves them all.
    """
    offset = (found.class_id * CLASS_OFFSET).astype(np.float32)[:, None]
    left, top, right, bottom = np.ascontiguousarray((found.xyxy + offset).T)
    area = (right - left) * (bottom - top)
    waiting = np.arange(len(found))
    kept: list[int] = []
    while waiting.size and len(kept) < at_most:
        best, waiting = waiting[0], waiting[1:]
        kept.append(int(best))
        width = np.minimum(right[best], right[waiting]) - np.maximum(left[best], left[waiting])
        height = np.minimum(bottom[best], bottom[waiting]) - np.maximum(top[best], top[waiting])
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        # Multiplied out, so that two boxes without area divide nothing by zero.
        waiting = waiting[shared <= iou * (area[best] + area[waiting] - shared)]
    return np.array(kept, np.int64)


def _xyxy(cxcywh: NDArray[np.float32]) -> NDArray[np.float32]:
    centre, half = cxcywh[:2], cxcywh[2:] / 2
    return np.ascontiguousarray(np.concatenate([centre - half, centre + half]).T)


def _finite(found: Detections) -> Detections:
    return found[np.flatnonzero(np.isfinite(found.xyxy).all(axis=1))]
