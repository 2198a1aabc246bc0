"""Erasing content on request: one person asks, another approves, and then it is carried out (`inspection.erasing`).

The approval is an entry of the ledger and is committed before anything goes: whoever finds an erased entry finds
which entry ordered it, why, and who asked and agreed. No entry names the person whose data is erased.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session, col, select

from inspection.database import lock_enterprise
from inspection.erasure_rules import Grounds, refusals_of
from inspection.errors import (
    AnotherApproverRequired,
    ErasureDecided,
    ErasureRefused,
    InvalidInput,
    NotFound,
)
from inspection.journal import Event, write_event
from inspection.plans import china_day
from inspection.queries import FIRST_PAGE, Page, Paging, page_of
from inspection.retention import erasure_reason
from inspection.scopes import Scope
from inspection.sections import LEDGER_ITSELF
from inspection.tables import ErasureRequest, ErasureState, ErasureTarget, Role, TargetState

MAX_ENTRIES = 1000
REQUESTING_ROLES = (Role.ENTERPRISE_OFFICER, Role.EXPERT, Role.SERVICE_CENTRE)
APPROVING_ROLES = (Role.ENTERPRISE_OFFICER, Role.SERVICE_CENTRE)


@dataclass(frozen=True)
class ErasureDraft:
    """What is asked for: entries, a reason of the list, the number of the paper request, the day the thing ended."""

    indices: tuple[int, ...]
    reason: str
    reference: str = ""
    ended_on: date | None = None


def request_erasure(
    session: Session, scope: Scope, enterprise_id: UUID, draft: ErasureDraft, now: datetime
) -> ErasureRequest:
    """Ask to erase entries; nothing is erased yet.

    Raises `NotFound`, `NotAllowed`, `InvalidInput`, `ErasureRefused` with what stands against it.
    """
    scope.require_role(enterprise_id, "request an erasure", *REQUESTING_ROLES)
    lock_enterprise(session, enterprise_id)
    indices = tuple(sorted(set(draft.indices)))
    if not 1 <= len(indices) <= MAX_ENTRIES:
        raise InvalidInput(f"a request names 1 to {MAX_ENTRIES} entries, not {len(indices)}")
    if draft.ended_on is not None and draft.ended_on > china_day(now):
        raise InvalidInput("the day on which the thing ended is not over yet")
    erasure_reason(draft.reason, china_day(now))
    grounds = Grounds(draft.reason, draft.ended_on)
    refusals = refusals_of(session, enterprise_id, indices, grounds, now)
    if refusals:
        raise ErasureRefused([refusal.message for refusal in refusals])
    request = ErasureRequest(
        enterprise_id=enterprise_id,
        reason=draft.reason,
        reference=draft.reference,
        ended_on=draft.ended_on,
        requested_by=scope.user_id,
        requested_at=now,
    )
    session.add(request)
    session.flush()
    session.add_all(
        ErasureTarget(enterprise_id=enterprise_id, request_id=request.id, entry_index=index)
        for index in indices
    )
    session.flush()
    return request


def approve_erasure(
    session: Session, scope: Scope, enterprise_id: UUID, request_id: UUID, now: datetime
) -> ErasureRequest:
    """Approve another person's request, and write the order into the ledger; it is carried out after the commit.

    Raises `NotFound`, `NotAllowed`, `AnotherApproverRequired`, `ErasureDecided`, `ErasureRefused`.
    """
    request = _to_decide(session, scope, enterprise_id, request_id)
    if scope.user_id == request.requested_by:
        raise AnotherApproverRequired
    indices = target_indices(session, request)
    grounds = Grounds(request.reason, request.ended_on, request.id)
    refusals = refusals_of(session, enterprise_id, indices, grounds, now)
    if refusals:
        raise ErasureRefused([refusal.message for refusal in refusals])
    reason = erasure_reason(request.reason, china_day(now))
    data = {
        "erasure_id": str(request.id),
        "indices": list(indices),
        "reason_code": reason.code,
        "reason": reason.name_zh,
        "basis": reason.basis,
        "is_basis_checked": reason.basis_checked,
        "ended_on": None if request.ended_on is None else request.ended_on.isoformat(),
        "requested_by": f"user:{request.requested_by}",
        "approved_by": scope.actor.name,
        "approver_roles": sorted(role.value for role in scope.roles_in(enterprise_id)),
    }
    event = Event("erasure.approved", LEDGER_ITSELF, data)
    request.approval_index = write_event(session, enterprise_id, scope.actor, event, now).index
    _decide(request, ErasureState.APPROVED, scope, "", now)
    session.flush()
    return request


def reject_erasure(
    session: Session,
    scope: Scope,
    enterprise_id: UUID,
    request_id: UUID,
    *,
    note: str,
    now: datetime,
) -> ErasureRequest:
    """Reject a request, or withdraw one's own. Raises `NotFound`, `NotAllowed`, `ErasureDecided`."""
    request = _to_decide(session, scope, enterprise_id, request_id)
    _decide(request, ErasureState.REJECTED, scope, note, now)
    session.flush()
    return request


