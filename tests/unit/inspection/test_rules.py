"""From boxes to hazards: what is claimed, and above all what is not."""

from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from inspection.rules import (
    MAX_BOXES,
    RULES,
    SeenHazard,
    Zone,
    assess,
    claimable_hazards,
    draft,
    worn_on,
)
from inspection.taxonomy import UnknownHazard, hazard_catalogue
from inspection.wire import FindingDraft, Source, SourceKind
from models.detections import Detections

LABELS = (
    "person", "helmet", "head", "vest", "no_vest", "flame", "smoke", "fallen_person", "cigarette",
)  # fmt: skip
SIZE_WH = (1000, 800)
Seen = tuple[str, Sequence[float], float]

PERSON: Seen = ("person", (400, 100, 600, 700), 0.9)
HEAD: Seen = ("head", (460, 110, 540, 200), 0.8)
HELMET: Seen = ("helmet", (455, 100, 545, 160), 0.3)
TORSO: Seen = ("no_vest", (420, 200, 580, 420), 0.7)
VEST: Seen = ("vest", (425, 210, 575, 400), 0.3)
LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
RIGHT = ((0.45, 0.0), (1.0, 0.0), (1.0, 1.0), (0.45, 1.0))


def scene(*seen: Seen) -> Detections:
    """Return detections of labelled boxes."""
    return Detections(
        np.array([xyxy for _, xyxy, _ in seen], np.float32).reshape(-1, 4),
        np.array([confidence for _, _, confidence in seen], np.float32),
        np.array([LABELS.index(label) for label, _, _ in seen], np.int64),
    )


def codes(*seen: Seen, **options: object) -> list[str]:
    """Return the codes of what is claimed."""
    return [each.hazard_code for each in assess(scene(*seen), LABELS, SIZE_WH, **options)]  # type: ignore[arg-type]


def moved(seen: Seen, right: float, down: float = 0) -> Seen:
    """Return the same thing elsewhere."""
    label, (x1, y1, x2, y2), confidence = seen
    return label, (x1 + right, y1 + down, x2 + right, y2 + down), confidence


def test_a_bare_head_of_a_person_is_ppe_01_with_its_relative_box() -> None:
    """The claim shows the head, in fractions of the picture."""
    (seen,) = assess(scene(PERSON, HEAD), LABELS, SIZE_WH)
    assert (seen.hazard_code, seen.label, seen.zone) == ("PPE-01", "head", None)
    assert seen.confidence == pytest.approx(0.8)
    (box,) = seen.boxes
    assert (box.x1, box.y1, box.x2, box.y2) == pytest.approx((0.46, 0.1375, 0.54, 0.25))


def test_nothing_seen_is_nothing_claimed() -> None:
    """Empty detections, and people who wear what they should."""
    assert codes() == []
    assert codes(PERSON, HELMET, VEST) == []


BOX = st.tuples(
    st.floats(0, 1000, width=32), st.floats(0, 800, width=32),
    st.floats(1, 400, width=32), st.floats(1, 400, width=32),
).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))  # fmt: skip
ANYTHING = st.lists(st.tuples(st.sampled_from(LABELS), BOX, st.floats(0, 1, width=32)), max_size=12)


@given(others=ANYTHING, head=BOX, confidence=st.floats(0, 1))
def test_a_helmet_over_the_head_cancels_ppe_01(
    others: list[Seen], head: tuple[float, ...], confidence: float
) -> None:
    """Whatever else is there and however unsure the helmet: no head under it is claimed."""
    assume(all(label != "head" for label, _, _ in others))
    assert "PPE-01" not in codes(*others, ("head", head, 0.9), ("helmet", head, confidence))


@given(others=ANYTHING)
def test_heads_and_torsos_without_a_person_give_nothing(others: list[Seen]) -> None:
    """A poster's face, a coat on a hook: no person, no claim about what people wear."""
    nobody = [each for each in others if each[0] != "person"]
    assert not {"PPE-01", "PPE-05"} & set(codes(*nobody))


