"""Blur people's heads in a derived picture: what was seen as a head, what a helmet sits on, and what a person's height tells.

Boxes are an estimate where no head was seen: a helmet's box ends above the face, and a person's box says only where
the head must be. What the model does not see is not blurred: a face on a poster, or a worker too far away.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detections import Detections
from models.errors import HeadsNotDetectable, ImageInvalid

PERSON, HEAD, HELMET, FALLEN = "person", "head", "helmet", "fallen_person"
# Whoever wants to blur must find people: a lower score than for a claim, since a blurred sack harms nobody.
PRIVACY_THRESHOLD = 0.10
PRIVACY_LABELS = (PERSON, HEAD, HELMET, FALLEN)

HEAD_MARGIN = (
    0.15  # of the box's width and height, on every side: hair, chin, and a box that is a little off
)
HELMET_DOWN = 1.5  # helmet heights from its lower edge to below the chin: a helmet covers 40 to 50 % of a head
PERSON_TOP_BY_WIDTH = (
    0.75  # of the person's width: standing that is the upper quarter, cut off at the waist more
)
PERSON_TOP_LEAST = 0.22  # of the person's height: seen from the side a person is narrow
CELLS = 5  # a head is left with so many colour cells on its longer side: too few for any face

Image = NDArray[np.uint8]
Boxes = NDArray[np.float64]


def blur_heads(image_bgr: Image, detections: Detections, labels: Sequence[str]) -> Image:
    """Return a copy of the picture in which every head that the detections tell of is unrecognisable.

    A region is averaged to a few colour cells before it is smoothed, so that no filter brings the face back.

    Args:
        image_bgr: uint8 (H, W, 3).
        detections: what the model saw in this picture, pixels; see `PRIVACY_THRESHOLD` for how sure it should be.
        labels: the model's class names by class id.

    Raises:
        HeadsNotDetectable: the model knows neither people nor heads with and without helmet, so that no region could
            be trusted.
        ImageInvalid: it is no such array.
    """
    if image_bgr.ndim != 3 or image_bgr.shape[2] != 3 or image_bgr.dtype != np.uint8:
        raise ImageInvalid(image_bgr.shape, image_bgr.dtype)
    blurred = image_bgr.copy()
    height, width = image_bgr.shape[:2]
    for region in head_regions(detections, labels):
        left, top = np.floor(np.clip(region[:2], 0, (width, height))).astype(int)
        right, bottom = np.ceil(np.clip(region[2:], 0, (width, height))).astype(int)
        if left < right and top < bottom:
            part = image_bgr[top:bottom, left:right]
            blurred[top:bottom, left:right] = _unrecognisable(part)
    return blurred


def head_regions(detections: Detections, labels: Sequence[str]) -> Boxes:
    """Return where heads are, pixels (R, 4) xyxy, not cut at the picture's border. Raises `HeadsNotDetectable`."""
    require_heads(labels)
    known = [_widened(box) for box in _of(HEAD, detections, labels)]
    known += [_worn(box) for box in _of(HELMET, detections, labels)]
    guessed = [_upper_part(box) for box in _of(PERSON, detections, labels)]
    guessed += list(_of(FALLEN, detections, labels))  # the head may be at any end
    return np.array([*known, *_without_head(guessed, known)], np.float64).reshape(-1, 4)


def require_heads(labels: Sequence[str]) -> None:
    """Raise `HeadsNotDetectable` for a model whose labels do not tell where heads are."""
    if PERSON not in labels and not {HEAD, HELMET} <= set(labels):
        raise HeadsNotDetectable(labels)


def privacy_thresholds(labels: Sequence[str]) -> dict[str, float]:
    """Return the least score of the labels that `blur_heads` looks at, for a model that has them."""
    return {label: PRIVACY_THRESHOLD for label in PRIVACY_LABELS if label in labels}


def _of(label: str, detections: Detections, labels: Sequence[str]) -> Iterator[Boxes]:
    if label in labels:
        mine = detections.class_id == list(labels).index(label)
        yield from detections.xyxy[mine].astype(np.float64)


def _widened(box: Boxes) -> Boxes:
    margin = HEAD_MARGIN * (box[2:] - box[:2])
    return np.concatenate([box[:2] - margin, box[2:] + margin])


def _worn(helmet: Boxes) -> Boxes:
    width, height = helmet[2:] - helmet[:2]
    sides, down = HEAD_MARGIN * width, HELMET_DOWN * height
    widened: Boxes = np.add(helmet, (-sides, -HEAD_MARGIN * height, sides, down))
    return widened


def _upper_part(person: Boxes) -> Boxes:
    left, top, right, bottom = person
    width, height = right - left, bottom - top
    share = max(PERSON_TOP_LEAST * height, min(height, PERSON_TOP_BY_WIDTH * width))
    return np.array([left, top, right, top + share])


def _without_head(guessed: Sequence[Boxes], known: Sequence[Boxes]) -> list[Boxes]:
    """Return the guesses that no head of their own explains; a head explains one person, of a crowd the nearest."""
    left = dict(enumerate(guessed))
    for head in _each_once(known):
        centre = (head[:2] + head[2:]) / 2
        fitting = [
            (abs(head[1] - region[1]), i) for i, region in left.items() if _holds(region, centre)
        ]
        if fitting:
            del left[min(fitting)[1]]
    return list(left.values())


def _each_once(heads: Sequence[Boxes]) -> list[Boxes]:
    """Return the heads without those whose middle lies in an earlier one: a helmet and its wearer are one."""
    kept: list[Boxes] = []
    for head in heads:
        if not any(_holds(other, (head[:2] + head[2:]) / 2) for other in kept):
            kept.append(head)
    return kept


def _holds(region: Boxes, point: Boxes) -> bool:
    return bool((region[:2] <= point).all() and (point <= region[2:]).all())


def _unrecognisable(part: Image) -> Image:
    height, width = part.shape[:2]
    cell = max(1.0, max(height, width) / CELLS)
    cells_wh = max(1, round(width / cell)), max(1, round(height / cell))
    few = cv2.resize(part, cells_wh, interpolation=cv2.INTER_AREA)
    smooth = cv2.resize(few, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(smooth, np.uint8).reshape(part.shape)
