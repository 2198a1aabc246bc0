"""What travels between edge, server and app about findings: shared and light, without a database.

Boxes are relative (0 to 1) to the upright picture, ``xyxy``: left, top, right, bottom. Times are aware and
in UTC. A draft's id is made where the hazard was seen and is the idempotency key of its delivery.
"""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    model_validator,
)

Sha256 = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{64}$",
        description="SHA-256 of the bytes, 64 lower-case hexadecimal digits",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ),
]
# No name holds a NUL, and PostgreSQL can not store one.
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
# Ed25519 (RFC 8032): 32 and 64 bytes in base64.
PublicKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$")]
Signature = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{86}==$")]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        msg = "this time is outside of the years 1 to 9999 in UTC"
        raise ValueError(msg) from None


UtcDatetime = Annotated[AwareDatetime, AfterValidator(_in_utc)]

MAX_DRAFTS = 500


class Wire(BaseModel):
    """Base of every payload: unknown fields are refused, values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DrawnBox(Wire):
    """A box that a person drew, in relative coordinates of the upright picture."""

    x1: Fraction
    y1: Fraction
    x2: Fraction
    y2: Fraction
    label: Text = Field(min_length=1, max_length=64, examples=["head"])

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.x2 <= self.x1 or self.y2 <= self.y1:
            msg = f"a box needs x1 < x2 and y1 < y2, not {self.x1}, {self.y1}, {self.x2}, {self.y2}"
            raise ValueError(msg)
        return self


class Box(DrawnBox):
    """A detection in relative coordinates of the upright picture."""

    confidence: Fraction


class SourceKind(StrEnum):
    """How a picture was taken."""

    CAMERA = "camera"
    PATROL = "patrol"
    INSPECTION = "inspection"


class Source(Wire):
    """Where a picture comes from: a device's camera, a device's patrol folder, or an inspection.

    `name` is the camera's name or the photo's file name.
    """

    kind: SourceKind
    name: Text = Field(min_length=1, max_length=200, examples=["gate-north"])
    inspection_id: UUID | None = None


class FindingDraft(Wire):
    """A hazard seen at a place and time, with its evidence; not yet stored."""

    id: UUID = Field(description="UUIDv7, made where the hazard was seen; the idempotency key")
    hazard_code: str = Field(pattern=r"^[A-Z]{3}-\d{2}$", examples=["PPE-01"])
    label: Text = Field(min_length=1, max_length=64, description="the model class that decided")
    confidence: Fraction
    boxes: tuple[Box, ...] = Field(max_length=200)
    captured_at: UtcDatetime = Field(description="when the picture was taken, device clock")
    clock_offset_s: float | None = Field(
        default=None,
        ge=-4e9,
        le=4e9,
        allow_inf_nan=False,
        description="device clock minus server clock, seconds, as last measured; "
        "the server subtracts it from `captured_at`",
    )
    source: Source
    zone: Text | None = Field(default=None, max_length=200)
    model_name: Text = Field(min_length=1, max_length=100)
    model_sha256: Sha256
    evidence_sha256: Sha256
    sightings: int = Field(
        default=1, ge=1, le=1_000_000, description="frames or photos that showed it"
    )
    clock_is_estimated: bool | None = Field(
        default=None,
        description="true: the device's clock could not be right, and `captured_at` less the offset is the latest "
        "at which it can have been seen",
    )
    sequence: int | None = Field(
        default=None,
        ge=1,
        le=2**53 - 1,
        description="its place among the findings of its source on this device: 1, 2, 3 …; "
        "what is missing was left out, refused, or is still on its way",
    )
    signature: Signature | None = Field(
        default=None, description="of `draft_sha256` by the device's key; see docs/formats.md"
    )
    enterprise_id: UUID | None = Field(
        default=None,
        description="the enterprise whose device saw it; a device that moved to another enterprise "
        "can then not write into the wrong ledger",
    )


class FindingBatch(Wire):
    """Drafts for delivery, at most `MAX_DRAFTS`. Each is judged alone: one bad draft stops no other."""

    drafts: list[dict[str, object]] = Field(min_length=1, max_length=MAX_DRAFTS)


class ReceiptStatus(StrEnum):
    """What became of a draft."""

    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class RejectionCode(StrEnum):
    """Why a draft was refused. Uploading mends `EVIDENCE_MISSING`, signing with the registered key the two of the signature, and a
    measured clock `CLOCK_IMPLAUSIBLE`; the others never heal by retrying.
    """

    MALFORMED = "malformed"
    UNKNOWN_HAZARD = "unknown_hazard"
    EVIDENCE_MISSING = "evidence_missing"
    FOREIGN_ENTERPRISE = "foreign_enterprise"
    ID_REUSED = "id_reused"
    CLOCK_IMPLAUSIBLE = "clock_implausible"
    SIGNATURE_MISSING = "signature_missing"
    SIGNATURE_INVALID = "signature_invalid"


class FindingReceipt(Wire):
    """The answer for one draft. `index` and `leaf_hash` name its entry in the enterprise's ledger."""

    id: str
    status: ReceiptStatus
    index: int | None = None
    leaf_hash: Sha256 | None = None
    code: RejectionCode | None = None
    reason: str | None = None


