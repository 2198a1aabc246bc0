"""The rows of an import sheet as texts, and every fault of a cell: row, column, what is wrong, what to do.

Text that a spreadsheet would run (it begins with =, +, - or @) is refused, so that nothing that comes in here is a formula in
whatever is exported later. A telephone number may begin with +.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from io import BytesIO
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from inspection.errors import InvalidInput
from inspection.importing.forms import CellForm, FormColumn
from inspection.importing.package import Merged, require_workbook

MAX_ROWS = 5_000
MAX_COLUMNS = 50
MAX_FAULTS = 500
_FORMULA = re.compile(r"[=@\t\r]|[+-](?![0-9 ()-]*$)")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2})")
_YES = {"是": "yes", "yes": "yes", "y": "yes", "true": "yes", "1": "yes"}
_NO = {"否": "no", "no": "no", "n": "no", "false": "no", "0": "no"}
# A number of more digits is not the one that was typed: Excel keeps 15.
_EXACT = 10**15


@dataclass(frozen=True)
class RowFault:
    """What is wrong with a row (from 1, the headings are row 1): `column` is its heading, empty for the row as a whole."""

    row: int
    column: str
    code: str
    message: str
    advice: str


@dataclass(frozen=True)
class SheetRow:
    """A row without a fault so far: values by the columns' names, texts of their forms; what is empty is left out."""

    number: int
    values: Mapping[str, str]

    def get(self, name: str) -> str:
        """Return a value, empty where the cell is."""
        return self.values.get(name, "")


@dataclass
class Sheet:
    """What was read: good rows and faults. `headings` are the columns' names as the file has them."""

    rows: list[SheetRow] = field(default_factory=list)
    faults: list[RowFault] = field(default_factory=list)
    headings: dict[str, str] = field(default_factory=dict)


def read_sheet(data: bytes, columns: Sequence[FormColumn]) -> Sheet:
    """Read the first sheet of a workbook. Raises `InvalidInput` for a file that is none, is too large or has too many rows."""
    merged = require_workbook(BytesIO(data), len(data))
    try:
        book = load_workbook(BytesIO(data), read_only=True, data_only=False, keep_links=False)
        lines = book.worksheets[0].iter_rows(max_col=MAX_COLUMNS)
        return _read(lines, columns, merged)
    except (
        InvalidFileException,
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        SyntaxError,
    ) as error:
        raise InvalidInput(
            f"the workbook cannot be read ({type(error).__name__}); save it anew with Excel"
        ) from None


def _read(
    lines: Iterator[Sequence[Any]], columns: Sequence[FormColumn], merged: Sequence[Merged]
) -> Sheet:
    sheet = Sheet()
    places = _places(next(lines, ()), columns, sheet)
    for number, cells in enumerate(lines, 2):
        if number > MAX_ROWS + 1:
            raise InvalidInput(f"the sheet has more than {MAX_ROWS} rows; split it")
        if all(cell.value in (None, "") for cell in cells):
            continue
        before = len(sheet.faults)
        if any(each.first <= number <= each.last for each in merged):
            _fault(sheet, number, "", "merged", "cells of this row are merged", "unmerge them and fill in every cell")  # fmt: skip
        values = {
            column.name: text
            for at, column in places.items()
            if (text := _text(cells[at] if at < len(cells) else None, column, number, sheet))
        }
        if len(sheet.faults) == before:
            sheet.rows.append(SheetRow(number, values))
    return sheet


def _places(
    heads: Sequence[Any], columns: Sequence[FormColumn], sheet: Sheet
) -> Mapping[int, FormColumn]:
    places: dict[int, FormColumn] = {}
    for at, cell in enumerate(heads):
        heading = str(cell.value or "").strip()
        if not heading:
            continue
        column = next((each for each in columns if each.is_called(heading)), None)
        if column is None:
            _fault(sheet, 1, heading, "unknown_column", "no such column is known", "use the template's headings")  # fmt: skip
        elif column in places.values():
            _fault(sheet, 1, heading, "twice", "this column is there twice", "remove one")
        else:
            places[at] = column
            sheet.headings[column.name] = heading
    for column in columns:
        if column.is_required and column not in places.values():
            _fault(sheet, 1, column.label_zh, "missing_column", f"the column {column.label_zh} ({column.label_en}) is missing", "add it, or start from the template")  # fmt: skip
    return places


def _text(cell: Any, column: FormColumn, number: int, sheet: Sheet) -> str:
    """Return a cell as text of its column's form; empty, with a fault noted, where it cannot be."""
    heading = sheet.headings[column.name]
    value = getattr(cell, "value", None)
    if value is None or (isinstance(value, str) and not value.strip()):
        if column.is_required:
            _fault(sheet, number, heading, "missing", "this cell is empty", "fill it in")
        return ""
    if getattr(cell, "data_type", "") == "f" or (
        isinstance(value, str) and _FORMULA.match(value.strip())
    ):
        _fault(sheet, number, heading, "formula", "this is a formula, or would be one", "type the value itself")  # fmt: skip
        return ""
    try:
        return _formed(value, column)
    except ValueError as error:
        code, message, advice = error.args
        _fault(sheet, number, heading, code, message, advice)
        return ""


def _formed(value: Any, column: FormColumn) -> str:
    """Return the text of a value. Raises `ValueError` of code, what is wrong and what to do."""
    if column.form is CellForm.DATE:
        return _day(value).isoformat()
    text = _plain(value)
    if column.form is CellForm.YES_NO:
        known = (_YES | _NO).get(text.casefold())
        if known is None:
            raise ValueError("no_choice", f"{text!r} is neither yes nor no", "write 是 or 否")
        return known
    if len(text) > column.longest:
        raise ValueError("too_long", f"{len(text)} characters, at most {column.longest}", "shorten it")  # fmt: skip
    if any(ord(character) < 32 and character not in "\n\t" for character in text):
        raise ValueError("control", "it holds control characters", "type it anew")
    return text


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        if abs(value) >= _EXACT:
            raise ValueError("number", "a long number loses its last digits in Excel", "format the cell as text and type it anew")  # fmt: skip
        return f"{value:.10g}" if value != int(value) else str(int(value))
    if isinstance(value, datetime | date):
        raise ValueError("date", "this is a date, text was expected", "format the cell as text")
    text = str(value).strip()
    if text.startswith("#") and text.endswith(("!", "?", "/A")):
        raise ValueError("error", f"the cell holds Excel's error {text}", "type the value itself")
    return text


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    found = _DAY.fullmatch(str(value).strip())
    try:
        if found:
            return date(*(int(part) for part in found.groups() if part))
    except ValueError:
        pass
    raise ValueError("date", f"{value!r} is no date", "write it as 2026-01-31")


def _fault(sheet: Sheet, row: int, column: str, code: str, message: str, advice: str) -> None:
    if len(sheet.faults) < MAX_FAULTS:
        sheet.faults.append(RowFault(row, column, code, message, advice))
