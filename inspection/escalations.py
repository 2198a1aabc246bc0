"""Overdue tickets go up: enterprise → stationed expert → town → bureau, each step once for each deadline.

A step is an entry of the ledger, a step of the ticket and a notice to the party's people, in one transaction. It is written
where the party has nobody as well, so that the ledger shows when it was due. Rules: `inspection.escalation_rules`.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from inspection.addressees import addressees, authorities
from inspection.database import lock_enterprise
from inspection.escalation_rules import EscalationStep, Party, escalation_steps
from inspection.journal import timestamp
from inspection.news import News
from inspection.notices import tell
from inspection.plans import china_day
from inspection.scopes import SYSTEM
from inspection.tables import FINISHED, NoticeKind, RemediationTicket, Role, TicketStep
from inspection.ticket_deadlines import lateness
from inspection.ticket_steps import Happening, write_step

ACTIONS = {party: f"escalate_{party}" for party in Party}
DAY = timedelta(days=1)


def escalate_overdue(
    readers: sessionmaker[Session], writers: sessionmaker[Session], now: datetime
) -> int:
    """Take every step that is due and was not taken; return how many. Any number of servers may do so at once."""
    with readers() as session:
        # Reading first: mostly there is nothing to write.
        waiting = [
            (ticket.enterprise_id, ticket.id)
            for ticket in session.exec(_late(now))
            if any(_due(session, ticket, now))
        ]
    taken = 0
    for key in waiting:
        with writers.begin() as session:
            lock_enterprise(session, key[0])
            ticket = session.get_one(RemediationTicket, key)
            for step in list(_due(session, ticket, now)):
                _escalate(session, ticket, step, now)
                taken += 1
    return taken


def _late(now: datetime) -> SelectOfScalar[RemediationTicket]:
    return select(RemediationTicket).where(
        col(RemediationTicket.state).not_in(FINISHED),
        col(RemediationTicket.deadline) < now,
    )


def _due(session: Session, ticket: RemediationTicket, now: datetime) -> Iterator[EscalationStep]:
    late = lateness(ticket, now)
    if ticket.state in FINISHED or late <= timedelta():
        return
    taken = _taken(session, ticket)
    for step in escalation_steps(ticket.level, china_day(ticket.deadline)):
        if step.is_due(late) and ACTIONS[step.party] not in taken:
            yield step


def _taken(session: Session, ticket: RemediationTicket) -> Collection[str]:
    """Return the steps that were taken since the present deadline passed: a later deadline has its own."""
    steps = select(TicketStep.action).where(
        col(TicketStep.enterprise_id) == ticket.enterprise_id,
        col(TicketStep.ticket_id) == ticket.id,
        col(TicketStep.action).in_(ACTIONS.values()),
        col(TicketStep.at) > ticket.deadline,
    )
    return session.exec(steps).all()


def _escalate(
    session: Session, ticket: RemediationTicket, step: EscalationStep, now: datetime
) -> None:
    people = _people(session, ticket.enterprise_id, step.party)
    late_days = lateness(ticket, now) // DAY
    facts = {
        "to": step.party.value,
        "deadline": timestamp(ticket.deadline),
        "overdue_days": late_days,
        "after_days": step.overdue_days,
        "basis": step.basis,
        "is_basis_checked": step.basis_checked,
        "told": [f"user:{user_id}" for user_id in sorted(people)],
    }
    happening = Happening("ticket.escalated", ACTIONS[step.party], facts=facts)
    write_step(session, SYSTEM, ticket, happening, now)
    news = News(
        NoticeKind.TICKET_ESCALATED,
        ticket.enterprise_id,
        ticket.id,
        f"ticket_escalated:{ticket.id}:{step.party}:{timestamp(ticket.deadline)}",
        {
            "number": ticket.number,
            "hazard_code": ticket.hazard_code,
            "level": ticket.level,
            "deadline": timestamp(ticket.deadline),
            "to": step.party.value,
            "overdue_days": late_days,
        },
    )
    tell(session, news, people, now)


def _people(session: Session, enterprise_id: UUID, party: Party) -> set[UUID]:
    if party is Party.EXPERT:
        return set(addressees(session, enterprise_id)[Role.EXPERT])
    return set(authorities(session, enterprise_id)[party])
