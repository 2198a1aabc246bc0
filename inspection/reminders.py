"""Reminders: a row for each person, section and period, once, however often and on however many servers this runs.

The app shows the rows; outside they go as notices do, into the digest unless a person wishes otherwise. Told are those whose
role writes the section, or files its plan; a worker is not told, the officer is.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, select

from inspection.addressees import addressees
from inspection.database import lock_enterprise
from inspection.delivery.outbox import put_notices
from inspection.duties import Duty, DutyState
from inspection.errors import InvalidCursor, NotFound
from inspection.news import News
from inspection.plans import china_day
from inspection.queries import MAX_LIMIT, Page, Paging
from inspection.scopes import Scope
from inspection.section_queries import SectionDuties, section_duties
from inspection.section_rules import section_writers
from inspection.tables import Enterprise, NoticeKind, Role, SectionReminder

ASKED = (DutyState.DUE, DutyState.MISSING)
_BATCH = 200
# User, section, period: what is told once in an enterprise.
_Key = tuple[UUID, str, str]


def remind_all(
    readers: sessionmaker[Session], writers: sessionmaker[Session], now: datetime
) -> int:
    """Put out what is due or missing and was not put out yet; return how many rows were written."""
    with readers() as session:
        everyone = session.exec(select(Enterprise.id).order_by(col(Enterprise.id))).all()
    written = 0
    for begin in range(0, len(everyone), _BATCH):
        with readers() as session:
            asked = section_duties(session, everyone[begin : begin + _BATCH], china_day(now))
            # Reading first: whoever writes on SQLite holds up everyone, and mostly there is nothing to write.
            waiting = [key for key in asked if _untold(session, key, asked[key], now)]
        for enterprise_id in waiting:
            with writers.begin() as session:
                written += remind(session, enterprise_id, asked[enterprise_id], now)
    return written


def remind(session: Session, enterprise_id: UUID, asked: SectionDuties, now: datetime) -> int:
    """Put out one enterprise's reminders; return how many were new."""
    lock_enterprise(session, enterprise_id)
    untold = _untold(session, enterprise_id, asked, now)
    for (user_id, section, period), duty in untold.items():
        row = SectionReminder(
            enterprise_id=enterprise_id,
            user_id=user_id,
            section=section,
            period=period,
            due_on=duty.last,
            created_at=now,
        )
        session.add(row)
        facts = {"section": section, "period": period, "due_on": duty.last.isoformat()}
        key = f"{NoticeKind.SECTION_DUE}:{row.id}"
        news = News(NoticeKind.SECTION_DUE, enterprise_id, row.id, key, facts)
        put_notices(session, news, {user_id: None}, now)
    session.flush()
    return len(untold)


def list_reminders(
    session: Session, scope: Scope, paging: Paging, *, unread: bool = False
) -> Page[SectionReminder]:
    """Return the caller's own reminders of enterprises that they still see, the newest first."""
    statement = select(SectionReminder).where(
        col(SectionReminder.user_id) == scope.user_id,
        col(SectionReminder.enterprise_id).in_(scope.enterprise_ids),
    )
    if unread:
        statement = statement.where(col(SectionReminder.read_at).is_(None))
    if paging.cursor is not None:
        statement = statement.where(col(SectionReminder.id) < _after(paging.cursor))
    limit = min(max(paging.limit, 1), MAX_LIMIT)
    rows = session.exec(statement.order_by(col(SectionReminder.id).desc()).limit(limit + 1)).all()
    return Page(rows[:limit], str(rows[limit - 1].id) if len(rows) > limit else None)


def mark_read(session: Session, scope: Scope, reminder_id: UUID, now: datetime) -> SectionReminder:
    """Note that the caller has read a reminder of theirs; the first time counts. Raises `NotFound`."""
    row = session.get(SectionReminder, reminder_id)
    if row is None or row.user_id != scope.user_id or row.enterprise_id not in scope.enterprise_ids:
        raise NotFound("reminder", reminder_id)
    if row.read_at is None:
        row.read_at = now
        session.flush()
    return row


def _untold(
    session: Session, enterprise_id: UUID, asked: SectionDuties, now: datetime
) -> dict[_Key, Duty]:
    people = addressees(session, enterprise_id)
    wanted = dict(_wanted(asked, people, now))
    told = session.exec(
        select(SectionReminder.user_id, SectionReminder.section, SectionReminder.period).where(
            col(SectionReminder.enterprise_id) == enterprise_id
        )
    )
    for user_id, section, period in told:
        wanted.pop((user_id, section, period), None)
    return wanted


def _wanted(
    asked: SectionDuties, people: Mapping[Role, Sequence[UUID]], now: datetime
) -> Iterator[tuple[_Key, Duty]]:
    for section, section_asks in asked.items():
        writers = section_writers(section, china_day(now))
        for duty in section_asks:
            roles = map(Role, writers.plan_roles if duty.is_plan else writers.roles)
            if duty.state in ASKED:
                for user_id in sorted({each for role in roles for each in people.get(role, ())}):
                    yield (user_id, section, duty.period), duty


def _after(cursor: str) -> UUID:
    try:
        return UUID(cursor)
    except ValueError:
        raise InvalidCursor from None
