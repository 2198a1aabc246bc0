"""From boxes to hazards: a person without a helmet, not merely a head."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from inspection.rules import RULES, SeenHazard, Zone, assess, claimable_hazards, draft
from inspection.taxonomy import UnknownHazard, hazard_type
from inspection.wire import Box, Source, SourceKind
from models.detections import Detections

LABELS = (
    "person",
    "helmet",
    "head",
    "vest",
    "no_vest",
    "flame",
    "smoke",
    "fallen_person",
    "cigarette",
)
SIZE_WH = (1000, 800)
PERSON = (100, 100, 200, 500)
HEAD = (130, 105, 170, 155)
Found = tuple[str, tuple[float, float, float, float], float]


def seen(*found: Found) -> Detections:
    """Build detections from (label, xyxy, confidence)."""
    if not found:
        return Detections.empty()
    return Detections(
        np.array([box for _, box, _ in found], np.float32),
        np.array([confidence for *_, confidence in found], np.float32),
        np.array([LABELS.index(label) for label, *_ in found], np.int64),
    )


def codes(hazards: Sequence[SeenHazard]) -> list[str]:
    """Return the hazard codes."""
    return [each.hazard_code for each in hazards]


def test_nothing_seen_is_no_hazard() -> None:
    """An empty picture claims nothing."""
    assert assess(seen(), LABELS, SIZE_WH) == []


def test_a_bare_head_on_a_person_is_no_helmet() -> None:
    """The finding carries the head's box, relative, and its confidence."""
    (hazard,) = assess(seen(("person", PERSON, 0.9), ("head", HEAD, 0.75)), LABELS, SIZE_WH)
    assert (hazard.hazard_code, hazard.label, hazard.zone) == ("PPE-01", "head", None)
    assert hazard.confidence == pytest.approx(0.75)
    (box,) = hazard.boxes
    assert (box.x1, box.y1, box.x2, box.y2) == pytest.approx((0.13, 0.13125, 0.17, 0.19375))


@pytest.mark.parametrize(
    "head",
    [
        (130, 380, 170, 430),
        (300, 105, 340, 155),
        (130, 100, 170, 110),
        (100, 100, 200, 420),
        (20, 105, 250, 155),
    ],
    ids=["at the knees", "beside", "too small", "too tall", "wider than the person"],
)
def test_a_head_that_is_not_the_persons_claims_nothing(
    head: tuple[float, float, float, float],
) -> None:
    """Place and size must be those of this person's head."""
    assert assess(seen(("person", PERSON, 0.9), ("head", head, 0.9)), LABELS, SIZE_WH) == []


def test_a_head_alone_claims_nothing() -> None:
    """A poster or a reflection has no person around it."""
    assert assess(seen(("head", HEAD, 0.9)), LABELS, SIZE_WH) == []


def test_a_close_up_counts() -> None:
    """Head and shoulders only: the head is more than half of the person's box."""
    found = seen(("person", (100, 100, 500, 500), 0.9), ("head", (200, 100, 400, 360), 0.9))
    assert codes(assess(found, LABELS, SIZE_WH)) == ["PPE-01"]


def test_a_helmet_on_the_head_cancels() -> None:
    """Even an unsure helmet: doubt is decided for the worker. A helmet covers only the top of the head."""
    helmet = (128, 98, 172, 130)
    found = seen(("person", PERSON, 0.9), ("head", HEAD, 0.9), ("helmet", helmet, 0.3))
    assert assess(found, LABELS, SIZE_WH) == []


def test_another_persons_helmet_does_not_cancel() -> None:
    """A helmet beside the head is somebody else's."""
    helmet = (172, 98, 215, 130)
    found = seen(("person", PERSON, 0.9), ("head", HEAD, 0.9), ("helmet", helmet, 0.9))
    assert codes(assess(found, LABELS, SIZE_WH)) == ["PPE-01"]


def test_a_missing_vest_needs_a_person_and_no_vest() -> None:
    """A torso without a vest inside a person, unless a vest overlaps it."""
    torso, vest = ("no_vest", (110, 180, 190, 320), 0.8), ("vest", (115, 180, 185, 310), 0.4)
    person = ("person", PERSON, 0.9)
    assert codes(assess(seen(person, torso), LABELS, SIZE_WH)) == ["PPE-05"]
    assert assess(seen(torso), LABELS, SIZE_WH) == []
    assert assess(seen(person, torso, vest), LABELS, SIZE_WH) == []


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("flame", "EMG-01"),
        ("smoke", "EMG-02"),
        ("fallen_person", "EMG-03"),
        ("cigarette", "FIR-08"),
    ],
)
def test_what_stands_by_itself(label: str, code: str) -> None:
    """Fire, smoke, a person down and a cigarette need nobody beside them."""
    assert codes(assess(seen((label, (10, 10, 60, 60), 0.5)), LABELS, SIZE_WH)) == [code]


