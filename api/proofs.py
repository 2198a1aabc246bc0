"""Proving anew that it is the person, for what an open page must not do: by the password, or by a fresh sign-in where there is none."""

from datetime import timedelta

from sqlmodel import col, select

from api.auth import SIGN_IN_REFUSED, Caller, check_password, note_failure
from api.errors import WrongCredentials
from api.guesses import refuse_guesses
from api.parts import Parts
from inspection.tables import SignInSession, User
from inspection.wire import utc_now

# For how long a sign-in by the provider counts as a proof.
FRESH = timedelta(minutes=10)
STALE = "this account has no password: sign in by the provider again, and do it within ten minutes"


def require_password(parts: Parts, caller: Caller, password: str, remote: str) -> None:
    """Let only whoever knows the password go on; guesses are throttled like a sign-in's. Raises `WrongCredentials`."""
    with parts.read() as session:
        has_password = bool(session.get_one(User, caller.user_id).password_hash)
    if not has_password:
        _require_fresh(parts, caller)
        return
    refuse_guesses(parts, action=SIGN_IN_REFUSED, login=caller.login, remote=remote)
    try:
        with parts.read() as session:
            check_password(session, caller.login, password)
    except WrongCredentials:
        with parts.write.begin() as session:
            note_failure(session, action=SIGN_IN_REFUSED, login=caller.login, remote=remote)
        raise


def _require_fresh(parts: Parts, caller: Caller) -> None:
    """Raise `WrongCredentials` unless the person signed in a moment ago."""
    with parts.read() as session:
        begun = session.exec(
            select(SignInSession.created_at).where(
                col(SignInSession.id) == caller.credential.id,
                col(SignInSession.created_at) > utc_now() - FRESH,
            )
        ).first()
    if begun is None:
        raise WrongCredentials(STALE)
