"""Who is shown people's heads in derived pictures: `catalogue/photo_privacy.csv`, dated data that an area may edit.

It is a default of what the app and reports show. The evidence itself is never changed, and whoever may read it may ask
for the original; that is in the access log.
"""

import csv
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Self

import numpy as np
from numpy.typing import NDArray

from inspection.jobs import PhotoDetector
from inspection.tables import Role
from models.detections import Detections
from models.detector import Detector
from models.privacy import blur_heads, privacy_thresholds, require_heads

# Another number when the way of blurring changes, so that no kept picture of the old way is shown.
BLUR_VERSION = 1

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class HeadRule:
    """What a role is shown from a day on."""

    role: Role
    shows_heads: bool
    valid_from: date
    basis: str
    basis_checked: bool


def shows_heads(roles: Collection[Role], on: date) -> bool:
    """Return whether someone with these roles is shown heads by default on a day: when any of the roles is.

    A role that the file has no row for on that day is shown none.
    """
    return any(_shows_heads(role, on) for role in roles)


@dataclass(frozen=True)
class HeadBlur:
    """Blurs heads by a model; `model_sha256` names it, so that a kept picture can be told from a better one's."""

    detect: Callable[[Image], Detections]
    labels: Sequence[str]
    model_sha256: str

    @classmethod
    def from_detector(cls, detector: PhotoDetector) -> Self:
        """Return the blur by the server's own model, which looks for people with less certainty than for claims."""
        look: Callable[[Image], Detections] = detector.detect
        if isinstance(detector, Detector):
            look = detector.with_thresholds(privacy_thresholds(detector.labels)).detect
        return cls(look, tuple(detector.labels), detector.sha256)

    @property
    def variant(self) -> str:
        """How a picture that was blurred so is named beside others."""
        return f"blurred{BLUR_VERSION}-{self.model_sha256}"

    def blur(self, image_bgr: Image) -> Image:
        """Return a copy with heads blurred. Raises `models.errors.ModelError`; never an unblurred picture."""
        # Before the model runs: a model that cannot tell heads needs no look.
        require_heads(self.labels)
        return blur_heads(image_bgr, self.detect(image_bgr), self.labels)


def _shows_heads(role: Role, on: date) -> bool:
    in_force = [rule for rule in _rules() if rule.role is role and rule.valid_from <= on]
    return bool(in_force) and max(in_force, key=lambda rule: rule.valid_from).shows_heads


@cache
def _rules() -> tuple[HeadRule, ...]:
    text = files("inspection").joinpath("catalogue", "photo_privacy.csv").read_text("utf-8-sig")
    return tuple(
        HeadRule(
            role=Role(row["role"]),
            shows_heads={"original": True, "blurred": False}[row["heads"]],
            valid_from=date.fromisoformat(row["valid_from"]),
            basis=row["basis"],
            basis_checked=row["basis_checked"] == "yes",
        )
        for row in csv.DictReader(text.splitlines())
    )
