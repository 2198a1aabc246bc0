"""Inspection records: what the inspector signed, and the enterprise's answer to it."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Column, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from inspection.tables.columns import at_column, new_id


class RecordAnswerState(StrEnum):
    """A record waits for the enterprise, which signs it or refuses; then nothing of it changes any more."""

    WAITING = "waiting"
    SIGNED = "signed"
    REFUSED = "refused"


class InspectionRecord(SQLModel, table=True):
    """An inspection record (检查记录), frozen when the inspector signed it. A correction is a row of its own."""

    __tablename__ = "inspection_record"
    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    id: UUID = Field(default_factory=new_id, primary_key=True)
    inspection_id: UUID
    number: str
    series_id: UUID = Field(description="id of the first version")
    revision: int = 1
    superseded_by: UUID | None = None
    reason: str = Field(default="", description="why it corrects the version before")
    state: str = RecordAnswerState.WAITING.value
    content: dict[str, Any] = Field(
        sa_column=Column(JSON, nullable=False),
        description="a `record_wire.RecordContent`; empty once erased",
    )
    content_sha256: str
    signature: dict[str, Any] = Field(
        sa_column=Column(JSON, nullable=False),
        description="the inspector's `DrawnSignature`; empty once erased",
    )
    recorded_at: datetime = at_column()
    recorded_by: UUID = Field(foreign_key="app_user.id")
    entry_index: int = Field(sa_type=BigInteger)
    leaf_hash: str
    answer: dict[str, Any] | None = Field(
        default=None,
        sa_column=Column(JSON(none_as_null=True), nullable=True),
        description="an `EnterpriseSignature` or `EnterpriseRefusal`; empty once erased",
    )
    answered_at: datetime | None = at_column(default=False)
    answered_by: UUID | None = Field(
        default=None, foreign_key="app_user.id", description="whose account the answer came from"
    )
    answer_index: int | None = Field(default=None, sa_type=BigInteger)
    answer_leaf_hash: str | None = None
    notice_sha256: str | None = Field(default=None, description="of the hazard notice's PDF")
    __table_args__ = (
        ForeignKeyConstraint(
            ["enterprise_id", "inspection_id"], ["inspection.enterprise_id", "inspection.id"]
        ),
        UniqueConstraint("enterprise_id", "series_id", "revision"),
        UniqueConstraint("enterprise_id", "number"),
        Index("ix_inspection_record_inspection", "enterprise_id", "inspection_id"),
    )
