"""When a section is due and who writes it, as data: ``catalogue/frequencies.csv`` and ``section_writers.csv``.

`ledger_sections.csv` says each frequency in Chinese words (每月, 每3年评审); ``frequencies.csv`` says what the words
mean. Its notice days and the split of 每半年或每年 are the project's own and to be verified.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from inspection.errors import NotFound
from inspection.sections import ledger_section


class RuleKind(StrEnum):
    """How a frequency asks for records.

    `period`: one in every calendar period of `months`. `once`: one at all. `review`: each record again after `months`.
    `dates`: each record by the date that it names. `event`: whenever it happens. `live`: the product writes by itself.
    """

    PERIOD = "period"
    ONCE = "once"
    REVIEW = "review"
    DATES = "dates"
    EVENT = "event"
    LIVE = "live"


@dataclass(frozen=True)
class FrequencyRule:
    """A frequency as a rule. `months` is 0 where the kind has none; notice comes `notice_days` before a period ends."""

    kind: RuleKind
    months: int
    notice_days: int


@dataclass(frozen=True)
class SectionWriters:
    """The roles that write a section by hand (none: the product writes it), and whether an enterprise may be without it.

    `plan_roles` file the section's plan.
    """

    roles: tuple[str, ...]
    may_be_absent: bool
    plan_roles: tuple[str, ...]


def frequency_rule(section: str, on: date, *, is_high_risk: bool) -> FrequencyRule:
    """Return the rule of a section in force on a day. Raises `NotFound` for words that no row explains."""
    words = ledger_section(section).frequency
    row = _in_force(_frequencies().get(words, ()), on, f"rule for the frequency {words}")
    strict = row["months_high_risk"] if is_high_risk else ""
    return FrequencyRule(
        RuleKind(row["rule"]), int(strict or row["months"] or 0), int(row["notice_days"])
    )


def section_writers(section: str, on: date) -> SectionWriters:
    """Return who writes a section on a day. Raises `NotFound`."""
    row = _in_force(_writers().get(section, ()), on, f"row of writers for {section}")
    roles, plan_roles = (
        tuple(filter(None, row[key].split(";"))) for key in ("writers", "plan_writers")
    )
    return SectionWriters(roles, row["may_be_absent"] == "yes", plan_roles or roles)


def _in_force(rows: Sequence[Mapping[str, str]], on: date, what: str) -> Mapping[str, str]:
    in_force = [row for row in rows if date.fromisoformat(row["valid_from"]) <= on]
    if not in_force:
        raise NotFound(what, f"on {on}")
    return max(in_force, key=lambda row: row["valid_from"])


@cache
def _frequencies() -> Mapping[str, Sequence[Mapping[str, str]]]:
    return _rows("frequencies.csv", "text")


@cache
def _writers() -> Mapping[str, Sequence[Mapping[str, str]]]:
    return _rows("section_writers.csv", "section")


def _rows(file: str, key: str) -> Mapping[str, Sequence[Mapping[str, str]]]:
    text = files("inspection").joinpath("catalogue", file).read_text("utf-8-sig")
    found: dict[str, list[Mapping[str, str]]] = {}
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row[key], []).append(row)
    return MappingProxyType(found)
