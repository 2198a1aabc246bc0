"""Hazard items: which standing problem a finding is a sighting of.

All functions are for a caller that holds `inspection.database.lock_enterprise`; else two sightings at once would
open two items.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, func, select

from inspection.tables import Finding, HazardItem, ItemState, RemediationTicket, TicketStep


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
    return session.exec(
        select(HazardItem)
        .where(
            col(HazardItem.enterprise_id) == enterprise_id,
            col(HazardItem.hazard_code) == hazard_code,
            col(HazardItem.place) == place,
            col(HazardItem.state) == ItemState.OPEN,
        )
        .order_by(col(HazardItem.id))
    ).first()


def item_for_decision(session: Session, finding: Finding, hazard_code: str) -> HazardItem:
    """Return the item that a finding belongs to, now that a person confirms it as `hazard_code`.

    It stays where it is, unless the person corrected the hazard, or the item was closed by a fix that the finding
    is younger than: then the hazard is back.
    """
    item = session.get_one(HazardItem, (finding.enterprise_id, finding.item_id))
    if item.hazard_code == hazard_code and not _is_back(session, item, finding):
        return item
    target = open_item(session, finding.enterprise_id, hazard_code, item.place)
    alone = sightings_left(session, item, ("proposed", "confirmed", "dismissed")) == 1
    if target is None and alone and item.state is ItemState.OPEN:
        item.hazard_code = hazard_code
        return item
    target = join_item(session, finding.enterprise_id, hazard_code, item.place, finding.captured_at)
    finding.item_id = target.id
    item.sightings -= 1
    session.flush()
    dismiss_if_empty(session, item)
    return target


def dismiss_if_empty(session: Session, item: HazardItem) -> None:
    """Dismiss an open item when no sighting of it is left that is proposed or confirmed."""
    if item.state is ItemState.OPEN and not sightings_left(
        session, item, ("proposed", "confirmed")
    ):
        item.state = ItemState.DISMISSED
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


def _is_back(session: Session, item: HazardItem, finding: Finding) -> bool:
    if item.state is not ItemState.CLOSED:
        return False
    fixed_at = session.exec(
        select(func.max(col(TicketStep.at)))
        .join(
            RemediationTicket,
            (col(RemediationTicket.enterprise_id) == col(TicketStep.enterprise_id))
            & (col(RemediationTicket.id) == col(TicketStep.ticket_id)),
        )
        .where(
            col(RemediationTicket.enterprise_id) == item.enterprise_id,
            col(RemediationTicket.item_id) == item.id,
            col(TicketStep.action) == "submit",
        )
    ).one()
    return bool(fixed_at) and finding.captured_at > fixed_at
