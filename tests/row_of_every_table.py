"""One made-up row in every table of the program, each referring to the others' as the foreign keys say."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from api.database import METADATA
from inspection.database import tell_enterprises

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ENTERPRISE = UUID(int=7)
# What a migration reads, and so must be of its form.
_READ: Mapping[tuple[str, str], Any] = {
    ("enterprise", "id"): ENTERPRISE,
    ("evidence", "media_type"): "image/jpeg",
    ("ledger_entry", "index"): 0,
    ("ticket_step", "action"): "assign",
    ("ticket_step", "entry_index"): 0,
    ("ledger_entry", "log_id"): str(ENTERPRISE),
    ("ledger_entry", "content"): f'{{"data": {{"assignee": "user:{UUID(int=1)}"}}}}',
    ("ledger_entry", "header"): f'{{"at": "{AT.isoformat()}"}}',
}
_BY_TYPE: Mapping[type[Any], Any] = {
    int: 1,
    bool: True,
    float: 0.5,
    bytes: b"\x01" * 32,
    datetime: AT,
    date: AT.date(),
    UUID: UUID(int=1),
}


def fill_every_table(connection: sa.Connection) -> list[str]:
    """Insert the rows; return the names of the tables, those that others refer to first."""
    tell_enterprises(connection, None)
    rows: dict[str, dict[str, Any]] = {}
    for table in METADATA.sorted_tables:
        rows[table.name] = row = {}
        for column in table.columns:
            row[column.name] = _value(column, rows)
        connection.execute(table.insert().values(row))
    return list(rows)


def _value(column: sa.Column[Any], rows: Mapping[str, Mapping[str, Any]]) -> Any:
    for key in column.foreign_keys:
        target = key.column
        # A row that refers to its own table refers to itself; its key comes first.
        if target.name in rows[target.table.name]:
            return rows[target.table.name][target.name]
    read = _READ.get((column.table.name, column.name))
    if read is not None:
        return read
    kind = column.type.impl_instance if isinstance(column.type, sa.TypeDecorator) else column.type
    if isinstance(kind, sa.Enum):
        return next(iter(kind.python_type))
    if isinstance(kind, sa.String):
        return "a" * min(kind.length or 64, 64)
    if isinstance(kind, sa.JSON):
        return {}
    if column.name == "enterprise_id":
        return ENTERPRISE
    return _BY_TYPE[kind.python_type]
