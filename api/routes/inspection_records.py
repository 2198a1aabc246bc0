"""Inspection records: drafted from the visit, signed by both sides or refused, with the hazard notice as a PDF."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response, status
from pydantic import TypeAdapter
from sqlmodel import Session

from api.access import log_access
from api.auth import Caller
from api.deps import AppParts, CurrentUser, EnterpriseId, Reading, Remote, Writing
from api.errors import problems
from api.names import names_of
from api.parts import Parts
from api.routing import ApiRouter
from api.shapes.inspection_records import (
    InspectionRecordList,
    InspectionRecordSummary,
    InspectionRecordView,
)
from inspection import inspection_records as records
from inspection import queries
from inspection.errors import NotFound
from inspection.evidence import PDF_TYPE, KeptBytes, keep_paper
from inspection.inspection_records import RecordRef
from inspection.record_drafts import draft_record
from inspection.record_wire import RecordAnswer, RecordContent, RecordSubmission
from inspection.reports.hazard_notice import Answer, SignedRecord
from inspection.tables import InspectionRecord, ReportLanguage
from inspection.wire import utc_now

router = ApiRouter(prefix="/enterprises/{enterprise_id}", tags=["inspection records"])
OF_INSPECTION = "/inspections/{inspection_id}"
OWN = "/inspection-records/{inspection_record_id}"
_ANSWER: TypeAdapter[Answer] = TypeAdapter(RecordAnswer)
NOTICE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The notice",
        "content": {PDF_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get(
    f"{OF_INSPECTION}/record-draft",
    operation_id="draftInspectionRecord",
    summary="What a record of an inspection would say now",
    responses=problems(401, 403, 404, 422),
)
def draft_inspection_record(
    enterprise_id: EnterpriseId, inspection_id: UUID, user: CurrentUser, session: Reading
) -> RecordContent:
    """Return a record filled in from the visit: time, place, confirmed findings, their tickets and deadlines. Nothing is written."""
    inspection = queries.get_inspection(session, user.scope, enterprise_id, inspection_id)
    user.scope.require_role(enterprise_id, "write an inspection record", *records.RECORDING_ROLES)
    return draft_record(session, inspection, utc_now())


@router.get(
    f"{OF_INSPECTION}/records",
    operation_id="listInspectionRecords",
    summary="Records of an inspection",
    responses=problems(401, 404, 422),
)
def list_inspection_records(
    enterprise_id: EnterpriseId, inspection_id: UUID, user: CurrentUser, session: Reading
) -> InspectionRecordList:
    """Return every version of the inspection's record, the newest first."""
    rows = records.records_of(session, user.scope, enterprise_id, inspection_id)
    return InspectionRecordList(items=[InspectionRecordSummary.from_row(row) for row in rows])


@router.post(
    f"{OF_INSPECTION}/records",
    operation_id="freezeInspectionRecord",
    status_code=status.HTTP_201_CREATED,
    summary="Sign an inspection record as its inspector",
    responses=problems(401, 403, 404, 409, 422),
)
def freeze_inspection_record(  # noqa: PLR0913  each is a part of the request
    enterprise_id: EnterpriseId,
    inspection_id: UUID,
    body: RecordSubmission,
    user: CurrentUser,
    session: Writing,
    parts: AppParts,
    remote: Remote,
) -> InspectionRecordView:
    """Freeze the record with the inspector's signature. Sent again, it is the same record."""
    inspection = queries.get_inspection(session, user.scope, enterprise_id, inspection_id)
    row = records.freeze_record(session, user.scope, parts.evidence, inspection, body, utc_now())
    _log(session, user, row, "inspection_record.sign", remote)
    return _view(session, user, row)


@router.get(
    OWN,
    operation_id="getInspectionRecord",
    summary="An inspection record",
    responses=problems(401, 404, 422),
)
def get_inspection_record(
    enterprise_id: EnterpriseId, inspection_record_id: UUID, user: CurrentUser, session: Reading
) -> InspectionRecordView:
    """Return what both sides signed, or the refusal, and where the ledger has it."""
    row = records.get_record(session, user.scope, enterprise_id, inspection_record_id)
    return _view(session, user, row)


