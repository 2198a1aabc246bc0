"""What was given up is told in the app: to the channel's owner, or to those who keep the webhook; once a day each."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from inspection.addressees import addressees
from inspection.china import china_day
from inspection.news import News
from inspection.notices import tell
from inspection.tables import (
    Membership,
    NoticeChannel,
    NoticeDelivery,
    NoticeKind,
    Role,
    WebhookEndpoint,
)


def tell_of_failure(session: Session, row: NoticeDelivery, now: datetime) -> None:
    """Tell that a message was given up. The caller holds the enterprise's lock; a message of none is only in the log."""
    owner_id = row.channel_id or row.endpoint_id
    if row.enterprise_id is None or owner_id is None:
        return
    if row.channel_id is not None:
        channel = session.get_one(NoticeChannel, row.channel_id)
        people: Collection[UUID] = [channel.user_id]
        facts = {"channel": channel.kind, "shown": channel.shown}
    else:
        endpoint = session.get_one(WebhookEndpoint, row.endpoint_id)
        people = _keepers(session, endpoint, row.enterprise_id)
        facts = {"channel": "webhook", "shown": endpoint.shown}
    news = News(
        NoticeKind.DELIVERY_FAILED,
        row.enterprise_id,
        owner_id,
        f"delivery_failed:{owner_id}:{china_day(now)}",
        facts,
    )
    tell(session, news, people, now)


def _keepers(session: Session, endpoint: WebhookEndpoint, enterprise_id: UUID) -> Collection[UUID]:
    if endpoint.enterprise_id is not None:
        return addressees(session, enterprise_id)[Role.ENTERPRISE_OFFICER]
    return session.exec(
        select(Membership.user_id).where(
            col(Membership.organisation_id) == endpoint.organisation_id,
            col(Membership.is_administrator),
        )
    ).all()
