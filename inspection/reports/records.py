"""An entry's data as people read it: the values of a section's record, and any other data as names and values."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from inspection.errors import NotFound
from inspection.plans import CHINA
from inspection.reports.people import Names
from inspection.reports.words import Words, field_names, hazard_name, words_of
from inspection.section_fields import FieldDefinition, FieldType, definition_of
from inspection.tables import ReportLanguage
from ledger.entry import Record

Value = str | int | float | date | datetime | None
_MOMENTS = frozenset(
    {"deadline", "until", "closed_at", "started_at", "ended_at", "signed_at", "refused_at"}
)
# Ids and hashes that only programs follow: the entry's own place and hash stand beside it.
_LEFT_OUT = frozenset(
    {
        "ticket_id",
        "item_id",
        "other_item_id",
        "finding_id",
        "finding_ids",
        "beside_finding_id",
        "entry_index",
        "boxes",
        "record_id",
        "series_id",
    }
    | {
        "definition",
        "photo_id",
        "draft_sha256",
        "revision",
        "supersedes",
        "hazard",
        "other_hazard_code",
        "boxes_by",
        "decided_as",
    }
    # Said by other words of the same entry.
    | {"action", "step", "proposed_hazard_code", "request_id"}
    # Of an inspection record: its number says which it is, its notice says the rest.
    | {"inspection_id", "record_index", "content", "content_sha256", "notice_sha256"}
    | {"picture_sha256", "given_on"}
)


def record_values(record: Record, language: ReportLanguage) -> dict[str, Value]:
    """Return the values of a section's record by field, read by the edition that the record cites."""
    values = record.data.get("values")
    if not isinstance(values, dict):
        return {}
    known = _fields(record)
    return {
        name: _value(known.get(name), value, language)
        for name, value in values.items()
        if name not in known or known[name].type is not FieldType.PHOTOS
    }


def leftover_text(record: Record, values: Mapping[str, Value], words: Words) -> str:
    """Return what a record says beside its columns: why it was corrected, and fields of an older edition."""
    lines = [f"{words['reason']}: {record.data['reason']}"] if record.data.get("reason") else []
    lines += [f"{name}: {value}" for name, value in values.items() if value not in (None, "")]
    return "\n".join(lines)


def entry_text(record: Record, language: ReportLanguage, names: Names) -> str:
    """Return an entry's data as names and values, one after another."""
    called, said = field_names(language), []
    for name, value in record.data.items():
        if name in _LEFT_OUT or value in (None, "", [], {}):
            continue
        said.append(f"{called.get(name, name)}: {_plain(name, value, language, names)}")
    return "；".join(said)


def _plain(name: str, value: Any, language: ReportLanguage, names: Names) -> str:
    words = words_of(language)
    if isinstance(value, bool):
        return words["yes" if value else "no"]
    if name == "assignee":
        return names.of(str(value))
    if name == "hazard_code":
        return f"{value} {hazard_name(str(value), language)}"
    if name in ("level", "catalogue_level", "action", "state"):
        for key in (f"{name}_{value}", f"{value}"):
            if key in words:
                return words[key]
    if isinstance(value, (list, dict)):
        return _nested(name, value, language, names)
    moment = _moment(str(value)) if name in _MOMENTS else None
    if isinstance(moment, datetime):
        return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}"
    return str(value)


def _nested(name: str, value: Any, language: ReportLanguage, names: Names) -> str:
    if isinstance(value, list):
        return "、".join(_plain(name, item, language, names) for item in value)
    called = field_names(language)
    parts = (
        f"{called.get(key, key)}: {_plain(key, said, language, names)}"
        for key, said in value.items()
        if key not in _LEFT_OUT and said not in (None, "", [], {})
    )
    return f"（{'；'.join(parts)}）"


def _fields(record: Record) -> Mapping[str, FieldDefinition]:
    cited = record.data.get("definition")
    version = str(cited.get("version")) if isinstance(cited, dict) else ""
    try:
        definition = definition_of(record.section, version)
    except NotFound:
        return {}
    return {field.name: field for field in definition.fields}


def _value(field: FieldDefinition | None, value: Any, language: ReportLanguage) -> Value:
    is_chinese = language is ReportLanguage.CHINESE
    if isinstance(value, bool):
        return words_of(language)["yes" if value else "no"]
    if isinstance(value, list):
        return "、".join(str(item) for item in value)
    if field is None or not isinstance(value, (str, int, float)):
        return value if isinstance(value, (int, float)) else str(value)
    if field.type is FieldType.CHOICE:
        for choice in field.choices:
            if choice.code == value:
                return choice.label_zh if is_chinese else choice.label_en
    if field.type in (FieldType.DATE, FieldType.DATETIME):
        return _moment(str(value))
    return value


def _moment(text: str) -> Value:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-10-20") else datetime.fromisoformat(text)  # fmt: skip
    except ValueError:
        return text
