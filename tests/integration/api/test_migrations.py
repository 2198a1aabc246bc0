"""The migrations make exactly the tables that the program means, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect
from sqlalchemy.exc import IntegrityError

from api.database import METADATA, alembic_config, is_described, migrating, upgrade_database
from inspection.database import make_engine, tell_enterprises
from inspection.tables.search import PIECES
from tests.row_of_every_table import fill_every_table


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
    with migrating(engine) as connection:
        command.downgrade(alembic_config(connection), "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    upgrade_database(engine)


def rows_of(engine: Engine) -> dict[str, int]:
    """Count what is in each of the program's tables that is there."""
    there = set(inspect(engine).get_table_names())
    with engine.connect() as connection:
        tell_enterprises(connection, None)
        return {
            name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for name, table in METADATA.tables.items()
            if name in there
        }


def test_every_step_goes_down_and_up_again_with_a_row_in_every_table(engine: Engine) -> None:
    """Each step is undone, done and undone with whatever lies in the tables; only sign-ins and keys are forgotten."""
    upgrade_database(engine)
    with engine.begin() as connection:
        names = fill_every_table(connection)
        config = alembic_config(connection)
    assert set(names) == set(METADATA.tables)
    assert set(rows_of(engine).values()) == {1}
    for step in ScriptDirectory.from_config(config).walk_revisions():
        for move, to in ((command.downgrade, "-1"), (command.upgrade, "+1")):
            with migrating(engine) as connection:
                move(alembic_config(connection), to)
        kept = {"organisation", "membership", "app_user", "enterprise", "device", "evidence"}
        left = rows_of(engine)
        if step.revision != "0001":
            assert {name: left[name] for name in kept} == dict.fromkeys(kept, 1), step.revision
        with migrating(engine) as connection:
            command.downgrade(alembic_config(connection), "-1")
    upgrade_database(engine)
    assert set(rows_of(engine).values()) == {0}


def test_a_migration_leaves_foreign_keys_on(engine: Engine) -> None:
    """After a migration, and after one that failed, a row that refers to nothing is refused."""
    upgrade_database(engine)
    with pytest.raises(ZeroDivisionError), migrating(engine):
        raise ZeroDivisionError
    orphan = sa.text("UPDATE membership SET organisation_id = :id")
    with engine.begin() as connection:
        fill_every_table(connection)
    with engine.begin() as connection:
        tell_enterprises(connection, None)
        with pytest.raises(IntegrityError):
            connection.execute(orphan, {"id": "f" * 32})


def test_a_migration_that_would_orphan_rows_changes_nothing(engine: Engine) -> None:
    """It is refused by name before anything is stored."""
    upgrade_database(engine)
    with engine.begin() as connection:
        fill_every_table(connection)

    def lose() -> None:
        with migrating(engine) as connection:
            connection.execute(sa.text("UPDATE pilot_area SET name = 'lost'"))
            connection.execute(sa.text("DELETE FROM organisation"))

    with pytest.raises(IntegrityError, match="organisation"):
        lose()
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM organisation")).scalar_one() == 1
        assert connection.execute(sa.text("SELECT name FROM pilot_area")).scalar_one() != "lost"
