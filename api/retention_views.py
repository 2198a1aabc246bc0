"""From rows of erasure and retention to what the API shows."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlmodel import Session

from api.auth import Caller
from api.names import names_of
from api.preconditions import tag_of
from api.shapes.retention import (
    ErasureReasonView,
    ErasureTargetView,
    ErasureView,
    HoldView,
    RefusalView,
    RetentionRuleView,
    SectionRetentionView,
)
from inspection.erasure_rules import Refusal
from inspection.erasures import APPROVING_ROLES, targets_of
from inspection.holds import HOLDING_ROLES
from inspection.retention import RetentionRule, erasure_reasons
from inspection.retention_report import SectionRetention
from inspection.tables import ErasureRequest, ErasureState, LegalHold, Role


def erasure_views(
    session: Session, caller: Caller, rows: Sequence[ErasureRequest]
) -> list[ErasureView]:
    """Return requests with the names of who asked and who decided, and what the caller may do."""
    names = names_of(session, (key for row in rows for key in (row.requested_by, row.decided_by)))
    views = []
    for row in rows:
        is_own = row.requested_by == caller.user_id
        is_open = row.state is ErasureState.REQUESTED
        may_decide = bool(caller.scope.roles_in(row.enterprise_id).intersection(APPROVING_ROLES))
        told_apart = {"reason", "requested_by", "decided_by"}
        views.append(
            ErasureView(
                **row.model_dump(include=set(ErasureView.model_fields) - told_apart),
                reason=ErasureReasonView(**asdict(erasure_reasons()[row.reason])),
                requested_by=names[row.requested_by],
                decided_by=names[row.decided_by] if row.decided_by else None,
                targets=[
                    ErasureTargetView(
                        index=target.entry_index, state=target.state, erased_at=target.erased_at
                    )
                    for target in targets_of(session, row)
                ],
                may_approve=is_open and may_decide and not is_own,
                may_reject=is_open and (may_decide or is_own),
            )
        )
    return views


def hold_tag(row: LegalHold) -> str:
    """Return the tag of a hold: whether it stands."""
    return tag_of(row.id, row.lifted_at)


def hold_views(session: Session, caller: Caller, rows: Sequence[LegalHold]) -> list[HoldView]:
    """Return holds with the names of who set and lifted them."""
    names = names_of(session, (key for row in rows for key in (row.set_by, row.lifted_by)))
    return [
        HoldView(
            **row.model_dump(exclude={"set_by", "lifted_by"}),
            set_by=names[row.set_by],
            lifted_by=names[row.lifted_by] if row.lifted_by else None,
            may_lift=row.lifted_at is None and _may_lift(caller, row),
            etag=hold_tag(row),
        )
        for row in rows
    ]


def rule_view(rule: RetentionRule) -> RetentionRuleView:
    """Return a rule."""
    return RetentionRuleView(**asdict(rule))


def section_view(row: SectionRetention) -> SectionRetentionView:
    """Return a section of the report."""
    return SectionRetentionView(
        rule=rule_view(row.rule),
        entries=row.entries,
        past=row.past,
        oldest_at=row.oldest_at,
        is_held=row.is_held,
    )


def refusal_views(refusals: Sequence[Refusal]) -> list[RefusalView]:
    """Return what stands against an erasure."""
    return [RefusalView(**asdict(refusal)) for refusal in refusals]


def _may_lift(caller: Caller, row: LegalHold) -> bool:
    roles = caller.scope.roles_in(row.enterprise_id)
    return (
        Role.SERVICE_CENTRE in roles if row.by_centre else bool(roles.intersection(HOLDING_ROLES))
    )
