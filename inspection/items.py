"""Hazard items: which standing problem a finding is a sighting of.

Findings of the same hazard at the same place are sightings of one item. An item that was joined into another hands its place on: what
is seen there later is a sighting of the item that it was joined into.

All functions are for a caller that holds `inspection.database.lock_enterprise`; else two sightings at once would
open two items.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, func, select

from inspection.tables import Finding, HazardItem, Inspection, ItemState, RemediationTicket
from inspection.wire import SourceKind

UNDECIDED_OR_CONFIRMED = ("proposed", "confirmed")


def join_item(
    session: Session, enterprise_id: UUID, hazard_code: str, place: str, seen_at: datetime
) -> HazardItem:
    """Return the open item of this hazard at this place with one sighting more, or a new one."""
    item = open_item(session, enterprise_id, hazard_code, place)
    if item is None:
        item = HazardItem(
            enterprise_id=enterprise_id,
            hazard_code=hazard_code,
            place=place,
            first_seen_at=seen_at,
            last_seen_at=seen_at,
        )
        session.add(item)
    item.sightings += 1
    # Deliveries come late and out of order.
    item.first_seen_at = min(item.first_seen_at, seen_at)
    item.last_seen_at = max(item.last_seen_at, seen_at)
    session.flush()
    return item


def open_item(
    session: Session, enterprise_id: UUID, hazard_code: str, place: str
) -> HazardItem | None:
    """Return the open item of a hazard at a place."""
    return next(
        iter(items_at(session, enterprise_id, hazard_code, place, ItemState.OPEN)),
        None,
    )


def items_at(
    session: Session, enterprise_id: UUID, hazard_code: str, place: str, state: ItemState
) -> Sequence[HazardItem]:
    """Return the items of a hazard at a place that are in a state: the place's own first, then those it was joined into."""
    here = (
        col(HazardItem.enterprise_id) == enterprise_id,
        col(HazardItem.hazard_code) == hazard_code,
        col(HazardItem.place) == place,
    )
    own = session.exec(
        select(HazardItem).where(*here, col(HazardItem.state) == state).order_by(col(HazardItem.id))
    ).all()
    if own and state is ItemState.OPEN:
        return own
    joined = select(HazardItem.merged_into).where(*here, col(HazardItem.state) == ItemState.MERGED)
    others = session.exec(
        select(HazardItem)
        .where(
            col(HazardItem.enterprise_id) == enterprise_id,
            col(HazardItem.id).in_(joined),
            col(HazardItem.id).not_in([item.id for item in own]),
            col(HazardItem.state) == state,
        )
        .order_by(col(HazardItem.id))
    ).all()
    return [*own, *others]


def place_of(
    finding_zone: str | None, source: SourceKind, name: str, visit: Inspection | None
) -> str:
    """Return where something was seen: the zone; the visit's place, where a person looked; else the camera or the photo."""
    if finding_zone:
        return finding_zone
    if visit is not None and source is not SourceKind.CAMERA:
        return visit.place or name
    return name


def ticket_of(session: Session, item: HazardItem) -> RemediationTicket | None:
    """Return an item's standing ticket, or its last; None when it has none since it came back, or never had one."""
    if item.ticket_id is None:
        return None
    return session.get(RemediationTicket, (item.enterprise_id, item.ticket_id))


def findings_of(session: Session, item: HazardItem) -> Sequence[Finding]:
    """Return an item's findings, the oldest first."""
    return session.exec(
        select(Finding)
        .where(col(Finding.enterprise_id) == item.enterprise_id, col(Finding.item_id) == item.id)
        .order_by(col(Finding.captured_at), col(Finding.id))
    ).all()


def move_findings(
    session: Session, findings: Iterable[Finding], source: HazardItem, target: HazardItem
) -> None:
    """Make findings of an item sightings of another."""
    for finding in findings:
        finding.item_id = target.id
    session.flush()
    for item in (source, target):
        _count_sightings(session, item)


def absorb(session: Session, item: HazardItem, survivor: HazardItem) -> list[Finding]:
    """Join an item into another, which gets its findings and its places; return the findings that moved."""
    moved = list(findings_of(session, item))
    move_findings(session, moved, item, survivor)
    item.state, item.merged_into = ItemState.MERGED, survivor.id
    item.version += 1
    # Whatever was joined into it before is now joined into the survivor: no chain is ever longer than one.
    before = select(HazardItem).where(
        col(HazardItem.enterprise_id) == item.enterprise_id,
        col(HazardItem.merged_into) == item.id,
    )
    for each in session.exec(before):
        each.merged_into = survivor.id
    session.flush()
    return moved


def dismiss_if_empty(session: Session, item: HazardItem) -> None:
    """Dismiss an open item when no sighting of it is left that is proposed or confirmed."""
    if item.state is ItemState.OPEN and not sightings_left(session, item, UNDECIDED_OR_CONFIRMED):
        item.state = ItemState.DISMISSED
        item.version += 1
        session.flush()


def sightings_left(session: Session, item: HazardItem, states: tuple[str, ...]) -> int:
    """Return how many findings of an item are in one of `states`."""
    return session.exec(
        select(func.count())
        .select_from(Finding)
        .where(
            col(Finding.enterprise_id) == item.enterprise_id,
            col(Finding.item_id) == item.id,
            col(Finding.state).in_(states),
        )
    ).one()


def joined_items(session: Session, enterprise_id: UUID, item_id: UUID) -> Sequence[UUID]:
    """Return the items that were joined into an item."""
    return session.exec(
        select(HazardItem.id).where(
            col(HazardItem.enterprise_id) == enterprise_id, col(HazardItem.merged_into) == item_id
        )
    ).all()


def survivors(session: Session, enterprise_id: UUID) -> dict[str, str]:
    """Return for every item that was joined into another which one that is, as the ledger writes ids."""
    rows = session.exec(
        select(HazardItem.id, HazardItem.merged_into).where(
            col(HazardItem.enterprise_id) == enterprise_id,
            col(HazardItem.merged_into).is_not(None),
        )
    )
    return {str(item_id): str(survivor) for item_id, survivor in rows}


def _count_sightings(session: Session, item: HazardItem) -> None:
    count, first, last = session.exec(
        select(
            func.count(), func.min(col(Finding.captured_at)), func.max(col(Finding.captured_at))
        ).where(col(Finding.enterprise_id) == item.enterprise_id, col(Finding.item_id) == item.id)
    ).one()
    item.sightings = count
    if count:
        item.first_seen_at, item.last_seen_at = first, last
    session.flush()
