"""A ticket's clock from its rows: what stopped it, what was granted, and the deadline that follows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select

from inspection import ticket_clock
from inspection.tables import (
    FINISHED,
    HoldKind,
    HoldState,
    RemediationTicket,
    TicketHold,
    TicketState,
    TicketStep,
)
from inspection.ticket_clock import ClockUnit, Reading, Span, Stop, StopReason, TicketClock
from inspection.work_calendar import work_calendar

# The fixer has done their part: how long the reinspection takes is not theirs.
WAITING = (TicketState.SUBMITTED,)


def clock_of(session: Session, ticket: RemediationTicket) -> TicketClock:
    """Return a ticket's clock as it stands."""
    return clocks_of(session, [ticket])[ticket.id]


def clocks_of(session: Session, tickets: Sequence[RemediationTicket]) -> Mapping[UUID, TicketClock]:
    """Return the clocks of tickets, by their ids, with two queries however many there are."""
    keys = {row.enterprise_id for row in tickets}, {row.id for row in tickets}
    holds: defaultdict[UUID, list[TicketHold]] = defaultdict(list)
    for hold in session.exec(
        select(TicketHold).where(
            col(TicketHold.enterprise_id).in_(keys[0]),
            col(TicketHold.ticket_id).in_(keys[1]),
            col(TicketHold.state) == HoldState.APPROVED,
        )
    ):
        holds[hold.ticket_id].append(hold)
    steps: defaultdict[UUID, list[tuple[datetime, TicketState]]] = defaultdict(list)
    for ticket_id, at, state in session.exec(
        select(TicketStep.ticket_id, TicketStep.at, TicketStep.state)
        .where(col(TicketStep.enterprise_id).in_(keys[0]), col(TicketStep.ticket_id).in_(keys[1]))
        .order_by(col(TicketStep.number))
    ):
        steps[ticket_id].append((at, TicketState(state)))
    return {row.id: _clock(row, holds[row.id], steps[row.id]) for row in tickets}


def _clock(
    ticket: RemediationTicket,
    approved: Sequence[TicketHold],
    steps: Sequence[tuple[datetime, TicketState]],
) -> TicketClock:
    granted = sum(row.days or 0 for row in approved if row.kind == HoldKind.EXTENSION)
    pauses = [
        Stop(pause_span(row), StopReason.PAUSE) for row in approved if row.kind == HoldKind.PAUSE
    ]
    return TicketClock(
        opened_at=ticket.opened_at,
        budget=timedelta(seconds=ticket.budget_s, days=granted),
        unit=ClockUnit(ticket.clock_unit),
        stops=[*pauses, *_waits(steps)],
    )


def pause_span(hold: TicketHold) -> Span:
    """Return when an approved pause holds: from its request, so that a slow approval takes no time, to its end."""
    ends = [at for at in (hold.until, hold.ended_at) if at is not None]
    return Span(hold.requested_at, min(ends, default=None))


def reading_of(session: Session, ticket: RemediationTicket, now: datetime) -> Reading:
    """Return what a ticket's clock shows now, or showed when it was closed."""
    clock = clock_of(session, ticket)
    return ticket_clock.read(clock, ticket.closed_at or now, work_calendar())


def set_deadline(session: Session, ticket: RemediationTicket) -> None:
    """Let the stored deadline follow the clock.

    A wait for a reinspection that goes on is left out: a fix is judged by the deadline that it was submitted against, and more
    time that is granted only then counts from its request.
    """
    clock = clock_of(session, ticket)
    ended = [stop for stop in clock.stops if stop.span.end is not None]
    found = ticket_clock.due(replace(clock, stops=ended), work_calendar())
    if found.at is not None:
        ticket.deadline = found.at
        ticket.is_deadline_provisional = bool(found.unknown_years)
        session.flush()


def is_overdue(ticket: RemediationTicket, now: datetime) -> bool:
    """Return whether the fix was, or is, late, by the stored deadline.

    A fix that waits for its reinspection, or has passed, is judged by when it was submitted; a deadline that is only the
    earliest possible one makes nothing late.
    """
    return lateness(ticket, now) > timedelta()


def is_late(now: datetime) -> ColumnElement[bool]:
    """Return the condition of a ticket that is not finished and late, as `is_overdue` judges it."""
    submitted_at, deadline = col(RemediationTicket.submitted_at), col(RemediationTicket.deadline)
    return and_(
        col(RemediationTicket.state).not_in(FINISHED),
        col(RemediationTicket.is_deadline_provisional).is_(False),
        or_(deadline < submitted_at, and_(submitted_at.is_(None), deadline < now)),
    )


def lateness(ticket: RemediationTicket, now: datetime) -> timedelta:
    """Return by how much the fix is, or was, late, as `is_overdue` judges it; nothing where it is not."""
    until = ticket.submitted_at or ticket.closed_at or now
    if ticket.is_deadline_provisional:
        return timedelta()
    return max(until - ticket.deadline, timedelta())


def holds_of(session: Session, ticket: RemediationTicket) -> Sequence[TicketHold]:
    """Return a ticket's requests for pauses and extensions, oldest first."""
    return session.exec(
        select(TicketHold)
        .where(
            col(TicketHold.enterprise_id) == ticket.enterprise_id,
            col(TicketHold.ticket_id) == ticket.id,
        )
        .order_by(col(TicketHold.id))
    ).all()


def _waits(steps: Sequence[tuple[datetime, TicketState]]) -> Iterator[Stop]:
    since: datetime | None = None
    for at, state in steps:
        if since is None and state in WAITING:
            since = at
        elif since is not None and state not in WAITING:
            yield Stop(Span(since, at), StopReason.REINSPECTION)
            since = None
    if since is not None:
        yield Stop(Span(since), StopReason.REINSPECTION)
