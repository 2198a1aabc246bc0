"""The migrations make exactly the tables that the program means, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from api.database import METADATA, alembic_config, is_described, upgrade_database
from inspection.database import make_engine
from inspection.tables.search import PIECES


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Yield an engine of an empty database."""
    is_sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'a.db'}" if is_sqlite else request.getfixturevalue("postgres_url")
    engine = make_engine(url)
    yield engine
    engine.dispose()


def test_migrations_make_the_metadata(engine: Engine) -> None:
    """Nothing to add, nothing to drop, after the last step; a second upgrade changes nothing."""
    upgrade_database(engine)
    upgrade_database(engine)
    with engine.connect() as connection:
        opts = {"compare_type": True, "include_name": is_described}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, METADATA) == []
    assert PIECES in inspect(engine).get_table_names()


def test_first_step_can_be_undone(engine: Engine) -> None:
    """Down to nothing and up again."""
    upgrade_database(engine)
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    upgrade_database(engine)
