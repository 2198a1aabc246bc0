"""A person's own account: password, second factor, sign-ins, personal tokens."""

from typing import Self
from uuid import UUID

from pydantic import Field

from api.shapes.base import Page
from api.tokens import TokenScope
from inspection.tables import PersonalToken, SignInSession
from inspection.wire import Text, UtcDatetime, Wire

CODE = Field(min_length=1, max_length=40, examples=["492039"])
# Empty for an account without one: its sign-in must be fresh instead (`api.proofs`).
OLD_PASSWORD = Field(default="", max_length=1000)
NEW_PASSWORD = Field(
    min_length=1, max_length=1000, description="at least 12 characters that are hard to guess"
)


class PasswordChange(Wire):
    """The present password, and the new one."""

    current: Text = OLD_PASSWORD
    new: Text = NEW_PASSWORD


class PasswordProof(Wire):
    """The present password: whoever found an open page does not know it."""

    password: Text = OLD_PASSWORD


class PasswordTried(Wire):
    """A new password that is not decided on yet."""

    password: Text = Field(max_length=1000)


class PasswordStrength(Wire):
    """How hard a password is to guess: 0 (at once) to 4 (very), and whether it would be taken."""

    score: int = Field(ge=0, le=4)
    is_taken: bool


class CodeProof(Wire):
    """A code that the authenticator shows now."""

    code: Text = CODE


class Account(Wire):
    """How the signed-in person signs in."""

    login: str
    name: str
    has_password: bool = Field(description="false: the OpenID provider's sign-in alone opens it")
    has_second_factor: bool
    recovery_codes_left: int
    may_sign_in_by_provider: bool = Field(description="an OpenID provider's account is linked")


class NewSecondFactor(Wire):
    """What the authenticator app takes in: by its camera, or typed. Shown once."""

    secret: str
    uri: str = Field(examples=["otpauth://totp/anxun:expert?secret=…&issuer=anxun"])
    qr_svg: str = Field(description="the address as a QR code, an SVG data address")


class RecoveryCodes(Wire):
    """One-time codes for whoever loses the authenticator. Shown once."""

    codes: list[str]


class SignInView(Wire):
    """A standing sign-in."""

    id: UUID
    created_at: UtcDatetime
    expires_at: UtcDatetime
    remote: str
    user_agent: str
    is_this_one: bool

    @classmethod
    def from_row(cls, row: SignInSession, current: UUID) -> Self:
        """Return the view of a row."""
        facts = row.model_dump(include=set(cls.model_fields) - {"is_this_one"})
        return cls(**facts, is_this_one=row.id == current)


class SignIns(Page[SignInView]):
    """A person's standing sign-ins, the newest first."""


class NewPersonalToken(Wire):
    """A token that is asked for."""

    name: Text = Field(min_length=1, max_length=100, examples=["nightly export"])
    scopes: set[TokenScope] = Field(min_length=1, examples=[["read"]])
    days: int = Field(ge=1, le=366, description="how long it counts", examples=[90])


class PersonalTokenView(Wire):
    """A personal token, without its secret."""

    id: UUID
    name: str
    scopes: list[TokenScope]
    created_at: UtcDatetime
    expires_at: UtcDatetime
    last_used_at: UtcDatetime | None
    revoked_at: UtcDatetime | None

    @classmethod
    def from_row(cls, row: PersonalToken) -> Self:
        """Return the view of a row."""
        return cls(**row.model_dump(include=set(cls.model_fields)))


class PersonalTokenMade(PersonalTokenView):
    """A new personal token, with its secret. Shown once."""

    token: str


class PersonalTokens(Page[PersonalTokenView]):
    """A person's tokens, the newest first."""
