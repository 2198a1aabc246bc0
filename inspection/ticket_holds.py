"""More time for a ticket: the enterprise asks for a pause or an extension, another person decides, the clock follows.

    requested ──approve──▶ approved (a pause ends by itself at its planned end, or before by hand)
        │ └────refuse────▶ refused
        └─────withdraw───▶ withdrawn

While a request waits the clock runs on. An approved pause counts from its request: a slow decision takes no time from the
enterprise, and since its end is planned, a forgotten one gives none away.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from inspection.clock_rules import hold_reason
from inspection.errors import (
    AnotherApproverRequired,
    HoldDecided,
    HoldPending,
    InvalidInput,
    NotAllowed,
    NotFound,
    StepNotPossible,
)
from inspection.journal import timestamp
from inspection.plans import china_day, parameter
from inspection.scopes import DECIDING_ROLES, Scope
from inspection.tables import (
    FINISHED,
    HoldKind,
    HoldState,
    RemediationTicket,
    Role,
    TicketHold,
    TicketState,
)
from inspection.ticket_deadlines import holds_of, pause_span, set_deadline
from inspection.ticket_steps import Happening, TicketRef, locked_ticket, write_step

# While the enterprise has something to do.
PAUSABLE = (
    TicketState.OPEN,
    TicketState.ASSIGNED,
    TicketState.FIXING,
    TicketState.RETURNED,
)


@dataclass(frozen=True)
class HoldRequest:
    """What is asked for: a pause `until`, or an extension by `days` in the clock's unit; and why."""

    kind: HoldKind
    reason_code: str
    note: str = ""
    until: datetime | None = None
    days: int | None = None


def request_hold(
    session: Session, scope: Scope, ref: TicketRef, asked: HoldRequest
) -> RemediationTicket:
    """Ask for a pause or an extension, as an officer or as the person who is to fix it.

    Raises `NotFound`, `NotAllowed`, `VersionConflict`, `StepNotPossible`, `HoldPending`, `InvalidInput`.
    """
    ticket = locked_ticket(session, scope, ref)
    if not may_request(scope, ticket):
        raise NotAllowed("ask for time", [Role.ENTERPRISE_OFFICER.value, "the assignee"])
    if ticket.state not in PAUSABLE:
        raise StepNotPossible(ticket.state, f"be given a {asked.kind}", [])
    pending = [row for row in holds_of(session, ticket) if row.state == HoldState.REQUESTED]
    if any(row.kind == asked.kind for row in pending):
        raise HoldPending(asked.kind)
    _require_sense(asked, ref.now)
    hold = TicketHold(
        enterprise_id=ticket.enterprise_id,
        ticket_id=ticket.id,
        kind=asked.kind.value,
        reason_code=asked.reason_code,
        requested_at=ref.now,
        requested_by=scope.user_id,
        until=asked.until,
        days=asked.days,
    )
    session.add(hold)
    session.flush()
    happening = _happening(ticket, hold, f"{asked.kind}_requested", asked.note)
    write_step(session, scope.actor, ticket, happening, ref.now)
    return ticket


def decide_hold(
    session: Session, scope: Scope, ref: TicketRef, hold_id: UUID, *, approved: bool, note: str
) -> RemediationTicket:
    """Approve a request, or refuse it with a reason, as an expert or the service centre; never one's own.

    Raises `NotFound`, `NotAllowed`, `AnotherApproverRequired`, `VersionConflict`, `HoldDecided`, `StepNotPossible`,
    `InvalidInput` for a refusal without a reason.
    """
    ticket = locked_ticket(session, scope, ref)
    scope.require_role(ticket.enterprise_id, "decide about a ticket's time", *DECIDING_ROLES)
    hold = _hold(session, ticket, hold_id)
    if hold.state != HoldState.REQUESTED:
        raise HoldDecided(hold_id, hold.state)
    if hold.requested_by == scope.user_id:
        raise AnotherApproverRequired(hold.kind)
    if ticket.state in FINISHED:
        raise StepNotPossible(ticket.state, f"be given a {hold.kind}", [])
    if not approved and not note.strip():
        msg = "say in the note why it is refused, so that the enterprise can act on it"
        raise InvalidInput(msg)
    hold.state = (HoldState.APPROVED if approved else HoldState.REFUSED).value
    hold.decided_at, hold.decided_by = ref.now, scope.user_id
    session.flush()
    set_deadline(session, ticket)
    happening = _happening(ticket, hold, f"{hold.kind}_{hold.state}", note)
    write_step(session, scope.actor, ticket, happening, ref.now)
    return ticket


