"""Tamper with what a server has stored, one change at a time, and count what the keeper's audit finds and names.

Kinds: a flipped bit, a deleted row, two swapped rows, a row added under another key, a log put back to an older state.
A fault *names* a change when it names the table and the log (or enterprise); *by its row* when it also gives the row's own
key or number.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import DataError, IntegrityError
from sqlmodel import Session

from api.audit_desk import AuditDesk
from inspection.stores import MemoryStore
from inspection.tables import Evidence
from ledger.checkpoint import Checkpoint
from ledger.merkle import append_leaf
from ledger.sql import SqlStore
from ledger.store import Head
from ledger.stored_rows import AREA, CHECKPOINT, COSIGNATURE, ENTRY, HEAD, KEY, SUBTREE, Fault
from tests.builders import Town

EVIDENCE: sa.Table = Evidence.metadata.tables["evidence"]
TABLES = (HEAD, ENTRY, SUBTREE, CHECKPOINT, KEY, AREA, COSIGNATURE, EVIDENCE)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass
class World:
    """A town whose ledgers have grown, within one open transaction."""

    session: Session
    town: Town
    store: MemoryStore
    public_keys: list[bytes]

    def faults(self, *seen: Checkpoint) -> list[Fault]:
        """Audit everything."""
        desk = AuditDesk(self.session, self.store, self.public_keys, seen)
        reports = list(desk.audit(None, lambda *_: None))
        return [*(fault for report in reports for fault in report.faults), *desk.strays()]

    def try_out(self, tamper: Callable[[], object]) -> list[Fault]:
        """Audit what `tamper` leaves, then put everything back."""
        undo = self.session.begin_nested()
        try:
            tamper()
            return self.faults()
        finally:
            undo.rollback()
            self.session.expunge_all()

    def run(self, statement: str, **values: object) -> None:
        """Execute SQL."""
        self.session.execute(sa.text(statement), values)

    @property
    def is_sqlite(self) -> bool:
        """Whether any bytes may stand in any column."""
        return self.session.get_bind().dialect.name == "sqlite"


def roll_back(world: World, log_id: str, size: int) -> None:
    """Make a log as it was at `size`, everything that it says of itself included."""
    store = SqlStore(world.session)
    kept = store.entries(log_id, 0, size)
    for table in ("ledger_entry", "ledger_subtree", "ledger_head"):
        world.run(f"DELETE FROM {table} WHERE log_id = :id", id=log_id)  # noqa: S608
    world.run(
        "DELETE FROM ledger_checkpoint WHERE log_id = :id AND size > :size", id=log_id, size=size
    )
    store.lock_head(log_id)
    head = store.head(log_id)
    for entry in kept:
        edge, completed = append_leaf(head.size, head.edge, bytes.fromhex(entry.leaf_hash))
        head = Head(head.size + 1, edge)
        store.add(log_id, entry, head, completed)


def flipped(value: int | bytes, chance: random.Random) -> int | bytes:
    """Return the value with one bit changed; an integer has 64."""
    if isinstance(value, int):
        raw = bytearray(value.to_bytes(8, "big", signed=True))
        raw[chance.randrange(8)] ^= 1 << chance.randrange(8)
        return int.from_bytes(raw, "big", signed=True)
    raw = bytearray(value)
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return bytes(raw)


def damaged(value: Any, chance: random.Random) -> Any:
    """Return a value with one bit changed, of the same type. Raises ValueError where the type has no such value."""
    match value:
        case UUID():
            return UUID(bytes=bytes(flipped(value.bytes, chance)))  # type: ignore[arg-type]
        case datetime():
            moved = flipped((value - _EPOCH) // _MICROSECOND, chance)
            try:
                return _EPOCH + moved * _MICROSECOND  # type: ignore[operator]
            except OverflowError as error:
                raise ValueError(str(error)) from error
        case str():
            return bytes(flipped(value.encode(), chance)).decode()  # type: ignore[arg-type]
        case _:
            return flipped(value, chance)


@dataclass
class Hunt:
    """Tampers at random, reproducibly, and counts by what was done to which table.

    refused: changes that the database itself does not store; missed: what nobody found, or found elsewhere.
    """

    world: World
    seed: int
    tried: Counter[str] = field(default_factory=Counter)
    by_row: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read every row as it is before."""
        self._chance = random.Random(self.seed)  # noqa: S311  to repeat it
        read = self.world.session.execute
        self.rows = {table: list(read(sa.select(table)).all()) for table in TABLES}

    def flip(self, count: int) -> None:
        """Flip single bits of stored values and of files, each table as often as any other."""
        done = 0
        while done < count:
            table = self._chance.choice([*TABLES, None])
            done += self._flip_file() if table is None else self._flip_value(table)

    def delete(self, most: int) -> None:
        """Delete rows all over each table, and files of the store, `most` of each."""
        for table in TABLES:
            for row in self._sample(self.rows[table], most):
                gone = sa.delete(table).where(*_own(table, row))
                self._execute("delete", table, row, gone)
        for name in self._sample(sorted(self.world.store._blobs), most):
            self._change_file("delete", name, None)

    def swap(self, most: int) -> None:
        """Let two rows of one log change places, all columns but the key; and two files."""
        for table in TABLES:
            names = [c.name for c in table.columns if not c.primary_key]
            if names:
                for one, other in self._pairs(table, names, most):
                    self._swap(table, names, one, other)
        blobs = self.world.store._blobs
        for _ in range(most):
            one, other = self._chance.sample(sorted(blobs), 2)
            self._change_file("swap", one, blobs[other])

    def insert(self, most: int) -> None:
        """Add a row's twin under another key."""
        for table in TABLES:
            last = list(table.primary_key.columns)[-1]
            for row in self._sample(self.rows[table], most):
                key = getattr(row, last.name)
                other = f"{key[1:]}{key[0]}x" if isinstance(key, str) else key + 1000
                twin = {**row._mapping, last.name: other}
                self._execute(
                    "insert", table, SimpleNamespace(**twin), sa.insert(table).values(twin)
                )

    def roll_back(self, logs: Sequence[tuple[str, int]], most: int) -> None:
        """Put logs (id, below which size) back to random older sizes, everything that they say of themselves included."""
        for log_id, below in logs:
            for size in self._sample(range(1, below), most):
                faults = self.world.try_out(lambda i=log_id, s=size: roll_back(self.world, i, s))  # type: ignore[misc]
                self._count("roll back", "log", [log_id], ["rolled back", "is missing"], faults)

    def figures(self) -> str:
        """Say what was tried, by kind and table, how much of it the audit named, and how much by its row."""
        lines = [f"seed {self.seed}"]
        for what in sorted(self.tried):
            bad = sum(one.startswith(f"{what}:") for one in self.missed)
            said = f"{self.tried[what]} tried, {self.tried[what] - bad} found and named, {self.by_row[what]} by their row"
            lines.append(f"  {what}: {said}, {self.refused[what]} not stored by the database")
        total, missed = self.tried.total(), len(self.missed)
        lines.append(f"all: {total} tried, {total - missed} found and named")
        return "\n".join(lines)

    def _flip_value(self, table: sa.Table) -> int:
        row, column = self._chance.choice(self.rows[table]), self._chance.choice([*table.columns])
        own = _own(table, row)
        is_text = self.world.is_sqlite and not isinstance(column.type, (sa.Integer, sa.LargeBinary))
        read = sa.cast(column, sa.LargeBinary) if is_text else column
        value = self.world.session.execute(sa.select(read).where(*own)).scalar_one()
        if value in (None, "", b""):
            return 0
        try:
            new = (flipped if self.world.is_sqlite else damaged)(value, self._chance)
        except ValueError:
            self.refused[f"flip {table.name}"] += 1
            return 0
        put = sa.cast(sa.literal(new, sa.LargeBinary()), sa.Text) if is_text else new
        return self._execute(
            "flip", table, row, sa.update(table).where(*own).values({column: put}), column.name
        )

    def _flip_file(self) -> int:
        name = self._chance.choice(sorted(self.world.store._blobs))
        new = flipped(self.world.store._blobs[name], self._chance)
        return self._change_file("flip", name, bytes(new))  # type: ignore[arg-type]

    def _swap(self, table: sa.Table, names: Sequence[str], one: Any, other: Any) -> None:
        def swap() -> None:
            for here, there in ((one, other), (other, one)):
                values = {table.c[name]: getattr(there, name) for name in names}
                self.world.session.execute(
                    sa.update(table).where(*_own(table, here)).values(values)
                )

        self._try("swap", table, one, swap)

    def _pairs(self, table: sa.Table, names: Sequence[str], most: int) -> Iterator[tuple[Any, Any]]:
        owner, rows = next(iter(table.primary_key.columns)).name, self.rows[table]
        pairs = [
            (one, other)
            for number, one in enumerate(rows)
            for other in rows[:number]
            if getattr(one, owner) == getattr(other, owner)
            and any(getattr(one, name) != getattr(other, name) for name in names)
        ]
        yield from self._sample(pairs, most)

    def _sample(self, found: Sequence[Any], most: int) -> Sequence[Any]:
        return self._chance.sample(found, min(most, len(found)))

    def _execute(
        self, kind: str, table: sa.Table, row: Any, change: sa.Executable, column: str = ""
    ) -> int:
        return self._try(
            kind, table, row, lambda: self.world.session.execute(change), column=column
        )

    def _try(
        self,
        kind: str,
        table: sa.Table,
        row: Any,
        tamper: Callable[[], object],
        column: str = "",
    ) -> int:
        try:
            faults = self.world.try_out(tamper)
        except (DataError, IntegrityError):
            # No such value can be stored, or a row of that key is there already.
            self.refused[f"{kind} {table.name}"] += 1
            return 0
        owner, keys = _names(table, row)
        self._count(kind, table.name, [table.name, *owner], keys, faults, f"{row} {column}")
        return 1

    def _change_file(self, kind: str, name: str, data: bytes | None) -> int:
        blobs = self.world.store._blobs
        whole = blobs.pop(name)
        if data is not None:
            blobs[name] = data
        try:
            faults = self.world.faults()
        finally:
            blobs[name] = whole
        self._count(kind, "bytes of evidence", ["evidence"], [name], faults, name)
        return 1

    def _count(
        self,
        kind: str,
        table: str,
        owner: Sequence[str],
        keys: Sequence[str],
        faults: Sequence[Fault],
        detail: str = "",
    ) -> None:
        what = f"{kind} {table}"
        self.tried[what] += 1
        said = [text for fault in faults if all(name in (text := str(fault)) for name in owner)]
        if not said:
            self.missed.append(f"{what}: {detail}: {[str(fault) for fault in faults]}")
        self.by_row[what] += any(key in text for text in said for key in keys)


def _own(table: sa.Table, row: Any) -> Sequence[sa.ColumnElement[bool]]:
    return [key == getattr(row, key.name) for key in table.primary_key.columns]


def _names(table: sa.Table, row: Any) -> tuple[Sequence[str], Sequence[str]]:
    """Return what a fault must say to name a row's log or enterprise, and what of it names the row itself."""
    if table is EVIDENCE:
        return [], [row.sha256]
    if table is AREA:
        return [row.area_log_id], [f"of {row.log_id} size {row.size} index {row.index}"]
    keys = {
        ENTRY: lambda: [f"index {row.index}:", f"entry {row.index} "],
        SUBTREE: lambda: [f"level {row.level} position {row.position}:"],
        CHECKPOINT: lambda: [f"size {row.size}:", f"number {row.number} "],
        COSIGNATURE: lambda: [f"size {row.size}:", f"number {row.number} "],
        KEY: lambda: [f"number {row.number}", "keys, and"],
        HEAD: lambda: [row.log_id],
    }
    return [row.log_id], keys[table]()
