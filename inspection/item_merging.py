"""Joining two items that are one problem, and splitting one that is two: by hand, with a reason, in the ledger.

No word gives time by joining: the item whose ticket is due first is the one that stays. The ticket of the joined item ends as *joined*,
which no reinspection leads to and nothing counts as fixed. Nothing is joined or split while a fix waits for its reinspection: what the
second person looks at must not change under their eyes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from inspection.database import lock_enterprise
from inspection.errors import (
    ItemNotStanding,
    MergeRefused,
    NotFound,
    ReinspectionPending,
    SplitRefused,
    VersionConflict,
)
from inspection.holds import standing_holds
from inspection.item_changes import ItemStory, write_change
from inspection.items import (
    UNDECIDED_OR_CONFIRMED,
    absorb,
    findings_of,
    move_findings,
    place_of,
    ticket_of,
)
from inspection.plans import china_day, plan_in_force
from inspection.queries import get_item
from inspection.scopes import DECIDING_ROLES, Scope
from inspection.tables import (
    FINISHED,
    Finding,
    HazardItem,
    Inspection,
    ItemChangeKind,
    ItemState,
    NoticeKind,
    RemediationTicket,
    TicketState,
)
from inspection.ticket_notices import tell_of_ticket
from inspection.ticket_steps import Happening, write_step
from inspection.tickets import open_ticket

_MAJOR = "major"


@dataclass(frozen=True)
class ItemRef:
    """Which item, when it is done, and the version that was read; None does not ask."""

    enterprise_id: UUID
    item_id: UUID
    now: datetime
    expected_version: int | None = None


@dataclass(frozen=True)
class Part:
    """What is split off an item: these findings, at this place (empty: where the first of them was seen)."""

    finding_ids: tuple[UUID, ...]
    reason: str
    place: str = ""


def merge_items(
    session: Session, scope: Scope, ref: ItemRef, into_id: UUID, reason: str
) -> HazardItem:
    """Join an item into another of the same enterprise, and return the one that stays, as an expert or the service centre.

    Raises `NotFound`, `NotAllowed`, `VersionConflict`, `ItemNotStanding`, `ReinspectionPending`, `MergeRefused`; nothing is
    written then.
    """
    item = _locked_item(session, scope, ref, "join hazards")
    survivor = get_item(session, scope, ref.enterprise_id, into_id)
    if survivor.id == item.id:
        raise MergeRefused("a hazard cannot be joined into itself; choose another one")
    for each in (item, survivor):
        _require_state(each, ItemState.OPEN)
    ticket, other = _standing_ticket(session, item), _standing_ticket(session, survivor)
    _require_no_time_gained(ticket, other)
    moved = absorb(session, item, survivor)
    _raise_level(survivor, item.level, other)
    survivor.version += 1
    facts: dict[str, Any] = {"other_hazard_code": item.hazard_code}
    if ticket is not None:
        facts["joined_ticket"] = ticket.number
    story = ItemStory(ItemChangeKind.MERGED, item, moved, reason, facts)
    write_change(session, scope, survivor, story, ref.now)
    if ticket is not None and other is not None:
        _end_as_joined(session, scope, ticket, other, reason, ref.now)
    return survivor


def split_item(session: Session, scope: Scope, ref: ItemRef, part: Part) -> HazardItem:
    """Make findings of an item an item of their own, and return it, as an expert or the service centre.

    It gets a ticket, with its own time, where one of the findings was confirmed and the plan in force says so. Raises
    `NotFound`, `NotAllowed`, `VersionConflict`, `ItemNotStanding`, `ReinspectionPending`, `SplitRefused`; nothing is written then.
    """
    item = _locked_item(session, scope, ref, "split a hazard")
    _require_state(item, ItemState.OPEN, ItemState.CLOSED)
    _standing_ticket(session, item)
    if any(hold.item_id == item.id for hold in standing_holds(session, item.enterprise_id)):
        raise SplitRefused("a legal hold covers this hazard; it must be lifted first")
    chosen, rest = _parts(session, item, part.finding_ids)
    _require_sense(item, chosen, rest)
    first = chosen[0]
    visit = first.inspection_id and session.get(
        Inspection, (item.enterprise_id, first.inspection_id)
    )
    new = HazardItem(
        enterprise_id=item.enterprise_id,
        hazard_code=_common_hazard(chosen),
        place=part.place.strip()
        or place_of(first.zone, first.source_kind, first.source_name, visit or None),
        level=_level_of(chosen, item),
        first_seen_at=first.captured_at,
        last_seen_at=first.captured_at,
    )
    session.add(new)
    session.flush()
    move_findings(session, chosen, item, new)
    item.version += 1
    story = ItemStory(ItemChangeKind.SPLIT, new, chosen, part.reason)
    write_change(session, scope, item, story, ref.now)
    plan = plan_in_force(session, item.enterprise_id, china_day(ref.now))
    if new.level is not None and plan is not None and plan.opens_tickets:
        open_ticket(session, scope, new, plan, ref.now)
    return new


def may_change(scope: Scope, item: HazardItem) -> bool:
    """Return whether the caller may join and split an item's findings at all."""
    return bool(scope.roles_in(item.enterprise_id).intersection(DECIDING_ROLES))


