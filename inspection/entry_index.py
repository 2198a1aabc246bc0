"""Keeping what entries are found by: in the transaction of the append, or caught up later where that was missed.

An entry is indexed in its turn and never before the one ahead of it, so `IndexMark.next_index` says all. Whoever
appends by another way leaves the mark behind; `catch_up` brings it on, a batch a transaction, wherever it stands.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, func, select

from inspection.entry_text import EntrySummary
from inspection.pieces import add_pieces, drop_pieces, is_postgres
from inspection.tables import Enterprise
from inspection.tables.search import EntryEvidence, EntryFacts, IndexMark
from ledger import log
from ledger.entry import LedgerEntry
from ledger.sql import LedgerHead, SqlStore

BATCH = 500


def index_appended(session: Session, enterprise_id: UUID, entry: LedgerEntry) -> None:
    """Index an entry that was just appended; nothing happens when entries before it still wait for `catch_up`."""
    if entry.index == 0:
        _begin(session, enterprise_id)
    moved = session.execute(
        update(IndexMark)
        .where(
            col(IndexMark.enterprise_id) == enterprise_id, col(IndexMark.next_index) == entry.index
        )
        .values(next_index=entry.index + 1)
        .returning(col(IndexMark.number))
    ).one_or_none()
    if moved is not None:
        mark = IndexMark(enterprise_id=enterprise_id, number=moved[0], next_index=entry.index + 1)
        _add(session, mark, [entry])


def catch_up(session: Session, enterprise_id: UUID, limit: int = BATCH) -> int:
    """Index up to `limit` entries that are not indexed yet; return how many. Appends wait until it is committed."""
    _begin(session, enterprise_id)
    mark = session.exec(
        select(IndexMark)
        .where(col(IndexMark.enterprise_id) == enterprise_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    entries = log.entries(SqlStore(session), str(enterprise_id), mark.next_index, limit)
    _add(session, mark, entries)
    mark.next_index += len(entries)
    session.flush()
    return len(entries)


def forget_index(session: Session, enterprise_id: UUID) -> None:
    """Empty an enterprise's index, so that `catch_up` makes it anew."""
    mark = mark_of(session, enterprise_id)
    if mark is None:
        return
    mine = col(EntryFacts.enterprise_id) == enterprise_id
    for index, text in session.exec(select(EntryFacts.entry_index, EntryFacts.text).where(mine)):
        drop_pieces(session, mark, index, text)
    session.execute(delete(EntryFacts).where(mine))
    session.execute(delete(EntryEvidence).where(col(EntryEvidence.enterprise_id) == enterprise_id))
    mark.next_index = 0
    session.flush()


def forget_entry(session: Session, enterprise_id: UUID, index: int) -> None:
    """Take an erased entry's content out of the index, in the transaction that erases it; the caller holds the lock."""
    mark = mark_of(session, enterprise_id)
    facts = session.get(EntryFacts, (enterprise_id, index))
    if mark is None or facts is None:
        # Not indexed yet: when it is, its content is gone.
        return
    drop_pieces(session, mark, index, facts.text)
    facts.hazard_code = facts.level = facts.state = facts.source = facts.item_id = None
    facts.text, facts.is_erased = "", True
    mine = (
        col(EntryEvidence.enterprise_id) == enterprise_id,
        col(EntryEvidence.entry_index) == index,
    )
    session.execute(delete(EntryEvidence).where(*mine))
    session.flush()


def mark_of(session: Session, enterprise_id: UUID) -> IndexMark | None:
    """Return how far an enterprise is indexed; None before its first entry."""
    return session.get(IndexMark, enterprise_id, populate_existing=True)


def behind(session: Session) -> Sequence[UUID]:
    """Return the enterprises whose ledger has entries that are not indexed."""
    indexed = dict(session.exec(select(IndexMark.enterprise_id, IndexMark.next_index)).all())
    sizes = dict(session.exec(select(LedgerHead.log_id, LedgerHead.size)).all())
    known = session.exec(select(Enterprise.id)).all()
    return [key for key in known if sizes.get(str(key), 0) > indexed.get(key, 0)]


def _begin(session: Session, enterprise_id: UUID) -> None:
    dialect = postgresql if is_postgres(session) else sqlite
    number = select(func.coalesce(func.max(col(IndexMark.number)), 0) + 1).scalar_subquery()
    session.execute(
        dialect.insert(IndexMark)
        .values(enterprise_id=enterprise_id, number=number, next_index=0)
        .on_conflict_do_nothing()
    )


def _add(session: Session, mark: IndexMark, entries: Sequence[LedgerEntry]) -> None:
    if not entries:
        return
    summaries = [(entry.index, EntrySummary.from_entry(entry)) for entry in entries]
    rows = [
        {"enterprise_id": mark.enterprise_id, "entry_index": index, **vars(summary)}
        for index, summary in summaries
    ]
    session.execute(insert(EntryFacts), rows)
    evidence = [
        {"enterprise_id": mark.enterprise_id, "sha256": sha256, "entry_index": entry.index}
        for entry in entries
        for sha256 in {a.sha256 for a in (entry.record.attachments if entry.record else ())}
    ]
    if evidence:
        session.execute(insert(EntryEvidence), evidence)
    add_pieces(session, mark, [(index, summary.text) for index, summary in summaries])
