"""A4 pages with a cursor: text that wraps as Chinese does, tables that go on over pages, pictures, bookmarks.

Lengths are millimetres from the page's upper left corner, font sizes are points.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import segno
from fpdf.enums import TextMode
from fpdf.fonts import TTFFont

from inspection.reports.fonts import ReportFonts
from inspection.reports.streamed import StreamedPdf

MARGIN, TOP, BOTTOM = 18.0, 20.0, 21.0
PORTRAIT_WH, LANDSCAPE_WH = (210.0, 297.0), (297.0, 210.0)
POINTS_PER_MM = 72 / 25.4
LEADING = 1.45
INK, SOFT, LINE, BAND = (28, 36, 34), (104, 116, 112), (206, 214, 211), (233, 240, 237)
ACCENT, ALARM = (0, 92, 75), (176, 32, 32)
Colour = tuple[int, int, int]

_TOKEN = re.compile(r"[!-~]+|\s+|.", re.DOTALL)
_NO_START = frozenset("，。；：、？！）》」』】〉”’%％…—·〕)]},.;:?!")
_NO_END = frozenset("（《「『【〈“‘〔([{")


@dataclass(frozen=True)
class Heading:
    """A line of the table of contents."""

    title: str
    page: int
    is_empty: bool


class Paper:
    """Pages under construction."""

    def __init__(self, fonts: ReportFonts, spool_in: Path | None = None) -> None:
        self.fonts = fonts
        self.pdf = StreamedPdf(spool_in)
        self.pdf.set_auto_page_break(auto=False)
        self.pdf.set_margin(0)
        for number, path in enumerate(fonts.paths):
            self.pdf.add_font(f"f{number}", "", str(path))
        self._faces = [self.pdf.fonts[f"f{number}"] for number in range(len(fonts.paths))]
        self._advances: dict[str, int] = {}
        self.sizes_wh: list[tuple[float, float]] = []
        self.headings: list[Heading] = []
        self.y = TOP

    @property
    def width(self) -> float:
        """Width between the margins."""
        return self.sizes_wh[-1][0] - 2 * MARGIN

    @property
    def room(self) -> float:
        """What is left of the page."""
        return self.sizes_wh[-1][1] - BOTTOM - self.y

    @property
    def is_landscape(self) -> bool:
        """Whether the present page lies on its side."""
        return self.sizes_wh[-1] == LANDSCAPE_WH

    def add_page(self, *, landscape: bool | None = None) -> None:
        """Begin a page, turned like the one before where nothing is said."""
        if landscape is None:
            landscape = bool(self.sizes_wh) and self.is_landscape
        self.pdf.add_page("L" if landscape else "P")
        self.sizes_wh.append(LANDSCAPE_WH if landscape else PORTRAIT_WH)
        self.y = TOP

    def close(self) -> None:
        """Let go of the font files and pictures; nothing is written after it."""
        self.pdf.close_spool()
        for face in self._faces:
            if isinstance(face, TTFFont):
                face.close()

    def need(self, height: float) -> bool:
        """Begin a page unless there is room; return whether one was begun."""
        if self.room >= height:
            return False
        self.add_page()
        return True

    def heading(self, title: str, *, is_empty: bool = False) -> None:
        """Write a chapter's title, with its bookmark and its line in the contents."""
        self.need(26)
        title = self.fonts.printable(title)
        self.pdf.set_y(self.y)
        self.pdf.start_section(title)
        self.headings.append(Heading(title, self.pdf.page, is_empty))
        self.rect(MARGIN, self.y, 1.6, 7, ACCENT)
        self.text(MARGIN + 4, self.y + 5.4, title, 14, bold=True)
        self.y += 10.5

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 9,
        *,
        colour: Colour = INK,
        bold: bool = False,
    ) -> None:
        """Write one line, its baseline at `y`."""
        text = self.fonts.printable(text)
        self.pdf.set_text_color(*colour)
        for font, piece in self.fonts.runs(text) if text else ():
            self.pdf.set_font(f"f{font}", size=size)
            if bold:
                # The font has one weight: a thin outline makes it heavier.
                with self.pdf.local_context(
                    text_mode=TextMode.FILL_STROKE, line_width=size * 0.009, draw_color=colour
                ):
                    self.pdf.text(x, y, piece)
            else:
                self.pdf.text(x, y, piece)
            x += self._width(piece, size)

    def text_width(self, text: str, size: float) -> float:
        """Return how wide a line is."""
        return self._width(self.fonts.printable(text), size)

    def paragraph(
        self,
        text: str,
        size: float = 9,
        *,
        colour: Colour = INK,
        x: float = MARGIN,
        width: float = 0,
    ) -> None:
        """Write text below the cursor, over pages where it must."""
        step = size * LEADING / POINTS_PER_MM
        for line in self.lines(text, width or self.width - (x - MARGIN), size):
            self.need(step)
            self.text(x, self.y + step * 0.75, line, size, colour=colour)
            self.y += step

    def lines(self, text: str, width: float, size: float) -> list[str]:
        """Break a text into lines: between Chinese characters, not inside words, no comma at a line's start."""
        return [
            line
            for part in self.fonts.printable(text).splitlines() or [""]
            for line in self._broken(part, width, size)
        ]

    def rect(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """Fill a rectangle."""
        self.pdf.set_fill_color(*colour)
        self.pdf.rect(x, y, width, height, style="F")
        self.pdf.set_fill_color(0)

    def rule(self, x: float, y: float, width: float, colour: Colour = LINE) -> None:
        """Draw a thin line."""
        self.pdf.set_draw_color(*colour)
        self.pdf.set_line_width(0.2)
        self.pdf.line(x, y, x + width, y)

    def frame(self, x: float, y: float, width: float, height: float) -> None:
        """Draw the outline of a rectangle."""
        self.pdf.set_draw_color(*LINE)
        self.pdf.set_line_width(0.2)
        self.pdf.rect(x, y, width, height)

    def qr_code(self, x: float, y: float, side: float, address: str) -> None:
        """Draw a QR code that leads to an address, and is a link to it."""
        picture = BytesIO()
        segno.make(address, error="m", micro=False).save(picture, kind="png", scale=4, border=2)
        self.pdf.image(picture, x, y, side, side, alt_text=address)
        self.pdf.link(x, y, side, side, address)

    def _width(self, text: str, size: float) -> float:
        advances = self._advances
        for character in text:
            if character not in advances:
                # In thousandths of the font's size.
                face = self._faces[self.fonts.font_of(character)]
                advances[character] = round(face.get_text_width(character, 1000, None)[1])
        return sum(advances[character] for character in text) * size / 1000 / POINTS_PER_MM

    def _broken(self, text: str, width: float, size: float) -> Iterator[str]:
        line, used = "", 0.0
        for token in self._tokens(text, width, size):
            needed = self._width(token, size)
            if line and used + needed > width:
                yield line.rstrip()
                line, used = "", 0.0
                token = token.lstrip()
                needed = self._width(token, size)
            line += token
            used += needed
        yield line.rstrip()

    def _tokens(self, text: str, width: float, size: float) -> Iterator[str]:
        """Yield what may not be broken: a word, or a character with the punctuation that clings to it."""
        held = ""
        for token in _TOKEN.findall(text):
            if held and not (token[0] in _NO_START or held[-1] in _NO_END):
                yield from self._cut(held, width, size)
                held = ""
            held += token
        yield from self._cut(held, width, size)

    def _cut(self, token: str, width: float, size: float) -> Iterator[str]:
        if len(token) == 1 or self._width(token, size) <= width:
            yield token
            return
        yield from token
