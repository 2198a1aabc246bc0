"""Leases of the outbox: one worker at a time has a message, and which things it tells is decided once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from inspection.delivery.forgotten import LINK_LIFE
from inspection.delivery.letters import Told
from inspection.delivery.outbox import CODE, PASSWORD_LINK, TEST
from inspection.errors import NotFound
from inspection.scopes import organisation_sees, scope_of
from inspection.tables import (
    ChannelKind,
    DeliveryState,
    Enterprise,
    Notice,
    NoticeChannel,
    NoticeDelivery,
    NoticeKind,
    NoticeWishes,
    Organisation,
    SectionReminder,
    WebhookEndpoint,
    new_id,
)

# Longer than any try takes.
LEASE = timedelta(minutes=5)
_CANDIDATES = 20
Owner = NoticeChannel | WebhookEndpoint
Sees = Callable[[UUID | None], bool]


@dataclass(frozen=True)
class Lease:
    """A message that is this worker's to send. `kind` is None for a webhook; `sealed` was sealed for `owner_id`."""

    message_id: UUID
    owner_id: UUID
    kind: ChannelKind | None
    sealed: bytes
    language: str
    attempt: int
    told: Sequence[Told]
    happened_at: datetime
    enterprise_id: UUID | None
    is_test: bool
    sealed_code: bytes = b""


def due(now: datetime) -> SelectOfScalar[NoticeDelivery]:
    """Return what may be sent now and nobody has leased, the oldest first."""
    return (
        select(NoticeDelivery)
        .where(
            col(NoticeDelivery.state) == DeliveryState.WAITING,
            col(NoticeDelivery.due_at) <= now,
            or_(
                col(NoticeDelivery.leased_until).is_(None),
                col(NoticeDelivery.leased_until) <= now,
            ),
        )
        .order_by(col(NoticeDelivery.due_at), col(NoticeDelivery.id))
    )


def take_lease(session: Session, now: datetime) -> tuple[bool, Lease | None]:
    """Lease the next message; return whether anything was looked at, and the lease. Nothing is left where it all was dropped."""
    for candidate in session.exec(due(now).limit(_CANDIDATES)).all():
        owner = _locked_owner(session, candidate)
        if owner is None:
            # Another worker is deciding about this very channel.
            continue
        session.refresh(candidate)
        if not _is_due(candidate, now):
            continue
        sees = _sight_of(session, owner)
        together = _together(session, candidate, now)
        rows = [row for row in together if _is_kept(session, row, owner, sees, now)]
        session.flush()
        return True, _lease(session, owner, rows, now) if rows else None
    return False, None


def _locked_owner(session: Session, row: NoticeDelivery) -> NoticeChannel | WebhookEndpoint | None:
    """Lock the channel or the endpoint, so that one worker at a time decides what goes to it."""
    if row.channel_id is not None:
        return session.exec(
            select(NoticeChannel)
            .where(col(NoticeChannel.id) == row.channel_id)
            .with_for_update(skip_locked=True, key_share=True)
        ).first()
    return session.exec(
        select(WebhookEndpoint)
        .where(col(WebhookEndpoint.id) == row.endpoint_id)
        .with_for_update(skip_locked=True, key_share=True)
    ).first()


def _is_due(row: NoticeDelivery, now: datetime) -> bool:
    is_free = row.leased_until is None or row.leased_until <= now
    return row.state == DeliveryState.WAITING and row.due_at <= now and is_free


def _together(session: Session, row: NoticeDelivery, now: datetime) -> Sequence[NoticeDelivery]:
    """Return the rows that go out as one message; a digest is put together here, once."""
    if row.message_id is None:
        begun = due(now).where(
            col(NoticeDelivery.channel_id) == row.channel_id,
            col(NoticeDelivery.is_digest),
            col(NoticeDelivery.message_id).is_(None),
        )
        rows = session.exec(begun.execution_options(populate_existing=True)).all()
        message_id = new_id()
        for each in rows:
            each.message_id = message_id
        return rows
    return session.exec(
        select(NoticeDelivery)
        .where(
            col(NoticeDelivery.message_id) == row.message_id,
            col(NoticeDelivery.state) == DeliveryState.WAITING,
        )
        .order_by(col(NoticeDelivery.id))
        .execution_options(populate_existing=True)
    ).all()


