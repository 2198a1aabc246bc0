"""How well models do on what people decided, and what may be exported to make the next one better."""

from collections.abc import Mapping
from typing import Self
from uuid import UUID

from pydantic import Field

from api.shapes.base import HazardCode
from inspection.disagreements import DisagreementKind
from inspection.precision import PrecisionKey, Tally
from inspection.wire import Sha256, SourceKind, Wire


class PrecisionRow(Wire):
    """Of what a model reported, how much people confirmed. Null where rows are not told apart by it."""

    enterprise_id: UUID | None
    source_kind: SourceKind | None
    camera: str | None = Field(
        description="a camera's name; empty for all inspections or patrols", examples=["gate-north"]
    )
    hazard_code: HazardCode | None = Field(description="what the model said")
    model_name: str | None
    model_sha256: Sha256 | None
    confirmed: int = Field(ge=0)
    renamed: int = Field(ge=0, description="confirmed as another hazard: counts as a mistake")
    dismissed: int = Field(ge=0)
    set_aside: int = Field(ge=0, description="dismissed for a reason that does not count")
    waiting: int = Field(ge=0, description="not decided yet: in no share")
    spotted: int = Field(ge=0, description="seen by a person and reported by no model: in no share")
    precision: float | None = Field(
        ge=0, le=1, description="confirmed / (confirmed + renamed + dismissed)"
    )
    low: float | None = Field(ge=0, le=1, description="of Wilson's 95 % interval")
    high: float | None = Field(ge=0, le=1)
    disagreements: dict[DisagreementKind, int] = Field(
        description="findings of each kind in which a person said otherwise; one may have several"
    )

    @classmethod
    def from_tally(
        cls, key: PrecisionKey, tally: Tally, disagreements: Mapping[DisagreementKind, int]
    ) -> Self:
        """Return the view of a row."""
        low, high = tally.interval or (None, None)
        return cls(
            enterprise_id=key.enterprise_id,
            source_kind=key.source_kind,
            camera=key.camera,
            hazard_code=key.hazard_code,
            model_name=key.model_name,
            model_sha256=key.model_sha256,
            confirmed=tally.confirmed,
            renamed=tally.renamed,
            dismissed=tally.dismissed,
            set_aside=tally.set_aside,
            waiting=tally.waiting,
            spotted=tally.spotted,
            precision=tally.precision,
            low=low,
            high=high,
            disagreements={kind: count for kind, count in disagreements.items() if count},
        )


class PrecisionRows(Wire):
    """The rows, the one with the most decisions first."""

    items: list[PrecisionRow]


class DatasetSummary(Wire):
    """What an export of this period would hold."""

    pictures: int = Field(ge=0)
    background_pictures: int = Field(ge=0, description="without a box")
    redrawn_pictures: int = Field(ge=0, description="with boxes that a person drew")
    confirmed: int = Field(ge=0)
    dismissed: int = Field(ge=0)
    disagreements: dict[DisagreementKind, int] = Field(
        description="findings of each kind in which a person said otherwise; one may have several"
    )
    boxes: dict[str, int] = Field(description="by label", examples=[{"head": 12}])
