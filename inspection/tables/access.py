"""The access log: who did what, when, from where. The database itself lets nothing of it be changed (see `inspection.access_log`)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from inspection.tables.columns import at_column, new_id


class AccessLog(SQLModel, table=True):
    """Every sign-in, refusal, showing of evidence, export and decision.

    What one sign-in repeats within minutes is one row: `times` says how often, `last_at` when the last time was.
    """

    __tablename__ = "access_log"
    id: UUID = Field(default_factory=new_id, primary_key=True)
    at: datetime = at_column(index=True)
    actor: str
    action: str
    enterprise_id: UUID | None = Field(default=None)
    detail: str = ""
    remote: str = ""
    kind: str = Field(default="change", sa_column_kwargs={"server_default": "change"})
    times: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    last_at: datetime | None = at_column(default=False)

    __table_args__ = (
        Index("ix_access_log_of_enterprise", "enterprise_id", "id"),
        Index("ix_access_log_of_actor", "actor", "id"),
    )
