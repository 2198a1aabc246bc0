"""Deleting bytes of evidence: only what is queued, only after the commit that queued it, never because a disk is full.

Bytes stay while any enterprise has evidence of the same hash, and while an export of the enterprise runs that may
have read the entry before it was erased. A store that refuses (object lock) or is away is asked again later.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, or_, select

from inspection.database import lock_enterprise, lock_evidence, require_unbound
from inspection.errors import StorageError
from inspection.evidence import EvidenceStore
from inspection.evidence_register import REMOVED, register_gone
from inspection.evidence_usage import count_out
from inspection.journal import Event, write_event
from inspection.plans import china_day, parameter
from inspection.scopes import Actor
from inspection.sections import LEDGER_ITSELF
from inspection.tables import (
    EntryEvidence,
    Evidence,
    EvidenceRemoval,
    ExportLease,
    Finding,
    InspectionPhoto,
)
from inspection.wire import utc_now

LEASE = timedelta(hours=6)
RETRY = timedelta(minutes=10)
EXPORT_RETRY = timedelta(seconds=30)


@dataclass(frozen=True)
class Removed:
    """What became of queued bytes: `error` says why they are still there."""

    sha256: str
    is_gone: bool
    error: str = ""


def queue_removal(session: Session, enterprise_id: UUID, sha256: str, now: datetime) -> None:
    """Queue bytes to be deleted after the commit."""
    row = EvidenceRemoval(enterprise_id=enterprise_id, sha256=sha256, queued_at=now)
    session.merge(row)
    session.flush()


def queued_removals(session: Session, now: datetime) -> Sequence[tuple[UUID, str]]:
    """Return (enterprise, sha256) of what is queued and due, oldest first."""
    rows = session.exec(
        select(EvidenceRemoval.enterprise_id, EvidenceRemoval.sha256)
        .where(
            col(EvidenceRemoval.removed_at).is_(None),
            or_(col(EvidenceRemoval.retry_at).is_(None), col(EvidenceRemoval.retry_at) <= now),
        )
        .order_by(col(EvidenceRemoval.queued_at))
    )
    return [(enterprise_id, sha256) for enterprise_id, sha256 in rows]


def remove_queued(
    session: Session, store: EvidenceStore, enterprise_id: UUID, sha256: str, now: datetime
) -> Removed:
    """Delete queued bytes, or say why not; the caller commits. Nothing happens while an export may need them."""
    require_unbound(session)
    lock_evidence(session, sha256)
    row = session.get_one(EvidenceRemoval, (enterprise_id, sha256), populate_existing=True)
    if row.removed_at is not None:
        return Removed(sha256, is_gone=True)
    if _is_exporting(session, enterprise_id, now):
        row.error, row.retry_at = "an export is being written", now + EXPORT_RETRY
        session.flush()
        return Removed(sha256, is_gone=False, error=row.error)
    try:
        if not _is_had(session, sha256):
            store.remove(sha256)
    except StorageError as error:
        row.error, row.retry_at = str(error), now + RETRY
        session.flush()
        return Removed(sha256, is_gone=False, error=str(error))
    row.removed_at, row.error, row.retry_at = now, "", None
    session.flush()
    return Removed(sha256, is_gone=True)


def erased_evidence(session: Session, since: datetime | None) -> set[str]:
    """Return hashes of evidence that was erased (since a time) and that no enterprise has any more."""
    erased = select(Evidence.sha256).where(col(Evidence.erased_at).is_not(None))
    if since is not None:
        erased = erased.where(col(Evidence.erased_at) >= since)
    gone = session.exec(erased).all()
    return {sha256 for sha256 in gone if not _is_had(session, sha256)}


def stuck_removals(session: Session, enterprise_id: UUID) -> Sequence[EvidenceRemoval]:
    """Return what is queued and not deleted, with the store's last word about it."""
    return session.exec(
        select(EvidenceRemoval)
        .where(
            col(EvidenceRemoval.enterprise_id) == enterprise_id,
            col(EvidenceRemoval.removed_at).is_(None),
        )
        .order_by(col(EvidenceRemoval.queued_at))
    ).all()


@contextmanager
def export_lease(sessions: sessionmaker[Session], enterprise_id: UUID) -> Iterator[None]:
    """Keep the bytes that an export may name while it is written. It is taken before the first entry is read."""
    lease = ExportLease(enterprise_id=enterprise_id, expires_at=utc_now() + LEASE)
    lease_id = lease.id
    with sessions.begin() as session:
        session.add(lease)
    try:
        yield
    finally:
        with sessions.begin() as session:
            session.delete(session.get_one(ExportLease, lease_id))


def orphans(session: Session, enterprise_id: UUID, now: datetime) -> Sequence[Evidence]:
    """Return evidence that nothing ever referred to and whose grace period is over, oldest first."""
    grace = timedelta(days=parameter("orphan_grace", china_day(now)).value)
    used = (
        _refers(EntryEvidence.enterprise_id, EntryEvidence.sha256),
        _refers(InspectionPhoto.enterprise_id, InspectionPhoto.evidence_sha256),
        _refers(Finding.enterprise_id, Finding.evidence_sha256),
    )
    return session.exec(
        select(Evidence)
        .where(
            col(Evidence.enterprise_id) == enterprise_id,
            col(Evidence.erased_at).is_(None),
            col(Evidence.received_at) < now - grace,
            *(~each for each in used),
        )
        .order_by(col(Evidence.received_at), col(Evidence.sha256))
    ).all()


def remove_orphans(
    session: Session, enterprise_id: UUID, actor: Actor, now: datetime
) -> Sequence[str]:
    """Forget every orphan and queue its bytes; it is an entry of the ledger. Return their hashes."""
    lock_enterprise(session, enterprise_id)
    rows = orphans(session, enterprise_id, now)
    sha256s = [row.sha256 for row in rows]
    if not sha256s:
        return []
    for row in rows:
        count_out(session, enterprise_id, row.size)
        register_gone(session, row, REMOVED, now)
        session.delete(row)
        queue_removal(session, enterprise_id, row.sha256, now)
    event = Event("evidence.orphans_removed", LEDGER_ITSELF, {"sha256s": sha256s})
    write_event(session, enterprise_id, actor, event, now)
    return sha256s


def _refers(enterprise_id: UUID, sha256: str) -> ColumnElement[bool]:
    return (
        select(col(enterprise_id))
        .where(
            col(enterprise_id) == col(Evidence.enterprise_id),
            col(sha256) == col(Evidence.sha256),
        )
        .correlate(Evidence)
        .exists()
    )


def _is_exporting(session: Session, enterprise_id: UUID, now: datetime) -> bool:
    running = select(ExportLease.id).where(
        col(ExportLease.enterprise_id) == enterprise_id, col(ExportLease.expires_at) > now
    )
    return session.exec(running).first() is not None


def _is_had(session: Session, sha256: str) -> bool:
    had = select(Evidence.enterprise_id).where(
        col(Evidence.sha256) == sha256, col(Evidence.erased_at).is_(None)
    )
    return session.exec(had).first() is not None
