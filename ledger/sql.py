"""Logs in a SQL database: SQLite or PostgreSQL, through the caller's session.

Every table is keyed by log first, so that logs can be partitioned. Content is canonical JSON text and not a JSON
column: the log commits to its bytes. On SQLite the caller's engine begins IMMEDIATE, so that a writer holds the
database from its first statement; on PostgreSQL the head row is locked. The primary key of the entries is the
last guard: two writers that believe in the same index can't both commit.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlmodel import Field, SQLModel

from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.entry import LedgerEntry
from ledger.errors import LogCorrupt
from ledger.merkle import NodeId, Subtree
from ledger.store import Head

_HASH_BYTES = 32


def _counted(description: str) -> Any:
    return Field(
        default=0,
        sa_type=sa.BigInteger,
        sa_column_kwargs={"server_default": "0"},
        description=description,
    )


class LedgerHead(SQLModel, table=True):
    """The size of each log and the right edge of its tree: the row that a writer locks."""

    __tablename__ = "ledger_head"
    log_id: str = Field(primary_key=True, max_length=200)
    size: int = Field(sa_type=sa.BigInteger)
    edge: bytes = Field(description="32 bytes for each bit set in size, largest subtree first")
    checkpoints: int = _counted("how many were published: none can be taken away unnoticed")
    cosignatures: int = _counted("how many were taken in, one a witness and checkpoint")


class LedgerEntryRow(SQLModel, table=True):
    """One entry. `salt` and `content` become null when the content is erased."""

    __tablename__ = "ledger_entry"
    __table_args__: ClassVar[Any] = (
        sa.Index("ix_ledger_entry_section", "log_id", "section", "index"),
    )
    log_id: str = Field(primary_key=True, max_length=200)
    index: int = Field(primary_key=True, sa_type=sa.BigInteger)
    section: str = Field(max_length=64)
    header: str = Field(sa_type=sa.Text)
    leaf_hash: bytes
    salt: bytes | None = None
    content: str | None = Field(default=None, sa_type=sa.Text)


class LedgerSubtree(SQLModel, table=True):
    """The root of each perfect subtree of two or more leaves."""

    __tablename__ = "ledger_subtree"
    log_id: str = Field(primary_key=True, max_length=200)
    level: int = Field(primary_key=True)
    position: int = Field(primary_key=True, sa_type=sa.BigInteger)
    hash: bytes


class LedgerCheckpoint(SQLModel, table=True):
    """Every checkpoint that was published: a log must never sign one that contradicts them."""

    __tablename__ = "ledger_checkpoint"
    log_id: str = Field(primary_key=True, max_length=200)
    size: int = Field(primary_key=True, sa_type=sa.BigInteger)
    text: str = Field(sa_type=sa.Text)
    number: int = Field(sa_type=sa.BigInteger, description="1 is the log's first checkpoint")


_HEAD: sa.Table = SQLModel.metadata.tables["ledger_head"]
_ENTRY: sa.Table = SQLModel.metadata.tables["ledger_entry"]
_SUBTREE: sa.Table = SQLModel.metadata.tables["ledger_subtree"]
_CHECKPOINT: sa.Table = SQLModel.metadata.tables["ledger_checkpoint"]


@lru_cache(maxsize=128)
def _subtrees_query(count: int) -> sa.Select[Any]:
    """Select `count` subtrees of one log; kept, as building it costs more than running it.

    The log stands in every term, so that each one is a search of the primary key and none a scan.
    """
    terms = (
        sa.and_(
            _SUBTREE.c.log_id == sa.bindparam("log_id"),
            _SUBTREE.c.level == sa.bindparam(f"level_{at}"),
            _SUBTREE.c.position == sa.bindparam(f"position_{at}"),
        )
        for at in range(count)
    )
    columns = (_SUBTREE.c.level, _SUBTREE.c.position, _SUBTREE.c.hash)
    return sa.select(*columns).where(sa.or_(*terms))


class SqlStore:
    """Logs within the caller's transaction: executes statements, never commits."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def head(self, log_id: str) -> Head:
        """Return the head as this transaction sees it."""
        return self._read_head(log_id, for_update=False) or Head()

    def lock_head(self, log_id: str) -> Head:
        """Return the newest committed head, locked until the transaction ends."""
        head = self._read_head(log_id, for_update=True)
        if head is None:
            # Two first writers meet here: one inserts, the other waits for its commit and inserts nothing.
            statement = self._insert(_HEAD).values(log_id=log_id, size=0, edge=b"")
            self._session.execute(statement.on_conflict_do_nothing())
            head = self._read_head(log_id, for_update=True) or Head()
        return head

    def add(
        self, log_id: str, entry: LedgerEntry, head: Head, completed: Sequence[Subtree]
    ) -> None:
        """Store the entry, the subtrees that it completed and the new head."""
        row = {
            "log_id": log_id,
            "index": entry.index,
            "section": entry.header.section,
            "header": entry.leaf.decode(),
            "leaf_hash": bytes.fromhex(entry.leaf_hash),
            "salt": entry.salt,
            "content": None if entry.content is None else entry.content.decode(),
        }
        try:
            self._session.execute(sa.insert(_ENTRY).values(row))
        except IntegrityError as error:
            msg = f"log {log_id}: there is an entry {entry.index} already"
            raise LogCorrupt(msg) from error
        if completed:
            rows = [
                {"log_id": log_id, "level": node.level, "position": node.position, "hash": root}
                for node, root in completed
            ]
            self._session.execute(sa.insert(_SUBTREE), rows)
        moved = sa.update(_HEAD).where(_HEAD.c.log_id == log_id)
        self._session.execute(moved.values(size=head.size, edge=b"".join(head.edge)))

    def entries(
        self, log_id: str, start: int, limit: int, section: str | None = None
    ) -> list[LedgerEntry]:
        """Return up to `limit` entries in order, from index `start` on."""
        query = self._select_entries(log_id).where(_ENTRY.c.index >= start)
        if section is not None:
            query = query.where(_ENTRY.c.section == section)
        return self._read_entries(query.order_by(_ENTRY.c.index).limit(limit))

    def entries_at(self, log_id: str, indices: Collection[int]) -> list[LedgerEntry]:
        """Return the entries of these indices, in order, with one query; an index that is not there is left out."""
        query = self._select_entries(log_id).where(_ENTRY.c.index.in_(indices))
        return self._read_entries(query.order_by(_ENTRY.c.index))

    def nodes(self, log_id: str, ids: Collection[NodeId]) -> Mapping[NodeId, bytes]:
        """Return the roots of these perfect subtrees, with two queries at most."""
        leaves = [node.position for node in ids if node.level == 0]
        found: dict[NodeId, bytes] = {}
        if leaves:
            query = sa.select(_ENTRY.c.index, _ENTRY.c.leaf_hash).where(
                _ENTRY.c.log_id == log_id, _ENTRY.c.index.in_(leaves)
            )
            for index, root in self._session.execute(query):
                found[NodeId(0, index)] = root
        above = [node for node in ids if node.level]
        if above:
            places = {f"level_{at}": node.level for at, node in enumerate(above)}
            places |= {f"position_{at}": node.position for at, node in enumerate(above)}
            query = _subtrees_query(len(above))
            for row in self._session.execute(query, {"log_id": log_id, **places}):
                found[NodeId(row.level, row.position)] = row.hash
        if len(found) != len(set(ids)):
            msg = f"log {log_id}: a stored subtree is missing"
            raise LogCorrupt(msg)
        return found

    def add_checkpoint(self, log_id: str, checkpoint: Checkpoint) -> None:
        """Store a checkpoint under the log's next number; one of the same size is replaced, and keeps its number.

        The caller has locked the head.
        """
        of_log = _HEAD.c.log_id == log_id
        same = sa.update(_CHECKPOINT).where(
            _CHECKPOINT.c.log_id == log_id, _CHECKPOINT.c.size == checkpoint.size
        )
        replaced = self._session.execute(same.values(text=checkpoint.text))
        if cast("sa.CursorResult[Any]", replaced).rowcount:
            return
        self._session.execute(
            sa.update(_HEAD).where(of_log).values(checkpoints=_HEAD.c.checkpoints + 1)
        )
        number = sa.select(_HEAD.c.checkpoints).where(of_log).scalar_subquery()
        self._session.execute(
            sa.insert(_CHECKPOINT).values(
                log_id=log_id, size=checkpoint.size, text=checkpoint.text, number=number
            )
        )

    def latest_checkpoint(self, log_id: str, max_size: int | None = None) -> Checkpoint | None:
        """Return the largest checkpoint (not above `max_size`), if any."""
        query = sa.select(_CHECKPOINT.c.text).where(_CHECKPOINT.c.log_id == log_id)
        if max_size is not None:
            query = query.where(_CHECKPOINT.c.size <= max_size)
        text = self._session.scalar(query.order_by(_CHECKPOINT.c.size.desc()).limit(1))
        return None if text is None else parse_checkpoint(text)

    def erase(self, log_id: str, index: int) -> None:
        """Forget salt and content of an entry."""
        chosen = sa.update(_ENTRY).where(_ENTRY.c.log_id == log_id, _ENTRY.c.index == index)
        self._session.execute(chosen.values(salt=None, content=None))

    def log_ids(self) -> list[str]:
        """Return every log that was written to, sorted."""
        return sorted(self._session.scalars(sa.select(_HEAD.c.log_id)))

    def _select_entries(self, log_id: str) -> sa.Select[Any]:
        columns = ("index", "header", "leaf_hash", "salt", "content")
        return sa.select(*(_ENTRY.c[name] for name in columns)).where(_ENTRY.c.log_id == log_id)

    def _read_entries(self, query: sa.Select[Any]) -> list[LedgerEntry]:
        return [
            LedgerEntry(
                index,
                header.encode(),
                leaf_hash.hex(),
                salt,
                None if content is None else content.encode(),
            )
            for index, header, leaf_hash, salt, content in self._session.execute(query)
        ]

    def _read_head(self, log_id: str, *, for_update: bool) -> Head | None:
        query = sa.select(_HEAD.c.size, _HEAD.c.edge).where(_HEAD.c.log_id == log_id)
        row = self._session.execute(query.with_for_update() if for_update else query).one_or_none()
        if row is None:
            return None
        size, edge = row
        hashes = (edge[at : at + _HASH_BYTES] for at in range(0, len(edge), _HASH_BYTES))
        return Head(size, tuple(hashes))

    def _insert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        if self._session.get_bind().dialect.name == "postgresql":
            return postgresql.insert(table)
        return sqlite.insert(table)
