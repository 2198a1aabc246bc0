"""What a route needs, as `Annotated` aliases: the caller, a session with its one commit, the request's parts."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from sqlmodel import Session

from api.access import log_change
from api.auth import (
    SEEN_EVERY,
    Caller,
    CallingDevice,
    CredentialKind,
    caller_of_token,
    device_of_token,
    is_seen_due,
    note_seen,
)
from api.errors import NotSignedIn, RequestHeaderMissing, ScopeMissing
from api.idempotency import claim_of
from api.parts import Parts
from api.problems import remote_of
from api.second_factor import require_of_administrators
from api.settings import Settings
from api.tokens import TokenScope
from inspection.database import bound_to
from inspection.evidence import ByteSource
from inspection.queries import Paging
from inspection.tables import PersonalToken, TokenKind
from inspection.wire import UtcDatetime, utc_now

SESSION_COOKIE = "anxun_session"
REQUEST_HEADER = "X-Anxun-Request"
SAFE_METHODS = frozenset({"GET", "HEAD"})
BODY_IN_MEMORY = 1 << 20


@dataclass(frozen=True)
class Body:
    """A body that was received: `source` rewound, and how many bytes it has."""

    source: ByteSource
    size: int


person_bearer = HTTPBearer(
    scheme_name="personToken", description="token of `POST /v1/sessions`", auto_error=False
)
person_cookie = APIKeyCookie(
    scheme_name="personCookie",
    name=SESSION_COOKIE,
    description=f"set by `POST /v1/sessions`; every change also needs the header `{REQUEST_HEADER}: 1`",
    auto_error=False,
)
device_bearer = HTTPBearer(
    scheme_name="deviceToken", description="token of `POST /v1/devices`", auto_error=False
)
PersonBearer = Annotated[HTTPAuthorizationCredentials | None, Security(person_bearer)]
PersonCookie = Annotated[str | None, Security(person_cookie)]
DeviceBearer = Annotated[HTTPAuthorizationCredentials | None, Security(device_bearer)]


async def parts_of(request: Request) -> Parts:
    """Return what the app is assembled from."""
    parts: Parts = request.app.state.parts
    return parts


AppParts = Annotated[Parts, Depends(parts_of)]


def seen_by_caller(request: Request) -> dict[str, Any]:
    """Return what binds a session to what the caller may see: nothing, before somebody has signed in."""
    state = request.state
    return bound_to(lambda: getattr(state, "enterprise_ids", ()))


def reading(request: Request, parts: AppParts) -> Iterator[Session]:
    """Open a session that only reads, of the caller's enterprises."""
    with parts.read(info=seen_by_caller(request)) as session:
        yield session


def writing(request: Request, parts: AppParts) -> Iterator[Session]:
    """Open a session that is committed once, here, before the answer is sent; any error undoes all of it."""
    with parts.write(info=seen_by_caller(request)) as session, session.begin():
        _claim_key(request, session)
        yield session
        if request.method not in SAFE_METHODS:
            log_change(session, request, remote_of(request))


def reading_beyond(parts: AppParts) -> Iterator[Session]:
    """Open a session that reads what is not the caller's: for whoever holds a secret number instead of a sign-in."""
    with parts.read() as session:
        yield session


def writing_beyond(request: Request, parts: AppParts) -> Iterator[Session]:
    """Open a session that changes what is not the caller's yet, committed once."""
    with parts.write.begin() as session:
        _claim_key(request, session)
        yield session


def _claim_key(request: Request, session: Session) -> None:
    claim = claim_of(request)
    if claim is not None:
        claim.within(session)


# "function": the commit must be over before the caller is told that it was done.
Reading = Annotated[Session, Depends(reading, scope="function")]
Writing = Annotated[Session, Depends(writing, scope="function")]
ReadingBeyond = Annotated[Session, Depends(reading_beyond, scope="function")]
WritingBeyond = Annotated[Session, Depends(writing_beyond, scope="function")]


async def address_of(request: Request) -> str:
    """Return the caller's address."""
    return remote_of(request)


Remote = Annotated[str, Depends(address_of)]


def session_cookie(settings: Settings) -> str:
    """Return the cookie's name. Over HTTPS its prefix has browsers refuse one that another host or plain HTTP set."""
    return f"__Host-{SESSION_COOKIE}" if settings.sends_secure_cookies else SESSION_COOKIE


def current_user(
    request: Request, parts: AppParts, bearer: PersonBearer, _: PersonCookie
) -> Caller:
    """Return the signed-in person. Raises `NotSignedIn`, `RequestHeaderMissing`, `ScopeMissing`, `TooManyRequests`, `SecondFactorMissing`."""
    cookie = request.cookies.get(session_cookie(parts.settings))
    token = bearer.credentials if bearer else cookie
    if not token:
        raise NotSignedIn("sign in at POST /v1/sessions and send the token")
    if bearer is None and _lacks_request_header(request):
        raise RequestHeaderMissing(f"a change by cookie needs the header {REQUEST_HEADER}: 1")
    kind = TokenKind.COOKIE if bearer is None else TokenKind.BEARER
    now = utc_now()
    with parts.read() as session:
        caller = caller_of_token(session, token, now, kind)
    request.state.actor = caller.actor
    request.state.enterprise_ids = caller.scope.enterprise_ids
    parts.rates.count(caller.user_id, now.timestamp())
    if parts.settings.administrators_need_second_factor and not _is_of_account(request):
        with parts.read() as session:
            require_of_administrators(session, caller.user_id)
    if caller.credential.kind is CredentialKind.PERSONAL:
        _heed_scopes(request, caller)
        note_use(parts, caller, now)
    return caller


