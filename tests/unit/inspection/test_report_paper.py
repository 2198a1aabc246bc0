"""Text on paper: where lines break, and what becomes of characters that the font lacks."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import InvalidInput
from inspection.reports.asked import Period
from inspection.reports.chapters import CellKind, Column
from inspection.reports.fonts import ReportFonts
from inspection.reports.grids import Grid, shown, widths_of
from inspection.reports.making import Progress
from inspection.reports.paper import Paper
from inspection.reports.words import CHINESE, ENGLISH


@pytest.fixture(scope="module")
def paper() -> Iterator[Paper]:
    """Return paper with one page."""
    with closing(Paper(ReportFonts())) as paper:
        paper.add_page()
        yield paper


def font_with(path: Path, character: str) -> Path:
    """Write a font that has one character."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.lineTo((900, 0))
    pen.lineTo((900, 900))
    pen.closePath()
    names = [".notdef", "one"]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(character): "one"})
    builder.setupGlyf({name: pen.glyph() for name in names})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupNameTable({"familyName": "One", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return path


@given(text=st.text(alphabet="安全，。（）ab c1\n㙍", max_size=80))
def test_lines_fit_and_lose_nothing(paper: Paper, text: str) -> None:
    """Every line fits the width, and together they hold every character but spaces."""
    lines = paper.lines(text, 30, 9)
    assert all(paper.text_width(line, 9) <= 30.01 or len(line) == 1 for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(text.split())


def test_no_line_begins_with_a_comma(paper: Paper) -> None:
    """Punctuation clings to the character before it, an opening bracket to the one after."""
    for width in range(8, 40):
        for line in paper.lines("冲压线（二号车间），加装光栅，完成。", width, 9):
            assert not line.startswith(("，", "。", "）")) or paper.text_width(line, 9) > width - 8
            assert not line.endswith("（") or len(line) == 1


def test_missing_character_is_spelt_out_and_remembered() -> None:
    """𠮷 has no glyph in the embedded font, 㙍 and 堃 have; a control character is dropped."""
    fonts = ReportFonts()
    assert fonts.printable("㙍堃𠮷\x07") == "㙍堃〔U+20BB7〕"
    assert fonts.missing == {"𠮷"}


def test_further_font_is_tried(tmp_path: Path) -> None:
    """A font that the operator adds prints what the first lacks, in the middle of a line too."""
    fonts = ReportFonts([font_with(tmp_path / "one.ttf", "𠮷")])
    assert fonts.printable("李𠮷堃") == "李𠮷堃"
    assert list(fonts.runs("李𠮷堃")) == [(0, "李"), (1, "𠮷"), (0, "堃")]
    with closing(Paper(fonts)) as paper:
        paper.add_page()
        paper.text(20, 30, "李𠮷堃")
        assert paper.text_width("𠮷", 10) == pytest.approx(paper.text_width("李", 10))
        assert paper.pdf.output()
    assert not fonts.missing


def test_long_row_goes_on_over_pages() -> None:
    """A text of many pages is written whole, with the header on each of them."""
    with closing(Paper(ReportFonts())) as paper:
        paper.add_page()
        grid = Grid(paper, [Column("序号", CellKind.PLACE), Column("内容", CellKind.LONG_TEXT)])
        grid.row(("#1", "安全" * 8000))
        assert len(paper.sizes_wh) > 3


def test_columns_fill_the_width() -> None:
    """Fixed and shared widths together are the page's."""
    columns = [Column("a", CellKind.DAY), Column("b"), Column("c", CellKind.LONG_TEXT)]
    widths = widths_of(columns, 174)
    assert sum(widths) == pytest.approx(174)
    assert widths[2] > widths[1]


@pytest.mark.parametrize(
    ("cell", "kind", "text"),
    [
        (None, CellKind.TEXT, ""),
        (datetime(2026, 10, 31, 16, tzinfo=UTC), CellKind.TIME, "2026-11-01 00:00"),
        (date(2026, 10, 31), CellKind.DAY, "2026-10-31"),
        (0.873, CellKind.SHARE, "87%"),
        (1280.5, CellKind.NUMBER, "1280.5"),
        ("ab" * 32, CellKind.HASH, "abababababab…"),
    ],
)
def test_cells_are_shown_as_people_read_them(cell: object, kind: CellKind, text: str) -> None:
    """Times are China's, shares are percent, hashes are cut with a mark."""
    assert shown(cell, kind) == text  # type: ignore[arg-type]  # the table's cells


def test_both_languages_have_the_same_words() -> None:
    """No word is missing in one language, and each takes the same values."""
    assert CHINESE.keys() == ENGLISH.keys()
    for key, words in CHINESE.items():
        assert words
        assert set(ENGLISH[key].split("{")[1:2]) == set() or "{" in words, key


def test_period_is_whole_days_in_china() -> None:
    """A day begins at 16:00 UTC of the day before; a period that runs backwards is refused."""
    october = Period(date(2026, 10, 1), date(2026, 10, 31))
    assert october.holds(datetime(2026, 9, 30, 16, tzinfo=UTC))
    assert not october.holds(datetime(2026, 10, 31, 16, tzinfo=UTC))
    with pytest.raises(InvalidInput, match="before it begins"):
        Period(date(2026, 10, 2), date(2026, 10, 1))


def test_progress_grows_to_ninety_nine() -> None:
    """A hundred is said only when the entry is written."""
    told: list[int] = []
    progress = Progress(200, told.append)
    for _ in range(250):
        progress.advance()
    assert told == sorted(told)
    assert told[-1] == 99
