"""Who is calling: passwords, sessions, device tokens, and the throttle of guesses.

Passwords are hashed with argon2id (RFC 9106, the low-memory parameters of argon2-cffi). Tokens are 32 random
bytes, stored as SHA-256. Failed sign-ins are counted in the access log, so that any number of servers on one
database share the count.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import update
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, select

from api.access import log_access
from api.errors import EnrolmentCodeRefused, NotSignedIn, TooManyAttempts, WrongCredentials
from api.tokens import (
    PERSONAL_PREFIX,
    TokenScope,
    new_token,
    sha256_of_code,
    sha256_of_token,
)
from inspection.scopes import Scope, device_scope, scope_of
from inspection.tables import (
    AccessLog,
    Device,
    EnrolmentCode,
    Enterprise,
    PersonalToken,
    SignInSession,
    TokenKind,
    User,
)

SIGN_IN_REFUSED = "sign_in.refused"
ENROLMENT_REFUSED = "device.enrol.refused"
# What stands in place of a hash where the provider's sign-in alone opens an account; no password fits it.
NO_PASSWORD = ""
SEEN_EVERY = timedelta(minutes=1)

_hasher = PasswordHasher()
# A hash takes 64 MiB: this bounds what a flood of sign-ins can take.
_hashing = threading.BoundedSemaphore(4)


class CredentialKind(StrEnum):
    """What a person showed: the cookie of a page, the token of a sign-in, or a token of their own for scripts."""

    COOKIE = "cookie"
    BEARER = "bearer"
    PERSONAL = "personal"


@dataclass(frozen=True)
class Credential:
    """What a person showed: the sign-in or personal token by its id, and what it is good for."""

    kind: CredentialKind
    id: UUID
    scopes: frozenset[TokenScope] = frozenset(TokenScope)


@dataclass(frozen=True)
class Caller:
    """A person who is signed in, and what they may see."""

    user_id: UUID
    login: str
    name: str
    scope: Scope
    credential: Credential

    @property
    def actor(self) -> str:
        """How ledger and access log name the person."""
        return self.scope.actor.name


@dataclass(frozen=True)
class CallingDevice:
    """An enrolled device and its one enterprise."""

    device: Device
    scope: Scope

    @property
    def enterprise_id(self) -> UUID:
        """The enterprise that the device is bound to."""
        return self.device.enterprise_id


@dataclass(frozen=True)
class Throttle:
    """How many failures are heard within a window."""

    window_s: int
    per_login: int
    per_address: int


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password."""
    with _hashing:
        return _hasher.hash(password)


def is_password(password_hash: str, password: str) -> bool:
    """Return whether this is the password. Takes the same time for every hash."""
    with _hashing:
        try:
            return _hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def renew_hash(write: sessionmaker[Session], user: User, password: str) -> bool:
    """Hash a password anew that was just shown, where it was hashed at another cost than today's; return whether it was."""
    if not _hasher.check_needs_rehash(user.password_hash):
        return False
    renewed = hash_password(password)
    with write.begin() as session:
        # A password that was changed meanwhile stays changed.
        same = (col(User.id) == user.id, col(User.password_hash) == user.password_hash)
        done = session.exec(update(User).where(*same).values(password_hash=renewed))
    return done.rowcount == 1


@cache
def _hash_of_nobody() -> str:
    return hash_password(new_token())


def normal_login(login: str) -> str:
    """Return how a login is stored: without surrounding space, in one case."""
    return login.strip().casefold()


def refuse_throttled(
    session: Session,
    throttle: Throttle,
    *,
    action: str,
    login: str | None,
    remote: str,
    now: datetime,
) -> None:
    """Raise `TooManyAttempts` when the login or the address has failed too often within the window."""
    since = now - timedelta(seconds=throttle.window_s)
    counts = [(col(AccessLog.remote) == remote, throttle.per_address, False)]
    if login is not None:
        is_login = col(AccessLog.actor) == actor_of_login(login)
        counts.append((is_login, throttle.per_login, True))
    for condition, allowed, is_of_login in counts:
        # The oldest of the last `allowed` failures: when it leaves the window, another try is heard.
        oldest = session.exec(
            select(AccessLog.at)
            .where(col(AccessLog.at) > since, col(AccessLog.action) == action, condition)
            .order_by(col(AccessLog.at).desc())
            .offset(allowed - 1)
            .limit(1)
        ).first()
        if oldest is not None:
            wait_s = max(1, round((oldest - since).total_seconds()))
            raise TooManyAttempts(wait_s, is_of_login=is_of_login)


def check_password(session: Session, login: str, password: str) -> User:
    """Return the person. Raises `WrongCredentials`, after the same work for an unknown login."""
    user = session.exec(select(User).where(col(User.login) == normal_login(login))).first()
    # Asked for whoever it is: it is made at the first sign-in, and that one must not show by its time that a login is unknown.
    of_nobody = _hash_of_nobody()
    # Whoever signs in by the provider alone has no password: the same work all the same.
    is_right = is_password((user.password_hash if user else "") or of_nobody, password)
    if user is None or not is_right or not user.is_active:
        raise WrongCredentials("login or password is wrong")
    return user


