"""Whoever brings back the link of `inspection.delivery.forgotten` sets a new password: once, within its life, and with the second factor where there is one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, update
from sqlmodel import Session, col, select

from api import sign_ins
from api.errors import LinkRefused
from api.tokens import sha256_of_token
from inspection.tables import PasswordLink, PersonalToken, User

REFUSED = "this link is unknown, used or expired; ask for a new one"


def find(session: Session, token: str, now: datetime) -> User:
    """Return whose link it is. Raises `LinkRefused`."""
    user = session.exec(
        select(User)
        .join(PasswordLink, col(PasswordLink.user_id) == col(User.id))
        .where(*_counts(token, now), col(User.is_active))
    ).first()
    if user is None:
        raise LinkRefused(REFUSED)
    return user


def use(session: Session, token: str, password_hash: str, now: datetime) -> User:
    """Use a link up, set the password, and end every sign-in, token and other link of the person. Raises `LinkRefused`."""
    user = find(session, token, now)
    # One statement decides, so that of two who bring the same link at once only one sets a password.
    used = session.exec(
        update(PasswordLink)
        .where(*_counts(token, now))
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    if used.rowcount != 1:
        raise LinkRefused(REFUSED)
    user.password_hash = password_hash
    sign_ins.end_all(session, user.id)
    standing = (col(PersonalToken.user_id) == user.id, col(PersonalToken.revoked_at).is_(None))
    session.exec(update(PersonalToken).where(*standing).values(revoked_at=now))
    end_links(session, user.id)
    return user


def end_links(session: Session, user_id: UUID) -> None:
    """Let no link of a person count any more: their password was changed."""
    session.exec(delete(PasswordLink).where(col(PasswordLink.user_id) == user_id))


def _counts(token: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        col(PasswordLink.token_sha256) == sha256_of_token(token),
        col(PasswordLink.used_at).is_(None),
        col(PasswordLink.expires_at) > now,
    )
