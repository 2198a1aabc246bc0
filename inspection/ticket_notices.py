"""Who is told of which step of a finding and its ticket. Nobody is told of what they did themselves.

| event | told |
| --- | --- |
| finding confirmed without a new ticket, ticket opened | officers |
| ticket assigned | the assignee |
| ticket submitted | stationed experts, service centre |
| ticket returned, closed, joined into another | officers, the assignee |
| ticket overdue, once a deadline | officers, the assignee; then `inspection.escalations` takes it up |
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, select

from inspection.addressees import addressees
from inspection.database import lock_enterprise
from inspection.journal import timestamp
from inspection.news import News
from inspection.notices import tell
from inspection.scopes import Scope
from inspection.tables import (
    FINISHED,
    Finding,
    Notice,
    NoticeKind,
    RemediationTicket,
    Role,
)
from inspection.ticket_deadlines import is_overdue

_OFFICERS = (Role.ENTERPRISE_OFFICER,)
_TOLD: Mapping[NoticeKind, tuple[Role, ...]] = {
    NoticeKind.TICKET_OPENED: _OFFICERS,
    NoticeKind.TICKET_ASSIGNED: (),
    NoticeKind.TICKET_SUBMITTED: (Role.EXPERT, Role.SERVICE_CENTRE),
    NoticeKind.TICKET_RETURNED: _OFFICERS,
    NoticeKind.TICKET_CLOSED: _OFFICERS,
    NoticeKind.TICKET_JOINED: _OFFICERS,
    NoticeKind.TICKET_OVERDUE: _OFFICERS,
}


def tell_of_confirmation(
    session: Session, scope: Scope, finding: Finding, recurrences: int, now: datetime
) -> None:
    """Tell that a finding was confirmed, and how often its hazard came back if it did just now."""
    news = News(
        NoticeKind.FINDING_CONFIRMED,
        finding.enterprise_id,
        finding.id,
        f"finding_confirmed:{finding.id}",
        {
            "hazard_code": finding.hazard_code,
            **({"recurrences": recurrences} if recurrences else {}),
        },
    )
    people = _people(session, finding.enterprise_id, _OFFICERS)
    tell(session, news, people - {scope.user_id}, now)


def tell_of_ticket(
    session: Session,
    ticket: RemediationTicket,
    kind: NoticeKind,
    by_user_id: UUID | None,
    now: datetime,
    also: Mapping[str, int] = MappingProxyType({}),
) -> int:
    """Tell of a ticket's step, or that it is overdue, with facts that go `also`; return how many had not been told."""
    which = timestamp(ticket.deadline) if kind is NoticeKind.TICKET_OVERDUE else ticket.version
    facts = {
        "number": ticket.number,
        "hazard_code": ticket.hazard_code,
        "level": ticket.level,
        "deadline": timestamp(ticket.deadline),
        **also,
    }
    news = News(kind, ticket.enterprise_id, ticket.id, f"{kind}:{ticket.id}:{which}", facts)
    people = _people(session, ticket.enterprise_id, _TOLD[kind])
    if ticket.assignee_id is not None and kind is not NoticeKind.TICKET_SUBMITTED:
        people |= {ticket.assignee_id}
    return tell(session, news, people - {by_user_id}, now)


def tell_overdue(
    readers: sessionmaker[Session], writers: sessionmaker[Session], now: datetime
) -> int:
    """Tell of the tickets that ran over their deadline and were not told of; return how many notices were written."""
    told = select(Notice.id).where(
        col(Notice.kind) == NoticeKind.TICKET_OVERDUE.value,
        col(Notice.thing_id) == col(RemediationTicket.id),
        col(Notice.created_at) > col(RemediationTicket.deadline),
    )
    late = select(RemediationTicket).where(
        col(RemediationTicket.state).not_in(FINISHED),
        col(RemediationTicket.deadline) < now,
        ~told.exists(),
    )
    with readers() as session:
        waiting = [
            (ticket.enterprise_id, ticket.id)
            for ticket in session.exec(late)
            if is_overdue(ticket, now)
        ]
    written = 0
    for key in waiting:
        with writers.begin() as session:
            lock_enterprise(session, key[0])
            ticket = session.get_one(RemediationTicket, key)
            # It may have been closed, or submitted in time, since it was looked for.
            if ticket.state not in FINISHED and is_overdue(ticket, now):
                written += tell_of_ticket(session, ticket, NoticeKind.TICKET_OVERDUE, None, now)
    return written


def _people(session: Session, enterprise_id: UUID, roles: tuple[Role, ...]) -> set[UUID]:
    found = addressees(session, enterprise_id)
    return {user_id for role in roles for user_id in found[role]}
