"""What edge boxes are to run, and what they say of themselves."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from inspection.tables.columns import at_column, new_id


class BoxConfiguration(SQLModel, table=True):
    """A version of a box's file of cameras. Versions are kept and never changed."""

    __tablename__ = "box_configuration"
    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    device_id: UUID = Field(primary_key=True, foreign_key="device.id")
    version: int = Field(primary_key=True)
    text: str
    sha256: str = Field(description="of the text")
    note: str = ""
    made_at: datetime = at_column()
    made_by: UUID = Field(foreign_key="app_user.id")
    entry_index: int
    leaf_hash: str


class BoxStatus(SQLModel, table=True):
    """How a box does, as it said last."""

    __tablename__ = "box_status"
    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    device_id: UUID = Field(primary_key=True, foreign_key="device.id")
    at: datetime = at_column()
    report: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    blind_told: dict[str, Any] | None = Field(
        default=None,
        sa_column=Column(JSON(none_as_null=True), nullable=True),
        description="blind cameras that people were told of, and when; until they see again",
    )


class CameraSightDay(SQLModel, table=True):
    """How long the cameras of a box saw on a day, as the ledger's newest entry of it says."""

    __tablename__ = "camera_sight_day"
    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    device_id: UUID = Field(primary_key=True, foreign_key="device.id")
    day: date = Field(primary_key=True, description="in China")
    cameras: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    at: datetime = at_column()
    entry_index: int
    leaf_hash: str


class ModelRelease(SQLModel, table=True):
    """A model that boxes may be given: its file, named by its hash, and its description."""

    __tablename__ = "model_release"
    sha256: str = Field(primary_key=True)
    name: str
    version: str
    description: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    size: int
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    released_at: datetime = at_column()
    released_by: str


class ModelOffer(SQLModel, table=True):
    """Which model boxes are to run: of one box, of an enterprise, or of all. The newest of the narrowest kind counts."""

    __tablename__ = "model_offer"
    id: UUID = Field(default_factory=new_id, primary_key=True)
    enterprise_id: UUID | None = Field(default=None, foreign_key="enterprise.id")
    device_id: UUID | None = Field(default=None, foreign_key="device.id")
    sha256: str | None = Field(default=None, foreign_key="model_release.sha256")
    at: datetime = at_column()
    by: str
    __table_args__ = (Index("ix_model_offer_for", "enterprise_id", "device_id"),)
