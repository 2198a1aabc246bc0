"""Findings. `inspection.wire` holds what devices and people send about them."""

from typing import Self
from uuid import UUID

from pydantic import Field

from api.shapes.base import HazardCode, Page
from inspection.tables import Finding
from inspection.wire import Box, DrawnBox, FindingState, Sha256, Source, UtcDatetime, Wire


class FindingView(Wire):
    """A stored hazard sighting. `entry_index` and `leaf_hash` name its entry in the ledger."""

    id: UUID
    enterprise_id: UUID
    state: FindingState
    hazard_code: HazardCode
    label: str = Field(examples=["head"])
    confidence: float | None = Field(
        ge=0, le=1, description="null: a person spotted it, no model", examples=[0.87]
    )
    boxes: list[Box] = Field(description="the model's, as it drew them")
    decided_boxes: list[DrawnBox] | None = Field(
        description="as a person redrew them; null: the model's stand"
    )
    complete_labels: list[str] | None = Field(
        description="labels of which the person says that every one in the picture is boxed"
    )
    captured_at: UtcDatetime = Field(
        description="by the server's clock: the device's, less its offset"
    )
    device_captured_at: UtcDatetime = Field(description="as the device's clock said")
    clock_offset_s: float | None
    received_at: UtcDatetime
    source: Source
    device_id: UUID | None
    photo_id: UUID | None
    zone: str | None
    model_name: str | None = Field(description="null: a person spotted it, no model")
    model_sha256: Sha256 | None
    evidence_sha256: Sha256
    sightings: int
    left_out: int = Field(description="repeated sightings of it that its box had no room for")
    item_id: UUID
    entry_index: int
    leaf_hash: Sha256
    decided_by: UUID | None
    decided_at: UtcDatetime | None
    decision_note: str | None
    decided_role: str | None = Field(examples=["expert"])
    dismissal_code: str | None = Field(
        description="of the list of reasons", examples=["reflection"]
    )
    proposed_hazard_code: HazardCode | None = Field(
        description="what the model said, where a person confirmed another hazard"
    )
    decision_entry_index: int | None
    decision_leaf_hash: Sha256 | None

    @classmethod
    def from_row(cls, row: Finding) -> Self:
        """Return the view of a stored finding."""
        source = Source(kind=row.source_kind, name=row.source_name, inspection_id=row.inspection_id)
        facts = row.model_dump(include=set(cls.model_fields) - {"source"})
        return cls.model_validate({**facts, "source": source})


class FindingPage(Page[FindingView]):
    """Findings, newest first."""
