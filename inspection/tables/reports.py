"""Reports of a ledger that were asked for, and what became of each. `waiting` and `running` rows are the job queue."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from inspection.tables.columns import at_column, new_id


class ReportState(StrEnum):
    """waiting → running → done → expired, or failed, or cancelled on the way."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class ReportFormat(StrEnum):
    """What a report is written as."""

    PDF = "pdf"
    XLSX = "xlsx"


class ReportLanguage(StrEnum):
    """The language of a report's own words; what people wrote stays as they wrote it."""

    CHINESE = "zh"
    ENGLISH = "en"


class Report(SQLModel, table=True):
    """A report of a period of an enterprise's ledger. The file is in the reports folder until `expires_at`."""

    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    id: UUID = Field(default_factory=new_id, primary_key=True)
    format: ReportFormat
    language: ReportLanguage
    starts_on: date = Field(description="first day, in China")
    ends_on: date = Field(description="last day, in China")
    sections: list[str] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False), description="empty means all"
    )
    blurs_heads: bool = Field(description="heads on its photos are made unrecognisable")
    requested_by: str = Field(description="user:<id> or operator")
    requested_at: datetime = at_column()
    state: ReportState = Field(default=ReportState.WAITING, index=True)
    percent: int = 0
    error: str | None = None
    attempts: int = Field(default=0, description="begun ones: one that killed the server counts")
    claimed_until: datetime | None = at_column(default=False)
    made_at: datetime | None = at_column(default=False)
    expires_at: datetime | None = at_column(default=False)
    origin: str | None = Field(default=None, description="name of the ledger in its checkpoints")
    tree_size: int | None = Field(
        default=None, sa_type=BigInteger, description="entries of the ledger that it covers"
    )
    root: str | None = Field(default=None, description="root hash at that size, hexadecimal")
    sha256: str | None = Field(default=None, description="of the file's bytes")
    size: int | None = Field(default=None, sa_type=BigInteger, description="bytes of the file")
    entry_index: int | None = Field(
        default=None, sa_type=BigInteger, description="the entry `report.made` that names the file"
    )
    leaf_hash: str | None = None
    __table_args__ = (Index("ix_report_id", "id", unique=True),)
