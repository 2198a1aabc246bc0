"""Edge boxes: what they run, what they say, and which models there are. `inspection.box_wire` holds what a box itself sends."""

from datetime import date
from typing import Self
from uuid import UUID

from pydantic import Field, JsonValue

from api.shapes.base import ETAG, Page
from api.shapes.devices import DeviceView
from inspection.box_wire import MAX_TEXT, BoxReport
from inspection.sight import Sight
from inspection.tables import BoxConfiguration, CameraSightDay, ModelRelease
from inspection.wire import Sha256, Text, UtcDatetime, Wire

CAMERAS = '[[cameras]]\nname = "gate"\nsource = "rtsp://viewer:${GATE_PASSWORD}@10.0.0.7/1"\n'


class ConfigurationView(Wire):
    """A version of a box's cameras, without its text. `entry_index` and `leaf_hash` name its entry in the ledger."""

    version: int
    sha256: Sha256
    note: str
    made_at: UtcDatetime
    made_by: UUID
    entry_index: int
    leaf_hash: Sha256

    @classmethod
    def from_row(cls, row: BoxConfiguration) -> Self:
        """Return the view of a version."""
        return cls.model_validate(row.model_dump(include=set(cls.model_fields)))


class Configurations(Page[ConfigurationView]):
    """Every version of a box's cameras, newest first."""


class ConfigurationChange(Wire):
    """A new text of a box's cameras."""

    text: Text = Field(
        min_length=1,
        max_length=MAX_TEXT,
        description="TOML, as docs/edge.md says",
        examples=[CAMERAS],
    )
    based_on: int = Field(
        ge=0, description="the version that was changed; 0 when there was none", examples=[0]
    )
    note: Text = Field(default="", max_length=500, examples=["north gate added"])


class ModelView(Wire):
    """A model that boxes may be given."""

    sha256: Sha256
    name: str = Field(examples=["anxun-nano"])
    version: str = Field(examples=["0.2.0"])
    size: int
    released_at: UtcDatetime
    description: dict[str, JsonValue] = Field(description="the model's NAME.json")

    @classmethod
    def from_row(cls, row: ModelRelease) -> Self:
        """Return the view of a release."""
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields})


class Models(Page[ModelView]):
    """Every model that boxes may be given, newest first."""


class ModelChoice(Wire):
    """Which model a box is to run; null: as its enterprise's boxes, else its own."""

    sha256: Sha256 | None


class CameraDayView(Wire):
    """A camera on a day, in minutes; what is left of the day was not watched."""

    name: str
    seen_min: int
    blind_min: int
    blind_s: dict[Sight, int] = Field(description="seconds, by why it did not see")


class SightDayView(Wire):
    """A day of a box's cameras, and its entry in the ledger."""

    day: date
    cameras: list[CameraDayView]
    entry_index: int
    leaf_hash: Sha256

    @classmethod
    def from_row(cls, row: CameraSightDay) -> Self:
        """Return the view of a day."""
        return cls.model_validate(row.model_dump(include=set(cls.model_fields)))


class BoxView(Wire):
    """A box: what it is to run, and what it says."""

    device: DeviceView
    configuration: ConfigurationView | None = Field(description="the newest version")
    offered_model: Sha256 | None = Field(description="the model that it is to run")
    chosen_model: Sha256 | None = Field(description="the one chosen for this box alone")
    reported_at: UtcDatetime | None
    report: BoxReport | None = Field(description="as the box said last")
    days: list[SightDayView] = Field(description="its last 31 days, newest first")
    etag: str = ETAG
