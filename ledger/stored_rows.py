"""The rows of a log as they lie in the database, for an audit: text as bytes, so that a damaged one is read as well."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.errors import LedgerError
from ledger.sql import LedgerCheckpoint, LedgerEntryRow, LedgerHead, LedgerSubtree
from ledger.vouching import LedgerAreaEntry, LedgerCosignature, LedgerKey

HEAD, ENTRY, SUBTREE, CHECKPOINT, KEY, AREA, COSIGNATURE = (
    table.metadata.tables[str(table.__tablename__)]
    for table in (
        LedgerHead,
        LedgerEntryRow,
        LedgerSubtree,
        LedgerCheckpoint,
        LedgerKey,
        LedgerAreaEntry,
        LedgerCosignature,
    )
)
UNREADABLE = (LedgerError, UnicodeDecodeError, ValueError)
_PAGE = 1000


@dataclass(frozen=True)
class Fault:
    """A row that does not hold: `place` names table, log and row, `what` says why."""

    place: str
    what: str

    def __str__(self) -> str:
        """Say both."""
        return f"{self.place}: {self.what}"


@dataclass(frozen=True)
class StoredLog:
    """What the database holds of one log, and what was found wrong with it so far."""

    session: Session
    log_id: str
    faults: list[Fault] = field(default_factory=list)

    def rows(self, table: sa.Table, names: str) -> Iterator[Any]:
        """Yield these columns of the log's rows of a table, by its key."""
        misfit = partial(self.fault, table)
        yield from stored_rows(self.session, table, names, misfit, log_id=self.log_id)

    def fault(self, table: sa.Table, row: str, what: object) -> None:
        """Note what is wrong with a row."""
        place = f"{table.name} log {self.log_id} {row}".rstrip()
        self.faults.append(Fault(place, str(what)))

    def check_numbers(self, table: sa.Table, rows: Iterable[tuple[int, str]], counted: int) -> None:
        """Note each of `rows` (number, name) whose number is not one more than that of the row before.

        counted: how many the head says there were.
        """
        expected = 1
        for number, row in rows:
            if number != expected:
                what = f"is number {number}, number {expected} belongs here: a row was taken away or put in"
                self.fault(table, row, what)
            expected = number + 1
        if counted != expected - 1:
            what = (
                f"counts {counted} rows of {table.name}, the last one here is number {expected - 1}"
            )
            self.fault(HEAD, "", what)


def stored_rows(
    session: Session,
    table: sa.Table,
    names: str,
    misfit: Callable[[str, str], None],
    **where: object,
) -> Iterator[Any]:
    """Yield these columns (their names, separated by spaces) of a table's rows, ordered by its primary key.

    A row with a value of another type than its column's is left out: `misfit` is told which row, and why. SQLite lets
    a number's column hold a text.
    """
    columns = [table.c[name] for name in names.split()]
    chosen = sa.select(*(raw(session, column) for column in columns))
    for name, value in where.items():
        chosen = chosen.where(table.c[name] == value)
    ordered = chosen.order_by(*table.primary_key.columns)
    # Closed also by whoever reads only some: PostgreSQL keeps a cursor open until then.
    with session.execute(ordered.execution_options(yield_per=_PAGE)) as found:
        for row in found:
            wrong = [c.name for c, value in zip(columns, row, strict=True) if not _fits(c, value)]
            if wrong:
                keys = (f"{c.name} {_text(row, c)}" for c in columns if c.primary_key)
                misfit(" ".join(keys), f"{', '.join(wrong)}: no {_kind(table.c[wrong[0]])}")
            else:
                yield row


def raw(session: Session, column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """Return a column as its bytes where its type would refuse, or hide, what is damaged; else as it is.

    SQLite keeps ids and times as text too, and any value in any column: one of the wrong type becomes one that
    `_fits` refuses.
    """
    kind = _kind(column)
    if session.get_bind().dialect.name != "sqlite":
        kept_as = column.type.impl if isinstance(column.type, sa.TypeDecorator) else column.type
        is_text = isinstance(kept_as, sa.String)
        if not is_text:
            return column
        return sa.func.convert_to(column, "UTF8", type_=sa.LargeBinary).label(column.name)
    value = sa.cast(column, sa.LargeBinary) if kind == "text" else column
    refused: sa.ColumnElement[Any] = sa.literal_column("x''" if kind == "integer" else "0")
    found = sa.case(
        (sa.func.typeof(column) == kind, value),
        (column.is_(None), sa.null()),
        else_=refused,
    )
    return sa.type_coerce(found, sa.types.NullType()).label(column.name)


def _kind(column: sa.Column[Any]) -> str:
    """Return how SQLite stores what belongs in a column."""
    if isinstance(column.type, sa.Integer):
        return "integer"
    return "blob" if isinstance(column.type, sa.LargeBinary) else "text"


def _fits(column: sa.Column[Any], value: object) -> bool:
    if value is None:
        return bool(column.nullable)
    return isinstance(value, int) == (_kind(column) == "integer")


def _text(row: Any, column: sa.Column[Any]) -> str:
    value = getattr(row, column.name)
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)


def same(what: str, actual: object, expected: object) -> None:
    """Raise ValueError, saying both, unless they are equal."""
    if expected != actual:
        msg = f"{what}: expected {expected!r}, got {actual!r}"
        raise ValueError(msg)
