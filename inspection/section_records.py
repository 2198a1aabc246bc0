"""The write path of the ledger's sections, numbered; everything of a record happens in the caller's transaction.

Nothing is edited: a correction is a new entry that supersedes the one before, a mistake is withdrawn with a reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, SQLModel, col, select

from inspection.database import lock_enterprise
from inspection.errors import (
    AlwaysApplies,
    EvidenceMissing,
    FieldFault,
    FieldsRefused,
    IdReused,
    InvalidInput,
    NotByHand,
    NotFound,
    NotStanding,
    VersionNotInForce,
)
from inspection.evidence import evidence_row
from inspection.journal import Event, attach, records_at, write_event
from inspection.plans import china_day
from inspection.scopes import Scope
from inspection.section_fields import (
    FieldRole,
    FieldType,
    SectionDefinition,
    definition_on,
    section_definitions,
)
from inspection.section_plans import is_plan
from inspection.section_rules import section_writers
from inspection.section_values import EARLIEST, FaultCode, Values, check_values
from inspection.sections import ledger_section
from inspection.tables import (
    Evidence,
    HazardItem,
    Inspection,
    RecordState,
    RemediationTicket,
    Role,
    SectionAbsence,
    SectionRecord,
)
from inspection.wire import Applicability, RecordCorrection, RecordDraft, Withdrawal
from ledger.entry import Attachment

_TABLES: Mapping[str, type[SQLModel]] = {
    "inspection": Inspection,
    "item": HazardItem,
    "ticket": RemediationTicket,
}
_ABSENCE_ROLES = (Role.ENTERPRISE_OFFICER, Role.EXPERT)


@dataclass(frozen=True)
class _Checked:
    """A draft that fits its definition, before anything of the database was looked at."""

    draft: RecordDraft
    definition: SectionDefinition
    values: Values

    @property
    def on_day(self) -> date:
        day = self.definition.field_of(FieldRole.ON)
        return date.fromisoformat(self.values[day.name if day else "on"])

    @property
    def due_on(self) -> date | None:
        due = self.definition.field_of(FieldRole.DUE)
        value = self.values.get(due.name) if due else None
        return date.fromisoformat(value) if value else None


def record(
    session: Session,
    scope: Scope,
    enterprise_id: UUID,
    section: str,
    draft: RecordDraft,
    now: datetime,
) -> SectionRecord:
    """Write a record; sent again, it is the same record.

    Raises `NotFound`, `NotAllowed`, `NotByHand`, `FieldsRefused`, `VersionNotInForce`, `EvidenceMissing`, `IdReused`.
    """
    # 1 who may write, and does it fit the definition
    _require_writer(scope, enterprise_id, section, now)
    checked = _checked(section, draft, china_day(now))
    lock_enterprise(session, enterprise_id)
    # 2 the same id was seen before: answer the same record
    known = session.get(SectionRecord, (enterprise_id, draft.id))
    if known is not None:
        return _same(session, known, section, checked)
    # 3 what it names is there, 4 append, 5 row
    return _write(session, scope, enterprise_id, checked, None, now)


def supersede(
    session: Session,
    scope: Scope,
    enterprise_id: UUID,
    record_id: UUID,
    correction: RecordCorrection,
    now: datetime,
) -> SectionRecord:
    """Write a record in the place of an earlier one; sent again, it is the same record.

    Raises what `record` raises, and `NotStanding` when the earlier one was superseded or withdrawn.
    """
    earlier = _record_of(session, scope, enterprise_id, record_id)
    _require_writer(scope, enterprise_id, earlier.section, now)
    checked = _checked(earlier.section, correction, china_day(now))
    lock_enterprise(session, enterprise_id)
    known = session.get(SectionRecord, (enterprise_id, correction.id))
    if known is not None:
        return _same(session, known, earlier.section, checked)
    _require_standing(session, earlier)
    earlier.state = RecordState.SUPERSEDED.value
    return _write(session, scope, enterprise_id, checked, earlier, now)


def withdraw(
    session: Session,
    scope: Scope,
    enterprise_id: UUID,
    record_id: UUID,
    withdrawal: Withdrawal,
    now: datetime,
) -> SectionRecord:
    """Say that a record was a mistake; it no longer counts, and stays in the ledger.

    Raises `NotFound`, `NotAllowed`, `NotStanding`.
    """
    row = _record_of(session, scope, enterprise_id, record_id)
    _require_writer(scope, enterprise_id, row.section, now)
    lock_enterprise(session, enterprise_id)
    _require_standing(session, row)
    row.state = RecordState.WITHDRAWN.value
    data = {
        "record_id": str(row.id),
        "series_id": str(row.series_id),
        "entry_index": row.entry_index,
        "reason": withdrawal.reason,
    }
    write_event(
        session, enterprise_id, scope.actor, Event("section.withdrawn", row.section, data), now
    )
    session.flush()
    return row


def absence_to_change(
    session: Session, scope: Scope, enterprise_id: UUID, section: str
) -> SectionAbsence | None:
    """Return what says that a section does not apply, locked for whoever may say otherwise; None while it applies.

    Raises `NotFound`, `NotAllowed`.
    """
    ledger_section(section)
    scope.require_role(enterprise_id, "say whether a section applies", *_ABSENCE_ROLES)
    lock_enterprise(session, enterprise_id)
    return session.exec(
        select(SectionAbsence).where(
            col(SectionAbsence.enterprise_id) == enterprise_id,
            col(SectionAbsence.section) == section,
            col(SectionAbsence.until).is_(None),
        )
    ).first()


def set_applicability(
    session: Session,
    scope: Scope,
    enterprise_id: UUID,
    section: str,
    wanted: Applicability,
    now: datetime,
) -> None:
    """Say that a section does not apply to the enterprise, or does again; what is so already changes nothing.

    Raises `NotFound`, `NotAllowed`, `AlwaysApplies`, `InvalidInput` for a day that is not possible.
    """
    today = china_day(now)
    standing = absence_to_change(session, scope, enterprise_id, section)
    if not wanted.applies and not section_writers(section, today).may_be_absent:
        raise AlwaysApplies(section)
    if wanted.applies == (standing is None):
        return
    if standing is not None:
        data = {"entry_index": standing.entry_index, "reason": wanted.reason}
        event = Event("section.applicable", section, data)
        write_event(session, enterprise_id, scope.actor, event, now)
        standing.until = max(today, standing.since)
    else:
        since = wanted.since or today
        if not EARLIEST <= since <= today:
            msg = f"since must be a day from {EARLIEST} to today, {today}"
            raise InvalidInput(msg)
        data = {"since": since.isoformat(), "reason": wanted.reason}
        event = Event("section.not_applicable", section, data)
        entry = write_event(session, enterprise_id, scope.actor, event, now)
        session.add(
            SectionAbsence(
                enterprise_id=enterprise_id, section=section, since=since, entry_index=entry.index
            )
        )
    session.flush()


def may_write(scope: Scope, enterprise_id: UUID, section: str, on: date) -> bool:
    """Return whether the caller writes records of a section."""
    held = scope.roles_in(enterprise_id)
    return any(role in held for role in section_writers(section, on).roles)


def may_say_applicability(scope: Scope, enterprise_id: UUID, section: str, on: date) -> bool:
    """Return whether the caller may say that a section does not apply."""
    held = scope.roles_in(enterprise_id)
    return section_writers(section, on).may_be_absent and any(
        map(held.__contains__, _ABSENCE_ROLES)
    )


def _require_writer(scope: Scope, enterprise_id: UUID, section: str, now: datetime) -> None:
    scope.require(enterprise_id)
    ledger_section(section)
    roles = section_writers(section, china_day(now)).roles
    if not roles:
        raise NotByHand(section)
    scope.require_role(enterprise_id, f"write section {section}", *map(Role, roles))


def _record_of(
    session: Session, scope: Scope, enterprise_id: UUID, record_id: UUID
) -> SectionRecord:
    scope.require(enterprise_id)
    row = session.get(SectionRecord, (enterprise_id, record_id))
    if row is None:
        raise NotFound("record", record_id)
    return row


def _require_standing(session: Session, row: SectionRecord) -> None:
    # It was read before the lock was held.
    session.refresh(row)
    if row.state != RecordState.STANDING:
        raise NotStanding(row.id, row.state)


def _checked(section: str, draft: RecordDraft, today: date) -> _Checked:
    definition = _definition(section, draft, today)
    values, faults = check_values(definition, draft.values, today)
    if faults:
        raise FieldsRefused(faults)
    return _Checked(draft, definition, values)


def _definition(section: str, draft: RecordDraft, today: date) -> SectionDefinition:
    """Return the edition that a draft follows: today's, or the one of its own day, for a form that was filled in late."""
    current = definition_on(section, today)
    if draft.version is None or draft.version == current.version:
        return current
    day = str(draft.values.get("on", ""))
    earlier = [
        edition
        for edition in section_definitions()[section]
        if edition.valid_from <= current.valid_from
    ]
    of_the_day = [edition for edition in earlier if edition.version <= day]
    if of_the_day and of_the_day[-1].version == draft.version:
        return of_the_day[-1]
    names = {edition.version for edition in (*of_the_day[-1:], current)}
    raise VersionNotInForce(section, draft.version, sorted(names))