def note_failure(session: Session, *, action: str, login: str | None, remote: str) -> None:
    """Add a failed attempt to the access log, where the throttle counts it."""
    actor = "anonymous" if login is None else actor_of_login(login)
    log_access(session, actor=actor, action=action, remote=remote)


def actor_of_login(login: str) -> str:
    """Return how the access log names whoever tries to sign in with a login."""
    return f"login:{normal_login(login)}"


def open_session(
    session: Session, user: User, *, now: datetime, hours: int
) -> tuple[str, SignInSession]:
    """Return a new bearer token of a sign-in, and the row that holds its hash."""
    token = new_token()
    row = SignInSession(
        token_sha256=sha256_of_token(token),
        user_id=user.id,
        created_at=now,
        expires_at=now + timedelta(hours=hours),
    )
    session.add(row)
    return token, row


def caller_of_token(
    session: Session, token: str, now: datetime, kind: TokenKind = TokenKind.BEARER
) -> Caller:
    """Return who holds a token. A cookie's is no bearer token, nor the other way round. Raises `NotSignedIn`."""
    if kind is TokenKind.BEARER and token.startswith(PERSONAL_PREFIX):
        return _caller_of_personal_token(session, token, now)
    found = session.exec(
        select(SignInSession, User)
        .join(User, col(User.id) == col(SignInSession.user_id))
        .where(
            col(SignInSession.token_sha256) == sha256_of_token(token),
            col(SignInSession.kind) == kind,
            col(SignInSession.expires_at) > now,
        )
    ).first()
    if found is None or not found[1].is_active:
        raise NotSignedIn("this session is unknown or has ended; sign in again")
    row, user = found
    return _caller(session, user, Credential(CredentialKind(kind.value), row.id))


def _caller_of_personal_token(session: Session, token: str, now: datetime) -> Caller:
    found = session.exec(
        select(PersonalToken, User)
        .join(User, col(User.id) == col(PersonalToken.user_id))
        .where(
            col(PersonalToken.token_sha256) == sha256_of_token(token),
            col(PersonalToken.revoked_at).is_(None),
            col(PersonalToken.expires_at) > now,
        )
    ).first()
    if found is None or not found[1].is_active:
        raise NotSignedIn("this personal token is unknown, revoked or expired; make a new one")
    row, user = found
    scopes = frozenset(TokenScope(scope) for scope in row.scopes)
    return _caller(session, user, Credential(CredentialKind.PERSONAL, row.id, scopes))


def _caller(session: Session, user: User, credential: Credential) -> Caller:
    return Caller(user.id, user.login, user.name, scope_of(session, user.id), credential)


def device_of_token(session: Session, token: str) -> CallingDevice:
    """Return which device holds a token. Raises `NotSignedIn`, also for a revoked device."""
    hashed = sha256_of_token(token)
    device = session.exec(select(Device).where(col(Device.token_sha256) == hashed)).first()
    if device is None:
        raise NotSignedIn("this device token is unknown; enrol the device again")
    if device.revoked_at is not None:
        raise NotSignedIn("this device was revoked; enrol it again")
    session.expunge(device)
    return CallingDevice(device, device_scope(device))


def is_seen_due(device: Device, now: datetime) -> bool:
    """Return whether the time at which the device was last seen is worth a write."""
    return device.last_seen_at is None or now - device.last_seen_at >= SEEN_EVERY


def note_seen(session: Session, device_id: UUID, now: datetime) -> None:
    """Store when a device was last seen."""
    session.exec(update(Device).where(col(Device.id) == device_id).values(last_seen_at=now))


def redeem_code(
    session: Session, code: str, name: str, now: datetime
) -> tuple[str, Device, Enterprise]:
    """Trade an enrolment code for a device and its token. Raises `EnrolmentCodeRefused`."""
    code_sha256 = sha256_of_code(code)
    # One statement decides, so that of two devices with the same code only one gets a token.
    redeemed = session.exec(
        update(EnrolmentCode)
        .where(
            col(EnrolmentCode.code_sha256) == code_sha256,
            col(EnrolmentCode.used_at).is_(None),
            col(EnrolmentCode.expires_at) > now,
        )
        .values(used_at=now)
    )
    if redeemed.rowcount != 1:
        raise EnrolmentCodeRefused(
            "this enrolment code is unknown, used or expired; ask for a new one"
        )
    enterprise_id = session.get_one(EnrolmentCode, code_sha256).enterprise_id
    token = new_token()
    device = Device(
        enterprise_id=enterprise_id, name=name, token_sha256=sha256_of_token(token), enrolled_at=now
    )
    session.add(device)
    return token, device, session.get_one(Enterprise, enterprise_id)