def _is_of_account(request: Request) -> bool:
    """Return whether a route is about signing in and one's own account: there an authenticator is set up."""
    return bool(
        {"account", "sessions"}.intersection(getattr(request.scope.get("route"), "tags", ()))
    )


def _heed_scopes(request: Request, caller: Caller) -> None:
    needed = TokenScope.READ if request.method in SAFE_METHODS else TokenScope.WRITE
    if needed not in caller.credential.scopes:
        raise ScopeMissing(f"this token may not {needed}; make one with the scope {needed}")


def note_use(parts: Parts, caller: Caller, now: datetime) -> None:
    """Store when a personal token was last used, at most once a minute."""
    with parts.read() as session:
        last = session.get_one(PersonalToken, caller.credential.id).last_used_at
    if last is None or now - last >= SEEN_EVERY:
        with parts.write.begin() as session:
            session.get_one(PersonalToken, caller.credential.id).last_used_at = now


def current_device(request: Request, parts: AppParts, bearer: DeviceBearer) -> CallingDevice:
    """Return the calling device, and note that it was seen. Raises `NotSignedIn`."""
    if bearer is None:
        raise NotSignedIn("send the device token that POST /v1/devices gave")
    now = utc_now()
    with parts.read() as session:
        calling = device_of_token(session, bearer.credentials)
    request.state.actor = calling.scope.actor.name
    request.state.enterprise_ids = calling.scope.enterprise_ids
    if is_seen_due(calling.device, now):
        with parts.write.begin() as session:
            note_seen(session, calling.device.id, now)
    return calling


def any_caller(
    request: Request,
    parts: AppParts,
    bearer: PersonBearer,
    cookie: PersonCookie,
    device: DeviceBearer,
) -> Caller | CallingDevice:
    """Return the person or the device that calls. Raises `NotSignedIn`."""
    try:
        return current_user(request, parts, bearer, cookie)
    except NotSignedIn:
        if device is None:
            raise
    return current_device(request, parts, device)


CurrentUser = Annotated[Caller, Depends(current_user)]


async def person_at_the_door(caller: CurrentUser) -> Caller:
    """Return a person who signed in, not a script of theirs: for what concerns the account itself. Raises `ScopeMissing`."""
    if caller.credential.kind is CredentialKind.PERSONAL:
        raise ScopeMissing("a personal token does not reach the account itself; sign in")
    return caller


SignedInPerson = Annotated[Caller, Depends(person_at_the_door)]
CurrentDevice = Annotated[CallingDevice, Depends(current_device)]
AnyCaller = Annotated[Caller | CallingDevice, Depends(any_caller)]


def _lacks_request_header(request: Request) -> bool:
    return request.method not in SAFE_METHODS and request.headers.get(REQUEST_HEADER) != "1"


async def own_enterprise(
    enterprise_id: Annotated[UUID, Path(description="the enterprise")], caller: CurrentUser
) -> UUID:
    """Return the enterprise of the path. Raises `NotFound` for a foreign one, before anything else is done."""
    caller.scope.require(enterprise_id)
    return enterprise_id


EnterpriseId = Annotated[UUID, Depends(own_enterprise)]
Sha256Path = Annotated[
    str,
    Path(
        pattern=r"^[0-9a-f]{64}$",
        description="SHA-256 of the bytes",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ),
]
EnterpriseFilter = Annotated[
    UUID | None, Query(alias="enterprise_id", description="of this enterprise only")
]


async def paging(
    cursor: Annotated[
        str | None, Query(max_length=1000, description="`next_cursor` of the page before")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="rows a page")] = 50,
) -> Paging:
    """Return which page is asked for."""
    return Paging(cursor, limit)


PageAsked = Annotated[Paging, Depends(paging)]
SearchText = Annotated[
    str,
    Query(
        max_length=200,
        pattern=r"^[^\x00]*$",
        description="words that must all be there; parts of words count",
        examples=["配电箱"],
    ),
]
Since = Annotated[UtcDatetime | None, Query(description="not before this time")]
Until = Annotated[UtcDatetime | None, Query(description="before this time")]


async def received_body(request: Request) -> AsyncIterator[Body]:
    """Receive the body into memory or, over 1 MiB, into a temporary file; rewound for reading.

    It is a dependency after the caller, so that a stranger's bytes are not taken, and no transaction waits
    for a slow line.
    """
    with SpooledTemporaryFile[bytes](max_size=BODY_IN_MEMORY) as spooled:
        size = 0
        async for chunk in request.stream():
            spooled.write(chunk)
            size += len(chunk)
        spooled.seek(0)
        yield Body(spooled, size)


ReceivedBody = Annotated[Body, Depends(received_body)]
