"""From decisions to what is known about a picture: what is not said stays unknown."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import InvalidInput
from inspection.tables import Finding
from inspection.training_data import SPLIT_SHARES, Taken, split_of, taught_picture
from inspection.wire import SourceKind
from models.training.pool import LABELS
from tests.builders import NOW

HEAD, FLAME = (
    {"x1": 0.1, "y1": 0.1, "x2": 0.2, "y2": 0.3},
    {"x1": 0.5, "y1": 0.5, "x2": 0.8, "y2": 0.9},
)
ENTERPRISE = UUID(int=1)


def box(label: str, corners: dict[str, float] | None = None, **more: float) -> dict[str, Any]:
    """Return a stored box."""
    return {**(corners or HEAD), "label": label, **more}


def finding(state: str, label: str = "head", **facts: Any) -> Finding:
    """Return a stored finding of one box."""
    given_boxes = [box(label, FLAME if label == "flame" else HEAD, confidence=0.8)]
    return Finding(
        enterprise_id=ENTERPRISE, id=UUID(int=facts.pop("number", 7)), draft_sha256="", hazard_code="PPE-01",
        label=label, confidence=0.8, boxes=facts.pop("boxes", given_boxes), captured_at=NOW,
        device_captured_at=NOW, source_kind=SourceKind.CAMERA, source_name="gate", model_name="m",
        model_sha256="ab" * 32, evidence_sha256="cd" * 32, item_id=UUID(int=3), entry_index=0, leaf_hash="ef" * 32,
        state=state, **facts,
    )  # fmt: skip


def letters(*findings: Finding) -> dict[str, str]:
    """Return the known letters by label; U is left out."""
    picture = taught_picture(findings)
    assert picture is not None
    known = zip(LABELS, picture.knowledge, strict=True)
    return {label: letter for label, letter in known if letter != "U"}


def labels_of(*findings: Finding) -> list[str]:
    """Return the labels of the picture's boxes."""
    picture = taught_picture(findings)
    assert picture is not None
    return [LABELS[each.class_id] for each in picture.boxes]


def test_a_confirmed_box_is_right_and_says_nothing_of_the_rest() -> None:
    """Another bare head may stand unseen in the picture: only the person can say that there is none."""
    assert labels_of(finding("confirmed")) == ["head"]
    assert letters(finding("confirmed")) == {}
    assert letters(finding("confirmed", complete_labels=["head", "flame"])) == {
        "head": "L",
        "flame": "A",
    }


def test_a_persons_boxes_take_the_place_of_the_models() -> None:
    """And a box that two findings share is one box."""
    drawn = [box("head", {"x1": 0.12, "y1": 0.1, "x2": 0.22, "y2": 0.3}), box("helmet", FLAME)]
    picture = taught_picture([finding("confirmed", decided_boxes=drawn)])
    assert picture is not None
    assert [each.x1 for each in picture.boxes] == [0.12, 0.5]
    twice = [finding("confirmed"), finding("confirmed", number=8)]
    assert labels_of(*twice) == ["head"]


@pytest.mark.parametrize(
    ("code", "boxes", "known"),
    [
        ("nothing_there", [], {"head": "A"}),
        ("reflection", [], {"head": "A"}),
        ("wrong_label", [], {}),
        ("not_a_hazard", ["head"], {}),
        ("duplicate", ["head"], {}),
        ("unclear", [], {}),
        (None, [], {}),
        ("gone_from_the_file", [], {}),
    ],
)
def test_a_dismissal_teaches_what_its_reason_says(
    code: str | None, boxes: list[str], known: dict[str, str]
) -> None:
    """A reflection is background; what only is no hazard here still is a head; words alone teach nothing of the rest."""
    dismissed = finding("dismissed", dismissal_code=code)
    assert labels_of(dismissed) == boxes
    assert letters(dismissed) == known


def test_tests_and_undecided_pictures_are_not_used() -> None:
    """A drill is no training picture, and neither is one that nobody looked at."""
    assert taught_picture([finding("dismissed", dismissal_code="test")]) is None
    assert taught_picture([finding("proposed")]) is None


def test_doubt_is_unknown() -> None:
    """A confirmed head beside a dismissed one, or one that still waits, takes the certainty away."""
    gone = finding("dismissed", dismissal_code="nothing_there")
    assert letters(gone, finding("confirmed", number=8)) == {}
    assert letters(gone, finding("proposed", number=8)) == {}
    sure = finding("confirmed", number=8, complete_labels=["head"])
    assert letters(gone, sure) == {"head": "L"}


def test_a_corrected_hazard_keeps_only_what_the_person_drew() -> None:
    """Confirmed as another hazard, the model's boxes are not what was meant."""
    assert labels_of(finding("confirmed", proposed_hazard_code="PPE-05")) == []
    drawn = finding("confirmed", proposed_hazard_code="PPE-05", decided_boxes=[box("cone")])
    assert labels_of(drawn) == ["cone"]


def test_labels_that_the_class_list_lacks_are_named_and_left_out() -> None:
    """They are not given another class's number."""
    picture = taught_picture(
        [finding("confirmed", decided_boxes=[box("gas_cylinder"), box("head")])]
    )
    assert picture is not None
    assert picture.foreign_labels == ("gas_cylinder",)
    assert len(picture.boxes) == 1


@given(st.text(min_size=1))
def test_a_scene_is_drawn_into_one_split_for_good(scene: str) -> None:
    """The same name, the same split: a later export moves no picture."""
    assert split_of(scene) == split_of(scene)
    assert split_of(scene) in {name for name, _ in SPLIT_SHARES}


def test_scenes_are_drawn_by_their_shares() -> None:
    """Of many scenes about 70, 10 and 20 % go to train, val and test."""
    drawn = [split_of(f"camera/{n}") for n in range(4000)]
    for name, share in SPLIT_SHARES:
        assert drawn.count(name) / 4000 == pytest.approx(share, abs=0.03)


def test_a_period_is_days_in_china() -> None:
    """Both days count whole, by China's midnight; one that ends first, or leaves the calendar, is refused."""
    taken = Taken.of_days(date(2026, 11, 24), date(2026, 11, 24))
    assert taken.since == datetime(2026, 11, 23, 16, tzinfo=UTC)
    assert taken.until == datetime(2026, 11, 24, 16, tzinfo=UTC)
    assert Taken.of_days(None, None) == Taken()
    for first, last in ((date(2026, 2, 2), date(2026, 2, 1)), (None, date.max), (date.min, None)):
        with pytest.raises(InvalidInput):
            Taken.of_days(first, last)
