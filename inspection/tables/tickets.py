"""Remediation tickets and their steps."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, ForeignKeyConstraint, Index, UniqueConstraint, false
from sqlmodel import Field, SQLModel

from inspection.columns import UtcTime
from inspection.tables.columns import at_column, new_id
from inspection.ticket_clock import ClockUnit


class TicketState(StrEnum):
    """open → assigned → fixing → submitted → closed, or returned → fixing again; joined: another ticket took its place."""

    OPEN = "open"
    ASSIGNED = "assigned"
    FIXING = "fixing"
    SUBMITTED = "submitted"
    CLOSED = "closed"
    RETURNED = "returned"
    JOINED = "joined"


# Nothing is to be done any more; only `CLOSED` says that it was fixed.
FINISHED = (TicketState.CLOSED, TicketState.JOINED)


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
    opened_at: datetime = at_column()
    opened_by: UUID = Field(foreign_key="app_user.id")
    deadline: datetime = Field(sa_type=UtcTime)
    state: TicketState = TicketState.OPEN
    assignee_id: UUID | None = Field(default=None, foreign_key="app_user.id")
    fixer_id: UUID | None = Field(default=None, foreign_key="app_user.id")
    budget_s: int = Field(description="counted time until it is due, without extensions, seconds")
    clock_unit: str = Field(default=ClockUnit.CALENDAR.value, description="what time counts")
    is_deadline_provisional: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": false()},
        description="working days of a year are not known yet: the deadline is the earliest possible",
    )
    submitted_at: datetime | None = Field(
        default=None,
        sa_type=UtcTime,
        description="of the fix that waits for its reinspection, or passed",
    )
    closed_at: datetime | None = Field(
        default=None, sa_type=UtcTime, description="when it was closed, or joined into another"
    )
    version: int = Field(default=1, description="grows by one a step: optimistic locking")
    __table_args__ = (
        ForeignKeyConstraint(
            ["enterprise_id", "item_id"], ["hazard_item.enterprise_id", "hazard_item.id"]
        ),
        UniqueConstraint("enterprise_id", "number"),
        Index("ix_ticket_state", "enterprise_id", "state", "deadline"),
    )


class TicketStep(SQLModel, table=True):
    """Something that happened to a ticket, and the ledger entry that proves it; without a person, the server did it."""

    __tablename__ = "ticket_step"
    enterprise_id: UUID = Field(primary_key=True)
    ticket_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    action: str
    state: TicketState
    by_user_id: UUID | None = Field(default=None, foreign_key="app_user.id")
    assignee_id: UUID | None = Field(
        default=None, description="to whom it was assigned by this step"
    )
    at: datetime = at_column()
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
        ForeignKeyConstraint(["assignee_id"], ["app_user.id"], name="fk_ticket_step_assignee_id"),
    )


class TicketTreatment(SQLModel, table=True):
    """A treatment plan as it was filed; a later one takes the place of an earlier, which stays."""

    __tablename__ = "ticket_treatment"
    enterprise_id: UUID = Field(primary_key=True)
    ticket_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    filed_at: datetime = at_column()
    filed_by: UUID = Field(foreign_key="app_user.id")
    parts: dict[str, Any] = Field(
        sa_column=Column(JSON, nullable=False),
        description="a `wire.TreatmentPlan`; empty once erased",
    )
    entry_index: int
    __table_args__ = (
        ForeignKeyConstraint(
            ["enterprise_id", "ticket_id"],
            ["remediation_ticket.enterprise_id", "remediation_ticket.id"],
        ),
    )


class HoldKind(StrEnum):
    """What is asked for: that the clock stands still for a while, or more time."""

    PAUSE = "pause"
    EXTENSION = "extension"


class HoldState(StrEnum):
    """A request is decided once, by another person, or taken back before."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class TicketHold(SQLModel, table=True):
    """A request for a pause or for more time. Its reasons in words are in the ledger and in the ticket's steps."""

    __tablename__ = "ticket_hold"
    enterprise_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=new_id, primary_key=True)
    ticket_id: UUID
    kind: str
    state: str = HoldState.REQUESTED.value
    reason_code: str = Field(description="of `hold_reasons.csv`")
    requested_at: datetime = at_column()
    requested_by: UUID = Field(foreign_key="app_user.id")
    until: datetime | None = Field(
        default=None,
        sa_type=UtcTime,
        description="planned end of a pause, which begins with its request",
    )
    days: int | None = Field(default=None, description="of an extension, in the clock's unit")
    decided_at: datetime | None = at_column(default=False)
    decided_by: UUID | None = Field(default=None, foreign_key="app_user.id")
    ended_at: datetime | None = Field(
        default=None,
        sa_type=UtcTime,
        description="of an approved pause that was ended before its time",
    )
    __table_args__ = (
        ForeignKeyConstraint(
            ["enterprise_id", "ticket_id"],
            ["remediation_ticket.enterprise_id", "remediation_ticket.id"],
        ),
        Index("ix_ticket_hold_ticket", "enterprise_id", "ticket_id"),
    )


class FixCheckState(StrEnum):
    """`waiting` rows are the job queue: a crash loses none."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class FixCheck(SQLModel, table=True):
    """The model's look at the after-photos of one submission. It tells the reinspector, and decides nothing."""

    __tablename__ = "fix_check"
    enterprise_id: UUID = Field(primary_key=True)
    ticket_id: UUID = Field(primary_key=True)
    step_number: int = Field(primary_key=True, description="the submission's")
    state: str = Field(default=FixCheckState.WAITING.value, index=True)
    asked_at: datetime = at_column()
    done_at: datetime | None = at_column(default=False)
    attempts: int = Field(default=0, description="begun ones: one that killed the server counts")
    claimed_until: datetime | None = at_column(default=False)
    verdict: str | None = Field(default=None, description="a `fix_checker.Verdict`, once done")
    photos: list[dict[str, Any]] = Field(
        default_factory=list,
        sa_column=Column(JSON, nullable=False),
        description="a `fix_checker.PhotoLook` each; empty once erased",
    )
    error: str | None = Field(default=None, description="why it failed")
    model_name: str | None = None
    model_version: str | None = None
    model_sha256: str | None = None
    entry_index: int | None = Field(default=None, description="of the entry that tells the result")
    __table_args__ = (
        ForeignKeyConstraint(
            ["enterprise_id", "ticket_id", "step_number"],
            ["ticket_step.enterprise_id", "ticket_step.ticket_id", "ticket_step.number"],
        ),
    )
