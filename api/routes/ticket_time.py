"""More time for a ticket: pauses and extensions, asked for by the enterprise and decided by another person."""

from functools import partial
from uuid import UUID

from api.deps import AnyCaller
from api.errors import problems
from api.routing import ApiRouter
from api.shapes.tickets import HoldReasons, HoldReasonView, TicketDetail
from api.step_taker import STEP_PROBLEMS, TICKET, Taker
from inspection.clock_rules import hold_reasons
from inspection.hold_wire import ExtensionRequest, HoldDecision, HoldNote, PauseRequest
from inspection.plans import china_day, parameter
from inspection.tables import HoldKind
from inspection.ticket_holds import (
    HoldRequest,
    decide_hold,
    end_pause,
    request_hold,
    withdraw_hold,
)
from inspection.wire import utc_now

router = ApiRouter(tags=["tickets"])
HOLD = f"{TICKET}/holds/{{ticket_hold_id}}"


@router.get(
    "/hold-reasons",
    operation_id="listHoldReasons",
    summary="Why a ticket may get more time",
    responses=problems(401),
)
def list_hold_reasons(caller: AnyCaller) -> HoldReasons:  # noqa: ARG001  signed in is enough
    """Return the reasons, and how long a pause and an extension may be."""
    today = china_day(utc_now())
    return HoldReasons(
        items=[
            HoldReasonView(
                code=row.code,
                kinds=sorted(map(HoldKind, row.kinds)),
                name_zh=row.name_zh,
                name_en=row.name_en,
            )
            for row in hold_reasons().values()
        ],
        pause_max_days=int(parameter("pause_max", today).value),
        extension_max_days=int(parameter("extension_max", today).value),
    )


@router.post(
    f"{TICKET}/pauses",
    operation_id="requestPause",
    summary="Ask for a pause",
    responses=STEP_PROBLEMS,
)
def request_pause(body: PauseRequest, taker: Taker) -> TicketDetail:
    """Ask that the clock stands still, waiting for parts say, until a planned time. It counts from now once it is approved."""
    asked = HoldRequest(HoldKind.PAUSE, body.reason_code, body.note, until=body.until)
    return taker.take("request_pause", partial(request_hold, asked=asked))


@router.post(
    f"{TICKET}/extensions",
    operation_id="requestExtension",
    summary="Ask for more days",
    responses=STEP_PROBLEMS,
)
def request_extension(body: ExtensionRequest, taker: Taker) -> TicketDetail:
    """Ask for more days to fix it."""
    asked = HoldRequest(HoldKind.EXTENSION, body.reason_code, body.note, days=body.days)
    return taker.take("request_extension", partial(request_hold, asked=asked))


@router.post(
    f"{HOLD}/decision",
    operation_id="decideHold",
    summary="Grant or refuse time",
    responses=STEP_PROBLEMS,
)
def decide(ticket_hold_id: UUID, body: HoldDecision, taker: Taker) -> TicketDetail:
    """Decide about a request, as an expert or the service centre; nobody decides about their own."""
    change = partial(decide_hold, hold_id=ticket_hold_id, approved=body.approved, note=body.note)
    return taker.take("decide_hold", change)


@router.post(
    f"{HOLD}/withdrawal",
    operation_id="withdrawHold",
    summary="Take a request for time back",
    responses=STEP_PROBLEMS,
)
def withdraw(ticket_hold_id: UUID, body: HoldNote, taker: Taker) -> TicketDetail:
    """Take a request back that nobody decided yet."""
    change = partial(withdraw_hold, hold_id=ticket_hold_id, note=body.note)
    return taker.take("withdraw_hold", change)


@router.post(
    f"{HOLD}/end",
    operation_id="endPause",
    summary="End a pause before its time",
    responses=STEP_PROBLEMS,
)
def end(ticket_hold_id: UUID, body: HoldNote, taker: Taker) -> TicketDetail:
    """Let the clock run on: the parts came."""
    return taker.take("end_pause", partial(end_pause, hold_id=ticket_hold_id, note=body.note))
