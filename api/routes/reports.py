"""Reports of a ledger as PDF and Excel: ask, watch, download, cancel, and check one that somebody holds."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import BackgroundTasks, Path, Response, status
from fastapi.responses import FileResponse
from sqlmodel import Session

from api.access import log_access
from api.deps import (
    AppParts,
    CurrentUser,
    EnterpriseId,
    PageAsked,
    Reading,
    ReadingBeyond,
    Remote,
    Writing,
)
from api.errors import problems
from api.names import names_of
from api.routing import ApiRouter
from api.shapes.reports import ReportCheck, ReportOrder, ReportPage, ReportView
from inspection.reports import queue
from inspection.reports.asked import Period, ReportRequest
from inspection.tables import Report, ReportFormat
from inspection.wire import utc_now

router = ApiRouter(tags=["reports"])
OWN = "/enterprises/{enterprise_id}/reports"
MEDIA_TYPES = {
    ReportFormat.PDF: "application/pdf",
    ReportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The report",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in MEDIA_TYPES.values()
        },
    }
}
ReportId = Annotated[UUID, Path(description="the report")]


@router.post(
    OWN,
    operation_id="askForReport",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Ask for a report",
    responses=problems(401, 403, 404, 409, 422),
)
def ask_for_report(  # noqa: PLR0913  each is a part of the request
    enterprise_id: EnterpriseId,
    body: ReportOrder,
    user: CurrentUser,
    session: Writing,
    parts: AppParts,
    remote: Remote,
    tasks: BackgroundTasks,
) -> ReportView:
    """Queue a report of a period; it is made outside of the request. Who reads from outside gets blurred heads."""
    asked = ReportRequest(
        Period(body.starts_on, body.ends_on), body.format, body.language, tuple(body.sections)
    )
    report = queue.ask_for_report(session, user.scope, enterprise_id, asked, utc_now())
    log_access(
        session,
        actor=user.actor,
        action="report.ask",
        enterprise_id=enterprise_id,
        detail=f"{report.id} {report.format.value} {report.starts_on} to {report.ends_on}",
        remote=remote,
    )
    # After the answer, and so after the commit: before it the worker would not see the report.
    tasks.add_task(parts.report_worker.wake)
    return _views(session, [report])[0]


@router.get(
    OWN, operation_id="listReports", summary="Reports", responses=problems(401, 403, 404, 422)
)
def list_reports(
    enterprise_id: EnterpriseId, user: CurrentUser, session: Reading, asked: PageAsked
) -> ReportPage:
    """Return the enterprise's reports that the caller may download, newest first."""
    page = queue.list_reports(session, user.scope, enterprise_id, asked)
    return ReportPage(items=_views(session, page.rows), next_cursor=page.next_cursor)


@router.get(
    f"{OWN}/{{report_id}}",
    operation_id="getReport",
    summary="A report",
    responses=problems(401, 403, 404, 422),
)
def get_report(
    enterprise_id: EnterpriseId, report_id: ReportId, user: CurrentUser, session: Reading
) -> ReportView:
    """Return how far a report is, and once it is done, what it covers."""
    return _views(session, [queue.get_report(session, user.scope, enterprise_id, report_id)])[0]


@router.post(
    f"{OWN}/{{report_id}}/cancellation",
    operation_id="cancelReport",
    summary="Cancel a report",
    responses=problems(401, 403, 404, 422),
)
def cancel_report(
    enterprise_id: EnterpriseId, report_id: ReportId, user: CurrentUser, session: Writing
) -> ReportView:
    """End a report that is not finished; one that is stays as it is."""
    return _views(session, [queue.cancel_report(session, user.scope, enterprise_id, report_id)])[0]


@router.get(
    f"{OWN}/{{report_id}}/file",
    operation_id="getReportFile",
    summary="A report's file",
    responses={**FILE, **problems(401, 403, 404, 409, 422)},
    response_class=FileResponse,
)
def get_report_file(
    enterprise_id: EnterpriseId,
    report_id: ReportId,
    user: CurrentUser,
    parts: AppParts,
    remote: Remote,
) -> Response:
    """Return the file; 409 while it is not made, and after it has expired. Every download is logged."""
    with parts.read() as session:
        report = queue.get_report(session, user.scope, enterprise_id, report_id)
    queue.require_file(report, utc_now())
    path = parts.report_worker.file_of(report)
    with parts.write.begin() as session:
        log_access(
            session,
            actor=user.actor,
            action="report.download",
            enterprise_id=enterprise_id,
            detail=f"{report.id} {report.sha256}",
            remote=remote,
        )
    name = f"anxun-{report.starts_on}-{report.ends_on}-{report.id.hex[-8:]}.{report.format.value}"
    return FileResponse(
        path,
        media_type=MEDIA_TYPES[report.format],
        filename=name,
        headers={"Cache-Control": "private, no-store"},
    )


@router.get(
    "/reports/{report_id}/check",
    operation_id="checkReport",
    summary="Whether a report is genuine",
    responses=problems(404, 422),
)
def check_report(report_id: ReportId, session: ReadingBeyond) -> ReportCheck:
    """Return which file and which ledger a report is, to anyone who holds its number: nothing of what it tells."""
    return ReportCheck.from_row(queue.made_report(session, report_id))


def _views(session: Session, rows: Sequence[Report]) -> list[ReportView]:
    people = {row.requested_by: _user_id(row.requested_by) for row in rows}
    names = names_of(session, people.values())
    return [ReportView.from_row(row, _name(people[row.requested_by], names)) for row in rows]


def _name(user_id: UUID | None, names: Any) -> str:
    return names[user_id].name if user_id in names else ""


def _user_id(actor: str) -> UUID | None:
    kind, _, key = actor.partition(":")
    return UUID(key) if kind == "user" else None
