"""What happened to an item besides its sightings: it came back, another was joined into it, findings were split off it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, Column, ForeignKeyConstraint, Index
from sqlmodel import Field, SQLModel

from inspection.tables.columns import at_column, new_id


class ItemChangeKind(StrEnum):
    """What happened."""

    REOPENED = "reopened"
    MERGED = "merged"
    SPLIT = "split"


class ItemChange(SQLModel, table=True):
    """A change and the ledger entry that proves it.

    `item_id` is the item that came back, that the other was joined into, or that findings were split off;
    `other_item_id` the one that was joined, or the new one.
    """

    __tablename__ = "item_change"
    enterprise_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=new_id, primary_key=True)
    item_id: UUID
    other_item_id: UUID | None = None
    kind: str = Field(description="an `ItemChangeKind`")
    at: datetime = at_column()
    by_user_id: UUID = Field(foreign_key="app_user.id")
    reason: str = ""
    finding_ids: list[str] = Field(
        default_factory=list,
        sa_column=Column(JSON, nullable=False),
        description="the findings that moved",
    )
    entry_index: int
    __table_args__ = (
        ForeignKeyConstraint(
            ["enterprise_id", "item_id"], ["hazard_item.enterprise_id", "hazard_item.id"]
        ),
        ForeignKeyConstraint(
            ["enterprise_id", "other_item_id"], ["hazard_item.enterprise_id", "hazard_item.id"]
        ),
        Index("ix_item_change_item", "enterprise_id", "item_id"),
        Index("ix_item_change_other", "enterprise_id", "other_item_id"),
    )
