"""Erasure, legal holds and retention: what may go, who asked, who agreed, and what keeps it."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.shapes.base import ETAG, Page, PersonRef
from inspection.erasure_rules import RefusalCode
from inspection.retention import RetentionKind
from inspection.tables import ErasureState, TargetState
from inspection.wire import Text, UtcDatetime, Wire

Section = Annotated[str, Field(pattern=r"^L\d{2}$", examples=["L27"])]
Index = Annotated[int, Field(ge=0, le=2**53 - 1)]


class ErasureReasonView(Wire):
    """Why content may be erased. A basis that is not checked is shown as to be verified."""

    code: str = Field(examples=["person_request"])
    name_zh: str
    name_en: str
    valid_from: date
    basis: str
    basis_checked: bool


class ErasureReasons(Wire):
    """The reasons, in their order."""

    items: list[ErasureReasonView]


class NewErasure(Wire):
    """A request to erase the content of entries. Do not write here whose data it is."""

    indices: list[Index] = Field(min_length=1, max_length=1000, examples=[[3, 4]])
    reason: str = Field(max_length=64, examples=["person_request"])
    reference: Text = Field(
        default="", max_length=100, description="number of the paper request; no name"
    )
    ended_on: date | None = Field(
        default=None, description="day on which the thing ended, where retention counts from it"
    )


class ErasureCheck(Wire):
    """What a request would name, to learn what stands against it."""

    indices: list[Index] = Field(min_length=1, max_length=1000, examples=[[3, 4]])
    reason: str = Field(max_length=64, examples=["person_request"])
    ended_on: date | None = None


class RefusalView(Wire):
    """Why an entry's content stays."""

    index: int
    code: RefusalCode
    message: str
    until: date | None = Field(description="first day on which it may go, where that is known")


class Refusals(Wire):
    """What stands against an erasure; nothing, when the list is empty."""

    items: list[RefusalView]


class ErasureTargetView(Wire):
    """What became of one entry."""

    index: int
    state: TargetState
    erased_at: UtcDatetime | None


class ErasureView(Wire):
    """A request, and how far it has come."""

    id: UUID
    enterprise_id: UUID
    reason: ErasureReasonView
    reference: str = Field(description="empty once it is done")
    ended_on: date | None
    state: ErasureState
    requested_by: PersonRef
    requested_at: UtcDatetime
    decided_by: PersonRef | None
    decided_at: UtcDatetime | None
    decision_note: str
    done_at: UtcDatetime | None
    approval_index: int | None = Field(description="entry that orders the erasing")
    completion_index: int | None = Field(description="entry that says it is done")
    targets: list[ErasureTargetView]
    may_approve: bool = Field(description="the caller may approve it")
    may_reject: bool = Field(description="the caller may reject it, or withdraw their own")


class ErasurePage(Page[ErasureView]):
    """Requests, newest first."""


class Rejection(Wire):
    """Why a request is rejected or withdrawn."""

    note: Text = Field(default="", max_length=500)


class NewHold(Wire):
    """A hold of the whole ledger, of a section, or of the entries of a hazard item. The reason stays in the ledger."""

    reason: Text = Field(min_length=1, max_length=500, examples=["2026-11-20 事故调查"])
    section: Section | None = None
    item_id: UUID | None = None


class HoldLifting(Wire):
    """Why a hold is lifted. The reason stays in the ledger."""

    reason: Text = Field(min_length=1, max_length=500, examples=["调查结束"])


class HoldView(Wire):
    """A legal hold; it stands while `lifted_at` is null."""

    id: UUID
    enterprise_id: UUID
    section: str | None
    item_id: UUID | None
    reason: str
    set_by: PersonRef
    set_at: UtcDatetime
    by_centre: bool = Field(description="only the service centre may lift it")
    entry_index: int
    lifted_by: PersonRef | None
    lifted_at: UtcDatetime | None
    lift_reason: str
    lift_index: int | None
    may_lift: bool
    etag: str = ETAG


class Holds(Page[HoldView]):
    """Legal holds, newest first."""


class RetentionRuleView(Wire):
    """How long a section's entries are kept. A basis that is not checked is shown as to be verified."""

    section: str
    kind: RetentionKind
    years: int
    is_minimum: bool = Field(description="false: a recommendation")
    valid_from: date
    label: str = Field(examples=["建议5年"])
    basis: str
    basis_checked: bool


class SectionRetentionView(Wire):
    """A section of an enterprise, and what of it is past its retention."""

    rule: RetentionRuleView
    entries: int = Field(description="entries that are not erased")
    past: int = Field(description="of these, past their retention")
    oldest_at: UtcDatetime | None
    is_held: bool


class StuckEvidence(Wire):
    """Bytes that are to be deleted and are still there."""

    sha256: str
    queued_at: UtcDatetime
    error: str = Field(description="the store's last word about it; empty before the first try")


class RetentionReport(Wire):
    """What is kept, how long, and what waits to go."""

    sections: list[SectionRetentionView]
    orphans: int = Field(
        description="uploaded files that nothing ever referred to, past their grace period"
    )
    waiting: list[StuckEvidence]


class EntryRetention(Wire):
    """What keeps an entry, or what erased it."""

    rule: RetentionRuleView
    ends_on: date | None = Field(description="first day past its retention, where that is known")
    refusals: list[RefusalView] = Field(
        description="what stands against erasing it because the person asks"
    )
    erasure: ErasureView | None = Field(description="the request that erased it")
