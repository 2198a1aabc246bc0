"""The index of text in both databases: SQLite's FTS5, PostgreSQL's GIN. One interface, one table name.

On SQLite a row's number is the enterprise's number and the entry's index in one, so that a search within one
enterprise is a range of row numbers and its newest hit comes first without sorting.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlmodel import Session

from inspection.entry_text import pieces_asked, pieces_of
from inspection.tables.search import PIECES, EntryFacts, IndexMark

INDEX_BITS = 40
FIRST_SPAN, SPAN_GROWTH = 4096, 8
_LITE = sa.table(PIECES, sa.column("rowid", sa.BigInteger), sa.column("pieces", sa.Text))
_POSTGRES = sa.table(
    PIECES,
    sa.column("enterprise_id", sa.Uuid),
    sa.column("entry_index", sa.BigInteger),
    sa.column("pieces", postgresql.ARRAY(sa.Text)),
)
_FACTS: sa.Table = EntryFacts.__table__  # type: ignore[attr-defined]  # SQLModel sets it


def is_postgres(session: Session) -> bool:
    """Return which of the two databases this is."""
    return session.get_bind().dialect.name == "postgresql"


def add_pieces(session: Session, mark: IndexMark, texts: Sequence[tuple[int, str]]) -> None:
    """Index folded texts by entry index; an empty one needs nothing."""
    texts = [(index, text) for index, text in texts if text]
    if not texts:
        return
    if is_postgres(session):
        rows: list[dict[str, Any]] = [
            {
                "enterprise_id": mark.enterprise_id,
                "entry_index": index,
                "pieces": sorted(pieces_of(text) | {_of_enterprise(mark.enterprise_id)}),
            }
            for index, text in texts
        ]
        session.execute(sa.insert(_POSTGRES), rows)
        return
    rows = [{"rowid": _row(mark, index), "pieces": _line(text)} for index, text in texts]
    session.execute(sa.insert(_LITE), rows)


def drop_pieces(session: Session, mark: IndexMark, index: int, text: str) -> None:
    """Take an entry's text out of the index; it must be the text that was put in."""
    if not text:
        return
    if is_postgres(session):
        session.execute(
            sa.delete(_POSTGRES).where(
                _POSTGRES.c.enterprise_id == mark.enterprise_id, _POSTGRES.c.entry_index == index
            )
        )
        return
    # FTS5 keeps no copy of what it indexed, so it is told what to take out.
    command = sa.text(
        f"INSERT INTO {PIECES} ({PIECES}, rowid, pieces) VALUES ('delete', :row, :pieces)"  # noqa: S608  a constant
    )
    session.execute(command, {"row": _row(mark, index), "pieces": _line(text)})


def merge_pieces(session: Session) -> None:
    """Rewrite SQLite's index without what was taken out: until then its old segments still hold those pieces."""
    if not is_postgres(session):
        session.execute(sa.text(f"INSERT INTO {PIECES} ({PIECES}) VALUES ('optimize')"))  # noqa: S608  a constant


def having(
    session: Session,
    query: sa.Select[Any],
    mark: IndexMark,
    terms: Iterable[str],
    within: range | None = None,
) -> sa.Select[Any]:
    """Return a query of `EntryFacts` with the condition that the text holds every term; PostgreSQL looks `within` indices only."""
    terms = tuple(terms)
    asked = set[str]().union(*map(pieces_asked, terms))
    long = [term for term in terms if len(term) > 2]
    if is_postgres(session):
        return _having_postgres(query, mark, asked, long, within)
    query = query.where(*(_FACTS.c.text.contains(term, autoescape=True) for term in long))
    first = _row(mark, 0)
    match = " AND ".join(f'"{piece}"' for piece in sorted(asked))
    return query.join(_LITE, _FACTS.c.entry_index == _LITE.c.rowid - first).where(
        sa.literal_column(PIECES).op("MATCH")(match),
        _LITE.c.rowid.between(first, _row(mark, 1 << INDEX_BITS) - 1),
    )


def _having_postgres(
    query: sa.Select[Any], mark: IndexMark, asked: set[str], long: list[str], within: range | None
) -> sa.Select[Any]:
    """Ask the GIN index first, then the facts, then compare texts: each step is done before the next one begins.

    Left to itself, PostgreSQL takes the comparison of a whole text for as cheap as one of two numbers, and a page of 51
    for found soon; it then reads every text for a word that few entries have.
    """
    conditions = [
        _POSTGRES.c.enterprise_id == mark.enterprise_id,
        _POSTGRES.c.pieces.contains(sorted(asked | {_of_enterprise(mark.enterprise_id)})),
    ]
    if within is not None:
        ends = within.start, within.stop - 1
        conditions.append(_POSTGRES.c.entry_index.between(*ends))
        query = query.where(_FACTS.c.entry_index.between(*ends))
    hits = _done_first(sa.select(_POSTGRES.c.entry_index).where(*conditions), "hits")
    query = query.join(hits, hits.c.entry_index == _FACTS.c.entry_index)
    if not long:
        # The pieces are the whole of what was asked: no text is read, and none kept aside to be compared.
        return query
    told = _done_first(query.add_columns(_FACTS.c.text.label("whole")), "told")
    shown = [column for column in told.c if column.key != "whole"]
    return sa.select(*shown).where(*(told.c.whole.contains(term, autoescape=True) for term in long))


def spans(whole: range, *, oldest_first: bool) -> Iterator[range]:
    """Yield a ledger's indices in the order of a page, part by part, each `SPAN_GROWTH` times as long as the one before.

    So a word that many entries have is found in the first part, and one that few have takes few questions.
    """
    length, left = FIRST_SPAN, whole
    while left:
        part = left[:length] if oldest_first else left[-length:]
        yield part
        left = left[length:] if oldest_first else left[:-length]
        length *= SPAN_GROWTH


def by_index(
    session: Session, query: sa.Select[Any], *, with_text: bool, mark: IndexMark
) -> tuple[Any, int]:
    """Return the column that orders a query's hits by index, and what to add to an index to compare with it."""
    if with_text and not is_postgres(session):
        return _LITE.c.rowid, _row(mark, 0)
    return query.selected_columns["entry_index"], 0


def _done_first(query: sa.Select[Any], name: str) -> sa.CTE:
    return query.cte(name).prefix_with("MATERIALIZED", dialect="postgresql")


def _row(mark: IndexMark, index: int) -> int:
    return (mark.number << INDEX_BITS) + index


def _line(text: str) -> str:
    return " ".join(sorted(pieces_of(text)))


def _of_enterprise(enterprise_id: UUID) -> str:
    return f"e{enterprise_id.hex}"
