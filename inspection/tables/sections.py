"""Records of the ledger's sections, sections that do not apply, and the reminders that were put out."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, false
from sqlmodel import Field, SQLModel

from inspection.tables.columns import at_column, new_id


class RecordState(StrEnum):
    """A record stands until a later one supersedes it, or until it is withdrawn with a reason."""

    STANDING = "standing"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class SectionRecord(SQLModel, table=True):
    """A record of a section: where it stands and what it is due for. What it says is in its ledger entry alone.

    So whoever erases the entry's content has erased it from here too.
    """

    __tablename__ = "section_record"
    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    id: UUID = Field(primary_key=True, description="made by the client: the idempotency key")
    section: str
    series_id: UUID = Field(description="id of the first record of a chain of corrections")
    revision: int = Field(default=1, description="1, and one more a correction")
    on_day: date = Field(description="the day that it is about, in China")
    due_on: date | None = Field(default=None, description="when it must be renewed, if it says so")
    is_counted: bool = Field(default=True, description="counts for the section's frequency")
    is_plan: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": false()},
        description="is the plan that the section must hold",
    )
    definition_version: str
    state: str = RecordState.STANDING.value
    entry_index: int
    leaf_hash: str
    recorded_at: datetime = at_column()
    recorded_by: UUID = Field(foreign_key="app_user.id")
    __table_args__ = (
        UniqueConstraint("enterprise_id", "series_id", "revision"),
        Index("ix_section_record_list", "enterprise_id", "section", "state", "on_day", "id"),
    )


class SectionAbsence(SQLModel, table=True):
    """A section that does not apply to an enterprise. The reason is in the ledger entry."""

    __tablename__ = "section_absence"
    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    id: UUID = Field(default_factory=new_id, primary_key=True)
    section: str
    since: date
    until: date | None = Field(default=None, description="last day; none while it stands")
    entry_index: int
    __table_args__ = (Index("ix_section_absence_section", "enterprise_id", "section"),)


class SectionReminder(SQLModel, table=True):
    """The outbox of reminders: a row for each person, section and period, once. The app shows it; others may deliver it."""

    __tablename__ = "section_reminder"
    id: UUID = Field(default_factory=new_id, primary_key=True)
    enterprise_id: UUID = Field(foreign_key="enterprise.id")
    user_id: UUID = Field(foreign_key="app_user.id")
    section: str
    period: str = Field(description="2026-10, 2026-H2, or the record that runs out")
    due_on: date
    created_at: datetime = at_column()
    read_at: datetime | None = at_column(default=False)
    __table_args__ = (
        UniqueConstraint("user_id", "enterprise_id", "section", "period"),
        Index("ix_section_reminder_list", "user_id", "id"),
    )
