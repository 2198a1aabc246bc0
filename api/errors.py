"""Errors of the API, and the one table that turns every error into a status (RFC 9457 problem details).

ApiError
├── NotSignedIn            no token, or one that is unknown, expired or revoked
├── WrongCredentials       login or password is wrong
├── TooManySignIns         the throttle
├── RequestHeaderMissing   a cookie without the header that another site cannot send
├── BodyTooLarge
├── MalformedHeader        Content-Range, If-Match
├── StaleVersion           If-Match names another version
└── NotPublished           no checkpoint covers this yet
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.shapes.base import Problem

PROBLEM_MEDIA_TYPE = "application/problem+json"


class ApiError(Exception):
    """Base of what the API itself refuses."""


class NotSignedIn(ApiError):
    """No token, or one that is unknown, expired or revoked."""


class WrongCredentials(ApiError):
    """The login or the password is wrong; which of the two is not said."""


class TooManySignIns(ApiError):
    """Too many failed sign-ins for this login or from this address."""

    def __init__(self, retry_after_s: int) -> None:
        """Keep the seconds after which another try is heard."""
        super().__init__(f"too many failed sign-ins; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class RequestHeaderMissing(ApiError):
    """A change by cookie lacks the header that another site's page cannot send."""


class BodyTooLarge(ApiError):
    """The request's body is over the limit."""


class MalformedHeader(ApiError):
    """A header that the request depends on cannot be read."""


class StaleVersion(ApiError):
    """`If-Match` names another version than the stored one."""


class NotPublished(ApiError):
    """No checkpoint covers the entry yet; one is published within seconds."""


@dataclass(frozen=True)
class ProblemKind:
    """How an error looks from outside."""

    status: int
    code: str
    title: str


MALFORMED = ProblemKind(422, "malformed", "The request is malformed")
INTERNAL = ProblemKind(500, "internal", "The server failed")

PROBLEMS: Mapping[type[Exception], ProblemKind] = {
    NotSignedIn: ProblemKind(401, "not_signed_in", "Sign in first"),
    WrongCredentials: ProblemKind(401, "wrong_credentials", "Login or password is wrong"),
    TooManySignIns: ProblemKind(429, "too_many_sign_ins", "Too many failed sign-ins"),
    RequestHeaderMissing: ProblemKind(403, "request_header_missing", "A header is missing"),
    BodyTooLarge: ProblemKind(413, "body_too_large", "The body is too large"),
    MalformedHeader: ProblemKind(400, "malformed_header", "A header is malformed"),
    StaleVersion: ProblemKind(412, "stale_version", "Somebody else was faster"),
    NotPublished: ProblemKind(409, "not_published", "Not published yet"),
}

DESCRIPTIONS: Mapping[int, str] = {
    400: "A header cannot be read",
    401: "Not signed in",
    403: "Not allowed",
    404: "It does not exist, or it is not yours",
    409: "It does not fit the present state",
    412: "Somebody else was faster: read again",
    413: "The body is too large",
    422: "The request is malformed, or its content cannot be accepted",
    429: "Too many failed sign-ins",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the documentation of these error statuses for a route."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": DESCRIPTIONS[status],
            "content": {PROBLEM_MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }


def problem(kind: ProblemKind, *, detail: str, instance: str) -> Problem:
    """Return the problem of a kind."""
    return Problem(
        type=f"urn:anxun:problem:{kind.code}",
        title=kind.title,
        status=kind.status,
        detail=detail,
        code=kind.code,
        instance=instance,
    )