def test_instances_are_one_hazard_surest_first() -> None:
    """One finding for each hazard, with all its boxes."""
    found = seen(("flame", (10, 10, 60, 60), 0.4), ("flame", (300, 10, 360, 60), 0.9))
    (hazard,) = assess(found, LABELS, SIZE_WH)
    assert [box.confidence for box in hazard.boxes] == pytest.approx([0.9, 0.4])
    assert hazard.confidence == pytest.approx(0.9)


def test_thresholds_by_code_prevail_over_those_by_label() -> None:
    """A hazard's own threshold, else its label's, else whatever the detector reports."""
    found = seen(("flame", (10, 10, 60, 60), 0.5))
    assert assess(found, LABELS, SIZE_WH, thresholds={"EMG-01": 0.6}) == []
    assert assess(found, LABELS, SIZE_WH, thresholds={"flame": 0.6}) == []
    assert assess(found, LABELS, SIZE_WH, thresholds={"flame": 0.6, "EMG-01": 0.5})
    assert assess(found, LABELS, SIZE_WH, thresholds={"EMG-02": 0.9, "smoke": 0.9})


def test_hazards_limit_what_is_looked_for() -> None:
    """Only the named codes; one without a rule is looked for in vain."""
    found = seen(("flame", (10, 10, 60, 60), 0.5), ("smoke", (10, 10, 60, 60), 0.5))
    assert codes(assess(found, LABELS, SIZE_WH, hazards={"EMG-02"})) == ["EMG-02"]
    assert assess(found, LABELS, SIZE_WH, hazards={"ELE-01"}) == []
    assert assess(found, LABELS, SIZE_WH, hazards=()) == []


def test_an_unknown_code_is_refused() -> None:
    """A mistyped code would be looked for in vain, and nobody would know."""
    with pytest.raises(UnknownHazard):
        assess(seen(), LABELS, SIZE_WH, hazards={"PPE-99"})
    with pytest.raises(UnknownHazard):
        assess(seen(), LABELS, SIZE_WH, thresholds={"PPE-99": 0.5})


def test_a_person_stands_in_a_zone_with_the_feet() -> None:
    """The zone is drawn on the floor: the head lies outside it, the feet inside."""
    floor = Zone("loading bay", ((0.0, 0.5), (0.5, 0.5), (0.5, 0.7), (0.0, 0.7)))
    wall = Zone("wall", ((0.0, 0.0), (0.5, 0.0), (0.5, 0.3), (0.0, 0.3)))
    found = seen(("person", PERSON, 0.9), ("head", HEAD, 0.9))
    (hazard,) = assess(found, LABELS, SIZE_WH, zones=[floor, wall])
    assert hazard.zone == "loading bay"


def test_flames_stand_in_a_zone_with_their_middle() -> None:
    """What belongs to nobody is placed by the middle of its box."""
    zone = Zone("store", ((0.0, 0.0), (0.1, 0.0), (0.1, 0.1), (0.0, 0.1)))
    inside, outside = ("flame", (10, 10, 60, 60), 0.5), ("flame", (90, 10, 150, 60), 0.9)
    (hazard,) = assess(seen(inside, outside), LABELS, SIZE_WH, zones=[zone])
    assert len(hazard.boxes) == 1


def test_a_zone_for_helmets_hides_no_fire() -> None:
    """A hazard that no zone is drawn for counts anywhere."""
    zone = Zone("far", ((0.9, 0.9), (1, 0.9), (1, 1)), frozenset({"PPE-01"}))
    found = seen(("person", PERSON, 0.9), ("head", HEAD, 0.9), ("flame", (10, 10, 60, 60), 0.5))
    (hazard,) = assess(found, LABELS, SIZE_WH, zones=[zone])
    assert (hazard.hazard_code, hazard.zone) == ("EMG-01", None)


def test_overlapping_zones_each_report() -> None:
    """Once for each zone that holds it; two polygons of one name are one zone."""
    whole = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    zones = [Zone("b", whole), Zone("a", whole), Zone("a", whole)]
    found = seen(("flame", (10, 10, 60, 60), 0.5))
    assert [each.zone for each in assess(found, LABELS, SIZE_WH, zones=zones)] == ["a", "b"]


def test_a_cigarette_stands_where_its_smoker_stands() -> None:
    """In a person's hand it is placed by that person's feet."""
    floor = Zone("no smoking", ((0.0, 0.6), (0.5, 0.6), (0.5, 0.7), (0.0, 0.7)))
    found = seen(("person", PERSON, 0.9), ("cigarette", (140, 130, 160, 150), 0.5))
    assert codes(assess(found, LABELS, SIZE_WH, zones=[floor])) == ["FIR-08"]


