"""What is kept and how long, and legal holds."""

from uuid import UUID

from fastapi import status

from api.access import log_access
from api.deps import CurrentUser, EnterpriseId, PageAsked, Reading, Remote, Writing
from api.errors import problems
from api.preconditions import ReadFrom
from api.retention_views import (
    erasure_views,
    hold_tag,
    hold_views,
    refusal_views,
    rule_view,
    section_view,
)
from api.routes.ledger import EntryIndex
from api.routing import ApiRouter
from api.shapes.retention import (
    EntryRetention,
    HoldLifting,
    Holds,
    HoldView,
    NewHold,
    RetentionReport,
    StuckEvidence,
)
from inspection import holds
from inspection.erasure_rules import Grounds, refusals_of
from inspection.erasures import erasure_of
from inspection.journal import log_id_of
from inspection.plans import china_day
from inspection.removals import orphans, stuck_removals
from inspection.retention import retention_rule
from inspection.retention_report import retention_report
from inspection.wire import utc_now
from ledger import log
from ledger.sql import SqlStore

router = ApiRouter(prefix="/enterprises/{enterprise_id}", tags=["retention"])
PERSON_ASKS = Grounds("person_request")


@router.get(
    "/retention",
    operation_id="getRetention",
    summary="What is kept, and how long",
    responses=problems(401, 404, 422),
)
def get_retention(
    enterprise_id: EnterpriseId, user: CurrentUser, session: Reading
) -> RetentionReport:
    """Return every section's rule and what is past it. Nothing goes by itself: it needs a request and an approval."""
    now = utc_now()
    sections = retention_report(session, user.scope, enterprise_id, now)
    return RetentionReport(
        sections=[section_view(row) for row in sections],
        orphans=len(orphans(session, enterprise_id, now)),
        waiting=[
            StuckEvidence(sha256=row.sha256, queued_at=row.queued_at, error=row.error)
            for row in stuck_removals(session, enterprise_id)
        ],
    )


@router.get(
    "/entries/{index}/retention",
    operation_id="getEntryRetention",
    summary="What keeps an entry, or what erased it",
    responses=problems(401, 404, 422),
)
def get_entry_retention(
    enterprise_id: EnterpriseId, index: EntryIndex, user: CurrentUser, session: Reading
) -> EntryRetention:
    """Return the rule, what stands against erasing it, and the request that erased it if one did."""
    now = utc_now()
    entry = log.get_entry(SqlStore(session), log_id_of(enterprise_id), index)
    rule = retention_rule(entry.header.section, china_day(now))
    erased = erasure_of(session, user.scope, enterprise_id, index)
    return EntryRetention(
        rule=rule_view(rule),
        ends_on=rule.ends_on(entry.header.at),
        refusals=refusal_views(refusals_of(session, enterprise_id, [index], PERSON_ASKS, now)),
        erasure=erasure_views(session, user, [erased[0]])[0] if erased else None,
    )


@router.get(
    "/holds", operation_id="listHolds", summary="Legal holds", responses=problems(401, 404, 422)
)
def list_holds(
    enterprise_id: EnterpriseId, user: CurrentUser, session: Reading, asked: PageAsked
) -> Holds:
    """Return an enterprise's legal holds, lifted ones too, newest first."""
    page = holds.list_holds(session, user.scope, enterprise_id, asked)
    return Holds(items=hold_views(session, user, page.rows), next_cursor=page.next_cursor)


@router.post(
    "/holds",
    operation_id="setHold",
    summary="Set a legal hold",
    status_code=status.HTTP_201_CREATED,
    responses=problems(401, 403, 404, 422),
)
def set_hold(
    enterprise_id: EnterpriseId, body: NewHold, user: CurrentUser, session: Writing, remote: Remote
) -> HoldView:
    """Let nothing that the hold covers be erased until it is lifted."""
    hold = holds.set_hold(
        session,
        user.scope,
        enterprise_id,
        reason=body.reason,
        now=utc_now(),
        section=body.section,
        item_id=body.item_id,
    )
    log_access(
        session,
        actor=user.actor,
        action="hold.set",
        enterprise_id=enterprise_id,
        detail=str(hold.id),
        remote=remote,
    )
    return hold_views(session, user, [hold])[0]


@router.post(
    "/holds/{hold_id}/lifting",
    operation_id="liftHold",
    summary="Lift a legal hold",
    responses=problems(400, 401, 403, 404, 409, 412, 422, 428),
)
def lift_hold(
    enterprise_id: EnterpriseId,
    hold_id: UUID,
    body: HoldLifting,
    user: CurrentUser,
    session: Writing,
    origin: ReadFrom,
) -> HoldView:
    """End a hold."""
    standing = holds.hold_to_lift(session, user.scope, enterprise_id, hold_id)
    origin.read.require(hold_tag(standing), "the hold")
    hold = holds.lift_hold(
        session, user.scope, enterprise_id, hold_id, reason=body.reason, now=utc_now()
    )
    log_access(
        session,
        actor=user.actor,
        action="hold.lift",
        enterprise_id=enterprise_id,
        detail=str(hold_id),
        remote=origin.remote,
    )
    return hold_views(session, user, [hold])[0]
