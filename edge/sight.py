"""Whether a picture shows what the camera is there to show: pure, on small grey pictures. No clock, no thread.

=======  ============================================================================================
absent   no picture comes
black    hardly anything is brighter than black
covered  where the view had structure, there is none
frozen   not one pixel differs for so long that no sensor could be behind it: the picture is an old one
blurred  edges are half as steep as they used to be: the lens is out of focus, dirty or wet
moved    edges run elsewhere than they used to: zones no longer lie where they were drawn
=======  ============================================================================================

What a view used to be is its `Reference`: a slow mean of what was seen, in which people and vehicles fade. It follows seasons and
parked lorries, but only from pictures that agree with it. A verdict counts once it has lasted; until then it may be a lorry in front of
the lens. Dusk, lamps, infrared light, fog and half a view hidden by a lorry are none of these (tests/unit/edge/test_sight.py says on which
pictures).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.sight import Sight

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

SIZE_WH = (320, 180)
CELLS_WH = (16, 9)
# Of 255, reached by less than so much of a black picture (lens cap, night without light).
BLACK_LEVEL, BRIGHT_SHARE = 32, 0.02
# A cell of smoothed grey whose levels spread less shows nothing.
FLAT_LEVELS = 3.0
# Without a reference nothing but an empty picture is called covered; with one, so much of what had structure.
ALL_FLAT, LOST_SHARE = 0.97, 0.75
# Fewer cells with structure than this tell nothing about a view.
LEAST_CELLS = 8
BLURRED_SHARE = 0.5
# A gradient of so many levels a pixel is an edge; in the picture of now half of that is enough.
EDGE_LEVELS = 12.0
LEAST_EDGES = 0.08
AGREEING = 0.35
MOVED_SHARE = 0.35
# Pictures that agree less than this are not learnt from.
LEARNT_SHARE = 0.5
FIRST_PICTURES, MEMORY = 20, 0.99

FROZEN_S = 60.0
AFTER_S = {Sight.BLACK: 10.0, Sight.COVERED: 10.0, Sight.FROZEN: 0.0, Sight.BLURRED: 30.0, Sight.MOVED: 60.0, Sight.ABSENT: 0.0}  # fmt: skip
BACK_S = 3.0


@dataclass(frozen=True, slots=True)
class Edges:
    """The gradient of a smoothed grey picture: float32 (180, 320) each, levels a pixel."""

    dx: Floats
    dy: Floats

    @classmethod
    def of(cls, grey: Floats) -> "Edges":
        """Return the edges of a picture."""
        smooth = cv2.GaussianBlur(grey, (0, 0), 1.2)
        return cls(
            _floats(cv2.Sobel(smooth, cv2.CV_32F, 1, 0)),
            _floats(cv2.Sobel(smooth, cv2.CV_32F, 0, 1)),
        )

    @property
    def strength(self) -> Floats:
        """How steep they are."""
        return _floats(np.hypot(self.dx, self.dy))


@dataclass(slots=True)
class Reference:
    """What a view used to be.

    Attributes:
        grey: the mean picture, float32 (180, 320), levels 0 to 255.
        sharpness: how steep its edges were in single pictures.
        pictures: how many it was learnt from; fewer than `FIRST_PICTURES` say nothing yet.
    """

    grey: Floats
    sharpness: float
    pictures: int

    @property
    def is_ready(self) -> bool:
        """Tell whether it may be compared with."""
        return self.pictures >= FIRST_PICTURES

    def learn(self, grey: Floats, sharpness: float) -> None:
        """Move a little towards a picture that was seen."""
        self.pictures += 1
        kept = min(MEMORY, 1 - 1 / self.pictures)
        self.grey = kept * self.grey + (1 - kept) * grey
        self.sharpness = kept * self.sharpness + (1 - kept) * sharpness


def looked_at(luma: Image) -> Floats:
    """Return a small grey picture in the size in which views are compared."""
    return _floats(cv2.resize(luma, SIZE_WH, interpolation=cv2.INTER_AREA).astype(np.float32))


def flat_cells(grey: Floats) -> NDArray[np.bool_]:
    """Return which of the 16 × 9 cells show nothing: bool (144,). Noise is smoothed away before."""
    small = cv2.resize(grey, (80, 45), interpolation=cv2.INTER_AREA)
    return np.asarray(_cells(_floats(small)).std(axis=1) < FLAT_LEVELS, np.bool_)


def sharpness(grey: Floats) -> float:
    """Return how steep the steepest 3 % of a picture are, relative to its contrast."""
    fine = np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 0.8))
    # A quarter of the pixels tells as much, in a fifth of the time.
    return float(np.percentile(fine[::2, ::2], 97) / (grey.std() + 5.0))


def agreement(before: Edges, now: Edges) -> float | None:
    """Return in what share of the cells that had edges they still run the same way, 0 to 1; None with too few.

    Directions are compared, not strengths, and not which side is the brighter: light changes both.
    """
    was, is_now = before.strength, now.strength
    # cos 2φ of the angle between both gradients, from their dot and cross products.
    dot = before.dx * now.dx + before.dy * now.dy
    cross = before.dx * now.dy - before.dy * now.dx
    same = (dot * dot - cross * cross) / np.maximum((was * is_now) ** 2, 1e-6)
    was_edge = was > EDGE_LEVELS
    weight = np.where(was_edge, was, 0)
    had = _cells(_floats(was_edge)).mean(axis=1) > LEAST_EDGES
    if had.sum() < LEAST_CELLS:
        return None
    kept = _cells(_floats(np.where(is_now > EDGE_LEVELS / 2, weight * same, 0))).sum(axis=1)[had]
    return float(np.mean(kept / _cells(_floats(weight)).sum(axis=1)[had] > AGREEING))


def judge(grey: Floats, reference: Reference | None) -> tuple[Sight, float]:
    """Return what is wrong with a picture by itself (`SEEING`: nothing), and how far it agrees with the reference (1: wholly)."""
    if np.count_nonzero(grey >= BLACK_LEVEL) < BRIGHT_SHARE * grey.size:
        return Sight.BLACK, 0.0
    flat = flat_cells(grey)
    if flat.mean() >= ALL_FLAT:
        return Sight.COVERED, 0.0
    if reference is None or not reference.is_ready:
        return Sight.SEEING, 1.0
    structured = ~flat_cells(reference.grey)
    if structured.sum() >= LEAST_CELLS and flat[structured].mean() >= LOST_SHARE:
        return Sight.COVERED, 0.0
    if sharpness(grey) < BLURRED_SHARE * reference.sharpness:
        return Sight.BLURRED, 0.0
    agreeing = agreement(Edges.of(reference.grey), Edges.of(grey))
    if agreeing is None:
        return Sight.SEEING, 1.0
    return (Sight.MOVED if agreeing < MOVED_SHARE else Sight.SEEING), agreeing


class SightJudge:
    """One camera's sight over time.

    `absent_after_s` without a picture is absence. `reference` is what the view used to be when it was last watched.

    Attributes:
        sight: what counts now.
        since_s: when it began, on the caller's clock; what must last before it counts began earlier than it was told.
        reference: what the view used to be; None before the first picture.
    """

    def __init__(
        self, absent_after_s: float, now_s: float, reference: Reference | None = None
    ) -> None:
        self.absent_after_s = absent_after_s
        self.sight, self.since_s, self.reference = Sight.SEEING, now_s, reference
        self._seen_at_s = self._changed_at_s = self._verdict_since_s = now_s
        self._verdict = Sight.SEEING
        self._before: Image | None = None

    def take(self, luma: Image, at_s: float) -> bool:
        """Take a picture; return whether what counts changed."""
        self._seen_at_s = at_s
        if self._before is None or not np.array_equal(self._before, luma):
            self._before, self._changed_at_s = luma, at_s
        grey = looked_at(luma)
        verdict, agreeing = judge(grey, self.reference)
        if verdict is Sight.SEEING and agreeing >= LEARNT_SHARE:
            self._learn(grey)
        if verdict is Sight.SEEING and at_s - self._changed_at_s >= FROZEN_S:
            verdict = Sight.FROZEN
        return self._count(verdict, at_s)

    def tick(self, now_s: float) -> bool:
        """Note that time passed; return whether what counts changed."""
        if now_s - self._seen_at_s < self.absent_after_s:
            return False
        return self._count(Sight.ABSENT, now_s)

    def _learn(self, grey: Floats) -> None:
        if self.reference is None:
            self.reference = Reference(grey, sharpness(grey), 1)
        else:
            self.reference.learn(grey, sharpness(grey))

    def _count(self, verdict: Sight, now_s: float) -> bool:
        if verdict is not self._verdict:
            self._verdict, self._verdict_since_s = verdict, now_s
        lasts_s = BACK_S if verdict is Sight.SEEING else AFTER_S[verdict]
        if verdict is self.sight or now_s - self._verdict_since_s < lasts_s:
            return False
        self.sight, self.since_s = verdict, self._began_s(verdict)
        return True

    def _began_s(self, sight: Sight) -> float:
        if sight is Sight.ABSENT:
            return self._seen_at_s
        return self._changed_at_s if sight is Sight.FROZEN else self._verdict_since_s


def _cells(picture: Floats) -> Floats:
    """Return the pixels of each of the 16 × 9 cells, row by row: (144, pixels of a cell)."""
    columns, rows = CELLS_WH
    height, width = picture.shape
    blocks = picture.reshape(rows, height // rows, columns, width // columns)
    return _floats(blocks.swapaxes(1, 2).reshape(rows * columns, -1))


def _floats(values: object) -> Floats:
    return np.asarray(values, np.float32)
