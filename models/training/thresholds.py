"""Choose each label's threshold on the validation split, for the precision that its hazard needs.

What a hazard needs is dated data of the configuration (`[[needs]]`), because it is a judgement: how many false alarms
people put up with before they stop looking, against what a missed one costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Self

import numpy as np

from models.training.metrics import Hits, ImageHits, gather

LOWEST, HIGHEST, STEP = 0.2, 0.95, 0.01
UNMEASURED = 0.5  # where the validation split shows none: neither all nor nothing


@dataclass(frozen=True)
class Need:
    """What one label must reach.

    Attributes:
        label: the label.
        precision: the share of its detections that are right, 0 to 1, on the validation split.
        since: from when this need holds.
        reason: why so much and no more.
        hazard: the code of the hazard that the label decides; empty where it decides none.
        false_alarms_per_100: detections per 100 images that do not show the label, at most; None: not asked.
    """

    label: str
    precision: float
    since: date
    reason: str
    hazard: str = ""
    false_alarms_per_100: float | None = None

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Self:
        """Build a need from its table in the configuration.

        Raises:
            ValueError: a field is missing, unknown, or out of its range.
        """
        try:
            need = cls(**table)
        except TypeError as error:
            msg = f"[[needs]] of {table.get('label', '?')}: {error}"
            raise ValueError(msg) from error
        if not 0 < need.precision <= 1 or not need.reason:
            msg = f"[[needs]] of {need.label}: a precision above 0 up to 1 and a reason are wanted"
            raise ValueError(msg)
        return need


@dataclass(frozen=True)
class Chosen:
    """A threshold and what it reached on the validation split.

    Attributes:
        score: detections from this score are reported.
        precision, recall: at that score; None where undefined.
        false_alarms_per_100: detections per 100 images without the label; None where there are none.
        clean_images: how many images without the label there were.
        reached: the need is met.
    """

    score: float
    precision: float | None
    recall: float | None
    false_alarms_per_100: float | None
    clean_images: int
    reached: bool

    def as_row(self) -> dict[str, Any]:
        """Return it as rounded numbers."""
        return {
            key: round(value, 3) if isinstance(value, float) else value
            for key, value in asdict(self).items()
        }


def choose(parts: Sequence[ImageHits], need: Need) -> Chosen:
    """Return the smallest score that meets a need; where none does, the one with the best F1 that comes nearest.

    A label that no image shows, or that is never found, has nothing to choose by: it gets `UNMEASURED`.

    Nearest: among the scores that keep to the false alarms if any does, else among all. A need that is not met is
    said, never hidden: the label is experimental then.

    Args:
        parts: the label's hits in every validation image that knows it.
        need: what it must reach.
    """
    hits = gather(parts)
    clean = gather([part for part in parts if not part.objects])
    if not hits.objects:
        return _at(hits, clean, UNMEASURED, need)
    tried = [_at(hits, clean, score, need) for score in _grid()]
    for chosen in tried:
        if chosen.reached:
            return chosen
    quiet = [chosen for chosen in tried if _is_quiet(chosen, need)]
    best = max(quiet or tried, key=_f1)
    return best if _f1(best) else _at(hits, clean, UNMEASURED, need)


def _grid() -> list[float]:
    return [round(float(score), 2) for score in np.arange(LOWEST, HIGHEST + 1e-9, STEP)]


def _at(hits: Hits, clean: Hits, score: float, need: Need) -> Chosen:
    precision, recall = (_known(value) for value in hits.precision_recall(score))
    rate = 100 * clean.false_alarms(score) / clean.images if clean.images else None
    chosen = Chosen(score, precision, recall, rate, clean.images, reached=False)
    is_precise = precision is not None and precision >= need.precision and bool(recall)
    return Chosen(
        score, precision, recall, rate, clean.images, is_precise and _is_quiet(chosen, need)
    )


def _is_quiet(chosen: Chosen, need: Need) -> bool:
    asked, had = need.false_alarms_per_100, chosen.false_alarms_per_100
    return asked is None or had is None or had <= asked


def _f1(chosen: Chosen) -> float:
    precision, recall = chosen.precision or 0.0, chosen.recall or 0.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
