"""The second factor: codes of an authenticator app (TOTP, RFC 6238, 30 s, SHA-1, 6 digits), and recovery codes.

A code is taken one step early or late, and once: the step that was used last is kept, so that a code that was looked at
over a shoulder is worth nothing.
"""

from datetime import datetime
from uuid import UUID

import pyotp
from sqlalchemy import delete, update
from sqlmodel import Session, col, func, select

from api.errors import CodeRequired, WrongCredentials
from api.tokens import new_enrolment_code, sha256_of_code
from inspection.errors import Conflict
from inspection.tables import RecoveryCode, SecondFactor

ISSUER = "anxun"
RECOVERY_CODES = 10
STEP_S = 30
CODE_WRONG = "the code is wrong or was used before; wait for the next one"


def is_on(session: Session, user_id: UUID) -> bool:
    """Return whether a person's sign-in asks for a code."""
    row = session.get(SecondFactor, user_id)
    return row is not None and row.confirmed_at is not None


def codes_left(session: Session, user_id: UUID) -> int:
    """Return how many recovery codes a person has not used yet."""
    mine = select(func.count()).where(
        col(RecoveryCode.user_id) == user_id, col(RecoveryCode.used_at).is_(None)
    )
    return session.exec(mine).one()


def begin(session: Session, user_id: UUID, login: str, now: datetime) -> tuple[str, str]:
    """Return a new secret and its ``otpauth://`` address; it counts once it is confirmed. Raises `Conflict` when one counts."""
    if is_on(session, user_id):
        raise Conflict("an authenticator is set up already; remove it first")
    secret = pyotp.random_base32()
    session.merge(SecondFactor(user_id=user_id, secret=secret, created_at=now))
    return secret, pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def confirm(session: Session, user_id: UUID, code: str, now: datetime) -> list[str]:
    """Let the secret count, once a code of it was shown; return recovery codes. Raises `WrongCredentials`, `Conflict`."""
    row = session.get(SecondFactor, user_id)
    if row is None or row.confirmed_at is not None:
        raise Conflict("begin with a new secret first")
    _use_code(session, row, code, now)
    row.confirmed_at = now
    return _new_recovery_codes(session, user_id)


def remove(session: Session, user_id: UUID) -> None:
    """Forget a person's secret and recovery codes."""
    session.exec(delete(RecoveryCode).where(col(RecoveryCode.user_id) == user_id))
    session.exec(delete(SecondFactor).where(col(SecondFactor.user_id) == user_id))


def check_code(session: Session, user_id: UUID, code: str | None, now: datetime) -> None:
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
        _use_code(session, row, digits, now)
    else:
        _use_recovery_code(session, user_id, code, now)


def _use_code(session: Session, row: SecondFactor, code: str, now: datetime) -> None:
    current = int(now.timestamp()) // STEP_S
    totp = pyotp.TOTP(row.secret)
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
    if not used:
        raise WrongCredentials(CODE_WRONG)


def _use_recovery_code(session: Session, user_id: UUID, code: str, now: datetime) -> None:
    used = session.exec(
        update(RecoveryCode)
        .where(
            col(RecoveryCode.code_sha256) == sha256_of_code(code),
            col(RecoveryCode.user_id) == user_id,
            col(RecoveryCode.used_at).is_(None),
        )
        .values(used_at=now)
    )
    if used.rowcount != 1:
        raise WrongCredentials(CODE_WRONG)


def _new_recovery_codes(session: Session, user_id: UUID) -> list[str]:
    session.exec(delete(RecoveryCode).where(col(RecoveryCode.user_id) == user_id))
    codes = [new_enrolment_code() for _ in range(RECOVERY_CODES)]
    session.add_all(
        RecoveryCode(code_sha256=sha256_of_code(code), user_id=user_id) for code in codes
    )
    return codes
