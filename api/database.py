"""The schema: Alembic's migrations, run by the program itself."""

from pathlib import Path

import sqlmodel
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, func, select

import inspection.tables
import ledger.sql
import ledger.vouching
from inspection.tables.search import PIECES

MIGRATIONS = Path(__file__).parent / "migrations"
UPGRADE_LOCK = 0x616E78756E
# Importing them fills the metadata.
TABLES = (inspection.tables, ledger.sql, ledger.vouching)
METADATA = sqlmodel.SQLModel.metadata


def upgrade_database(engine: Engine) -> None:
    """Bring the database to the newest schema; nothing happens when it is there already."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # Several servers may start at once; the lock ends with the transaction.
            connection.execute(select(func.pg_advisory_xact_lock(UPGRADE_LOCK)))
        command.upgrade(alembic_config(connection), "head")


def is_described(name: str | None, kind: str, _parents: object) -> bool:
    """Return whether Alembic compares a table with the program's: the index of text has no common description."""
    return kind != "table" or not (name or "").startswith(PIECES)


def alembic_config(connection: Connection) -> Config:
    """Return Alembic's settings for a connection within a transaction."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
