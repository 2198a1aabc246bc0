"""Every error has its place in the one table, and faults of the server do not leak."""

import sqlite3
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api import errors
from api.errors import PROBLEMS, ApiError, kind_of
from api.shapes.base import Problem
from inspection.errors import InspectionError
from ledger.errors import LedgerError
from models.errors import PictureError
from tests.sites import Site


def leaves(base: type[Exception]) -> Iterator[type[Exception]]:
    """Return every error class below a base."""
    for child in base.__subclasses__():
        yield child
        yield from leaves(child)


@pytest.mark.parametrize("base", [ApiError, InspectionError, PictureError])
def test_every_error_has_a_status(base: type[Exception]) -> None:
    """A new error class without a status would be a 500."""
    for error in leaves(base):
        assert any(parent in PROBLEMS for parent in error.__mro__), error


def test_faults_of_the_ledger_that_are_the_servers_are_500() -> None:
    """A corrupt log is no fault of the caller, and is not hidden as one."""
    assert kind_of(LedgerError("x")) is None
    for error in leaves(LedgerError):
        kind = next((PROBLEMS[parent] for parent in error.__mro__ if parent in PROBLEMS), None)
        assert kind is None or kind.status in {404, 422, 500}, error


def test_codes_are_unique() -> None:
    """A program can tell errors apart by their code; one that two errors share is the same to it throughout."""
    kinds = {(kind.code, kind.status, kind.title) for kind in PROBLEMS.values()}
    assert len(kinds) == len({code for code, _, _ in kinds})
    assert all(
        kind.status in errors.DESCRIPTIONS or kind.status >= 500 for kind in PROBLEMS.values()
    )


def failing_health(site: Site, error: Exception) -> Problem:
    """Let the database fail in a request."""
    client = TestClient(site.client.app, raise_server_exceptions=False)
    with patch("api.routes.catalogue.select", side_effect=error):
        answer = client.get("/v1/health")
    assert answer.headers["content-type"] == "application/problem+json"
    return Problem.model_validate_json(answer.content)


def sqlite_error(code: int) -> sqlite3.OperationalError:
    """Return an error as the driver raises it."""
    error = sqlite3.OperationalError("disk")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (OperationalError("", {}, sqlite_error(sqlite3.SQLITE_BUSY)), 503, "database_unavailable"),
        (OperationalError("", {}, sqlite_error(sqlite3.SQLITE_FULL)), 507, "storage_full"),
        (PoolTimeout("no connection is free"), 503, "database_unavailable"),
        (DataError("", {}, Exception()), 422, "malformed"),
        (LedgerError("rows contradict"), 500, "internal"),
        (RuntimeError("secret path /etc/x"), 500, "internal"),
    ],
)
def test_servers_faults_are_problems(site: Site, error: Exception, status: int, code: str) -> None:
    """A full or busy database and an unforeseen failure are told apart; details stay in the server's log."""
    problem = failing_health(site, error)
    assert (problem.status, problem.code) == (status, code)
    assert "secret" not in problem.detail
