"""Every error becomes a problem (RFC 9457), through the one table of `api.errors`."""

import logging
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.access import Noted, enterprise_asked_for
from api.errors import (
    HTTP_CODES,
    INTERNAL,
    MALFORMED,
    PROBLEM_MEDIA_TYPE,
    PROBLEMS,
    ApiError,
    ProblemKind,
    TooManyAttempts,
    TooManyRequests,
    UnsupportedMediaType,
    kind_of,
    problem,
)
from api.idempotency import AnsweredBefore
from api.media_types import wanted_instead
from api.shapes.base import FieldError, Problem
from inspection.database import is_disk_full
from inspection.errors import (
    EvidenceQuotaReached,
    FieldsRefused,
    InspectionError,
    NotFound,
    PartOutOfOrder,
    StorageFull,
)
from inspection.taxonomy import UnknownHazard
from inspection.wire import utc_now
from ledger.errors import LedgerError
from models.errors import ModelError, PictureError

logger = logging.getLogger(__name__)
DATABASE_BUSY = ProblemKind(503, "database_unavailable", "The database does not answer")
BROKEN_LINE = ProblemKind(400, "broken_line", "The line broke")
RETRY_AFTER_S = "5"
FAILURE = "the server failed; nothing was changed. Try again, and report it if it stays"


def install_problems(app: FastAPI) -> None:
    """Let the app answer every error as a problem."""
    for base in (ApiError, InspectionError, UnknownHazard, PictureError, ModelError, LedgerError):
        app.add_exception_handler(base, answer_refusal)
    app.add_exception_handler(RequestValidationError, answer_malformed)
    app.add_exception_handler(HTTPException, answer_http)
    app.add_exception_handler(OperationalError, answer_database)
    app.add_exception_handler(PoolTimeout, answer_database)
    app.add_exception_handler(DataError, answer_unstorable)
    app.add_exception_handler(AnsweredBefore, answer_again)
    app.add_exception_handler(ClientDisconnect, answer_gone)
    app.add_exception_handler(Exception, answer_failure)


def answer_refusal(request: Request, error: Exception) -> Response:
    """Answer a refusal of the API or the domain; what an identified caller was refused is logged."""
    kind = kind_of(error)
    if kind is None or kind.status == 500:
        logger.error("failed: %s %s", request.method, request.url.path, exc_info=error)
        return problem_response(request, kind or INTERNAL, FAILURE)
    if kind.status == 403 or isinstance(error, NotFound):
        _log_refusal(request, kind, str(error))
    if isinstance(error, FieldsRefused):
        return _response(_problem_of_fields(request, kind, error))
    return problem_response(request, kind, str(error), headers=_headers(kind, error))


def _problem_of_fields(request: Request, kind: ProblemKind, error: FieldsRefused) -> Problem:
    faults = [
        FieldError(location=["body", "values", fault.field], message=fault.message, code=fault.code)
        for fault in error.faults
    ]
    answer = problem(kind, detail=str(error), instance=request.url.path)
    return answer.model_copy(update={"errors": faults})


def answer_malformed(request: Request, error: Exception) -> Response:
    """Answer a request that does not fit its shape, with every fault; one of another kind of body by that alone."""
    if not isinstance(error, RequestValidationError):
        raise error
    wanted = wanted_instead(request)
    if wanted is not None:
        kind = PROBLEMS[UnsupportedMediaType]
        return problem_response(request, kind, f"send the body as {wanted}")
    faults = [
        FieldError(location=list(fault["loc"]), message=fault["msg"]) for fault in error.errors()
    ]
    first = faults[0]
    place = ".".join(str(part) for part in first.location)
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    answer = problem(MALFORMED, detail=f"{place}: {first.message}{more}", instance=request.url.path)
    return _response(answer.model_copy(update={"errors": faults}))


def answer_http(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses: no such path, no such method, a body that is no JSON."""
    if not isinstance(error, HTTPException):
        raise error
    code = HTTP_CODES.get(error.status_code, f"http_{error.status_code}")
    kind = ProblemKind(error.status_code, code, code.replace("_", " ").capitalize())
    return problem_response(request, kind, str(error.detail), headers=error.headers)


def answer_database(request: Request, error: Exception) -> Response:
    """Answer a database that is busy, full or away: trying later helps."""
    logger.error("the database failed: %s", error)
    if isinstance(error, OperationalError) and is_disk_full(error):
        full = StorageFull()
        return problem_response(request, PROBLEMS[StorageFull], str(full))
    headers = {"Retry-After": RETRY_AFTER_S}
    detail = "the database is busy or away; try again later"
    return problem_response(request, DATABASE_BUSY, detail, headers=headers)


def answer_again(_: Request, error: Exception) -> Response:
    """Answer what was done before under the same idempotency key; this request's transaction was undone."""
    if not isinstance(error, AnsweredBefore):
        raise error
    return error.answer


def answer_unstorable(request: Request, error: Exception) -> Response:  # noqa: ARG001  a handler's form
    """Answer a value that the database cannot hold, such as a text with a NUL."""
    detail = "a value cannot be stored: a text with a NUL character, or a number out of range"
    return problem_response(request, MALFORMED, detail)


def answer_gone(request: Request, error: Exception) -> Response:  # noqa: ARG001  a handler's form
    """End a request whose sender has gone; nobody reads the answer."""
    detail = "the line broke before the body had come; send it again"
    return problem_response(request, BROKEN_LINE, detail)


def answer_failure(request: Request, error: Exception) -> Response:  # noqa: ARG001  a handler's form
    """Answer a fault of the server's own; the framework passes the trace on to the server's log."""
    return problem_response(request, INTERNAL, FAILURE)


def problem_response(
    request: Request, kind: ProblemKind, detail: str, *, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the answer for a kind of problem."""
    return _response(problem(kind, detail=detail, instance=request.url.path), headers)


def _response(answer: Problem, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        answer.model_dump_json(exclude_none=True),
        status_code=answer.status,
        media_type=PROBLEM_MEDIA_TYPE,
        headers=dict(headers or {}),
    )


def _headers(kind: ProblemKind, error: Exception) -> dict[str, str]:
    if isinstance(error, TooManyAttempts | TooManyRequests):
        return {"Retry-After": str(error.retry_after_s)}
    if isinstance(error, PartOutOfOrder):
        return {"Upload-Offset": str(error.expected)}
    if kind.status == 401:
        return {"WWW-Authenticate": "Bearer"}
    if kind.status in {503, 507} and not isinstance(error, EvidenceQuotaReached):
        return {"Retry-After": RETRY_AFTER_S}
    return {}


def _log_refusal(request: Request, kind: ProblemKind, detail: str) -> None:
    actor = getattr(request.state, "actor", None)
    if actor is None:
        return
    noted = Noted(
        actor,
        "refused",
        enterprise_asked_for(request),
        f"{kind.code} {request.method} {request.url.path}: {detail}",
        remote_of(request),
    )
    request.app.state.parts.notes.note(noted, utc_now())


def remote_of(request: Request) -> str:
    """Return the caller's address."""
    return request.client.host if request.client else ""
