"""Signing in by an OpenID provider, and linking an account to one. Off unless the operator set a provider."""

from typing import Annotated

from fastapi import Query, Request, Response, status
from fastapi.responses import HTMLResponse
from sqlmodel import col, select

from api import invitations, openid
from api.access import log_access
from api.auth import NO_PASSWORD, SIGN_IN_REFUSED, normal_login, note_failure
from api.deps import AppParts, Remote, SignedInPerson, Writing, WritingBeyond
from api.errors import ApiError, ProviderRefused, ProviderUnavailable, problems
from api.guesses import refuse_guesses
from api.openid import Joining, Provider, Returned, Sent
from api.parts import Parts
from api.proofs import require_password
from api.routes.invitations import log_acceptance
from api.routes.sessions import UserAgent, enter
from api.routing import ApiRouter
from api.settings import Settings
from api.shapes.accounts import PasswordProof
from api.shapes.memberships import AcceptanceByProvider
from api.shapes.openid import SendTo, SignInChoices
from api.sign_ins import Origin
from inspection import areas
from inspection.account_news import tell_changed
from inspection.errors import AlreadyExists, Conflict, InspectionError
from inspection.tables import Invitation, ProviderAttempt, User
from inspection.wire import utc_now

router = ApiRouter(tags=["sessions"])
BACK: dict[int | str, dict[str, object]] = {
    200: {"description": "A page that leads on into the app", "content": {"text/html": {}}}
}
Text = Annotated[str, Query(max_length=4000, pattern=r"^[^\x00]*$")]


def browser_cookie(settings: Settings) -> str:
    """Return the name of the cookie that ties a browser to its way to the provider."""
    return "__Host-anxun_openid" if settings.sends_secure_cookies else "anxun_openid"


@router.get("/sign-in-choices", operation_id="getSignInChoices", summary="How to sign in")
def get_sign_in_choices(parts: AppParts) -> SignInChoices:
    """Return whether people may sign in by a provider, and whether a forgotten password's link can be sent, for the sign-in page."""
    chosen = parts.settings
    return SignInChoices(
        provider=chosen.oidc_name if chosen.oidc_issuer else None,
        sends_password_links=parts.sends_mail,
    )


@router.post(
    "/openid/attempts",
    operation_id="beginProviderSignIn",
    status_code=status.HTTP_201_CREATED,
    summary="Sign in by the provider",
    responses=problems(401, 404, 429, 503),
)
def begin_provider_sign_in(
    session: WritingBeyond, parts: AppParts, response: Response, remote: Remote
) -> SendTo:
    """Return the provider's page to go to, and set the cookie that ties this browser to the way back."""
    provider = Provider.from_settings(parts.settings)
    refuse_guesses(parts, action=SIGN_IN_REFUSED, login=None, remote=remote)
    metadata = provider.metadata()
    return _send(parts, response, provider.begin(session, None, utc_now(), metadata))


@router.post(
    "/me/identities",
    operation_id="linkIdentity",
    status_code=status.HTTP_201_CREATED,
    summary="Link my account at the provider",
    responses=problems(401, 403, 404, 422, 429, 503),
)
def link_identity(
    body: PasswordProof,
    caller: SignedInPerson,
    parts: AppParts,
    response: Response,
    remote: Remote,
) -> SendTo:
    """Return the provider's page to go to; whoever signs in there is linked to my account, by issuer and subject."""
    provider = Provider.from_settings(parts.settings)
    require_password(parts, caller, body.password, remote)
    metadata = provider.metadata()
    with parts.write.begin() as session:
        sent = provider.begin(session, caller.user_id, utc_now(), metadata)
    return _send(parts, response, sent)


@router.post(
    "/invitations/provider",
    operation_id="acceptByProvider",
    status_code=status.HTTP_201_CREATED,
    summary="Accept an invitation by the provider's sign-in",
    responses=problems(401, 404, 409, 422, 429, 503),
)
def accept_by_provider(
    body: AcceptanceByProvider,
    session: WritingBeyond,
    parts: AppParts,
    response: Response,
    remote: Remote,
) -> SendTo:
    """Return the provider's page to go to. Whoever signs in there becomes a member: with the account that is linked already, or with a new one without a password."""
    provider = Provider.from_settings(parts.settings)
    refuse_guesses(parts, action=SIGN_IN_REFUSED, login=None, remote=remote)
    now, login = utc_now(), normal_login(body.login)
    invitation = invitations.find(session, body.token, now)
    if session.exec(select(User.id).where(col(User.login) == login)).first() is not None:
        raise AlreadyExists("user", login)
    joining = Joining(invitation.id, login, body.name)
    return _send(parts, response, provider.begin(session, None, now, provider.metadata(), joining))


