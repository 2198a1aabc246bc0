"""Makes waiting reports, in a thread of its own.

A report is claimed for a while and the claim is renewed as it grows, so that one whose server was killed is found
again by the next. Attempts are counted before they begin: a report that ends the server is given up, with the reason
said. Nothing is half done: the file gets its name when it is whole, and its entry and its state are one transaction.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlmodel import col, or_, select

from inspection.database import lock_enterprise
from inspection.errors import InspectionError, StorageUnavailable
from inspection.poller import Poller
from inspection.reports.making import MadeFile, ReportMaker, record_made
from inspection.scopes import SYSTEM, Actor
from inspection.tables import Report, ReportState
from inspection.wire import utc_now
from ledger.errors import LedgerError

LOG = logging.getLogger(__name__)
ATTEMPTS = 3
CLAIM_S = 30.0
POLL_S = 2.0
TELL_S = 1.0
SWEEP_S = 30.0


class _Interrupted(Exception):
    """The server ends: the report waits for its next start."""


class _Cancelled(Exception):
    """Somebody does not want it any more."""


class ReportWorker(Poller):
    """Makes waiting reports one after another, and removes the files of expired ones."""

    def __init__(
        self,
        maker: ReportMaker,
        *,
        keep: timedelta,
        claim_s: float = CLAIM_S,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__("anxun-reports", POLL_S)
        self._maker, self._keep = maker, keep
        self._claim, self._clock = timedelta(seconds=claim_s), clock
        self._swept_at: datetime | None = None

    def run_once(self) -> int:
        """Make every report that waits, the oldest first; return how many were taken up."""
        taken = 0
        while not self.is_ending and (report := self._next()) is not None:
            self._make(report)
            taken += 1
        return taken

    def file_of(self, report: Report) -> Path:
        """Return a done report's file. Raises `StorageUnavailable` when it is lost."""
        path = self._maker.file_of(report)
        if not path.is_file():
            raise StorageUnavailable(f"the file of report {report.id} is lost; ask for a new one")
        return path

    def sweep(self) -> int:
        """Remove the files of reports that are older than they are kept; return how many."""
        now, swept = self._clock(), 0
        with self._maker.write.begin() as session:
            old = session.exec(
                select(Report).where(
                    col(Report.state) == ReportState.DONE, col(Report.expires_at) <= now
                )
            ).all()
            for report in old:
                self._maker.file_of(report).unlink(missing_ok=True)
                report.state = ReportState.EXPIRED
                swept += 1
        return swept

    def run_round(self) -> None:
        """Make what waits, and remove what is expired."""
        self.run_once()
        self._sweep_now_and_then()

    def _sweep_now_and_then(self) -> None:
        now = self._clock()
        if self._swept_at is None or now - self._swept_at > timedelta(seconds=SWEEP_S):
            self._swept_at = now
            self.sweep()

    def _next(self) -> Report | None:
        while True:
            with self._maker.write.begin() as session:
                now = self._clock()
                report = session.exec(
                    select(Report)
                    .where(
                        col(Report.state).in_((ReportState.WAITING, ReportState.RUNNING)),
                        or_(col(Report.claimed_until).is_(None), col(Report.claimed_until) <= now),
                    )
                    .order_by(col(Report.id))
                    .limit(1)
                    .with_for_update(skip_locked=True)
                ).first()
                if report is None:
                    return None
                if report.attempts < ATTEMPTS:
                    report.attempts += 1
                    report.state, report.percent = ReportState.RUNNING, 0
                    report.claimed_until = now + self._claim
                    return report
                report.state = ReportState.FAILED
                report.error = (
                    f"given up after {ATTEMPTS} attempts that each ended the server; "
                    "choose a shorter period or fewer sections, and report it"
                )

    def _make(self, report: Report) -> None:
        key = report.enterprise_id, report.id
        try:
            made = self._maker.make(report, self._clock(), self._teller(key, report.attempts))
            self._finish(key, report.attempts, made)
        except _Interrupted:
            self._put_back(key)
        except _Cancelled:
            LOG.info("report %s is not wanted any more, or was begun anew", report.id)
        except (InspectionError, LedgerError, OSError) as error:
            LOG.exception("report %s failed in attempt %d", report.id, report.attempts)
            self._fail(key, str(error))
        except Exception as error:
            LOG.exception("report %s failed in attempt %d", report.id, report.attempts)
            self._fail(key, f"the server could not write it ({type(error).__name__}: {error})")

    def _teller(self, key: tuple[UUID, UUID], attempt: int) -> Callable[[int], None]:
        """Return what writes the progress down, at most once a second, and ends a report that is not wanted."""
        told_at = self._clock() - timedelta(seconds=TELL_S)

        def tell(percent: int) -> None:
            nonlocal told_at
            if self.is_ending:
                raise _Interrupted
            now = self._clock()
            if now - told_at < timedelta(seconds=TELL_S):
                return
            told_at = now
            with self._maker.write.begin() as session:
                report = session.get_one(Report, key)
                _require_wanted(report, attempt)
                report.percent = percent
                report.claimed_until = now + self._claim

        return tell

    def _finish(self, key: tuple[UUID, UUID], attempt: int, made: MadeFile) -> None:
        with self._maker.write.begin() as session:
            # First the enterprise, as in every write, so that no two transactions wait for each other.
            lock_enterprise(session, key[0])
            report = session.get_one(Report, key)
            _require_wanted(report, attempt)
            now = self._clock()
            record_made(session, report, made, actor_of(report), now)
            report.state, report.percent = ReportState.DONE, 100
            report.claimed_until, report.expires_at = None, now + self._keep

    def _put_back(self, key: tuple[UUID, UUID]) -> None:
        with self._maker.write.begin() as session:
            report = session.get_one(Report, key)
            if report.state is ReportState.RUNNING:
                report.state, report.claimed_until = ReportState.WAITING, None
                report.attempts -= 1

    def _fail(self, key: tuple[UUID, UUID], why: str) -> None:
        with self._maker.write.begin() as session:
            report = session.get_one(Report, key)
            if report.state is not ReportState.RUNNING:
                return
            report.claimed_until = None
            if report.attempts < ATTEMPTS:
                report.state = ReportState.WAITING
                report.claimed_until = self._clock() + self._claim * report.attempts
                return
            report.state, report.error = ReportState.FAILED, f"{why} ({ATTEMPTS} attempts)"


def _require_wanted(report: Report, attempt: int) -> None:
    """Raise `_Cancelled` for a report that was cancelled, begun anew after an erasure, or taken up by another server."""
    if report.state is not ReportState.RUNNING or report.attempts != attempt:
        raise _Cancelled


def actor_of(report: Report) -> Actor:
    """Return who asked for a report; its entry names them."""
    kind, _, key = report.requested_by.partition(":")
    return Actor.from_user(UUID(key)) if kind == "user" else SYSTEM
