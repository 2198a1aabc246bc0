"""What a person said other than the model: a kind for each way, and boxes compared as objects."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.disagreements import (
    DisagreementKind,
    compare_boxes,
    difference_of,
    disagreements_of,
)
from inspection.tables import Finding
from inspection.wire import SourceKind
from tests.builders import NOW, new_id


def box(x1: float, y1: float, x2: float, y2: float, label: str = "head") -> dict[str, Any]:
    """Return a box."""
    return {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "label": label}


HEAD = box(0.1, 0.1, 0.3, 0.3)


def finding(**facts: Any) -> Finding:
    """Return a confirmed finding with one head, as the model said."""
    return Finding(
        **{
            "enterprise_id": new_id(),
            "id": new_id(),
            "draft_sha256": "",
            "hazard_code": "PPE-01",
            "label": "head",
            "confidence": 0.9,
            "boxes": [HEAD],
            "captured_at": NOW,
            "device_captured_at": NOW,
            "source_kind": SourceKind.CAMERA,
            "source_name": "gate",
            "model_name": "m",
            "model_sha256": "",
            "evidence_sha256": "",
            "state": "confirmed",
            "item_id": new_id(),
            "entry_index": 0,
            "leaf_hash": "",
            "catalogue_level": "general",
            "decided_level": "general",
            **facts,
        }
    )


@pytest.mark.parametrize(
    ("facts", "kinds"),
    [
        ({}, []),
        ({"state": "proposed", "decided_level": None, "catalogue_level": None}, []),
        ({"state": "dismissed", "dismissal_code": "reflection"}, ["dismissed"]),
        ({"state": "dismissed", "dismissal_code": "duplicate"}, []),
        ({"proposed_hazard_code": "PPE-02"}, ["renamed"]),
        ({"decided_level": "major"}, ["relevelled"]),
        ({"decided_level": None, "catalogue_level": None}, []),
        ({"decided_boxes": [HEAD]}, []),
        ({"decided_boxes": [box(0.1, 0.1, 0.3, 0.36)]}, ["moved"]),
        ({"decided_boxes": [HEAD, box(0.6, 0.6, 0.7, 0.7)]}, ["missed"]),
        ({"decided_boxes": []}, ["false_box"]),
        ({"decided_boxes": [HEAD | {"label": "helmet"}]}, ["missed", "false_box"]),
        (
            {"proposed_hazard_code": "PPE-02", "decided_level": "major", "decided_boxes": []},
            ["renamed", "relevelled", "false_box"],
        ),
    ],
)
def test_each_way_to_disagree_has_its_name(facts: dict[str, Any], kinds: list[str]) -> None:
    """Agreement has none, whatever does not count against the model neither."""
    assert [kind.value for kind in disagreements_of(finding(**facts))] == kinds


def test_boxes_that_overlap_most_are_compared() -> None:
    """Two close heads, one drawn a little larger: the other is found again, none is missed."""
    near, other = box(0.1, 0.1, 0.3, 0.3), box(0.15, 0.1, 0.35, 0.3)
    larger = box(0.1, 0.1, 0.3, 0.34)
    found = compare_boxes([other, near], [larger, other])
    assert (found.moved, found.missed, found.false_boxes) == (((near, larger),), (), ())
    assert difference_of(finding()).moved == ()


SIDES = st.floats(0, 0.5)
BOXES = st.lists(
    st.builds(
        lambda x, y, w, h, label: box(x, y, x + 0.01 + w, y + 0.01 + h, label),
        SIDES, SIDES, st.floats(0, 0.4), st.floats(0, 0.4), st.sampled_from(["head", "helmet"]),
    ),
    max_size=6,
)  # fmt: skip


@given(said=BOXES, drawn=BOXES)
def test_every_box_is_accounted_for_once(
    said: list[dict[str, Any]], drawn: list[dict[str, Any]]
) -> None:
    """What is not missed has a box of the model's, what is not false one of the person's; nobody differs from themselves."""
    found = compare_boxes(said, drawn)
    kept = len(said) - len(found.false_boxes)
    assert kept == len(drawn) - len(found.missed)
    assert len(found.moved) <= kept
    assert all(a["label"] == b["label"] for a, b in found.moved)
    assert list(compare_boxes(said, said).kinds) == []
    turned = compare_boxes(drawn, said)
    assert (len(turned.missed), len(turned.false_boxes)) == (
        len(found.false_boxes),
        len(found.missed),
    )


def test_the_kinds_are_those_of_the_document() -> None:
    """Programs read them by name."""
    assert [kind.value for kind in DisagreementKind] == [
        "dismissed", "renamed", "relevelled", "moved", "missed", "false_box",
    ]  # fmt: skip
