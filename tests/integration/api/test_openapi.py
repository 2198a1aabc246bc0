"""The OpenAPI document is current, complete, and honest about errors."""

from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from api.openapi import openapi_document, openapi_text
from api.settings import Settings

COMMITTED = Path("api/web/openapi.json")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Return the document of the app."""
    return openapi_document(create_app(Settings(_env_file=None)))


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every operation."""
    return [operation for path in document["paths"].values() for operation in path.values()]


def test_committed_document_is_current() -> None:
    """The app's client is generated from a file: it must say what the server does."""
    text = openapi_text(create_app(Settings(_env_file=None)))
    assert COMMITTED.read_text() == text, "run: anxun openapi > api/web/openapi.json"


def test_operations_are_named_and_described(document: dict[str, Any]) -> None:
    """Every operation has a unique id, a tag, a summary and a description."""
    ids = [operation["operationId"] for operation in operations(document)]
    assert len(ids) == len(set(ids))
    for operation in operations(document):
        assert operation["tags"]
        assert operation["summary"]
        assert operation["description"]


def test_every_error_is_a_problem(document: dict[str, Any]) -> None:
    """No operation documents an error in another shape (a HEAD has no body to document)."""
    for path in document["paths"].values():
        for method, operation in path.items():
            for status, response in operation["responses"].items():
                if int(status) >= 400 and method != "head":
                    assert list(response["content"]) == ["application/problem+json"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_only_open_routes_need_no_token(document: dict[str, Any]) -> None:
    """Whoever adds a route without a caller must say so here."""
    is_open = {
        operation["operationId"]
        for operation in operations(document)
        if "security" not in operation
    }
    assert is_open == {
        "signIn",
        "askPasswordLink",
        "usePasswordLink",
        "enrolDevice",
        "getTime",
        "getHealth",
        "checkReport",
        "viewInvitation",
        "acceptInvitation",
        "acceptByProvider",
        "getSignInChoices",
        "beginProviderSignIn",
        "finishProviderSignIn",
    }
