"""The 28 sections of a ledger: what a record holds, the records, what is due, and reminders."""

from datetime import date
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from api.shapes.base import ETAG, NamedRef, Page, PersonRef
from api.shapes.ledger import AttachmentView
from inspection.duties import Duty, DutyState
from inspection.section_fields import (
    Choice,
    FieldDefinition,
    FieldRole,
    FieldType,
    SectionDefinition,
)
from inspection.tables import RecordState, SectionReminder
from inspection.wire import Sha256, UtcDatetime, Wire


class ChoiceView(Wire):
    """One answer of a choice."""

    code: str
    label_zh: str
    label_en: str

    @classmethod
    def from_choice(cls, choice: Choice) -> Self:
        """Return the view of a choice."""
        return cls(code=choice.code, label_zh=choice.label_zh, label_en=choice.label_en)


class ConditionView(Wire):
    """The field is asked for only when the choice `field` is one of `codes`."""

    field: str
    codes: list[str]


class FieldView(Wire):
    """One field of a section's record. `basis_checked` false: a proposal, to be verified."""

    name: str = Field(examples=["attendees"])
    type: FieldType
    label_zh: str
    label_en: str
    is_required: bool
    is_personal: bool = Field(description="names of people, or what is told about their health")
    unit: str
    choices: list[ChoiceView]
    target: str = Field(
        description="what a reference points to: a section, or inspection, item, ticket"
    )
    role: FieldRole | None
    only_if: ConditionView | None
    basis: str
    basis_checked: bool

    @classmethod
    def from_field(cls, field: FieldDefinition) -> Self:
        """Return the view of a field."""
        condition = field.only_if
        facts = {name: getattr(field, name) for name in _PLAIN}
        return cls(
            **facts,
            choices=[ChoiceView.from_choice(choice) for choice in field.choices],
            only_if=condition and ConditionView(field=condition.field, codes=list(condition.codes)),
        )


_PLAIN = set(FieldView.model_fields) - {"choices", "only_if"}


class SectionDefinitionView(Wire):
    """An edition of a section's fields. Records cite `version` and `sha256`."""

    section: str = Field(examples=["L04"])
    version: str = Field(examples=["2025-01-01"])
    sha256: Sha256
    is_in_force: bool = Field(description="new records follow this edition")
    fields: list[FieldView]

    @classmethod
    def from_definition(cls, definition: SectionDefinition, *, is_in_force: bool) -> Self:
        """Return the view of an edition."""
        return cls(
            section=definition.section,
            version=definition.version,
            sha256=definition.sha256,
            is_in_force=is_in_force,
            fields=[FieldView.from_field(field) for field in definition.fields],
        )


class SectionDefinitions(Wire):
    """Every edition of every section that people write, so that old records can be read too."""

    items: list[SectionDefinitionView]


class SectionRecordView(Wire):
    """A record of a section. `entry_index` and `leaf_hash` name its entry in the ledger."""

    id: UUID
    enterprise_id: UUID
    section: str
    series_id: UUID = Field(description="id of the first record of a chain of corrections")
    revision: int
    on_day: date
    due_on: date | None
    state: RecordState
    definition_version: str
    values: dict[str, Any] | None = Field(description="null when the content was erased")
    attachments: list[AttachmentView]
    reason: str | None = Field(description="why it took the place of the record before")
    entry_index: int
    leaf_hash: Sha256
    recorded_at: UtcDatetime
    recorded_by: PersonRef


class RecordPage(Page[SectionRecordView]):
    """Standing records, those of the latest day first."""


class RecordDetail(Wire):
    """A record with every record of its chain, the newest first."""

    record: SectionRecordView
    history: list[SectionRecordView]
    may_write: bool


class DutyView(Wire):
    """Something that is asked for until `last`."""

    section: str
    period: str = Field(
        examples=["2026-10"],
        description="2026-10, 2026-Q4, 2026-H2, 2026, first, plan, or a record's or a ticket's",
    )
    first: date
    last: date
    state: DutyState
    record_id: UUID | None = Field(description="the record that runs out")
    ticket_id: UUID | None = Field(description="the ticket of a major hazard that needs its plan")
    ticket_number: str | None

    @classmethod
    def from_duty(cls, section: str, duty: Duty) -> Self:
        """Return the view of a duty."""
        return cls(section=section, **vars(duty))


class DutyList(Page[DutyView]):
    """What is and was asked of an enterprise, the earliest end first."""


class AbsenceView(Wire):
    """The section does not apply to the enterprise, since when and why."""

    since: date
    reason: str | None = Field(description="null when it was erased")
    entry_index: int


class SectionView(Wire):
    """The state of a section of an enterprise."""

    code: str = Field(examples=["L04"])
    records: int = Field(description="standing records; entries, where the product writes")
    last_on: date | None
    missing: int
    due: int
    absence: AbsenceView | None
    is_by_hand: bool = Field(description="false: the product writes it by itself")
    may_write: bool
    may_be_absent: bool = Field(description="the caller may say that it does not apply")
    etag: str = ETAG


class SectionList(Wire):
    """The 28 sections of an enterprise."""

    items: list[SectionView]


class EnterpriseDuties(Wire):
    """How an enterprise stands: sums, and what is missing or due, the latest end first (at most 20)."""

    enterprise: NamedRef
    missing: int
    due: int
    items: list[DutyView]


class EnterpriseDutiesPage(Page[EnterpriseDuties]):
    """Enterprises in the caller's scope."""


class ReminderView(Wire):
    """A reminder to the caller."""

    id: UUID
    enterprise_id: UUID
    section: str
    period: str
    due_on: date
    created_at: UtcDatetime
    read_at: UtcDatetime | None

    @classmethod
    def from_row(cls, row: SectionReminder) -> Self:
        """Return the view of a reminder."""
        return cls.model_validate(row.model_dump(include=set(cls.model_fields)))


class ReminderPage(Page[ReminderView]):
    """The caller's reminders, the newest first."""
