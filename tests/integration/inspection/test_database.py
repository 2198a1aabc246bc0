"""Engines and sessions behave alike on both databases."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from inspection.areas import add_area
from inspection.database import is_disk_full, lock_enterprise, make_engine
from inspection.errors import NotFound
from inspection.tables import Enterprise, PilotArea, new_id
from tests.builders import Town


def test_a_reading_session_cannot_write(readers: sessionmaker[Session], town: Town) -> None:
    """The database itself refuses."""
    with readers() as session, pytest.raises(DBAPIError, match=r"(?i)read-?only"):
        add_area(session, "新区")


def test_reading_goes_on_while_someone_writes(
    sessions: sessionmaker[Session], readers: sessionmaker[Session], town: Town
) -> None:
    """And sees what was committed before."""
    with sessions() as writing:
        lock_enterprise(writing, town.mine.id)
        writing.add(PilotArea(name="新区"))
        writing.flush()
        with readers() as reading:
            assert reading.get(Enterprise, town.mine.id) is not None
            assert reading.execute(text("SELECT count(*) FROM pilot_area")).scalar() == 2
        writing.rollback()


def test_an_unknown_enterprise_is_not_locked(session: Session) -> None:
    """It is not found."""
    with pytest.raises(NotFound):
        lock_enterprise(session, new_id())


def test_a_foreign_key_must_be_there(session: Session) -> None:
    """On SQLite too, where that is off by default."""
    session.add(Enterprise(area_id=new_id(), name="x", credit_code="9" * 18))
    with pytest.raises(DBAPIError):
        session.flush()


def test_sqlite_survives_a_power_cut(tmp_path: Path) -> None:
    """WAL, and flushed at each commit."""
    engine = make_engine(f"sqlite:///{tmp_path / 'x.db'}")
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
    engine.dispose()


def test_a_short_postgres_address_gets_the_driver() -> None:
    """As operators write it."""
    assert make_engine("postgresql://h/d").url.drivername == "postgresql+psycopg"


def test_a_full_disk_is_told_from_other_faults(tmp_path: Path) -> None:
    """SQLite says SQLITE_FULL; a syntax error is something else."""
    engine = make_engine(f"sqlite:///{tmp_path / 'x.db'}")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE t (x BLOB)"))
        connection.execute(text("PRAGMA max_page_count=3"))
        with pytest.raises(OperationalError) as full:
            connection.execute(text("INSERT INTO t VALUES (zeroblob(100000))"))
        with pytest.raises(OperationalError) as syntax:
            connection.execute(text("nonsense"))
    assert is_disk_full(full.value)
    assert not is_disk_full(syntax.value)
    engine.dispose()


def test_postgres_says_it_by_its_state() -> None:
    """53100 is disk_full."""

    class DiskFull(Exception):
        sqlstate = "53100"

    assert is_disk_full(OperationalError("x", {}, DiskFull()))
    assert not is_disk_full(OperationalError("x", {}, Exception()))
    assert not is_disk_full(OperationalError("x", {}, sqlite3.OperationalError()))


def test_engines_know_their_dialect(engine: Engine) -> None:
    """What the fixtures promise."""
    assert engine.dialect.name in {"sqlite", "postgresql"}
