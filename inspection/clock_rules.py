"""What a ticket's clock counts, and why it may stand still: ``clock_rules.csv`` and ``hold_reasons.csv`` as typed rows."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from inspection.errors import InvalidInput, NotFound
from inspection.ticket_clock import ClockUnit


@dataclass(frozen=True)
class ClockRule:
    """What counts for tickets of a level from a day on, and on what basis."""

    level: str
    unit: ClockUnit
    valid_from: date
    basis: str
    basis_checked: bool


@dataclass(frozen=True)
class HoldReason:
    """Why time is asked for. `kinds` are those of ``pause`` and ``extension`` that it is a reason for."""

    code: str
    kinds: frozenset[str]
    name_zh: str
    name_en: str


def clock_rule(level: str, on: date) -> ClockRule:
    """Return the rule of a level on a day. Raises `NotFound`."""
    in_force = [row for row in _rules() if row.level == level and row.valid_from <= on]
    if not in_force:
        raise NotFound("clock rule", f"{level} on {on}")
    return max(in_force, key=lambda row: row.valid_from)


def unit_of(level: str, deadline_days: int, on: date) -> ClockUnit:
    """Return what counts for a ticket. What must be put right at once waits for no working day."""
    return ClockUnit.CALENDAR if deadline_days == 0 else clock_rule(level, on).unit


@cache
def hold_reasons() -> Mapping[str, HoldReason]:
    """Return every reason by its code, in the order of the file."""
    reasons = [
        HoldReason(row["code"], frozenset(row["kinds"].split(";")), row["name_zh"], row["name_en"])
        for row in _rows("hold_reasons.csv")
    ]
    return MappingProxyType({reason.code: reason for reason in reasons})


def hold_reason(code: str, kind: str) -> HoldReason:
    """Return a reason for a pause or an extension. Raises `InvalidInput` for one that is none."""
    reason = hold_reasons().get(code)
    if reason is None or kind not in reason.kinds:
        known = ", ".join(each.code for each in hold_reasons().values() if kind in each.kinds)
        msg = f"{code!r} is no reason for a {kind}; the reasons are {known}"
        raise InvalidInput(msg)
    return reason


@cache
def _rules() -> tuple[ClockRule, ...]:
    return tuple(
        ClockRule(
            level=row["level"],
            unit=ClockUnit(row["unit"]),
            valid_from=date.fromisoformat(row["valid_from"]),
            basis=row["basis"],
            basis_checked=row["basis_checked"] == "yes",
        )
        for row in _rows("clock_rules.csv")
    )


def _rows(name: str) -> list[dict[str, str]]:
    text = files("inspection").joinpath("catalogue", name).read_text("utf-8-sig")
    return list(csv.DictReader(text.splitlines()))
