"""Import of enterprises, people and cameras from Excel: an empty form, a dry run, and the run."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Path, Query, Response

from api.access import log_access
from api.deps import AppParts, CurrentUser, ReceivedBody, Remote, WritingBeyond
from api.errors import problems
from api.import_desk import import_sheet
from api.routing import ApiRouter
from api.shapes.imports import ImportReportView
from inspection.importing.forms import ImportKind
from inspection.importing.package import MAX_FILE_BYTES
from inspection.importing.template import template_of
from inspection.tables import ReportLanguage

router = ApiRouter(prefix="/imports", tags=["imports"])
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Kind = Annotated[ImportKind, Path(description="what the sheet lists")]
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": f"an .xlsx workbook of at most {MAX_FILE_BYTES} bytes; its first sheet is read",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
TEMPLATE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The form",
        "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}},
    }
}
NAMES = {
    ImportKind.ENTERPRISES: ("企业导入模板", "enterprises"),
    ImportKind.PEOPLE: ("人员导入模板", "people"),
    ImportKind.CAMERAS: ("摄像头导入模板", "cameras"),
}


@router.get(
    "/{import_kind}/template",
    operation_id="getImportTemplate",
    summary="An empty form to fill in",
    responses={**TEMPLATE, **problems(401, 422)},
    response_class=Response,
)
def get_import_template(
    import_kind: Kind,
    _: CurrentUser,
    language: Annotated[
        ReportLanguage, Query(description="of the headings")
    ] = ReportLanguage.CHINESE,
) -> Response:
    """Return a workbook with the headings, an example and what belongs where."""
    is_chinese = language is ReportLanguage.CHINESE
    chinese, english = NAMES[import_kind]
    name = f"attachment; filename=\"{english}.xlsx\"; filename*=UTF-8''{quote(chinese)}.xlsx"
    return Response(
        template_of(import_kind, is_chinese=is_chinese),
        media_type=XLSX,
        headers={"Content-Disposition": name},
    )


@router.post(
    "/{import_kind}",
    operation_id="importSheet",
    summary="Import a sheet, or only look it through",
    responses=problems(400, 401, 403, 413, 422),
    openapi_extra=BODY,
)
def import_rows(  # noqa: PLR0913  each is a part of the request
    import_kind: Kind,
    user: CurrentUser,
    body: ReceivedBody,
    session: WritingBeyond,
    parts: AppParts,
    remote: Remote,
    dry_run: Annotated[bool, Query(description="only look it through; nothing is written")] = True,
) -> ImportReportView:
    """Look a workbook through, row by row. Written is everything or, with one fault or on a dry run, nothing.

    What is there already is left as it is: the same file again changes nothing.
    """
    data = body.source.read(MAX_FILE_BYTES + 1)
    report = import_sheet(session, parts.settings, user, import_kind, data, dry_run=dry_run)
    log_access(
        session,
        actor=user.actor,
        action=f"import.{import_kind.value}",
        detail=f"{'applied' if report.is_applied else 'looked through'}: {len(report.rows)} rows, {len(report.faults)} faults",
        remote=remote,
    )
    return ImportReportView.from_report(report)
