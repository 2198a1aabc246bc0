"""Remediation tickets (整改单) and their steps."""

from uuid import UUID

from pydantic import Field

from api.shapes.base import HazardCode, Level, Page, PersonRef
from inspection.fix_checker import Doubt, Verdict
from inspection.tables import FixCheckState, HoldKind, HoldState, TicketState
from inspection.ticket_clock import ClockUnit, StopReason
from inspection.tickets import TicketAction
from inspection.wire import Box, Sha256, TreatmentPlan, UtcDatetime, Wire


class TicketView(Wire):
    """The order to fix. `version` grows by one a step: send it as `If-Match` to refuse a stale step."""

    id: UUID
    enterprise_id: UUID
    number: str = Field(examples=["ZG-20261124-0001"])
    item_id: UUID
    hazard_code: HazardCode
    level: Level
    basis: str = Field(description="legal basis as of the day of opening")
    is_basis_checked: bool = Field(description="false: show the basis as to be verified")
    state: TicketState
    opened_at: UtcDatetime
    opened_by: PersonRef
    deadline: UtcDatetime
    is_deadline_provisional: bool = Field(
        description="working days of a year are not known yet: the deadline is the earliest possible"
    )
    is_overdue: bool
    remaining_s: int = Field(
        description="counted time that is left, seconds, as the ticket's clock has it; negative when overdue"
    )
    stopped_by: StopReason | None = Field(
        description="why the clock stands still now; null: it runs, or nothing is to be done any more"
    )
    assignee: PersonRef | None
    fixer: PersonRef | None = Field(description="who started or submitted the fix")
    closed_at: UtcDatetime | None
    version: int


class TicketPage(Page[TicketView]):
    """Tickets."""


class TicketStepView(Wire):
    """Something that happened to a ticket, and the ledger entry that proves it."""

    number: int
    action: str = Field(examples=["assign"])
    state: TicketState = Field(description="the state after this step")
    by: PersonRef | None = Field(description="null: the server itself")
    assignee: PersonRef | None = Field(description="to whom it was assigned by this step")
    at: UtcDatetime
    note: str
    evidence_sha256s: list[Sha256]
    entry_index: int


class StopView(Wire):
    """When the clock stood or stands still."""

    since: UtcDatetime
    until: UtcDatetime | None = Field(description="null: not known yet")
    reason: StopReason


class ClockView(Wire):
    """How much time is left, and why. All durations are counted time, in seconds; `remaining_s` is negative when overdue."""

    unit: ClockUnit = Field(description="every hour counts, or only those of working days in China")
    unit_basis: str
    is_unit_basis_checked: bool = Field(description="false: show the basis as to be verified")
    budget_s: int = Field(description="with what was granted")
    granted_days: int = Field(description="of approved extensions")
    elapsed_s: int
    remaining_s: int
    due_at: UtcDatetime | None = Field(
        description="null while a reinspection is waited for: that time does not count"
    )
    unknown_years: list[int] = Field(
        description="years whose working days are not known: `due_at` is the earliest possible"
    )
    stopped_by: StopReason | None = Field(description="why it stands still now; null: it runs")
    stops: list[StopView]
    as_of: UtcDatetime


class TicketHoldView(Wire):
    """A request for a pause or for more days. `may_*`: what the caller may do with it now."""

    id: UUID
    kind: HoldKind
    state: HoldState
    reason_code: str
    requested_at: UtcDatetime
    requested_by: PersonRef
    until: UtcDatetime | None = Field(description="planned end of a pause")
    days: int | None = Field(description="of an extension")
    decided_at: UtcDatetime | None
    decided_by: PersonRef | None
    ended_at: UtcDatetime | None
    is_pausing: bool
    may_decide: bool
    may_withdraw: bool
    may_end: bool


class HoldReasonView(Wire):
    """Why time may be asked for."""

    code: str
    kinds: list[HoldKind]
    name_zh: str
    name_en: str


class HoldReasons(Wire):
    """Every reason, in the order in which it is offered."""

    items: list[HoldReasonView]
    pause_max_days: int
    extension_max_days: int


class TreatmentPlanView(Wire):
    """The treatment plan that stands, and the ledger entry that proves it."""

    number: int = Field(description="1 for the first one")
    filed_at: UtcDatetime
    filed_by: PersonRef
    plan: TreatmentPlan | None = Field(description="null: its content was erased")
    entry_index: int


class PhotoLookView(Wire):
    """What the model could say of one after-photo; `boxes` show where the hazard is still to be seen."""

    sha256: Sha256
    verdict: Verdict
    why: Doubt | None = Field(default=None, description="where it is `cannot_say` or `failed`")
    boxes: list[Box] = Field(default_factory=list)
    detail: str = Field(default="", description="of a photo that could not be read")


class FixCheckView(Wire):
    """The model's look at the after-photos of the newest submission. It decides nothing: a person reinspects."""

    step: int = Field(description="number of the submission's step")
    state: FixCheckState
    asked_at: UtcDatetime
    done_at: UtcDatetime | None
    verdict: Verdict | None = Field(
        description="of all photos: what was seen in one prevails, then what was looked for in vain; null while it waits"
    )
    photos: list[PhotoLookView] = Field(description="empty while it waits, and once erased")
    error: str | None = Field(description="why it failed as a whole")
    model_name: str | None
    model_version: str | None
    model_sha256: Sha256 | None
    entry_index: int | None = Field(description="the ledger entry that proves what was told")


class TicketDetail(Wire):
    """A ticket with its clock, every step so far, and what the caller may do next."""

    ticket: TicketView
    steps: list[TicketStepView]
    allowed_actions: list[TicketAction]
    clock: ClockView
    holds: list[TicketHoldView] = Field(description="requests for time, oldest first")
    may_request_hold: bool
    treatment: TreatmentPlanView | None = Field(description="of a major hazard, once it was filed")
    is_treatment_missing: bool = Field(description="the fix may not start before it was filed")
    may_file_treatment: bool
    fix_check: FixCheckView | None = Field(description="null before the first submission")
