"""Tiled detection: far and small things in large pictures, with any function that detects.

A network sees a picture at a fixed size, so that a head of 40 pixels in a picture of 4,000 is 6 pixels to it. Cut into
tiles, each is seen at (nearly) its own size; the whole picture is looked at as well, because what is larger than a
tile is only seen there. After Akyon et al., "Slicing Aided Hyper Inference" (2022); the merge differs: a box that the
edge of its tile cuts is believed least, since the overlap shows the neighbour the whole thing.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.detections import Detections
from models.detector import Detect

# A box this near to an inner edge of its tile, in pixels, was cut by it.
EDGE_PX = 2.0


@dataclass(frozen=True, slots=True)
class Tiling:
    """How pictures are cut.

    Attributes:
        side_px: width and height of a tile, pixels of the upright picture.
        overlap: the share of a tile that its neighbour shows too, 0 to 0.9; things smaller than this are seen whole.
        iou: boxes of one label that overlap more are one thing.
        inside: a cut box that lies this much in a box of its label is a piece of it, share of its own area.

    Raises:
        ValueError: a number is out of its range.
    """

    side_px: int
    overlap: float = 0.2
    iou: float = 0.55
    inside: float = 0.6

    def __post_init__(self) -> None:
        if self.side_px < 64:
            msg = f"a tile has a side of at least 64 pixels, not {self.side_px}"
            raise ValueError(msg)
        if not 0 <= self.overlap <= 0.9:
            msg = f"the overlap of tiles is a share from 0 to 0.9, not {self.overlap}"
            raise ValueError(msg)


Tile = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""


def tiles_of(size_wh: tuple[int, int], tiling: Tiling) -> list[Tile]:
    """Return the tiles of a picture, row by row: together they cover every pixel, none leaves the picture."""
    columns = _spans(size_wh[0], tiling)
    return [
        (left, top, right, bottom)
        for top, bottom in _spans(size_wh[1], tiling)
        for left, right in columns
    ]


def tiled(detect: Detect, tiling: Tiling) -> Detect:
    """Return a function that detects in the whole picture and in each of its tiles.

    A picture that is one tile is looked at once, as it is.
    """

    def detect_tiled(image_bgr: NDArray[np.uint8]) -> Detections:
        whole = detect(image_bgr)
        height, width = image_bgr.shape[:2]
        tiles = tiles_of((width, height), tiling)
        if len(tiles) == 1:
            return whole
        parts = [(whole, np.zeros(len(whole), bool))]
        for tile in tiles:
            left, top, right, bottom = tile
            found = detect(np.ascontiguousarray(image_bgr[top:bottom, left:right]))
            moved = _moved(found, (left, top))
            parts.append((moved, is_cut(moved.xyxy, tile, (width, height))))
        return merge(
            _joined([part for part, _ in parts]), np.concatenate([c for _, c in parts]), tiling
        )

    return detect_tiled


class ModelFacts(Protocol):
    """A detector with what findings and switches ask of it; a `models.detector.Detector` is one."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def version(self) -> str:
        """The model's version."""

    @property
    def sha256(self) -> str:
        """The SHA-256 of the model's file."""

    @property
    def labels(self) -> Sequence[str]:
        """The class names by class id."""

    @property
    def experimental(self) -> Collection[str]:
        """Labels whose quality is too low to rely on."""

    def detect(self, image_bgr: NDArray[np.uint8]) -> Detections:
        """Return what it sees in an upright picture, uint8 (H, W, 3)."""


class TiledDetector:
    """A detector that looks at tiles as well; it is the same model to everybody else."""

    def __init__(self, detector: ModelFacts, tiling: Tiling) -> None:
        """Look with `detector`, at the whole picture and at its tiles."""
        self.name, self.version, self.sha256 = detector.name, detector.version, detector.sha256
        self.labels, self.experimental = detector.labels, detector.experimental
        self._detect = tiled(detector.detect, tiling)

    @property
    def detail_px(self) -> int | None:
        """None: tiles show every pixel of a picture."""
        return None

    def detect(self, image_bgr: NDArray[np.uint8]) -> Detections:
        """Return what it sees in an upright picture, uint8 (H, W, 3)."""
        return self._detect(image_bgr)


def is_cut(xyxy: NDArray[np.float32], tile: Tile, size_wh: tuple[int, int]) -> NDArray[np.bool_]:
    """Tell for each box (N, 4), in pixels of the picture, whether an edge of its tile cut it.

    An edge of the tile that is also one of the picture cuts nothing: there is no more to see.
    """
    left, top, right, bottom = tile
    cut = np.zeros(len(xyxy), bool)
    if left > 0:
        cut |= xyxy[:, 0] <= left + EDGE_PX
    if top > 0:
        cut |= xyxy[:, 1] <= top + EDGE_PX
    if right < size_wh[0]:
        cut |= xyxy[:, 2] >= right - EDGE_PX
    if bottom < size_wh[1]:
        cut |= xyxy[:, 3] >= bottom - EDGE_PX
    return cut


def merge(found: Detections, cut: NDArray[np.bool_], tiling: Tiling) -> Detections:
    """Return one box for each thing, best first.

    Whole boxes are taken before cut ones, each kind by confidence. A box is left out when it overlaps a taken one of
    its label by more than `tiling.iou`, or, being cut, lies in one by at least `tiling.inside` of its own area.

    Args:
        found: boxes of the whole picture and of all tiles, pixels of the picture.
        cut: for each box, whether the edge of its tile cut it.
        tiling: the limits.
    """
    order = np.lexsort((-found.confidence, cut))
    kept: list[int] = []
    for place in order:
        taken = [k for k in kept if found.class_id[k] == found.class_id[place]]
        if not _is_known(found.xyxy, int(place), taken, tiling, is_piece=bool(cut[place])):
            kept.append(int(place))
    chosen = found[np.array(kept, np.int64)]
    return chosen[np.argsort(-chosen.confidence, kind="stable")]


def _is_known(
    xyxy: NDArray[np.float32], place: int, taken: list[int], tiling: Tiling, *, is_piece: bool
) -> bool:
    if not taken:
        return False
    box, others = xyxy[place].astype(np.float64), xyxy[taken].astype(np.float64)
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    own = float(np.clip(box[2:] - box[:2], 0, None).prod())
    union = own + np.clip(others[:, 2:] - others[:, :2], 0, None).prod(axis=1) - shared
    is_same = shared > tiling.iou * union
    is_inside = is_piece & (shared >= tiling.inside * own)
    return bool((is_same | is_inside).any())


def _spans(length: int, tiling: Tiling) -> list[tuple[int, int]]:
    """Return the tiles' begins and ends along one side; the last one ends with the picture."""
    side = tiling.side_px
    if length <= side:
        return [(0, length)]
    return list(_stepped(length, side, max(1, round(side * (1 - tiling.overlap)))))


def _stepped(length: int, side: int, step: int) -> Iterator[tuple[int, int]]:
    start = 0
    while start + side < length:
        yield start, start + side
        start += step
    yield length - side, length


def _moved(found: Detections, by_xy: tuple[int, int]) -> Detections:
    offset = np.array(by_xy * 2, np.float32)
    return Detections(found.xyxy + offset, found.confidence, found.class_id)


def _joined(parts: list[Detections]) -> Detections:
    return Detections(
        np.concatenate([part.xyxy for part in parts]),
        np.concatenate([part.confidence for part in parts]),
        np.concatenate([part.class_id for part in parts]),
    )