def _is_kept(
    session: Session, row: NoticeDelivery, owner: Owner, sees: Sees, now: datetime
) -> bool:
    """Return whether a row is still to be sent; drop it if not. What was tried already stays in its message."""
    why = _why_not(session, row, owner, sees, now)
    if why:
        row.state, row.error, row.ended_at = DeliveryState.DROPPED.value, why, now
    return not why


def _why_not_there(row: NoticeDelivery, owner: NoticeChannel, now: datetime) -> str:
    """Return why a person's channel may not be told this: nothing but a code that still counts goes where nobody confirmed.

    A link for a forgotten password that could not be sent for long is not sent any more: nobody waits for it.
    """
    if row.kind == PASSWORD_LINK and now - row.created_at >= LINK_LIFE:
        return "ended"
    if row.kind == CODE:
        has_ended = owner.code_ends_at is None or owner.code_ends_at <= now
        return "ended" if has_ended or owner.sealed_code is None else ""
    return "" if owner.confirmed_at is not None else "unconfirmed"


def _why_not(session: Session, row: NoticeDelivery, owner: Owner, sees: Sees, now: datetime) -> str:
    if owner.removed_at is not None:
        return "removed"
    if isinstance(owner, NoticeChannel) and (why := _why_not_there(row, owner, now)):
        return why
    if not sees(row.enterprise_id):
        return "out_of_scope"
    if row.kind == NoticeKind.SECTION_DUE:
        reminder = session.get(SectionReminder, row.thing_id)
        return "read" if reminder is not None and reminder.read_at and not row.attempts else ""
    notice = None if row.notice_id is None else session.get(Notice, row.notice_id)
    is_read = notice is not None and notice.read_at is not None
    return "read" if is_read and row.attempts == 0 else ""


def _sight_of(session: Session, owner: Owner) -> Sees:
    """Return what tells whether an owner still sees an enterprise; a test is of none."""
    if isinstance(owner, NoticeChannel):
        try:
            seen = scope_of(session, owner.user_id).enterprise_ids
        except NotFound:
            return lambda _: False
        return lambda enterprise_id: enterprise_id is None or enterprise_id in seen
    if owner.organisation_id is None:
        own = owner.enterprise_id
        return lambda enterprise_id: enterprise_id in (None, own)
    organisation = session.get_one(Organisation, owner.organisation_id)
    return lambda enterprise_id: (
        enterprise_id is None or organisation_sees(session, organisation, enterprise_id)
    )


def _lease(
    session: Session,
    owner: NoticeChannel | WebhookEndpoint,
    rows: Sequence[NoticeDelivery],
    now: datetime,
) -> Lease:
    first = rows[0]
    attempt = max(row.attempts for row in rows) + 1
    for row in rows:
        row.attempts, row.leased_until = attempt, now + LEASE
    session.flush()
    message_id = first.message_id
    if message_id is None:
        raise RuntimeError("a leased message has an id")
    is_channel = isinstance(owner, NoticeChannel)
    wishes = session.get(NoticeWishes, owner.user_id) if isinstance(owner, NoticeChannel) else None
    return Lease(
        message_id=message_id,
        owner_id=owner.id,
        kind=ChannelKind(owner.kind) if isinstance(owner, NoticeChannel) else None,
        sealed=owner.sealed,
        language=wishes.language if is_channel and wishes else "zh-CN",
        attempt=attempt,
        told=list(_told(session, rows)),
        happened_at=first.created_at,
        enterprise_id=first.enterprise_id,
        is_test=first.kind == TEST,
        sealed_code=(owner.sealed_code or b"") if isinstance(owner, NoticeChannel) else b"",
    )


def _told(session: Session, rows: Sequence[NoticeDelivery]) -> Iterator[Told]:
    wanted = {row.enterprise_id for row in rows if row.enterprise_id is not None}
    named = select(Enterprise.id, Enterprise.name).where(col(Enterprise.id).in_(wanted))
    names = dict(session.exec(named).all())
    for row in rows:
        name = "" if row.enterprise_id is None else names.get(row.enterprise_id, "")
        yield Told(row.kind, row.enterprise_id, name, row.thing_id, row.facts)
