"""Which parties cosign the checkpoints of an area's log."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from inspection.tables.columns import at_column, new_id


class Witness(SQLModel, table=True):
    """A party's witness, known by its public key. One without `url` is asked by a file on a stick."""

    __tablename__ = "witness"
    __table_args__ = (UniqueConstraint("area_id", "vkey"),)
    id: UUID = Field(default_factory=new_id, primary_key=True)
    area_id: UUID = Field(foreign_key="pilot_area.id", index=True)
    organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    vkey: str = Field(description="C2SP vkey of type 0x04")
    url: str = Field(default="", description="submission prefix of C2SP tlog-witness")
    is_active: bool = True
    refusal: str = Field(default="", description="why it did not cosign last time; empty: it did")
    created_at: datetime = at_column()
