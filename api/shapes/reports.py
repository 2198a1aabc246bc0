"""Reports of a ledger: asked for, on their way, made, and whether one is genuine."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from api.shapes.base import Page
from inspection.tables import Report, ReportFormat, ReportLanguage, ReportState
from inspection.wire import Sha256, UtcDatetime, Wire

SectionCode = Annotated[str, Field(pattern=r"^L\d{2}$", examples=["L11"])]


class ReportOrder(Wire):
    """What a report shall hold. Days are China's, both included."""

    starts_on: date = Field(examples=["2026-10-01"])
    ends_on: date = Field(examples=["2026-10-31"])
    format: ReportFormat
    language: ReportLanguage = ReportLanguage.CHINESE
    sections: list[SectionCode] = Field(
        default_factory=list, max_length=40, description="codes of ledger sections; empty means all"
    )


class ReportView(Wire):
    """A report: `waiting`, `running` with `percent`, then `done`, `failed` with `error`, or `cancelled`.

    After `expires_at` it is `expired`: the file is gone, its entry in the ledger stays.
    """

    id: UUID
    enterprise_id: UUID
    format: ReportFormat
    language: ReportLanguage
    starts_on: date
    ends_on: date
    sections: list[str]
    blurs_heads: bool = Field(description="heads on its photos are unrecognisable")
    requested_by: str = Field(examples=["user:01920000-0000-7000-8000-000000000000"])
    requested_by_name: str
    requested_at: UtcDatetime
    state: ReportState
    percent: int = Field(ge=0, le=100)
    error: str | None
    made_at: UtcDatetime | None
    expires_at: UtcDatetime | None
    tree_size: int | None = Field(description="entries of the ledger that it covers")
    root: Sha256 | None
    sha256: Sha256 | None = Field(description="of the file")
    size: int | None = Field(description="bytes of the file")
    entry_index: int | None = Field(description="the entry that names the file's hash")

    @classmethod
    def from_row(cls, row: Report, requested_by_name: str) -> Self:
        """Return the view of a report."""
        shown = set(cls.model_fields) - {"requested_by_name"}
        return cls(**row.model_dump(include=shown), requested_by_name=requested_by_name)


class ReportPage(Page[ReportView]):
    """Reports, newest first."""


class ReportCheck(Wire):
    """What anyone may know who holds a report: that it was made here, and which file and ledger it is."""

    report_id: UUID
    enterprise_id: UUID
    format: ReportFormat
    made_at: UtcDatetime
    origin: str = Field(description="name of the ledger, as in its checkpoints")
    tree_size: int = Field(description="entries of the ledger that it covers")
    root: Sha256 = Field(description="root hash of the ledger at that size")
    sha256: Sha256 = Field(
        description="of the file: a copy that hashes to it is this report, unchanged"
    )
    size: int = Field(description="bytes of the file")
    entry_index: int = Field(description="the entry of the ledger that names the file's hash")
    leaf_hash: Sha256

    @classmethod
    def from_row(cls, row: Report) -> Self:
        """Return what anyone may know of a report that was made."""
        facts = row.model_dump(include=set(cls.model_fields) - {"report_id"})
        return cls(report_id=row.id, **facts)
