"""Tables on paper: a header on every page, and rows that go on over the page's end."""

from collections.abc import Sequence
from datetime import date, datetime

from inspection.plans import CHINA
from inspection.reports.chapters import Cell, CellKind, Column
from inspection.reports.paper import BAND, LEADING, MARGIN, POINTS_PER_MM, SOFT, Paper

SIZE, HEAD_SIZE = 7.8, 7.4
PAD_X, PAD_Y = 1.2, 1.1
STEP = SIZE * LEADING / POINTS_PER_MM
# Millimetres that a cell of this kind takes whatever it holds; the others share what is left by weight.
_FIXED = {
    CellKind.DAY: 18.0,
    CellKind.TIME: 17.5,
    CellKind.NUMBER: 15.0,
    CellKind.SHARE: 12.5,
    CellKind.HASH: 25.0,
    CellKind.PLACE: 16.0,
}
_WEIGHTS = {CellKind.TEXT: 1.0, CellKind.LONG_TEXT: 2.1}


def shown(cell: Cell, kind: CellKind) -> str:
    """Return a cell as people read it; times are China's."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return f"{cell.astimezone(CHINA):%Y-%m-%d %H:%M}"
    if isinstance(cell, date):
        return cell.isoformat()
    if kind is CellKind.SHARE and isinstance(cell, (int, float)):
        return f"{cell:.0%}"
    if isinstance(cell, float):
        return f"{cell:.10g}"
    if kind is CellKind.HASH:
        return f"{str(cell)[:12]}…" if cell else ""
    return str(cell)


def widths_of(columns: Sequence[Column], width: float) -> Sequence[float]:
    """Return how wide each column is, so that together they are `width`."""
    weights = [_WEIGHTS.get(column.kind, 0.0) for column in columns]
    fixed = sum(_FIXED.get(column.kind, 0.0) for column in columns)
    unit = (width - fixed) / (sum(weights) or 1.0)
    return [
        _FIXED.get(column.kind, weight * unit)
        for column, weight in zip(columns, weights, strict=True)
    ]


class Grid:
    """A table at the paper's cursor."""

    def __init__(self, paper: Paper, columns: Sequence[Column]) -> None:
        self._paper, self._columns = paper, columns
        self._widths = widths_of(columns, paper.width)
        self._head = [
            paper.lines(column.title, width - 2 * PAD_X, HEAD_SIZE)
            for column, width in zip(columns, self._widths, strict=True)
        ]
        self._begin()

    def row(self, cells: Sequence[Cell], link: str = "") -> None:
        """Write a row; `link` opens from its first cell."""
        texts = [
            self._paper.lines(shown(cell, column.kind), width - 2 * PAD_X, SIZE)
            for cell, column, width in zip(cells, self._columns, self._widths, strict=True)
        ]
        left = max(map(len, texts))
        if self._paper.room < min(left, 3) * STEP + 2 * PAD_Y:
            self._go_on()
        while left:
            fits = max(1, int((self._paper.room - 2 * PAD_Y) / STEP))
            taken = min(fits, left)
            self._slice([text[:taken] for text in texts], taken, link)
            texts = [text[taken:] for text in texts]
            left -= taken
            link = ""
            if left:
                self._go_on()

    def _slice(self, texts: Sequence[Sequence[str]], count: int, link: str) -> None:
        paper, x = self._paper, MARGIN
        for column, lines, width in zip(self._columns, texts, self._widths, strict=True):
            for number, line in enumerate(lines):
                baseline = paper.y + PAD_Y + STEP * (number + 0.74)
                left = x + PAD_X
                if column.kind in (CellKind.NUMBER, CellKind.SHARE):
                    left = x + width - PAD_X - paper.text_width(line, SIZE)
                paper.text(left, baseline, line, SIZE)
            x += width
        height = count * STEP + 2 * PAD_Y
        if link:
            paper.pdf.link(MARGIN, paper.y, self._widths[0], height, link)
        paper.y += height
        paper.rule(MARGIN, paper.y, paper.width)

    def _go_on(self) -> None:
        self._paper.add_page()
        self._begin()

    def _begin(self) -> None:
        paper = self._paper
        step = HEAD_SIZE * LEADING / POINTS_PER_MM
        height = max(map(len, self._head)) * step + 2 * PAD_Y
        paper.need(height + 3 * STEP)
        paper.rect(MARGIN, paper.y, paper.width, height, BAND)
        x = MARGIN
        for lines, width in zip(self._head, self._widths, strict=True):
            for number, line in enumerate(lines):
                baseline = paper.y + PAD_Y + step * (number + 0.74)
                paper.text(x + PAD_X, baseline, line, HEAD_SIZE, colour=SOFT)
            x += width
        paper.y += height