@router.post(
    f"{OWN}/answer",
    operation_id="answerInspectionRecord",
    summary="Sign or refuse as the enterprise",
    responses=problems(401, 403, 404, 409, 422, 503),
)
def answer_inspection_record(  # noqa: PLR0913  each is a part of the request
    enterprise_id: EnterpriseId,
    inspection_record_id: UUID,
    body: RecordAnswer,
    user: CurrentUser,
    before: Reading,
    session: Writing,
    parts: AppParts,
    remote: Remote,
) -> InspectionRecordView:
    """Put the enterprise's signature or refusal on record: by its officer, or on the inspector's phone. The hazard notice goes out."""
    ref = RecordRef(enterprise_id, inspection_record_id, utc_now())
    # Nothing is locked while the paper is made: what it shows does not change any more.
    frozen = records.record_to_answer(before, user.scope, ref, body)
    notice = _paper(parts, frozen, body, ref.now)
    row = records.answer_record(session, user.scope, parts.evidence, ref, body, notice)
    _log(session, user, row, f"inspection_record.{body.kind}", remote)
    return _view(session, user, row)


@router.get(
    f"{OWN}/notice",
    operation_id="getHazardNotice",
    summary="The hazard notice as a PDF",
    responses={**NOTICE, **problems(401, 404, 422)},
    response_class=Response,
)
def get_hazard_notice(
    enterprise_id: EnterpriseId,
    inspection_record_id: UUID,
    user: CurrentUser,
    parts: AppParts,
    remote: Remote,
    language: Annotated[
        ReportLanguage, Query(description="en: a translation, made anew; zh is what went out")
    ] = ReportLanguage.CHINESE,
) -> Response:
    """Return the PDF that went out with the record, or its translation. Every download is logged."""
    with parts.read() as session:
        row = records.get_record(session, user.scope, enterprise_id, inspection_record_id)
        if row.notice_sha256 is None:
            raise NotFound("hazard notice of inspection record", row.id)
        queries.get_evidence(session, user.scope, enterprise_id, row.notice_sha256)
        translated = None
        if language is not ReportLanguage.CHINESE:
            translated = _answered(row)
    if translated is None:
        with parts.evidence.open(row.notice_sha256) as source:
            pdf = source.read()
    else:
        pdf = parts.notice_maker.make(translated, language)
    with parts.write.begin() as session:
        _log(session, user, row, "inspection_record.notice", remote)
    suffix = "" if translated is None else f"-{language.value}"
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Disposition": f'inline; filename="anxun-{row.number}-{row.revision}{suffix}.pdf"',
    }
    return Response(pdf, media_type=PDF_TYPE, headers=headers)


def _paper(parts: Parts, row: InspectionRecord, answer: Answer, now: datetime) -> KeptBytes:
    if row.notice_sha256 is not None:
        # It was answered before; what went out stays.
        return KeptBytes(row.notice_sha256, PDF_TYPE, parts.evidence.size(row.notice_sha256))
    signed = SignedRecord.from_row(row, answer, now)
    return keep_paper(parts.evidence, parts.notice_maker.make(signed))


def _answered(row: InspectionRecord) -> SignedRecord:
    """Return what a record's paper shows. Raises `NotFound` where the record or its answer was erased."""
    if not row.content or not row.signature or not row.answer or row.answered_at is None:
        raise NotFound("content of inspection record", row.id)
    answer: Answer = _ANSWER.validate_python(row.answer)
    return SignedRecord.from_row(row, answer, row.answered_at)


def _view(session: Session, user: Caller, row: InspectionRecord) -> InspectionRecordView:
    names = names_of(session, (row.recorded_by, row.answered_by))
    stands = row.superseded_by is None
    roles = user.scope.roles_in(row.enterprise_id)
    return InspectionRecordView(
        **InspectionRecordSummary.from_row(row).model_dump(),
        reason=row.reason,
        content=row.content or None,
        content_sha256=row.content_sha256,
        inspector=row.signature or None,
        recorded_by=names[row.recorded_by],
        entry_index=row.entry_index,
        answer=row.answer or None,
        answered_by=names[row.answered_by] if row.answered_by else None,
        answer_index=row.answer_index,
        notice_sha256=row.notice_sha256,
        may_answer=stands
        and row.answered_at is None
        and bool(row.content)
        and bool(roles.intersection(records.ANSWERING_ROLES)),
        may_correct=stands and bool(roles.intersection(records.RECORDING_ROLES)),
    )


def _log(session: Session, user: Caller, row: InspectionRecord, action: str, remote: str) -> None:
    log_access(
        session,
        actor=user.actor,
        action=action,
        enterprise_id=row.enterprise_id,
        detail=f"{row.id} {row.number}",
        remote=remote,
    )
