"""Guesses of passwords and codes: refused after too many, and the refusal itself noted."""

from api.access import Noted
from api.auth import actor_of_login, refuse_throttled
from api.errors import TooManyAttempts
from api.parts import Parts
from inspection.wire import utc_now


def refuse_guesses(parts: Parts, *, action: str, login: str | None, remote: str) -> None:
    """Raise `TooManyAttempts` when the login or the address failed too often with `action`, and note that it did.

    An address that tries many logins is noted without them, so that a flood of names does not become a flood of rows.
    """
    now = utc_now()
    try:
        with parts.read() as session:
            refuse_throttled(
                session, parts.throttle, action=action, login=login, remote=remote, now=now
            )
    except TooManyAttempts as error:
        known = login if error.is_of_login else None
        actor = "anonymous" if known is None else actor_of_login(known)
        throttled = f"{action.rpartition('.')[0]}.throttled"
        parts.notes.note(Noted(actor, throttled, remote=remote), now)
        raise
