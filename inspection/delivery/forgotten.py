"""A forgotten password: whoever knows a login asks for a link, and it goes where only the login's owner reads.

1 an ask is a row, the same for every login: nothing about the login is looked up while somebody waits for the answer (`ask_link`)
2 a worker takes the asks up: a link is put out to each confirmed mailbox of the person, else nothing happens (`LinkDesk`)
3 the sender makes the secret as it sends, so that only its hash is ever stored (`make_link`)
4 whoever brings the secret back sets a new password (`api.password_links`)

Only a mailbox that was confirmed by a code is written to, and only for somebody who has a password and may sign in. A person gets one
link a minute and `LINKS_A_DAY` a day, so that nobody's mailbox is flooded in their name.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, func, select

from inspection.delivery.outbox import PASSWORD_LINK, put_direct
from inspection.handed_out import new_token, sha256_of_token
from inspection.poller import Poller
from inspection.tables import (
    ChannelKind,
    NoticeChannel,
    NoticeDelivery,
    PasswordAsk,
    PasswordLink,
    User,
)
from inspection.wire import utc_now

LINK_LIFE = timedelta(minutes=30)
LINK_EVERY = timedelta(minutes=1)
LINKS_A_DAY = 10
POLL_S = 2.0
_BATCH = 50
_DAY = timedelta(days=1)


def ask_link(session: Session, login: str, now: datetime) -> None:
    """Note that a link is asked for; `login` is as it is stored of people."""
    session.add(PasswordAsk(login=login, asked_at=now))
    session.flush()


class LinkDesk(Poller):
    """Takes the asks up, in a thread; `tell_sender` is called once there is something to send. Any number of servers may run one."""

    def __init__(
        self,
        readers: sessionmaker[Session],
        writers: sessionmaker[Session],
        tell_sender: Callable[[], None],
    ) -> None:
        super().__init__("anxun-password-links", POLL_S)
        self._read, self._write, self._tell = readers, writers, tell_sender

    def run_once(self) -> int:
        """Take up every ask that waits; return how many."""
        taken = 0
        # Reading first: on SQLite whoever writes holds up everyone, and mostly nobody asks.
        while not self.is_ending and self._waits():
            with self._write.begin() as session:
                asks = session.exec(
                    select(PasswordAsk)
                    .order_by(col(PasswordAsk.id))
                    .limit(_BATCH)
                    .with_for_update(skip_locked=True)
                ).all()
                for ask in asks:
                    _take_up(session, ask, utc_now())
            if not asks:
                break
            taken += len(asks)
            self._tell()
        return taken

    def _waits(self) -> bool:
        with self._read() as session:
            return session.exec(select(PasswordAsk.id).limit(1)).first() is not None


def make_link(session: Session, channel_id: UUID, now: datetime) -> str:
    """Return the secret of a new link of a mailbox's owner; stored is its hash."""
    token = new_token()
    channel = session.get_one(NoticeChannel, channel_id)
    row = PasswordLink(
        token_sha256=sha256_of_token(token),
        user_id=channel.user_id,
        channel_id=channel.id,
        created_at=now,
        expires_at=now + LINK_LIFE,
    )
    session.add(row)
    session.flush()
    return token


def forget_links(session: Session, now: datetime) -> None:
    """Delete links that count no more."""
    session.exec(delete(PasswordLink).where(col(PasswordLink.expires_at) <= now))


def _take_up(session: Session, ask: PasswordAsk, now: datetime) -> None:
    session.delete(ask)
    if now - ask.asked_at >= LINK_LIFE:
        return
    user = session.exec(select(User).where(col(User.login) == ask.login)).first()
    # Whoever signs in by the provider alone has no password to forget; one would be a way around the provider.
    if user is None or not user.is_active or not user.password_hash:
        return
    mailboxes = _mailboxes(session, user.id)
    if _is_enough(session, mailboxes, now):
        return
    for channel in mailboxes:
        put_direct(session, PASSWORD_LINK, now, channel_id=channel.id)


def _mailboxes(session: Session, user_id: UUID) -> Sequence[NoticeChannel]:
    return session.exec(
        select(NoticeChannel)
        .where(
            col(NoticeChannel.user_id) == user_id,
            col(NoticeChannel.kind) == ChannelKind.EMAIL.value,
            col(NoticeChannel.confirmed_at).is_not(None),
            col(NoticeChannel.removed_at).is_(None),
        )
        .order_by(col(NoticeChannel.id))
    ).all()


def _is_enough(session: Session, mailboxes: Sequence[NoticeChannel], now: datetime) -> bool:
    """Return whether the person had a link a moment ago, or as many as a day allows in one of their mailboxes."""
    sent = session.exec(
        select(func.count(), func.max(NoticeDelivery.created_at))
        .where(
            col(NoticeDelivery.kind) == PASSWORD_LINK,
            col(NoticeDelivery.created_at) > now - _DAY,
            col(NoticeDelivery.channel_id).in_([each.id for each in mailboxes]),
        )
        .group_by(col(NoticeDelivery.channel_id))
    ).all()
    return any(count >= LINKS_A_DAY or now - newest < LINK_EVERY for count, newest in sent)
