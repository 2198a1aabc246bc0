"""What a report holds, a chapter a section. The PDF and the Excel file are written from the same chapters.

A chapter's rows are read while they are written: a report is never in memory as a whole.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from inspection.errors import NotFound
from inspection.reports.asked import ReportRequest
from inspection.reports.hazards import HazardCard, Hazards
from inspection.reports.people import Names
from inspection.reports.reading import LedgerPart
from inspection.reports.records import entry_text, leftover_text, record_values
from inspection.reports.words import Words, hazard_name, section_name, words_of
from inspection.section_fields import FieldDefinition, FieldType, definition_on
from inspection.sections import AI_PATROL, HAZARDS, MAJOR_HAZARDS, LedgerSection
from inspection.tables import Finding, ReportLanguage
from ledger.entry import LedgerEntry

Cell = str | int | float | date | datetime | None

_SEEN = ("finding.recorded", "finding.spotted")


class CellKind(StrEnum):
    """How a column's cells are written: a time is shown in China's, a place is a ledger's index."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    SHARE = "share"
    DAY = "day"
    TIME = "time"
    HASH = "hash"
    PLACE = "place"


@dataclass(frozen=True)
class Column:
    """A column of a chapter's table."""

    title: str
    kind: CellKind = CellKind.TEXT


@dataclass(frozen=True)
class Row:
    """An entry as a row: its place, its leaf hash, its cells, and the evidence whose pictures belong to it."""

    index: int
    leaf_hash: str
    cells: tuple[Cell, ...]
    photos: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chapter:
    """A section in the period. `rows` and `hazards` read anew each time they are asked for."""

    section: LedgerSection
    title: str
    count: int
    hazard_count: int
    columns: Sequence[Column]
    source: "Chapters"

    def rows(self) -> Iterator[Row]:
        """Yield the entries as rows, in the ledger's order."""
        return self.source.rows(self.section.code)

    def hazards(self) -> Iterator[HazardCard]:
        """Yield the hazards that the section is about: those of L11 and L12, none elsewhere."""
        return self.source.hazards_in(self.section.code)


