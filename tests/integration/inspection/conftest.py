"""Every test of the domain runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, SQLModel

from inspection.database import make_engine, read_sessions, write_sessions
from tests.builders import Town, make_town


@cache
def _sqlite_tables() -> bytes:
    """Return the file of a database in which the tables were made: to copy it is ten times faster than to make it."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "anxun.db")
        engine = make_engine(f"sqlite:///{file}")
        with engine.begin() as connection:
            SQLModel.metadata.create_all(connection)
        engine.dispose()
        return file.read_bytes()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Yield an engine of a fresh database with all tables."""
    if request.param == "sqlite":
        file = tmp_path / "anxun.db"
        file.write_bytes(_sqlite_tables())
        url = f"sqlite:///{file}"
    else:
        url = request.getfixturevalue("postgres_tables_url")
    engine = make_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> sessionmaker[Session]:
    """Return what opens sessions that write."""
    return write_sessions(engine)


@pytest.fixture
def readers(engine: Engine) -> sessionmaker[Session]:
    """Return what opens sessions that read."""
    return read_sessions(engine)


@pytest.fixture
def town(sessions: sessionmaker[Session]) -> Town:
    """Return a committed town."""
    with sessions() as session:
        return make_town(session)


@pytest.fixture
def session(sessions: sessionmaker[Session], town: Town) -> Iterator[Session]:
    """Yield a session that writes; the town is there."""
    with sessions() as session:
        yield session
