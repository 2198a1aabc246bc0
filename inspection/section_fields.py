"""What a record of each ledger section holds, as data: ``catalogue/section_fields.csv``.

An edition of a section is all its rows of one ``valid_from``. An edition that records cite is never edited: a change
is a new edition of all the section's rows with a later ``valid_from``, so that old records stay readable. Rows whose
``basis_checked`` is not yes are the project's own proposal, to be verified.

| column | means |
| --- | --- |
| type | one of `FieldType` |
| choices | ``code=中文=English``, separated by ``|`` |
| target | what a reference points to: a section such as L13, or ``inspection``, ``item``, ``ticket`` |
| role | ``on`` the day that the record is about, ``due`` when it must be renewed, ``title``, ``from``, ``until`` |
| only_if | ``entry=plan/drill``: the field is asked for only when that choice was made |
| counts | choices of this field whose records count for the section's frequency; empty means all |
| personal | names of people, or what is told about their health: what an erasure looks for |
| key_field | the key field of ``ledger_sections.csv`` that it serves |
"""

import csv
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache, cached_property
from importlib.resources import files
from itertools import groupby
from types import MappingProxyType
from typing import Any

import rfc8785

from inspection.errors import NotFound


class FieldType(StrEnum):
    """How a field is filled in, and what its value is in JSON."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    NUMBER = "number"
    CHOICE = "choice"
    PEOPLE = "people"
    YES_NO = "yes_no"
    REFERENCE = "reference"
    PHOTOS = "photos"


class FieldRole(StrEnum):
    """What the program itself reads from a field."""

    ON = "on"
    DUE = "due"
    TITLE = "title"
    FROM = "from"
    UNTIL = "until"


@dataclass(frozen=True)
class Choice:
    """One answer of a choice: its code in the record, and how it is called."""

    code: str
    label_zh: str
    label_en: str


@dataclass(frozen=True)
class Condition:
    """A field is asked for only when the choice `field` is one of `codes`."""

    field: str
    codes: tuple[str, ...]

    def holds(self, values: Mapping[str, object]) -> bool:
        """Return whether the choice was made."""
        return values.get(self.field) in self.codes


@dataclass(frozen=True)
class FieldDefinition:
    """One field of a section's record."""

    name: str
    type: FieldType
    label_zh: str
    label_en: str
    is_required: bool
    is_personal: bool
    unit: str
    choices: tuple[Choice, ...]
    target: str
    role: FieldRole | None
    only_if: Condition | None
    counts: tuple[str, ...]
    key_field: str
    basis: str
    basis_checked: bool


@dataclass(frozen=True)
class SectionDefinition:
    """An edition of a section's fields. Records cite `version` and `sha256`."""

    section: str
    valid_from: date
    fields: tuple[FieldDefinition, ...]

    @property
    def version(self) -> str:
        """The edition's name: the day from which it is valid."""
        return self.valid_from.isoformat()

    @cached_property
    def sha256(self) -> str:
        """Hash of the edition's canonical JSON (RFC 8785): whoever has the file can tell that it is the same one."""
        canonical: bytes = rfc8785.dumps([_canonical(field) for field in self.fields])
        return hashlib.sha256(canonical).hexdigest()

    def field_of(self, role: FieldRole) -> FieldDefinition | None:
        """Return the field of a role."""
        return next((field for field in self.fields if field.role is role), None)

    def is_counted(self, values: Mapping[str, object]) -> bool:
        """Return whether such a record counts for the section's frequency: a drill does, its plan does not."""
        return all(values.get(field.name) in field.counts for field in self.fields if field.counts)


@cache
def section_definitions() -> Mapping[str, Sequence[SectionDefinition]]:
    """Return every edition of every section that people write, oldest first, by the section's code."""
    text = files("inspection").joinpath("catalogue", "section_fields.csv").read_text("utf-8-sig")
    return MappingProxyType(read_definitions(text.splitlines()))


