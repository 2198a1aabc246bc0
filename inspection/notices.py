"""Notices: what people are told in the app, each event once to each person.

`tell` writes its rows in the caller's transaction: a notice is there exactly when what it is about is there, and so is what
is sent of it outside of the app (`inspection.delivery`). The rows hold facts, not words.
"""

from collections.abc import Collection
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlmodel import Session, col, func, or_, select, update
from sqlmodel.sql.expression import SelectOfScalar

from inspection.delivery.outbox import put_event, put_notices
from inspection.errors import InvalidCursor, NotFound
from inspection.news import News as News
from inspection.queries import MAX_LIMIT, Page, Paging
from inspection.scopes import Scope
from inspection.tables import Notice

Row = TypeVar("Row")


def tell(session: Session, news: News, people: Collection[UUID], now: datetime) -> int:
    """Tell people of something; return how many had not been told before. The caller holds the enterprise's lock."""
    told = select(Notice.user_id).where(
        col(Notice.event_key) == news.event_key, col(Notice.user_id).in_(people)
    )
    already = session.exec(told).all()
    notices = [
        Notice(
            user_id=user_id,
            enterprise_id=news.enterprise_id,
            kind=news.kind.value,
            thing_id=news.thing_id,
            event_key=news.event_key,
            facts=news.facts,
            created_at=now,
        )
        for user_id in sorted(set(people).difference(already))
    ]
    session.add_all(notices)
    session.flush()
    put_notices(session, news, {row.user_id: row.id for row in notices}, now)
    put_event(session, news, now)
    return len(notices)


def list_notices(
    session: Session, scope: Scope, paging: Paging, *, unread: bool = False
) -> Page[Notice]:
    """Return the caller's own notices, of their account and of enterprises that they still see, the newest first. Raises `InvalidCursor`."""
    statement = _own(select(Notice), scope)
    if unread:
        statement = statement.where(col(Notice.read_at).is_(None))
    if paging.cursor is not None:
        statement = statement.where(col(Notice.id) < _after(paging.cursor))
    limit = min(max(paging.limit, 1), MAX_LIMIT)
    rows = session.exec(statement.order_by(col(Notice.id).desc()).limit(limit + 1)).all()
    return Page(rows[:limit], str(rows[limit - 1].id) if len(rows) > limit else None)


def count_unread(session: Session, scope: Scope) -> int:
    """Return how many of the caller's notices were not read."""
    counted = _own(select(func.count()).select_from(Notice), scope)
    return session.exec(counted.where(col(Notice.read_at).is_(None))).one()


def read_notice(session: Session, scope: Scope, notice_id: UUID, now: datetime) -> Notice:
    """Note that the caller has read a notice of theirs; the first time counts. Raises `NotFound`."""
    row = session.exec(_own(select(Notice), scope).where(col(Notice.id) == notice_id)).first()
    if row is None:
        raise NotFound("notice", notice_id)
    if row.read_at is None:
        row.read_at = now
        session.flush()
    return row


def read_up_to(session: Session, scope: Scope, notice_id: UUID, now: datetime) -> None:
    """Note that the caller has read a notice and all before it; what came since stays unread. Raises `NotFound`."""
    newest = read_notice(session, scope, notice_id, now)
    session.exec(
        update(Notice)
        .where(
            col(Notice.user_id) == scope.user_id,
            or_(
                col(Notice.enterprise_id).in_(scope.enterprise_ids),
                col(Notice.enterprise_id).is_(None),
            ),
            col(Notice.read_at).is_(None),
            col(Notice.id) < newest.id,
        )
        .values(read_at=now)
    )


def _own(statement: SelectOfScalar[Row], scope: Scope) -> SelectOfScalar[Row]:
    return statement.where(
        col(Notice.user_id) == scope.user_id,
        or_(
            col(Notice.enterprise_id).in_(scope.enterprise_ids), col(Notice.enterprise_id).is_(None)
        ),
    )


def _after(cursor: str) -> UUID:
    try:
        return UUID(cursor)
    except ValueError:
        raise InvalidCursor from None
