"""What ledger entries are found by: derived from the ledger, and made again from it at any time.

The pieces of the text are kept where the database finds them fast, in `entry_pieces`: an FTS5 table on SQLite, a
table with a GIN index on PostgreSQL. The two have no common definition, so each is made by its own statements.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DDL, BigInteger, Index, Table, Text, event
from sqlmodel import Field, SQLModel

from inspection.columns import UtcTime

PIECES = "entry_pieces"
# What was appended lately waits in a list that every search reads from end to end: at PostgreSQL's own 4 MB that took
# thirty times as long as the search, and made the index look dear beside reading the table.
PENDING_KB = 256
# SQLite: no copy of the text (content), no positions (detail), no sizes: nothing here is ranked.
_MAKE_PIECES = {
    "sqlite": (
        f"CREATE VIRTUAL TABLE {PIECES} USING fts5"
        " (pieces, content='', columnsize=0, detail=none, tokenize='ascii')",
    ),
    "postgresql": (
        f"CREATE TABLE {PIECES} (enterprise_id uuid NOT NULL, entry_index bigint NOT NULL,"
        " pieces text[] NOT NULL, PRIMARY KEY (enterprise_id, entry_index))",
        f"CREATE INDEX ix_{PIECES} ON {PIECES} USING gin (pieces)"
        f" WITH (gin_pending_list_limit = {PENDING_KB})",
    ),
}


class EntryFacts(SQLModel, table=True):
    """One entry. Where the content was erased, only section, kind and time are left."""

    __tablename__ = "entry_facts"
    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    entry_index: int = Field(primary_key=True, sa_type=BigInteger)
    section: str = Field(max_length=64)
    kind: str = Field(max_length=128)
    at: datetime = Field(sa_type=UtcTime)
    hazard_code: str | None = Field(default=None, max_length=64)
    level: str | None = Field(default=None, max_length=64)
    state: str | None = Field(default=None, max_length=64)
    source: str | None = Field(default=None, max_length=64)
    item_id: str | None = Field(default=None, max_length=64)
    text: str = Field(default="", sa_type=Text, description="folded")
    is_erased: bool = False
    __table_args__ = (
        Index("ix_entry_facts_section", "enterprise_id", "section", "entry_index"),
        Index("ix_entry_facts_item", "enterprise_id", "item_id", "entry_index"),
        Index("ix_entry_facts_at", "enterprise_id", "at"),
    )


class EntryEvidence(SQLModel, table=True):
    """An entry that is not erased has this evidence attached."""

    __tablename__ = "entry_evidence"
    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    sha256: str = Field(primary_key=True, max_length=64)
    entry_index: int = Field(primary_key=True, sa_type=BigInteger)
    __table_args__ = (Index("ix_entry_evidence_entry", "enterprise_id", "entry_index"),)


class IndexMark(SQLModel, table=True):
    """How far an enterprise's ledger is indexed. `number` stands for the enterprise in SQLite's row numbers."""

    __tablename__ = "entry_index_mark"
    enterprise_id: UUID = Field(primary_key=True, foreign_key="enterprise.id")
    number: int
    next_index: int = Field(sa_type=BigInteger)


def _make_with(table: Table) -> None:
    """Whoever makes the tables from the metadata gets the index of text too."""
    for dialect, statements in _MAKE_PIECES.items():
        for statement in statements:
            event.listen(table, "after_create", _ddl(statement).execute_if(dialect=dialect))
    event.listen(table, "before_drop", _ddl(f"DROP TABLE IF EXISTS {PIECES}"))


def _ddl(statement: str) -> DDL:
    return DDL(statement)  # type: ignore[no-untyped-call]  # SQLAlchemy leaves one argument without a type


_make_with(EntryFacts.__table__)  # type: ignore[attr-defined]  # SQLModel sets it
