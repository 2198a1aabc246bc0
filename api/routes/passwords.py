"""Whoever forgot their password: a link by mail, and a new password by the link. Without a sign-in."""

from fastapi import Request, Response, status

from api import password_links
from api.access import log_access
from api.auth import SIGN_IN_REFUSED, actor_of_login, hash_password, normal_login, note_failure
from api.deps import AppParts, Remote, WritingBeyond
from api.errors import LinkRefused, WrongCredentials, problems
from api.guesses import refuse_guesses
from api.parts import Parts
from api.password_policy import require_strong
from api.routes.sessions import UserAgent, check_second_factor, enter, signed_in
from api.routing import ApiRouter
from api.shapes.passwords import ForgottenPassword, LinkAsk, LinkAsked
from api.shapes.people import SignedIn
from api.sign_ins import Origin
from inspection.account_news import tell_changed
from inspection.delivery.forgotten import LINK_LIFE, ask_link
from inspection.errors import Conflict
from inspection.tables import User
from inspection.wire import utc_now

router = ApiRouter(prefix="/password-links", tags=["sessions"])
LINK_ASKED, LINK_REFUSED = "password.link_asked", "password.link_refused"


@router.post(
    "",
    operation_id="askPasswordLink",
    status_code=status.HTTP_202_ACCEPTED,
    summary="I forgot my password",
    responses=problems(409, 422, 429),
)
def ask_password_link(
    body: LinkAsk, session: WritingBeyond, parts: AppParts, remote: Remote
) -> LinkAsked:
    """Have a link sent to the confirmed mailboxes of a login's owner. The answer and its time are the same for every login."""
    if not parts.sends_mail:
        raise Conflict("this server sends no mail; ask whoever runs it to set a new password")
    refuse_guesses(parts, action=LINK_ASKED, login=body.login, remote=remote)
    ask_link(session, normal_login(body.login), utc_now())
    # It is counted here, too: how often a login may be asked for, by whomever.
    log_access(session, actor=actor_of_login(body.login), action=LINK_ASKED, remote=remote)
    return LinkAsked(minutes=round(LINK_LIFE.total_seconds() / 60))


@router.post(
    "/use",
    operation_id="usePasswordLink",
    status_code=status.HTTP_201_CREATED,
    summary="Set a new password by a link",
    responses=problems(401, 422, 429),
)
def use_password_link(
    body: ForgottenPassword,
    request: Request,
    response: Response,
    parts: AppParts,
    remote: Remote,
    user_agent: UserAgent = "",
) -> SignedIn:
    """Set the password, end every sign-in and every token of mine, and sign in here. A second factor is asked for all the same."""
    now = utc_now()
    user = _owner(parts, body.token, remote)
    require_strong(body.password, user.login, user.name)
    _require_code(parts, user, body.code, remote)
    # Hashed before the transaction begins: on SQLite it would hold up every writer.
    password_hash = hash_password(body.password)
    with parts.write.begin() as session:
        user = password_links.use(session, body.token, password_hash, now)
        tell_changed(session, user.id, "password_by_recovery", now, remote=remote)
        log_access(session, actor=f"user:{user.id}", action="password.recover", remote=remote)
    return signed_in(
        parts, enter(request, response, parts, user, Origin(remote, user_agent), "sign_in"), now
    )


def _owner(parts: Parts, token: str, remote: str) -> User:
    refuse_guesses(parts, action=LINK_REFUSED, login=None, remote=remote)
    try:
        with parts.read() as session:
            return password_links.find(session, token, utc_now())
    except LinkRefused:
        with parts.write.begin() as session:
            note_failure(session, action=LINK_REFUSED, login=None, remote=remote)
        raise


def _require_code(parts: Parts, user: User, code: str | None, remote: str) -> None:
    """Ask for the second factor; a wrong code counts as a failed sign-in, as it would be guessed like one."""
    refuse_guesses(parts, action=SIGN_IN_REFUSED, login=user.login, remote=remote)
    try:
        check_second_factor(parts, user, code, remote, utc_now())
    except WrongCredentials:
        with parts.write.begin() as session:
            note_failure(session, action=SIGN_IN_REFUSED, login=user.login, remote=remote)
        raise
