"""What travels between an edge box and the server besides findings: how the box does, and what it is to run. Light: no database."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, JsonValue

from inspection.sight import Sight
from inspection.wire import Sha256, Text, UtcDatetime, Wire

MAX_TEXT = 200_000
MAX_ASKED_FINDINGS = 1000
MAX_LEFT_OUT = 200
MAX_DAYS = 40
Line = Annotated[Text, Field(max_length=500)]
Count = Annotated[int, Field(ge=0, le=10**12)]
Amount = Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]


class ItemStanding(StrEnum):
    """Where the item stands that a finding belongs to."""

    OPEN = "open"
    CLOSED = "closed"
    DISMISSED = "dismissed"


class StandingAsked(Wire):
    """A device asks how its findings' items stand."""

    finding_ids: tuple[UUID, ...] = Field(max_length=MAX_ASKED_FINDINGS)


class StandingTold(Wire):
    """How the items of findings stand; a finding that is not there yet is left out."""

    items: dict[UUID, ItemStanding]


class CameraReport(Wire):
    """A camera of a box, and whether it sees."""

    name: Line = Field(examples=["gate-north"])
    sight: Sight
    since: UtcDatetime = Field(description="since when it sees, or does not; device clock")
    frame_at: UtcDatetime | None = None
    trouble: Line = ""
    found: Count = 0
    seen_s: Amount = Field(default=0.0, description="seconds of today that it saw")
    blind_s: Amount = 0.0


class LeftOut(Wire):
    """How many repeated sightings of an item a box left out in all for want of room; named by the item's first finding."""

    finding_id: UUID
    count: Annotated[int, Field(ge=1, le=10**9)]
    since: UtcDatetime = Field(description="device clock")
    until: UtcDatetime


class CameraDay(Wire):
    """How long a camera saw, or did not and why, on a day: seconds by `Sight`; what is missing of the day was not watched."""

    name: Line
    seconds: dict[Sight, Annotated[int, Field(ge=0, le=100_000)]]


class SightDay(Wire):
    """A whole day of a box's cameras, in China."""

    day: date
    cameras: tuple[CameraDay, ...] = Field(max_length=64)


class BoxReport(Wire):
    """How a box does, as it says itself. `configuration_version` is the server's, of what it runs."""

    program_version: Line = Field(examples=["0.1.0"])
    started_at: UtcDatetime
    cameras: tuple[CameraReport, ...] = Field(default=(), max_length=64)
    waiting: Count = 0
    rejected: Count = 0
    clock_offset_s: Amount | None = None
    clock_jumps: Count = Field(
        default=0, description="how often its clock was set since it was started"
    )
    clock_jumped_s: Amount | None = Field(
        default=None, description="how far it went the last time, seconds"
    )
    clock_jumped_at: UtcDatetime | None = None
    disk_free_bytes: Count | None = None
    is_behind: bool = False
    model_name: Line = ""
    model_version: Line = ""
    model_sha256: Sha256 | None = None
    model_runtime: Line = ""
    model_trouble: Line = Field(default="", description="why the model on offer is not used")
    configuration_origin: Line = Field(default="", examples=["server"])
    configuration_version: int | None = Field(default=None, ge=1)
    refused_version: int | None = Field(default=None, ge=1)
    refused_reason: Text = Field(default="", max_length=2000)
    full_since: UtcDatetime | None = Field(
        default=None, description="since when it keeps first findings alone, for want of room"
    )
    left_out: tuple[LeftOut, ...] = Field(
        default=(), max_length=MAX_LEFT_OUT, description="what the server does not know yet"
    )
    days: tuple[SightDay, ...] = Field(
        default=(), max_length=MAX_DAYS, description="whole days that the server does not have yet"
    )


class ConfigurationWish(Wire):
    """Which version of its cameras a box is to watch."""

    version: int = Field(ge=1)
    sha256: Sha256


class ModelWish(Wire):
    """Which model a box is to run; its bytes are at `GET /v1/devices/self/models/{sha256}`."""

    sha256: Sha256
    size: int = Field(ge=1)
    description: dict[str, JsonValue] = Field(
        description="the model's NAME.json, which names its labels and the hash of its file"
    )


class BoxWishes(Wire):
    """What the server wants of a box; null: nothing, the box decides by itself."""

    configuration: ConfigurationWish | None = None
    model: ModelWish | None = None
    left_out: dict[UUID, int] = Field(
        default={}, description="how many left out sightings the ledger now names, by finding"
    )
    days: tuple[date, ...] = Field(default=(), description="told days that the ledger now has")


class BoxConfigurationText(Wire):
    """A version of a box's file of cameras (TOML)."""

    version: int = Field(ge=1)
    sha256: Sha256
    text: Text = Field(max_length=MAX_TEXT)
