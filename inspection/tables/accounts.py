"""How people prove who they are: second factors, personal tokens and invitations. Every secret is stored hashed, or sealed where both sides must know it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, Column, LargeBinary
from sqlmodel import Field, SQLModel

from inspection.tables.columns import at_column, new_id
from inspection.tables.parties import Role


class SecondFactor(SQLModel, table=True):
    """A person's authenticator app (RFC 6238). It counts once it is confirmed; `last_counter` is the step last used."""

    __tablename__ = "second_factor"
    user_id: UUID = Field(primary_key=True, foreign_key="app_user.id")
    secret: str | None = Field(
        default=None, description="readable: of an older release, sealed when the server starts"
    )
    sealed: bytes | None = Field(
        default=None, sa_column=Column(LargeBinary), description="a `sealing.Seal`'s"
    )
    created_at: datetime = at_column()
    confirmed_at: datetime | None = at_column(default=False)
    last_counter: int = 0


class RecoveryCode(SQLModel, table=True):
    """A one-time code for whoever lost their authenticator; stored hashed, with a salt of its own."""

    __tablename__ = "recovery_code"
    code_sha256: str = Field(
        primary_key=True, description="SHA-256 of the salt and the SHA-256 of the code, in hex"
    )
    salt: str = Field(description="32 hexadecimal digits")
    user_id: UUID = Field(foreign_key="app_user.id", index=True)
    used_at: datetime | None = at_column(default=False)


class PersonalToken(SQLModel, table=True):
    """A token of a person's own for scripts, with scopes and an end; stored hashed."""

    __tablename__ = "personal_token"
    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(foreign_key="app_user.id", index=True)
    name: str
    token_sha256: str = Field(unique=True)
    scopes: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    created_at: datetime = at_column()
    expires_at: datetime = at_column()
    last_used_at: datetime | None = at_column(default=False)
    revoked_at: datetime | None = at_column(default=False)


class Invitation(SQLModel, table=True):
    """A link that makes one person a member of one place; one-time, stored hashed."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    token_sha256: str = Field(unique=True)
    name: str
    role: Role
    is_administrator: bool = False
    organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id", index=True)
    enterprise_id: UUID | None = Field(default=None, foreign_key="enterprise.id", index=True)
    invited_by: UUID = Field(foreign_key="app_user.id")
    created_at: datetime = at_column()
    expires_at: datetime = at_column()
    accepted_at: datetime | None = at_column(default=False)
    accepted_by: UUID | None = Field(default=None, foreign_key="app_user.id")
    withdrawn_at: datetime | None = at_column(default=False)
    contact: str | None = Field(
        default=None, description="telephone or e-mail of whom it is for, where that was said"
    )


class ProviderAttempt(SQLModel, table=True):
    """A person on the way to an OpenID provider and back, for minutes: `user_id` is whose account is to be linked.

    With an invitation: whoever comes back accepts it, with a new account of this login and name.
    """

    __tablename__ = "provider_attempt"
    state_sha256: str = Field(primary_key=True)
    browser_sha256: str
    nonce: str
    verifier: str
    user_id: UUID | None = Field(default=None, foreign_key="app_user.id")
    invitation_id: UUID | None = Field(default=None, foreign_key="invitation.id")
    login: str = ""
    name: str = ""
    expires_at: datetime = at_column()


class ForeignIdentity(SQLModel, table=True):
    """A person's account at an OpenID provider: its issuer, and the subject there."""

    __tablename__ = "foreign_identity"
    issuer: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    user_id: UUID = Field(foreign_key="app_user.id", index=True)
    linked_at: datetime = at_column()


class PasswordAsk(SQLModel, table=True):
    """Somebody asked for a link for a login, whether there is such a person or not; it goes as soon as it is taken up."""

    __tablename__ = "password_ask"
    id: UUID = Field(default_factory=new_id, primary_key=True)
    login: str
    asked_at: datetime = at_column()


class PasswordLink(SQLModel, table=True):
    """A link that was sent to a person's mailbox, by which they set a new password; one-time, stored hashed."""

    __tablename__ = "password_link"
    token_sha256: str = Field(primary_key=True)
    user_id: UUID = Field(foreign_key="app_user.id", index=True)
    channel_id: UUID = Field(foreign_key="notice_channel.id", description="where it was sent")
    created_at: datetime = at_column()
    expires_at: datetime = at_column()
    used_at: datetime | None = at_column(default=False)


class KnownBrowser(SQLModel, table=True):
    """A browser or program that a person has signed in with: by its cookie, or by what it calls itself and its address."""

    __tablename__ = "known_browser"
    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(foreign_key="app_user.id", index=True)
    browser_sha256: str = Field(description="SHA-256 of the cookie that marks the browser")
    remote: str
    user_agent: str
    seen_at: datetime = at_column()
