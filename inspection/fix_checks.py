"""The model's looks at after-photos: asked for with a submission, claimed by a worker, told with an entry of the ledger.

Rows that are `waiting` are the queue. A check is claimed for a while, the photos are looked at without any lock, and the
result is written in one transaction, with its entry: a server that is killed at any moment looks again, and tells nothing
twice. The ticket itself is left alone, its version too: nobody's step waits for a check, or is refused for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select

from inspection.database import lock_enterprise
from inspection.evidence import PICTURE_TYPES
from inspection.fix_checker import PhotoLook, Verdict
from inspection.journal import Event, write_event
from inspection.scopes import SYSTEM
from inspection.sections import hazard_section
from inspection.tables import Evidence, FixCheck, FixCheckState, RemediationTicket, TicketStep

CHECKED = "ticket.fix_checked"
# Enterprise, ticket, and the number of the submission's step.
CheckKey = tuple[UUID, UUID, int]


@dataclass(frozen=True)
class AfterPhoto:
    """A photo of a submission, and whether its bytes are still there or were erased."""

    sha256: str
    is_there: bool


@dataclass(frozen=True)
class CheckTask:
    """A claimed check; `attempt` counts from 1."""

    key: CheckKey
    hazard_code: str
    photos: Sequence[AfterPhoto]
    attempt: int


@dataclass(frozen=True)
class CheckedBy:
    """Which model looked."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Outcome:
    """What a check ended with; with an `error` it failed as a whole."""

    verdict: Verdict
    looks: Sequence[PhotoLook] = ()
    error: str | None = None


def ask_for_check(session: Session, submission: TicketStep) -> None:
    """Queue the look at a submission's photos, in the submission's own transaction."""
    session.add(
        FixCheck(
            enterprise_id=submission.enterprise_id,
            ticket_id=submission.ticket_id,
            step_number=submission.number,
            asked_at=submission.at,
        )
    )
    session.flush()


def newest_check(session: Session, ticket: RemediationTicket) -> FixCheck | None:
    """Return the check of the newest submission; None before there was one."""
    return session.exec(
        select(FixCheck)
        .where(
            col(FixCheck.enterprise_id) == ticket.enterprise_id,
            col(FixCheck.ticket_id) == ticket.id,
        )
        .order_by(col(FixCheck.step_number).desc())
        .limit(1)
    ).first()


def is_any_waiting(session: Session, now: datetime) -> bool:
    """Return whether a check waits that nobody works on."""
    return (
        session.exec(select(FixCheck.step_number).where(_is_free(now)).limit(1)).first() is not None
    )


def claim_next(session: Session, now: datetime, claim: timedelta) -> CheckTask | None:
    """Claim the check that waits longest, for a while; None where none waits. Its attempt is counted, as it may end the server."""
    check = session.exec(
        select(FixCheck)
        .where(_is_free(now))
        .order_by(col(FixCheck.asked_at), col(FixCheck.ticket_id))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if check is None:
        return None
    check.attempts += 1
    check.claimed_until = now + claim
    session.flush()
    return _task_of(session, check)


def record_check(
    session: Session, key: CheckKey, outcome: Outcome, by: CheckedBy, now: datetime
) -> FixCheck:
    """Write a check's result and its entry; one that another worker was faster with is left as it is."""
    lock_enterprise(session, key[0])
    check = session.get_one(FixCheck, key, populate_existing=True)
    if check.state != FixCheckState.WAITING:
        return check
    state = FixCheckState.DONE if outcome.error is None else FixCheckState.FAILED
    check.state, check.verdict = state.value, outcome.verdict.value
    check.photos = [look.as_data() for look in outcome.looks]
    check.error, check.done_at, check.claimed_until = outcome.error, now, None
    check.model_name, check.model_version, check.model_sha256 = by.name, by.version, by.sha256
    check.entry_index = _write_entry(session, check, now)
    session.flush()
    return check


def _write_entry(session: Session, check: FixCheck, now: datetime) -> int:
    ticket = session.get_one(RemediationTicket, (check.enterprise_id, check.ticket_id))
    data: dict[str, Any] = {
        "ticket_id": str(ticket.id),
        "number": ticket.number,
        "step": check.step_number,
        "item_id": str(ticket.item_id),
        "hazard_code": ticket.hazard_code,
        "verdict": check.verdict,
        "photos": check.photos,
        "model_name": check.model_name,
        "model_version": check.model_version,
        "model_sha256": check.model_sha256,
    }
    if check.error is not None:
        data["error"] = check.error
    event = Event(CHECKED, hazard_section(ticket.level), data)
    return write_event(session, ticket.enterprise_id, SYSTEM, event, now).index


def _is_free(now: datetime) -> ColumnElement[bool]:
    return and_(
        col(FixCheck.state) == FixCheckState.WAITING.value,
        or_(col(FixCheck.claimed_until).is_(None), col(FixCheck.claimed_until) <= now),
    )


def _task_of(session: Session, check: FixCheck) -> CheckTask:
    key = check.enterprise_id, check.ticket_id, check.step_number
    ticket = session.get_one(RemediationTicket, key[:2])
    step = session.get_one(TicketStep, key)
    rows = session.exec(
        select(Evidence).where(
            col(Evidence.enterprise_id) == check.enterprise_id,
            col(Evidence.sha256).in_(step.evidence_sha256s),
        )
    )
    # A clip may be among them; it is looked at by people only.
    is_there = {
        row.sha256: row.erased_at is None for row in rows if row.media_type in PICTURE_TYPES
    }
    photos = [
        AfterPhoto(each, is_there[each]) for each in step.evidence_sha256s if each in is_there
    ]
    return CheckTask(key, ticket.hazard_code, photos, check.attempts)
