"""The OpenAPI document: FastAPI's, with problem details in place of its own error shapes."""

import json
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.errors import PROBLEM_MEDIA_TYPE, problems
from api.idempotency import KEY_HEADER, LONGEST_KEY
from api.shapes.base import Problem

DESCRIPTION = """\
Hazard findings go with their evidence into an enterprise's tamper-evident ledger and open remediation tickets.

People sign in at `POST /v1/sessions`; devices enrol at `POST /v1/devices`. Send the token as
`Authorization: Bearer`. A browser may rely on the session cookie instead; then every request that is not a `GET`
or `HEAD` needs the header `X-Anxun-Request: 1`. What is not yours answers 404. Errors are problem details
(RFC 9457); programs look at `code`. A `POST` with an `Idempotency-Key` is done once, however often it is sent. Lists are paged: pass `next_cursor` as `cursor` until it is null.
"""
PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}
KEY_PARAMETER = {
    "name": KEY_HEADER,
    "in": "header",
    "required": False,
    "description": "made anew for each action and sent again with each retry: the action is done once, and "
    "answered alike, for 24 hours",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_KEY,
        "pattern": "^[!-~]([ -~]*[!-~])?$",
    },
    "example": "8e03978e-40d5-43dd-bc93-6894a57f9324",
}
REPLACED = ("HTTPValidationError", "ValidationError")


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """Return the document of this app."""
    document = get_openapi(
        title="anxun",
        version=app.version,
        summary="Hazard detection, a provable safety ledger and remediation tickets",
        description=DESCRIPTION,
        license_info={"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        routes=app.routes,
    )
    schemas = document["components"]["schemas"]
    for name in REPLACED:
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    for path in document["paths"].values():
        for method, operation in path.items():
            if method == "post":
                _take_key(operation)
            if "requestBody" in operation:
                _refuse(operation, 400, 413, 415, 422)
            if "401" in operation["responses"]:
                _refuse(operation, 403, 429)
            _mend_errors(operation["responses"])
            _require_etag(operation)
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document


def _take_key(operation: dict[str, Any]) -> None:
    """Let a POST take an idempotency key, and be refused for it: every one does, by its router."""
    operation.setdefault("parameters", []).append(KEY_PARAMETER)
    _refuse(operation, 400, 409, 422)


def _refuse(operation: dict[str, Any], *statuses: int) -> None:
    """Document refusals that no route brings about by itself: of a key, and of a body that cannot be read or is too large."""
    for status, response in problems(*statuses).items():
        operation["responses"].setdefault(str(status), response)


def _require_etag(operation: dict[str, Any]) -> None:
    """Say that a change which is refused without `If-Match` needs it; the program asks last, after who may and what is there."""
    if "428" in operation["responses"]:
        for parameter in operation["parameters"]:
            if parameter["name"].lower() == "if-match":
                parameter["required"] = True
                parameter["schema"] = {"type": "string"}


def _mend_errors(responses: dict[str, Any]) -> None:
    """Let every error of an operation be a problem, the one for unforeseen failures included."""
    for status, response in responses.items():
        content = response.get("content", {})
        if int(status) >= 400 and PROBLEM_MEDIA_TYPE in content:
            response["content"] = {PROBLEM_MEDIA_TYPE: {"schema": PROBLEM_REF}}


def openapi_text(app: FastAPI) -> str:
    """Return the document as committed in `api/web/openapi.json`."""
    return json.dumps(openapi_document(app), indent=2, ensure_ascii=False) + "\n"
