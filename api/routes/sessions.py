"""People sign in and out."""

from datetime import datetime
from typing import Annotated

from fastapi import Header, Request, Response, status

from api import browsers, second_factor, sign_ins
from api.access import log_access
from api.auth import (
    SIGN_IN_REFUSED,
    caller_of_token,
    check_password,
    note_failure,
    renew_hash,
)
from api.deps import AppParts, CurrentUser, Reading, Remote, SignedInPerson, Writing, session_cookie
from api.errors import CodeReused, WrongCredentials, problems
from api.guesses import refuse_guesses
from api.parts import Parts
from api.routes.account import drop_cookie
from api.routing import ApiRouter
from api.settings import Settings
from api.shapes.people import Me, SignedIn, SignIn
from api.sign_ins import Opened, Origin
from api.views import me_view
from inspection.account_news import Account, tell_person
from inspection.tables import NoticeKind, User
from inspection.wire import utc_now

router = ApiRouter(tags=["sessions"])
BROWSER_MARK = "anxun_browser"
UserAgent = Annotated[str, Header(include_in_schema=False)]


@router.post(
    "/sessions",
    operation_id="signIn",
    status_code=status.HTTP_201_CREATED,
    summary="Sign in",
    responses=problems(401, 422, 429),
)
def sign_in(
    body: SignIn,
    request: Request,
    response: Response,
    parts: AppParts,
    remote: Remote,
    user_agent: UserAgent = "",
) -> SignedIn:
    """Return a short-lived token for programs, and set an HttpOnly cookie for the page. A sign-in that stood in the same browser ends."""
    now = utc_now()
    # No transaction is open while the password is hashed: on SQLite it would hold up every writer.
    refuse_guesses(parts, action=SIGN_IN_REFUSED, login=body.login, remote=remote)
    try:
        with parts.read() as session:
            user = check_password(session, body.login, body.password)
        check_second_factor(parts, user, body.code, remote, now)
    except WrongCredentials:
        with parts.write.begin() as session:
            note_failure(session, action=SIGN_IN_REFUSED, login=body.login, remote=remote)
        raise
    renew_hash(parts.write, user, body.password)
    opened = enter(request, response, parts, user, Origin(remote, user_agent), "sign_in")
    return signed_in(parts, opened, now)


def check_second_factor(
    parts: Parts, user: User, code: str | None, remote: str, now: datetime
) -> None:
    """Use up a code where the person has a second factor; one that is shown twice is told. Raises `CodeRequired`, `WrongCredentials`."""
    try:
        with parts.write.begin() as session:
            second_factor.check_code(session, parts.seal, user.id, code, now)
    except CodeReused:
        # After the transaction that refused it; who shows it again knows the password too.
        with parts.write.begin() as session:
            told = Account("", user.id, {"remote": remote})
            tell_person(session, user.id, NoticeKind.CODE_REUSED, told, now)
        raise


def enter(
    request: Request, response: Response, parts: Parts, user: User, origin: Origin, action: str
) -> Opened:
    """Sign a person in who has proved who they are, and set the cookie; an earlier sign-in of this browser ends."""
    name, mark = session_cookie(parts.settings), browser_mark(parts.settings)
    earlier, now = request.cookies.get(name), utc_now()
    with parts.write.begin() as session:
        if earlier:
            sign_ins.end_cookie(session, earlier)
        marked = browsers.recognise(session, user.id, request.cookies.get(mark), origin, now)
        opened = sign_ins.open_sign_in(
            session, user.id, origin=origin, settings=parts.settings, now=now
        )
        log_access(session, actor=f"user:{user.id}", action=action, remote=origin.remote)
    response.set_cookie(
        name,
        opened.cookie,
        max_age=parts.settings.session_hours * 3600,
        httponly=True,
        samesite="strict",
        secure=parts.settings.sends_secure_cookies,
    )
    response.set_cookie(
        mark,
        marked,
        max_age=browsers.KNOWN_FOR_S,
        httponly=True,
        samesite="strict",
        secure=parts.settings.sends_secure_cookies,
    )
    return opened


def browser_mark(settings: Settings) -> str:
    """Return the name of the cookie by which a browser is known again; it opens nothing."""
    return f"__Host-{BROWSER_MARK}" if settings.sends_secure_cookies else BROWSER_MARK


def signed_in(parts: Parts, opened: Opened, now: datetime) -> SignedIn:
    """Return the answer to a sign-in."""
    with parts.read() as session:
        me = me_view(session, caller_of_token(session, opened.bearer, now))
    return SignedIn(token=opened.bearer, expires_at=opened.bearer_expires_at, user=me)


@router.delete(
    "/sessions/current",
    operation_id="signOut",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Sign out",
    responses=problems(401, 403),
)
def sign_out(
    user: SignedInPerson, session: Writing, response: Response, parts: AppParts, remote: Remote
) -> None:
    """End the sign-in of this cookie or token, both of its secrets; the cookie is removed."""
    sign_ins.end_sign_in(session, user.user_id, user.credential.id)
    log_access(session, actor=user.actor, action="sign_out", remote=remote)
    drop_cookie(response, parts)


@router.get("/me", operation_id="getMe", summary="Who is signed in", responses=problems(401))
def get_me(user: CurrentUser, session: Reading) -> Me:
    """Return the person, their roles and the enterprises they may see."""
    return me_view(session, user)