@given(others=ANYTHING)
def test_only_what_a_rule_says_is_claimed_and_within_the_picture(others: list[Seen]) -> None:
    """Each code once, its own label, the surest box first, never more boxes than were seen."""
    found = assess(scene(*others), LABELS, SIZE_WH)
    labels = {rule.hazard_code: rule.label for rule in RULES}
    assert len({each.hazard_code for each in found}) == len(found)
    for each in found:
        assert each.label == labels[each.hazard_code]
        assert each.confidence == max(box.confidence for box in each.boxes)
        assert len(each.boxes) <= sum(label == each.label for label, _, _ in others)


@given(others=ANYTHING, least=st.floats(0, 1))
def test_a_higher_threshold_never_claims_more(others: list[Seen], least: float) -> None:
    """Raising the limit of a code only takes away."""
    strict = codes(*others, thresholds=dict.fromkeys([r.hazard_code for r in RULES], least))
    assert set(strict) <= set(codes(*others))


@given(others=ANYTHING)
def test_the_order_of_detections_does_not_matter(others: list[Seen]) -> None:
    """The same codes and as many boxes, however the model sorted them."""
    forward = {s.hazard_code: len(s.boxes) for s in assess(scene(*others), LABELS, SIZE_WH)}
    back = {s.hazard_code: len(s.boxes) for s in assess(scene(*others[::-1]), LABELS, SIZE_WH)}
    assert forward == back


@pytest.mark.parametrize(
    "head",
    [
        moved(HEAD, 300),
        moved(HEAD, 0, 250),
        ("head", (480, 110, 500, 120), 0.8),
        ("head", (400, 100, 600, 600), 0.8),
        ("head", (380, 110, 620, 200), 0.8),
    ],
    ids=["beside", "at the hips", "tiny", "as tall as the person", "wider than the person"],
)
def test_a_head_that_cannot_be_that_persons_is_not_claimed(head: Seen) -> None:
    """Place and size must be those of a head on these shoulders."""
    assert codes(PERSON, head) == []


def test_a_helmet_in_the_hand_protects_nobody() -> None:
    """A helmet that does not overlap the head leaves the claim standing."""
    assert codes(PERSON, HEAD, moved(HELMET, 100, 300)) == ["PPE-01"]


# Boxes (pixels) that the shipped model drew on photos, and what the photo shows.
REAL_HELMETS = [
    ((161, 94, 213, 152), (194, 99, 216, 119), False, "on a worker behind, beside the temple"),
    ((88, 48, 150, 131), (132, 103, 161, 128), False, "on a soldier behind, at the jaw"),
    ((407, 83, 469, 151), (458, 100, 480, 124), False, "on a worker behind, at the ear"),
    ((234, 48, 272, 98), (221, 76, 243, 95), False, "on a worker behind, at the collar"),
    ((71, 43, 101, 76), (70, 43, 100, 70), True, "grey hair or a helmet: nobody can tell"),
    ((63, 63, 70, 70), (62, 61, 71, 67), True, "on the head, far away"),
]


@pytest.mark.parametrize(("head", "helmet", "is_worn", "shows"), REAL_HELMETS)
def test_a_helmet_is_worn_where_it_can_sit(
    head: tuple[int, ...], helmet: tuple[int, ...], is_worn: bool, shows: str
) -> None:
    """Of real pictures: what lies on somebody else, or aside, leaves the claim standing."""
    heads = np.array(head, np.float32)
    helmets = np.array([helmet], np.float32)
    assert worn_on(heads, helmets).tolist() == [is_worn], shows


@pytest.mark.parametrize(
    ("helmet", "is_worn"),
    [
        ((455, 100, 545, 160), True),
        ((470, 105, 530, 150), True),
        ((440, 95, 560, 175), True),
        ((455, 165, 545, 225), False),
        ((500, 110, 590, 180), False),
        ((480, 120, 510, 150), False),
    ],
    ids=["on", "on, small", "on, large", "held at the chin", "held beside", "far behind"],
)
def test_a_helmet_held_up_to_the_head_protects_nobody(
    helmet: tuple[int, ...], is_worn: bool
) -> None:
    """Width and place decide, also where it overlaps the head."""
    assert codes(PERSON, HEAD, ("helmet", helmet, 0.9)) == ([] if is_worn else ["PPE-01"])


