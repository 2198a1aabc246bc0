"""How many bytes of evidence an enterprise keeps, counted as they come and go, and the bound on them (OWASP ASVS 12.1.3).

The counter is a row of its own: what an upload costs does not grow with what is kept. Whoever changes it holds its row until their
transaction ends, so of uploads at once only those that fit are taken. Its lock comes after the evidence's and before the register's, always.
"""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import Update, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from inspection.errors import EvidenceQuotaReached
from inspection.tables import EvidenceUsage

_INSERTS: dict[str, Callable[..., sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


def used_bytes(session: Session, enterprise_id: UUID) -> int:
    """Return how many bytes of evidence an enterprise keeps."""
    row = session.get(EvidenceUsage, enterprise_id, populate_existing=True)
    return 0 if row is None else row.used_bytes


def require_room(session: Session, enterprise_id: UUID, size: int, quota: int | None) -> None:
    """Raise `EvidenceQuotaReached` unless so many bytes more fit, as it looks now: before anything is received. None: no bound."""
    used = used_bytes(session, enterprise_id)
    if quota is not None and used + size > quota:
        raise EvidenceQuotaReached(used, size, quota)


def count_in(session: Session, enterprise_id: UUID, size: int, quota: int | None) -> None:
    """Count bytes that come in, in the transaction that records them. Raises `EvidenceQuotaReached`; nothing is counted then."""
    insert = _INSERTS[session.get_bind().dialect.name]
    session.exec(
        insert(EvidenceUsage)
        .values(enterprise_id=enterprise_id, used_bytes=0)
        .on_conflict_do_nothing()
    )
    mine = update(EvidenceUsage).where(col(EvidenceUsage.enterprise_id) == enterprise_id)
    if quota is not None:
        mine = mine.where(col(EvidenceUsage.used_bytes) + size <= quota)
    if not _add(session, mine, size):
        raise EvidenceQuotaReached(used_bytes(session, enterprise_id), size, quota or 0)


def count_out(session: Session, enterprise_id: UUID, size: int) -> None:
    """Count bytes that go, in the transaction that erases them."""
    mine = update(EvidenceUsage).where(col(EvidenceUsage.enterprise_id) == enterprise_id)
    _add(session, mine, -size)


def _add(session: Session, mine: Update, size: int) -> bool:
    changed = mine.values(used_bytes=col(EvidenceUsage.used_bytes) + size)
    return session.exec(changed.execution_options(synchronize_session=False)).rowcount == 1
