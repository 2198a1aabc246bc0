"""From a ticket's rows to what the API shows of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from api.auth import Caller
from api.names import Names, names_of
from api.shapes.tickets import (
    ClockView,
    FixCheckView,
    PhotoLookView,
    StopView,
    TicketDetail,
    TicketHoldView,
    TicketStepView,
    TicketView,
    TreatmentPlanView,
)
from inspection.china import china_day
from inspection.clock_rules import clock_rule
from inspection.fix_checks import newest_check
from inspection.queries import ticket_steps
from inspection.scopes import DECIDING_ROLES, Scope
from inspection.tables import FINISHED, HoldState, RemediationTicket, TicketStep
from inspection.ticket_clock import TicketClock, elapsed, read, stopped_by
from inspection.ticket_deadlines import clock_of, clocks_of, holds_of, is_overdue
from inspection.ticket_holds import PAUSABLE, is_pausing, may_decide, may_request
from inspection.tickets import allowed_actions
from inspection.treatment_plans import lacks_plan, may_file, treatment_of
from inspection.wire import TreatmentPlan
from inspection.work_calendar import work_calendar


def ticket_views(
    session: Session, rows: Sequence[RemediationTicket], now: datetime
) -> list[TicketView]:
    """Return tickets with the names of who is concerned."""
    names = names_of(
        session, (key for row in rows for key in (row.opened_by, row.assignee_id, row.fixer_id))
    )
    clocks = clocks_of(session, rows)
    return [_ticket_view(row, names, clocks[row.id], now) for row in rows]


def _ticket_view(
    row: RemediationTicket, names: Names, clock: TicketClock, now: datetime
) -> TicketView:
    told_apart = {"opened_by", "is_overdue", "assignee", "fixer", "remaining_s", "stopped_by"}
    at = row.closed_at or now
    facts = row.model_dump(include=set(TicketView.model_fields) - told_apart)
    return TicketView(
        **facts,
        opened_by=names[row.opened_by],
        is_overdue=row.state not in FINISHED and is_overdue(row, now),
        remaining_s=_seconds(clock.budget) - _seconds(elapsed(clock, at, work_calendar())),
        stopped_by=None if row.state in FINISHED else stopped_by(clock, now),
        assignee=names[row.assignee_id] if row.assignee_id else None,
        fixer=names[row.fixer_id] if row.fixer_id else None,
    )


def ticket_detail(
    session: Session, caller: Caller, ticket: RemediationTicket, now: datetime
) -> TicketDetail:
    """Return a ticket with its clock, its steps and what the caller may do next."""
    steps = ticket_steps(session, ticket)
    names = names_of(
        session, (key for step in steps for key in (step.by_user_id, step.assignee_id))
    )
    return TicketDetail(
        ticket=ticket_views(session, [ticket], now)[0],
        steps=[_step_view(step, names) for step in steps],
        allowed_actions=list(allowed_actions(session, caller.scope, ticket)),
        clock=_clock_view(session, ticket, now),
        holds=_hold_views(session, caller.scope, ticket, now),
        may_request_hold=ticket.state in PAUSABLE and may_request(caller.scope, ticket),
        treatment=_treatment_view(session, ticket),
        is_treatment_missing=lacks_plan(session, ticket),
        may_file_treatment=may_file(caller.scope, ticket),
        fix_check=_fix_check_view(session, ticket),
    )


def _step_view(step: TicketStep, names: Names) -> TicketStepView:
    facts = step.model_dump(include=set(TicketStepView.model_fields) - {"by", "assignee"})
    return TicketStepView(
        **facts,
        by=names[step.by_user_id] if step.by_user_id else None,
        assignee=names[step.assignee_id] if step.assignee_id else None,
    )


def _treatment_view(session: Session, ticket: RemediationTicket) -> TreatmentPlanView | None:
    row = treatment_of(session, ticket)
    if row is None:
        return None
    return TreatmentPlanView(
        number=row.number,
        filed_at=row.filed_at,
        filed_by=names_of(session, [row.filed_by])[row.filed_by],
        plan=TreatmentPlan.model_validate(row.parts) if row.parts else None,
        entry_index=row.entry_index,
    )


def _fix_check_view(session: Session, ticket: RemediationTicket) -> FixCheckView | None:
    row = newest_check(session, ticket)
    if row is None:
        return None
    told_apart = {"step", "photos"}
    return FixCheckView(
        **row.model_dump(include=set(FixCheckView.model_fields) - told_apart),
        step=row.step_number,
        photos=[PhotoLookView.model_validate(each) for each in row.photos],
    )


def _clock_view(session: Session, ticket: RemediationTicket, now: datetime) -> ClockView:
    clock = clock_of(session, ticket)
    as_of = ticket.closed_at or now
    reading = read(clock, as_of, work_calendar())
    rule = clock_rule(ticket.level, china_day(ticket.opened_at))
    budget_s = _seconds(clock.budget)
    return ClockView(
        unit=clock.unit,
        unit_basis=rule.basis,
        is_unit_basis_checked=rule.basis_checked,
        budget_s=budget_s,
        granted_days=(budget_s - ticket.budget_s) // 86_400,
        elapsed_s=_seconds(reading.elapsed),
        remaining_s=budget_s - _seconds(reading.elapsed),
        due_at=reading.due.at,
        unknown_years=list(reading.due.unknown_years),
        stopped_by=reading.stopped_by,
        stops=[
            StopView(since=stop.span.begin, until=stop.span.end, reason=stop.reason)
            for stop in sorted(clock.stops, key=lambda stop: stop.span.begin)
        ],
        as_of=as_of,
    )


def _hold_views(
    session: Session, scope: Scope, ticket: RemediationTicket, now: datetime
) -> list[TicketHoldView]:
    holds = holds_of(session, ticket)
    names = names_of(session, (key for row in holds for key in (row.requested_by, row.decided_by)))
    asks = may_request(scope, ticket)
    decides = bool(scope.roles_in(ticket.enterprise_id).intersection(DECIDING_ROLES))
    told_apart = {"requested_by", "decided_by"}
    views = []
    for row in holds:
        pausing = is_pausing(row, now) and ticket.state not in FINISHED
        view = TicketHoldView(
            **row.model_dump(include=set(TicketHoldView.model_fields) - told_apart),
            requested_by=names[row.requested_by],
            decided_by=names[row.decided_by] if row.decided_by else None,
            is_pausing=pausing,
            may_decide=may_decide(scope, ticket, row),
            may_withdraw=row.state == HoldState.REQUESTED and asks,
            may_end=pausing and (asks or decides),
        )
        views.append(view)
    return views


def _seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())
