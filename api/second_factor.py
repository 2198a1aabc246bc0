"""The second factor: codes of an authenticator app (TOTP, RFC 6238, 30 s, SHA-1, 6 digits), and recovery codes.

A code is taken one step early or late, and once: the step that was used last is kept, so that a code that was looked at
over a shoulder is worth nothing.

Both sides must know the secret, so it cannot be hashed: it is sealed with a key that is not in the database
(`inspection.sealing`), bound to its person. Secrets of older releases are sealed when the server starts (`seal_readable`).
"""

import logging
from datetime import datetime
from uuid import UUID

import pyotp
from sqlalchemy import delete, update
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, func, select

from api.errors import CodeRequired, CodeReused, SecondFactorMissing, WrongCredentials
from api.tokens import new_recovery_code, new_salt, salted_sha256_of_code
from inspection.errors import Conflict
from inspection.sealing import Seal, SealError
from inspection.tables import Membership, RecoveryCode, SecondFactor, User

LOG = logging.getLogger(__name__)

ISSUER = "anxun"
RECOVERY_CODES = 10
STEP_S = 30
_SECRET = "secret"  # noqa: S105  the name of the field that is sealed
CODE_WRONG = "the code is wrong or was used before; wait for the next one"
UNREADABLE = "this server cannot read your authenticator's secret; use a recovery code, and tell the operator"


def is_on(session: Session, user_id: UUID) -> bool:
    """Return whether a person's sign-in asks for a code."""
    row = session.get(SecondFactor, user_id)
    return row is not None and row.confirmed_at is not None


def require_of_administrators(session: Session, user_id: UUID) -> None:
    """Raise `SecondFactorMissing` for an administrator without an authenticator; whoever has no password is the provider's to ask."""
    mine = (col(Membership.user_id) == user_id, col(Membership.is_administrator))
    if session.exec(select(Membership.id).where(*mine)).first() is None:
        return
    has_password = bool(session.get_one(User, user_id).password_hash)
    if has_password and not is_on(session, user_id):
        raise SecondFactorMissing(
            "this server asks administrators for an authenticator; set one up in your account"
        )


def codes_left(session: Session, user_id: UUID) -> int:
    """Return how many recovery codes a person has not used yet."""
    mine = select(func.count()).where(
        col(RecoveryCode.user_id) == user_id, col(RecoveryCode.used_at).is_(None)
    )
    return session.exec(mine).one()


def begin(
    session: Session, seal: Seal, user_id: UUID, login: str, now: datetime
) -> tuple[str, str]:
    """Return a new secret and its ``otpauth://`` address; it counts once it is confirmed. Raises `Conflict` when one counts."""
    if is_on(session, user_id):
        raise Conflict("an authenticator is set up already; remove it first")
    secret = pyotp.random_base32()
    sealed = seal.seal({_SECRET: secret}, user_id)
    session.merge(SecondFactor(user_id=user_id, secret=None, sealed=sealed, created_at=now))
    return secret, pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def confirm(session: Session, seal: Seal, user_id: UUID, code: str, now: datetime) -> list[str]:
    """Let the secret count, once a code of it was shown; return recovery codes. Raises `WrongCredentials`, `Conflict`."""
    row = session.get(SecondFactor, user_id)
    if row is None or row.confirmed_at is not None:
        raise Conflict("begin with a new secret first")
    _use_code(session, seal, row, code, now)
    row.confirmed_at = now
    return _new_recovery_codes(session, user_id)


def renew_recovery_codes(session: Session, user_id: UUID) -> list[str]:
    """Return new recovery codes; the old ones count no more. Raises `Conflict` without an authenticator."""
    if not is_on(session, user_id):
        raise Conflict("recovery codes belong to an authenticator; set one up first")
    return _new_recovery_codes(session, user_id)


def remove(session: Session, user_id: UUID) -> None:
    """Forget a person's secret and recovery codes."""
    session.exec(delete(RecoveryCode).where(col(RecoveryCode.user_id) == user_id))
    session.exec(delete(SecondFactor).where(col(SecondFactor.user_id) == user_id))


def seal_readable(write: sessionmaker[Session], seal: Seal) -> int:
    """Seal the secrets that an older release left readable; return how many they were."""
    with write.begin() as session:
        rows = session.exec(select(SecondFactor).where(col(SecondFactor.secret).is_not(None))).all()
        for row in rows:
            row.sealed, row.secret = seal.seal({_SECRET: str(row.secret)}, row.user_id), None
    return len(rows)


def check_code(
    session: Session, seal: Seal, user_id: UUID, code: str | None, now: datetime
) -> None:
    """Use up a code of the authenticator or a recovery code, where the person has a second factor.

    Raises `CodeRequired` without one, `WrongCredentials` for a wrong or used one.
    """
    row = session.get(SecondFactor, user_id)
    if row is None or row.confirmed_at is None:
        return
    if not code:
        raise CodeRequired("the account asks for the code of the authenticator app as well")
    digits = code.replace(" ", "")
    if digits.isdecimal() and len(digits) == 6:
        _use_code(session, seal, row, digits, now)
    else:
        _use_recovery_code(session, user_id, code, now)


def _use_code(session: Session, seal: Seal, row: SecondFactor, code: str, now: datetime) -> None:
    current = int(now.timestamp()) // STEP_S
    totp = pyotp.TOTP(_opened(seal, row))
    shown = next(
        (step for step in (current, current - 1, current + 1)
         if pyotp.utils.strings_equal(totp.generate_otp(step), code.replace(" ", ""))),
        None,
    )  # fmt: skip
    # One statement decides, so that of two sign-ins with the same code only one gets in.
    used = (
        shown is not None
        and session.exec(
            update(SecondFactor)
            .where(col(SecondFactor.user_id) == row.user_id, col(SecondFactor.last_counter) < shown)
            .values(last_counter=shown)
            .execution_options(synchronize_session=False)
        ).rowcount
    )
    if shown is not None and not used:
        raise CodeReused(CODE_WRONG)
    if not used:
        raise WrongCredentials(CODE_WRONG)


def _opened(seal: Seal, row: SecondFactor) -> str:
    """Return a secret. Raises `WrongCredentials` where the key file is not the one it was sealed with."""
    try:
        return seal.open(row.sealed or b"", row.user_id)[_SECRET]
    except SealError as error:
        LOG.error("the second factor of user:%s: %s", row.user_id, error)
        raise WrongCredentials(UNREADABLE) from error


def _use_recovery_code(session: Session, user_id: UUID, code: str, now: datetime) -> None:
    unused = (col(RecoveryCode.user_id) == user_id, col(RecoveryCode.used_at).is_(None))
    for row in session.exec(select(RecoveryCode).where(*unused)).all():
        if salted_sha256_of_code(code, row.salt) != row.code_sha256:
            continue
        # One statement decides, so that of two sign-ins with the same code only one gets in.
        mine = (col(RecoveryCode.code_sha256) == row.code_sha256, *unused)
        if session.exec(update(RecoveryCode).where(*mine).values(used_at=now)).rowcount == 1:
            return
    raise WrongCredentials(CODE_WRONG)


def _new_recovery_codes(session: Session, user_id: UUID) -> list[str]:
    session.exec(delete(RecoveryCode).where(col(RecoveryCode.user_id) == user_id))
    codes = [new_recovery_code() for _ in range(RECOVERY_CODES)]
    for code in codes:
        salt = new_salt()
        hashed = salted_sha256_of_code(code, salt)
        session.add(RecoveryCode(code_sha256=hashed, salt=salt, user_id=user_id))
    return codes
