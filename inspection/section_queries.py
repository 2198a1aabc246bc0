"""Reading the sections: records page by page, the state of each section, and what is due; always through a scope."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import tuple_
from sqlmodel import Session, col, func, select

from inspection.duties import Absence, Calendar, Duty, SectionFacts, StandingRecord, duties
from inspection.errors import InvalidCursor, NotFound
from inspection.journal import log_id_of, records_at
from inspection.plans import china_day, parameter
from inspection.queries import FIRST_PAGE, MAX_LIMIT, Page, Paging
from inspection.scopes import Scope
from inspection.section_plans import section_plan, treatment_plans
from inspection.section_rules import frequency_rule
from inspection.sections import ledger_section, ledger_sections
from inspection.tables import (
    Enterprise,
    RecordState,
    SectionAbsence,
    SectionRecord,
    ServicePlan,
)
from ledger import log
from ledger.entry import Record
from ledger.sql import LedgerEntryRow, SqlStore


@dataclass(frozen=True)
class RecordRow:
    """A record and what its entry says; None when that was erased."""

    row: SectionRecord
    said: Record | None


@dataclass(frozen=True)
class AbsenceRow:
    """A section that does not apply: since when, and the reason; None when it was erased."""

    since: date
    entry_index: int
    reason: str | None


@dataclass(frozen=True)
class SectionState:
    """A section of an enterprise: how many records stand (entries, where the product writes), and what is asked for."""

    code: str
    records: int
    last_on: date | None
    duties: Sequence[Duty]
    absence: AbsenceRow | None


SectionDuties = Mapping[str, Sequence[Duty]]


def list_records(
    session: Session,
    scope: Scope,
    enterprise_id: UUID,
    section: str,
    paging: Paging = FIRST_PAGE,
) -> Page[RecordRow]:
    """Return the standing records of a section, those of the latest day first. Raises `NotFound`, `InvalidCursor`."""
    scope.require(enterprise_id)
    ledger_section(section)
    keys = (col(SectionRecord.on_day), col(SectionRecord.id))
    statement = select(SectionRecord).where(
        col(SectionRecord.enterprise_id) == enterprise_id,
        col(SectionRecord.section) == section,
        col(SectionRecord.state) == RecordState.STANDING.value,
    )
    if paging.cursor is not None:
        statement = statement.where(tuple_(*keys) < tuple_(*_read_cursor(paging.cursor)))
    limit = min(max(paging.limit, 1), MAX_LIMIT)
    statement = statement.order_by(*(key.desc() for key in keys)).limit(limit + 1)
    rows = session.exec(statement).all()
    shown = _with_contents(session, enterprise_id, rows[:limit])
    is_last = len(rows) <= limit
    return Page(shown, None if is_last else _write_cursor(rows[limit - 1]))


def get_record(
    session: Session, scope: Scope, enterprise_id: UUID, record_id: UUID
) -> Sequence[RecordRow]:
    """Return a record with every record of its chain, the newest first. Raises `NotFound`."""
    scope.require(enterprise_id)
    row = session.get(SectionRecord, (enterprise_id, record_id))
    if row is None:
        raise NotFound("record", record_id)
    chain = session.exec(
        select(SectionRecord)
        .where(
            col(SectionRecord.enterprise_id) == enterprise_id,
            col(SectionRecord.series_id) == row.series_id,
        )
        .order_by(col(SectionRecord.revision).desc())
    ).all()
    return _with_contents(session, enterprise_id, chain)


def section_states(
    session: Session, scope: Scope, enterprise_id: UUID, today: date
) -> list[SectionState]:
    """Return the state of each of the 28 sections, in their order."""
    scope.require(enterprise_id)
    asked = section_duties(session, [enterprise_id], today)[enterprise_id]
    counts = _counts(session, enterprise_id)
    absences = _standing_absences(session, enterprise_id)
    return [
        SectionState(
            code, *counts.get(code, (0, None)), duties=asked[code], absence=absences.get(code)
        )
        for code in ledger_sections()
    ]


def section_duties(
    session: Session, enterprise_ids: Collection[UUID], today: date
) -> Mapping[UUID, SectionDuties]:
    """Return what is and was asked for, by enterprise and section: a handful of queries for all of them.

    Nobody asks here who calls. An enterprise is asked from its first service plan on, or from its first entry where
    it has no plan.
    """
    wanted = list(enterprise_ids)
    rows = session.exec(select(Enterprise).where(col(Enterprise.id).in_(wanted))).all()
    begun = _begun(session, wanted)
    records, absences = _standing_records(session, wanted), _absences(session, wanted)
    plans = treatment_plans(session, wanted, today)
    notice_days = int(parameter("section_renewal_notice", today).value)
    found: dict[UUID, dict[str, Sequence[Duty]]] = {}
    for enterprise in rows:
        since = begun.get(enterprise.id)
        calendar = Calendar(since or date.max, today, notice_days)
        found[enterprise.id] = asks = {}
        for code in ledger_sections():
            key = (enterprise.id, code)
            facts = SectionFacts(records.get(key, ()), absences.get(key, ()))
            rule = frequency_rule(code, today, is_high_risk=enterprise.is_high_risk)
            of_plans = (*plans.get(key, ()), *section_plan(code, facts, calendar))
            both = (*duties(rule, facts, calendar), *of_plans)
            asks[code] = sorted(both, key=lambda duty: (duty.last, duty.period))
    return found


def _begun(session: Session, wanted: Sequence[UUID]) -> dict[UUID, date]:
    planned = session.exec(
        select(ServicePlan.enterprise_id, func.min(col(ServicePlan.starts_on)))
        .where(col(ServicePlan.enterprise_id).in_(wanted))
        .group_by(col(ServicePlan.enterprise_id))
    )
    begun: dict[UUID, date] = {enterprise_id: first for enterprise_id, first in planned}  # noqa: C416  a result has keys(), so dict() takes it for a mapping
    store = SqlStore(session)
    for enterprise_id in set(wanted) - set(begun):
        first_entry = log.entries(store, log_id_of(enterprise_id), 0, 1)
        if first_entry:
            begun[enterprise_id] = china_day(first_entry[0].header.at)
    return begun


def _standing_records(
    session: Session, wanted: Sequence[UUID]
) -> Mapping[tuple[UUID, str], Sequence[StandingRecord]]:
    rows = session.exec(
        select(
            SectionRecord.enterprise_id,
            SectionRecord.section,
            SectionRecord.id,
            SectionRecord.on_day,
            SectionRecord.due_on,
            SectionRecord.is_counted,
            SectionRecord.is_plan,
        ).where(  # type: ignore[call-overload]  # seven columns are more than the stubs count
            col(SectionRecord.enterprise_id).in_(wanted),
            col(SectionRecord.state) == RecordState.STANDING.value,
        )
    )
    found: dict[tuple[UUID, str], list[StandingRecord]] = {}
    for enterprise_id, section, *facts in rows:
        found.setdefault((enterprise_id, section), []).append(StandingRecord(*facts))
    return found


def _absences(
    session: Session, wanted: Sequence[UUID]
) -> Mapping[tuple[UUID, str], Sequence[Absence]]:
    rows = session.exec(select(SectionAbsence).where(col(SectionAbsence.enterprise_id).in_(wanted)))
    found: dict[tuple[UUID, str], list[Absence]] = {}
    for row in rows:
        key = (row.enterprise_id, row.section)
        found.setdefault(key, []).append(Absence(row.since, row.until))
    return found


def _standing_absences(session: Session, enterprise_id: UUID) -> Mapping[str, AbsenceRow]:
    rows = session.exec(
        select(SectionAbsence).where(
            col(SectionAbsence.enterprise_id) == enterprise_id,
            col(SectionAbsence.until).is_(None),
        )
    ).all()
    said = records_at(session, enterprise_id, [row.entry_index for row in rows])
    return {
        row.section: AbsenceRow(row.since, row.entry_index, _reason(said.get(row.entry_index)))
        for row in rows
    }


def _reason(said: Record | None) -> str | None:
    return None if said is None else str(said.data["reason"])


def _counts(session: Session, enterprise_id: UUID) -> Mapping[str, tuple[int, date | None]]:
    by_product = session.exec(
        select(LedgerEntryRow.section, func.count())
        .where(
            col(LedgerEntryRow.log_id) == log_id_of(enterprise_id),
            col(LedgerEntryRow.section).in_(_FILLED_BY_PRODUCT),
        )
        .group_by(col(LedgerEntryRow.section))
    )
    found: dict[str, tuple[int, date | None]] = {code: (n, None) for code, n in by_product}
    by_hand = session.exec(
        select(SectionRecord.section, func.count(), func.max(col(SectionRecord.on_day)))
        .where(
            col(SectionRecord.enterprise_id) == enterprise_id,
            col(SectionRecord.state) == RecordState.STANDING.value,
        )
        .group_by(col(SectionRecord.section))
    )
    return found | {code: (n, last_on) for code, n, last_on in by_hand}


_FILLED_BY_PRODUCT = ("L11", "L12", "L27")


def _with_contents(
    session: Session, enterprise_id: UUID, rows: Sequence[SectionRecord]
) -> list[RecordRow]:
    said: Mapping[int, Any] = records_at(session, enterprise_id, [row.entry_index for row in rows])
    return [RecordRow(row, said.get(row.entry_index)) for row in rows]


def _write_cursor(row: SectionRecord) -> str:
    key = row.on_day.toordinal().to_bytes(4) + row.id.bytes
    return urlsafe_b64encode(key).rstrip(b"=").decode()


def _read_cursor(cursor: str) -> tuple[date, UUID]:
    try:
        data = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return date.fromordinal(int.from_bytes(data[:4])), UUID(bytes=data[4:])
    except (Base64Error, ValueError, OverflowError):
        raise InvalidCursor from None