def test_a_vest_over_the_torso_cancels_ppe_05() -> None:
    """A torso without a vest counts on a person, unless a vest overlaps it."""
    assert codes(PERSON, TORSO) == ["PPE-05"]
    assert codes(PERSON, TORSO, VEST) == []
    assert codes(PERSON, moved(TORSO, 150)) == []


def test_what_stands_by_itself_needs_nobody() -> None:
    """Flame, smoke, a fallen person and a cigarette are claimed without a person."""
    box = (100, 100, 200, 200)
    seen = [(label, box, 0.5) for label in ("flame", "smoke", "fallen_person", "cigarette")]
    assert sorted(codes(*seen)) == ["EMG-01", "EMG-02", "EMG-03", "FIR-08"]


def test_two_heads_are_one_hazard_with_two_boxes_surest_first() -> None:
    """One claim a code; its confidence is that of the surest."""
    second = moved(("head", HEAD[1], 0.95), 250), moved(PERSON, 250)
    (seen,) = assess(scene(PERSON, HEAD, *second), LABELS, SIZE_WH)
    assert [box.confidence for box in seen.boxes] == pytest.approx([0.95, 0.8])
    assert seen.confidence == seen.boxes[0].confidence


def test_more_boxes_than_a_finding_may_carry_are_cut() -> None:
    """The surest are kept."""
    flames = [("flame", (10, 10, 20, 20), 0.5)] * (MAX_BOXES + 5)
    (seen,) = assess(scene(*flames), LABELS, SIZE_WH)
    assert len(seen.boxes) == MAX_BOXES


def test_thresholds_by_code_prevail_over_those_by_label() -> None:
    """A code's own limit wins; a label's holds where the code has none."""
    assert codes(PERSON, HEAD, thresholds={"head": 0.85}) == []
    assert codes(PERSON, HEAD, thresholds={"head": 0.85, "PPE-01": 0.5}) == ["PPE-01"]
    assert codes(PERSON, HEAD, thresholds={"PPE-01": 0.85}) == []


def test_only_the_hazards_asked_for_are_looked_for() -> None:
    """And a code that the catalogue has not is refused, wherever it is named."""
    assert codes(PERSON, HEAD, TORSO, hazards=["PPE-05"]) == ["PPE-05"]
    assert codes(PERSON, HEAD, hazards=[]) == []
    for options in ({"hazards": ["PPE-99"]}, {"thresholds": {"PPE-99": 0.5}}):
        with pytest.raises(UnknownHazard, match="PPE-99"):
            codes(PERSON, **options)


def test_a_zone_counts_where_the_person_stands() -> None:
    """The feet decide for what is worn; a hazard in overlapping zones is claimed once in each."""
    left, right = Zone("left", LEFT), Zone("right", RIGHT)
    seen = assess(scene(PERSON, HEAD), LABELS, SIZE_WH, zones=[right, left])
    assert [each.zone for each in seen] == ["left", "right"]
    seen = assess(scene(moved(PERSON, 200), moved(HEAD, 200)), LABELS, SIZE_WH, zones=[left, right])
    assert [each.zone for each in seen] == ["right"]
    # The head leans into the zone, the feet stand outside.
    floor = Zone("floor", ((0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5)))
    assert codes(PERSON, HEAD, zones=[floor]) == []


def test_a_zone_for_one_hazard_hides_no_other() -> None:
    """A zone for helmets far away takes PPE-01, and leaves the fire."""
    far = Zone("far", ((0.9, 0.9), (1.0, 0.9), (1.0, 1.0)), frozenset({"PPE-01"}))
    flame: Seen = ("flame", (100, 100, 200, 200), 0.5)
    assert codes(PERSON, HEAD, flame, zones=[far]) == ["EMG-01"]