def _same(session: Session, known: SectionRecord, section: str, checked: _Checked) -> SectionRecord:
    entry = records_at(session, known.enterprise_id, [known.entry_index])[known.entry_index]
    # The content of an erased one is gone, and with it what could be compared.
    is_same = entry is None or entry.data["values"] == checked.values
    if known.section != section or not is_same:
        raise IdReused("record", known.id)
    return known


def _write(
    session: Session,
    scope: Scope,
    enterprise_id: UUID,
    checked: _Checked,
    earlier: SectionRecord | None,
    now: datetime,
) -> SectionRecord:
    # 3 what it names is there
    attachments = _attachments(session, enterprise_id, checked)
    _require_references(session, enterprise_id, checked)
    # 4 append to the ledger
    draft, definition = checked.draft, checked.definition
    series_id = draft.id if earlier is None else earlier.series_id
    revision = 1 if earlier is None else earlier.revision + 1
    data: dict[str, Any] = {
        "record_id": str(draft.id),
        "series_id": str(series_id),
        "revision": revision,
        "on": checked.on_day.isoformat(),
        "definition": {"version": definition.version, "sha256": definition.sha256},
        "values": checked.values,
    }
    kind = "section.recorded"
    if earlier is not None and isinstance(draft, RecordCorrection):
        kind = "section.superseded"
        data["supersedes"] = {"record_id": str(earlier.id), "entry_index": earlier.entry_index}
        data["reason"] = draft.reason
    event = Event(kind, definition.section, data, attachments)
    entry = write_event(session, enterprise_id, scope.actor, event, now)
    # 5 the row that lists and due dates are made from
    row = SectionRecord(
        enterprise_id=enterprise_id,
        id=draft.id,
        section=definition.section,
        series_id=series_id,
        revision=revision,
        on_day=checked.on_day,
        due_on=checked.due_on,
        is_counted=definition.is_counted(checked.values),
        is_plan=is_plan(definition.section, checked.values),
        definition_version=definition.version,
        entry_index=entry.index,
        leaf_hash=entry.leaf_hash,
        recorded_at=now,
        recorded_by=scope.user_id,
    )
    session.add(row)
    session.flush()
    return row


