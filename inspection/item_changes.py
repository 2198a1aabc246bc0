"""What happens to an item is written twice, in one transaction: as an entry of the ledger, and as a row that lists it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, or_, select

from inspection.journal import Event, write_event
from inspection.scopes import Scope
from inspection.sections import hazard_section
from inspection.tables import Finding, HazardItem, ItemChange, ItemChangeKind
from inspection.taxonomy import hazard_type


@dataclass(frozen=True)
class ItemStory:
    """What happened to an item: which other is concerned, which findings moved, why, and what else the entry says."""

    kind: ItemChangeKind
    other: HazardItem | None = None
    moved: Iterable[Finding] = ()
    reason: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def write_change(
    session: Session, scope: Scope, item: HazardItem, story: ItemStory, now: datetime
) -> ItemChange:
    """Write what a person's word made of an item. The caller holds the enterprise's lock."""
    moved = [str(finding.id) for finding in story.moved]
    other = story.other
    data: dict[str, Any] = {
        "item_id": str(item.id),
        "hazard_code": item.hazard_code,
        "hazard": hazard_type(item.hazard_code).name_zh,
        "place": item.place,
        "level": item.level,
        **({"other_item_id": str(other.id), "other_place": other.place} if other else {}),
        "finding_ids": moved,
        **story.facts,
        "reason": story.reason,
    }
    event = Event(f"item.{story.kind}", hazard_section(item.level), data)
    entry = write_event(session, item.enterprise_id, scope.actor, event, now)
    change = ItemChange(
        enterprise_id=item.enterprise_id,
        item_id=item.id,
        other_item_id=other.id if other else None,
        kind=story.kind.value,
        at=now,
        by_user_id=scope.user_id,
        reason=story.reason,
        finding_ids=moved,
        entry_index=entry.index,
    )
    session.add(change)
    session.flush()
    return change


def changes_of(
    session: Session, enterprise_id: UUID, item_ids: Sequence[UUID]
) -> Sequence[ItemChange]:
    """Return what happened to these items, the newest first."""
    return session.exec(
        select(ItemChange)
        .where(
            col(ItemChange.enterprise_id) == enterprise_id,
            or_(col(ItemChange.item_id).in_(item_ids), col(ItemChange.other_item_id).in_(item_ids)),
        )
        .order_by(col(ItemChange.id).desc())
    ).all()
