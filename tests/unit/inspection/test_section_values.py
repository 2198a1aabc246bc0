"""What is filled in is checked field by field, and every fault is named at once."""

from datetime import date
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from inspection.section_fields import definition_on, section_definitions
from inspection.section_values import FaultCode, check_values

TODAY = date(2026, 11, 25)
MEETING: dict[str, Any] = {
    "on": "2026-10-20",
    "place": "会议室",
    "topic": "十月安全例会",
    "host": ["林安全"],
    "attendees": ["林安全", "周师傅"],
    "resolution": "加装光栅。",
}
PERMIT: dict[str, Any] = {
    "on": "2026-10-20",
    "kind": "hot",
    "number": "DH-1",
    "place": "二车间",
    "work": "焊接",
    "from": "2026-10-20T08:00:00+08:00",
    "until": "2026-10-20T10:00:00+08:00",
    "workers": ["甲"],
    "guardian": ["乙"],
    "approver": ["丙"],
    "measured": "可燃气体 0 %LEL",
}


def faults_of(section: str, given: dict[str, Any]) -> dict[str, str]:
    """Return what is wrong, by field."""
    _, faults = check_values(definition_on(section, TODAY), given, TODAY)
    return {fault.field: fault.code for fault in faults}


def test_what_fits_is_kept_as_it_is_read() -> None:
    """Spaces around text go, times become UTC, whole numbers lose their point, what is empty is left out."""
    given = MEETING | {"place": "  会议室 ", "time": "14:30", "photos": []}
    values, faults = check_values(definition_on("L04", TODAY), given, TODAY)
    assert faults == []
    assert values == MEETING | {"time": "14:30"}
    permit, faults = check_values(definition_on("L13", TODAY), PERMIT, TODAY)
    assert faults == []
    assert permit["from"] == "2026-10-20T00:00:00Z"


def test_all_faults_come_at_once() -> None:
    """Each field says its own, unknown fields too."""
    assert faults_of("L04", {"on": "2026-13-01", "host": "林", "colour": "red"}) == {
        "on": FaultCode.WRONG_TYPE,
        "host": FaultCode.WRONG_TYPE,
        "colour": FaultCode.UNKNOWN,
        "place": FaultCode.REQUIRED,
        "topic": FaultCode.REQUIRED,
        "attendees": FaultCode.REQUIRED,
        "resolution": FaultCode.REQUIRED,
    }


@pytest.mark.parametrize(
    ("section", "base", "field", "value", "code"),
    [
        ("L04", MEETING, "on", "2026-11-26", FaultCode.IN_FUTURE),
        ("L04", MEETING, "on", "1999-12-31", FaultCode.OUT_OF_RANGE),
        ("L04", MEETING, "on", 20261020, FaultCode.WRONG_TYPE),
        ("L04", MEETING, "time", "24:00", FaultCode.WRONG_TYPE),
        ("L04", MEETING, "topic", "两\n行", FaultCode.WRONG_TYPE),
        ("L04", MEETING, "topic", "长" * 201, FaultCode.TOO_LONG),
        ("L04", MEETING, "topic", "\ud83d", FaultCode.WRONG_TYPE),
        ("L04", MEETING, "resolution", "\x00", FaultCode.WRONG_TYPE),
        ("L04", MEETING, "resolution", "长" * 5001, FaultCode.TOO_LONG),
        ("L04", MEETING, "attendees", ["甲", " "], FaultCode.WRONG_TYPE),
        ("L04", MEETING, "attendees", ["甲"] * 501, FaultCode.TOO_MANY),
        ("L04", MEETING, "photos", ["ab"], FaultCode.WRONG_TYPE),
        ("L13", PERMIT, "kind", "magic", FaultCode.NOT_A_CHOICE),
        ("L13", PERMIT, "until", "2026-10-20T07:00:00+08:00", FaultCode.BEFORE_BEGIN),
        ("L13", PERMIT, "from", "2026-10-20T08:00:00", FaultCode.WRONG_TYPE),
        ("L13", PERMIT, "from", "soon", FaultCode.WRONG_TYPE),
        ("L13", PERMIT, "until", "9999-12-31T23:59:59-12:00", FaultCode.OUT_OF_RANGE),
        ("L13", PERMIT, "measured", "", FaultCode.REQUIRED),
        ("L13", PERMIT | {"kind": "height"}, "measured", "0", FaultCode.NOT_ASKED),
        ("L14", {}, "sign", "yes", FaultCode.WRONG_TYPE),
        ("L14", {}, "permit", "7", FaultCode.WRONG_TYPE),
        ("L05", {}, "amount", "12", FaultCode.WRONG_TYPE),
        ("L05", {}, "amount", True, FaultCode.WRONG_TYPE),
        ("L05", {}, "amount", 1e13, FaultCode.OUT_OF_RANGE),
        ("L05", {}, "amount", float("nan"), FaultCode.OUT_OF_RANGE),
    ],
)
def test_a_wrong_value_is_named(
    section: str, base: dict[str, Any], field: str, value: Any, code: FaultCode
) -> None:
    """Of every type, what does not fit."""
    assert faults_of(section, base | {field: value})[field] == code


def test_a_photo_named_twice_is_one() -> None:
    """The same hash twice is the same photo."""
    values, _ = check_values(
        definition_on("L04", TODAY), MEETING | {"photos": ["ab" * 32, "ab" * 32]}, TODAY
    )
    assert values["photos"] == ["ab" * 32]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(data=st.data())
def test_whatever_comes_is_kept_or_named(data: st.DataObject) -> None:
    """No input fails otherwise than by a fault of its field, and what is kept is canonical JSON that checks again."""
    section = data.draw(st.sampled_from(sorted(section_definitions())))
    definition = definition_on(section, TODAY)
    names = st.sampled_from([field.name for field in definition.fields]) | st.text(max_size=5)
    given = data.draw(st.dictionaries(names, JSON))
    values, faults = check_values(definition, given, TODAY)
    rfc8785.dumps(values)
    again, more = check_values(definition, values, TODAY)
    assert again == values
    assert {fault.field for fault in more} <= {fault.field for fault in faults}
