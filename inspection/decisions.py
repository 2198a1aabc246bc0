"""A person confirms or dismisses what a model proposed: the only way to a hazard level and to a ticket."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from inspection.database import lock_enterprise
from inspection.errors import AlreadyDecided
from inspection.items import dismiss_if_empty, item_for_decision
from inspection.journal import Event, write_event
from inspection.plans import china_day, plan_in_force
from inspection.queries import get_finding
from inspection.scopes import DECIDING_ROLES, Scope
from inspection.sections import hazard_section
from inspection.tables import Finding, HazardItem, ItemState, RemediationTicket
from inspection.taxonomy import hazard_type
from inspection.tickets import open_ticket
from inspection.wire import Confirmation, Dismissal


@dataclass(frozen=True)
class Decision:
    """What a person's word changed. `ticket` is the item's ticket, opened now or before; None when it has none."""

    finding: Finding
    item: HazardItem
    ticket: RemediationTicket | None


def confirm_finding(
    session: Session,
    scope: Scope,
    enterprise_id: UUID,
    finding_id: UUID,
    confirmation: Confirmation,
    now: datetime,
) -> Decision:
    """Confirm a proposed finding; when the service plan in force says so, its item gets a ticket, once.

    Raises `NotFound`, `NotAllowed`, `AlreadyDecided`, `UnknownHazard` for a corrected code that is none.
    """
    finding = _finding_to_decide(session, scope, enterprise_id, finding_id)
    hazard = hazard_type(confirmation.hazard_code or finding.hazard_code)
    if confirmation.boxes is not None:
        finding.boxes = [box.model_dump(mode="json") for box in confirmation.boxes]
    _decide(finding, "confirmed", scope, confirmation.note, now)
    item = item_for_decision(session, finding, hazard.code)
    proposed_code, finding.hazard_code = finding.hazard_code, hazard.code
    ticket = _ticket_of(session, item)
    level = _set_level(item, ticket, confirmation.level or item.level or hazard.level)
    data = {
        "finding_id": str(finding.id),
        "entry_index": finding.entry_index,
        "item_id": str(item.id),
        "state": "confirmed",
        "proposed_hazard_code": proposed_code,
        "hazard_code": hazard.code,
        "hazard": hazard.name_zh,
        "level": level,
        "boxes": finding.boxes,
        "note": confirmation.note,
    }
    session.flush()
    event = Event("finding.confirmed", hazard_section(level), data)
    write_event(session, enterprise_id, scope.actor, event, now)
    if ticket is None and item.state is ItemState.OPEN:
        plan = plan_in_force(session, enterprise_id, china_day(now))
        if plan is not None and plan.opens_tickets:
            ticket = open_ticket(session, scope, item, plan, now)
    return Decision(finding, item, ticket)


def dismiss_finding(
    session: Session,
    scope: Scope,
    enterprise_id: UUID,
    finding_id: UUID,
    dismissal: Dismissal,
    now: datetime,
) -> Decision:
    """Dismiss a proposed finding; its item is dismissed when all its findings are.

    Raises `NotFound`, `NotAllowed`, `AlreadyDecided`.
    """
    finding = _finding_to_decide(session, scope, enterprise_id, finding_id)
    _decide(finding, "dismissed", scope, dismissal.reason, now)
    session.flush()
    item = session.get_one(HazardItem, (enterprise_id, finding.item_id))
    dismiss_if_empty(session, item)
    data = {
        "finding_id": str(finding.id),
        "entry_index": finding.entry_index,
        "item_id": str(item.id),
        "state": "dismissed",
        "hazard_code": finding.hazard_code,
        "reason": dismissal.reason,
    }
    event = Event("finding.dismissed", hazard_section(item.level), data)
    write_event(session, enterprise_id, scope.actor, event, now)
    return Decision(finding, item, _ticket_of(session, item))


def _finding_to_decide(
    session: Session, scope: Scope, enterprise_id: UUID, finding_id: UUID
) -> Finding:
    scope.require(enterprise_id)
    lock_enterprise(session, enterprise_id)
    finding = get_finding(session, scope, enterprise_id, finding_id)
    scope.require_role(enterprise_id, "decide about findings", *DECIDING_ROLES)
    session.refresh(finding)
    if finding.state != "proposed":
        raise AlreadyDecided(finding_id, finding.state)
    return finding


def _decide(finding: Finding, state: str, scope: Scope, note: str, now: datetime) -> None:
    finding.state = state
    finding.decided_by = scope.user_id
    finding.decided_at = now
    finding.decision_note = note


def _ticket_of(session: Session, item: HazardItem) -> RemediationTicket | None:
    return session.exec(
        select(RemediationTicket).where(
            col(RemediationTicket.enterprise_id) == item.enterprise_id,
            col(RemediationTicket.item_id) == item.id,
        )
    ).first()


def _set_level(item: HazardItem, ticket: RemediationTicket | None, level: str) -> str:
    # The worst that a person said stands: a later sighting may raise the level, never lower it in passing.
    if item.level != "major" and item.state is ItemState.OPEN:
        item.level = level
        if ticket is not None:
            ticket.level = level
    return item.level or level
