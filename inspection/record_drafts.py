"""The first draft of an inspection record, filled in from the visit: time, place, findings, tickets with their deadlines."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, func, select

from inspection.journal import timestamp
from inspection.record_wire import MAX_PHOTOS, MAX_PROBLEMS, RecordContent, RecordProblem
from inspection.tables import (
    Enterprise,
    Finding,
    HazardItem,
    Inspection,
    RemediationTicket,
    User,
)
from inspection.taxonomy import hazard_type


def draft_record(session: Session, inspection: Inspection, now: datetime) -> RecordContent:
    """Return what an inspection record would say now. Its inspector looks it over, completes it and signs."""
    enterprise = session.get_one(Enterprise, inspection.enterprise_id)
    inspector = session.get_one(User, inspection.inspector_id)
    return RecordContent(
        enterprise=enterprise.name[:100],
        credit_code=enterprise.credit_code,
        started_at=timestamp(inspection.started_at),
        ended_at=timestamp(now),
        place=inspection.place,
        inspectors=inspector.name,
        checked=inspection.note or f"{inspection.place}现场安全检查",
        problems=_problems(session, inspection),
        undecided=_count(session, inspection, "proposed"),
    )


def _problems(session: Session, inspection: Inspection) -> tuple[RecordProblem, ...]:
    seen: dict[object, list[Finding]] = {}
    for finding in _findings(session, inspection):
        seen.setdefault(finding.item_id, []).append(finding)
    items = [session.get_one(HazardItem, (inspection.enterprise_id, key)) for key in seen]
    return tuple(_problem(session, item, seen[item.id]) for item in items[:MAX_PROBLEMS])


def _problem(session: Session, item: HazardItem, findings: Sequence[Finding]) -> RecordProblem:
    hazard = hazard_type(item.hazard_code)
    ticket = (
        None
        if item.ticket_id is None
        else session.get(RemediationTicket, (item.enterprise_id, item.ticket_id))
    )
    photos = tuple(dict.fromkeys(finding.evidence_sha256 for finding in findings))
    return RecordProblem(
        text=hazard.name_zh,
        place=item.place[:200],
        level="major" if item.level == "major" else "general",
        hazard_code=item.hazard_code,
        basis=(ticket.basis if ticket else hazard.basis)[:500],
        is_basis_checked=ticket.is_basis_checked if ticket else hazard.basis_checked,
        deadline=timestamp(ticket.deadline) if ticket else None,
        handling="限期整改" if ticket else "",
        item_id=item.id,
        ticket_number=ticket.number if ticket else None,
        photos=photos[:MAX_PHOTOS],
    )


def _findings(session: Session, inspection: Inspection) -> Sequence[Finding]:
    return session.exec(
        select(Finding)
        .where(
            col(Finding.enterprise_id) == inspection.enterprise_id,
            col(Finding.inspection_id) == inspection.id,
            col(Finding.state) == "confirmed",
        )
        .order_by(col(Finding.captured_at), col(Finding.id))
    ).all()


def _count(session: Session, inspection: Inspection, state: str) -> int:
    counted = select(func.count()).select_from(Finding)
    return session.exec(
        counted.where(
            col(Finding.enterprise_id) == inspection.enterprise_id,
            col(Finding.inspection_id) == inspection.id,
            col(Finding.state) == state,
        )
    ).one()
