"""Where a person and a model disagree about a finding: what the next model has to learn, kept, exported and counted.

=============  ===================================================================================================
kind           the person
=============  ===================================================================================================
``dismissed``  said that it is none, for a reason that counts against the model (`dismissal_reasons.csv`)
``renamed``    confirmed another hazard than the model said
``relevelled`` confirmed at another level than the catalogue has for the hazard
``moved``      drew a box of the model's elsewhere
``missed``     drew an object that the model had not boxed
``false_box``  left out a box of the model's
=============  ===================================================================================================

A box of the model's and one of the person's are the same object where the labels are the same and they overlap by half (IoU 0.5); it is
unmoved from `SAME_BOX_IOU` on. What the model said itself (label, score, boxes, its name and sha256) stands in the finding unchanged.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, literal_column, select
from sqlmodel import Session, col

from inspection.dismissals import stored_reason
from inspection.precision import PrecisionAsked, PrecisionKey, enterprises_asked, key_columns
from inspection.scopes import Scope
from inspection.tables import Finding
from inspection.training_data import SAME_BOX_IOU, box_iou

SAME_OBJECT_IOU = 0.5
BoxFacts = dict[str, Any]


class DisagreementKind(StrEnum):
    """In what they disagree; the module's text says what each means."""

    DISMISSED = "dismissed"
    RENAMED = "renamed"
    RELEVELLED = "relevelled"
    MOVED = "moved"
    MISSED = "missed"
    FALSE_BOX = "false_box"


@dataclass(frozen=True)
class BoxDifference:
    """How a person's boxes differ from the model's: pairs (model's, person's), what only the one and only the other drew."""

    moved: tuple[tuple[BoxFacts, BoxFacts], ...] = ()
    missed: tuple[BoxFacts, ...] = ()
    false_boxes: tuple[BoxFacts, ...] = ()

    @property
    def kinds(self) -> Iterator[DisagreementKind]:
        """Yield in what they differ."""
        if self.moved:
            yield DisagreementKind.MOVED
        if self.missed:
            yield DisagreementKind.MISSED
        if self.false_boxes:
            yield DisagreementKind.FALSE_BOX


def compare_boxes(said: Sequence[BoxFacts], drawn: Sequence[BoxFacts]) -> BoxDifference:
    """Return how a person's boxes differ from a model's; those that overlap most are compared with each other."""
    pairs = sorted(
        (
            (box_iou(said[i], drawn[j]), -i, -j)
            for i, j in product(range(len(said)), range(len(drawn)))
            if said[i]["label"] == drawn[j]["label"]
        ),
        reverse=True,
    )
    left, unmatched = set(range(len(said))), set(range(len(drawn)))
    moved = []
    for iou, at, to in pairs:
        i, j = -at, -to
        if iou < SAME_OBJECT_IOU or i not in left or j not in unmatched:
            continue
        left.remove(i)
        unmatched.remove(j)
        if iou < SAME_BOX_IOU:
            moved.append((said[i], drawn[j]))
    return BoxDifference(
        tuple(moved),
        tuple(drawn[j] for j in sorted(unmatched)),
        tuple(said[i] for i in sorted(left)),
    )


def difference_of(finding: Finding) -> BoxDifference:
    """Return how the person's boxes of a finding differ; not at all where nobody redrew them."""
    if finding.decided_boxes is None:
        return BoxDifference()
    return compare_boxes(finding.boxes, finding.decided_boxes)


def disagreements_of(finding: Finding) -> tuple[DisagreementKind, ...]:
    """Return in what a person disagreed with the model about a finding; nothing before somebody decided."""
    if finding.model_name is None:
        return tuple(difference_of(finding).kinds)
    said = _said(
        finding.state,
        finding.dismissal_code,
        is_renamed=finding.proposed_hazard_code is not None,
        is_relevelled=finding.decided_level != finding.catalogue_level,
    )
    return (*said, *difference_of(finding).kinds)


def live_disagreements(
    session: Session, scope: Scope, asked: PrecisionAsked
) -> Mapping[PrecisionKey, Mapping[DisagreementKind, int]]:
    """Return how many findings each kind has, a row a group as `live_precision` has them. Raises `NotFound` for a foreign enterprise."""
    enterprise_ids = enterprises_asked(scope, asked)
    columns = key_columns(asked.by)
    counts: defaultdict[PrecisionKey, dict[DisagreementKind, int]] = defaultdict(
        lambda: dict.fromkeys(DisagreementKind, 0)
    )
    for row in session.exec(_decided(list(columns.values()), enterprise_ids, asked)):
        *values, state, reason, is_renamed, is_relevelled, count = row
        key = PrecisionKey(**dict(zip(columns, values, strict=True)))
        is_named, is_levelled = bool(is_renamed), bool(is_relevelled)
        for kind in _said(state, reason, is_renamed=is_named, is_relevelled=is_levelled):
            counts[key][kind] += count
    for row in session.exec(_redrawn(list(columns.values()), enterprise_ids, asked)):
        *values, boxes, decided = row
        key = PrecisionKey(**dict(zip(columns, values, strict=True)))
        for kind in compare_boxes(boxes, decided).kinds:
            counts[key][kind] += 1
    return counts


def _said(
    state: str, reason: str | None, *, is_renamed: bool, is_relevelled: bool
) -> Iterator[DisagreementKind]:
    if state == "dismissed" and stored_reason(reason).counts:
        yield DisagreementKind.DISMISSED
    if state == "confirmed" and is_renamed:
        yield DisagreementKind.RENAMED
    if state == "confirmed" and is_relevelled:
        yield DisagreementKind.RELEVELLED


def _decided(
    columns: Sequence[Any], enterprise_ids: Collection[UUID], asked: PrecisionAsked
) -> Any:
    is_renamed = case((col(Finding.proposed_hazard_code).is_not(None), 1), else_=0)
    is_relevelled = case((col(Finding.decided_level) != col(Finding.catalogue_level), 1), else_=0)
    what = [
        *columns, col(Finding.state), col(Finding.dismissal_code), is_renamed, is_relevelled
    ]  # fmt: skip
    # By position: PostgreSQL takes two parameters of equal value for two expressions.
    places: list[Any] = [literal_column(str(place)) for place in range(1, len(what) + 1)]
    return (
        select(*what, func.count(col(Finding.id)))
        .where(
            col(Finding.enterprise_id).in_(enterprise_ids),
            col(Finding.state) != "proposed",
            # A person chose hazard and level of what no model reported: there is nothing to disagree with but the boxes.
            col(Finding.model_name).is_not(None),
            *asked.taken.conditions(),
        )
        .group_by(*places)
    )


def _redrawn(
    columns: Sequence[Any], enterprise_ids: Collection[UUID], asked: PrecisionAsked
) -> Any:
    # Each took a person half a minute, so there are never so many that reading them would take long.
    return select(*columns, col(Finding.boxes), col(Finding.decided_boxes)).where(
        col(Finding.enterprise_id).in_(enterprise_ids),
        col(Finding.decided_boxes).is_not(None),
        *asked.taken.conditions(),
    )
