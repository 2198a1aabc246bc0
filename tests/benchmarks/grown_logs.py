"""Databases with logs that have grown: rows made by the product's own code, written in bulk.

An entry costs about 0.1 ms to seal, so the sealing runs in as many processes as there are cores.
"""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from inspection.database import make_engine
from ledger import sql
from ledger.entry import LedgerEntry, Record, seal
from ledger.merkle import append_leaf

CHUNK = 5_000
_ENTRY, _SUBTREE, _HEAD, _CHECKPOINT = (
    SQLModel.metadata.tables[table.__tablename__]
    for table in (sql.LedgerEntryRow, sql.LedgerSubtree, sql.LedgerHead, sql.LedgerCheckpoint)
)
TABLES = (_ENTRY, _SUBTREE, _HEAD, _CHECKPOINT)
PAYLOAD: dict[str, Any] = {
    "code": "PPE-01",
    "label": "head",
    "confidence": 0.8125,
    "boxes": [{"xyxy": [0.1, 0.2, 0.3, 0.4]}],
    "place": "一号车间",
}
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Grown:
    """A SQLite database set up as the server's, with `logs` of `size` entries each."""

    engine: sa.Engine
    logs: tuple[str, ...]
    size: int

    @property
    def entries(self) -> int:
        """How many entries all logs had together when they were made."""
        return len(self.logs) * self.size


def a_record(number: int) -> Record:
    """Return a record of the size of a finding."""
    data = PAYLOAD | {"number": number}
    return Record("finding.recorded", "L27", datetime(2026, 1, 1, tzinfo=UTC), "device:1", data)


def entry_row(log_id: str, entry: LedgerEntry) -> dict[str, Any]:
    """Return the row that `SqlStore.add` writes for an entry."""
    return {
        "log_id": log_id,
        "index": entry.index,
        "section": "L27",
        "header": entry.leaf.decode(),
        "leaf_hash": bytes.fromhex(entry.leaf_hash),
        "salt": entry.salt,
        "content": (entry.content or b"").decode(),
    }


def grow(path: Path, logs: Iterable[str], size: int) -> Grown:
    """Make a database in which each log has `size` entries, as that many appends would have left it."""
    engine = make_engine(f"sqlite:///{path}")
    SQLModel.metadata.create_all(engine, list(TABLES))
    names = tuple(logs)
    with ProcessPoolExecutor(os.cpu_count()) as pool, engine.connect() as connection:
        if size > CHUNK:
            parts = (part for name in names for part in _grow_long(pool, name, size))
        else:
            parts = (
                rows
                for at in range(0, len(names), 100)
                for rows in pool.map(_short, names[at : at + 100], repeat(size))
            )
        for entries, subtrees, heads in parts:
            for table, rows in ((_ENTRY, entries), (_SUBTREE, subtrees), (_HEAD, heads)):
                if rows:
                    connection.execute(sa.insert(table), rows)
            connection.commit()
    return Grown(engine, names, size)


def _grow_long(pool: ProcessPoolExecutor, log_id: str, size: int) -> Iterator[tuple[Rows, ...]]:
    edge: tuple[bytes, ...] = ()
    starts = range(0, size, CHUNK)
    # A few chunks at a time: the pool would otherwise hold the whole log in memory.
    for at in range(0, len(starts), 8):
        some = starts[at : at + 8]
        ends = [min(start + CHUNK, size) for start in some]
        for entries in pool.map(_sealed, repeat(log_id), some, ends):
            subtrees, edge = _integrated(log_id, entries, edge)
            is_last = entries[-1]["index"] == size - 1
            yield entries, subtrees, [_head_row(log_id, size, edge)] if is_last else []


def _short(log_id: str, size: int) -> tuple[Rows, Rows, Rows]:
    entries = _sealed(log_id, 0, size)
    subtrees, edge = _integrated(log_id, entries, ())
    return entries, subtrees, [_head_row(log_id, size, edge)]


def _sealed(log_id: str, start: int, end: int) -> Rows:
    indices = range(start, end)
    return [entry_row(log_id, seal(log_id, index, a_record(index))) for index in indices]


def _integrated(
    log_id: str, entries: Rows, edge: tuple[bytes, ...]
) -> tuple[Rows, tuple[bytes, ...]]:
    rows: Rows = []
    for entry in entries:
        edge, completed = append_leaf(entry["index"], edge, entry["leaf_hash"])
        rows += [
            {"log_id": log_id, "level": node.level, "position": node.position, "hash": root}
            for node, root in completed
        ]
    return rows, edge


def _head_row(log_id: str, size: int, edge: tuple[bytes, ...]) -> dict[str, Any]:
    return {"log_id": log_id, "size": size, "edge": b"".join(edge)}