def _locked_item(session: Session, scope: Scope, ref: ItemRef, action: str) -> HazardItem:
    scope.require(ref.enterprise_id)
    lock_enterprise(session, ref.enterprise_id)
    item = get_item(session, scope, ref.enterprise_id, ref.item_id)
    scope.require_role(ref.enterprise_id, action, *DECIDING_ROLES)
    session.refresh(item)
    if ref.expected_version is not None and item.version != ref.expected_version:
        raise VersionConflict(ref.expected_version, item.version, "the hazard")
    return item


def _require_state(item: HazardItem, *states: ItemState) -> None:
    if item.state not in states:
        raise ItemNotStanding(item.id, item.state)


def _standing_ticket(session: Session, item: HazardItem) -> RemediationTicket | None:
    ticket = ticket_of(session, item)
    if ticket is None or ticket.state in FINISHED:
        return None
    if ticket.state is TicketState.SUBMITTED:
        raise ReinspectionPending(ticket.number)
    return ticket


def _require_no_time_gained(
    ticket: RemediationTicket | None, other: RemediationTicket | None
) -> None:
    if ticket is None:
        return
    if other is None:
        raise MergeRefused(
            f"ticket {ticket.number} would end and the other hazard has none; join that one into this one"
        )
    if ticket.deadline < other.deadline:
        raise MergeRefused(
            f"ticket {ticket.number} is due before {other.number}; keep the hazard that is due first, and join the other into it"
        )


def _raise_level(survivor: HazardItem, level: str | None, ticket: RemediationTicket | None) -> None:
    if survivor.level is None or level == _MAJOR:
        survivor.level = level or survivor.level
    if ticket is not None and survivor.level is not None:
        ticket.level = survivor.level


def _end_as_joined(
    session: Session,
    scope: Scope,
    ticket: RemediationTicket,
    into: RemediationTicket,
    reason: str,
    now: datetime,
) -> None:
    ticket.state, ticket.closed_at = TicketState.JOINED, now
    facts = {"into_ticket": into.number, "other_item_id": str(into.item_id)}
    write_step(
        session, scope.actor, ticket, Happening("ticket.joined", "joined", reason, facts), now
    )
    tell_of_ticket(session, ticket, NoticeKind.TICKET_JOINED, scope.user_id, now)


def _parts(
    session: Session, item: HazardItem, finding_ids: Collection[UUID]
) -> tuple[list[Finding], list[Finding]]:
    findings = findings_of(session, item)
    known = {finding.id for finding in findings}
    for finding_id in finding_ids:
        if finding_id not in known:
            raise NotFound("sighting of this hazard", finding_id)
    chosen = [finding for finding in findings if finding.id in finding_ids]
    rest = [finding for finding in findings if finding.id not in finding_ids]
    return chosen, rest


def _require_sense(item: HazardItem, chosen: Sequence[Finding], rest: Sequence[Finding]) -> None:
    for part, what in ((chosen, "chosen"), (rest, "left")):
        if not any(finding.state in UNDECIDED_OR_CONFIRMED for finding in part):
            raise SplitRefused(f"no sighting that stands would be {what}; choose others")
    if item.level is not None and not any(finding.state == "confirmed" for finding in rest):
        raise SplitRefused(
            "no confirmed sighting would be left, and this hazard was confirmed; leave one, or confirm another first"
        )


def _common_hazard(chosen: Sequence[Finding]) -> str:
    codes = {finding.hazard_code for finding in chosen if finding.state in UNDECIDED_OR_CONFIRMED}
    if len(codes) > 1:
        raise SplitRefused(
            f"the chosen sightings are of several hazards ({', '.join(sorted(codes))}); split them off one by one"
        )
    return codes.pop()


def _level_of(chosen: Sequence[Finding], item: HazardItem) -> str | None:
    levels = {
        finding.decided_level or item.level for finding in chosen if finding.state == "confirmed"
    }
    return _MAJOR if _MAJOR in levels else next(iter(levels), None)