class FindingReceipts(Wire):
    """Answers in the order of the batch."""

    receipts: list[FindingReceipt]


class Enrolment(Wire):
    """A device trades a one-time code for its token."""

    code: str = Field(min_length=8, max_length=64)
    name: Text = Field(min_length=1, max_length=100, examples=["edge-box-1"])
    public_key: PublicKey | None = Field(
        default=None, description="what the device signs with, Ed25519 in base64"
    )


class KeyRegistration(Wire):
    """The public half of the key that a device signs with from now on."""

    public_key: PublicKey


class EnrolledDevice(Wire):
    """The token is shown once and stored hashed."""

    device_id: UUID
    enterprise_id: UUID
    enterprise_name: str
    token: str


class ServerTime(Wire):
    """The server's clock, for a device to measure its offset."""

    now: UtcDatetime


class EvidenceReceipt(Wire):
    """State of an upload: `received` of `size` bytes; `complete` once the hash was checked."""

    sha256: Sha256
    received: int
    size: int
    complete: bool


FindingState = Literal["proposed", "confirmed", "dismissed"]
HazardLevel = Literal["general", "major"]


MAX_DRAWN = 200
DrawnBoxes = Annotated[
    tuple[DrawnBox, ...] | None,
    Field(
        max_length=MAX_DRAWN,
        description="the boxes as the person redrew them, all of them; null: the model's stand. "
        "The model's own are kept beside them",
    ),
]
CompleteLabels = Annotated[
    tuple[Annotated[Text, Field(min_length=1, max_length=64)], ...],
    Field(
        max_length=64,
        description="labels of which the person says that every one in the picture is boxed "
        "(or, without a box, that the picture shows none); training needs to know",
        examples=[["head"]],
    ),
]


class Confirmation(Wire):
    """A person says that the hazard is real; what is left out stays as the model and the catalogue say."""

    hazard_code: str | None = Field(default=None, pattern=r"^[A-Z]{3}-\d{2}$", examples=["PPE-01"])
    level: HazardLevel | None = None
    boxes: DrawnBoxes = None
    complete_labels: CompleteLabels = ()
    note: Text = Field(default="", max_length=2000)


class Dismissal(Wire):
    """A person says that it is no hazard, and why: by a code of the list of reasons, in words, or both."""

    code: str | None = Field(
        default=None,
        pattern=r"^[a-z_]{1,32}$",
        description="a code of `GET /v1/decision-choices`; null is `other`",
        examples=["reflection"],
    )
    reason: Text = Field(default="", max_length=2000, examples=["a mannequin"])
    boxes: DrawnBoxes = None
    complete_labels: CompleteLabels = ()

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if self.code in (None, "other") and not self.reason.strip():
            msg = "say why: give a code of GET /v1/decision-choices, or a reason in words"
            raise ValueError(msg)
        return self


