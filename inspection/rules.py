"""From what a model sees to hazards: pure functions of boxes, no picture, no clock, no database.

What is claimed, and nothing else:

======  =============  ==========================================================================
code    label          counts when
======  =============  ==========================================================================
PPE-01  head           a bare head that belongs to a person, and no helmet sits on it
PPE-05  no_vest        a torso without a vest that belongs to a person, and no vest overlaps it
FIR-08  cigarette      always
EMG-01  flame          always
EMG-02  smoke          always
EMG-03  fallen_person  always
======  =============  ==========================================================================

*Belongs to a person.* A head alone is not a person without a helmet: it may be a poster or a reflection. A head
belongs to a person when its centre lies within the person's width and in the upper third of their height, and its
size is plausible: 6 to 75 % of the person's height (an adult is 7 to 8 heads tall; seen from above, seated or
cut off by the picture's border, far fewer) and no wider than the person. Of several such persons it is the one whose
top is nearest the head's. A torso or a cigarette belongs to the person whose box holds at least 70 % of it.

*Overlaps.* Half of the smaller box lies in the other one. The smaller box counts because a helmet covers the upper
part of a head only. Any such vest cancels, however sure the model is: doubt is decided for the worker.

*Sits on.* A helmet that overlaps a head is worn only where it can be: at least half as wide as the head, its centre over the
head's and not below its middle by more than a quarter of its height. One in a raised hand, under an arm, or on somebody farther
back protects nobody. Of 2,064 bare heads that the shipped model found in 1,000 photos, helmets overlapped four: three were the helmets of
people behind, 0.36 to 0.46 of the head's width, and the fourth could be worn. The limits leave room for doubt, which is decided for the
worker.

*Where it stands.* Zones are drawn on the floor, so what a person wears or holds stands at that person's feet (the
middle of the lower edge of their box). Flames, smoke and a person who lies stand at the middle of their box: the
lower edge of smoke is not where it comes from, and who lies covers the floor with the whole box.

*Zones.* A hazard that at least one zone is drawn for counts only inside such zones, once for each that holds it. A
hazard that no zone is drawn for counts anywhere. So a zone for helmets alone never hides a fire.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from uuid_utils.compat import uuid7

from inspection.taxonomy import hazard_type
from inspection.wire import Box, FindingDraft, Source
from inspection.zones import Point, Zone
from models.detections import Detections

__all__ = ["RULES", "Rule", "SeenHazard", "Zone", "assess", "claimable_hazards", "draft"]

PERSON = "person"
HEAD_REGION = 1 / 3
HEAD_TO_PERSON_HEIGHT = (0.06, 0.75)
HELD_SHARE = 0.7
OVERLAP_SHARE = 0.5
# A worn helmet against the head: its width, how far its centre lies aside, and below the middle.
WORN_WIDTH = 0.5
WORN_ASIDE = 0.45
WORN_BELOW = 0.25
MAX_BOXES = 200

Boxes = NDArray[np.float32]
# How well a box (4,) fits each person (P, 4): higher is better, -inf is not at all.
Fit = Callable[[Boxes, Boxes], NDArray[np.float64]]
# Which of the boxes (N, 4) say that a box (4,) is no hazard.
Cancels = Callable[[Boxes, Boxes], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class SeenHazard:
    """A hazard in one picture and zone.

    Attributes:
        hazard_code: a code of the catalogue.
        label: the model class that decided.
        confidence: that of its surest instance, 0 to 1.
        boxes: its instances (the deciding label's boxes), relative, surest first, at most `MAX_BOXES`.
        zone: the zone's name, or None where no zone is drawn for the hazard.
    """

    hazard_code: str
    label: str
    confidence: float
    boxes: tuple[Box, ...]
    zone: str | None = None


def overlapping(box: Boxes, others: Boxes) -> NDArray[np.bool_]:
    """Tell which boxes overlap a box: half of the smaller one lies in the other."""
    smaller = np.maximum(np.minimum(_area(box[None]), _area(others)), 1e-9)
    return _shared(box, others) >= OVERLAP_SHARE * smaller


@dataclass(frozen=True, slots=True)
class Rule:
    """How one hazard is told from boxes.

    Attributes:
        hazard_code: a code of the catalogue.
        label: the model class that decides.
        fit: how its box is matched to a person; None for what stands by itself.
        needs_person: without a matching person it does not count.
        cancelled_by: the label whose box says that it is not so.
        cancels: where such a box has to be.
    """

    hazard_code: str
    label: str
    fit: Fit | None = None
    needs_person: bool = False
    cancelled_by: str | None = None
    cancels: Cancels = overlapping

    @property
    def needed_labels(self) -> frozenset[str]:
        """The labels that a model needs before the hazard can be claimed."""
        return frozenset({self.label, PERSON}) if self.needs_person else frozenset({self.label})


def head_fit(head: Boxes, persons: Boxes) -> NDArray[np.float64]:
    """Tell how well a head fits each person: minus the distance of their tops, in heights of the person."""
    left, top, right, bottom = persons.T.astype(np.float64)
    width, height = np.maximum(right - left, 1e-9), np.maximum(bottom - top, 1e-9)
    centre_x, centre_y = (head[0] + head[2]) / 2, (head[1] + head[3]) / 2
    share = (head[3] - head[1]) / height
    plausible = (
        (left <= centre_x)
        & (centre_x <= right)
        & (top <= centre_y)
        & (centre_y <= top + HEAD_REGION * height)
        & (HEAD_TO_PERSON_HEIGHT[0] <= share)
        & (share <= HEAD_TO_PERSON_HEIGHT[1])
        & (head[2] - head[0] <= width)
    )
    return np.where(plausible, -np.abs(head[1] - top) / height, -np.inf)


def held_fit(box: Boxes, persons: Boxes) -> NDArray[np.float64]:
    """Tell how much of a box each person's box holds, where it is enough."""
    share = _shared(box, persons) / max(_area(box[None])[0], 1e-9)
    return np.where(share >= HELD_SHARE, share, -np.inf)


def worn_on(head: Boxes, helmets: Boxes) -> NDArray[np.bool_]:
    """Tell which helmets sit on a head; see the module's text."""
    width, height = np.maximum(head[2:] - head[:2], 1e-9).astype(np.float64)
    wide = (helmets[:, 2] - helmets[:, 0]) / width
    aside = np.abs(helmets[:, 0] + helmets[:, 2] - head[0] - head[2]) / (2 * width)
    below = (helmets[:, 1] + helmets[:, 3] - head[1] - head[3]) / (2 * height)
    is_placed: NDArray[np.bool_] = (
        (wide >= WORN_WIDTH) & (aside <= WORN_ASIDE) & (below <= WORN_BELOW)
    )
    return is_placed & overlapping(head, helmets)


RULES = (
    Rule("PPE-01", "head", head_fit, needs_person=True, cancelled_by="helmet", cancels=worn_on),
    Rule("PPE-05", "no_vest", held_fit, needs_person=True, cancelled_by="vest"),
    Rule("FIR-08", "cigarette", held_fit),
    Rule("EMG-01", "flame"),
    Rule("EMG-02", "smoke"),
    Rule("EMG-03", "fallen_person"),
)


@dataclass(frozen=True, slots=True)
class _Instance:
    box: Box
    ground: Point


@dataclass(frozen=True, slots=True)
class _Scene:
    detections: Detections
    labels: Sequence[str]
    size_wh: tuple[int, int]

    def of(self, label: str | None) -> Detections:
        if label not in self.labels:
            return Detections.empty()
        return self.detections[self.detections.class_id == self.labels.index(label)]

    def relative(self, xyxy: Boxes) -> Boxes:
        relative: Boxes = np.clip(xyxy / np.array(self.size_wh * 2, np.float64), 0, 1)
        return relative


def assess(
    detections: Detections,
    labels: Sequence[str],
    size_wh: tuple[int, int],
    *,
    zones: Collection[Zone] = (),
    hazards: Collection[str] | None = None,
    thresholds: Mapping[str, float] | None = None,
) -> list[SeenHazard]:
    """Tell the hazards of one picture: one for each hazard code and zone, with the boxes of all its instances.

    Args:
        detections: what the model saw, in pixels.
        labels: the model's class names by class id.
        size_wh: width and height of the upright picture, pixels.
        zones: where hazards count; see the module's text.
        hazards: codes to look for; None means every one that has a rule.
        thresholds: least confidence of the deciding box, by hazard code or by label (the code prevails). Detections
            below the detector's own threshold never get here: a lower limit is set when the model is loaded.

    Raises:
        UnknownHazard: `hazards` or `thresholds` name a code that the catalogue has not.
    """
    limits = thresholds or {}
    for code in {*(hazards or ()), *(key for key in limits if _is_code(key))}:
        hazard_type(code)
    scene = _Scene(detections, tuple(labels), size_wh)
    wanted = [rule for rule in RULES if hazards is None or rule.hazard_code in hazards]
    seen: list[SeenHazard] = []
    for rule in wanted:
        least = limits.get(rule.hazard_code, limits.get(rule.label, 0.0))
        seen.extend(_seen(rule, list(_instances(rule, scene, least)), zones))
    return seen


def claimable_hazards(labels: Collection[str]) -> tuple[str, ...]:
    """Return the codes that can be claimed with a model of these labels."""
    return tuple(rule.hazard_code for rule in RULES if rule.needed_labels <= set(labels))


def model_labels() -> dict[str, str]:
    """Return the label that decides about each hazard that a model can claim."""
    return {rule.hazard_code: rule.label for rule in RULES}


class Model(Protocol):
    """Which model saw it; a `models.detector.Detector` is one."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def sha256(self) -> str:
        """The SHA-256 of the model's file."""


def draft(
    seen: SeenHazard,
    *,
    captured_at: datetime,
    source: Source,
    evidence_sha256: str,
    model: Model,
    clock_offset_s: float | None = None,
) -> FindingDraft:
    """Write a finding's draft with an id of its own (UUIDv7).

    Args:
        seen: what was seen.
        captured_at: when the picture was taken, aware, device clock.
        source: where it comes from.
        evidence_sha256: hash of the original picture's bytes.
        model: which model saw it.
        clock_offset_s: device clock minus server clock, seconds, as last measured.

    Raises:
        pydantic.ValidationError: a fact is not as the wire wants it, such as a time without a zone.
    """
    return FindingDraft(
        id=uuid7(),
        hazard_code=seen.hazard_code,
        label=seen.label,
        confidence=seen.confidence,
        boxes=seen.boxes,
        captured_at=captured_at,
        clock_offset_s=clock_offset_s,
        source=source,
        zone=seen.zone,
        model_name=model.name,
        model_sha256=model.sha256,
        evidence_sha256=evidence_sha256,
    )


def _is_code(key: str) -> bool:
    return len(key) == 6 and key[3] == "-" and key[:3].isupper()


def _instances(rule: Rule, scene: _Scene, least: float) -> Iterator[_Instance]:
    """Yield what a rule counts, surest first."""
    deciding = scene.of(rule.label)
    deciding = deciding[deciding.confidence >= least]
    deciding = deciding[np.argsort(-deciding.confidence, kind="stable")]
    persons, cancelling = scene.of(PERSON).xyxy, scene.of(rule.cancelled_by).xyxy
    for xyxy, confidence in zip(deciding.xyxy, deciding.confidence, strict=True):
        person = _best(rule.fit(xyxy, persons)) if rule.fit else None
        if (rule.needs_person and person is None) or rule.cancels(xyxy, cancelling).any():
            continue
        x1, y1, x2, y2 = map(float, scene.relative(xyxy))
        # Nothing is left of a box that lay outside the picture.
        if x1 < x2 and y1 < y2:
            box = Box(x1=x1, y1=y1, x2=x2, y2=y2, label=rule.label, confidence=float(confidence))
            yield _Instance(
                box, _ground(box, None if person is None else scene.relative(persons[person]))
            )


def _best(fits: NDArray[np.float64]) -> int | None:
    if not fits.size or fits.max() == -np.inf:
        return None
    return int(fits.argmax())


def _ground(box: Box, person: Boxes | None) -> Point:
    """Return where it stands: the person's feet, else the middle of its box."""
    if person is None:
        return (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2
    return float(person[0] + person[2]) / 2, float(person[3])


def _shared(box: Boxes, others: Boxes) -> NDArray[np.float64]:
    """Return the area that a box (4,) shares with each other one (N, 4)."""
    width = np.minimum(box[2], others[:, 2]) - np.maximum(box[0], others[:, 0])
    height = np.minimum(box[3], others[:, 3]) - np.maximum(box[1], others[:, 1])
    shared: NDArray[np.float64] = np.maximum(width, 0).astype(np.float64) * np.maximum(height, 0)
    return shared


def _area(boxes: Boxes) -> NDArray[np.float64]:
    sides = (boxes[:, 2:] - boxes[:, :2]).astype(np.float64)
    area: NDArray[np.float64] = sides.prod(axis=1)
    return area


def _seen(
    rule: Rule, instances: Sequence[_Instance], zones: Collection[Zone]
) -> Iterator[SeenHazard]:
    drawn = sorted(
        (zone for zone in zones if zone.applies_to(rule.hazard_code)), key=lambda zone: zone.name
    )
    if not drawn:
        yield from _one(rule, instances, None)
    for name, parts in groupby(drawn, key=lambda zone: zone.name):
        polygons = list(parts)
        inside = [
            each for each in instances if any(zone.contains(each.ground) for zone in polygons)
        ]
        yield from _one(rule, inside, name)


def _one(rule: Rule, instances: Sequence[_Instance], zone: str | None) -> Iterator[SeenHazard]:
    if instances:
        boxes = tuple(each.box for each in instances[:MAX_BOXES])
        yield SeenHazard(rule.hazard_code, rule.label, boxes[0].confidence, boxes, zone)
