"""Errors of the API, and the one table that turns every error into a status (RFC 9457 problem details).

ApiError
├── NotSignedIn            no token, or one that is unknown, expired or revoked
├── WrongCredentials       login or password is wrong
├── CodeRequired           the password is right, the code of the authenticator is missing
├── InvitationRefused      the link is unknown, used, withdrawn or expired
├── LinkRefused            the link for a forgotten password is unknown, used or expired
├── PasswordRefused        too short, too common, or the old one again
├── ScopeMissing           a personal token that is not good for this
├── ProviderRefused        what the sign-in provider sent back does not hold
├── ProviderUnavailable    the sign-in provider does not answer
├── TooManyAttempts         the throttle
├── RequestHeaderMissing   a cookie without the header that another site cannot send
├── BodyTooLarge
├── MalformedHeader        Content-Range, If-Match, Idempotency-Key
├── KeyReused              an idempotency key with another request than before
├── AnswerNotKept          done before, under the same key, but its answer cannot be told again
├── PreconditionMissing    a change without If-Match
├── ChangedMeanwhile       If-Match names another state than the present one
└── NotPublished           no checkpoint covers this yet
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.shapes.base import Problem
from inspection import errors as domain
from inspection.taxonomy import UnknownHazard
from ledger import errors as ledger
from models.errors import HeadsNotDetectable, ModelError, PictureError

PROBLEM_MEDIA_TYPE = "application/problem+json"


class ApiError(Exception):
    """Base of what the API itself refuses."""


class NotSignedIn(ApiError):
    """No token, or one that is unknown, expired or revoked."""


class WrongCredentials(ApiError):
    """The login or the password is wrong; which of the two is not said."""


class CodeReused(WrongCredentials):
    """The code was right once and was used then: somebody may have looked at it."""


class CodeRequired(ApiError):
    """The password is right; the account also asks for a code."""


class InvitationRefused(ApiError):
    """The invitation is unknown, used, withdrawn or expired; which of them is not said."""


class LinkRefused(ApiError):
    """The link for a forgotten password is unknown, used or expired; which of them is not said."""


class PasswordRefused(ApiError):
    """A new password that would be guessed."""


class ScopeMissing(ApiError):
    """A personal token without the scope that this needs."""


class EnrolmentCodeRefused(ApiError):
    """The enrolment code is unknown, used or expired; which of them is not said."""


class ProviderRefused(ApiError):
    """What came back from the sign-in provider does not hold, or the provider refused it."""


class ProviderUnavailable(ApiError):
    """The sign-in provider does not answer, or not as it should."""


class TooManyAttempts(ApiError):
    """Too many failed attempts for this login or from this address."""

    def __init__(self, retry_after_s: int, *, is_of_login: bool) -> None:
        """Keep the seconds after which another try is heard, and whether it is the login that failed too often."""
        super().__init__(f"too many failed attempts; try again in {retry_after_s} s")
        self.retry_after_s, self.is_of_login = retry_after_s, is_of_login


class TooManyRequests(ApiError):
    """A person, or a script of theirs, asks more often than anybody works."""

    def __init__(self, retry_after_s: int) -> None:
        """Keep the seconds after which requests are heard again."""
        super().__init__(f"too many requests; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class SecondFactorMissing(ApiError):
    """An administrator without an authenticator, where this server asks them for one."""


class UnsupportedMediaType(ApiError):
    """The body is of a kind that this address does not take."""


class RequestHeaderMissing(ApiError):
    """A change by cookie lacks the header that another site's page cannot send."""


class BodyTooLarge(ApiError):
    """The request's body is over the limit."""


class MalformedHeader(ApiError):
    """A header that the request depends on cannot be read."""


class PreconditionMissing(ApiError):
    """A change that does not say which state it was decided on."""


class ChangedMeanwhile(ApiError):
    """The thing is not any more as the caller had read it."""


class KeyReused(ApiError):
    """An idempotency key came before with another request."""


class AnswerNotKept(ApiError):
    """A keyed request was done before; its answer is not kept, or only the sign-in that asked may have it."""


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

HTTP_CODES: Mapping[int, str] = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}

