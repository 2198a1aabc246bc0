"""Inspection records: frozen with the inspector's signature, then signed or refused by the enterprise, and never changed.

1  the inspector signs: the content's hash is compared with what was shown, the record is an entry of the ledger
2  the enterprise signs, on the inspector's phone or on its own account, or refuses: another entry, which also names the
   hazard notice (事故隐患整改通知书), the PDF that goes out with it
3  a correction is a new version, signed anew; the old one stays as it was

安全生产法 asks the same of an authority's inspection: time, place, content, problems and their handling in writing, signed
by both, a refusal put on record. AQ 9010-2019 asks the insurer's side for a written hazard notice and both confirmations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, func, select

from inspection.china import CHINA
from inspection.database import lock_enterprise
from inspection.drawn_signatures import require_signature
from inspection.errors import (
    AlreadyExists,
    IdReused,
    InvalidInput,
    NotFound,
    NotStanding,
    RecordAnswered,
    RecordNotAsShown,
)
from inspection.evidence import EvidenceStore, KeptBytes, record_evidence, require_kept
from inspection.journal import Event, attach, write_event
from inspection.queries import get_inspection
from inspection.record_checks import require_facts
from inspection.record_notices import tell_of_answer, tell_of_record
from inspection.record_wire import (
    EnterpriseRefusal,
    EnterpriseSignature,
    RecordSubmission,
    content_sha256,
)
from inspection.scopes import SYSTEM, Scope
from inspection.tables import Inspection, InspectionRecord, RecordAnswerState, Role
from ledger.entry import LedgerEntry

SECTION = "L25"
RECORDING_ROLES = (Role.EXPERT, Role.SERVICE_CENTRE)
ANSWERING_ROLES = (Role.ENTERPRISE_OFFICER, *RECORDING_ROLES)
Answer = EnterpriseSignature | EnterpriseRefusal


@dataclass(frozen=True)
class RecordRef:
    """Which record, and when something is done to it."""

    enterprise_id: UUID
    record_id: UUID
    now: datetime


def freeze_record(
    session: Session,
    scope: Scope,
    store: EvidenceStore,
    inspection: Inspection,
    submission: RecordSubmission,
    now: datetime,
) -> InspectionRecord:
    """Freeze a record with the inspector's signature; sent again, it is the same record.

    Raises `NotFound`, `NotAllowed`, `RecordNotAsShown`, `InvalidInput`, `EvidenceMissing`, `IdReused`, `NotStanding`,
    `AlreadyExists` where the inspection has a record that this one does not correct.
    """
    enterprise_id = inspection.enterprise_id
    scope.require_role(enterprise_id, "write an inspection record", *RECORDING_ROLES)
    _require_shown(content_sha256(submission.content), submission.content_sha256)
    lock_enterprise(session, enterprise_id)
    known = session.get(InspectionRecord, (enterprise_id, submission.id))
    if known is not None:
        return _same(known, inspection, submission)
    earlier = _earlier(session, inspection, submission.supersedes)
    require_facts(session, enterprise_id, submission.content)
    signature = submission.signature
    picture = require_signature(session, store, enterprise_id, signature.picture_sha256)
    row = InspectionRecord(
        enterprise_id=enterprise_id,
        id=submission.id,
        inspection_id=inspection.id,
        number=_next_number(session, enterprise_id, now),
        series_id=earlier.series_id if earlier else submission.id,
        revision=earlier.revision + 1 if earlier else 1,
        reason=submission.reason,
        content=submission.content.model_dump(mode="json"),
        content_sha256=submission.content_sha256,
        signature=signature.model_dump(mode="json"),
        recorded_at=now,
        recorded_by=scope.user_id,
        entry_index=-1,
        leaf_hash="",
    )
    data = {
        **_named(row),
        "supersedes": str(earlier.id) if earlier else None,
        "reason": submission.reason,
        "place": submission.content.place,
        "problem_count": len(submission.content.problems),
        "content": row.content,
        "inspector": row.signature,
    }
    event = Event("inspection.recorded", SECTION, data, attach([picture], "signature"))
    entry = write_event(session, enterprise_id, scope.actor, event, now)
    row.entry_index, row.leaf_hash = entry.index, entry.leaf_hash
    session.add(row)
    if earlier is not None:
        earlier.superseded_by = row.id
    session.flush()
    tell_of_record(session, scope, row, now)
    return row


def answer_record(
    session: Session,
    scope: Scope,
    store: EvidenceStore,
    ref: RecordRef,
    answer: Answer,
    notice: KeptBytes,
) -> InspectionRecord:
    """Put the enterprise's signature or refusal on record, with the hazard notice; sent again, it is the same answer.

    Raises `NotFound`, `NotAllowed`, `RecordNotAsShown`, `RecordAnswered`, `NotStanding`, `InvalidInput`, `EvidenceMissing`.
    """
    enterprise_id, now = ref.enterprise_id, ref.now
    lock_enterprise(session, enterprise_id)
    row = record_to_answer(session, scope, ref, answer)
    said = answer.model_dump(mode="json")
    if row.answer is not None:
        return row
    drawn = [row.signature["picture_sha256"], *_drawn(answer)]
    if len(set(drawn)) < len(drawn):
        raise InvalidInput("two signatures are the same picture; everybody signs for themselves")
    pictures = [require_signature(session, store, enterprise_id, each) for each in drawn]
    # The server makes the paper; who answered is the entry's `by`.
    paper = record_evidence(
        session, enterprise_id=enterprise_id, kept=notice, actor=SYSTEM, now=now
    )
    require_kept(store, notice.sha256)
    data = {
        **_named(row),
        "record_index": row.entry_index,
        "given_on": _given_on(scope, enterprise_id),
        **{name: value for name, value in said.items() if name not in ("kind", "content_sha256")},
        "notice_sha256": notice.sha256,
    }
    attached = (*attach(pictures, "signature"), *attach([paper], "hazard_notice"))
    event = Event(f"inspection.{answer.kind}", SECTION, data, attached)
    entry = write_event(session, enterprise_id, scope.actor, event, now)
    _keep_answer(row, scope, said, entry, ref)
    row.notice_sha256 = notice.sha256
    session.flush()
    tell_of_answer(session, scope, row, now)
    return row


def record_to_answer(
    session: Session, scope: Scope, ref: RecordRef, answer: Answer
) -> InspectionRecord:
    """Return a record that takes this answer, or has it already: nothing is written, so that its notice can be made first.

    Raises `NotFound`, `NotAllowed`, `RecordNotAsShown`, `RecordAnswered`, `NotStanding`.
    """
    row = get_record(session, scope, ref.enterprise_id, ref.record_id)
    scope.require_role(ref.enterprise_id, "answer an inspection record", *ANSWERING_ROLES)
    _require_shown(row.content_sha256, answer.content_sha256)
    if row.answer is not None and row.answer != answer.model_dump(mode="json"):
        raise RecordAnswered(row.number, row.state)
    if row.answer is None and row.superseded_by is not None:
        raise NotStanding(row.id, "superseded")
    if not row.content:
        raise InvalidInput("the content of this record was erased; nobody can sign it any more")
    return row


def get_record(
    session: Session, scope: Scope, enterprise_id: UUID, record_id: UUID
) -> InspectionRecord:
    """Return an inspection record in scope. Raises `NotFound`."""
    scope.require(enterprise_id)
    row = session.get(InspectionRecord, (enterprise_id, record_id))
    if row is None:
        raise NotFound("inspection record", record_id)
    return row


def records_of(
    session: Session, scope: Scope, enterprise_id: UUID, inspection_id: UUID
) -> Sequence[InspectionRecord]:
    """Return the records of an inspection, every version, the newest first. Raises `NotFound`."""
    get_inspection(session, scope, enterprise_id, inspection_id)
    return session.exec(
        select(InspectionRecord)
        .where(
            col(InspectionRecord.enterprise_id) == enterprise_id,
            col(InspectionRecord.inspection_id) == inspection_id,
        )
        .order_by(col(InspectionRecord.revision).desc())
    ).all()


def _named(row: InspectionRecord) -> dict[str, Any]:
    return {
        "number": row.number,
        "record_id": str(row.id),
        "inspection_id": str(row.inspection_id),
        "revision": row.revision,
        "content_sha256": row.content_sha256,
    }


def _given_on(scope: Scope, enterprise_id: UUID) -> str:
    is_own = Role.ENTERPRISE_OFFICER in scope.roles_in(enterprise_id)
    return "own_account" if is_own else "inspector_phone"


def _keep_answer(
    row: InspectionRecord, scope: Scope, said: dict[str, Any], entry: LedgerEntry, ref: RecordRef
) -> None:
    row.answer, row.answered_at, row.answered_by = said, ref.now, scope.user_id
    row.state = RecordAnswerState(said["kind"]).value
    row.answer_index, row.answer_leaf_hash = entry.index, entry.leaf_hash


def _drawn(answer: Answer) -> list[str]:
    if isinstance(answer, EnterpriseSignature):
        return [answer.signature.picture_sha256]
    return [answer.witness.picture_sha256] if answer.witness else []


def _require_shown(actual: str, shown: str) -> None:
    if actual != shown:
        raise RecordNotAsShown(shown, actual)


def _same(
    known: InspectionRecord, inspection: Inspection, submission: RecordSubmission
) -> InspectionRecord:
    sent = (inspection.id, submission.content_sha256, submission.signature.model_dump(mode="json"))
    if (known.inspection_id, known.content_sha256, known.signature) != sent:
        raise IdReused("inspection record", known.id)
    return known


def _earlier(
    session: Session, inspection: Inspection, supersedes: UUID | None
) -> InspectionRecord | None:
    newest = session.exec(
        select(InspectionRecord).where(
            col(InspectionRecord.enterprise_id) == inspection.enterprise_id,
            col(InspectionRecord.inspection_id) == inspection.id,
            col(InspectionRecord.superseded_by).is_(None),
        )
    ).first()
    if supersedes is None:
        if newest is not None:
            raise AlreadyExists("record of this inspection; correct it:", newest.number)
        return None
    if newest is None or newest.id != supersedes:
        raise NotStanding(supersedes, "not the newest version of this inspection's record")
    return newest


def _next_number(session: Session, enterprise_id: UUID, now: datetime) -> str:
    prefix = f"JC-{now.astimezone(CHINA):%Y%m%d}-"
    count = session.exec(
        select(func.count())
        .select_from(InspectionRecord)
        .where(
            col(InspectionRecord.enterprise_id) == enterprise_id,
            col(InspectionRecord.number).startswith(prefix),
        )
    ).one()
    return f"{prefix}{count + 1:04d}"
