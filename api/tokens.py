"""Secrets that are handed out once and stored hashed: session tokens, device tokens, enrolment codes."""

import secrets
from enum import StrEnum

from inspection.handed_out import new_token as new_token
from inspection.handed_out import sha256_of_token as sha256_of_token

# Without letters and digits that are mistaken for each other when read aloud or from a screen.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_GROUPS = 3
CODE_GROUP_LENGTH = 4
RECOVERY_GROUPS = 6
SALT_BYTES = 16
# Known to whoever looks for secrets in places where none belongs.
PERSONAL_PREFIX = "anxun_pat_"


class TokenScope(StrEnum):
    """What a personal token is good for; neither reaches the account itself."""

    READ = "read"
    WRITE = "write"


def new_personal_token() -> str:
    """Return a token that tells its kind."""
    return PERSONAL_PREFIX + new_token()


def new_enrolment_code() -> str:
    """Return a code of 12 characters (59 bits) in groups, to be typed by a person."""
    return _code(CODE_GROUPS)


def new_recovery_code() -> str:
    """Return a code of 24 characters (118 bits) in groups, to be kept on paper."""
    return _code(RECOVERY_GROUPS)


def new_salt() -> str:
    """Return 16 random bytes in hex."""
    return secrets.token_hex(SALT_BYTES)


def _code(groups: int) -> str:
    return "-".join(
        "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_GROUP_LENGTH))
        for _ in range(groups)
    )


def sha256_of_code(code: str) -> str:
    """Return what is stored of an enrolment code; spaces, dashes and case do not matter."""
    return sha256_of_token("".join(code.split()).replace("-", "").upper())


def salted_sha256_of_code(code: str, salt: str) -> str:
    """Return what is stored of a recovery code. Migration 0033 made the older ones the same from their plain hash."""
    return sha256_of_token(salt + sha256_of_code(code))
