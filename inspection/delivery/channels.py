"""A person's channels and wishes. Nobody sees or changes another's; what a channel leads to is not told again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, func, or_, select, update
from sqlmodel.sql.expression import SelectOfScalar

from inspection.china import china_day
from inspection.delivery.confirming import (
    ADDED,
    REMOVED,
    ask_code,
    is_right_code,
    needs_code,
    tell_of_channel,
)
from inspection.delivery.outbox import TEST, default_at_once, put_test, wishes_from
from inspection.delivery.rules import notice_rules
from inspection.delivery.schedule import Wishes
from inspection.delivery.targets import Target
from inspection.errors import Conflict, InvalidCursor, InvalidInput, NotFound
from inspection.queries import MAX_LIMIT, Page, Paging
from inspection.sealing import Seal
from inspection.tables import (
    ChannelKind,
    DeliveryState,
    NoticeChannel,
    NoticeDelivery,
    NoticeWishes,
)

MAX_CHANNELS = 6
# What a test button may do to a mailbox or a robot.
TEST_EVERY = timedelta(seconds=30)
LANGUAGES = ("zh-CN", "en")


@dataclass(frozen=True)
class NewChannel:
    """A channel as a person enters it."""

    kind: ChannelKind
    to: str
    secret: str = ""
    label: str = ""


def wishes_now(session: Session, user_id: UUID, now: datetime) -> Wishes:
    """Return a person's wishes, or the defaults."""
    row = session.get(NoticeWishes, user_id)
    if row is None:
        return Wishes(default_at_once(notice_rules(china_day(now))))
    return wishes_from(row)


def set_wishes(session: Session, user_id: UUID, wishes: Wishes, now: datetime) -> None:
    """Keep a person's wishes; they count for what happens from now on. Raises `InvalidInput` for an unknown kind."""
    rules = notice_rules(china_day(now))
    known = {kind.value for kind, rule in rules.items() if not rule.is_always}
    unknown = sorted(set(wishes.at_once) - known)
    if unknown:
        raise InvalidInput(f"no notices of these kinds are sent: {', '.join(unknown)}")
    quiet = wishes.quiet
    session.merge(
        NoticeWishes(
            user_id=user_id,
            language=wishes.language,
            at_once=sorted(wishes.at_once),
            digest_min=wishes.digest_min,
            quiet_from_min=quiet.from_min if quiet else None,
            quiet_until_min=quiet.until_min if quiet else None,
            changed_at=now,
        )
    )
    session.flush()


def channels_of(session: Session, user_id: UUID) -> Sequence[NoticeChannel]:
    """Return a person's channels, the oldest first."""
    mine = select(NoticeChannel).where(
        col(NoticeChannel.user_id) == user_id, col(NoticeChannel.removed_at).is_(None)
    )
    return session.exec(mine.order_by(col(NoticeChannel.id))).all()


def add_channel(
    session: Session, seal: Seal, user_id: UUID, new: NewChannel, now: datetime
) -> NoticeChannel:
    """Add a channel; an address or a number is sent a code first. Raises `InvalidInput`, and `Conflict` beyond `MAX_CHANNELS`."""
    target = Target.read(new.kind, new.to, new.secret)
    if len(channels_of(session, user_id)) >= MAX_CHANNELS:
        raise Conflict(f"a person has at most {MAX_CHANNELS} channels; remove one first")
    row = NoticeChannel(
        user_id=user_id,
        kind=new.kind.value,
        label=new.label.strip(),
        shown=target.shown,
        sealed=b"",
        created_at=now,
    )
    row.sealed = seal.seal(target.to_seal(), row.id)
    if not needs_code(row):
        # Told by the ways that counted before: whoever added one may not be the person.
        tell_of_channel(session, row, ADDED, now)
        row.confirmed_at = now
    session.add(row)
    session.flush()
    if needs_code(row):
        ask_code(session, seal, row, now)
    return row


def remove_channel(session: Session, user_id: UUID, channel_id: UUID, now: datetime) -> None:
    """Forget where a channel leads; what waits for it is not sent. Raises `NotFound`."""
    row = _own(session, user_id, channel_id)
    was_confirmed = row.confirmed_at is not None
    row.removed_at, row.sealed, row.sealed_code = now, b"", None
    drop_waiting(session, col(NoticeDelivery.channel_id) == channel_id, now)
    if was_confirmed:
        tell_of_channel(session, row, REMOVED, now)


