"""Reports that were asked for: the rows are the queue, and what was made is listed and checked from them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from inspection.database import lock_enterprise
from inspection.errors import NotFound, ReportNotThere, TooManyReports
from inspection.photo_privacy import shows_heads
from inspection.plans import china_day
from inspection.queries import FIRST_PAGE, Page, Paging, page_of
from inspection.reports.asked import ReportRequest
from inspection.scopes import Scope
from inspection.tables import Report, ReportState, Role
from inspection.wire import utc_now

MAX_UNFINISHED = 10
UNFINISHED = (ReportState.WAITING, ReportState.RUNNING)
READERS = (
    Role.EXPERT,
    Role.ENTERPRISE_OFFICER,
    Role.SERVICE_CENTRE,
    Role.INSURER,
    Role.GOVERNMENT,
)


def ask_for_report(
    session: Session, scope: Scope, enterprise_id: UUID, asked: ReportRequest, now: datetime
) -> Report:
    """Queue a report. Raises `NotFound`, `NotAllowed`, `TooManyReports`."""
    require_reader(scope, enterprise_id)
    lock_enterprise(session, enterprise_id)
    unfinished = session.exec(
        select(func.count())
        .select_from(Report)
        .where(
            col(Report.enterprise_id) == enterprise_id,
            col(Report.state).in_(UNFINISHED),
            col(Report.requested_by) == scope.actor.name,
        )
    ).one()
    if unfinished >= MAX_UNFINISHED:
        raise TooManyReports(MAX_UNFINISHED)
    report = new_report(enterprise_id, asked, scope.actor.name, now)
    report.blurs_heads = must_blur(scope, enterprise_id)
    session.add(report)
    session.flush()
    return report


def new_report(
    enterprise_id: UUID, asked: ReportRequest, requested_by: str, now: datetime
) -> Report:
    """Return the row of a report that was asked for."""
    return Report(
        enterprise_id=enterprise_id,
        format=asked.format,
        language=asked.language,
        starts_on=asked.period.starts_on,
        ends_on=asked.period.ends_on,
        sections=list(asked.sections),
        blurs_heads=False,
        requested_by=requested_by,
        requested_at=now,
    )


def list_reports(
    session: Session, scope: Scope, enterprise_id: UUID, paging: Paging = FIRST_PAGE
) -> Page[Report]:
    """Return an enterprise's reports that the caller may read, newest first. Raises `NotFound`, `NotAllowed`."""
    require_reader(scope, enterprise_id)
    conditions = [col(Report.enterprise_id) == enterprise_id, *_readable(scope, enterprise_id)]
    keys = (col(Report.id), col(Report.enterprise_id))
    return page_of(session, Report, keys, conditions, paging)


def get_report(session: Session, scope: Scope, enterprise_id: UUID, report_id: UUID) -> Report:
    """Return a report that the caller may read. Raises `NotFound`, `NotAllowed`."""
    require_reader(scope, enterprise_id)
    report = session.exec(
        select(Report).where(
            col(Report.enterprise_id) == enterprise_id,
            col(Report.id) == report_id,
            *_readable(scope, enterprise_id),
        )
    ).first()
    if report is None:
        raise NotFound("report", report_id)
    return report


def made_report(session: Session, report_id: UUID) -> Report:
    """Return a report that was made, whoever asks. Raises `NotFound` for any other."""
    report = session.exec(select(Report).where(col(Report.id) == report_id)).first()
    if report is None or report.entry_index is None:
        raise NotFound("report", report_id)
    return report


def require_file(report: Report, now: datetime) -> None:
    """Raise `ReportNotThere` unless the report's file can be downloaded."""
    if report.state is not ReportState.DONE:
        raise ReportNotThere(report.id, report.state, report.error)
    if report.expires_at is not None and report.expires_at <= now:
        raise ReportNotThere(report.id, ReportState.EXPIRED, None)


def cancel_report(session: Session, scope: Scope, enterprise_id: UUID, report_id: UUID) -> Report:
    """Cancel a report that is not finished; one that is stays as it is. Raises `NotFound`, `NotAllowed`.

    One that is being made ends within moments, and leaves no file.
    """
    report = get_report(session, scope, enterprise_id, report_id)
    lock_enterprise(session, enterprise_id)
    session.refresh(report)
    if report.state in UNFINISHED:
        report.state = ReportState.CANCELLED
        report.claimed_until = None
    session.flush()
    return report


def require_reader(scope: Scope, enterprise_id: UUID) -> None:
    """Raise `NotFound` for a foreign enterprise, `NotAllowed` for someone who may not have its reports."""
    scope.require_role(enterprise_id, "read reports", *READERS)


def must_blur(scope: Scope, enterprise_id: UUID) -> bool:
    """Return whether the caller's role asks for photos without faces."""
    return not shows_heads(scope.roles_in(enterprise_id), china_day(utc_now()))


def _readable(scope: Scope, enterprise_id: UUID) -> Sequence[ColumnElement[bool]]:
    return [col(Report.blurs_heads).is_(True)] if must_blur(scope, enterprise_id) else []
