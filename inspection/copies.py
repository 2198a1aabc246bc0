"""What else holds the words of an entry: rows of findings, items, visits, their records, and tickets, files of reports. They go with its content."""

from collections.abc import Iterable
from uuid import UUID

from sqlmodel import Session, col, or_, select

from inspection.tables import (
    EntryFacts,
    Finding,
    FixCheck,
    HazardItem,
    Inspection,
    InspectionPhoto,
    InspectionRecord,
    ItemChange,
    PhotoState,
    Report,
    ReportState,
    TicketStep,
    TicketTreatment,
)
from inspection.wire import utc_now
from ledger.entry import LedgerEntry, Record

ERASED_PHOTO = "erased"


def forget_copies(session: Session, enterprise_id: UUID, entry: LedgerEntry) -> None:
    """Empty what other rows copied from an entry that is about to be erased, in the same transaction."""
    record = entry.record
    if record is None:
        return
    _forget_finding(session, enterprise_id, entry.index, record)
    steps = select(TicketStep).where(
        col(TicketStep.enterprise_id) == enterprise_id, col(TicketStep.entry_index) == entry.index
    )
    for step in session.exec(steps):
        step.note, step.evidence_sha256s = "", []
        check = session.get(FixCheck, (enterprise_id, step.ticket_id, step.number))
        if check is not None:
            check.photos = []
    changes = select(ItemChange).where(
        col(ItemChange.enterprise_id) == enterprise_id, col(ItemChange.entry_index) == entry.index
    )
    for change in session.exec(changes):
        change.reason = ""
    _forget_plans(session, enterprise_id, entry.index)
    _forget_check(session, enterprise_id, entry.index)
    _forget_records(session, enterprise_id, entry.index)
    item_id = _id(record, "item_id")
    if item_id is not None and not _is_told(session, enterprise_id, entry.index, item_id):
        item = session.get(HazardItem, (enterprise_id, item_id))
        if item is not None:
            item.place = ""
    _withdraw_reports(session, enterprise_id, entry.index)
    session.flush()


def forget_photos(session: Session, enterprise_id: UUID, sha256s: Iterable[str]) -> None:
    """Empty the photos of visits whose bytes are to go; one that still waits for the detector is set aside."""
    photos = select(InspectionPhoto).where(
        col(InspectionPhoto.enterprise_id) == enterprise_id,
        col(InspectionPhoto.evidence_sha256).in_(tuple(sha256s)),
    )
    for photo in session.exec(photos):
        photo.file_name, photo.taken_at = "", None
        if photo.state is PhotoState.WAITING:
            photo.state, photo.error = PhotoState.FAILED, ERASED_PHOTO
    session.flush()


def _forget_plans(session: Session, enterprise_id: UUID, index: int) -> None:
    plans = select(TicketTreatment).where(
        col(TicketTreatment.enterprise_id) == enterprise_id,
        col(TicketTreatment.entry_index) == index,
    )
    for plan in session.exec(plans):
        plan.parts = {}


def _forget_check(session: Session, enterprise_id: UUID, index: int) -> None:
    checks = select(FixCheck).where(
        col(FixCheck.enterprise_id) == enterprise_id, col(FixCheck.entry_index) == index
    )
    for check in session.exec(checks):
        check.photos, check.error = [], None


def _forget_records(session: Session, enterprise_id: UUID, index: int) -> None:
    records = select(InspectionRecord).where(
        col(InspectionRecord.enterprise_id) == enterprise_id,
        or_(
            col(InspectionRecord.entry_index) == index, col(InspectionRecord.answer_index) == index
        ),
    )
    for record in session.exec(records):
        if record.entry_index == index:
            record.content, record.signature, record.reason = {}, {}, ""
        else:
            record.answer, record.notice_sha256 = {}, None


def _withdraw_reports(session: Session, enterprise_id: UUID, index: int) -> None:
    """End the life of report files that may tell of an entry; one that is being made begins anew."""
    reports = select(Report).where(
        col(Report.enterprise_id) == enterprise_id,
        col(Report.state).in_((ReportState.DONE, ReportState.RUNNING)),
    )
    for report in session.exec(reports):
        if report.state is ReportState.RUNNING:
            report.state, report.claimed_until = ReportState.WAITING, None
        elif report.tree_size is None or report.tree_size > index:
            report.expires_at = utc_now()


def _forget_finding(session: Session, enterprise_id: UUID, index: int, record: Record) -> None:
    finding_id = _id(record, "finding_id")
    finding = finding_id and session.get(Finding, (enterprise_id, finding_id))
    if not finding:
        return
    if finding.entry_index != index:
        # The decision's entry: what the person wrote and drew.
        finding.decision_note = finding.decided_boxes = finding.complete_labels = None
        return
    finding.source_name, finding.zone, finding.boxes = "", None, []
    if finding.inspection_id is not None:
        _forget_visit(session, enterprise_id, index, finding.inspection_id)


def _forget_visit(session: Session, enterprise_id: UUID, index: int, inspection_id: UUID) -> None:
    others = (
        select(EntryFacts.entry_index)
        .join(Finding, col(Finding.entry_index) == col(EntryFacts.entry_index))
        .where(
            col(EntryFacts.enterprise_id) == enterprise_id,
            col(Finding.enterprise_id) == enterprise_id,
            col(Finding.inspection_id) == inspection_id,
            col(EntryFacts.entry_index) != index,
            col(EntryFacts.is_erased).is_(False),
        )
    )
    if session.exec(others).first() is not None:
        return
    visit = session.get(Inspection, (enterprise_id, inspection_id))
    if visit is not None:
        visit.place = visit.note = ""


def _is_told(session: Session, enterprise_id: UUID, index: int, item_id: UUID) -> bool:
    others = select(EntryFacts.entry_index).where(
        col(EntryFacts.enterprise_id) == enterprise_id,
        col(EntryFacts.item_id) == str(item_id),
        col(EntryFacts.entry_index) != index,
    )
    return session.exec(others).first() is not None


def _id(record: Record, name: str) -> UUID | None:
    try:
        return UUID(str(record.data.get(name)))
    except ValueError:
        return None
