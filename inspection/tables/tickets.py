"""Remediation tickets and their steps."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, Column, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from inspection.columns import UtcTime
from inspection.tables.columns import at_column, new_id


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
    opened_at: datetime = at_column()
    opened_by: UUID = Field(foreign_key="app_user.id")
    deadline: datetime = Field(sa_type=UtcTime)
    state: TicketState = TicketState.OPEN
    assignee_id: UUID | None = Field(default=None, foreign_key="app_user.id")
    fixer_id: UUID | None = Field(default=None, foreign_key="app_user.id")
    closed_at: datetime | None = at_column(default=False)
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
    )
