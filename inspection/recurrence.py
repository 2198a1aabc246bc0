"""Which item a finding belongs to once a person confirms it; and whether the hazard is one that came back.

A new sighting of a place whose item is closed opens an item of its own, so that a box has something that stands and does not tell it
again and again. When a person confirms it and the closed item's fix is not older than `recurrence_window` (`parameters.csv`), the hazard
is back: the new item is joined into the old one, which opens again and counts one recurrence more. Its closed ticket stays closed; a new
one is opened.

Back is what was photographed after the fix was handed in. What was photographed before it, and arrived late, shows the hazard that was fixed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from inspection.items import (
    absorb,
    dismiss_if_empty,
    items_at,
    join_item,
    move_findings,
    open_item,
    sightings_left,
    ticket_of,
)
from inspection.journal import timestamp
from inspection.plans import china_day, parameter
from inspection.tables import Finding, HazardItem, ItemState

WINDOW = "recurrence_window"


@dataclass(frozen=True)
class Placement:
    """The item of a confirmed finding; `came_back` says of an item that opened again what it was, for the ledger."""

    item: HazardItem
    absorbed: HazardItem | None = None
    moved: tuple[Finding, ...] = ()
    came_back: dict[str, Any] | None = None


def place_finding(session: Session, finding: Finding, hazard_code: str, now: datetime) -> Placement:
    """Return the item that a finding belongs to, now that a person confirms it as `hazard_code`.

    It stays where it is, unless the person corrected the hazard, or the hazard came back. The caller holds the
    enterprise's lock.
    """
    own = session.get_one(HazardItem, (finding.enterprise_id, finding.item_id))
    is_own = hazard_code in (own.hazard_code, finding.hazard_code)
    if is_own and own.state is ItemState.CLOSED and not _is_after_fix(session, own, finding):
        return Placement(own)
    standing = (
        own
        if is_own and own.state is ItemState.OPEN
        else open_item(session, own.enterprise_id, hazard_code, own.place)
    )
    if standing is not None and standing.level is not None:
        return _moved(session, finding, own, standing)
    back = _item_that_is_back(session, finding, hazard_code, own.place, now)
    if back is not None:
        return _reopened(session, finding, own, standing, back)
    if standing is not None:
        return _moved(session, finding, own, standing)
    alone = sightings_left(session, own, ("proposed", "confirmed", "dismissed")) == 1
    if alone and own.state is ItemState.OPEN:
        own.hazard_code = hazard_code
        own.version += 1
        return Placement(own)
    new = join_item(session, own.enterprise_id, hazard_code, own.place, finding.captured_at)
    return _moved(session, finding, own, new)


def _moved(session: Session, finding: Finding, own: HazardItem, target: HazardItem) -> Placement:
    if target.id != own.id:
        move_findings(session, [finding], own, target)
        dismiss_if_empty(session, own)
    return Placement(target)


def _reopened(
    session: Session,
    finding: Finding,
    own: HazardItem,
    standing: HazardItem | None,
    back: HazardItem,
) -> Placement:
    moved = absorb(session, standing, back) if standing is not None else []
    if finding.item_id != back.id:
        _moved(session, finding, own, back)
        moved.append(finding)
    ticket = ticket_of(session, back)
    facts = {
        "closed_at": timestamp(back.closed_at) if back.closed_at else None,
        "earlier_ticket": ticket.number if ticket else None,
        "recurrences": back.recurrences + 1,
    }
    back.state, back.closed_at, back.ticket_id = ItemState.OPEN, None, None
    back.recurrences += 1
    back.version += 1
    session.flush()
    return Placement(back, standing, tuple(moved), facts)


def _item_that_is_back(
    session: Session, finding: Finding, hazard_code: str, place: str, now: datetime
) -> HazardItem | None:
    window = timedelta(days=parameter(WINDOW, china_day(now)).value)
    closed = [
        (item.closed_at, item)
        for item in items_at(session, finding.enterprise_id, hazard_code, place, ItemState.CLOSED)
        if item.closed_at is not None
        and finding.captured_at <= item.closed_at + window
        and _is_after_fix(session, item, finding)
    ]
    return max(closed, key=lambda pair: pair[0])[1] if closed else None


def _is_after_fix(session: Session, item: HazardItem, finding: Finding) -> bool:
    ticket = ticket_of(session, item)
    fixed_at = (ticket.submitted_at if ticket else None) or item.closed_at
    return fixed_at is not None and finding.captured_at > fixed_at