@dataclass(frozen=True)
class Chapters:
    """Reads chapters of a ledger."""

    asked: ReportRequest
    ledger: LedgerPart
    names: Names
    found: Hazards

    @property
    def words(self) -> Words:
        """The report's words."""
        return words_of(self.asked.language)

    def all(self) -> Iterator[Chapter]:
        """Yield the chosen sections in their order."""
        for section in self.asked.chosen():
            name = section_name(section, self.asked.language)
            yield Chapter(
                section,
                self.words["chapter"].format(code=section.code, name=name),
                self.ledger.count(self.asked.period, section.code),
                self._hazard_count(section.code),
                self._columns(section.code),
                self,
            )

    def _hazard_count(self, section: str) -> int:
        return self.found.count(section) if section in (HAZARDS, MAJOR_HAZARDS) else 0

    def rows(self, section: str) -> Iterator[Row]:
        """Yield a section's entries as rows."""
        for entry in self.ledger.entries(self.asked.period, section):
            if entry.record is not None:
                self.names.note_entry(entry.record.by, entry.header.at)
            if section == AI_PATROL:
                cells = self._patrol_cells(entry)
            elif self.fields_of(section):
                cells = self._record_cells(section, entry)
            else:
                cells = self._plain_cells(entry)
            yield Row(entry.index, entry.leaf_hash, cells, self._photos(section, entry))

    def hazards_in(self, section: str) -> Iterator[HazardCard]:
        """Yield the hazards of a section."""
        if section in (HAZARDS, MAJOR_HAZARDS):
            yield from self.found.in_section(section)

    def fields_of(self, section: str) -> Sequence[FieldDefinition]:
        """Return the fields of a section's records as of the period's end; none where people write no records."""
        try:
            definition = definition_on(section, self.asked.period.ends_on)
        except NotFound:
            return ()
        return [field for field in definition.fields if field.type is not FieldType.PHOTOS]

    def _columns(self, section: str) -> Sequence[Column]:
        words = self.words
        if section == AI_PATROL:
            return [
                Column(words["captured"], CellKind.TIME),
                Column(words["source"]),
                Column(words["hazard"]),
                Column(words["confidence"], CellKind.SHARE),
                Column(words["model"]),
                Column(words["frame"], CellKind.HASH),
                Column(words["conclusion"]),
                Column(words["by"]),
            ]
        fields = self.fields_of(section)
        if not fields:
            return [
                Column(words["at"], CellKind.TIME),
                Column(words["kind"]),
                Column(words["by"]),
                Column(words["content"], CellKind.LONG_TEXT),
            ]
        is_chinese = self.asked.language is ReportLanguage.CHINESE
        return [
            *(
                Column(_label(field, is_chinese=is_chinese), _KINDS.get(field.type, CellKind.TEXT))
                for field in fields
            ),
            Column(words["by"]),
            Column(words["state"]),
            Column(words["note"]),
        ]

    def _patrol_cells(self, entry: LedgerEntry) -> tuple[Cell, ...]:
        words, record = self.words, entry.record
        if record is None or entry.header.kind not in _SEEN:
            by = "" if record is None else self.names.of(record.by)
            return (entry.header.at, "", self._what(entry), None, "", "", "", by)
        data = record.data
        finding = self.found.finding_of(data.get("finding_id"))
        model, source = data.get("model"), data.get("source")
        place = str(source.get("name", "")) if isinstance(source, dict) else ""
        kind = str(source.get("kind", "")) if isinstance(source, dict) else ""
        return (
            _moment(data.get("captured_at")) or entry.header.at,
            f"{words.get(f'source_{kind}', kind)} {place}".strip(),
            self.hazard(str(data.get("hazard_code", ""))),
            _number(data.get("confidence")),
            _model(model),
            str(data.get("evidence_sha256", "")),
            self._conclusion(finding),
            self.names.of(record.by),
        )

    def _conclusion(self, finding: Finding | None) -> str:
        if finding is None:
            return ""
        said = self.words.get(finding.state, finding.state)
        if finding.decided_by is None:
            return said
        return f"{said}（{self.names.of(f'user:{finding.decided_by}')}）"

    def _record_cells(self, section: str, entry: LedgerEntry) -> tuple[Cell, ...]:
        fields, record = self.fields_of(section), entry.record
        values = {} if record is None else record_values(record, self.asked.language)
        cells: list[Cell] = [values.pop(field.name, None) for field in fields]
        by = "" if record is None else self.names.of(record.by)
        if record is None:
            note = self.words["erased"]
        elif isinstance(record.data.get("values"), dict):
            note = leftover_text(record, values, self.words)
        else:
            note = self._what(entry)
        return (*cells, by, self._state(entry), note)

    def _state(self, entry: LedgerEntry) -> str:
        if entry.record is None or "values" not in entry.record.data:
            return ""
        row = self.found.record_of(entry.record.data.get("record_id"))
        return "" if row is None else self.words[f"record_{row.state}"]

    def _plain_cells(self, entry: LedgerEntry) -> tuple[Cell, ...]:
        record, kind = entry.record, entry.header.kind
        by = "" if record is None else self.names.of(record.by)
        text = (
            self.words["erased"]
            if record is None
            else entry_text(record, self.asked.language, self.names)
        )
        return (entry.header.at, self.words.get(f"kind:{kind}", kind), by, text)

    def _what(self, entry: LedgerEntry) -> str:
        record, kind = entry.record, entry.header.kind
        said = self.words.get(f"kind:{kind}", kind)
        if record is None:
            return f"{said}：{self.words['erased']}"
        return f"{said}\n{entry_text(record, self.asked.language, self.names)}".strip()

    def _photos(self, section: str, entry: LedgerEntry) -> tuple[str, ...]:
        # Frames of the AI patrol would bury the rest; those of a hazard stand beside it in L11 and L12.
        if section in (AI_PATROL, HAZARDS, MAJOR_HAZARDS) or entry.record is None:
            return ()
        return tuple(
            attachment.sha256
            for attachment in entry.record.attachments
            if attachment.media_type.startswith("image/")
        )

    def hazard(self, code: str) -> str:
        """Return a hazard by code and name."""
        return f"{code} {hazard_name(code, self.asked.language)}"


_KINDS = {
    FieldType.LONG_TEXT: CellKind.LONG_TEXT,
    FieldType.NUMBER: CellKind.NUMBER,
    FieldType.DATE: CellKind.DAY,
    FieldType.DATETIME: CellKind.TIME,
}


def _label(field: FieldDefinition, *, is_chinese: bool) -> str:
    label = field.label_zh if is_chinese else field.label_en
    return f"{label}（{field.unit}）" if field.unit else label


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _number(value: object) -> float | None:
    return value if isinstance(value, (int, float)) else None


def _model(value: object) -> str:
    if not isinstance(value, dict):
        return str(value or "")
    return f"{value.get('name', '')} {str(value.get('sha256', ''))[:12]}".strip()