def test_two_polygons_of_one_name_are_one_zone() -> None:
    """A zone in two parts claims once."""
    parts = [Zone("yard", LEFT), Zone("yard", RIGHT)]
    assert len(assess(scene(PERSON, HEAD), LABELS, SIZE_WH, zones=parts)) == 1


@given(others=ANYTHING)
def test_a_zone_over_everything_changes_nothing_but_its_name(others: list[Seen]) -> None:
    """The whole picture as a zone gives the same claims."""
    whole = Zone("whole", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    zoned = assess(scene(*others), LABELS, SIZE_WH, zones=[whole])
    plain = assess(scene(*others), LABELS, SIZE_WH)
    assert [(z.hazard_code, z.boxes) for z in zoned] == [(p.hazard_code, p.boxes) for p in plain]
    assert {z.zone for z in zoned} <= {"whole"}


@pytest.mark.parametrize(
    ("name", "polygon", "message"),
    [
        (" ", LEFT, "needs a name"),
        ("yard", LEFT[:2], "three corners"),
        ("yard", ((0.0, 0.0), (0.5, 0.5), (1.0, 1.0)), "three corners"),
        ("yard", ((0.0, 0.0), (50.0, 0.0), (50.0, 50.0)), "relative"),
    ],
)
def test_a_zone_that_is_none_is_refused(
    name: str, polygon: tuple[tuple[float, float], ...], message: str
) -> None:
    """Pixels, lines and the nameless; a code that is unknown as well."""
    with pytest.raises(ValueError, match=message):
        Zone(name, polygon)
    with pytest.raises(UnknownHazard):
        Zone("yard", LEFT, frozenset({"PPE-99"}))


def test_a_model_claims_only_what_its_labels_allow() -> None:
    """Without persons nothing about clothes; a missing label is nothing seen, no error."""
    assert claimable_hazards(LABELS) == tuple(rule.hazard_code for rule in RULES)
    assert claimable_hazards(["head", "flame"]) == ("EMG-01",)
    assert claimable_hazards([]) == ()
    only = Detections(
        np.array([[1, 1, 9, 9]], np.float32), np.array([0.9], np.float32), np.zeros(1, np.int64)
    )
    assert [each.hazard_code for each in assess(only, ["flame"], SIZE_WH)] == ["EMG-01"]


def test_every_rule_claims_a_hazard_that_a_picture_can_show() -> None:
    """No rule for a code that the catalogue has not, or calls invisible."""
    for rule in RULES:
        assert hazard_catalogue()[rule.hazard_code].detectable_by_image


def test_a_draft_carries_every_fact_and_an_id_of_its_own() -> None:
    """Two drafts of one thing have two ids (UUIDv7); a time without a zone is refused."""
    (seen,) = assess(scene(PERSON, HEAD), LABELS, SIZE_WH, zones=[Zone("left", LEFT)])
    first, second = (_drafted(seen, datetime(2026, 3, 4, tzinfo=UTC)) for _ in range(2))
    assert first.id != second.id
    assert first.id.version == 7
    assert (first.hazard_code, first.label, first.zone) == ("PPE-01", "head", "left")
    assert first.boxes == seen.boxes
    assert (first.model_name, first.model_sha256) == ("tiny", "a" * 64)
    assert first.clock_offset_s == 1.5
    with pytest.raises(ValidationError, match="captured_at"):
        _drafted(seen, datetime(2026, 3, 4))  # noqa: DTZ001  the fault that is tested


def _drafted(seen: SeenHazard, captured_at: datetime) -> FindingDraft:
    return draft(
        seen,
        captured_at=captured_at,
        source=Source(kind=SourceKind.CAMERA, name="gate-north"),
        evidence_sha256="b" * 64,
        model=SimpleNamespace(name="tiny", sha256="a" * 64),
        clock_offset_s=1.5,
    )
