"""Time every way that this machine has to run a model, and pick the fastest that is known to keep accuracy."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from models.bundle import MAX_LOSS_POINTS, load_bundle
from models.detector import Detector
from models.errors import ModelError
from models.running import COMPACT, SQUARE, Running
from models.timing import interleaved_ms
from models.ways import points_of, ways_here


class Verdict(StrEnum):
    """What a way is worth here."""

    PICKED = "picked"
    SLOWER = "slower"
    UNMEASURED = "unmeasured"  # nobody measured its accuracy
    COSTS = "costs"  # more than half an AP50 point
    REFUSED = "refused"  # it does not start, or fails on the picture


@dataclass(frozen=True, slots=True)
class TimedWay:
    """A way with what it takes and costs.

    Attributes:
        way: runtime, precision, shapes.
        verdict: what it is worth.
        median_ms: of one whole detection; None where it does not run.
        points: AP50 points that it gains (+) or costs (-); None where nobody measured.
        reason: why it does not run.
    """

    way: Running
    verdict: Verdict
    median_ms: float | None = None
    points: float | None = None
    reason: str = ""


def time_ways(
    model: Path | None, image_bgr: NDArray[np.uint8], rounds: int, *, compact: bool = False
) -> list[TimedWay]:
    """Return every way, the fastest first; what does not run is at the end with its reason.

    Args:
        model: its NAME.json; None means the model that is shipped.
        image_bgr: an upright picture, uint8 (H, W, 3).
        rounds: how often each way is timed.
        compact: whether small inputs, which far and small things are paid with, count as ways.

    Raises:
        ModelFileMissing, BundleInvalid: the model is not described.
    """
    detectors: dict[Running, Detector] = {}
    refused: list[TimedWay] = []
    for way in (way for way in ways_here(model) if compact or way.shapes != COMPACT):
        try:
            detector = load_bundle(model, running=way)
            if way.shapes != SQUARE and not detector.runtime.is_dynamic:
                continue  # it would run in its one size again
            detector.detect(image_bgr)
        except ModelError as error:
            if way.shapes == SQUARE:  # the same reason in the other shape need not be said
                refused.append(TimedWay(way, Verdict.REFUSED, reason=str(error)))
        else:
            detectors[way] = detector
    names = {str(number): way for number, way in enumerate(detectors)}
    steps = {
        name: (lambda detector=detectors[way]: detector.detect(image_bgr))
        for name, way in names.items()
    }
    times = interleaved_ms(steps, rounds) if steps else {}
    timed = [(median(times[name]), way, points_of(model, way)) for name, way in names.items()]
    timed.sort(key=lambda row: row[0])
    return [*_judged(timed), *refused]


def _judged(timed: Sequence[tuple[float, Running, float | None]]) -> list[TimedWay]:
    """Give each way its verdict; they come the fastest first."""
    judged: list[TimedWay] = []
    is_picked = False
    for median_ms, way, points in timed:
        if points is None:
            verdict = Verdict.UNMEASURED
        elif points < -MAX_LOSS_POINTS:
            verdict = Verdict.COSTS
        else:
            verdict = Verdict.SLOWER if is_picked else Verdict.PICKED
            is_picked = True
        judged.append(TimedWay(way, verdict, median_ms, points))
    return judged


def picked(ways: Sequence[TimedWay]) -> TimedWay | None:
    """Return the way that was picked; None where no way keeps accuracy for sure."""
    return next((way for way in ways if way.verdict is Verdict.PICKED), None)
