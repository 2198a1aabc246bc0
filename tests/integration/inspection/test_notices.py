"""Notices: who is told of what, once, with the event or not at all."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, select

from inspection.decisions import confirm_finding
from inspection.errors import InvalidCursor, NotFound
from inspection.intake import record_finding
from inspection.news import News
from inspection.notices import count_unread, list_notices, read_notice, read_up_to, tell
from inspection.queries import Paging
from inspection.scopes import Actor, scope_of
from inspection.tables import (
    Membership,
    Notice,
    NoticeKind,
    RemediationTicket,
    TicketState,
    User,
    new_id,
)
from inspection.ticket_notices import tell_overdue
from inspection.ticket_steps import TicketRef
from inspection.tickets import Step, TicketAction, take_step
from inspection.wire import Confirmation
from tests.builders import NOW, Town, jpeg, keep, make_draft


def confirm(session: Session, town: Town, photo: int = 0, **facts: str) -> RemediationTicket | None:
    """Let the expert confirm a new finding; return its ticket."""
    draft = make_draft(keep(session, town.mine, jpeg(photo)).sha256, **facts)
    device = Actor.from_device(town.device.id)
    record_finding(session, enterprise_id=town.mine.id, actor=device, draft=draft, now=NOW)
    scope = scope_of(session, town.expert.id)
    return confirm_finding(session, scope, town.mine.id, draft.id, Confirmation(), NOW).ticket


def told(session: Session, user: User) -> list[str]:
    """Return the kinds of a person's notices, the oldest first."""
    rows = session.exec(
        select(Notice).where(col(Notice.user_id) == user.id).order_by(col(Notice.id))
    )
    return [row.kind for row in rows]


def news(town: Town, key: str = "a") -> News:
    """Return some news of the town's enterprise."""
    return News(NoticeKind.FINDING_CONFIRMED, town.mine.id, new_id(), key)


def test_each_step_tells_those_concerned_and_nobody_of_their_own(
    session: Session, town: Town
) -> None:
    """Officers hear of the ticket, the assignee of the task, experts of the fix, both of the reinspection."""
    ticket = confirm(session, town)
    assert ticket is not None
    photo = keep(session, town.mine, jpeg(200)).sha256
    steps = [
        (town.officer, Step(TicketAction.ASSIGN, assignee_id=town.worker.id)),
        (town.worker, Step(TicketAction.START)),
        (town.worker, Step(TicketAction.SUBMIT, evidence_sha256s=(photo,))),
        (town.expert, Step(TicketAction.RETURN, note="仍未戴")),
        (town.worker, Step(TicketAction.START)),
        (town.worker, Step(TicketAction.SUBMIT, evidence_sha256s=(photo,))),
        (town.expert, Step(TicketAction.CLOSE)),
    ]
    for user, step in steps:
        ref = TicketRef(town.mine.id, ticket.id, NOW)
        take_step(session, scope_of(session, user.id), ref, step)
    assert told(session, town.officer) == ["ticket_opened", "ticket_returned", "ticket_closed"]
    assert told(session, town.worker) == ["ticket_assigned", "ticket_returned", "ticket_closed"]
    assert told(session, town.expert) == ["ticket_submitted", "ticket_submitted"]
    assert told(session, town.centre) == ["ticket_submitted", "ticket_submitted"]
    assert told(session, town.stranger) == []


def test_second_sighting_tells_of_the_finding(session: Session, town: Town) -> None:
    """A finding that joins an item with a ticket opens none: officers hear of the finding itself."""
    first = confirm(session, town)
    again = confirm(session, town, photo=1)
    assert first is again
    assert told(session, town.officer) == ["ticket_opened", "finding_confirmed"]


def test_undone_event_tells_nobody(sessions: sessionmaker[Session], town: Town) -> None:
    """When the transaction of the event is undone, so are its notices."""
    with sessions() as session:
        confirm(session, town)
        assert told(session, town.officer) == ["ticket_opened"]
        session.rollback()
    with sessions() as session:
        assert told(session, town.officer) == []


def test_an_event_is_told_once(session: Session, town: Town) -> None:
    """Whoever heard of an event is not told again; whoever did not, is."""
    assert tell(session, news(town), [town.officer.id], NOW) == 1
    assert tell(session, news(town), [town.officer.id, town.worker.id], NOW) == 1
    assert len(told(session, town.officer)) == len(told(session, town.worker)) == 1


def test_overdue_ticket_is_told_once_a_deadline(
    readers: sessionmaker[Session], sessions: sessionmaker[Session], town: Town
) -> None:
    """Not before its deadline, once after it, and once more after a later one."""
    with sessions.begin() as session:
        ticket = confirm(session, town)
        assert ticket is not None
        key, deadline = (ticket.enterprise_id, ticket.id), ticket.deadline
    late = deadline + timedelta(seconds=1)
    assert tell_overdue(readers, sessions, deadline) == 0
    assert tell_overdue(readers, sessions, late) == 1
    assert tell_overdue(readers, sessions, late) == 0
    with sessions.begin() as session:
        session.get_one(RemediationTicket, key).deadline = late + timedelta(days=1)
    assert tell_overdue(readers, sessions, late) == 0
    assert tell_overdue(readers, sessions, late + timedelta(days=2)) == 1
    with readers() as session:
        assert told(session, town.officer) == ["ticket_opened", *["ticket_overdue"] * 2]
        assert told(session, town.expert) == []


def test_reading(session: Session, town: Town) -> None:
    """Pages go from the newest to the oldest; reading up to one leaves what came since; only one's own is read."""
    for key in "abc":
        tell(session, news(town, key), [town.officer.id], NOW)
    mine = scope_of(session, town.officer.id)
    page = list_notices(session, mine, Paging(None, 2))
    rest = list_notices(session, mine, Paging(page.next_cursor, 2))
    keys = [row.event_key for row in (*page.rows, *rest.rows)]
    assert (keys, rest.next_cursor, count_unread(session, mine)) == (["c", "b", "a"], None, 3)
    read_up_to(session, mine, page.rows[1].id, NOW)
    unread = list_notices(session, mine, Paging(None, 9), unread=True)
    assert [row.event_key for row in unread.rows] == ["c"]
    later = NOW + timedelta(days=1)
    assert read_notice(session, mine, page.rows[1].id, later).read_at == NOW
    with pytest.raises(NotFound):
        read_notice(session, scope_of(session, town.worker.id), page.rows[0].id, NOW)
    with pytest.raises(InvalidCursor):
        list_notices(session, mine, Paging("none", 9))


def test_whoever_left_sees_nothing(session: Session, town: Town) -> None:
    """Notices of an enterprise out of scope are neither listed nor counted."""
    tell(session, news(town), [town.officer.id], NOW)
    session.delete(
        session.exec(select(Membership).where(col(Membership.user_id) == town.officer.id)).one()
    )
    session.flush()
    scope = scope_of(session, town.officer.id)
    assert not list_notices(session, scope, Paging(None, 9)).rows
    assert count_unread(session, scope) == 0


def test_a_fix_submitted_in_time_is_not_overdue(
    readers: sessionmaker[Session], sessions: sessionmaker[Session], town: Town
) -> None:
    """However long its reinspection takes."""
    with sessions.begin() as session:
        ticket = confirm(session, town)
        assert ticket is not None
        ticket.submitted_at, ticket.state = NOW, TicketState.SUBMITTED
        deadline = ticket.deadline
    assert tell_overdue(readers, sessions, deadline + timedelta(days=9)) == 0
