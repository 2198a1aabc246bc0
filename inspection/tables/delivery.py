"""What leaves the app: people's channels and wishes, organisations' webhooks, and the outbox of what is sent to them."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from inspection.tables.columns import at_column, new_id


class ChannelKind(StrEnum):
    """By what a person is reached outside of the app."""

    EMAIL = "email"
    SMS = "sms"
    WECOM = "wecom"
    DINGTALK = "dingtalk"
    FEISHU = "feishu"


class NoticeChannel(SQLModel, table=True):
    """One person's mailbox, number or chat robot. Where it leads is sealed; `shown` is what is told of it.

    Until it is confirmed, nothing but the code goes there (`inspection.delivery.confirming`).
    """

    __tablename__ = "notice_channel"
    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(foreign_key="app_user.id", index=True)
    kind: str = Field(description="a `ChannelKind`")
    label: str = ""
    shown: str = Field(description="the address with most of it hidden")
    sealed: bytes = Field(description="a `sealing.Seal`'s; empty once removed")
    created_at: datetime = at_column()
    removed_at: datetime | None = at_column(default=False)
    confirmed_at: datetime | None = at_column(default=False)
    sealed_code: bytes | None = Field(
        default=None, sa_column=Column(LargeBinary), description="the code that confirms it, sealed"
    )
    code_ends_at: datetime | None = at_column(default=False)
    code_tries: int = Field(default=0, description="wrong codes since the last one was sent")


class NoticeWishes(SQLModel, table=True):
    """How a person wants to be told. Times of day are minutes since midnight in China."""

    __tablename__ = "notice_wishes"
    user_id: UUID = Field(primary_key=True, foreign_key="app_user.id")
    language: str = Field(default="zh-CN", description="zh-CN or en")
    at_once: list[str] = Field(
        default_factory=list,
        sa_column=Column(JSON, nullable=False),
        description="kinds that are sent when they happen; the others go into the digest",
    )
    digest_min: int | None = Field(default=None, description="when the digest is sent; None: none")
    quiet_from_min: int | None = None
    quiet_until_min: int | None = None
    changed_at: datetime = at_column()


class WebhookEndpoint(SQLModel, table=True):
    """Where an enterprise's or an organisation's own program is told. Address and secret are sealed."""

    __tablename__ = "webhook_endpoint"
    id: UUID = Field(default_factory=new_id, primary_key=True)
    enterprise_id: UUID | None = Field(default=None, foreign_key="enterprise.id", index=True)
    organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id", index=True)
    label: str = ""
    shown: str = Field(description="the host of its address")
    sealed: bytes = Field(description="a `sealing.Seal`'s; empty once removed")
    created_by: UUID = Field(foreign_key="app_user.id")
    created_at: datetime = at_column()
    removed_at: datetime | None = at_column(default=False)


class DeliveryState(StrEnum):
    """waiting → sent, failed (given up), or dropped (not to be sent any more)."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


class NoticeDelivery(SQLModel, table=True):
    """The outbox: one row for each event and channel, written in the transaction of the event.

    Rows with the same `message_id` go out as one message, under that id at every try.
    """

    __tablename__ = "notice_delivery"
    id: UUID = Field(default_factory=new_id, primary_key=True)
    enterprise_id: UUID | None = Field(default=None, foreign_key="enterprise.id")
    channel_id: UUID | None = Field(default=None, foreign_key="notice_channel.id")
    endpoint_id: UUID | None = Field(default=None, foreign_key="webhook_endpoint.id")
    notice_id: UUID | None = Field(default=None, foreign_key="notice.id")
    kind: str = Field(description="a `NoticeKind`, test, or code")
    thing_id: UUID
    event_key: str = Field(description="names the event: a channel is sent it once")
    facts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    state: str = DeliveryState.WAITING.value
    is_digest: bool = False
    message_id: UUID | None = Field(default=None, index=True)
    created_at: datetime = at_column()
    planned_at: datetime = at_column()
    due_at: datetime = at_column()
    leased_until: datetime | None = at_column(default=False)
    attempts: int = 0
    error: str = Field(default="", description="why the last try failed, or why it was dropped")
    ended_at: datetime | None = at_column(default=False)
    __table_args__ = (
        UniqueConstraint("channel_id", "event_key"),
        UniqueConstraint("endpoint_id", "event_key"),
        Index("ix_delivery_due", "state", "due_at"),
        Index("ix_delivery_channel", "channel_id", "id"),
        Index("ix_delivery_endpoint", "endpoint_id", "id"),
    )
