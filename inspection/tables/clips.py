"""Clips: some seconds before and after a finding, beside its still."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint
from sqlmodel import Field, SQLModel

from inspection.tables.columns import at_column


class FindingClip(SQLModel, table=True):
    """The clip of a finding. It comes after it, and is an entry of its own in the ledger."""

    __tablename__ = "finding_clip"
    enterprise_id: UUID = Field(primary_key=True)
    finding_id: UUID = Field(primary_key=True)
    evidence_sha256: str
    added_at: datetime = at_column()
    entry_index: int
    leaf_hash: str
    __table_args__ = (
        ForeignKeyConstraint(
            ["enterprise_id", "finding_id"], ["finding.enterprise_id", "finding.id"]
        ),
        ForeignKeyConstraint(
            ["enterprise_id", "evidence_sha256"], ["evidence.enterprise_id", "evidence.sha256"]
        ),
    )
