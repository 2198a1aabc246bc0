"""Publishes a checkpoint for every ledger that grew, then the areas' logs: on a timer and at the end, never in a request."""

import logging
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, func, select

from api.signing import Signers
from inspection.evidence_register import register_id_of
from inspection.journal import area_log_id_of, log_id_of
from inspection.tables import Enterprise
from inspection.wire import utc_now
from ledger.errors import LedgerError
from ledger.log import publish_checkpoint
from ledger.sql import LedgerCheckpoint, LedgerHead, SqlStore
from ledger.vouching import Vouching

logger = logging.getLogger(__name__)


class Publisher:
    """A thread that publishes. Any number of servers may do so on one database: publishing is idempotent."""

    def __init__(
        self, sessions: sessionmaker[Session], signers: Signers, *, interval_s: float
    ) -> None:
        self._sessions, self._signers, self._interval_s = sessions, signers, interval_s
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def publish_grown(self) -> int:
        """Publish a checkpoint for every log that grew, each in its own transaction, then of the areas.

        Return how many were published before the areas.

        One ledger that cannot be signed keeps no other one back; the operator's log names it.
        """
        with self._sessions.begin() as session:
            grown = _grown_logs(session)
            areas = _logs_of_areas(session)
        # An area's log that was left grown by an end in between is among them.
        count = sum(self._publish_log(log_id) for log_id in grown)
        for area_log_id, log_ids in areas.items():
            self._publish_area(area_log_id, log_ids)
        return count

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
            # The database may be away: the next round tries again.
            logger.exception("checkpoints could not be published; trying again")

    def _publish_log(self, log_id: str) -> int:
        try:
            with self._sessions.begin() as session:
                signer = self._signers.signer(session, log_id)
                publish_checkpoint(SqlStore(session), log_id, signer)
        except LedgerError:
            logger.exception("checkpoints could not be published for %s; trying again", log_id)
            return 0
        return 1

    def _publish_area(self, area_log_id: str, log_ids: Sequence[str]) -> None:
        try:
            with self._sessions.begin() as session:
                if not Vouching(session).cover(area_log_id, log_ids, utc_now()):
                    return
                signer = self._signers.signer(session, area_log_id)
                publish_checkpoint(SqlStore(session), area_log_id, signer)
        except LedgerError:
            logger.exception("checkpoints could not be published for %s; trying again", area_log_id)


def _grown_logs(session: Session) -> Sequence[str]:
    # The newest checkpoint of a log is the end of a range of the primary key: no older one is read.
    newest = (
        select(func.max(col(LedgerCheckpoint.size)))
        .where(col(LedgerCheckpoint.log_id) == col(LedgerHead.log_id))
        .correlate(LedgerHead)
        .scalar_subquery()
    )
    is_grown = col(LedgerHead.size) > func.coalesce(newest, -1)
    return session.exec(select(LedgerHead.log_id).where(is_grown)).all()


def _logs_of_areas(session: Session) -> Mapping[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    rows: Sequence[tuple[UUID, UUID]] = session.exec(
        select(Enterprise.area_id, Enterprise.id)
    ).all()
    for area_id, enterprise_id in rows:
        found[area_log_id_of(area_id)] += [log_id_of(enterprise_id), register_id_of(enterprise_id)]
    return found
