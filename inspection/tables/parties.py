"""Who works on the ledgers: areas, organisations, enterprises, people, devices, and what they may."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, Column, false
from sqlmodel import Field, SQLModel

from inspection.tables.columns import at_column, new_id


class PilotArea(SQLModel, table=True):
    """A town, or a group of towns, that is piloted as a whole."""

    __tablename__ = "pilot_area"
    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True)


class OrganisationKind(StrEnum):
    """The parties that are not an enterprise."""

    GOVERNMENT = "government"
    SERVICE_CENTRE = "service_centre"
    INSURER = "insurer"
    SERVICE_BODY = "service_body"


class Organisation(SQLModel, table=True):
    """A party that works on the ledgers of several enterprises. A town's government has its bureau as `parent_id`."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: OrganisationKind
    name: str
    area_id: UUID | None = Field(default=None, foreign_key="pilot_area.id")
    parent_id: UUID | None = Field(default=None, foreign_key="organisation.id", index=True)


class Enterprise(SQLModel, table=True):
    """An insured company with a ledger of its own."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    area_id: UUID = Field(foreign_key="pilot_area.id", index=True)
    name: str
    credit_code: str = Field(unique=True, description="unified social credit code")
    address: str = ""
    industry: str = ""
    is_high_risk: bool = False


class InsurancePolicy(SQLModel, table=True):
    """The contract between an insurer and an enterprise."""

    __tablename__ = "insurance_policy"
    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    id: UUID = Field(default_factory=new_id, primary_key=True)
    insurer_id: UUID = Field(foreign_key="organisation.id", index=True)
    number: str
    starts_on: date
    ends_on: date


class ServicePlan(SQLModel, table=True):
    """What the insured enterprise is promised. `helmet_zones` and so on are the rules of its places."""

    __tablename__ = "service_plan"
    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str
    number: str
    starts_on: date
    ends_on: date
    opens_tickets: bool = True
    hazards: list[str] = Field(
        default_factory=list,
        sa_column=Column(JSON, nullable=False),
        description="codes of hazards that a picture may report here; empty means all",
    )


class Role(StrEnum):
    """What a person does; the scope follows from it (see `inspection.queries`)."""

    EXPERT = "expert"
    ENTERPRISE_OFFICER = "enterprise_officer"
    ENTERPRISE_WORKER = "enterprise_worker"
    SERVICE_CENTRE = "service_centre"
    INSURER = "insurer"
    GOVERNMENT = "government"


class User(SQLModel, table=True):
    """A person who signs in."""

    __tablename__ = "app_user"
    id: UUID = Field(default_factory=new_id, primary_key=True)
    login: str = Field(unique=True)
    name: str
    password_hash: str
    is_active: bool = True
    created_at: datetime = at_column()


class Membership(SQLModel, table=True):
    """A role of a person: in an enterprise, or in an organisation."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(foreign_key="app_user.id", index=True)
    role: Role
    organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    enterprise_id: UUID | None = Field(default=None, foreign_key="enterprise.id", index=True)
    is_administrator: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": false()},
        description="invites, changes and deactivates the people of the organisation",
    )


class ExpertAssignment(SQLModel, table=True):
    """An expert is stationed at an enterprise."""

    __tablename__ = "expert_assignment"
    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    user_id: UUID = Field(primary_key=True, foreign_key="app_user.id", index=True)


class TokenKind(StrEnum):
    """What a session's token is for: a browser's cookie, or a program's header."""

    COOKIE = "cookie"
    BEARER = "bearer"


class SignInSession(SQLModel, table=True):
    """A signed-in person; the token is stored hashed. One sign-in has a cookie and a short-lived bearer token, told
    together by `id`."""

    __tablename__ = "sign_in_session"
    token_sha256: str = Field(primary_key=True)
    user_id: UUID = Field(foreign_key="app_user.id", index=True)
    created_at: datetime = at_column()
    expires_at: datetime = at_column()
    id: UUID = Field(default_factory=new_id, index=True)
    kind: TokenKind = TokenKind.BEARER
    remote: str = ""
    user_agent: str = ""


class EnrolmentCode(SQLModel, table=True):
    """A one-time code that becomes a device; stored hashed."""

    __tablename__ = "enrolment_code"
    code_sha256: str = Field(primary_key=True)
    enterprise_id: UUID = Field(foreign_key="enterprise.id", index=True)
    created_by: UUID = Field(foreign_key="app_user.id")
    expires_at: datetime = at_column()
    used_at: datetime | None = at_column(default=False)


class Device(SQLModel, table=True):
    """An edge box or a script, bound to one enterprise; its token is stored hashed."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    enterprise_id: UUID = Field(foreign_key="enterprise.id", index=True)
    name: str
    token_sha256: str = Field(unique=True)
    enrolled_at: datetime = at_column()
    last_seen_at: datetime | None = at_column(default=False)
    revoked_at: datetime | None = at_column(default=False)
    public_key: str | None = Field(
        default=None, description="Ed25519, 32 bytes in base64; findings are signed with it"
    )
    key_since: datetime | None = at_column(default=False)
