"""The worker of the outbox: leases a message, sends it, and writes down how it went; tries again, and gives up in the end.

1 a message whose time has come is leased for a while, in a transaction of its own; its tries are counted before they begin
2 what is not to be sent any more is dropped: read in the app meanwhile, or of an enterprise that the person no longer sees
3 it is sent, without any transaction
4 how it went is written down: sent; due again after a growing wait; or given up, which its people are told in the app

Nothing is lost: what is not written down as sent is sent again once its lease ends. A server that dies between 3 and 4 sends a
message twice, under the same id (`webhook-id`, `Message-ID`), by which webhooks and mailboxes know it; chat robots and
text messages have no such id, so there a second copy may be seen.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import SystemRandom
from uuid import UUID

from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from inspection.database import lock_enterprise
from inspection.delivery.endpoints import forget_endpoint
from inspection.delivery.forgotten import make_link
from inspection.delivery.hooks import send_event
from inspection.delivery.leases import Lease, due, take_lease
from inspection.delivery.letters import Told, letter_of
from inspection.delivery.mail import MailServer
from inspection.delivery.outbox import CODE, PASSWORD_LINK
from inspection.delivery.refusals import tell_of_failure
from inspection.delivery.robots import Robots
from inspection.delivery.sms import TextMessages
from inspection.delivery.targets import Target
from inspection.delivery.ways import Envelope, NotSent
from inspection.scopes import SYSTEM
from inspection.sealing import Seal, SealError
from inspection.tables import ChannelKind, DeliveryState, NoticeDelivery, WebhookEndpoint
from inspection.wire import utc_now

LOG = logging.getLogger(__name__)
POLL_S = 2.0
THREADS = 4
# After the first try, the second, …; the last one holds for all later tries.
WAITS_S = (5.0, 60.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 43_200.0)
JITTER = 0.2
MAX_ERROR = 500


@dataclass(frozen=True)
class Ways:
    """How this server sends. A way that the operator did not set up is None."""

    robots: Robots
    app_url: str
    mail: MailServer | None = None
    sms: TextMessages | None = None

    @property
    def offered(self) -> Sequence[ChannelKind]:
        """Return the kinds of channels that a person may add."""
        missing = {
            ChannelKind.EMAIL: self.mail is None,
            ChannelKind.SMS: self.sms is None,
        }
        return [kind for kind in ChannelKind if not missing.get(kind, False)]


@dataclass(frozen=True)
class Patience:
    """How long is waited between tries, and until it is given up. `spread` returns a number from -1 to 1."""

    give_up: timedelta
    spread: Callable[[], float] = field(default=lambda: SystemRandom().uniform(-1, 1))

    def wait(self, attempt: int, at_least_s: float) -> timedelta:
        """Return how long to wait after a try, the first of which is 1."""
        planned_s = WAITS_S[min(attempt, len(WAITS_S)) - 1] * (1 + JITTER * self.spread())
        return timedelta(seconds=max(planned_s, at_least_s))


class NoticeSender:
    """Threads that send what is due, after `start`; or the caller's by `run_once`. Any number of servers may have some."""

    def __init__(
        self,
        readers: sessionmaker[Session],
        writers: sessionmaker[Session],
        seal: Seal,
        ways: Ways,
        patience: Patience,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._read, self._write, self._seal = readers, writers, seal
        self.ways, self._patience, self._clock = ways, patience, clock
        self._wanted, self._ended = threading.Event(), threading.Event()
        self._threads: list[threading.Thread] = []

    def run_once(self) -> int:
        """Send everything that is due, the oldest first; return how many messages were tried."""
        tried = 0
        while not self._ended.is_set() and (lease := self._next()) is not None:
            self._try(lease)
            tried += 1
        return tried

    def start(self) -> None:
        """Begin to send, in threads: a place that does not answer holds up one of them, not all."""
        self._ended.clear()
        self._threads = [
            threading.Thread(target=self._work, name=f"anxun-notices-{number}", daemon=True)
            for number in range(THREADS)
        ]
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Say that there is something to send."""
        self._wanted.set()

    def stop(self) -> None:
        """End after the messages at hand, and wait for them."""
        self._ended.set()
        self._wanted.set()
        for thread in self._threads:
            thread.join()
        self._threads = []

    def _work(self) -> None:
        while not self._ended.is_set():
            self._wanted.clear()
            try:
                self.run_once()
            except Exception:
                # The database may be away for a while; the outbox is in it, and waits.
                LOG.exception("notices could not be sent; trying again")
            self._wanted.wait(POLL_S)

    def _next(self) -> Lease | None:  # 1, 2
        # Reading first: on SQLite whoever writes holds up everyone, and mostly nothing is due.
        while True:
            with self._read() as session:
                if session.exec(due(self._clock()).limit(1)).first() is None:
                    return None
            with self._write.begin() as session:
                found, lease = take_lease(session, self._clock())
            if lease is not None or not found:
                return lease

    def _try(self, lease: Lease) -> None:
        try:
            self._send(lease)  # 3
        except NotSent as failure:
            self._failed(lease, failure)
        except SealError as error:
            LOG.exception("notice %s cannot be addressed", lease.message_id)
            self._failed(lease, NotSent(str(error)))
        except Exception as error:
            LOG.exception("notice %s failed in try %d", lease.message_id, lease.attempt)
            self._failed(lease, NotSent(f"{type(error).__name__}: {error}"))
        else:
            self._sent(lease)

    def _send(self, lease: Lease) -> None:
        envelope = Envelope(lease.message_id, self._clock())
        opened = self._seal.open(lease.sealed, lease.owner_id)
        if lease.kind is None:
            reach = self.ways.robots.reach
            send_event(reach, opened, lease.told[0], lease.happened_at, envelope)
            return
        target = Target.opened(lease.kind, opened)
        letter = letter_of(self._told(lease), lease.language, self.ways.app_url)
        if target.kind is ChannelKind.EMAIL:
            if self.ways.mail is None:
                raise NotSent("this server sends no mail any more")
            self.ways.mail.send(target.to, letter, envelope)
        elif target.kind is ChannelKind.SMS:
            if self.ways.sms is None:
                raise NotSent("this server sends no text messages any more")
            self.ways.sms.send(target.to, letter)
        else:
            self.ways.robots.send(target, letter, envelope)

    def _told(self, lease: Lease) -> Sequence[Told]:
        """Return what is told; a code or the secret of a link is written in here, as no row of the outbox has it."""
        if lease.told[0].kind == PASSWORD_LINK:
            # Each try makes a link of its own: which of them came is not known, and each counts.
            with self._write.begin() as session:
                token = make_link(session, lease.owner_id, self._clock())
            return [replace(lease.told[0], facts={"token": token})]
        if lease.told[0].kind != CODE:
            return lease.told
        opened = self._seal.open(lease.sealed_code, lease.owner_id)
        return [replace(lease.told[0], facts={CODE: opened[CODE]})]

    def _sent(self, lease: Lease) -> None:  # 4
        with self._write.begin() as session:
            now = self._clock()
            # Whoever holds the lease now: it was sent.
            for row in session.exec(_waiting(lease)):
                row.state, row.ended_at = DeliveryState.SENT.value, now
                row.error, row.leased_until = "", None

    def _failed(self, lease: Lease, failure: NotSent) -> None:  # 4
        with self._write.begin() as session:
            if lease.enterprise_id is not None:
                lock_enterprise(session, lease.enterprise_id)
            now = self._clock()
            # If another worker holds the lease meanwhile, its try counts, not this one.
            rows = [row for row in session.exec(_waiting(lease)) if row.attempts == lease.attempt]
            wait = self._patience.wait(lease.attempt, failure.retry_after_s)
            is_over = lease.is_test or failure.is_final or self._is_over(rows, now + wait)
            for row in rows:
                row.error, row.leased_until = failure.reason[:MAX_ERROR], None
                if is_over:
                    row.state, row.ended_at = DeliveryState.FAILED.value, now
                else:
                    row.due_at = now + wait
            session.flush()
            if failure.is_gone and lease.kind is None:
                _forget(session, lease.owner_id, now)
            if rows and is_over and not lease.is_test:
                tell_of_failure(session, rows[0], now)

    def _is_over(self, rows: Sequence[NoticeDelivery], next_try: datetime) -> bool:
        return any(next_try > row.planned_at + self._patience.give_up for row in rows)


def _waiting(lease: Lease) -> SelectOfScalar[NoticeDelivery]:
    return (
        select(NoticeDelivery)
        .where(
            col(NoticeDelivery.message_id) == lease.message_id,
            col(NoticeDelivery.state) == DeliveryState.WAITING,
        )
        .order_by(col(NoticeDelivery.id))
        .with_for_update()
    )


def _forget(session: Session, endpoint_id: UUID, now: datetime) -> None:
    row = session.get_one(WebhookEndpoint, endpoint_id)
    if row.removed_at is None:
        forget_endpoint(session, SYSTEM, row, now)