def get_erasure(
    session: Session, scope: Scope, enterprise_id: UUID, request_id: UUID
) -> ErasureRequest:
    """Return a request in scope."""
    scope.require(enterprise_id)
    request = session.get(ErasureRequest, (enterprise_id, request_id))
    if request is None:
        raise NotFound("erasure request", request_id)
    return request


def list_erasures(
    session: Session, scope: Scope, enterprise_id: UUID, paging: Paging = FIRST_PAGE
) -> Page[ErasureRequest]:
    """Return an enterprise's requests, newest first."""
    scope.require(enterprise_id)
    keys = (col(ErasureRequest.id), col(ErasureRequest.enterprise_id))
    mine = col(ErasureRequest.enterprise_id) == enterprise_id
    return page_of(session, ErasureRequest, keys, [mine], paging)


def targets_of(session: Session, request: ErasureRequest) -> Sequence[ErasureTarget]:
    """Return the entries of a request, by index."""
    return session.exec(
        select(ErasureTarget)
        .where(
            col(ErasureTarget.enterprise_id) == request.enterprise_id,
            col(ErasureTarget.request_id) == request.id,
        )
        .order_by(col(ErasureTarget.entry_index))
    ).all()


def target_indices(session: Session, request: ErasureRequest) -> tuple[int, ...]:
    """Return the indices of a request's entries."""
    return tuple(target.entry_index for target in targets_of(session, request))


def erasure_of(
    session: Session, scope: Scope, enterprise_id: UUID, index: int
) -> tuple[ErasureRequest, ErasureTarget] | None:
    """Return the request that erased an entry, if one did."""
    scope.require(enterprise_id)
    target = session.exec(
        select(ErasureTarget).where(
            col(ErasureTarget.enterprise_id) == enterprise_id,
            col(ErasureTarget.entry_index) == index,
            col(ErasureTarget.state) == TargetState.ERASED,
        )
    ).first()
    if target is None:
        return None
    return session.get_one(ErasureRequest, (enterprise_id, target.request_id)), target


def _to_decide(
    session: Session, scope: Scope, enterprise_id: UUID, request_id: UUID
) -> ErasureRequest:
    scope.require(enterprise_id)
    lock_enterprise(session, enterprise_id)
    request = get_erasure(session, scope, enterprise_id, request_id)
    session.refresh(request)
    if scope.user_id != request.requested_by:
        scope.require_role(enterprise_id, "decide about an erasure", *APPROVING_ROLES)
    if request.state is not ErasureState.REQUESTED:
        raise ErasureDecided(request_id, request.state)
    return request


def _decide(
    request: ErasureRequest, state: ErasureState, scope: Scope, note: str, now: datetime
) -> None:
    request.state, request.decided_by, request.decided_at = state, scope.user_id, now
    request.decision_note = note