def withdraw_hold(
    session: Session, scope: Scope, ref: TicketRef, hold_id: UUID, note: str
) -> RemediationTicket:
    """Take a request back before it is decided. Raises what `request_hold` raises, and `HoldDecided`."""
    ticket = locked_ticket(session, scope, ref)
    hold = _hold(session, ticket, hold_id)
    if not may_request(scope, ticket) and hold.requested_by != scope.actor.user_id:
        raise NotAllowed("withdraw it", [Role.ENTERPRISE_OFFICER.value, "whoever asked"])
    if hold.state != HoldState.REQUESTED:
        raise HoldDecided(hold_id, hold.state)
    hold.state = HoldState.WITHDRAWN.value
    session.flush()
    happening = _happening(ticket, hold, f"{hold.kind}_withdrawn", note)
    write_step(session, scope.actor, ticket, happening, ref.now)
    return ticket


def end_pause(
    session: Session, scope: Scope, ref: TicketRef, hold_id: UUID, note: str
) -> RemediationTicket:
    """Let the clock run on before an approved pause's planned end: the parts came, or the reason is gone.

    Raises `NotFound`, `NotAllowed`, `VersionConflict`, `StepNotPossible`, `HoldDecided` for a pause that does not hold now.
    """
    ticket = locked_ticket(session, scope, ref)
    hold = _hold(session, ticket, hold_id)
    if not may_request(scope, ticket):
        scope.require_role(ticket.enterprise_id, "end a pause", *DECIDING_ROLES)
    if ticket.state in FINISHED:
        raise StepNotPossible(ticket.state, "let its clock run on", [])
    if not is_pausing(hold, ref.now):
        raise HoldDecided(hold_id, "over" if hold.state == HoldState.APPROVED else hold.state)
    hold.ended_at = ref.now
    session.flush()
    set_deadline(session, ticket)
    happening = _happening(ticket, hold, "pause_ended", note)
    write_step(session, scope.actor, ticket, happening, ref.now)
    return ticket


def is_pausing(hold: TicketHold, now: datetime) -> bool:
    """Return whether an approved pause holds the clock now."""
    is_approved = hold.kind == HoldKind.PAUSE and hold.state == HoldState.APPROVED
    return is_approved and pause_span(hold).holds(now)


def may_request(scope: Scope, ticket: RemediationTicket) -> bool:
    """Return whether the caller asks for time: an officer of the enterprise, or whoever is to fix it."""
    is_assignee = scope.actor.user_id is not None and scope.actor.user_id == ticket.assignee_id
    return is_assignee or Role.ENTERPRISE_OFFICER in scope.roles_in(ticket.enterprise_id)


def may_decide(scope: Scope, ticket: RemediationTicket, hold: TicketHold) -> bool:
    """Return whether the caller decides about a request that waits."""
    has_role = bool(scope.roles_in(ticket.enterprise_id).intersection(DECIDING_ROLES))
    is_waiting = hold.state == HoldState.REQUESTED and ticket.state not in FINISHED
    return has_role and is_waiting and hold.requested_by != scope.actor.user_id


def _require_sense(asked: HoldRequest, now: datetime) -> None:
    hold_reason(asked.reason_code, asked.kind)
    if asked.reason_code == "other" and not asked.note.strip():
        raise InvalidInput("say in the note what the other reason is")
    if asked.kind is HoldKind.EXTENSION:
        limit = int(parameter("extension_max", china_day(now)).value)
        if asked.days is None or not 1 <= asked.days <= limit:
            raise InvalidInput(f"an extension is from 1 to {limit} days; ask again later for more")
        return
    limit = int(parameter("pause_max", china_day(now)).value)
    if asked.until is None or not now < asked.until <= now + timedelta(days=limit):
        raise InvalidInput(f"a pause ends after now and within {limit} days; ask again for more")


def _hold(session: Session, ticket: RemediationTicket, hold_id: UUID) -> TicketHold:
    hold = session.get(TicketHold, (ticket.enterprise_id, hold_id), populate_existing=True)
    if hold is None or hold.ticket_id != ticket.id:
        raise NotFound("request for time", hold_id)
    return hold


def _happening(ticket: RemediationTicket, hold: TicketHold, action: str, note: str) -> Happening:
    facts: dict[str, Any] = {
        "request_id": str(hold.id),
        "reason_code": hold.reason_code,
        "deadline": timestamp(ticket.deadline),
    }
    if hold.until is not None:
        facts["until"] = timestamp(hold.until)
    if hold.days is not None:
        facts["days"] = hold.days
    return Happening(f"ticket.{action}", action, note, facts)
