"""What leaves the app: a person's wishes and channels, webhooks, and what became of each sending."""

from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from api.shapes.base import Page
from inspection.delivery.channels import NewChannel
from inspection.delivery.schedule import MINUTES_A_DAY, Quiet, Wishes
from inspection.tables import (
    ChannelKind,
    DeliveryState,
    NoticeChannel,
    NoticeDelivery,
    NoticeKind,
    WebhookEndpoint,
)
from inspection.wire import Text, UtcDatetime, Wire

Language = Literal["zh-CN", "en"]


class QuietHours(Wire):
    """Quiet hours, minutes since midnight in China; over midnight where they end before they begin."""

    from_min: int = Field(ge=0, lt=MINUTES_A_DAY, examples=[1320])
    until_min: int = Field(ge=0, lt=MINUTES_A_DAY, examples=[420])

    @model_validator(mode="after")
    def _are_some(self) -> Self:
        if self.from_min == self.until_min:
            msg = "quiet hours begin and end at different times"
            raise ValueError(msg)
        return self


class NoticeWishesBody(Wire):
    """How a person wishes to be told. What is not sent at once goes into the digest, or stays in the app without one."""

    language: Language
    at_once: list[NoticeKind] = Field(max_length=50)
    digest_min: int | None = Field(
        ge=0, lt=MINUTES_A_DAY, description="minutes since midnight in China", examples=[450]
    )
    quiet: QuietHours | None

    def wishes(self) -> Wishes:
        """Return them for the domain."""
        quiet = Quiet(self.quiet.from_min, self.quiet.until_min) if self.quiet else None
        at_once = frozenset(kind.value for kind in self.at_once)
        return Wishes(at_once, self.digest_min, quiet, self.language)


class ChannelView(Wire):
    """A person's channel. Where it leads is told by `shown` alone."""

    id: UUID
    kind: ChannelKind
    label: str
    shown: str = Field(examples=["l***@example.com"])
    created_at: UtcDatetime
    confirmed_at: UtcDatetime | None = Field(
        description="null: nothing but its code is sent there until the code comes back"
    )

    @classmethod
    def from_row(cls, row: NoticeChannel) -> Self:
        """Return the view of a channel."""
        return cls.model_validate(row.model_dump(include=set(cls.model_fields)))


class SentKind(Wire):
    """A kind of notice that leaves the app."""

    kind: NoticeKind
    at_once: bool = Field(description="for whoever wishes nothing else")
    major_through_quiet: bool = Field(description="of a major hazard it is sent in quiet hours too")


class NoticeSettings(Wire):
    """Everything that the page of notice settings shows."""

    wishes: NoticeWishesBody
    channels: list[ChannelView]
    offered: list[ChannelKind] = Field(description="what this server can send by")
    kinds: list[SentKind]
    give_up_hours: float


class ChannelBody(Wire):
    """A new channel: an address, a number, or a chat robot's token or whole address."""

    kind: ChannelKind
    to: Text = Field(min_length=1, max_length=500, examples=["li@example.com"])
    secret: Text = Field(
        default="", max_length=200, description="of a robot that asks for signatures"
    )
    label: Text = Field(default="", max_length=50)

    def channel(self) -> NewChannel:
        """Return it for the domain."""
        return NewChannel(self.kind, self.to, self.secret, self.label)


class ChannelCode(Wire):
    """The code that was sent to an address."""

    code: Text = Field(min_length=1, max_length=20, examples=["492039"])


class WebhookBody(Wire):
    """A new webhook."""

    url: Text = Field(min_length=1, max_length=2000, examples=["https://example.com/anxun"])
    label: Text = Field(default="", max_length=50)


class WebhookView(Wire):
    """A webhook. Of its address the host is told, of its secret nothing."""

    id: UUID
    enterprise_id: UUID | None
    organisation_id: UUID | None
    label: str
    shown: str
    created_at: UtcDatetime

    @classmethod
    def from_row(cls, row: WebhookEndpoint) -> Self:
        """Return the view of a webhook."""
        return cls.model_validate(row.model_dump(include=set(cls.model_fields)))


class WebhookMade(Wire):
    """A webhook with the secret that its receiver checks signatures with, told this once."""

    webhook: WebhookView
    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


class Webhooks(Wire):
    """The webhooks that the caller keeps."""

    items: list[WebhookView]


class DeliveryView(Wire):
    """What was, or will be, sent, and what became of it."""

    id: UUID
    kind: str = Field(description="a kind of notice, test or code", examples=["ticket_overdue"])
    channel_id: UUID | None
    endpoint_id: UUID | None
    enterprise_id: UUID | None
    facts: dict[str, Any]
    state: DeliveryState
    is_digest: bool
    attempts: int
    error: str
    created_at: UtcDatetime
    due_at: UtcDatetime = Field(description="when it is tried, or was to be tried, next")
    ended_at: UtcDatetime | None

    @classmethod
    def from_row(cls, row: NoticeDelivery) -> Self:
        """Return the view of a delivery."""
        return cls.model_validate(row.model_dump(include=set(cls.model_fields)))


class DeliveryPage(Page[DeliveryView]):
    """Deliveries, the newest first."""
