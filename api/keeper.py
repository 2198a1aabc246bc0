"""What the server does by itself about what it keeps: index what was missed, carry out approved erasures, remind.

1  entries that are not indexed are indexed, a batch a transaction
2  approved erasures are carried out, an entry a transaction; what a crash left is found again
3  queued bytes are deleted, each in a transaction of its own, after the commit that queued them
4  previews of erased evidence are deleted from this machine
5  the database forgets what was erased: its index is merged, its log is emptied
6  what was counted for the access log is written; what is past its retention there is deleted, once an hour
7  what is due in the sections is put out as reminders, and overdue tickets as notices and up to the next party, once an hour
8  answers to keyed requests are forgotten after their day, once an hour
9  what was delivered long ago is forgotten, and links that count no more; personal tokens that end soon are announced; addresses of an older release are asked for a code
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Engine

from api.idempotency import forget_expired
from inspection.access_log import forget_past
from inspection.account_news import tell_ending_tokens
from inspection.database import empty_log, read_sessions, write_sessions
from inspection.delivery.confirming import ask_unasked
from inspection.delivery.forgotten import forget_links
from inspection.delivery.pruning import forget_delivered
from inspection.entry_index import behind, catch_up
from inspection.erasing import approved_erasures, erase_next
from inspection.escalations import escalate_overdue
from inspection.evidence import EvidenceStore
from inspection.pieces import merge_pieces
from inspection.poller import Poller
from inspection.reminders import remind_all
from inspection.removals import erased_evidence, queued_removals, remove_queued
from inspection.sealing import Seal
from inspection.ticket_notices import tell_overdue
from inspection.wire import utc_now

LOG = logging.getLogger(__name__)
POLL_S = 5.0
# A preview that was being made while its evidence was erased is found in the next rounds.
PREVIEW_LAG = timedelta(minutes=10)
REMIND_S = 3600.0


class Keeper(Poller):
    """A thread that works in small transactions, so that requests come in between. Any number of servers may run one."""

    def __init__(
        self,
        engine: Engine,
        evidence: EvidenceStore,
        forget_previews: Callable[[str], None],
        flush_notes: Callable[[datetime], int] | None = None,
        seal: Seal | None = None,
    ) -> None:
        super().__init__("anxun-keeper", POLL_S)
        self._engine, self._evidence, self._forget = engine, evidence, forget_previews
        self._flush_notes, self._seal = flush_notes, seal
        self._read, self._write = read_sessions(engine), write_sessions(engine)
        self._previews_since: datetime | None = None
        self._is_unmerged = self._is_unclean = False
        self._remind_at = 0.0
        self._running = threading.Lock()

    def run_once(self) -> int:
        """Do everything that waits, or as much as there is time for before `stop`; return how many entries were erased."""
        with self._running:
            self._index()
            erased = self._erase()
            self._remove_bytes()
            self._forget_previews()
            if erased:
                self._is_unmerged = self._is_unclean = True
            self._scrub()
            if self._flush_notes is not None:  # 6
                self._flush_notes(utc_now())
            self._remind()
            return erased

    def _index(self) -> None:  # 1
        # Reading first: on SQLite a session that writes would hold up everyone, every few seconds, for nothing.
        with self._read() as session:
            waiting = behind(session)
        for enterprise_id in waiting:
            while not self.is_ending:
                with self._write.begin() as session:
                    if not catch_up(session, enterprise_id):
                        break

    def _erase(self) -> int:  # 2
        with self._read() as session:
            approved = approved_erasures(session)
        erased = 0
        for enterprise_id, request_id in approved:
            while not self.is_ending:
                with self._write.begin() as session:
                    if not erase_next(session, enterprise_id, request_id, utc_now()):
                        break
                erased += 1
        return erased

    def _remove_bytes(self) -> None:  # 3
        with self._read() as session:
            queued = queued_removals(session, utc_now())
        for enterprise_id, sha256 in queued:
            if self.is_ending:
                return
            with self._write.begin() as session:
                removed = remove_queued(session, self._evidence, enterprise_id, sha256, utc_now())
            if removed.error:
                LOG.warning("evidence %s is not deleted yet: %s", sha256, removed.error)

    def _forget_previews(self) -> None:  # 4
        begun = utc_now()
        since = self._previews_since
        with self._read() as session:
            gone = erased_evidence(session, None if since is None else since - PREVIEW_LAG)
        for sha256 in gone:
            self._forget(sha256)
        self._previews_since = begun

    def _scrub(self) -> None:  # 5
        if self._is_unmerged:
            with self._write.begin() as session:
                merge_pieces(session)
            self._is_unmerged = False
        if self._is_unclean:
            self._is_unclean = not empty_log(self._engine)

    def _remind(self) -> None:  # 7
        if time.monotonic() >= self._remind_at:
            forget_past(self._write, utc_now())
            remind_all(self._read, self._write, utc_now())
            tell_overdue(self._read, self._write, utc_now())
            escalate_overdue(self._read, self._write, utc_now())
            with self._write.begin() as session:  # 8
                forget_expired(session, utc_now())
            self._look_after_people(utc_now())
            self._remind_at = time.monotonic() + REMIND_S

    def _look_after_people(self, now: datetime) -> None:  # 9
        forget_delivered(self._write, now)
        with self._write.begin() as session:
            forget_links(session, now)
        tell_ending_tokens(self._read, self._write, now)
        if self._seal is not None:
            ask_unasked(self._write, self._seal, now)