@router.delete(
    "/me/identities",
    operation_id="unlinkIdentities",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Unlink my account at the provider",
    responses=problems(401, 403, 409),
)
def unlink_identities(caller: SignedInPerson, session: Writing, remote: Remote) -> None:
    """From now on my password alone signs me in. Whoever has none sets one first."""
    if session.get_one(User, caller.user_id).password_hash == NO_PASSWORD:
        raise Conflict("this account has no password: set one first, or nothing would open it")
    openid.unlink(session, caller.user_id)
    log_access(session, actor=caller.actor, action="identity.unlink", remote=remote)
    tell_changed(session, caller.user_id, "identity_unlinked", utc_now(), remote=remote)


@router.get(
    "/openid/callback",
    operation_id="finishProviderSignIn",
    summary="Where the provider sends people back to",
    responses={**BACK, **problems(422)},
    response_class=HTMLResponse,
)
def finish_provider_sign_in(  # noqa: PLR0913  each is a part of the request
    request: Request,
    parts: AppParts,
    remote: Remote,
    state: Text = "",
    code: Text = "",
    iss: Annotated[str | None, Query(max_length=4000)] = None,
    user_agent: UserAgent = "",
) -> Response:
    """Sign in, or link the account; the answer is a page that leads on, as the app can not read this one."""
    browser = request.cookies.get(browser_cookie(parts.settings), "")
    returned = Returned(code, state, iss, browser)
    answer = _page("/")
    try:
        where = _finish(request, answer, parts, returned, Origin(remote, user_agent))
    except ProviderUnavailable:
        where = "/sign-in?provider=unavailable"
    except (ApiError, InspectionError):
        where = "/sign-in?provider=refused"
        with parts.write.begin() as session:
            note_failure(session, action=SIGN_IN_REFUSED, login=None, remote=remote)
    page = _page(where)
    page.raw_headers += [pair for pair in answer.raw_headers if pair[0] == b"set-cookie"]
    page.delete_cookie(browser_cookie(parts.settings), httponly=True, samesite="lax", secure=parts.settings.sends_secure_cookies)  # fmt: skip
    return page


def _finish(
    request: Request, answer: Response, parts: Parts, returned: Returned, origin: Origin
) -> str:
    provider = Provider.from_settings(parts.settings)
    refuse_guesses(parts, action=SIGN_IN_REFUSED, login=None, remote=origin.remote)
    now = utc_now()
    with parts.write.begin() as session:
        attempt = openid.take_attempt(session, returned, now)
    subject = provider.subject(returned, attempt)
    if attempt.user_id is not None:
        with parts.write.begin() as session:
            openid.link(session, provider.issuer, subject, attempt.user_id, now)
            log_access(
                session,
                actor=f"user:{attempt.user_id}",
                action="identity.link",
                detail=provider.issuer,
                remote=origin.remote,
            )
            tell_changed(session, attempt.user_id, "identity_linked", now, remote=origin.remote)
        return "/more?provider=linked"
    if attempt.invitation_id is not None:
        joined = _join(parts, provider.issuer, subject, attempt, origin.remote)
        enter(request, answer, parts, joined, origin, "sign_in.provider")
        return "/"
    with parts.read() as session:
        user = openid.person_of(session, provider.issuer, subject)
    if user is None:
        raise ProviderRefused("no account here is linked to it")
    enter(request, answer, parts, user, origin, "sign_in.provider")
    return "/"


def _join(parts: Parts, issuer: str, subject: str, attempt: ProviderAttempt, remote: str) -> User:
    """Make whoever signed in at the provider a member by the invitation that they had; a new account is linked at once."""
    now = utc_now()
    with parts.write.begin() as session:
        user = openid.person_of(session, issuer, subject)
        if user is None:
            user = areas.add_user(session, attempt.login, attempt.name, NO_PASSWORD)
            openid.link(session, issuer, subject, user.id, now)
        invitation = session.get_one(Invitation, attempt.invitation_id)
        row = invitations.accept_row(session, invitation, user, now)
        log_acceptance(session, row, user, remote)
    return user


def _send(parts: Parts, response: Response, sent: Sent) -> SendTo:
    # Lax: the way back begins at the provider's site, and a strict cookie would not come along.
    response.set_cookie(
        browser_cookie(parts.settings),
        sent.browser,
        max_age=int(openid.LIFE.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=parts.settings.sends_secure_cookies,
    )
    return SendTo(address=sent.address)


def _page(where: str) -> HTMLResponse:
    # No redirect: after one that began at another site, browsers keep the session's strict cookie back.
    return HTMLResponse(
        f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={where}"><a href="{where}">anxun</a>'
    )
