"""Database classes of the domain. Big tables are keyed by enterprise first, so that they can be partitioned.

Times are stored in UTC. Rows are built with `model_validate` where input is not yet checked, because SQLModel
does not validate on construction. Ledger tables live in `ledger.sql`.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import (
    JSON,
    Column,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel

from inspection.columns import UtcTime
from inspection.wire import SourceKind, utc_now


def new_id() -> UUID:
    """Return a UUIDv7: sortable by time of creation."""
    return uuid_utils.compat.uuid7()


def _at(*, default: bool = True, index: bool = False) -> Any:
    if default:
        return Field(default_factory=utc_now, sa_type=UtcTime, index=index)
    return Field(default=None, sa_type=UtcTime, nullable=True, index=index)


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
    """A party that works on the ledgers of several enterprises."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: OrganisationKind
    name: str
    area_id: UUID | None = Field(default=None, foreign_key="pilot_area.id")


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
    created_at: datetime = _at()


class Membership(SQLModel, table=True):
    """A role of a person: in an enterprise, or in an organisation."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(foreign_key="app_user.id", index=True)
    role: Role
    organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    enterprise_id: UUID | None = Field(default=None, foreign_key="enterprise.id", index=True)


class ExpertAssignment(SQLModel, table=True):
    """An expert is stationed at an enterprise."""

    __tablename__ = "expert_assignment"
    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    user_id: UUID = Field(primary_key=True, foreign_key="app_user.id", index=True)


class SignInSession(SQLModel, table=True):
    """A signed-in person; the token is stored hashed."""

    __tablename__ = "sign_in_session"
    token_sha256: str = Field(primary_key=True)
    user_id: UUID = Field(foreign_key="app_user.id", index=True)
    created_at: datetime = _at()
    expires_at: datetime = _at()


class EnrolmentCode(SQLModel, table=True):
    """A one-time code that becomes a device; stored hashed."""

    __tablename__ = "enrolment_code"
    code_sha256: str = Field(primary_key=True)
    enterprise_id: UUID = Field(foreign_key="enterprise.id", index=True)
    created_by: UUID = Field(foreign_key="app_user.id")
    expires_at: datetime = _at()
    used_at: datetime | None = _at(default=False)


class Device(SQLModel, table=True):
    """An edge box or a script, bound to one enterprise; its token is stored hashed."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    enterprise_id: UUID = Field(foreign_key="enterprise.id", index=True)
    name: str
    token_sha256: str = Field(unique=True)
    enrolled_at: datetime = _at()
    last_seen_at: datetime | None = _at(default=False)
    revoked_at: datetime | None = _at(default=False)


class Evidence(SQLModel, table=True):
    """An immutable blob that an enterprise holds, named by its sha256. The bytes are in the evidence store."""

    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    sha256: str = Field(primary_key=True)
    media_type: str
    size: int
    received_at: datetime = _at()
    received_from: str = Field(description="user:<id> or device:<id>")


class Inspection(SQLModel, table=True):
    """A visit by a person."""

    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    id: UUID = Field(default_factory=new_id, primary_key=True)
    inspector_id: UUID = Field(foreign_key="app_user.id", index=True)
    place: str = ""
    note: str = ""
    started_at: datetime = _at()


class PhotoState(StrEnum):
    """`waiting` rows are the job queue: a crash loses none."""

    WAITING = "waiting"
    DETECTED = "detected"
    FAILED = "failed"


class InspectionPhoto(SQLModel, table=True):
    """A photo of an inspection; the server detects on it in a job."""

    __tablename__ = "inspection_photo"
    enterprise_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=new_id, primary_key=True)
    inspection_id: UUID
    evidence_sha256: str
    file_name: str = ""
    taken_at: datetime | None = _at(default=False)
    uploaded_at: datetime = _at()
    uploaded_by: UUID = Field(foreign_key="app_user.id")
    state: PhotoState = Field(default=PhotoState.WAITING, index=True)
    error: str | None = None
    attempts: int = Field(default=0, description="begun ones: one that killed the server counts")
    claimed_until: datetime | None = _at(default=False)
    width: int | None = None
    height: int | None = None
    __table_args__ = (
        ForeignKeyConstraint(
            ["enterprise_id", "inspection_id"], ["inspection.enterprise_id", "inspection.id"]
        ),
        ForeignKeyConstraint(
            ["enterprise_id", "evidence_sha256"], ["evidence.enterprise_id", "evidence.sha256"]
        ),
        UniqueConstraint("enterprise_id", "inspection_id", "evidence_sha256"),
    )


class ItemState(StrEnum):
    """A hazard item stands until its ticket is closed or every sighting was dismissed."""

    OPEN = "open"
    CLOSED = "closed"
    DISMISSED = "dismissed"


