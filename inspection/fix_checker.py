"""Whether a hazard is still to be seen in a photo taken after its fix: what a model and the rules can say, and what not.

    visible      a rule of the hazard is met: its boxes show where
    not_seen     it was looked for and not seen; that is no proof that it is gone
    cannot_say   it was not looked for: the model has no label for it, or one that is experimental and off, or nobody is in
                 a picture of a hazard that only people show
    failed       the photo could not be read

A person reinspects, whatever is said here.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from inspection.rules import PERSON, RULES, Rule, assess
from inspection.switches import Switches
from inspection.wire import Box
from models.detections import Detections
from models.pictures import Picture


class Verdict(StrEnum):
    """What can be said of a photo, or of all of a submission."""

    VISIBLE = "visible"
    NOT_SEEN = "not_seen"
    CANNOT_SAY = "cannot_say"
    FAILED = "failed"


class Doubt(StrEnum):
    """Why nothing can be said."""

    NO_LABEL = "no_label"
    EXPERIMENTAL = "experimental"
    NOBODY = "nobody"
    UNREADABLE = "unreadable"
    ERASED = "erased"


@dataclass(frozen=True)
class PhotoLook:
    """What can be said of one photo.

    Attributes:
        sha256: the photo's.
        verdict: what is said; `why` tells the reason where it is ``cannot_say`` or ``failed``.
        boxes: where the hazard is still to be seen, relative, surest first.
        detail: the reader's own words about a photo that it could not read.
    """

    sha256: str
    verdict: Verdict
    why: Doubt | None = None
    boxes: tuple[Box, ...] = ()
    detail: str = ""

    def as_data(self) -> dict[str, Any]:
        """Return it as rows and ledger entries hold it; what is empty is left out."""
        data: dict[str, Any] = {"sha256": self.sha256, "verdict": self.verdict.value}
        if self.why is not None:
            data["why"] = self.why.value
        if self.boxes:
            data["boxes"] = [box.model_dump() for box in self.boxes]
        if self.detail:
            data["detail"] = self.detail
        return data


class LookingModel(Protocol):
    """What is asked of a model here; a `models.detector.Detector` is one."""

    @property
    def labels(self) -> Sequence[str]:
        """The class names by class id."""

    def detect(self, image_bgr: NDArray[np.uint8]) -> Detections:
        """Return what the model sees in an upright picture, uint8 (H, W, 3)."""


@dataclass(frozen=True)
class FixChecker:
    """A model, and which hazards it may claim as it is switched."""

    model: LookingModel
    switches: Switches

    def doubt(self, hazard_code: str) -> Doubt | None:
        """Return why nothing can be said of a hazard, whatever the picture; None: it can be looked for."""
        if hazard_code in self.switches.on:
            return None
        is_off = any(each.hazard_code == hazard_code for each in self.switches.off)
        return Doubt.EXPERIMENTAL if is_off else Doubt.NO_LABEL

    def look(self, sha256: str, picture: Picture, hazard_code: str) -> PhotoLook:
        """Look for a hazard in a photo.

        Raises:
            ModelError: the model failed.
        """
        doubt = self.doubt(hazard_code)
        if doubt is not None:
            return PhotoLook(sha256, Verdict.CANNOT_SAY, doubt)
        detections = self.model.detect(picture.image_bgr)
        seen = assess(detections, self.model.labels, picture.size_wh, hazards=(hazard_code,))
        if seen:
            return PhotoLook(sha256, Verdict.VISIBLE, boxes=seen[0].boxes)
        if _rule(hazard_code).needs_person and not self._has_person(detections):
            return PhotoLook(sha256, Verdict.CANNOT_SAY, Doubt.NOBODY)
        return PhotoLook(sha256, Verdict.NOT_SEEN)

    def _has_person(self, detections: Detections) -> bool:
        return bool((detections.class_id == list(self.model.labels).index(PERSON)).any())


def verdict_of(looks: Sequence[PhotoLook]) -> Verdict:
    """Return what is said of all photos of a submission: what was seen in one prevails, then what was looked for in vain."""
    said = Counter(look.verdict for look in looks)
    for verdict in (Verdict.VISIBLE, Verdict.NOT_SEEN, Verdict.FAILED):
        if said[verdict]:
            return verdict
    return Verdict.CANNOT_SAY


def _rule(hazard_code: str) -> Rule:
    return next(rule for rule in RULES if rule.hazard_code == hazard_code)
