"""Carrying out approved erasures, one entry a transaction: whatever stops it, an entry is erased wholly or not at all.

1  lock the enterprise; a hold that came since then keeps the entry
2  empty the copies of its words in other rows
3  erase content and salt, and take them out of the index
4  evidence that no entry needs any more is shown no longer, the register says so, and its bytes are queued
5  after the last entry: the completion is an entry too
6  after the commit: `inspection.removals` deletes the queued bytes
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from inspection.copies import forget_copies, forget_photos
from inspection.database import lock_enterprise
from inspection.entry_index import catch_up, forget_entry, mark_of
from inspection.erasures import targets_of
from inspection.evidence_register import ERASED as EVIDENCE_ERASED
from inspection.evidence_register import register_gone
from inspection.evidence_usage import count_out
from inspection.holds import hold_over, standing_holds
from inspection.items import survivors
from inspection.journal import Event, log_id_of, write_event
from inspection.removals import queue_removal
from inspection.scopes import SYSTEM
from inspection.sections import LEDGER_ITSELF
from inspection.tables import (
    EntryEvidence,
    ErasureRequest,
    ErasureState,
    ErasureTarget,
    Evidence,
    TargetState,
)
from ledger.entry import LedgerEntry
from ledger.log import erase_content, get_entry
from ledger.sql import SqlStore


def approved_erasures(session: Session) -> Sequence[tuple[UUID, UUID]]:
    """Return (enterprise, request) of what is approved and not done, oldest first."""
    rows = session.exec(
        select(ErasureRequest.enterprise_id, ErasureRequest.id)
        .where(col(ErasureRequest.state) == ErasureState.APPROVED)
        .order_by(col(ErasureRequest.id))
    )
    return [(enterprise_id, request_id) for enterprise_id, request_id in rows]


def erase_next(session: Session, enterprise_id: UUID, request_id: UUID, now: datetime) -> bool:
    """Erase the next entry of an approved request, or complete it; return whether there is more to do."""
    lock_enterprise(session, enterprise_id)  # 1
    request = session.get_one(ErasureRequest, (enterprise_id, request_id), populate_existing=True)
    if request.state is not ErasureState.APPROVED:
        return False
    target = session.exec(
        select(ErasureTarget)
        .where(
            col(ErasureTarget.enterprise_id) == enterprise_id,
            col(ErasureTarget.request_id) == request_id,
            col(ErasureTarget.state) == TargetState.WAITING,
        )
        .order_by(col(ErasureTarget.entry_index))
        .limit(1)
        .execution_options(populate_existing=True)
    ).first()
    if target is None:
        _complete(session, request, now)  # 5
        return False
    entry = get_entry(SqlStore(session), log_id_of(enterprise_id), target.entry_index)
    holds = standing_holds(session, enterprise_id)
    if hold_over(holds, entry, survivors(session, enterprise_id)) is not None:
        target.state = TargetState.HELD
    else:
        _erase(session, enterprise_id, entry, now)
        target.state, target.erased_at = TargetState.ERASED, now
    session.flush()
    return True


def _erase(session: Session, enterprise_id: UUID, entry: LedgerEntry, now: datetime) -> None:
    _index_all(session, enterprise_id)
    forget_copies(session, enterprise_id, entry)  # 2
    attached = {a.sha256 for a in (entry.record.attachments if entry.record else ())}
    erase_content(SqlStore(session), log_id_of(enterprise_id), entry.index)  # 3
    forget_entry(session, enterprise_id, entry.index)
    free = [sha256 for sha256 in attached if not _is_needed(session, enterprise_id, sha256)]  # 4
    forget_photos(session, enterprise_id, free)
    for sha256 in free:
        row = session.get(Evidence, (enterprise_id, sha256))
        if row is not None and row.erased_at is None:
            count_out(session, enterprise_id, row.size)
            register_gone(session, row, EVIDENCE_ERASED, now)
            row.erased_at = now
            row.received_from = ""
            queue_removal(session, enterprise_id, sha256, now)


def _index_all(session: Session, enterprise_id: UUID) -> None:
    """What evidence an entry needs is read from the index, so it must be whole."""
    size = SqlStore(session).head(log_id_of(enterprise_id)).size
    mark = mark_of(session, enterprise_id)
    if mark is None or mark.next_index < size:
        while catch_up(session, enterprise_id):
            pass


def _is_needed(session: Session, enterprise_id: UUID, sha256: str) -> bool:
    needed = select(EntryEvidence.entry_index).where(
        col(EntryEvidence.enterprise_id) == enterprise_id, col(EntryEvidence.sha256) == sha256
    )
    return session.exec(needed).first() is not None


def _complete(session: Session, request: ErasureRequest, now: datetime) -> None:
    targets = targets_of(session, request)
    data = {
        "erasure_id": str(request.id),
        "approval_index": request.approval_index,
        "erased": [t.entry_index for t in targets if t.state is TargetState.ERASED],
        "held": [t.entry_index for t in targets if t.state is TargetState.HELD],
    }
    event = Event("erasure.completed", LEDGER_ITSELF, data)
    entry = write_event(session, request.enterprise_id, SYSTEM, event, now)
    request.completion_index, request.done_at = entry.index, now
    request.state, request.reference = ErasureState.DONE, ""
    session.flush()
