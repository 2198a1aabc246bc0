"""The schema: Alembic's migrations, run by the program itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlmodel
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import IntegrityError

import inspection.tables
import ledger.sql
import ledger.vouching
from api.row_security import protect_rows, unprotected
from inspection.database import tell_enterprises
from inspection.tables.search import PIECES

MIGRATIONS = Path(__file__).parent / "migrations"
UPGRADE_LOCK = 0x616E78756E
# Importing them fills the metadata.
TABLES = (inspection.tables, ledger.sql, ledger.vouching)
METADATA = sqlmodel.SQLModel.metadata


def upgrade_database(engine: Engine) -> None:
    """Bring the database to the newest schema; nothing happens when it is there already."""
    if _is_newest(engine):
        # Every command asks; to check all rows' references each time would take long on a large database.
        return
    with migrating(engine) as connection:
        if engine.dialect.name == "postgresql":
            # Several servers may start at once; the lock ends with the transaction.
            connection.execute(select(func.pg_advisory_xact_lock(UPGRADE_LOCK)))
        command.upgrade(alembic_config(connection), "head")
        protect_rows(connection, METADATA)


def _is_newest(engine: Engine) -> bool:
    with engine.connect() as connection:
        there = MigrationContext.configure(connection).get_current_heads()
        script = ScriptDirectory.from_config(alembic_config(connection))
        is_newest = set(there) == set(script.get_heads())
        return is_newest and not unprotected(connection, METADATA)


@contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """Yield a connection within a transaction that may change tables to which rows of others refer.

    SQLite changes a table by copying it and dropping the old one, and with its foreign keys on, a drop deletes the
    rows first: whatever refers to them fails. So they rest, and all of them are checked before the commit, as
    https://www.sqlite.org/lang_altertable.html#otheralter says.

    Raises `sqlalchemy.exc.IntegrityError` when a row refers to nothing afterwards; then nothing has changed.
    """
    if engine.dialect.name != "sqlite":
        with engine.begin() as connection:
            # A step may move rows of every enterprise.
            tell_enterprises(connection, None)
            yield connection
        return
    with engine.connect() as connection:
        # Within a transaction the setting would be ignored, so it goes to the driver, which begins none.
        driver = connection.connection.cursor()
        driver.execute("PRAGMA foreign_keys = OFF")
        try:
            with connection.begin():
                yield connection
                _check_references(connection)
        finally:
            driver.execute("PRAGMA foreign_keys = ON")
            driver.close()


def _check_references(connection: Connection) -> None:
    check = "PRAGMA foreign_key_check"
    orphans = connection.exec_driver_sql(check).all()
    if orphans:
        pairs = {f"{table} refers to {parent}" for table, _, parent, _ in orphans}
        tables = ", ".join(sorted(pairs))
        raise IntegrityError(check, None, ValueError(f"rows refer to nothing: {tables}"))


def is_described(name: str | None, kind: str, _parents: object) -> bool:
    """Return whether Alembic compares a table with the program's: the index of text has no common description."""
    return kind != "table" or not (name or "").startswith(PIECES)


def alembic_config(connection: Connection) -> Config:
    """Return Alembic's settings for a connection within a transaction."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
