"""Inspection records as they are shown."""

from typing import Self
from uuid import UUID

from pydantic import Field

from api.shapes.base import PersonRef
from inspection.record_wire import (
    DrawnSignature,
    EnterpriseRefusal,
    EnterpriseSignature,
    RecordContent,
)
from inspection.tables import InspectionRecord, RecordAnswerState
from inspection.wire import Sha256, UtcDatetime, Wire


class InspectionRecordSummary(Wire):
    """An inspection record in a list."""

    id: UUID
    enterprise_id: UUID
    inspection_id: UUID
    number: str = Field(examples=["JC-20261124-0001"])
    revision: int
    superseded_by: UUID | None
    state: RecordAnswerState
    recorded_at: UtcDatetime
    answered_at: UtcDatetime | None

    @classmethod
    def from_row(cls, row: InspectionRecord) -> Self:
        """Return the summary of a record."""
        return cls.model_validate(row.model_dump(include=set(cls.model_fields)))


class InspectionRecordList(Wire):
    """The records of an inspection, every version, the newest first."""

    items: list[InspectionRecordSummary]


class InspectionRecordView(InspectionRecordSummary):
    """An inspection record: what the inspector signed, what the enterprise answered, and where the ledger has both.

    `content`, `inspector` and `answer` are null once they were erased; their hashes and entries stay.
    """

    reason: str
    content: RecordContent | None
    content_sha256: Sha256
    inspector: DrawnSignature | None
    recorded_by: PersonRef
    entry_index: int
    answer: EnterpriseSignature | EnterpriseRefusal | None = Field(discriminator="kind")
    answered_by: PersonRef | None = Field(
        description="whose account it came from: the inspector's, where the enterprise signed on their phone"
    )
    answer_index: int | None
    notice_sha256: Sha256 | None = Field(description="of the hazard notice's PDF")
    may_answer: bool = Field(description="the caller may put the enterprise's answer on record now")
    may_correct: bool = Field(description="the caller may write a new version now")
