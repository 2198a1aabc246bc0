"""One look at a capture: the model, then the rules, with what this run asks for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from edge.capture import Capture
from edge.errors import HazardInvalid, HazardOff, LabelInvalid, ModelUnusable
from edge.zones import read_zones
from inspection.rules import SeenHazard, assess, draft
from inspection.switches import LabelUnknown, Switches
from inspection.wire import FindingDraft
from inspection.zones import Zone
from models.bundle import load_bundle
from models.detections import Detections
from models.detector import Detect, Detector
from models.errors import ModelError
from models.running import Running
from models.tiling import Tiling, tiled

# Height and width of what nearly every camera sends, in proportion.
CAMERA_HW = (360, 640)


@dataclass(frozen=True)
class Look:
    """A loaded model with what this run looks for.

    Attributes:
        detector: the model.
        switches: what the model may claim, and which experimental labels are off.
        hazards: the codes that this run looks for, all of them on.
        zones: where hazards count.
        tiling: how pictures are cut into tiles that are looked at too; None: not at all.
    """

    detector: Detector
    switches: Switches
    hazards: frozenset[str]
    zones: tuple[Zone, ...] = ()
    tiling: Tiling | None = None

    @cached_property
    def detect(self) -> Detect:
        """What looks at a picture: the detector, on tiles too where this run asks for them."""
        return tiled(self.detector.detect, self.tiling) if self.tiling else self.detector.detect

    @property
    def detail_px(self) -> int | None:
        """The longer side of a picture beyond which this look sees no more of it, pixels; None: every pixel."""
        return None if self.tiling else self.detector.detail_px

    def tiled(self, tiling: Tiling) -> Self:
        """Return the same look, at tiles as well as at the whole picture."""
        return replace(self, tiling=tiling)

    @classmethod
    def prepare(
        cls,
        model: Path | None,
        zones: Path | None,
        hazards: Sequence[str] | None,
        experimental: Collection[str] = (),
        running: Running | None = None,
    ) -> Self:
        """Check every input and load the model; `experimental` labels are switched on.

        `running` says on which runtime and in which precision; None leaves both to `models.runtimes`.

        Raises:
            SetupError: which of them is wrong and how to mend it.
        """
        read = () if zones is None else read_zones(zones)
        try:
            detector = load_bundle(model, running=running)
        except ModelError as error:
            raise ModelUnusable(str(error)) from error
        try:
            switches = Switches.of(detector, experimental)
        except LabelUnknown as error:
            raise LabelInvalid(error.label, ", ".join(error.known)) from error
        for code in hazards or ():
            _require_on(code, switches)
        return cls(detector, switches, switches.among(hazards or None), read)

    def warm_up(self) -> None:
        """Look at an empty picture of a camera's shape, so that the first real one waits for nothing.

        Raises:
            ModelUnusable: the runtime does not run the model.
        """
        self.detections(np.zeros((*CAMERA_HW, 3), np.uint8))

    def only(self, hazards: Sequence[str], zones: Sequence[Zone]) -> Self:
        """Return the same model looking for some hazards in some zones; none named: as this look does.

        Raises:
            SetupError: a hazard that no picture shows, or that is off.
        """
        for code in hazards:
            _require_on(code, self.switches)
        codes = self.switches.among(hazards) if hazards else self.hazards
        return replace(self, hazards=codes, zones=tuple(zones) or self.zones)

    def assess(self, image_bgr: NDArray[np.uint8]) -> list[SeenHazard]:
        """Return the hazards in an upright picture.

        Raises:
            ModelUnusable: the runtime failed on it.
        """
        return self.hazards_in(self.detections(image_bgr), image_bgr)

    def detections(self, image_bgr: NDArray[np.uint8]) -> Detections:
        """Return what the model sees in an upright picture, hazard or not.

        Raises:
            ModelUnusable: the runtime failed on it.
        """
        try:
            return self.detect(image_bgr)
        except ModelError as error:
            raise ModelUnusable(str(error)) from error

    def hazards_in(self, detections: Detections, image_bgr: NDArray[np.uint8]) -> list[SeenHazard]:
        """Return the hazards among what the model saw in a picture."""
        height, width = image_bgr.shape[:2]
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


def _require_on(code: str, switches: Switches) -> None:
    for each in switches.off:
        if each.hazard_code == code:
            raise HazardOff(code, each.label)
    if code not in switches.on:
        raise HazardInvalid(code, ", ".join(switches.on))
