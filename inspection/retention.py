"""How long each section is kept, and why content may be erased: dated data, in ``catalogue/``.

A rule's kind says from when its years count: `years` from the entry, `event` from the day on which the thing ended
(the machine was scrapped, the contract was over), which a person states; `permanent` never ends. Where it is no
minimum, the figure is a recommendation: it does not stand against a person's right to have their data erased.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from inspection.errors import NotFound
from inspection.plans import china_day
from inspection.sections import LEDGER_ITSELF

RETENTION_ENDED = "retention_ended"


class RetentionKind(StrEnum):
    """From when the years count."""

    YEARS = "years"
    EVENT = "event"
    PERMANENT = "permanent"


@dataclass(frozen=True)
class RetentionRule:
    """How long the entries of a section are kept, from a day on. `label` is the norm's own word."""

    section: str
    kind: RetentionKind
    years: int
    is_minimum: bool
    valid_from: date
    label: str
    basis: str
    basis_checked: bool

    def ends_on(self, recorded_at: datetime, ended_on: date | None = None) -> date | None:
        """Return the first day on which an entry is past its retention; None while that can not be said."""
        if self.kind is RetentionKind.PERMANENT:
            return None
        if self.kind is RetentionKind.YEARS:
            return years_after(china_day(recorded_at), self.years)
        return None if ended_on is None else years_after(ended_on, self.years)


@dataclass(frozen=True)
class ErasureReason:
    """Why content may be erased."""

    code: str
    name_zh: str
    name_en: str
    valid_from: date
    basis: str
    basis_checked: bool


# Keys, holds, erasures and exports are what the rest is proven by.
_OF_LEDGER_ITSELF = RetentionRule(
    LEDGER_ITSELF, RetentionKind.PERMANENT, 0, True, date.min, "长期", "项目自定", False
)


def retention_rule(section: str, on: date) -> RetentionRule:
    """Return the rule in force on a day; entries of no section (keys, holds, erasures) are kept for good.

    Raises `NotFound` for a day before the first rule.
    """
    known = [rule for rule in _rules() if rule.section == section]
    if not known:
        return _OF_LEDGER_ITSELF
    in_force = [rule for rule in known if rule.valid_from <= on]
    if not in_force:
        raise NotFound("retention rule", f"{section} on {on}")
    return max(in_force, key=lambda rule: rule.valid_from)


@cache
def erasure_reasons() -> Mapping[str, ErasureReason]:
    """Return the reasons by code, in their order."""
    return MappingProxyType(
        {
            row["code"]: ErasureReason(
                code=row["code"],
                name_zh=row["name_zh"],
                name_en=row["name_en"],
                valid_from=date.fromisoformat(row["valid_from"]),
                basis=row["basis"],
                basis_checked=row["basis_checked"] == "yes",
            )
            for row in _read("erasure_reasons.csv")
        }
    )


def erasure_reason(code: str, on: date) -> ErasureReason:
    """Return a reason that is in force on a day. Raises `NotFound`."""
    reason = erasure_reasons().get(code)
    if reason is None or reason.valid_from > on:
        raise NotFound("erasure reason", code)
    return reason


def years_after(day: date, years: int) -> date:
    """Return the same day some years later; 29 February becomes 1 March, and the last day there is stays."""
    if day.year + years > MAXYEAR:
        return date.max
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


@cache
def _rules() -> tuple[RetentionRule, ...]:
    return tuple(
        RetentionRule(
            section=row["section"],
            kind=RetentionKind(row["kind"]),
            years=int(row["years"] or 0),
            is_minimum=row["is_minimum"] == "yes",
            valid_from=date.fromisoformat(row["valid_from"]),
            label=row["label"],
            basis=row["basis"],
            basis_checked=row["basis_checked"] == "yes",
        )
        for row in _read("retention.csv")
    )


def _read(name: str) -> list[dict[str, str]]:
    text = files("inspection").joinpath("catalogue", name).read_text("utf-8-sig")
    return list(csv.DictReader(text.splitlines()))