def read_definitions(lines: Iterable[str]) -> dict[str, Sequence[SectionDefinition]]:
    """Read the lines of a CSV file. Raises `ValueError` for one that cannot be right."""
    rows = sorted(csv.DictReader(lines), key=_edition_of)
    found: dict[str, list[SectionDefinition]] = {}
    for (section, valid_from), members in groupby(rows, key=_edition_of):
        fields = tuple(_field(row) for row in members)
        definition = SectionDefinition(section, date.fromisoformat(valid_from), fields)
        _check(definition)
        found.setdefault(section, []).append(definition)
    return {section: tuple(editions) for section, editions in found.items()}


def definition_on(section: str, on: date) -> SectionDefinition:
    """Return the edition in force on a day. Raises `NotFound` where the section has none, or none yet."""
    editions = section_definitions().get(section, ())
    in_force = [edition for edition in editions if edition.valid_from <= on]
    if not in_force:
        raise NotFound("definition of the ledger section", f"{section} on {on}")
    return in_force[-1]


def definition_of(section: str, version: str) -> SectionDefinition:
    """Return an edition by its name. Raises `NotFound`."""
    for edition in section_definitions().get(section, ()):
        if edition.version == version:
            return edition
    raise NotFound("definition of the ledger section", f"{section} of {version}")


def _edition_of(row: dict[str, str]) -> tuple[str, str]:
    return row["section"], row["valid_from"]


def _field(row: dict[str, str]) -> FieldDefinition:
    return FieldDefinition(
        name=row["name"],
        type=FieldType(row["type"]),
        label_zh=row["label_zh"],
        label_en=row["label_en"],
        is_required=row["required"] == "yes",
        is_personal=row["personal"] == "yes",
        unit=row["unit"],
        choices=tuple(Choice(*part.split("=")) for part in _parts(row["choices"], "|")),
        target=row["target"],
        role=FieldRole(row["role"]) if row["role"] else None,
        only_if=_condition(row["only_if"]),
        counts=_parts(row["counts"], "/"),
        key_field=row["key_field"],
        basis=row["basis"],
        basis_checked=row["basis_checked"] == "yes",
    )


def _condition(text: str) -> Condition | None:
    if not text:
        return None
    field, codes = text.split("=")
    return Condition(field, _parts(codes, "/"))


def _parts(text: str, separator: str) -> tuple[str, ...]:
    return tuple(text.split(separator)) if text else ()


def _check(definition: SectionDefinition) -> None:
    name = f"section_fields.csv, {definition.section} of {definition.version}"
    names = [field.name for field in definition.fields]
    codes = {field.name: {choice.code for choice in field.choices} for field in definition.fields}
    faults = [
        ("two fields have one name", len(set(names)) < len(names)),
        ("no required date has the role on", not _has_day(definition)),
        ("a choice has no choices", any(map(_lacks_choices, definition.fields))),
        (
            "an only_if or counts names a choice that is none",
            any(not _names_choices(field, codes) for field in definition.fields),
        ),
    ]
    for fault, is_there in faults:
        if is_there:
            msg = f"{name}: {fault}"
            raise ValueError(msg)


def _has_day(definition: SectionDefinition) -> bool:
    day = definition.field_of(FieldRole.ON)
    return day is not None and day.is_required and day.type is FieldType.DATE


def _lacks_choices(field: FieldDefinition) -> bool:
    return (field.type is FieldType.CHOICE) != bool(field.choices)


def _names_choices(field: FieldDefinition, codes: Mapping[str, set[str]]) -> bool:
    condition = field.only_if
    is_known = condition is None or set(condition.codes) <= codes.get(condition.field, set())
    return is_known and set(field.counts) <= codes[field.name]


def _canonical(field: FieldDefinition) -> dict[str, Any]:
    return {
        "name": field.name,
        "type": field.type.value,
        "label_zh": field.label_zh,
        "label_en": field.label_en,
        "required": field.is_required,
        "personal": field.is_personal,
        "unit": field.unit,
        "choices": [[choice.code, choice.label_zh, choice.label_en] for choice in field.choices],
        "target": field.target,
        "role": field.role.value if field.role else None,
        "only_if": [field.only_if.field, *field.only_if.codes] if field.only_if else None,
        "counts": list(field.counts),
    }