def _attachments(
    session: Session, enterprise_id: UUID, checked: _Checked
) -> tuple[Attachment, ...]:
    named: list[Attachment] = []
    for field in checked.definition.fields:
        if field.type is FieldType.PHOTOS:
            rows = [
                _evidence(session, enterprise_id, sha256)
                for sha256 in checked.values.get(field.name, ())
            ]
            named += attach(rows, field.name)
    return tuple(named)


def _evidence(session: Session, enterprise_id: UUID, sha256: str) -> Evidence:
    row = evidence_row(session, enterprise_id, sha256)
    if row is None:
        raise EvidenceMissing(sha256)
    return row


def _require_references(session: Session, enterprise_id: UUID, checked: _Checked) -> None:
    faults: Sequence[FieldFault] = [
        FieldFault(
            field.name,
            FaultCode.NOT_FOUND,
            f"the enterprise has nothing of {field.target} by this id",
        )
        for field in checked.definition.fields
        if field.type is FieldType.REFERENCE
        and field.name in checked.values
        and not _is_there(session, enterprise_id, field.target, UUID(checked.values[field.name]))
    ]
    if faults:
        raise FieldsRefused(faults)


def _is_there(session: Session, enterprise_id: UUID, target: str, key: UUID) -> bool:
    if target in _TABLES:
        return session.get(_TABLES[target], (enterprise_id, key)) is not None
    row = session.get(SectionRecord, (enterprise_id, key))
    return row is not None and row.section == target
