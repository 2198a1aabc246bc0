"""What people's decisions teach a model: pictures with boxes, and for every label whether the picture is known to show it.

A box that a person confirmed or drew is right. What a picture shows *besides* is known only where a person said so:

=======  ====================================================================================================
letter   of a label in a picture
=======  ====================================================================================================
L        every one of it is boxed: the person vouched for that (`complete_labels`)
A        the picture shows none: vouched for without a box, or dismissed for a reason that says so
U        boxes of it, if any, are right; of the rest of the picture nothing is known
=======  ====================================================================================================

Whatever a still undecided finding claims is U. The letters are those of `models.training.pool`, whose loss learns
nothing from what is unknown.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any, Self
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from inspection.dismissals import Teaches, stored_reason
from inspection.errors import InvalidInput
from inspection.plans import CHINA, china_day
from inspection.tables import Evidence, Finding
from inspection.wire import SourceKind
from models.training.pool import LABELS
from models.yolo import LabelledBox

LABELLED, ABSENT, UNKNOWN = "L", "A", "U"
# The same box confirmed in two findings is one box.
SAME_BOX_IOU = 0.85
# Scenes, not pictures, are drawn into splits: neighbouring frames of one camera are nearly one picture.
SPLIT_SHARES = (("train", 0.7), ("val", 0.1), ("test", 0.2))


@dataclass(frozen=True)
class Taken:
    """Pictures taken in a period: from `since` on, before `until`; None is no bound."""

    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def of_days(cls, first: date | None, last: date | None) -> Self:
        """Return the period between two days in China, both included. Raises `InvalidInput` for one that is none."""
        if first and last and last < first:
            msg = f"the period ends on {last}, before it begins on {first}"
            raise InvalidInput(msg)
        try:
            end = None if last is None else _midnight(last + timedelta(days=1))
            return cls(None if first is None else _midnight(first), end)
        except OverflowError:
            msg = "the period reaches beyond the calendar"
            raise InvalidInput(msg) from None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what a query of findings asks for."""
        taken_at = col(Finding.captured_at)
        since = [] if self.since is None else [taken_at >= self.since]
        return since if self.until is None else [*since, taken_at < self.until]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), CHINA).astimezone(UTC)


@dataclass(frozen=True)
class TaughtPicture:
    """A picture and what the decisions about it say.

    Attributes:
        findings: the decided findings on it that teach something, oldest first.
        boxes: by class id of `models.training.pool.LABELS`, relative xyxy.
        knowledge: a letter a label, in the order of `LABELS`.
        foreign_labels: labels of boxes that the class list does not have; those boxes are left out.
    """

    enterprise_id: UUID
    evidence_sha256: str
    findings: tuple[Finding, ...]
    boxes: tuple[LabelledBox, ...]
    knowledge: str
    foreign_labels: tuple[str, ...]

    @property
    def scene(self) -> str:
        """What neighbouring pictures share: a camera, or an inspection or patrol, and the day in China."""
        first = self.findings[0]
        place = first.source_name if first.source_kind == SourceKind.CAMERA else first.inspection_id
        day = china_day(first.captured_at)
        return f"{first.source_kind}/{place or first.source_kind}/{day}"


def taught_pictures(
    session: Session, enterprise_ids: Collection[UUID], taken: Taken
) -> Iterator[TaughtPicture]:
    """Yield the pictures that decisions teach something about, by enterprise and evidence; none that was erased."""
    is_there = (
        (col(Evidence.enterprise_id) == col(Finding.enterprise_id))
        & (col(Evidence.sha256) == col(Finding.evidence_sha256))
        & col(Evidence.erased_at).is_(None)
    )
    rows = session.exec(
        select(Finding)
        .join(Evidence, is_there)
        .where(col(Finding.enterprise_id).in_(enterprise_ids), *taken.conditions())
        .order_by(col(Finding.enterprise_id), col(Finding.evidence_sha256), col(Finding.id))
        .execution_options(yield_per=1000)
    )
    for _, group in groupby(rows, key=lambda row: (row.enterprise_id, row.evidence_sha256)):
        picture = taught_picture(list(group))
        if picture is not None:
            yield picture


def taught_picture(findings: Sequence[Finding]) -> TaughtPicture | None:
    """Return what the findings of one picture teach; None where nobody decided anything that teaches."""
    used = [finding for finding in findings if _teaches(finding) not in (None, "nothing")]
    if not used:
        return None
    drawn = _without_twins(box for finding in _persons_first(used) for box in _boxes(finding))
    known = [box for box in drawn if box["label"] in LABELS]
    return TaughtPicture(
        enterprise_id=used[0].enterprise_id,
        evidence_sha256=used[0].evidence_sha256,
        findings=tuple(used),
        boxes=tuple(_labelled(box) for box in known),
        knowledge=_knowledge(findings, used, {box["label"] for box in drawn}),
        foreign_labels=tuple(sorted({box["label"] for box in drawn} - set(LABELS))),
    )


def split_of(scene: str) -> str:
    """Draw a split from a scene's name, so that a later export moves no picture from one split to another."""
    draw = int.from_bytes(hashlib.sha256(scene.encode()).digest()[:8]) / 2**64
    for split, share in SPLIT_SHARES:
        if draw < share:
            return split
        draw -= share
    return SPLIT_SHARES[-1][0]


def _teaches(finding: Finding) -> Teaches | None:
    if finding.state == "confirmed":
        # Confirmed as another hazard, the model's own boxes are not what the person meant.
        return "unknown" if finding.proposed_hazard_code else "present"
    return stored_reason(finding.dismissal_code).teaches if finding.state == "dismissed" else None


def _boxes(finding: Finding) -> list[dict[str, Any]]:
    if finding.decided_boxes is not None:
        return finding.decided_boxes
    return finding.boxes if _teaches(finding) == "present" else []


def _persons_first(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: finding.decided_boxes is None)


def _without_twins(boxes: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for box in boxes:
        if not any(
            box["label"] == other["label"] and box_iou(box, other) >= SAME_BOX_IOU for other in kept
        ):
            kept.append(box)
    return kept


def box_iou(a: dict[str, Any], b: dict[str, Any]) -> float:
    """Return how far two boxes overlap: intersection over union, 0 to 1."""
    width = min(a["x2"], b["x2"]) - max(a["x1"], b["x1"])
    height = min(a["y2"], b["y2"]) - max(a["y1"], b["y1"])
    inter = max(width, 0.0) * max(height, 0.0)
    areas = sum((box["x2"] - box["x1"]) * (box["y2"] - box["y1"]) for box in (a, b))
    return float(inter / (areas - inter)) if areas > inter else 0.0


def _labelled(box: dict[str, Any]) -> LabelledBox:
    corners = (box[side] for side in ("x1", "y1", "x2", "y2"))
    return LabelledBox(LABELS.index(box["label"]), *corners)


def _knowledge(findings: Sequence[Finding], used: Sequence[Finding], boxed: set[str]) -> str:
    still_open = {
        label
        for finding in findings
        if finding.state == "proposed"
        for label in (finding.label, *(box["label"] for box in finding.boxes))
    }
    complete = {label for finding in used for label in finding.complete_labels or ()}
    absent = {finding.label for finding in used if _teaches(finding) == "absent"} - boxed

    def letter(label: str) -> str:
        if label in still_open:
            return UNKNOWN
        if label in complete:
            return LABELLED if label in boxed else ABSENT
        return ABSENT if label in absent else UNKNOWN

    return "".join(letter(label) for label in LABELS)
