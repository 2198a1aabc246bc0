"""Many writers on one log: a SQLite file and a real PostgreSQL."""

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session
from sqlmodel import SQLModel

from ledger import log
from ledger.checkpoint import Checkpoint
from ledger.entry import Record, seal
from ledger.errors import LogCorrupt
from ledger.keys import SigningKey
from ledger.sql import SqlStore
from ledger.store import Head

KEY = SigningKey("log.example/1", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
THREADS, APPENDS = 8, 12
TABLES = ("ledger_head", "ledger_entry", "ledger_subtree", "ledger_checkpoint")


def sqlite_engine(path: Path) -> sa.Engine:
    """Return an engine whose transactions begin IMMEDIATE."""
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 60})

    @sa.event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """Each database in turn, with the ledger's tables."""
    if request.param == "sqlite":
        engine = sqlite_engine(tmp_path / "ledger.db")
    else:
        engine = sa.create_engine(request.getfixturevalue("postgres_url"), pool_size=THREADS + 2)
    SQLModel.metadata.create_all(engine, [SQLModel.metadata.tables[name] for name in TABLES])
    yield engine
    engine.dispose()


def a_record(writer: int, number: int) -> Record:
    """Return a record that names its writer."""
    data = {"writer": writer, "number": number}
    return Record("step.taken", "L27", datetime(2026, 1, 1, tzinfo=UTC), "system", data)


def in_threads(work: Callable[[int], Any], count: int = THREADS) -> list[Any]:
    """Let all threads start at once; return their results in order."""
    start = threading.Barrier(count)

    def run(number: int) -> Any:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_eight_writers_leave_no_gap_and_no_repeat(engine: sa.Engine) -> None:
    """From the very first append on, while checkpoints are published: each continues the one before."""

    def write(writer: int) -> list[int]:
        indices = []
        for number in range(APPENDS):
            with Session(engine) as session, session.begin():
                store = SqlStore(session)
                indices.append(log.append(store, "a", a_record(writer, number)).index)
        return indices

    def publish() -> list[Checkpoint]:
        found = []
        for _ in range(APPENDS):
            with Session(engine) as session, session.begin():
                found.append(log.publish_checkpoint(SqlStore(session), "a", KEY))
        return found

    def work(number: int) -> Any:
        return publish() if number == THREADS else write(number)

    *indices, checkpoints = in_threads(work, THREADS + 1)
    assert sorted(itertools.chain(*indices)) == list(range(THREADS * APPENDS))
    assert all(own == sorted(own) for own in indices)
    with Session(engine) as session:
        store = SqlStore(session)
        audit = log.audit(store, "a", [KEY.verifier])
        assert audit.size == THREADS * APPENDS
        for old, new in itertools.pairwise(checkpoints):
            proof = log.prove_consistency(store, "a", old.size, new.size)
            proof.verify(old.root, new.root)
        said = [(e.record.data["writer"], e.record.data["number"]) for e in _all(store) if e.record]
        assert len(set(said)) == THREADS * APPENDS


def test_a_writer_that_fails_leaves_no_gap(engine: sa.Engine) -> None:
    """Every other transaction is rolled back after its append."""

    def write(writer: int) -> None:
        for number in range(4):
            with Session(engine) as session:
                log.append(SqlStore(session), "a", a_record(writer, number))
                if number % 2:
                    session.commit()

    in_threads(write)
    with Session(engine) as session:
        assert log.audit(SqlStore(session), "a", []).size == THREADS * 2


def test_logs_do_not_disturb_each_other(engine: sa.Engine) -> None:
    """Each writer its own log."""

    def write(writer: int) -> None:
        for number in range(4):
            with Session(engine) as session, session.begin():
                log.append(SqlStore(session), f"log-{writer}", a_record(writer, number))

    in_threads(write)
    with Session(engine) as session:
        store = SqlStore(session)
        assert store.log_ids() == [f"log-{writer}" for writer in range(THREADS)]
        assert {store.head(log_id).size for log_id in store.log_ids()} == {4}


def test_the_primary_key_refuses_a_second_entry_of_one_index(engine: sa.Engine) -> None:
    """Even to a writer that took no lock; its transaction is lost, the log is not."""
    with Session(engine) as session, session.begin():
        log.append(SqlStore(session), "a", a_record(0, 0))
    with Session(engine) as session, pytest.raises(LogCorrupt, match="entry 0 already"):
        SqlStore(session).add("a", seal("a", 0, a_record(1, 1)), Head(1, (bytes(32),)), ())
    with Session(engine) as session:
        assert log.audit(SqlStore(session), "a", []).size == 1


def _all(store: SqlStore) -> list[Any]:
    return list(log.walk(store, "a", store.head("a").size))
