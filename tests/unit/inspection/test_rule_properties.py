"""What holds for any scene: helmets cancel, nobody means nothing, limits and zones only narrow."""

from collections.abc import Sequence
from datetime import datetime
from types import SimpleNamespace

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from inspection.rules import MAX_BOXES, RULES, SeenHazard, Zone, assess, draft
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


def test_a_helmet_in_the_hand_protects_nobody() -> None:
    """A helmet that does not overlap the head leaves the claim standing."""
    assert codes(PERSON, HEAD, moved(HELMET, 100, 300)) == ["PPE-01"]


def test_more_boxes_than_a_finding_may_carry_are_cut() -> None:
    """The surest are kept."""
    flames = [("flame", (10, 10, 20, 20), 0.5)] * (MAX_BOXES + 5)
    (seen,) = assess(scene(*flames), LABELS, SIZE_WH)
    assert len(seen.boxes) == MAX_BOXES


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


def _drafted(seen: SeenHazard, captured_at: datetime) -> FindingDraft:
    return draft(
        seen,
        captured_at=captured_at,
        source=Source(kind=SourceKind.CAMERA, name="gate-north"),
        evidence_sha256="b" * 64,
        model=SimpleNamespace(name="tiny", sha256="a" * 64),
        clock_offset_s=1.5,
    )