class HazardItem(SQLModel, table=True):
    """The standing problem (隐患): findings of the same hazard at the same place are its sightings."""

    __tablename__ = "hazard_item"
    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    id: UUID = Field(default_factory=new_id, primary_key=True)
    hazard_code: str
    place: str = Field(description="zone, camera, or inspection place")
    level: str | None = Field(default=None, description="set by a person's decision")
    state: ItemState = ItemState.OPEN
    first_seen_at: datetime = _at()
    last_seen_at: datetime = _at()
    sightings: int = 0
    ticket_id: UUID | None = None
    __table_args__ = (
        Index("ix_hazard_item_place", "enterprise_id", "hazard_code", "place", "state"),
    )


class Finding(SQLModel, table=True):
    """A stored hazard sighting: proposed by a model, then confirmed or dismissed by a person."""

    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    id: UUID = Field(primary_key=True)
    draft_sha256: str = Field(
        description="of the canonical draft: the same id with another content is refused"
    )
    hazard_code: str
    label: str
    confidence: float
    boxes: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    captured_at: datetime = Field(
        sa_type=UtcTime, index=True, description="device_captured_at less the device's offset"
    )
    device_captured_at: datetime = Field(sa_type=UtcTime, description="as the device's clock said")
    clock_offset_s: float | None = None
    received_at: datetime = _at()
    source_kind: SourceKind
    source_name: str
    device_id: UUID | None = Field(default=None, foreign_key="device.id")
    inspection_id: UUID | None = None
    photo_id: UUID | None = None
    zone: str | None = None
    model_name: str
    model_sha256: str
    evidence_sha256: str
    sightings: int = 1
    state: str = Field(default="proposed", index=True)
    item_id: UUID
    entry_index: int
    leaf_hash: str
    decided_by: UUID | None = Field(default=None, foreign_key="app_user.id")
    decided_at: datetime | None = _at(default=False)
    decision_note: str | None = None
    __table_args__ = (
        ForeignKeyConstraint(
            ["enterprise_id", "item_id"], ["hazard_item.enterprise_id", "hazard_item.id"]
        ),
        ForeignKeyConstraint(
            ["enterprise_id", "evidence_sha256"], ["evidence.enterprise_id", "evidence.sha256"]
        ),
        Index("ix_finding_item", "enterprise_id", "item_id"),
        Index("ix_finding_inspection", "enterprise_id", "inspection_id"),
    )


class TicketState(StrEnum):
    """open → assigned → fixing → submitted → closed, or returned → fixing again."""

    OPEN = "open"
    ASSIGNED = "assigned"
    FIXING = "fixing"
    SUBMITTED = "submitted"
    CLOSED = "closed"
    RETURNED = "returned"


class RemediationTicket(SQLModel, table=True):
    """The order to fix (整改单)."""

    __tablename__ = "remediation_ticket"
    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    id: UUID = Field(default_factory=new_id, primary_key=True)
    number: str
    item_id: UUID
    plan_id: UUID | None = None
    hazard_code: str
    level: str
    basis: str
    is_basis_checked: bool
    opened_at: datetime = _at()
    opened_by: UUID = Field(foreign_key="app_user.id")
    deadline: datetime = Field(sa_type=UtcTime)
    state: TicketState = TicketState.OPEN
    assignee_id: UUID | None = Field(default=None, foreign_key="app_user.id")
    fixer_id: UUID | None = Field(default=None, foreign_key="app_user.id")
    closed_at: datetime | None = _at(default=False)
    version: int = Field(default=1, description="grows by one a step: optimistic locking")
    __table_args__ = (
        ForeignKeyConstraint(
            ["enterprise_id", "item_id"], ["hazard_item.enterprise_id", "hazard_item.id"]
        ),
        UniqueConstraint("enterprise_id", "number"),
        Index("ix_ticket_state", "enterprise_id", "state", "deadline"),
    )


class TicketStep(SQLModel, table=True):
    """One step of a ticket, and the ledger entry that proves it."""

    __tablename__ = "ticket_step"
    enterprise_id: UUID = Field(primary_key=True)
    ticket_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    action: str
    state: TicketState
    by_user_id: UUID = Field(foreign_key="app_user.id")
    at: datetime = _at()
    note: str = ""
    evidence_sha256s: list[str] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    entry_index: int
    __table_args__ = (
        ForeignKeyConstraint(
            ["enterprise_id", "ticket_id"],
            ["remediation_ticket.enterprise_id", "remediation_ticket.id"],
        ),
    )


class AccessLog(SQLModel, table=True):
    """Every sign-in, refusal, export and decision: who, when, what, from where."""

    __tablename__ = "access_log"
    id: UUID = Field(default_factory=new_id, primary_key=True)
    at: datetime = _at(index=True)
    actor: str
    action: str
    enterprise_id: UUID | None = Field(default=None, index=True)
    detail: str = ""
    remote: str = ""
