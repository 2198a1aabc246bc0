"""The definitions of the 28 sections: complete, consistent, and never edited under records that cite them."""

import hashlib
from datetime import date

import pytest

from inspection.errors import NotFound
from inspection.section_fields import (
    FieldRole,
    FieldType,
    definition_of,
    definition_on,
    read_definitions,
    section_definitions,
)
from inspection.section_rules import RuleKind, frequency_rule, section_writers
from inspection.sections import ledger_sections
from inspection.tables import Role

TODAY = date(2026, 11, 25)
HEADER = "section,valid_from,name,type,label_zh,label_en,required,personal,unit,choices,target,role,only_if,counts,key_field,basis,basis_checked"
DAY = "L98,2025-01-01,on,date,日期,Date,yes,no,,,,on,,,,,no"
FILLED_BY_PRODUCT = {"L11", "L12", "L27"}


def test_every_section_but_the_products_own_has_a_definition() -> None:
    """What the product fills has no form, everything else has one."""
    assert set(section_definitions()) == set(ledger_sections()) - FILLED_BY_PRODUCT
    for code in ledger_sections():
        assert (section_writers(code, TODAY).roles == ()) == (code in FILLED_BY_PRODUCT)


def test_key_fields_of_the_sections_have_a_field() -> None:
    """No key field of the reference is lost between the two files."""
    for code, editions in section_definitions().items():
        served = {field.key_field for field in editions[-1].fields} - {""}
        assert served == set(ledger_sections()[code].key_fields), code


def test_names_of_people_are_marked_personal() -> None:
    """An erasure can find every list of names."""
    for editions in section_definitions().values():
        for field in editions[-1].fields:
            assert field.is_personal or field.type is not FieldType.PEOPLE, field.name


def test_training_holds_what_the_law_asks_for() -> None:
    """Article 28: time, content, attendees, result; required, and marked as checked."""
    fields = {field.name: field for field in definition_on("L06", TODAY).fields}
    for name in ("on", "content", "attendees", "result"):
        assert fields[name].is_required
        assert fields[name].basis_checked
        assert "28" in fields[name].basis
    assert not fields["hours"].basis_checked


@pytest.mark.parametrize(
    ("code", "high_risk", "kind", "months"),
    [
        ("L04", False, RuleKind.PERIOD, 1),
        ("L02", False, RuleKind.PERIOD, 12),
        ("L18", False, RuleKind.PERIOD, 12),
        ("L18", True, RuleKind.PERIOD, 6),
        ("L03", False, RuleKind.REVIEW, 36),
        ("L01", False, RuleKind.ONCE, 0),
        ("L09", False, RuleKind.DATES, 0),
        ("L13", False, RuleKind.EVENT, 0),
        ("L27", False, RuleKind.LIVE, 0),
    ],
)
def test_frequencies_are_rules(code: str, high_risk: bool, kind: RuleKind, months: int) -> None:
    """The Chinese words of the reference mean what a safety officer reads in them."""
    rule = frequency_rule(code, TODAY, is_high_risk=high_risk)
    assert (rule.kind, rule.months) == (kind, months)


def test_every_frequency_and_writer_is_known() -> None:
    """No section's words are without a rule, no writer's role is unknown, and periods divide a year."""
    for code in ledger_sections():
        rule = frequency_rule(code, TODAY, is_high_risk=True)
        assert rule.kind is not RuleKind.PERIOD or rule.months in {1, 3, 6, 12}
        for role in section_writers(code, TODAY).roles:
            assert Role(role)
    with pytest.raises(NotFound):
        frequency_rule("L04", date(2020, 1, 1), is_high_risk=False)


def test_editions_are_pinned() -> None:
    """Records cite these editions: whoever edits one in place fails here, and adds a new one instead."""
    first = [
        edition.sha256
        for code in sorted(section_definitions())
        for edition in section_definitions()[code]
        if edition.version == "2025-01-01"
    ]
    assert (
        hashlib.sha256("".join(first).encode()).hexdigest()
        == "37aa74bd9ae4f32bbac6394125016ba8378c14c0d8be9bde1493a197b7228688"
    )


def test_editions_follow_each_other() -> None:
    """The edition of a day is the last one that began; an unknown one does not exist."""
    later = DAY.replace("2025-01-01", "2026-06-01").replace("日期", "会议日期")
    first, second = read_definitions([HEADER, later, DAY])["L98"]
    assert (first.version, second.version) == ("2025-01-01", "2026-06-01")
    assert first.sha256 != second.sha256
    assert definition_on("L04", TODAY).field_of(FieldRole.TITLE) is not None
    for unknown in (("L04", "2024-01-01"), ("L27", "2025-01-01"), ("L99", "2025-01-01")):
        with pytest.raises(NotFound):
            definition_of(*unknown)
    with pytest.raises(NotFound):
        definition_on("L04", date(2024, 12, 31))


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (DAY, "one name"),
        ("L98,2025-01-01,x,choice,x,x,yes,no,,,,,,,,,no", "no choices"),
        ("L98,2025-01-01,x,text,x,x,yes,no,,a=甲=a,,,,,,,no", "no choices"),
        ("L98,2025-01-01,x,text,x,x,yes,no,,,,,kind=a,,,,no", "names a choice"),
        ("L98,2025-01-01,x,choice,x,x,yes,no,,a=甲=a,,,,b,,,no", "names a choice"),
        ("L98,2025-01-01,x,picture,x,x,yes,no,,,,,,,,,no", "picture"),
        ("L97,2025-01-01,x,text,x,x,yes,no,,,,,,,,,no", "role on"),
    ],
)
def test_a_file_that_cannot_be_right_is_refused(row: str, fault: str) -> None:
    """Whoever edits the file is told what is wrong before any record is."""
    with pytest.raises(ValueError, match=fault):
        read_definitions([HEADER, DAY, row])
