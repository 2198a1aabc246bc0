"""Reports that the operator makes at the desk, in this process and not in the server's queue."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Self
from uuid import UUID

from api.access import log_access
from api.admin import OPERATOR
from api.database import upgrade_database
from api.parts import open_database, open_evidence, open_keys, report_maker
from api.settings import Settings
from inspection.database import lock_enterprise
from inspection.errors import NotFound
from inspection.reports.asked import ReportRequest
from inspection.reports.making import MadeFile, ReportMaker, record_made
from inspection.reports.queue import new_report
from inspection.reports.worker import ATTEMPTS
from inspection.scopes import Actor
from inspection.tables import Enterprise, Report, ReportState
from inspection.wire import utc_now
from models.bundle import load_bundle

# While it is made, no server takes it up; one that is killed here is found to have failed after this.
CLAIM = timedelta(hours=6)


@dataclass(frozen=True)
class ReportOffice:
    """Makes reports one at a time."""

    settings: Settings
    maker: ReportMaker

    @classmethod
    @contextmanager
    def opened(cls, settings: Settings) -> Iterator[Self]:
        """Open the database, upgraded, and the model that finds heads."""
        engine = open_database(settings)
        try:
            upgrade_database(engine)
            detector = load_bundle(settings.model_file)
            maker = report_maker(
                settings, engine, open_evidence(settings), open_keys(settings), detector
            )
            yield cls(settings, maker)
        finally:
            engine.dispose()

    def make(
        self,
        enterprise_id: UUID,
        asked: ReportRequest,
        on_percent: Callable[[int], None],
        *,
        blurs: bool,
    ) -> MadeFile:
        """Make a report and record it. Raises `NotFound`, and what `ReportMaker.make` raises."""
        report = self._begin(enterprise_id, asked, blurs=blurs)
        key = report.enterprise_id, report.id
        try:
            made = self.maker.make(report, utc_now(), on_percent)
        except BaseException as error:
            self._fail(key, str(error) or type(error).__name__)
            raise
        with self.maker.write.begin() as session:
            lock_enterprise(session, enterprise_id)
            row, now = session.get_one(Report, key), utc_now()
            record_made(session, row, made, Actor(OPERATOR), now)
            row.state, row.percent, row.claimed_until = ReportState.DONE, 100, None
            row.expires_at = now + timedelta(days=self.settings.report_days)
            log_access(
                session,
                actor=OPERATOR,
                action="report.download",
                enterprise_id=enterprise_id,
                detail=f"{row.id} {made.sha256}",
            )
        return made

    def _begin(self, enterprise_id: UUID, asked: ReportRequest, *, blurs: bool) -> Report:
        with self.maker.write.begin() as session:
            if session.get(Enterprise, enterprise_id) is None:
                raise NotFound("enterprise", enterprise_id)
            now = utc_now()
            report = new_report(enterprise_id, asked, OPERATOR, now)
            report.state, report.blurs_heads = ReportState.RUNNING, blurs
            report.attempts, report.claimed_until = ATTEMPTS, now + CLAIM
            session.add(report)
        return report

    def _fail(self, key: tuple[UUID, UUID], why: str) -> None:
        with self.maker.write.begin() as session:
            report = session.get_one(Report, key)
            report.state, report.error, report.claimed_until = ReportState.FAILED, why, None
