"""One look at a capture: the model, then the rules, with what this run asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from edge.capture import Capture
from edge.errors import HazardInvalid, ModelUnusable
from edge.zones import read_zones
from inspection.rules import SeenHazard, assess, claimable_hazards, draft
from inspection.wire import FindingDraft
from inspection.zones import Zone
from models.bundle import load_bundle
from models.detector import Detector
from models.errors import ModelError


@dataclass(frozen=True)
class Look:
    """A loaded model with the zones and hazards of this run (`hazards` None: all that a picture shows)."""

    detector: Detector
    zones: tuple[Zone, ...] = ()
    hazards: frozenset[str] | None = None

    @classmethod
    def prepare(cls, model: Path | None, zones: Path | None, hazards: Sequence[str] | None) -> Self:
        """Check every input and load the model.

        Raises:
            SetupError: which of them is wrong and how to mend it.
        """
        read = () if zones is None else read_zones(zones)
        try:
            detector = load_bundle(model)
        except ModelError as error:
            raise ModelUnusable(str(error)) from error
        claimable = claimable_hazards(detector.labels)
        for code in hazards or ():
            if code not in claimable:
                raise HazardInvalid(code, ", ".join(claimable))
        return cls(detector, read, frozenset(hazards) if hazards else None)

    def assess(self, image_bgr: NDArray[np.uint8]) -> list[SeenHazard]:
        """Return the hazards in an upright picture.

        Raises:
            ModelUnusable: the runtime failed on it.
        """
        height, width = image_bgr.shape[:2]
        try:
            detections = self.detector.detect(image_bgr)
        except ModelError as error:
            raise ModelUnusable(str(error)) from error
        return assess(
            detections,
            self.detector.labels,
            (width, height),
            zones=self.zones,
            hazards=self.hazards,
            thresholds=self.detector.thresholds,
        )

    def draft(
        self,
        seen: SeenHazard,
        capture: Capture,
        *,
        clock_offset_s: float | None,
        sightings: int = 1,
    ) -> FindingDraft:
        """Return the draft of a seen hazard, with a new id."""
        made = draft(
            seen,
            captured_at=capture.captured_at,
            clock_offset_s=clock_offset_s,
            source=capture.source,
            model=self.detector,
            evidence_sha256=capture.sha256,
        )
        return made.model_copy(update={"sightings": sightings})