# A class that is not here is answered as its nearest base.
PROBLEMS: Mapping[type[Exception], ProblemKind] = {
    NotSignedIn: ProblemKind(401, "not_signed_in", "Sign in first"),
    TooManyRequests: ProblemKind(429, "too_many_requests", "Too many requests"),
    SecondFactorMissing: ProblemKind(
        403, "second_factor_required", "Set up an authenticator first"
    ),
    UnsupportedMediaType: ProblemKind(
        415, "unsupported_media_type", "This kind of body is not taken"
    ),
    WrongCredentials: ProblemKind(401, "wrong_credentials", "Login or password is wrong"),
    EnrolmentCodeRefused: ProblemKind(401, "enrolment_code_refused", "The code is not accepted"),
    CodeRequired: ProblemKind(401, "code_required", "A code is needed as well"),
    InvitationRefused: ProblemKind(401, "invitation_refused", "The invitation is not accepted"),
    LinkRefused: ProblemKind(401, "link_refused", "The link is not accepted"),
    PasswordRefused: ProblemKind(422, "password_refused", "The password would be guessed"),
    ScopeMissing: ProblemKind(403, "scope_missing", "The token is not good for this"),
    ProviderRefused: ProblemKind(401, "provider_refused", "The provider's answer does not hold"),
    ProviderUnavailable: ProblemKind(503, "provider_unavailable", "The provider does not answer"),
    TooManyAttempts: ProblemKind(429, "too_many_attempts", "Too many failed attempts"),
    RequestHeaderMissing: ProblemKind(403, "request_header_missing", "A header is missing"),
    MalformedHeader: ProblemKind(400, "malformed_header", "A header is malformed"),
    BodyTooLarge: ProblemKind(413, "body_too_large", "The body is too large"),
    PreconditionMissing: ProblemKind(428, "precondition_required", "Say which state was read"),
    ChangedMeanwhile: ProblemKind(412, "stale_version", "Somebody else was faster"),
    KeyReused: ProblemKind(422, "key_reused", "The key belongs to another request"),
    AnswerNotKept: ProblemKind(409, "answer_not_kept", "It was done before"),
    NotPublished: ProblemKind(409, "not_published", "Not published yet"),
    domain.NotFound: ProblemKind(404, "not_found", "Not found"),
    domain.NotAllowed: ProblemKind(403, "not_allowed", "Not allowed"),
    domain.EvidenceErased: ProblemKind(404, "evidence_erased", "It was erased"),
    domain.AnotherApproverRequired: ProblemKind(
        403, "another_approver_required", "Another person must approve"
    ),
    domain.ErasureRefused: ProblemKind(409, "erasure_refused", "It must be kept"),
    domain.ErasureDecided: ProblemKind(409, "erasure_decided", "Already decided"),
    domain.HoldNotStanding: ProblemKind(409, "hold_not_standing", "The hold was lifted"),
    domain.HoldPending: ProblemKind(409, "hold_pending", "A request waits"),
    domain.HoldDecided: ProblemKind(409, "hold_decided", "Already decided"),
    domain.StorageLocked: ProblemKind(503, "storage_locked", "The store refuses to delete"),
    domain.SecondPersonRequired: ProblemKind(
        403, "second_person_required", "A second person must do this"
    ),
    domain.NotByHand: ProblemKind(403, "not_by_hand", "The product writes this by itself"),
    domain.AlreadyDecided: ProblemKind(409, "already_decided", "Already decided"),
    domain.StepNotPossible: ProblemKind(409, "step_not_possible", "Not possible now"),
    domain.TreatmentPlanRequired: ProblemKind(
        409, "treatment_plan_required", "File the treatment plan first"
    ),
    domain.ItemNotStanding: ProblemKind(409, "item_not_standing", "It does not stand any more"),
    domain.ReinspectionPending: ProblemKind(
        409, "reinspection_pending", "A fix waits for its reinspection"
    ),
    domain.MergeRefused: ProblemKind(409, "merge_refused", "Not joined this way round"),
    domain.SplitRefused: ProblemKind(409, "split_refused", "Not split off"),
    domain.VersionConflict: ProblemKind(412, "stale_version", "Somebody else was faster"),
    domain.DeviceKeyFixed: ProblemKind(409, "device_key_fixed", "The device has another key"),
    domain.AlreadyExists: ProblemKind(409, "already_exists", "It is there already"),
    domain.IdReused: ProblemKind(409, "id_reused", "This id has another content"),
    domain.NotStanding: ProblemKind(409, "not_standing", "A later record took its place"),
    domain.RecordAnswered: ProblemKind(409, "record_answered", "It was answered"),
    domain.RecordNotAsShown: ProblemKind(422, "record_not_as_shown", "Not what was signed"),
    domain.ReportNotThere: ProblemKind(409, "report_not_there", "The report has no file now"),
    domain.TooManyReports: ProblemKind(409, "too_many_reports", "Too many reports wait"),
    domain.Conflict: ProblemKind(409, "conflict", "Not possible now"),
    domain.InvalidCursor: ProblemKind(422, "invalid_cursor", "The cursor is unknown"),
    domain.InvalidInput: ProblemKind(422, "invalid_input", "The input cannot be accepted"),
    domain.FieldsRefused: ProblemKind(422, "fields_refused", "Some fields are not right"),
    domain.VersionNotInForce: ProblemKind(
        422, "version_not_in_force", "The form is of an edition that does not hold"
    ),
    domain.AlwaysApplies: ProblemKind(422, "always_applies", "The section applies to everyone"),
    domain.EvidenceMissing: ProblemKind(422, "evidence_missing", "The evidence is missing"),
    domain.AfterPhotoRequired: ProblemKind(
        422, "after_photo_required", "An after-photo is missing"
    ),
    domain.EvidenceEmpty: ProblemKind(422, "evidence_empty", "The file is empty"),
    domain.EvidenceTooLarge: ProblemKind(413, "evidence_too_large", "The file is too large"),
    domain.EvidenceHashMismatch: ProblemKind(
        422, "evidence_hash_mismatch", "The bytes do not hash to their name"
    ),
    domain.EvidenceTypeRefused: ProblemKind(
        422, "evidence_type_refused", "This kind of file is not taken"
    ),
    domain.PartOutOfOrder: ProblemKind(409, "part_out_of_order", "The part does not fit"),
    domain.EvidenceRefused: ProblemKind(422, "evidence_refused", "The file is not taken"),
    domain.Refused: ProblemKind(422, "refused", "The input cannot be accepted"),
    domain.EvidenceQuotaReached: ProblemKind(
        507, "evidence_quota_reached", "The enterprise keeps as much evidence as it may"
    ),
    domain.StorageFull: ProblemKind(507, "storage_full", "The server has no room left"),
    domain.StorageUnavailable: ProblemKind(
        503, "storage_unavailable", "The evidence store does not answer"
    ),
    domain.StorageError: ProblemKind(503, "storage_error", "The evidence store failed"),
    UnknownHazard: ProblemKind(422, "unknown_hazard", "There is no such hazard"),
    ledger.OutOfRange: ProblemKind(404, "out_of_range", "The ledger is not that long"),
    ledger.EntryError: ProblemKind(422, "unrecordable", "The ledger cannot hold this content"),
    ledger.NoteError: ProblemKind(422, "note_refused", "The signed text does not hold"),
    ledger.LogCorrupt: ProblemKind(
        500, "ledger_corrupt", "The ledger's rows contradict each other"
    ),
    PictureError: ProblemKind(409, "not_a_picture", "It cannot be shown"),
    HeadsNotDetectable: ProblemKind(503, "heads_not_detectable", "Heads cannot be blurred here"),
    ModelError: ProblemKind(503, "model_failed", "The model failed"),
}


def kind_of(error: Exception) -> ProblemKind | None:
    """Return how an error looks from outside, by its class or its nearest base in the table."""
    return next((PROBLEMS[base] for base in type(error).__mro__ if base in PROBLEMS), None)


DESCRIPTIONS: Mapping[int, str] = {
    400: "A header or the body cannot be read",
    401: "Not signed in",
    403: "Not allowed",
    404: "It does not exist, or it is not yours",
    409: "It does not fit the present state",
    412: "Somebody else was faster: read again",
    413: "The body is too large",
    415: "The body is of another kind than this address takes",
    422: "The request is malformed, or its content cannot be accepted",
    503: "The database or the evidence store does not answer; try later",
    507: "The server has no room left, or the enterprise keeps as much evidence as it may",
    428: "`If-Match` is missing: send the etag of what was read",
    429: "Too many failed attempts, or too many requests",
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
