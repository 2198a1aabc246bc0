"""Checking what a person filled in against a section's definition: pure, with every fault of every field at once.

| type | value in JSON |
| --- | --- |
| text, long_text | a string of at most 200 or 5,000 characters; spaces around it are dropped |
| date | ``2026-10-20`` |
| time | ``14:30``, the clock in China |
| datetime | RFC 3339 with its offset; kept in UTC |
| number | a number of at most 10¹² |
| choice | the code of one of the choices |
| people | a list of names |
| yes_no | true or false |
| reference | the id of the other thing; that it exists is for the caller to check |
| photos | a list of sha256 of uploaded evidence; that they are there is for the caller to check |
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from inspection.errors import FieldFault
from inspection.section_fields import FieldDefinition, FieldRole, FieldType, SectionDefinition

MAX_TEXT = 200
MAX_LONG_TEXT = 5000
MAX_PEOPLE = 500
MAX_NAME = 50
MAX_PHOTOS = 30
MAX_NUMBER = 1e12
EARLIEST = date(2000, 1, 1)
LATEST = date(2100, 1, 1)

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Line breaks and tabs belong into a long text, nothing else that does not print.
_CONTROL_OF_LONG_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_SHA256 = re.compile(r"[0-9a-f]{64}")

Values = dict[str, Any]


class FaultCode(StrEnum):
    """What is wrong with a field; an app has its own words for each."""

    REQUIRED = "required"
    UNKNOWN = "unknown"
    NOT_ASKED = "not_asked"
    WRONG_TYPE = "wrong_type"
    TOO_LONG = "too_long"
    TOO_MANY = "too_many"
    OUT_OF_RANGE = "out_of_range"
    NOT_A_CHOICE = "not_a_choice"
    IN_FUTURE = "in_future"
    BEFORE_BEGIN = "before_begin"
    NOT_FOUND = "not_found"


class _Fault(Exception):
    def __init__(self, code: FaultCode, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(message)


def check_values(
    definition: SectionDefinition, given: Mapping[str, Any], today: date
) -> tuple[Values, list[FieldFault]]:
    """Return the values as they are to be kept, and what is wrong with them.

    What was left empty is left out. A value is kept only where its field is asked for.
    """
    known = {field.name: field for field in definition.fields}
    faults = [
        FieldFault(name[:MAX_NAME], FaultCode.UNKNOWN, "the section has no such field")
        for name in given
        if name not in known
    ]
    values: Values = {}
    # A condition names a choice, so choices are read first; the values keep the definition's order.
    for field in sorted(definition.fields, key=lambda field: field.only_if is not None):
        try:
            value = _read(field, given.get(field.name), values)
        except _Fault as fault:
            faults.append(FieldFault(field.name, fault.code, fault.message))
            continue
        if value is not None:
            values[field.name] = value
    faults += _faults_of_roles(definition, values, today)
    return {name: values[name] for name in known if name in values}, faults


def _read(field: FieldDefinition, value: Any, values: Values) -> Any:
    is_empty = value is None or value == [] or (isinstance(value, str) and not value.strip())
    if field.only_if is not None and not field.only_if.holds(values):
        if not is_empty:
            raise _Fault(
                FaultCode.NOT_ASKED,
                f"this is asked for only when {field.only_if.field} is {' or '.join(field.only_if.codes)}; leave it out",
            )
        return None
    if is_empty:
        if field.is_required:
            raise _Fault(FaultCode.REQUIRED, "this must be filled in")
        return None
    return _READERS[field.type](field, value)


def _faults_of_roles(
    definition: SectionDefinition, values: Values, today: date
) -> list[FieldFault]:
    faults = []
    day = definition.field_of(FieldRole.ON)
    if day is not None and day.name in values and date.fromisoformat(values[day.name]) > today:
        message = f"a record is about what has happened; {values[day.name]} is after today, {today}"
        faults.append(FieldFault(day.name, FaultCode.IN_FUTURE, message))
    begin, end = definition.field_of(FieldRole.FROM), definition.field_of(FieldRole.UNTIL)
    if begin and end and values.get(end.name, "~") < values.get(begin.name, ""):
        message = "the end lies before the beginning"
        faults.append(FieldFault(end.name, FaultCode.BEFORE_BEGIN, message))
    return faults


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise _Fault(FaultCode.WRONG_TYPE, "this must be a text")
    # Half of a surrogate pair is legal in JSON, but neither database nor ledger could hold it.
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise _Fault(FaultCode.WRONG_TYPE, "this text holds half of a character; write it again")
    return value.strip()


def _line(value: Any, longest: int) -> str:
    text = _string(value)
    if _CONTROL.search(text):
        raise _Fault(FaultCode.WRONG_TYPE, "this must be one line of text")
    if len(text) > longest:
        raise _Fault(FaultCode.TOO_LONG, f"this has at most {longest} characters, not {len(text)}")
    return text


def _read_text(_field: FieldDefinition, value: Any) -> str:
    return _line(value, MAX_TEXT)


def _read_long_text(_field: FieldDefinition, value: Any) -> str:
    text = _string(value)
    if _CONTROL_OF_LONG_TEXT.search(text):
        raise _Fault(
            FaultCode.WRONG_TYPE, "this holds characters that do not print; write it again"
        )
    if len(text) > MAX_LONG_TEXT:
        raise _Fault(
            FaultCode.TOO_LONG, f"this has at most {MAX_LONG_TEXT} characters, not {len(text)}"
        )
    return text


def _read_date(_field: FieldDefinition, value: Any) -> str:
    try:
        day = date.fromisoformat(_string(value))
    except ValueError:
        raise _Fault(FaultCode.WRONG_TYPE, "this must be a day such as 2026-10-20") from None
    if not EARLIEST <= day <= LATEST:
        raise _Fault(FaultCode.OUT_OF_RANGE, f"this must be a day from {EARLIEST} to {LATEST}")
    return day.isoformat()


def _read_time(_field: FieldDefinition, value: Any) -> str:
    text = _string(value)
    if not _TIME.fullmatch(text):
        raise _Fault(FaultCode.WRONG_TYPE, "this must be a time such as 14:30")
    return text


def _read_datetime(_field: FieldDefinition, value: Any) -> str:
    at = _parsed(_string(value))
    if at is None or at.tzinfo is None:
        raise _Fault(
            FaultCode.WRONG_TYPE,
            "this must be a time with its offset, such as 2026-10-20T14:30:00+08:00",
        )
    if not EARLIEST <= at.date() <= LATEST:
        raise _Fault(FaultCode.OUT_OF_RANGE, f"this must lie from {EARLIEST} to {LATEST}")
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _read_number(_field: FieldDefinition, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Fault(FaultCode.WRONG_TYPE, "this must be a number")
    if not math.isfinite(value) or abs(value) > MAX_NUMBER:
        raise _Fault(FaultCode.OUT_OF_RANGE, "this number is too large")
    return int(value) if value == int(value) else value


def _read_choice(field: FieldDefinition, value: Any) -> str:
    code = _string(value)
    codes = [choice.code for choice in field.choices]
    if code not in codes:
        raise _Fault(FaultCode.NOT_A_CHOICE, f"this must be one of {', '.join(codes)}")
    return code


def _read_people(_field: FieldDefinition, value: Any) -> list[str]:
    return [_name(name) for name in _items(value, MAX_PEOPLE)]


def _name(value: Any) -> str:
    name = _line(value, MAX_NAME)
    if not name:
        raise _Fault(FaultCode.WRONG_TYPE, "a name is empty; remove it or write it")
    return name


def _items(value: Any, most: int) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise _Fault(FaultCode.WRONG_TYPE, "this must be a list")
    if len(value) > most:
        raise _Fault(FaultCode.TOO_MANY, f"this holds at most {most}, not {len(value)}")
    return list(value)


def _read_yes_no(_field: FieldDefinition, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Fault(FaultCode.WRONG_TYPE, "this must be true or false")
    return value


def _read_reference(_field: FieldDefinition, value: Any) -> str:
    try:
        return str(UUID(_string(value)))
    except ValueError:
        raise _Fault(FaultCode.WRONG_TYPE, "this must be the id of what it refers to") from None


def _read_photos(_field: FieldDefinition, value: Any) -> list[str]:
    named = [_string(item) for item in _items(value, MAX_PHOTOS)]
    if not all(_SHA256.fullmatch(name) for name in named):
        raise _Fault(
            FaultCode.WRONG_TYPE, "each photo is named by its SHA-256, 64 hexadecimal digits"
        )
    # The same photo twice is one.
    return list(dict.fromkeys(named))


_READERS: Mapping[FieldType, Callable[[FieldDefinition, Any], Any]] = {
    FieldType.TEXT: _read_text,
    FieldType.LONG_TEXT: _read_long_text,
    FieldType.DATE: _read_date,
    FieldType.TIME: _read_time,
    FieldType.DATETIME: _read_datetime,
    FieldType.NUMBER: _read_number,
    FieldType.CHOICE: _read_choice,
    FieldType.PEOPLE: _read_people,
    FieldType.YES_NO: _read_yes_no,
    FieldType.REFERENCE: _read_reference,
    FieldType.PHOTOS: _read_photos,
}