def test_a_head_goes_to_the_person_whose_top_is_nearest() -> None:
    """Behind a nearer person stands another one, in the zone; the head is the other one's."""
    near, far = (80, 60, 300, 790), PERSON
    zone = Zone("back", ((0.0, 0.5), (0.5, 0.5), (0.5, 0.7), (0.0, 0.7)))
    found = seen(("person", near, 0.95), ("person", far, 0.8), ("head", HEAD, 0.9))
    assert codes(assess(found, LABELS, SIZE_WH, zones=[zone])) == ["PPE-01"]


def test_a_box_outside_the_picture_is_dropped() -> None:
    """Nothing of it is left to show."""
    assert assess(seen(("flame", (1100, 10, 1200, 60), 0.5)), LABELS, SIZE_WH) == []


def test_a_model_with_other_labels_claims_what_it_can() -> None:
    """What a model has no label for is not claimed, and can be asked beforehand."""
    assert claimable_hazards(["helmet", "vest"]) == ()
    assert claimable_hazards(["flame", "head"]) == ("EMG-01",)
    assert claimable_hazards(LABELS) == tuple(rule.hazard_code for rule in RULES)
    found = Detections(
        np.array([HEAD], np.float32), np.array([0.9], np.float32), np.array([0], np.int64)
    )
    assert assess(found, ("head",), SIZE_WH) == []


def test_every_rule_is_in_the_catalogue_and_shown_by_a_picture() -> None:
    """Nothing is claimed that the catalogue does not know."""
    assert all(hazard_type(rule.hazard_code).detectable_by_image for rule in RULES)


@st.composite
def scenes(drawn: st.DrawFn) -> Detections:
    """Draw any detections, also degenerate and outside the picture."""
    count = drawn(st.integers(0, 12))
    sides = st.floats(-50, 1100, width=32)
    return Detections(
        drawn(hnp.arrays(np.float32, (count, 4), elements=sides)),
        drawn(hnp.arrays(np.float32, count, elements=st.floats(0, 1, width=32))),
        drawn(hnp.arrays(np.int64, count, elements=st.integers(0, len(LABELS) - 1))),
    )


@given(scenes(), st.randoms())
def test_claims_are_valid_and_do_not_depend_on_order(
    found: Detections, shuffle: st.DataObject
) -> None:
    """Whatever the boxes: valid relative boxes, one claim a hazard, the same in any order of detections."""
    hazards = assess(found, LABELS, SIZE_WH)
    assert len(set(codes(hazards))) == len(hazards)
    for hazard in hazards:
        assert hazard.confidence == max(box.confidence for box in hazard.boxes)
        assert all(0 <= box.x1 < box.x2 <= 1 for box in hazard.boxes)
    order = list(range(len(found)))
    shuffle.shuffle(order)  # type: ignore[attr-defined]
    again = assess(found[np.array(order, np.int64)], LABELS, SIZE_WH)
    assert [(each.hazard_code, each.confidence) for each in again] == [
        (each.hazard_code, each.confidence) for each in hazards
    ]


@given(scenes())
def test_a_helmet_more_never_adds_a_claim(found: Detections) -> None:
    """Seeing a helmet or a vest can only take claims away."""
    before = codes(assess(found, LABELS, SIZE_WH))
    more = Detections(
        np.concatenate([found.xyxy, found.xyxy]),
        np.concatenate([found.confidence, found.confidence]),
        np.concatenate([found.class_id, np.full(len(found), LABELS.index("helmet"))]),
    )
    assert set(codes(assess(more, LABELS, SIZE_WH))) <= set(before)


@dataclass
class FakeModel:
    """Which model it was."""

    name: str = "anxun-nano"
    sha256: str = "ab" * 32


def test_a_draft_carries_the_facts_of_its_capture() -> None:
    """What was seen, when, where, by which model, and an id of its own that sorts by time."""
    box = Box(x1=0.1, y1=0.1, x2=0.2, y2=0.2, label="flame", confidence=0.5)
    hazard = SeenHazard("EMG-01", "flame", 0.5, (box,), "store")
    at = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    source = Source(kind=SourceKind.CAMERA, name="gate")
    drafts = [
        draft(
            hazard,
            captured_at=at,
            source=source,
            evidence_sha256="cd" * 32,
            model=FakeModel(),
            clock_offset_s=1.5,
        )
        for _ in range(2)
    ]
    first = drafts[0]
    assert (first.hazard_code, first.zone, first.boxes) == ("EMG-01", "store", (box,))
    assert (first.captured_at, first.source, first.clock_offset_s) == (at, source, 1.5)
    assert (first.model_name, first.model_sha256) == ("anxun-nano", "ab" * 32)
    assert first.id.version == 7
    assert drafts[0].id < drafts[1].id
