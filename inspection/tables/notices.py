"""What people are told: a row for each person and event, written in the transaction of the event itself."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from inspection.tables.columns import at_column, new_id


class NoticeKind(StrEnum):
    """What a person is told of."""

    FINDING_CONFIRMED = "finding_confirmed"
    TICKET_OPENED = "ticket_opened"
    TICKET_ASSIGNED = "ticket_assigned"
    TICKET_SUBMITTED = "ticket_submitted"
    TICKET_RETURNED = "ticket_returned"
    TICKET_CLOSED = "ticket_closed"
    TICKET_JOINED = "ticket_joined"
    TICKET_OVERDUE = "ticket_overdue"
    CAMERA_BLIND = "camera_blind"
    TICKET_ESCALATED = "ticket_escalated"
    DELIVERY_FAILED = "delivery_failed"
    RECORD_WAITS = "record_waits"
    RECORD_SIGNED = "record_signed"
    RECORD_REFUSED = "record_refused"
    SECTION_DUE = "section_due"
    # Of a person's own account, and of no enterprise.
    ACCOUNT_CHANGED = "account_changed"
    SIGN_IN_NEW = "sign_in_new"
    CODE_REUSED = "code_reused"
    TOKEN_ENDING = "token_ending"  # noqa: S105  a kind
    CHANNEL_UNCONFIRMED = "channel_unconfirmed"


class Notice(SQLModel, table=True):
    """A notice to one person. It holds facts, not words: whoever shows it words it in the reader's language."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(foreign_key="app_user.id")
    enterprise_id: UUID | None = Field(
        default=None, foreign_key="enterprise.id", description="None: of the person's account"
    )
    kind: str = Field(description="a `NoticeKind`")
    thing_id: UUID = Field(
        description="the finding, ticket, device, inspection record, channel, token or person that it is about"
    )
    event_key: str = Field(description="names the event: a person is told of it once")
    facts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: datetime = at_column()
    read_at: datetime | None = at_column(default=False)
    __table_args__ = (
        UniqueConstraint("user_id", "event_key"),
        Index("ix_notice_list", "user_id", "id"),
        Index("ix_notice_unread", "user_id", "read_at"),
        Index("ix_notice_thing", "thing_id", "kind"),
    )
