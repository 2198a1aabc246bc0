"""Which kinds of notices leave the app, and how urgent each is: ``notice_rules.csv`` as typed rows."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from inspection.tables import NoticeKind


@dataclass(frozen=True)
class NoticeRule:
    """How a kind of notice is sent: at once unless a person wishes otherwise; of a major hazard in quiet hours too.

    `is_always`: at once whatever a person wishes, as whoever took over an account could wish to hear nothing of it.
    """

    kind: NoticeKind
    at_once: bool
    major_through_quiet: bool
    valid_from: date
    basis: str
    is_always: bool = False


def notice_rules(on: date) -> Mapping[NoticeKind, NoticeRule]:
    """Return the rule of every kind that leaves the app on a day."""
    in_force = sorted((row for row in _rules() if row.valid_from <= on), key=_edition)
    return {row.kind: row for row in in_force}


def _edition(row: NoticeRule) -> date:
    return row.valid_from


@cache
def _rules() -> tuple[NoticeRule, ...]:
    text = files("inspection").joinpath("catalogue", "notice_rules.csv").read_text("utf-8-sig")
    return tuple(
        NoticeRule(
            kind=NoticeKind(row["kind"]),
            at_once=row["at_once"] == "yes",
            major_through_quiet=row["major_through_quiet"] == "yes",
            valid_from=date.fromisoformat(row["valid_from"]),
            basis=row["basis"],
            is_always=row["always"] == "yes",
        )
        for row in csv.DictReader(text.splitlines())
    )
