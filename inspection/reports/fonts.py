"""Fonts that are embedded into a report, and which characters they have.

Noto Sans SC (SIL Open Font License) covers GB 18030's everyday part and the names of people and places in most
registers; 𠮷 it has not. An operator may add fonts, which are tried in their order. What no font has is written as
〔U+20BB7〕 and listed at the report's end: never an empty box, and never left out.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont
from pylopdf_fonts_zh_cn import sans_path

SPACES = {"\t": "    ", "\u00a0": " ", "\u3000": "  "}


class ReportFonts:
    """The first font and those that stand in for it; `missing` gathers what none of them has."""

    def __init__(self, extra: Sequence[Path] = ()) -> None:
        self.paths = (sans_path(), *extra)
        self._coverage = [_characters(path) for path in self.paths]
        self.missing: set[str] = set()

    def printable(self, text: str) -> str:
        """Return the text with what cannot be printed spelt out; line ends stay."""
        if self._coverage[0].issuperset(text):
            return text
        return "".join(map(self._printable, text))

    def runs(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield a printable text in pieces, each with the number of the font that has it."""
        if self._coverage[0].issuperset(text):
            yield 0, text
            return
        begin, font = 0, self.font_of(text[0])
        for at, character in enumerate(text):
            wanted = self.font_of(character)
            if wanted != font:
                yield font, text[begin:at]
                begin, font = at, wanted
        yield font, text[begin:]

    def font_of(self, character: str) -> int:
        """Return the number of the first font that has a character; 0 where none has."""
        return next((n for n, known in enumerate(self._coverage) if character in known), 0)

    def _printable(self, character: str) -> str:
        if character == "\n" or any(character in known for known in self._coverage):
            return character
        if character in SPACES:
            return SPACES[character]
        if not character.isprintable():
            return ""
        self.missing.add(character)
        return f"〔U+{ord(character):04X}〕"


@cache
def _characters(path: Path) -> frozenset[str]:
    with TTFont(path, lazy=True, fontNumber=0) as font:
        return frozenset(map(chr, font.getBestCmap()))
