"""Addresses are their owner's: a mailbox or a number gets nothing but a code until the code came back.

A code has six digits, ends after `CODE_LIFE` and after `CODE_TRIES` wrong ones; one a minute and `CODES_A_DAY` a day are sent for a person,
so that nobody's mailbox is flooded in their name. It is kept sealed, as the sender must write it; no answer and no log of what was sent
tells it. A robot's address is a secret of its group and needs no code.
"""

import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, select, update

from inspection.account_news import Account, tell_person
from inspection.delivery.outbox import CODE, put_direct
from inspection.errors import Conflict
from inspection.sealing import Seal, SealError
from inspection.tables import (
    ChannelKind,
    DeliveryState,
    NoticeChannel,
    NoticeDelivery,
    NoticeKind,
)

CODE_LIFE = timedelta(minutes=15)
CODE_EVERY = timedelta(minutes=1)
CODES_A_DAY = 10
CODE_TRIES = 5
CODE_DIGITS = 6
ADDED, REMOVED = "channel_added", "channel_removed"
_NEED_CODE = frozenset({ChannelKind.EMAIL.value, ChannelKind.SMS.value})
_DAY = timedelta(days=1)


def needs_code(row: NoticeChannel) -> bool:
    """Return whether a channel is an address that anybody could have entered."""
    return row.kind in _NEED_CODE


def ask_code(session: Session, seal: Seal, row: NoticeChannel, now: datetime) -> NoticeDelivery:
    """Make a new code and put it out to the address; the one of before counts no more. Raises `Conflict`."""
    if row.confirmed_at is not None:
        raise Conflict("this address is confirmed already")
    _refuse_many(session, row, now)
    code = "".join(secrets.choice("0123456789") for _ in range(CODE_DIGITS))
    row.sealed_code = seal.seal({CODE: code}, row.id)
    row.code_ends_at, row.code_tries = now + CODE_LIFE, 0
    session.exec(
        update(NoticeDelivery)
        .where(
            col(NoticeDelivery.channel_id) == row.id,
            col(NoticeDelivery.kind) == CODE,
            col(NoticeDelivery.state) == DeliveryState.WAITING,
        )
        .values(state=DeliveryState.DROPPED.value, error="ended", ended_at=now)
    )
    return put_direct(session, CODE, now, channel_id=row.id)


def is_right_code(
    session: Session, seal: Seal, row: NoticeChannel, code: str, now: datetime
) -> bool:
    """Return whether it is the code that was sent; a wrong one counts. Raises `Conflict` where none can be shown any more."""
    # Of guesses at once each is counted.
    session.refresh(row, with_for_update=True)
    if row.confirmed_at is not None:
        raise Conflict("this address is confirmed already")
    sent = open_code(seal, row, now)
    if sent is None or row.code_tries >= CODE_TRIES:
        raise Conflict("this code has ended; have another one sent")
    if hmac.compare_digest(sent.encode(), "".join(code.split()).encode()):
        return True
    row.code_tries += 1
    session.flush()
    return False


def open_code(seal: Seal, row: NoticeChannel, now: datetime) -> str | None:
    """Return the code that a channel waits for; None where it ended."""
    if row.sealed_code is None or row.code_ends_at is None or row.code_ends_at <= now:
        return None
    try:
        return seal.open(row.sealed_code, row.id)[CODE]
    except SealError:
        return None


def tell_of_channel(session: Session, row: NoticeChannel, what: str, now: datetime) -> None:
    """Tell a person that they are told by another way from now on, or no more."""
    told = Account(what, row.id, {"channel": row.kind, "shown": row.shown})
    tell_person(session, row.user_id, NoticeKind.ACCOUNT_CHANGED, told, now)


def ask_unasked(writers: sessionmaker[Session], seal: Seal, now: datetime) -> int:
    """Send a code to each address of an older release, once, and tell its owner in the app; return how many."""
    unasked = select(NoticeChannel).where(
        col(NoticeChannel.confirmed_at).is_(None),
        col(NoticeChannel.removed_at).is_(None),
        col(NoticeChannel.code_ends_at).is_(None),
    )
    with writers.begin() as session:
        rows = session.exec(unasked.with_for_update(skip_locked=True)).all()
        for row in rows:
            ask_code(session, seal, row, now)
            told = Account("", row.id, {"channel": row.kind, "shown": row.shown}, once="asked")
            tell_person(session, row.user_id, NoticeKind.CHANNEL_UNCONFIRMED, told, now)
    return len(rows)


def _refuse_many(session: Session, row: NoticeChannel, now: datetime) -> None:
    mine = select(NoticeChannel.id).where(col(NoticeChannel.user_id) == row.user_id)
    sent = session.exec(
        select(NoticeDelivery.channel_id, NoticeDelivery.created_at).where(
            col(NoticeDelivery.kind) == CODE,
            col(NoticeDelivery.created_at) > now - _DAY,
            col(NoticeDelivery.channel_id).in_(mine),
        )
    ).all()
    if len(sent) >= CODES_A_DAY:
        raise Conflict(f"{CODES_A_DAY} codes were sent for you today; try again tomorrow")
    if any(channel_id == row.id and now - at < CODE_EVERY for channel_id, at in sent):
        raise Conflict("a code was sent a moment ago; one a minute")
