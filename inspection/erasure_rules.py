"""What may not be erased, and why: read before a request, again before its approval, and again before each entry goes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session, col, select

from inspection.holds import hold_over, standing_holds
from inspection.items import survivors
from inspection.journal import log_id_of
from inspection.plans import china_day
from inspection.retention import RETENTION_ENDED, RetentionKind, retention_rule
from inspection.sections import ledger_sections
from inspection.tables import (
    FINISHED,
    ErasureRequest,
    ErasureState,
    ErasureTarget,
    InspectionRecord,
    LegalHold,
    RemediationTicket,
)
from ledger.entry import LedgerEntry
from ledger.sql import SqlStore


class RefusalCode(StrEnum):
    """Why an entry's content stays."""

    MISSING = "missing"
    ERASED = "erased"
    PENDING = "pending"
    LEDGER_ITSELF = "ledger_itself"
    PERMANENT = "permanent"
    RETENTION = "retention"
    EVENT = "event"
    HOLD = "hold"
    OPEN_TICKET = "open_ticket"
    TOGETHER = "together"


@dataclass(frozen=True)
class Refusal:
    """An entry that may not be erased; `until` is the first day on which it may, where that is known."""

    index: int
    code: RefusalCode
    message: str
    until: date | None = None


@dataclass(frozen=True)
class Grounds:
    """Why entries are to go: a reason's code, the day on which the thing ended, the request that they are in."""

    reason: str
    ended_on: date | None = None
    request_id: UUID | None = None


@dataclass(frozen=True)
class _Facts:
    """What refusals depend on beside the entry itself, read once for all entries."""

    holds: Sequence[LegalHold]
    joined: Mapping[str, str]
    pending: Collection[int]
    open_tickets: Mapping[str, str]
    answers: Mapping[int, int]


def refusals_of(
    session: Session,
    enterprise_id: UUID,
    indices: Sequence[int],
    grounds: Grounds,
    now: datetime,
) -> list[Refusal]:
    """Return what stands against erasing these entries."""
    found = {
        entry.index: entry
        for entry in SqlStore(session).entries_at(log_id_of(enterprise_id), indices)
    }
    facts = _Facts(
        standing_holds(session, enterprise_id),
        survivors(session, enterprise_id),
        _pending(session, enterprise_id, indices, grounds.request_id),
        _open_tickets(session, enterprise_id),
        _answers_left(session, enterprise_id, indices),
    )
    refusals = []
    for index in indices:
        refusal = (
            _refusal(found[index], facts, grounds, now)
            if index in found
            else Refusal(index, RefusalCode.MISSING, f"there is no entry {index}")
        )
        if refusal is not None:
            refusals.append(refusal)
    return refusals


def _refusal(entry: LedgerEntry, facts: _Facts, grounds: Grounds, now: datetime) -> Refusal | None:
    index = entry.index
    if entry.is_erased:
        return Refusal(index, RefusalCode.ERASED, f"entry {index} is erased already")
    if index in facts.pending:
        return Refusal(index, RefusalCode.PENDING, f"entry {index} is in another open request")
    if entry.header.section not in ledger_sections():
        text = (
            f"entry {index} is about the ledger itself (keys, holds, erasures) and is kept for good"
        )
        return Refusal(index, RefusalCode.LEDGER_ITSELF, text)
    hold = hold_over(facts.holds, entry, facts.joined)
    if hold is not None:
        text = f"entry {index} is under the legal hold of entry {hold.entry_index}; it must be lifted first"
        return Refusal(index, RefusalCode.HOLD, text)
    item_id = _item_of(entry)
    number = facts.open_tickets.get(facts.joined.get(item_id, item_id))
    if number is not None:
        text = f"entry {index} belongs to ticket {number}, which is not closed; close it first"
        return Refusal(index, RefusalCode.OPEN_TICKET, text)
    answer = facts.answers.get(index)
    if answer is not None:
        text = f"entry {index} is an inspection record whose answer, entry {answer}, holds the same signature and the notice; name both"
        return Refusal(index, RefusalCode.TOGETHER, text)
    return _kept(entry, grounds, now)


def _kept(entry: LedgerEntry, grounds: Grounds, now: datetime) -> Refusal | None:
    today, index = china_day(now), entry.index
    rule = retention_rule(entry.header.section, today)
    if not rule.is_minimum and grounds.reason != RETENTION_ENDED:
        return None
    what = f"entry {index} of {rule.section} is kept {rule.label} ({rule.basis})"
    if rule.kind is RetentionKind.PERMANENT:
        return Refusal(index, RefusalCode.PERMANENT, f"{what}: for good")
    ends_on = rule.ends_on(entry.header.at, grounds.ended_on)
    if ends_on is None:
        text = f"{what}: say on which day the thing ended (ended_on)"
        return Refusal(index, RefusalCode.EVENT, text)
    if today < ends_on:
        return Refusal(index, RefusalCode.RETENTION, f"{what}: until {ends_on}", ends_on)
    return None


def _answers_left(session: Session, enterprise_id: UUID, indices: Sequence[int]) -> dict[int, int]:
    """Return the inspection records of a request, by entry, whose answer is there and is not asked to go with them."""
    rows = session.exec(
        select(InspectionRecord.entry_index, InspectionRecord.answer_index).where(
            col(InspectionRecord.enterprise_id) == enterprise_id,
            col(InspectionRecord.entry_index).in_(indices),
            # What it named is gone with its entry.
            col(InspectionRecord.notice_sha256).is_not(None),
        )
    )
    return {
        record: answer for record, answer in rows if answer is not None and answer not in indices
    }


def _item_of(entry: LedgerEntry) -> str:
    return str(entry.record.data.get("item_id")) if entry.record else ""


def _pending(
    session: Session, enterprise_id: UUID, indices: Sequence[int], request_id: UUID | None
) -> set[int]:
    query = (
        select(ErasureTarget.entry_index)
        .join(ErasureRequest, col(ErasureRequest.id) == col(ErasureTarget.request_id))
        .where(
            col(ErasureTarget.enterprise_id) == enterprise_id,
            col(ErasureRequest.enterprise_id) == enterprise_id,
            col(ErasureTarget.entry_index).in_(indices),
            col(ErasureRequest.state).in_((ErasureState.REQUESTED, ErasureState.APPROVED)),
        )
    )
    if request_id is not None:
        query = query.where(col(ErasureTarget.request_id) != request_id)
    return set(session.exec(query))


def _open_tickets(session: Session, enterprise_id: UUID) -> dict[str, str]:
    rows = session.exec(
        select(RemediationTicket.item_id, RemediationTicket.number).where(
            col(RemediationTicket.enterprise_id) == enterprise_id,
            col(RemediationTicket.state).not_in(FINISHED),
        )
    )
    return {str(item_id): number for item_id, number in rows}