class Assignment(Wire):
    """A ticket is given to a person of the enterprise."""

    assignee_id: UUID
    note: Text = Field(default="", max_length=2000)


class Start(Wire):
    """The fix begins."""

    note: Text = Field(default="", max_length=2000)


Filled = Annotated[Text, Field(pattern=r"^[^\x00]*[^\x00\s][^\x00]*$", max_length=2000)]


class TreatmentPlan(Wire):
    """How a major hazard is treated (重大事故隐患治理方案): its six parts, with the five things to be settled (五落实) among them.

    Source of the six parts: 安全生产事故隐患排查治理暂行规定 (总局令第16号) art. 15; whether it is still in force is to be verified.
    """

    goals: Filled = Field(description="治理的目标和任务: what must be so when it is done")
    measures: Filled = Field(description="采取的方法和措施")
    funds_yuan: int = Field(
        ge=0, le=10**12, description="经费的落实: money set aside, yuan", examples=[12000]
    )
    materials: Text = Field(default="", max_length=2000, description="物资的落实")
    responsible: Filled = Field(description="负责治理的机构和人员")
    due_on: date = Field(description="治理的时限: the day by which it is done, in China")
    requirements: Text = Field(default="", max_length=2000, description="治理的要求")
    safeguards: Filled = Field(description="安全措施和应急预案: until it is done")
    stop_work: Filled = Field(
        description="what was stopped and who was withdrawn, or why nothing has to be (安全生产法 art. 65)"
    )
    reported_to: Filled = Field(description="the authority that was told (安全生产法 art. 41)")
    reported_on: date = Field(description="the day on which it was told, in China")
    note: Text = Field(default="", max_length=2000)


class Submission(Wire):
    """The fix is done; at least one photo taken after it shows the place."""

    note: Text = Field(default="", max_length=2000)
    evidence_sha256s: tuple[Sha256, ...] = Field(min_length=1, max_length=20)


class Reinspection(Wire):
    """A second person looked: it is fixed (`passed`), or it goes back with a note that says what is wrong."""

    passed: bool
    note: Text = Field(default="", max_length=2000)
    evidence_sha256s: tuple[Sha256, ...] = Field(default=(), max_length=20)


class RecordDraft(Wire):
    """What is filled in of a section's form. Which fields there are, the section's definition says."""

    id: UUID = Field(description="UUIDv7, made by the client; the idempotency key")
    version: str | None = Field(
        default=None,
        max_length=10,
        description="the edition of the definition that the form was built from; today's when left out",
        examples=["2025-01-01"],
    )
    values: dict[str, JsonValue] = Field(
        max_length=100,
        description="by the field's name; what is left empty may be left out",
        examples=[
            {
                "on": "2026-10-20",
                "place": "会议室",
                "topic": "十月安全例会",
                "host": ["林安全"],
                "attendees": ["林安全", "周师傅"],
                "resolution": "冲压线加装光栅，11月15日前完成。",
            }
        ],
    )


class RecordCorrection(RecordDraft):
    """A new record that takes the place of an earlier one; the earlier one stays in the ledger."""

    reason: Text = Field(min_length=1, max_length=2000, examples=["漏记一名参会人员"])


class Withdrawal(Wire):
    """A record was written by mistake, and why; it stays in the ledger."""

    reason: Text = Field(min_length=1, max_length=2000, examples=["记录到了错误的台账"])


class Applicability(Wire):
    """Whether a section applies to the enterprise, and why not (or why again)."""

    applies: bool
    reason: Text = Field(min_length=1, max_length=2000, examples=["厂内没有有限空间"])
    since: date | None = Field(
        default=None, description="first day on which it does not apply; today when left out"
    )


def utc_now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)
