"""People sign in and out."""

from fastapi import APIRouter, Response, status
from sqlalchemy import delete
from sqlmodel import col

from api.access import log_access
from api.auth import (
    SIGN_IN_REFUSED,
    caller_of_token,
    check_password,
    note_failure,
    open_session,
    refuse_throttled,
)
from api.deps import SESSION_COOKIE, AppParts, CurrentUser, Reading, Remote, Writing
from api.errors import WrongCredentials, problems
from api.shapes.people import Me, SignedIn, SignIn
from api.views import me_view
from inspection.tables import SignInSession
from inspection.wire import utc_now

router = APIRouter(tags=["sessions"])


@router.post(
    "/sessions",
    operation_id="signIn",
    status_code=status.HTTP_201_CREATED,
    summary="Sign in",
    responses=problems(401, 422, 429),
)
def sign_in(body: SignIn, response: Response, parts: AppParts, remote: Remote) -> SignedIn:
    """Return a session token and set it as an HttpOnly cookie."""
    now = utc_now()
    # No transaction is open while the password is hashed: on SQLite it would hold up every writer.
    with parts.read() as session:
        refuse_throttled(
            session,
            parts.throttle,
            action=SIGN_IN_REFUSED,
            login=body.login,
            remote=remote,
            now=now,
        )
    try:
        with parts.read() as session:
            user = check_password(session, body.login, body.password)
    except WrongCredentials:
        with parts.write.begin() as session:
            note_failure(session, action=SIGN_IN_REFUSED, login=body.login, remote=remote)
        raise
    hours = parts.settings.session_hours
    with parts.write.begin() as session:
        token, row = open_session(session, user, now=now, hours=hours)
        log_access(session, actor=f"user:{user.id}", action="sign_in", remote=remote)
    with parts.read() as session:
        me = me_view(session, caller_of_token(session, token, now))
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=hours * 3600,
        httponly=True,
        samesite="strict",
        secure=parts.settings.is_cookie_secure,
    )
    return SignedIn(token=token, expires_at=row.expires_at, user=me)


@router.delete(
    "/sessions/current",
    operation_id="signOut",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Sign out",
    responses=problems(401, 403),
)
def sign_out(user: CurrentUser, session: Writing, response: Response, remote: Remote) -> None:
    """End the session of this token; the cookie is removed."""
    mine = col(SignInSession.token_sha256) == user.token_sha256
    session.exec(delete(SignInSession).where(mine))
    log_access(session, actor=user.actor, action="sign_out", remote=remote)
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")


@router.get("/me", operation_id="getMe", summary="Who is signed in", responses=problems(401))
def get_me(user: CurrentUser, session: Reading) -> Me:
    """Return the person, their roles and the enterprises they may see."""
    return me_view(session, user)
