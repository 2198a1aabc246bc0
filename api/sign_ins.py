"""A person's sign-ins: one opens a cookie for the page and a short-lived token for programs; each can be ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, select

from api.settings import Settings
from api.tokens import new_token, sha256_of_token
from inspection.errors import NotFound
from inspection.tables import SignInSession, TokenKind, new_id

MAX_AGENT = 200


@dataclass(frozen=True)
class Origin:
    """From where somebody signs in."""

    remote: str
    user_agent: str


@dataclass(frozen=True)
class Opened:
    """The two secrets of a new sign-in, each handed out once, and until when they count."""

    id: UUID
    cookie: str
    cookie_expires_at: datetime
    bearer: str
    bearer_expires_at: datetime


def open_sign_in(
    session: Session, user_id: UUID, *, origin: Origin, settings: Settings, now: datetime
) -> Opened:
    """Sign a person in: both secrets are new, so that nobody can have known them before. Ended sign-ins are forgotten."""
    over = (col(SignInSession.user_id) == user_id, col(SignInSession.expires_at) <= now)
    session.exec(delete(SignInSession).where(*over))
    opened = Opened(
        id=new_id(),
        cookie=new_token(),
        cookie_expires_at=now + timedelta(hours=settings.session_hours),
        bearer=new_token(),
        bearer_expires_at=now + timedelta(minutes=settings.bearer_minutes),
    )
    for kind, token, expires_at in (
        (TokenKind.COOKIE, opened.cookie, opened.cookie_expires_at),
        (TokenKind.BEARER, opened.bearer, opened.bearer_expires_at),
    ):
        session.add(
            SignInSession(
                token_sha256=sha256_of_token(token),
                user_id=user_id,
                created_at=now,
                expires_at=expires_at,
                id=opened.id,
                kind=kind,
                remote=origin.remote,
                user_agent=origin.user_agent[:MAX_AGENT],
            )
        )
    return opened


def sign_ins_of(session: Session, user_id: UUID, now: datetime) -> Sequence[SignInSession]:
    """Return a person's standing sign-ins, the newest first, each once."""
    rows = session.exec(
        select(SignInSession)
        .where(col(SignInSession.user_id) == user_id, col(SignInSession.expires_at) > now)
        .order_by(col(SignInSession.created_at).desc(), col(SignInSession.expires_at).desc())
    )
    return list({row.id: row for row in reversed(rows.all())}.values())[::-1]


def require_own(session: Session, user_id: UUID, sign_in_id: UUID) -> None:
    """Raise `NotFound` for a sign-in that is another person's, or over."""
    mine = (col(SignInSession.user_id) == user_id, col(SignInSession.id) == sign_in_id)
    if session.exec(select(SignInSession.id).where(*mine)).first() is None:
        raise NotFound("sign-in", sign_in_id)


def end_sign_in(session: Session, user_id: UUID, sign_in_id: UUID) -> None:
    """End one sign-in, cookie and token. Raises `NotFound` for another person's."""
    mine = (col(SignInSession.user_id) == user_id, col(SignInSession.id) == sign_in_id)
    if session.exec(delete(SignInSession).where(*mine)).rowcount == 0:
        raise NotFound("sign-in", sign_in_id)


def end_all(session: Session, user_id: UUID, *, but: UUID | None = None) -> int:
    """End every sign-in of a person, but one where it is named; return how many secrets that were."""
    ended = delete(SignInSession).where(col(SignInSession.user_id) == user_id)
    if but is not None:
        ended = ended.where(col(SignInSession.id) != but)
    return session.exec(ended).rowcount


def end_cookie(session: Session, cookie: str) -> None:
    """End the sign-in that a cookie belongs to, if it belongs to one."""
    hashed = sha256_of_token(cookie)
    row = session.get(SignInSession, hashed)
    if row is not None and row.kind is TokenKind.COOKIE:
        end_sign_in(session, row.user_id, row.id)
