"""The outbox's front: rows are written in the transaction of the event, so that none is lost and none is without its event."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, or_, select

from inspection.china import china_day
from inspection.delivery.rules import NoticeRule, notice_rules
from inspection.delivery.schedule import Quiet, Sending, Wishes, sending
from inspection.news import News
from inspection.scopes import organisation_sees
from inspection.tables import (
    NoticeChannel,
    NoticeDelivery,
    NoticeKind,
    NoticeWishes,
    Organisation,
    WebhookEndpoint,
    new_id,
)

TEST = "test"
CODE = "code"
PASSWORD_LINK = "password_link"  # noqa: S105  a kind
MAJOR = "major"


def put_notices(
    session: Session, news: News, notice_ids: Mapping[UUID, UUID | None], now: datetime
) -> None:
    """Put an event out to each confirmed channel of people that wishes it; with the person's new notice, where it has one."""
    rules = notice_rules(china_day(now))
    rule = rules.get(news.kind)
    if rule is None or not notice_ids:
        return
    wishes = wishes_of(session, notice_ids, rules)
    is_major = news.facts.get("level") == MAJOR
    for channel in _channels(session, notice_ids):
        planned = sending(wishes[channel.user_id], rule, now, is_major=is_major)
        if planned is not None:
            notice_id = notice_ids[channel.user_id]
            session.add(_row(news, planned, now, channel_id=channel.id, notice_id=notice_id))
    session.flush()


def put_event(session: Session, news: News, now: datetime) -> None:
    """Put an event out to the webhooks of whoever sees its enterprise, once each; what is of a person's account goes to none."""
    if news.enterprise_id is None or news.kind not in notice_rules(china_day(now)):
        return
    told = select(NoticeDelivery.endpoint_id).where(
        col(NoticeDelivery.enterprise_id) == news.enterprise_id,
        col(NoticeDelivery.event_key) == news.event_key,
        col(NoticeDelivery.endpoint_id).is_not(None),
    )
    already = set(session.exec(told))
    for endpoint in _endpoints(session, news.enterprise_id):
        if endpoint.id not in already:
            at_once = Sending(now, is_digest=False)
            session.add(_row(news, at_once, now, endpoint_id=endpoint.id))
    session.flush()


def put_test(
    session: Session,
    now: datetime,
    *,
    channel_id: UUID | None = None,
    endpoint_id: UUID | None = None,
) -> NoticeDelivery:
    """Put a message out that says that the channel works."""
    return put_direct(session, TEST, now, channel_id=channel_id, endpoint_id=endpoint_id)


def put_direct(
    session: Session,
    kind: str,
    now: datetime,
    *,
    channel_id: UUID | None = None,
    endpoint_id: UUID | None = None,
) -> NoticeDelivery:
    """Put a message out to one place, now, whatever the wishes: a test, or the code that confirms it."""
    test_id = new_id()
    row = NoticeDelivery(
        id=test_id,
        channel_id=channel_id,
        endpoint_id=endpoint_id,
        kind=kind,
        thing_id=test_id,
        event_key=f"{kind}:{test_id}",
        message_id=test_id,
        created_at=now,
        planned_at=now,
        due_at=now,
    )
    session.add(row)
    session.flush()
    return row


def wishes_of(
    session: Session, user_ids: Mapping[UUID, object], rules: Mapping[NoticeKind, NoticeRule]
) -> Mapping[UUID, Wishes]:
    """Return what people wish; the rules' own defaults for whoever said nothing."""
    default = Wishes(at_once=default_at_once(rules))
    rows = session.exec(select(NoticeWishes).where(col(NoticeWishes.user_id).in_(user_ids)))
    return dict.fromkeys(user_ids, default) | {row.user_id: wishes_from(row) for row in rows}


def wishes_from(row: NoticeWishes) -> Wishes:
    """Return stored wishes as the schedule takes them."""
    quiet = None
    if row.quiet_from_min is not None and row.quiet_until_min is not None:
        quiet = Quiet(row.quiet_from_min, row.quiet_until_min)
    return Wishes(frozenset(row.at_once), row.digest_min, quiet, row.language)


def default_at_once(rules: Mapping[NoticeKind, NoticeRule]) -> frozenset[str]:
    """Return the kinds that are sent at once to whoever wishes nothing else."""
    return frozenset(
        kind.value for kind, rule in rules.items() if rule.at_once and not rule.is_always
    )


def _channels(session: Session, user_ids: Mapping[UUID, object]) -> Sequence[NoticeChannel]:
    return session.exec(
        select(NoticeChannel)
        .where(
            col(NoticeChannel.user_id).in_(user_ids),
            col(NoticeChannel.removed_at).is_(None),
            col(NoticeChannel.confirmed_at).is_not(None),
        )
        .order_by(col(NoticeChannel.id))
    ).all()


def _endpoints(session: Session, enterprise_id: UUID) -> Iterator[WebhookEndpoint]:
    standing = select(WebhookEndpoint).where(
        col(WebhookEndpoint.removed_at).is_(None),
        or_(
            col(WebhookEndpoint.enterprise_id) == enterprise_id,
            col(WebhookEndpoint.organisation_id).is_not(None),
        ),
    )
    for row in session.exec(standing.order_by(col(WebhookEndpoint.id))).all():
        if row.organisation_id is None or organisation_sees(
            session, session.get_one(Organisation, row.organisation_id), enterprise_id
        ):
            yield row


def _row(news: News, planned: Sending, now: datetime, **to: Any) -> NoticeDelivery:
    row_id = new_id()
    return NoticeDelivery(
        id=row_id,
        enterprise_id=news.enterprise_id,
        kind=news.kind.value,
        thing_id=news.thing_id,
        event_key=news.event_key,
        facts=news.facts,
        is_digest=planned.is_digest,
        # A digest is given its id when it is put together.
        message_id=None if planned.is_digest else row_id,
        created_at=now,
        planned_at=planned.at,
        due_at=planned.at,
        **to,
    )
