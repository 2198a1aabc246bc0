"""What a person sends about a hazard that no model reported."""

from uuid import UUID

from pydantic import Field

from inspection.wire import (
    MAX_DRAWN,
    CompleteLabels,
    DrawnBox,
    HazardLevel,
    Sha256,
    Text,
    UtcDatetime,
    Wire,
)


class SpottedHazard(Wire):
    """A hazard that a person saw on a picture and no model reported; recorded, it is confirmed by them."""

    id: UUID = Field(description="UUIDv7, made where it was drawn; the idempotency key")
    evidence_sha256: Sha256 = Field(
        description="of a photo of the inspection, or of the finding's picture"
    )
    hazard_code: str = Field(pattern=r"^[A-Z]{3}-\d{2}$", examples=["FIR-01"])
    level: HazardLevel | None = Field(default=None, description="null: the catalogue's")
    boxes: tuple[DrawnBox, ...] = Field(
        min_length=1,
        max_length=MAX_DRAWN,
        description="labelled as models do, or with the hazard's code where no model has a label for it",
    )
    complete_labels: CompleteLabels = ()
    zone: Text = Field(
        default="",
        max_length=200,
        description="where on site; empty: the inspection's place, or where the finding is whose picture it is",
    )
    spotted_at: UtcDatetime | None = Field(
        default=None,
        description="when it was marked; stands in where the photo does not say its time",
    )
    note: Text = Field(default="", max_length=2000)
