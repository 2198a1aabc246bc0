"""The report as an Excel file: overview, a sheet a section with typed cells, hazards, ticket steps, ledger index.

Rows go to the file as they are read, so that a long ledger takes no more memory than a short one. A text that begins
with = + - @ is marked as text (quote prefix): no spreadsheet takes it for a formula.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from inspection.plans import CHINA
from inspection.reports.chapters import Cell, CellKind, Chapter, Chapters, Column
from inspection.reports.cover import Cover
from inspection.reports.hazards import HazardCard

Advance = Callable[[], None]
MAX_SHEET_NAME = 31
MAX_CELL = 32_767
# A sheet has so many rows; what is over goes on in another sheet.
MAX_ROWS = 1_048_576
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_WIDTHS = {
    CellKind.TEXT: 20,
    CellKind.LONG_TEXT: 44,
    CellKind.NUMBER: 11,
    CellKind.SHARE: 9,
    CellKind.DAY: 12,
    CellKind.TIME: 18,
    CellKind.HASH: 24,
    CellKind.PLACE: 9,
}


class Workbook:
    """Writes one report."""

    def __init__(self, cover: Cover, chapters: Chapters) -> None:
        self._cover, self._chapters = cover, chapters
        self._words = cover.words

    def write(self, target: Path, advance: Advance) -> None:
        """Write the file; `advance` is called once for each entry and hazard, and may raise to end it."""
        options = {
            "constant_memory": True,
            "remove_timezone": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self._book = xlsxwriter.Workbook(str(target), options)
        try:
            self._formats = _formats(self._book)
            self._describe()
            chapters = list(self._chapters.all())
            self._write_overview(chapters)
            for chapter in chapters:
                rows = (_entry_cells(row, advance) for row in chapter.rows())
                columns = [self._column("index", CellKind.PLACE), *chapter.columns, self._leaf()]
                self._sheet(chapter.title, columns, rows)
            self._write_hazards(advance)
            self._write_index()
        finally:
            self._book.close()

    def _describe(self) -> None:
        cover = self._cover
        self._book.set_properties(
            {
                "title": f"{self._words['title']} · {cover.enterprise.name}",
                "author": cover.made_by,
                "comments": str(cover.report_id),
                "created": cover.made_at.astimezone(CHINA).replace(tzinfo=None),
            }
        )

    def _column(self, word: str, kind: CellKind = CellKind.TEXT) -> Column:
        return Column(self._words[word], kind)

    def _leaf(self) -> Column:
        return self._column("leaf", CellKind.HASH)

    def _write_overview(self, chapters: Sequence[Chapter]) -> None:
        sheet = self._book.add_worksheet(self._words["overview"])
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 72)
        sheet.set_column(2, 2, 12)
        cover, words, line = self._cover, self._words, 0
        sheet.write_string(line, 0, words["title"], self._formats["title"])
        for name, value in (*cover.facts(), *cover.anchors(), (words["scan"], cover.address)):
            line += 1
            sheet.write_string(line, 0, name, self._formats["head"])
            self._write(sheet, line, 1, value, CellKind.TEXT)
        line += 1
        sheet.write_string(line, 1, words["disclaimer"], self._formats["alarm"])
        line += 2
        for at, word in enumerate(("section", "name", "entries")):
            sheet.write_string(line, at, words[word], self._formats["head"])
        for chapter in chapters:
            line += 1
            sheet.write_string(line, 0, chapter.section.code)
            sheet.write_string(line, 1, chapter.title.partition(" ")[2])
            sheet.write_number(line, 2, chapter.count)

    def _write_hazards(self, advance: Advance) -> None:
        words = self._words
        steps: list[tuple[Cell, ...]] = []
        self._sheet(words["hazards"], self._hazard_columns(), self._hazard_rows(steps, advance))
        columns = [
            self._column("ticket"),
            self._column("at", CellKind.TIME),
            self._column("step"),
            self._column("by"),
            self._column("note", CellKind.LONG_TEXT),
            self._column("index", CellKind.NUMBER),
        ]
        self._sheet(words["tickets"], columns, iter(steps))

    def _hazard_columns(self) -> Sequence[Column]:
        time, text = CellKind.TIME, CellKind.TEXT
        kinds = {
            "hazard": text, "level": text, "state": text, "place": text, "source": text, "first_seen": time,
            "last_seen": time, "sightings": CellKind.NUMBER, "deadline": time, "overdue": text, "closed_at": time,
            "basis": CellKind.LONG_TEXT, "unchecked": text, "ticket": text, "assignee": text, "fixer_signature": text,
            "inspector_signature": text, "before": CellKind.HASH, "after": CellKind.HASH, "index": CellKind.NUMBER,
        }  # fmt: skip
        return [self._column(word, kind) for word, kind in kinds.items()]

    def _hazard_rows(
        self, steps: list[tuple[Cell, ...]], advance: Advance
    ) -> Iterator[tuple[Cell, ...]]:
        words = self._words
        for section in ("L12", "L11"):
            if not self._cover.asked.holds(section):
                continue
            for card in self._chapters.hazards_in(section):
                for step in card.steps:
                    action = words.get(f"action_{step.action}", step.action)
                    steps.append((card.number, step.at, action, step.by, step.note, step.entry_index))  # fmt: skip
                yield self._hazard_cells(card)
                advance()

    def _hazard_cells(self, card: HazardCard) -> tuple[Cell, ...]:
        words = self._words
        kind = words.get(f"source_{card.source_kind}", card.source_kind)
        return (
            self._chapters.hazard(card.hazard_code),
            words.get(card.level, card.level),
            words[f"item_{card.state}"],
            card.place,
            f"{kind} {card.source_name}".strip(),
            card.first_seen_at,
            card.last_seen_at,
            card.sightings,
            card.deadline,
            words["yes" if card.is_overdue else "no"],
            card.closed_at,
            card.basis,
            words["no" if card.is_basis_checked else "yes"],
            card.number,
            card.assignee,
            card.fixer,
            card.inspector,
            card.before.sha256 if card.before else None,
            card.after.sha256 if card.after else None,
            card.proof_index,
        )

    def _write_index(self) -> None:
        words, asked = self._words, self._cover.asked
        columns = [
            self._column("index", CellKind.NUMBER),
            self._column("at", CellKind.TIME),
            self._column("section"),
            self._column("kind"),
            self._column("leaf", CellKind.HASH),
        ]

        def cells() -> Iterator[tuple[Cell, ...]]:
            for entry in self._chapters.ledger.entries(asked.period):
                header = entry.header
                kind = words.get(f"kind:{header.kind}", header.kind)
                yield (entry.index, header.at, header.section, kind, entry.leaf_hash)

        self._sheet(words["ledger_index"], columns, cells())

    def _sheet(
        self, title: str, columns: Sequence[Column], rows: Iterator[tuple[Cell, ...]]
    ) -> None:
        sheet, line = self._begin_sheet(title, columns), 0
        for cells in rows:
            line += 1
            if line == MAX_ROWS:
                sheet, line = self._begin_sheet(f"{title[:27]} +", columns), 1
            for at, (cell, column) in enumerate(zip(cells, columns, strict=True)):
                self._write(sheet, line, at, cell, column.kind)
        sheet.autofilter(0, 0, max(line, 1), len(columns) - 1)

    def _begin_sheet(self, title: str, columns: Sequence[Column]) -> Any:
        sheet = self._book.add_worksheet(_FORBIDDEN.sub(" ", title)[:MAX_SHEET_NAME].strip("' "))
        sheet.freeze_panes(1, 1)
        for at, column in enumerate(columns):
            sheet.set_column(at, at, _WIDTHS[column.kind])
            sheet.write_string(0, at, column.title, self._formats["head"])
        return sheet

    def _write(self, sheet: Any, line: int, at: int, cell: Cell, kind: CellKind) -> None:
        if cell is None or cell == "":
            return
        if isinstance(cell, datetime):
            local = cell.astimezone(CHINA).replace(tzinfo=None)
            sheet.write_datetime(line, at, local, self._formats["time"])
        elif isinstance(cell, date):
            sheet.write_datetime(line, at, cell, self._formats["day"])
        elif isinstance(cell, str):
            self._write_text(sheet, line, at, cell)
        else:
            shape = self._formats["share"] if kind is CellKind.SHARE else None
            sheet.write_number(line, at, cell, shape)

    def _write_text(self, sheet: Any, line: int, at: int, text: str) -> None:
        if len(text) > MAX_CELL:
            mark = self._words["truncated"]
            text = text[: MAX_CELL - len(mark)] + mark
        looks_like_formula = text.lstrip().startswith(_FORMULA)
        sheet.write_string(
            line, at, text, self._formats["quoted" if looks_like_formula else "text"]
        )


def _entry_cells(row: Any, advance: Advance) -> tuple[Cell, ...]:
    advance()
    return (row.index, *row.cells, row.leaf_hash)


def _formats(book: Any) -> dict[str, Any]:
    top = {"valign": "top"}
    return {
        "title": book.add_format({"bold": True, "font_size": 16}),
        "head": book.add_format({"bold": True, "bg_color": "#E9F0ED", "bottom": 1, "text_wrap": True}),
        "text": book.add_format({**top, "text_wrap": True}),
        "quoted": book.add_format({**top, "text_wrap": True, "quote_prefix": True}),
        "time": book.add_format({**top, "num_format": "yyyy-mm-dd hh:mm"}),
        "day": book.add_format({**top, "num_format": "yyyy-mm-dd"}),
        "share": book.add_format({**top, "num_format": "0%"}),
        "alarm": book.add_format({"font_color": "#B02020", "text_wrap": True}),
    }  # fmt: skip
