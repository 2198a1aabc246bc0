"""The rows of a log as they lie in the database, for an audit: text as bytes, so that a damaged one is read as well."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

_PAGE = 1000


def stored_rows(session: Session, table: sa.Table, names: str, **where: object) -> Iterator[Any]:
    """Yield these columns (their names, separated by spaces) of a table's rows, ordered by its primary key."""
    chosen = sa.select(*(raw(session, table.c[name]) for name in names.split()))
    for name, value in where.items():
        chosen = chosen.where(table.c[name] == value)
    ordered = chosen.order_by(*table.primary_key.columns)
    yield from session.execute(ordered.execution_options(yield_per=_PAGE))


def raw(session: Session, column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """Return a column as its bytes where its type would refuse, or hide, what is damaged; else as it is.

    SQLite keeps ids and times as text too.
    """
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    is_text = isinstance(column.type, sa.String)
    if is_sqlite and not isinstance(column.type, (sa.Integer, sa.LargeBinary)):
        return sa.cast(column, sa.LargeBinary)
    return sa.func.convert_to(column, "UTF8", type_=sa.LargeBinary) if is_text else column
