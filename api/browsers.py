"""Browsers and programs that a person has signed in with before, so that they are told of a new one.

A browser is known by a cookie that opens nothing. A program keeps none: it is known by what it calls itself and its address.
The first of a person is not told: it is the one that the account was made with.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, and_, col, or_, select

from api.sign_ins import MAX_AGENT, Origin
from api.tokens import new_token, sha256_of_token
from inspection.account_news import Account, tell_person
from inspection.tables import KnownBrowser, NoticeKind

KNOWN_FOR_S = 400 * 24 * 3600
MOST_KNOWN = 50


def recognise(
    session: Session, user_id: UUID, mark: str | None, origin: Origin, now: datetime
) -> str:
    """Note with what a person signs in, and tell them if it is new; return the mark that the browser is to keep."""
    kept = mark or new_token()
    agent = origin.user_agent[:MAX_AGENT]
    mine = col(KnownBrowser.user_id) == user_id
    is_same = or_(
        col(KnownBrowser.browser_sha256) == sha256_of_token(kept),
        and_(col(KnownBrowser.remote) == origin.remote, col(KnownBrowser.user_agent) == agent),
    )
    row = session.exec(
        select(KnownBrowser).where(mine, is_same).order_by(col(KnownBrowser.seen_at).desc())
    ).first()
    if row is None:
        is_first = session.exec(select(KnownBrowser.id).where(mine)).first() is None
        row = KnownBrowser(
            user_id=user_id, browser_sha256="", remote="", user_agent="", seen_at=now
        )
        session.add(row)
        if not is_first:
            told = Account("", user_id, {"remote": origin.remote, "user_agent": agent})
            tell_person(session, user_id, NoticeKind.SIGN_IN_NEW, told, now)
    row.browser_sha256, row.seen_at = sha256_of_token(kept), now
    row.remote, row.user_agent = origin.remote, agent
    session.flush()
    _forget_oldest(session, user_id)
    return kept


def _forget_oldest(session: Session, user_id: UUID) -> None:
    mine = col(KnownBrowser.user_id) == user_id
    newest = select(KnownBrowser.id).where(mine).order_by(col(KnownBrowser.seen_at).desc())
    over = session.exec(newest.offset(MOST_KNOWN).limit(MOST_KNOWN)).all()
    if over:
        session.exec(delete(KnownBrowser).where(col(KnownBrowser.id).in_(over)))
