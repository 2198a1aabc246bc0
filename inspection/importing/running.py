"""A run of an import: every row is planned against what is there; only a plan without a fault is carried out, as a whole."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sqlmodel import Session

from inspection.importing.forms import FORMS, ImportKind
from inspection.importing.sheet import RowFault, SheetRow, read_sheet
from inspection.scopes import Scope


class RowAction(StrEnum):
    """What becomes of a row. `SAME` is why a second run changes nothing."""

    CREATE = "create"
    CHANGE = "change"
    SAME = "same"


@dataclass(frozen=True)
class PlannedRow:
    """What a row is about, and how its plan is carried out; `carry_out` returns a link to hand on, or an empty text."""

    number: int
    action: RowAction
    subject: str
    carry_out: Callable[[], str] = field(default=lambda: "", compare=False)


@dataclass(frozen=True)
class Desk:
    """Who imports, when, and the session in which everything is written. The session sees every enterprise; the scope does not."""

    session: Session
    scope: Scope
    now: datetime


class RowPlanner(Protocol):
    """Says what a row of one kind means. It writes nothing before `carry_out`."""

    def plan(self, row: SheetRow) -> PlannedRow | RowFault:
        """Return what is to be done about a row, or what is wrong with it."""
        ...


@dataclass(frozen=True)
class DoneRow:
    """A row after a run."""

    number: int
    action: RowAction
    subject: str
    link: str = ""


@dataclass(frozen=True)
class ImportReport:
    """What a run found, and whether it was carried out: never with a fault, never on a dry run."""

    kind: ImportKind
    is_dry_run: bool
    is_applied: bool
    rows: Sequence[DoneRow]
    faults: Sequence[RowFault]

    def count(self, action: RowAction) -> int:
        """Return how many rows there are of an action."""
        return sum(row.action is action for row in self.rows)


def run_import(
    kind: ImportKind, data: bytes, planner: RowPlanner, *, dry_run: bool
) -> ImportReport:
    """Read a workbook, plan every row and, unless it is a dry run or has a fault, carry all of it out.

    Raises `InvalidInput` for a file that cannot be read.
    """
    sheet = read_sheet(data, FORMS[kind])
    faults = list(sheet.faults)
    planned: list[PlannedRow] = []
    for row in sheet.rows:
        outcome = planner.plan(row)
        if isinstance(outcome, RowFault):
            faults.append(outcome)
        else:
            planned.append(outcome)
    if not sheet.rows and not faults:
        faults.append(RowFault(2, "", "empty", "the sheet has no rows", "fill in rows below the headings"))  # fmt: skip
    applies = not dry_run and not faults
    rows = [
        DoneRow(each.number, each.action, each.subject, each.carry_out() if applies else "")
        for each in planned
    ]
    return ImportReport(kind, dry_run, applies, rows, sorted(faults, key=lambda fault: fault.row))
