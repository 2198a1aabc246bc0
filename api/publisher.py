"""Publishes a checkpoint for every ledger that grew: on a timer and at the end, never in a request."""

import logging
import threading
from collections.abc import Callable, Sequence

from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, func, or_, select

from ledger.log import publish_checkpoint
from ledger.note import Signer
from ledger.sql import LedgerCheckpoint, LedgerHead, SqlStore

logger = logging.getLogger(__name__)


class Publisher:
    """A thread that publishes. Any number of servers may do so on one database: publishing is idempotent."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        signer_of: Callable[[str], Signer],
        *,
        interval_s: float,
    ) -> None:
        self._sessions, self._signer_of, self._interval_s = sessions, signer_of, interval_s
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def publish_grown(self) -> int:
        """Publish a checkpoint for every ledger that grew, each in its own transaction; return how many."""
        with self._sessions.begin() as session:
            grown = _grown_logs(session)
        for log_id in grown:
            with self._sessions.begin() as session:
                publish_checkpoint(SqlStore(session), log_id, self._signer_of(log_id))
        return len(grown)

    def start(self) -> None:
        """Begin to publish on a timer, in a thread."""
        self._ended.clear()
        self._thread = threading.Thread(target=self._work, name="anxun-publisher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the timer, and publish what is left."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._publish()

    def _work(self) -> None:
        while not self._ended.wait(self._interval_s):
            self._publish()

    def _publish(self) -> None:
        try:
            self.publish_grown()
        except Exception:
            # The database may be away, or one ledger may be corrupt: the next round tries again.
            logger.exception("checkpoints could not be published; trying again")


def _grown_logs(session: Session) -> Sequence[str]:
    published = (
        select(
            col(LedgerCheckpoint.log_id).label("log_id"),
            func.max(col(LedgerCheckpoint.size)).label("size"),
        )
        .group_by(col(LedgerCheckpoint.log_id))
        .subquery()
    )
    return session.exec(
        select(LedgerHead.log_id)
        .outerjoin(published, published.c.log_id == col(LedgerHead.log_id))
        .where(or_(published.c.size.is_(None), published.c.size < col(LedgerHead.size)))
    ).all()
