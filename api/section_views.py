"""From the sections' rows to what the API shows."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlmodel import Session

from api.names import names_of
from api.preconditions import tag_of
from api.shapes.base import NamedRef
from api.shapes.ledger import AttachmentView
from api.shapes.sections import (
    AbsenceView,
    DutyView,
    EnterpriseDuties,
    SectionDefinitionView,
    SectionRecordView,
    SectionView,
)
from inspection.duties import Duty, DutyState
from inspection.scopes import Scope
from inspection.section_fields import definition_on, section_definitions
from inspection.section_queries import RecordRow, SectionState
from inspection.section_records import may_say_applicability, may_write
from inspection.section_rules import section_writers
from inspection.tables import Enterprise

SHOWN_DUTIES = 20


def definition_views(today: date) -> list[SectionDefinitionView]:
    """Return every edition of every section that people write."""
    return [
        SectionDefinitionView.from_definition(
            edition, is_in_force=edition is definition_on(section, today)
        )
        for section, editions in section_definitions().items()
        for edition in editions
    ]


def record_views(session: Session, rows: Sequence[RecordRow]) -> list[SectionRecordView]:
    """Return records with what they say and who wrote them."""
    names = names_of(session, (record.row.recorded_by for record in rows))
    told_apart = {"values", "attachments", "reason", "recorded_by"}
    views = []
    for record in rows:
        said = record.said
        facts = record.row.model_dump(include=set(SectionRecordView.model_fields) - told_apart)
        views.append(
            SectionRecordView(
                **facts,
                values=said and said.data["values"],
                attachments=[AttachmentView(**vars(a)) for a in said.attachments] if said else [],
                reason=said and said.data.get("reason"),
                recorded_by=names[record.row.recorded_by],
            )
        )
    return views


def applicability_tag(section: str, absence_index: int | None) -> str:
    """Return the tag of whether a section applies: by the entry that says that it does not."""
    return tag_of(section, absence_index)


def section_view(
    scope: Scope, enterprise_id: UUID, state: SectionState, today: date
) -> SectionView:
    """Return the state of a section, and what the caller may do there."""
    absence = state.absence
    return SectionView(
        code=state.code,
        records=state.records,
        last_on=state.last_on,
        missing=_count(state.duties, DutyState.MISSING),
        due=_count(state.duties, DutyState.DUE),
        absence=absence and AbsenceView(**vars(absence)),
        is_by_hand=bool(section_writers(state.code, today).roles),
        may_write=may_write(scope, enterprise_id, state.code, today),
        may_be_absent=may_say_applicability(scope, enterprise_id, state.code, today),
        etag=applicability_tag(state.code, absence.entry_index if absence else None),
    )


def enterprise_duties(
    enterprise: Enterprise, asked: Mapping[str, Sequence[Duty]]
) -> EnterpriseDuties:
    """Return how an enterprise stands, over all its sections."""
    views = duty_views(asked, {DutyState.MISSING, DutyState.DUE})
    missing = sum(view.state is DutyState.MISSING for view in views)
    return EnterpriseDuties(
        enterprise=NamedRef(id=enterprise.id, name=enterprise.name),
        missing=missing,
        due=len(views) - missing,
        items=views[:SHOWN_DUTIES],
    )


def duty_views(
    asked: Mapping[str, Sequence[Duty]], wanted: set[DutyState] | None = None
) -> list[DutyView]:
    """Return duties of all sections (in one of the states), the earliest end first."""
    found = [
        DutyView.from_duty(section, duty)
        for section, section_asks in asked.items()
        for duty in section_asks
        if wanted is None or duty.state in wanted
    ]
    return sorted(found, key=lambda duty: (duty.last, duty.section, duty.period))


def _count(asked: Sequence[Duty], state: DutyState) -> int:
    return sum(duty.state is state for duty in asked)