def send_code(
    session: Session, seal: Seal, user_id: UUID, channel_id: UUID, now: datetime
) -> NoticeDelivery:
    """Send another code to an address. Raises `NotFound`, `Conflict` where it is confirmed, or too often."""
    return ask_code(session, seal, _own(session, user_id, channel_id), now)


def confirm_channel(
    session: Session, seal: Seal, user_id: UUID, channel_id: UUID, code: str, now: datetime
) -> NoticeChannel | None:
    """Confirm an address by the code that was sent there; None for a wrong one, which counts. Raises `NotFound`, `Conflict`."""
    row = _own(session, user_id, channel_id)
    if not is_right_code(session, seal, row, code, now):
        return None
    tell_of_channel(session, row, ADDED, now)
    row.confirmed_at, row.sealed_code = now, None
    session.flush()
    return row


def test_channel(
    session: Session, user_id: UUID, channel_id: UUID, now: datetime
) -> NoticeDelivery:
    """Put a test message out. Raises `NotFound`, `Conflict` soon after the last one."""
    row = _own(session, user_id, channel_id)
    if row.confirmed_at is None:
        raise Conflict("nothing but its code is sent to an address that is not confirmed")
    refuse_soon(session, col(NoticeDelivery.channel_id) == channel_id, now)
    return put_test(session, now, channel_id=channel_id)


def list_deliveries(
    session: Session, user_id: UUID, paging: Paging, *, failed: bool = False
) -> Page[NoticeDelivery]:
    """Return what was, or will be, sent to a person's channels, the newest first. Raises `InvalidCursor`."""
    mine = select(NoticeChannel.id).where(col(NoticeChannel.user_id) == user_id)
    statement = select(NoticeDelivery).where(col(NoticeDelivery.channel_id).in_(mine))
    return page_of(session, statement, paging, failed=failed)


def page_of(
    session: Session, statement: SelectOfScalar[NoticeDelivery], paging: Paging, *, failed: bool
) -> Page[NoticeDelivery]:
    """Return a page of deliveries; `failed` keeps those of which a try failed."""
    if failed:
        statement = statement.where(
            or_(
                col(NoticeDelivery.state) == DeliveryState.FAILED,
                and_(
                    col(NoticeDelivery.state) == DeliveryState.WAITING,
                    col(NoticeDelivery.error) != "",
                ),
            )
        )
    if paging.cursor is not None:
        statement = statement.where(col(NoticeDelivery.id) < _after(paging.cursor))
    limit = min(max(paging.limit, 1), MAX_LIMIT)
    rows = session.exec(statement.order_by(col(NoticeDelivery.id).desc()).limit(limit + 1)).all()
    return Page(rows[:limit], str(rows[limit - 1].id) if len(rows) > limit else None)


def drop_waiting(session: Session, is_of: ColumnElement[bool], now: datetime) -> None:
    """Let nothing more go to a channel or an endpoint that was removed."""
    session.exec(
        update(NoticeDelivery)
        .where(is_of, col(NoticeDelivery.state) == DeliveryState.WAITING)
        .values(state=DeliveryState.DROPPED.value, error="removed", ended_at=now)
    )
    session.flush()


def refuse_soon(session: Session, is_of: ColumnElement[bool], now: datetime) -> None:
    """Raise `Conflict` when a test was sent a moment ago."""
    last = session.exec(
        select(func.max(col(NoticeDelivery.created_at))).where(
            is_of, col(NoticeDelivery.kind) == TEST
        )
    ).one()
    # No row has no newest one, whatever the stubs say.
    newest: datetime | None = last
    if newest is not None and now - newest < TEST_EVERY:
        seconds = round(TEST_EVERY.total_seconds())
        raise Conflict(f"a test was sent a moment ago; one every {seconds} s")


def _own(session: Session, user_id: UUID, channel_id: UUID) -> NoticeChannel:
    row = session.get(NoticeChannel, channel_id)
    if row is None or row.user_id != user_id or row.removed_at is not None:
        raise NotFound("channel", channel_id)
    return row


def _after(cursor: str) -> UUID:
    try:
        return UUID(cursor)
    except ValueError:
        raise InvalidCursor from None
