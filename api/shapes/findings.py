"""Findings and people's decisions on them."""

from typing import Self
from uuid import UUID

from pydantic import Field

from api.shapes.base import HazardCode, Level, Note, Page
from inspection.tables import Finding
from inspection.wire import Box, FindingState, Sha256, Source, UtcDatetime, Wire


class FindingView(Wire):
    """A stored hazard sighting. `entry_index` and `leaf_hash` name its entry in the ledger."""

    id: UUID
    enterprise_id: UUID
    state: FindingState
    hazard_code: HazardCode
    label: str = Field(examples=["head"])
    confidence: float = Field(ge=0, le=1, examples=[0.87])
    boxes: list[Box]
    captured_at: UtcDatetime
    clock_offset_s: float | None
    received_at: UtcDatetime
    source: Source
    device_id: UUID | None
    photo_id: UUID | None
    zone: str | None
    model_name: str
    model_sha256: Sha256
    evidence_sha256: Sha256
    sightings: int
    item_id: UUID
    entry_index: int
    leaf_hash: Sha256
    decided_by: UUID | None
    decided_at: UtcDatetime | None
    decision_note: str | None

    @classmethod
    def from_row(cls, row: Finding) -> Self:
        """Return the view of a stored finding."""
        source = Source(kind=row.source_kind, name=row.source_name, inspection_id=row.inspection_id)
        facts = row.model_dump(include=set(cls.model_fields) - {"source"})
        return cls.model_validate({**facts, "source": source})


class FindingPage(Page[FindingView]):
    """Findings, newest first."""


class Confirmation(Wire):
    """A person's decision that the hazard is there. What is left out stays as proposed."""

    hazard_code: HazardCode | None = Field(
        default=None, description="the hazard it really is, when the model named another"
    )
    level: Level | None = Field(
        default=None, description="the level by this person's judgement; default: the catalogue's"
    )
    boxes: list[Box] | None = Field(default=None, max_length=200, description="corrected boxes")
    note: Note | None = None


class Dismissal(Wire):
    """A person's decision that the hazard is not there."""

    reason: str = Field(
        min_length=1, max_length=2000, examples=["The worker wears a white helmet."]
    )
