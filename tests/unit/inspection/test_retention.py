"""Retention as dated data: every section has a rule, and days are counted as people count them."""

from datetime import UTC, date, datetime

import pytest

from inspection.errors import NotFound
from inspection.retention import (
    RetentionKind,
    erasure_reason,
    erasure_reasons,
    retention_rule,
    years_after,
)
from inspection.sections import LEDGER_ITSELF, ledger_sections

TODAY = date(2026, 11, 25)
AT = datetime(2024, 2, 28, 17, 0, tzinfo=UTC)


def test_every_section_has_the_rule_that_its_list_names() -> None:
    """The rule's label is the section's own word, and what the word recommends is no minimum."""
    for code, section in ledger_sections().items():
        rule = retention_rule(code, TODAY)
        assert rule.label == section.retention
        assert rule.is_minimum is not section.retention.startswith("建议")
        assert (rule.kind is RetentionKind.PERMANENT) is (section.retention == "长期")
        assert not rule.basis_checked


def test_a_rule_ends_on_a_day_in_china() -> None:
    """An entry of 29 February in China ends on 1 March; an event's rule ends only once it is stated."""
    assert retention_rule("L06", TODAY).ends_on(AT) == date(2027, 3, 1)
    assert retention_rule("L07", TODAY).ends_on(AT) is None
    assert retention_rule("L19", TODAY).ends_on(AT) is None
    assert retention_rule("L19", TODAY).ends_on(AT, date(2024, 5, 1)) == date(2026, 5, 1)
    assert years_after(date(9998, 1, 1), 5) == date.max


def test_the_ledgers_own_entries_are_kept_for_good() -> None:
    """Keys, holds and erasures are in no section."""
    assert retention_rule(LEDGER_ITSELF, TODAY).kind is RetentionKind.PERMANENT
    with pytest.raises(NotFound):
        retention_rule("L06", date(2020, 1, 1))


def test_reasons_are_dated_and_say_that_they_are_unchecked() -> None:
    """An unknown reason, or one of a later day, is none."""
    assert not any(reason.basis_checked for reason in erasure_reasons().values())
    assert "47" in erasure_reason("person_request", TODAY).basis
    for code, on in (("person_request", date(2020, 1, 1)), ("whim", TODAY)):
        with pytest.raises(NotFound):
            erasure_reason(code, on)
