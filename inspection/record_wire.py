"""An inspection record as it is filled in, frozen, signed or refused: what a phone and the server both hash.

The content has no numbers but whole ones and no times but texts of one form, so that a phone without signal and the server
come to the same canonical bytes (RFC 8785), and both sides sign what they saw.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import rfc8785
from pydantic import AfterValidator, Field

from inspection.wire import HazardLevel, Sha256, Text, Wire

MAX_PROBLEMS = 100
MAX_PHOTOS = 4


def _real(text: str) -> str:
    datetime.fromisoformat(text)
    return text


Moment = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z$",
        description="UTC, with milliseconds: as `Date.prototype.toISOString` writes it",
        examples=["2026-11-24T08:00:00.000Z"],
    ),
    AfterValidator(_real),
]
Line = Annotated[Text, Field(max_length=200)]
Paragraph = Annotated[Text, Field(max_length=2000)]
Name = Annotated[Text, Field(min_length=1, max_length=100)]


class RecordProblem(Wire):
    """A problem that was found. `item_id` names the hazard in the ledger; one without was written by hand."""

    text: Text = Field(min_length=1, max_length=500, examples=["灭火器被遮挡"])
    place: Line = ""
    level: HazardLevel
    hazard_code: str | None = Field(default=None, pattern=r"^[A-Z]{3}-\d{2}$")
    basis: Text = Field(default="", max_length=500)
    is_basis_checked: bool = False
    deadline: Moment | None = None
    handling: Text = Field(default="", max_length=1000, description="what is to be done about it")
    item_id: UUID | None = None
    ticket_number: Text | None = Field(default=None, max_length=40)
    photos: tuple[Sha256, ...] = Field(default=(), max_length=MAX_PHOTOS)


class RecordContent(Wire):
    """What both sides sign: time, place, content, problems, handling."""

    form: Literal["anxun-inspection-record/1"] = "anxun-inspection-record/1"
    enterprise: Name
    credit_code: Text = Field(default="", max_length=18)
    started_at: Moment
    ended_at: Moment
    place: Line
    inspectors: Text = Field(min_length=1, max_length=200, examples=["陈安（驻点专家）"])
    accompanied_by: Line = ""
    checked: Text = Field(min_length=1, max_length=2000, description="what was inspected")
    problems: tuple[RecordProblem, ...] = Field(default=(), max_length=MAX_PROBLEMS)
    undecided: int = Field(
        default=0, ge=0, le=100_000, description="findings of the model that nobody decided yet"
    )
    handling: Paragraph = ""


class DrawnSignature(Wire):
    """A signature that was drawn on a screen: a PNG that was sent as evidence, and whose it is."""

    name: Name
    position: Text = Field(min_length=1, max_length=100, examples=["安全管理员"])
    picture_sha256: Sha256
    signed_at: Moment


class RecordSubmission(Wire):
    """The record is frozen with the inspector's signature. `id` is made on the phone: sent again, it is the same record."""

    id: UUID
    content: RecordContent
    content_sha256: Sha256 = Field(
        description="SHA-256 of the content's canonical JSON (RFC 8785), as the signer saw it"
    )
    signature: DrawnSignature
    supersedes: UUID | None = Field(default=None, description="the version that this one corrects")
    reason: Text = Field(default="", max_length=500, description="why it is corrected")


class EnterpriseSignature(Wire):
    """The enterprise agrees. `content_sha256` says what the signer was shown."""

    kind: Literal["signed"] = "signed"
    content_sha256: Sha256
    signature: DrawnSignature


class EnterpriseRefusal(Wire):
    """The enterprise does not sign; the reason is put on record, with a witness where there was one."""

    kind: Literal["refused"] = "refused"
    content_sha256: Sha256
    name: Text = Field(default="", max_length=100, description="who refuses")
    position: Text = Field(default="", max_length=100)
    reason: Text = Field(min_length=1, max_length=1000)
    refused_at: Moment
    witness: DrawnSignature | None = None


RecordAnswer = Annotated[EnterpriseSignature | EnterpriseRefusal, Field(discriminator="kind")]


def canonical_content(content: RecordContent) -> bytes:
    """Return the bytes that are hashed and signed (RFC 8785)."""
    canonical: bytes = rfc8785.dumps(content.model_dump(mode="json"))
    return canonical


def content_sha256(content: RecordContent) -> str:
    """Return the hash of the canonical bytes."""
    return hashlib.sha256(canonical_content(content)).hexdigest()


def stored_sha256(content: Mapping[str, Any]) -> str:
    """Return the hash of a content as a row keeps it. Raises `pydantic.ValidationError`."""
    return content_sha256(RecordContent.model_validate(content))
