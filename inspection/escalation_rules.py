"""To whom an overdue ticket goes up, and after how many days: ``escalation_steps.csv`` as typed rows."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files


class Party(StrEnum):
    """Who is told next when the enterprise, told first, does not act."""

    EXPERT = "expert"
    TOWN = "town"
    BUREAU = "bureau"


@dataclass(frozen=True)
class EscalationStep:
    """A party is told once a ticket of a level is overdue by so many days (of 24 hours), on what basis."""

    level: str
    party: Party
    overdue_days: int
    valid_from: date
    basis: str
    basis_checked: bool

    def is_due(self, lateness: timedelta) -> bool:
        """Return whether a ticket that is late by so much goes up this step."""
        return timedelta() < lateness >= timedelta(days=self.overdue_days)


def escalation_steps(level: str, on: date) -> Sequence[EscalationStep]:
    """Return the steps of a level in the edition that is in force on a day, the first one first; none before any edition."""
    own = [row for row in _steps() if row.level == level and row.valid_from <= on]
    newest = max((row.valid_from for row in own), default=None)
    in_force = [row for row in own if row.valid_from == newest]
    return sorted(in_force, key=lambda row: (row.overdue_days, list(Party).index(row.party)))


@cache
def _steps() -> tuple[EscalationStep, ...]:
    text = files("inspection").joinpath("catalogue", "escalation_steps.csv").read_text("utf-8-sig")
    return tuple(
        EscalationStep(
            level=row["level"],
            party=Party(row["party"]),
            overdue_days=int(row["overdue_days"]),
            valid_from=date.fromisoformat(row["valid_from"]),
            basis=row["basis"],
            basis_checked=row["basis_checked"] == "yes",
        )
        for row in csv.DictReader(text.splitlines())
    )
