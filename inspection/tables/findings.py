"""What was seen: evidence, inspections and their photos, findings, and the hazard items that they are sightings of."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from inspection.columns import UtcTime
from inspection.tables.columns import at_column, new_id
from inspection.wire import SourceKind


class Evidence(SQLModel, table=True):
    """An immutable blob that an enterprise holds, named by its sha256. The bytes are in the evidence store."""

    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    sha256: str = Field(primary_key=True)
    media_type: str
    size: int
    received_at: datetime = at_column()
    received_from: str = Field(description="user:<id> or device:<id>")
    erased_at: datetime | None = at_column(default=False)
    register_index: int = Field(
        sa_type=BigInteger, description="the entry of the register that says that it came in"
    )


class EvidenceUsage(SQLModel, table=True):
    """How many bytes of evidence an enterprise keeps, erased ones left out: counted with each that comes or goes."""

    __tablename__ = "evidence_usage"
    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    used_bytes: int = Field(sa_type=BigInteger)


class Inspection(SQLModel, table=True):
    """A visit by a person."""

    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    id: UUID = Field(default_factory=new_id, primary_key=True)
    inspector_id: UUID = Field(foreign_key="app_user.id", index=True)
    place: str = ""
    note: str = ""
    started_at: datetime = at_column()


class PhotoState(StrEnum):
    """`waiting` rows are the job queue: a crash loses none."""

    WAITING = "waiting"
    DETECTED = "detected"
    FAILED = "failed"


class InspectionPhoto(SQLModel, table=True):
    """A photo of an inspection; the server detects on it in a job."""

    __tablename__ = "inspection_photo"
    enterprise_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=new_id, primary_key=True)
    inspection_id: UUID
    evidence_sha256: str
    file_name: str = ""
    taken_at: datetime | None = at_column(default=False)
    uploaded_at: datetime = at_column()
    uploaded_by: UUID = Field(foreign_key="app_user.id")
    state: PhotoState = Field(default=PhotoState.WAITING, index=True)
    error: str | None = None
    attempts: int = Field(default=0, description="begun ones: one that killed the server counts")
    claimed_until: datetime | None = at_column(default=False)
    width: int | None = None
    height: int | None = None
    __table_args__ = (
        ForeignKeyConstraint(
            ["enterprise_id", "inspection_id"], ["inspection.enterprise_id", "inspection.id"]
        ),
        ForeignKeyConstraint(
            ["enterprise_id", "evidence_sha256"], ["evidence.enterprise_id", "evidence.sha256"]
        ),
        UniqueConstraint("enterprise_id", "inspection_id", "evidence_sha256"),
    )


class ItemState(StrEnum):
    """A hazard item stands until its ticket is closed, every sighting was dismissed, or it was joined into another."""

    OPEN = "open"
    CLOSED = "closed"
    DISMISSED = "dismissed"
    MERGED = "merged"


class HazardItem(SQLModel, table=True):
    """The standing problem (隐患): findings of the same hazard at the same place are its sightings."""

    __tablename__ = "hazard_item"
    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    id: UUID = Field(default_factory=new_id, primary_key=True)
    hazard_code: str
    place: str = Field(description="zone, camera, or inspection place")
    level: str | None = Field(default=None, description="set by a person's decision")
    state: ItemState = ItemState.OPEN
    first_seen_at: datetime = at_column()
    last_seen_at: datetime = at_column()
    sightings: int = 0
    ticket_id: UUID | None = Field(default=None, description="of the standing or the last ticket")
    closed_at: datetime | None = Field(
        default=None, sa_type=UtcTime, description="while it is closed"
    )
    merged_into: UUID | None = Field(
        default=None, description="the item that has its findings now; never one that is merged"
    )
    recurrences: int = Field(
        default=0,
        sa_column_kwargs={"server_default": text("0")},
        description="how often it came back after it was closed",
    )
    version: int = Field(
        default=1,
        sa_column_kwargs={"server_default": text("1")},
        description="grows with everything but sightings: optimistic locking",
    )
    __table_args__ = (
        ForeignKeyConstraint(
            ["enterprise_id", "merged_into"],
            ["hazard_item.enterprise_id", "hazard_item.id"],
            name="fk_hazard_item_merged_into",
        ),
        Index("ix_hazard_item_place", "enterprise_id", "hazard_code", "place", "state"),
        Index("ix_hazard_item_merged_into", "enterprise_id", "merged_into"),
    )


class Finding(SQLModel, table=True):
    """A stored hazard sighting: proposed by a model, then confirmed or dismissed by a person.

    Without a model's name it is one that a person spotted and no model reported (`inspection.spotted`).
    """

    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    id: UUID = Field(primary_key=True)
    draft_sha256: str = Field(
        description="of the canonical draft: the same id with another content is refused"
    )
    hazard_code: str
    label: str
    confidence: float | None = None
    boxes: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    captured_at: datetime = Field(
        sa_type=UtcTime, index=True, description="device_captured_at less the device's offset"
    )
    device_captured_at: datetime = Field(sa_type=UtcTime, description="as the device's clock said")
    clock_offset_s: float | None = None
    received_at: datetime = at_column()
    source_kind: SourceKind
    source_name: str
    device_id: UUID | None = Field(default=None, foreign_key="device.id")
    inspection_id: UUID | None = None
    photo_id: UUID | None = None
    zone: str | None = None
    model_name: str | None = None
    model_sha256: str | None = None
    evidence_sha256: str
    sightings: int = 1
    left_out: int = Field(
        default=0, description="repeated sightings of it that its box had no room for"
    )
    state: str = Field(default="proposed", index=True)
    item_id: UUID
    entry_index: int
    leaf_hash: str
    decided_by: UUID | None = Field(default=None, foreign_key="app_user.id")
    decided_at: datetime | None = at_column(default=False)
    decision_note: str | None = None
    decided_role: str | None = Field(default=None, description="the role that allowed the decision")
    decided_boxes: list[dict[str, Any]] | None = Field(
        default=None,
        sa_column=Column(JSON(none_as_null=True), nullable=True),
        description="as the person redrew them; none: the model's stand",
    )
    complete_labels: list[str] | None = Field(
        default=None,
        sa_column=Column(JSON(none_as_null=True), nullable=True),
        description="labels of which the person says that every one in the picture is boxed",
    )
    dismissal_code: str | None = Field(default=None, description="of `dismissal_reasons.csv`")
    proposed_hazard_code: str | None = Field(
        default=None, description="what the model said, where a person confirmed another hazard"
    )
    catalogue_level: str | None = Field(
        default=None, description="of the confirmed hazard, on the day of the decision"
    )
    decided_level: str | None = Field(
        default=None, description="the level at which a person confirmed"
    )
    decision_entry_index: int | None = None
    decision_leaf_hash: str | None = None
    __table_args__ = (
        ForeignKeyConstraint(
            ["enterprise_id", "item_id"], ["hazard_item.enterprise_id", "hazard_item.id"]
        ),
        ForeignKeyConstraint(
            ["enterprise_id", "evidence_sha256"], ["evidence.enterprise_id", "evidence.sha256"]
        ),
        Index("ix_finding_item", "enterprise_id", "item_id"),
        Index("ix_finding_inspection", "enterprise_id", "inspection_id"),
        Index("ix_finding_evidence", "enterprise_id", "evidence_sha256"),
    )
