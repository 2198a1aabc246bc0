"""Erasure and retention: who asked to erase what and who agreed, legal holds, and evidence whose bytes are to go."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index
from sqlmodel import Field, SQLModel

from inspection.tables.columns import at_column, new_id


class ErasureState(StrEnum):
    """requested → approved → done, or rejected. What is approved is carried out, also after a crash."""

    REQUESTED = "requested"
    APPROVED = "approved"
    DONE = "done"
    REJECTED = "rejected"


class TargetState(StrEnum):
    """What became of one entry of a request; `held` means that a hold came before the erasing."""

    WAITING = "waiting"
    ERASED = "erased"
    HELD = "held"


def _entry_column(*, default: Any = ...) -> Any:
    return Field(default=default, sa_type=BigInteger)


class ErasureRequest(SQLModel, table=True):
    """A request to erase the content of entries. Nothing in it names the person whose data goes."""

    __tablename__ = "erasure_request"
    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    id: UUID = Field(default_factory=new_id, primary_key=True)
    reason: str = Field(description="code of `catalogue/erasure_reasons.csv`")
    reference: str = Field(default="", description="number of the paper request; gone when done")
    ended_on: date | None = Field(default=None, description="day on which the thing ended")
    state: ErasureState = ErasureState.REQUESTED
    requested_by: UUID = Field(foreign_key="app_user.id")
    requested_at: datetime = at_column()
    decided_by: UUID | None = Field(default=None, foreign_key="app_user.id")
    decided_at: datetime | None = at_column(default=False)
    decision_note: str = ""
    done_at: datetime | None = at_column(default=False)
    approval_index: int | None = _entry_column(default=None)
    completion_index: int | None = _entry_column(default=None)
    __table_args__ = (Index("ix_erasure_request_state", "state"),)


class ErasureTarget(SQLModel, table=True):
    """One entry of a request."""

    __tablename__ = "erasure_target"
    enterprise_id: UUID = Field(primary_key=True)
    request_id: UUID = Field(primary_key=True)
    entry_index: int = Field(primary_key=True, sa_type=BigInteger)
    state: TargetState = TargetState.WAITING
    erased_at: datetime | None = at_column(default=False)
    __table_args__ = (
        ForeignKeyConstraint(
            ["enterprise_id", "request_id"], ["erasure_request.enterprise_id", "erasure_request.id"]
        ),
        Index("ix_erasure_target_entry", "enterprise_id", "entry_index"),
    )


class LegalHold(SQLModel, table=True):
    """Nothing that it covers is erased while it stands: the whole ledger, a section, or an item's entries."""

    __tablename__ = "legal_hold"
    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    id: UUID = Field(default_factory=new_id, primary_key=True)
    section: str | None = Field(default=None, max_length=64)
    item_id: UUID | None = None
    reason: str
    set_by: UUID = Field(foreign_key="app_user.id")
    set_at: datetime = at_column()
    by_centre: bool = Field(description="the service centre set it, so only it may lift it")
    entry_index: int = _entry_column()
    lifted_by: UUID | None = Field(default=None, foreign_key="app_user.id")
    lifted_at: datetime | None = at_column(default=False)
    lift_reason: str = ""
    lift_index: int | None = _entry_column(default=None)


class EvidenceRemoval(SQLModel, table=True):
    """Bytes that no entry needs any more. They go after the commit, and only while nobody else has them."""

    __tablename__ = "evidence_removal"
    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    sha256: str = Field(primary_key=True, max_length=64)
    queued_at: datetime = at_column()
    removed_at: datetime | None = at_column(default=False)
    retry_at: datetime | None = at_column(default=False)
    error: str = ""
    __table_args__ = (Index("ix_evidence_removal_waiting", "removed_at", "retry_at"),)


class ExportLease(SQLModel, table=True):
    """An export is being written: the bytes that its entries name stay until it ends, or until the lease does."""

    __tablename__ = "export_lease"
    id: UUID = Field(default_factory=new_id, primary_key=True)
    enterprise_id: UUID = Field(foreign_key="enterprise.id", index=True)
    expires_at: datetime = at_column()
