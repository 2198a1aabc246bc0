"""Engines and sessions: SQLite and PostgreSQL behave alike behind them.

A write transaction on SQLite begins IMMEDIATE, so that two writers queue up instead of failing when both have read
first. Its journal is WAL with ``synchronous=FULL``: what was committed survives a power cut. A session for reading
can not write, in either database.

On PostgreSQL every transaction says which enterprises it may see (`anxun.enterprises`), and the row policies of
`api.row_security` hold it to that: a query without its filter returns nothing foreign, and a connection that says nothing
sees nothing. Sessions that are opened here see every enterprise, for the system's own work; a request's are `bound_to` its caller.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import SessionTransaction, sessionmaker
from sqlmodel import Session, col, func, select

from inspection.errors import NotFound
from inspection.tables import Enterprise

BUSY_TIMEOUT_S = 30.0
_READING = "anxun_reading"
ENTERPRISES_SETTING = "anxun.enterprises"
EVERY = "*"
_BOUND = "anxun_bound"
Bound = Callable[[], Collection[UUID]]


def make_engine(url: str | URL) -> Engine:
    """Return an engine for ``sqlite:///file`` or ``postgresql://…`` (driver psycopg).

    Raises `sqlalchemy.exc.ArgumentError` when the address can not be read.
    """
    address = make_url(url)
    if address.drivername in {"postgresql", "postgres"}:
        address = address.set(drivername="postgresql+psycopg")
    if address.get_backend_name() != "sqlite":
        return create_engine(address, pool_pre_ping=True)
    engine = create_engine(address, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver would begin transactions by itself, and not before a SAVEPOINT.
    connection.isolation_level = None
    # secure_delete: what is erased is overwritten, not only unlinked.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get(_READING, False)
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def write_sessions(engine: Engine) -> sessionmaker[Session]:
    """Return what opens sessions that write. On SQLite one holds the write lock from its first statement on."""
    return _telling(sessionmaker(engine, class_=Session, expire_on_commit=False))


def bound_to(enterprise_ids: Bound) -> dict[str, Any]:
    """Return what a session is opened with (`info=`) to see these enterprises only; they are asked for as each transaction begins."""
    return {_BOUND: enterprise_ids}


def require_unbound(session: Session) -> None:
    """Raise `RuntimeError` in a session that does not see every enterprise: for decisions that concern them all."""
    if _BOUND in session.info:
        raise RuntimeError("this must see every enterprise; open a session of the system's own")


def _telling(sessions: sessionmaker[Session]) -> sessionmaker[Session]:
    event.listen(sessions, "after_begin", _tell_enterprises)
    return sessions


def _tell_enterprises(
    session: Session, transaction: SessionTransaction, connection: Connection
) -> None:
    if transaction.nested:
        return
    bound: Bound | None = session.info.get(_BOUND)
    tell_enterprises(connection, None if bound is None else bound())


def tell_enterprises(connection: Connection, enterprise_ids: Collection[UUID] | None) -> None:
    """Tell PostgreSQL, until the transaction ends, which enterprises may be seen; None means every one. Nothing on SQLite."""
    if connection.dialect.name != "postgresql":
        return
    seen = EVERY if enterprise_ids is None else ",".join(str(each) for each in enterprise_ids)
    connection.execute(select(func.set_config(ENTERPRISES_SETTING, seen, True)))


@contextmanager
def seeing_every(session: Session) -> Iterator[None]:
    """Let the statements within see every enterprise: for a decision that a row out of the caller's sight must not change.

    Nothing that is read so may be told to the caller.
    """
    session.flush()
    tell_enterprises(session.connection(), None)
    try:
        yield
    finally:
        bound: Bound | None = session.info.get(_BOUND)
        tell_enterprises(session.connection(), None if bound is None else bound())


def read_sessions(engine: Engine) -> sessionmaker[Session]:
    """Return what opens sessions that only read: they never wait for a writer."""
    options: dict[str, Any] = {_READING: True}
    if engine.dialect.name == "postgresql":
        options["postgresql_readonly"] = True
    return _telling(
        sessionmaker(engine.execution_options(**options), class_=Session, expire_on_commit=False)
    )


def see_one_state(session: Session) -> None:
    """Let every statement of a transaction that begins now see the same state, whatever is committed beside it.

    On SQLite it is so anyway; on PostgreSQL every statement would see what was committed before it.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def empty_log(engine: Engine) -> bool:
    """Empty SQLite's write-ahead log, where what was erased still stands; return whether it is empty.

    A reader, such as a long export, keeps it from being emptied. It is not waited for: nobody could write meanwhile.
    """
    if engine.dialect.name != "sqlite":
        return True
    connection = engine.raw_connection()
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA busy_timeout = 0")
        (is_busy, *_) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {round(BUSY_TIMEOUT_S * 1000)}")
        connection.close()
    return not is_busy


def lock_enterprise(session: Session, enterprise_id: UUID) -> None:
    """Let one transaction at a time write to an enterprise; held until it ends. `NotFound` if there is none.

    Every write begins here, so that all locks are taken in one order and no two transactions can wait for each
    other. It costs no speed: the enterprise's ledger is appended to by one at a time anyway.
    """
    locked = session.exec(
        select(Enterprise.id)
        .where(col(Enterprise.id) == enterprise_id)
        .with_for_update(key_share=True)
    ).first()
    if locked is None:
        raise NotFound("enterprise", enterprise_id)


def lock_evidence(session: Session, sha256: str) -> None:
    """Let one transaction at a time decide whether these bytes are needed, across enterprises; held until it ends.

    On SQLite whoever writes is alone anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        key = int.from_bytes(bytes.fromhex(sha256[:16]), "big", signed=True)
        session.execute(select(func.pg_advisory_xact_lock(key)))


def is_disk_full(error: OperationalError) -> bool:
    """Return whether a database error means that its disk is full (SQLite's SQLITE_FULL, PostgreSQL's 53100)."""
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        # Only errors of the library have a code, those of its Python wrapper have not.
        return getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return getattr(cause, "sqlstate", None) == "53100"
