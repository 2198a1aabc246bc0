"""Remediation tickets (整改单): a pure machine of states, and around it the steps that people take.

    open ──assign──▶ assigned ──start──▶ fixing ──submit──▶ submitted ──close──▶ closed
                        ▲  (assign again)   ▲                    │
                        └───────────────────┴──────start──── returned ◀──return──┘

Who may not reinspect (`inspection.ticket_hands`): whoever was ever assigned, started or submitted. The fix of a major hazard starts after its treatment plan was
filed (`inspection.treatment_plans`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session, col, func, select

from inspection.clock_rules import unit_of
from inspection.errors import (
    AfterPhotoRequired,
    EvidenceMissing,
    InvalidInput,
    NotAllowed,
    NotFound,
    SecondPersonRequired,
    StepNotPossible,
    TreatmentPlanRequired,
)
from inspection.evidence import PICTURE_TYPES, evidence_row
from inspection.fix_checks import ask_for_check
from inspection.journal import Event, timestamp, write_event
from inspection.plans import CHINA, budget, china_day
from inspection.queries import people
from inspection.scopes import ENTERPRISE_ROLES, Scope
from inspection.sections import hazard_section
from inspection.tables import (
    Evidence,
    Finding,
    HazardItem,
    ItemState,
    NoticeKind,
    RemediationTicket,
    Role,
    ServicePlan,
    TicketState,
    TicketStep,
)
from inspection.taxonomy import hazard_type
from inspection.ticket_deadlines import set_deadline
from inspection.ticket_hands import hands_of
from inspection.ticket_notices import tell_of_ticket
from inspection.ticket_steps import Happening, TicketRef, locked_ticket, write_step
from inspection.treatment_plans import lacks_plan


class TicketAction(StrEnum):
    """What a person may do with a ticket."""

    ASSIGN = "assign"
    START = "start"
    SUBMIT = "submit"
    CLOSE = "close"
    RETURN = "return"


_NEXT: dict[TicketState, dict[TicketAction, TicketState]] = {
    TicketState.OPEN: {TicketAction.ASSIGN: TicketState.ASSIGNED},
    TicketState.ASSIGNED: {
        TicketAction.ASSIGN: TicketState.ASSIGNED,
        TicketAction.START: TicketState.FIXING,
    },
    TicketState.FIXING: {
        TicketAction.ASSIGN: TicketState.ASSIGNED,
        TicketAction.SUBMIT: TicketState.SUBMITTED,
    },
    TicketState.SUBMITTED: {
        TicketAction.CLOSE: TicketState.CLOSED,
        TicketAction.RETURN: TicketState.RETURNED,
    },
    TicketState.RETURNED: {
        TicketAction.ASSIGN: TicketState.ASSIGNED,
        TicketAction.START: TicketState.FIXING,
    },
    TicketState.CLOSED: {},
    TicketState.JOINED: {},
}
_EVENTS = {
    TicketAction.ASSIGN: "ticket.assigned",
    TicketAction.START: "ticket.started",
    TicketAction.SUBMIT: "ticket.submitted",
    TicketAction.CLOSE: "ticket.closed",
    TicketAction.RETURN: "ticket.returned",
}
_NOTICES = {
    TicketAction.ASSIGN: NoticeKind.TICKET_ASSIGNED,
    TicketAction.SUBMIT: NoticeKind.TICKET_SUBMITTED,
    TicketAction.CLOSE: NoticeKind.TICKET_CLOSED,
    TicketAction.RETURN: NoticeKind.TICKET_RETURNED,
}
_SUPERVISORS = (Role.ENTERPRISE_OFFICER, Role.EXPERT, Role.SERVICE_CENTRE)
_REINSPECTION = (TicketAction.CLOSE, TicketAction.RETURN)


@dataclass(frozen=True)
class Step:
    """What a person does: `assignee_id` with assign; after-photos with submit, others with a reinspection."""

    action: TicketAction
    note: str = ""
    assignee_id: UUID | None = None
    evidence_sha256s: tuple[str, ...] = ()


def possible_actions(state: TicketState) -> Sequence[TicketAction]:
    """Return what a state allows, whoever asks."""
    return tuple(_NEXT[state])


def next_state(state: TicketState, action: TicketAction) -> TicketState:
    """Return the state after an action. Raises `StepNotPossible`."""
    try:
        return _NEXT[state][action]
    except KeyError:
        raise StepNotPossible(state, action, possible_actions(state)) from None


def allowed_actions(
    session: Session, scope: Scope, ticket: RemediationTicket
) -> Sequence[TicketAction]:
    """Return what the caller may do with the ticket now."""
    allowed = []
    for action in possible_actions(ticket.state):
        try:
            _require_role(scope, ticket, action)
            _require_other_hands(session, scope, ticket, action)
        except NotAllowed:
            continue
        allowed.append(action)
    if TicketAction.START in allowed and lacks_plan(session, ticket):
        allowed.remove(TicketAction.START)
    return tuple(allowed)


def open_ticket(
    session: Session, scope: Scope, item: HazardItem, plan: ServicePlan, now: datetime
) -> RemediationTicket:
    """Open the ticket of an item whose level a person set; the caller holds the enterprise's lock.

    Deadline and legal basis come from the catalogue; where no source was checked, the ticket says so.
    """
    hazard = hazard_type(item.hazard_code)
    level = item.level or hazard.level
    ticket = RemediationTicket(
        enterprise_id=item.enterprise_id,
        number=_next_number(session, item.enterprise_id, now),
        item_id=item.id,
        plan_id=plan.id,
        hazard_code=hazard.code,
        level=level,
        basis=hazard.basis,
        is_basis_checked=hazard.basis_checked,
        opened_at=now,
        opened_by=scope.user_id,
        deadline=now,
        budget_s=round(budget(hazard.deadline_days, china_day(now)).total_seconds()),
        clock_unit=unit_of(level, hazard.deadline_days, china_day(now)).value,
    )
    session.add(ticket)
    item.ticket_id = ticket.id
    session.flush()
    set_deadline(session, ticket)
    data = {
        "ticket_id": str(ticket.id),
        "number": ticket.number,
        "item_id": str(item.id),
        "hazard_code": hazard.code,
        "hazard": hazard.name_zh,
        "place": item.place,
        "level": level,
        "basis": hazard.basis,
        "is_basis_checked": hazard.basis_checked,
        "deadline": timestamp(ticket.deadline),
        "clock_unit": ticket.clock_unit,
        "plan": plan.number,
        "state": ticket.state.value,
        **_history(item),
    }
    event = Event("ticket.opened", hazard_section(level), data)
    write_event(session, item.enterprise_id, scope.actor, event, now)
    tell_of_ticket(session, ticket, NoticeKind.TICKET_OPENED, scope.user_id, now, _history(item))
    return ticket


def _history(item: HazardItem) -> dict[str, int]:
    return {"recurrences": item.recurrences} if item.recurrences else {}


def take_step(session: Session, scope: Scope, ref: TicketRef, step: Step) -> RemediationTicket:
    """Take a step, write it into the ledger, and return the ticket as it is then.

    Raises `NotFound`, `VersionConflict`, `StepNotPossible`, `NotAllowed`, `SecondPersonRequired`, `TreatmentPlanRequired`,
    `EvidenceMissing`, `AfterPhotoRequired`, `InvalidInput`; nothing is written then.
    """
    now = ref.now
    ticket = locked_ticket(session, scope, ref)
    # Whose role it is not is not told in which state the ticket is.
    _require_role(scope, ticket, step.action)
    state = next_state(ticket.state, step.action)
    _require_other_hands(session, scope, ticket, step.action)
    evidence = _evidence_of(session, ticket, step)
    if step.action is TicketAction.ASSIGN:
        ticket.assignee_id = _assignee(session, scope, ticket, step)
    elif step.action is TicketAction.START:
        if lacks_plan(session, ticket):
            raise TreatmentPlanRequired
        ticket.fixer_id = scope.user_id
    elif step.action is TicketAction.RETURN and not step.note.strip():
        msg = "say in the note what is still wrong, so that the enterprise can fix it"
        raise InvalidInput(msg)
    elif step.action is TicketAction.CLOSE:
        _close(session, ticket, now)
    ticket.state = state
    written = _write_step(session, scope, ticket, step, evidence, now)
    _heed_submission(session, ticket, written, now)
    if step.action in _NOTICES:
        tell_of_ticket(session, ticket, _NOTICES[step.action], scope.user_id, now)
    return ticket


def _require_role(scope: Scope, ticket: RemediationTicket, action: TicketAction) -> None:
    enterprise_id = ticket.enterprise_id
    if action in (TicketAction.START, TicketAction.SUBMIT):
        is_assignee = scope.actor.user_id is not None and scope.actor.user_id == ticket.assignee_id
        if not is_assignee:
            scope.require_role(enterprise_id, action, Role.ENTERPRISE_OFFICER)
        return
    scope.require_role(enterprise_id, action, *_SUPERVISORS)


def _require_other_hands(
    session: Session, scope: Scope, ticket: RemediationTicket, action: TicketAction
) -> None:
    if action in _REINSPECTION and scope.user_id in hands_of(session, ticket):
        raise SecondPersonRequired


def _assignee(session: Session, scope: Scope, ticket: RemediationTicket, step: Step) -> UUID:
    for person in people(session, scope, ticket.enterprise_id):
        if person.id == step.assignee_id and person.roles & ENTERPRISE_ROLES:
            return person.id
    raise NotFound("person of the enterprise", step.assignee_id)


def _evidence_of(session: Session, ticket: RemediationTicket, step: Step) -> Sequence[Evidence]:
    if step.action is TicketAction.SUBMIT and not step.evidence_sha256s:
        msg = "a submission needs at least one photo taken after the fix"
        raise AfterPhotoRequired(msg)
    rows = []
    for sha256 in dict.fromkeys(step.evidence_sha256s):
        row = evidence_row(session, ticket.enterprise_id, sha256)
        if row is None:
            raise EvidenceMissing(sha256)
        rows.append(row)
    if step.action is TicketAction.SUBMIT:
        _require_after_photo(session, ticket, rows)
    return rows


def _require_after_photo(
    session: Session, ticket: RemediationTicket, rows: Sequence[Evidence]
) -> None:
    if not any(row.media_type in PICTURE_TYPES for row in rows):
        msg = "a submission needs a photo taken after the fix; a clip alone does not do"
        raise AfterPhotoRequired(msg)
    before = session.exec(
        select(Finding.evidence_sha256).where(
            col(Finding.enterprise_id) == ticket.enterprise_id,
            col(Finding.item_id) == ticket.item_id,
            col(Finding.evidence_sha256).in_([row.sha256 for row in rows]),
        )
    ).first()
    if before is not None:
        msg = f"{before} is the photo of the hazard itself; take one after the fix"
        raise AfterPhotoRequired(msg)


def _close(session: Session, ticket: RemediationTicket, now: datetime) -> None:
    ticket.closed_at = now
    item = session.get_one(HazardItem, (ticket.enterprise_id, ticket.item_id))
    item.state, item.closed_at = ItemState.CLOSED, now
    item.version += 1


def _write_step(
    session: Session,
    scope: Scope,
    ticket: RemediationTicket,
    step: Step,
    evidence: Sequence[Evidence],
    now: datetime,
) -> TicketStep:
    is_assignment = step.action is TicketAction.ASSIGN
    happening = Happening(
        kind=_EVENTS[step.action],
        action=step.action.value,
        note=step.note,
        facts={"assignee": f"user:{ticket.assignee_id}"} if is_assignment else {},
        evidence=evidence,
        evidence_role="after_photo" if step.action is TicketAction.SUBMIT else "reinspection_photo",
        assignee_id=ticket.assignee_id if is_assignment else None,
    )
    return write_step(session, scope.actor, ticket, happening, now)


def _heed_submission(
    session: Session, ticket: RemediationTicket, written: TicketStep, now: datetime
) -> None:
    """Stop the clock with a submission and have the model look at it; let the clock run on, with the deadline moved, when the fix goes back."""
    if written.action == TicketAction.SUBMIT:
        ticket.submitted_at = now
        ask_for_check(session, written)
    elif written.action == TicketAction.RETURN:
        ticket.submitted_at = None
        set_deadline(session, ticket)
    session.flush()


def _next_number(session: Session, enterprise_id: UUID, now: datetime) -> str:
    prefix = f"ZG-{now.astimezone(CHINA):%Y%m%d}-"
    count = session.exec(
        select(func.count())
        .select_from(RemediationTicket)
        .where(
            col(RemediationTicket.enterprise_id) == enterprise_id,
            col(RemediationTicket.number).startswith(prefix),
        )
    ).one()
    return f"{prefix}{count + 1:04d}"
