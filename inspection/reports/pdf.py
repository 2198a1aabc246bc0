"""The report as an A4 PDF: cover, contents, a chapter a section, signatures; fonts are embedded."""

from collections.abc import Callable
from pathlib import Path

from inspection.reports.cards import CardWriter, place_picture
from inspection.reports.chapters import CellKind, Chapter, Chapters, Column
from inspection.reports.cover import Cover
from inspection.reports.fonts import ReportFonts
from inspection.reports.grids import Grid
from inspection.reports.paper import (
    ACCENT,
    ALARM,
    BOTTOM,
    LANDSCAPE_WH,
    MARGIN,
    SOFT,
    TOP,
    Heading,
    Paper,
)
from inspection.reports.photos import SMALL_PX, Absent, PhotoShelf

Advance = Callable[[], None]
CONTENTS_STEP = 7.2
# More columns than this need a page on its side.
UPRIGHT_COLUMNS = 7
CARD_ROOM, ROW_ROOM = 130.0, 34.0
STRIP_HEIGHT, STRIP_CAPTION, STRIP_COUNT, MAX_PHOTOS = 34.0, 4.5, 4, 8


class PdfReport:
    """Writes one report."""

    def __init__(
        self,
        cover: Cover,
        chapters: Chapters,
        shelf: PhotoShelf,
        fonts: ReportFonts,
        spool_in: Path | None = None,
    ) -> None:
        self._cover, self._chapters, self._shelf = cover, chapters, shelf
        self._words = cover.words
        self._paper = Paper(fonts, spool_in)
        self._cards = CardWriter(self._paper, cover, shelf)

    def write(self, target: Path, advance: Advance) -> None:
        """Write the file; `advance` is called once for each entry and hazard, and may raise to end it."""
        try:
            self._describe()
            self._write_pages(advance)
            with target.open("wb") as file:
                self._paper.pdf.write_to(file)
        finally:
            self._paper.close()

    def _write_pages(self, advance: Advance) -> None:
        self._write_cover()
        # One for the contents, one to begin on.
        self._paper.add_page()
        self._paper.add_page()
        for chapter in self._chapters.all():
            self._write_chapter(chapter, advance)
        self._write_signatures()
        self._write_missing()
        self._write_contents()
        self._write_edges()

    def _describe(self) -> None:
        pdf, cover = self._paper.pdf, self._cover
        pdf.set_title(f"{self._words['title']} · {cover.enterprise.name}")
        pdf.set_author(cover.made_by)
        pdf.set_subject(str(cover.report_id))
        pdf.set_creator("anxun")
        pdf.set_creation_date(cover.made_at)
        pdf.set_lang("zh-CN" if cover.asked.language.value == "zh" else "en")

    def _write_cover(self) -> None:
        paper, cover, words = self._paper, self._cover, self._words
        paper.add_page(landscape=False)
        paper.rect(0, 0, 210, 6, ACCENT)
        paper.y = 44
        self._centred(words["title"], 26)
        paper.y += 6
        for line in paper.lines(cover.enterprise.name, paper.width, 17):
            self._centred(line, 17)
        period = cover.asked.period
        self._centred(f"{period.starts_on} — {period.ends_on}", 12)
        paper.y += 14
        for name, value in cover.facts():
            paper.text(MARGIN + 8, paper.y + 4, name, 10, colour=SOFT)
            for line in paper.lines(value, paper.width - 66, 10.5):
                paper.text(MARGIN + 58, paper.y + 4, line, 10.5)
                paper.y += 6.4
            paper.rule(MARGIN + 8, paper.y, paper.width - 16)
            paper.y += 1.6
        self._write_anchors()

    def _write_anchors(self) -> None:
        paper, cover, words = self._paper, self._cover, self._words
        paper.y = 205
        paper.frame(MARGIN, paper.y, paper.width, 49)
        paper.qr_code(MARGIN + 3, paper.y + 3, 38, cover.address)
        left = MARGIN + 45
        width = paper.width - 49
        top = paper.y
        paper.y += 4
        paper.text(left, paper.y + 3, words["scan"], 10.5, bold=True)
        paper.y += 6
        paper.paragraph(words["scan_text"], 7.8, colour=SOFT, x=left, width=width)
        paper.y += 1.5
        for name, value in cover.anchors():
            paper.paragraph(f"{name}　{value}", 7.6, x=left, width=width)
        paper.text(MARGIN + 3, top + 45.5, f"#{cover.report_id.hex[-8:]}", 7, colour=SOFT)
        paper.y = 258
        paper.paragraph(words["disclaimer"], 8.2, colour=ALARM)

    def _centred(self, text: str, size: float) -> None:
        paper = self._paper
        left = (paper.sizes_wh[-1][0] - paper.text_width(text, size)) / 2
        paper.text(left, paper.y + size * 0.35, text, size, bold=size > 14)
        paper.y += size * 0.6

    def _write_chapter(self, chapter: Chapter, advance: Advance) -> None:
        paper, words = self._paper, self._words
        rows = chapter.rows()
        columns = [Column(words["index"], CellKind.PLACE), *chapter.columns]
        is_empty = not (chapter.count or chapter.hazard_count)
        if not is_empty:
            self._turn(landscape=len(columns) > UPRIGHT_COLUMNS)
        # A title does not stand alone at a page's end.
        paper.need(CARD_ROOM if chapter.hazard_count else ROW_ROOM)
        paper.heading(chapter.title, is_empty=is_empty)
        self._write_about(chapter)
        if is_empty:
            paper.paragraph(words["no_entries"], 9, colour=SOFT)
            paper.y += 5
            return
        for card in chapter.hazards():
            self._cards.write(card)
            advance()
        if chapter.count == 0:
            return
        if chapter.hazard_count:
            paper.need(30)
            paper.text(MARGIN, paper.y + 4, words["ledger_entries"], 10, bold=True)
            paper.y += 7
        grid = Grid(paper, columns)
        for row in rows:
            number = f"#{row.index}\n{row.leaf_hash[:8]}"
            grid.row((number, *row.cells), self._cover.entry_address(row.index))
            if row.photos:
                self._write_strip(row.photos)
            advance()
        paper.y += 6

    def _turn(self, *, landscape: bool) -> None:
        if self._paper.is_landscape is not landscape:
            self._paper.add_page(landscape=landscape)

    def _write_about(self, chapter: Chapter) -> None:
        words, section = self._words, chapter.section
        checked = "" if section.basis_checked else f"（{words['unchecked']}）"
        about = (
            f"{words['frequency']}：{section.frequency}　{words['retention']}：{section.retention}　"
            f"{words['owner']}：{section.owner}　{words['basis']}：{section.basis}{checked}"
        )
        self._paper.paragraph(about, 7.6, colour=SOFT)
        self._paper.y += 2

    def _write_strip(self, photos: tuple[str, ...]) -> None:
        paper = self._paper
        width = (paper.width - 3 * (STRIP_COUNT - 1)) / STRIP_COUNT
        for at in range(0, min(len(photos), MAX_PHOTOS), STRIP_COUNT):
            paper.need(STRIP_HEIGHT + STRIP_CAPTION + 3)
            paper.y += 1.5
            for number, sha256 in enumerate(photos[at : at + STRIP_COUNT]):
                self._write_small(sha256, MARGIN + number * (width + 3), width)
            paper.y += STRIP_HEIGHT + STRIP_CAPTION
        if len(photos) > MAX_PHOTOS:
            rest = self._words["more_photos"].format(count=len(photos) - MAX_PHOTOS)
            paper.paragraph(rest, 7.4, colour=SOFT)
        paper.rule(MARGIN, paper.y, paper.width)

    def _write_small(self, sha256: str, x: float, width: float) -> None:
        paper = self._paper
        printed = self._shelf.picture(sha256, SMALL_PX)
        caption = f"SHA-256 {sha256[:12]}…"
        if isinstance(printed, Absent):
            paper.rect(x, paper.y, width, STRIP_HEIGHT, (246, 248, 247))
            paper.text(x + 2, paper.y + STRIP_HEIGHT / 2, self._words[printed.why], 8, colour=SOFT)
        else:
            place_picture(paper, printed, (x, paper.y), (width, STRIP_HEIGHT), caption)
        paper.text(x, paper.y + STRIP_HEIGHT + 3, caption, 6.4, colour=SOFT)

    def _write_signatures(self) -> None:
        paper, words = self._paper, self._words
        self._turn(landscape=False)
        paper.heading(words["signatures"])
        paper.paragraph(words["signatures_text"], 8.6, colour=SOFT)
        paper.y += 2
        signers = self._chapters.names.signers
        if signers:
            columns = [
                Column(words["signer"]),
                Column(words["entries"], CellKind.NUMBER),
                Column(words["first_entry"], CellKind.TIME),
                Column(words["last_entry"], CellKind.TIME),
                Column(words["signature"], CellKind.LONG_TEXT),
            ]
            grid = Grid(paper, columns)
            for signer in signers.values():
                grid.row((f"{signer.name}\n", signer.entries, signer.first_at, signer.last_at, ""))
        paper.y += 8
        for label in ("enterprise_signature", "expert_signature", "receiver_signature"):
            paper.need(16)
            paper.text(MARGIN, paper.y + 10, words[label], 9.5)
            begins = MARGIN + 62
            paper.rule(begins, paper.y + 10.8, 60)
            paper.text(begins + 64, paper.y + 10, words["day"], 9.5)
            paper.rule(begins + 76, paper.y + 10.8, 34)
            paper.y += 15
        paper.y += 4

    def _write_missing(self) -> None:
        missing = sorted(self._paper.fonts.missing)
        if not missing:
            return
        paper, words = self._paper, self._words
        paper.heading(words["missing_characters"])
        codes = "、".join(f"U+{ord(character):04X}" for character in missing)
        paper.paragraph(f"{words['missing_characters_text']}{codes}", 8.6)

    def _write_contents(self) -> None:
        paper = self._paper
        # The page was kept free after the cover: what stands on it is known only now.
        pdf, last = paper.pdf, paper.pdf.page
        pdf.page = 2
        lift = self._lift(2)
        baseline = TOP + 8.0
        with pdf.local_context(font_family="f0", font_size_pt=16):
            paper.text(MARGIN, baseline + lift, self._words["contents"], 16, bold=True)
        baseline += 12
        with pdf.local_context(font_family="f0", font_size_pt=9.6):
            for heading in paper.headings:
                self._write_line(heading, baseline + lift)
                baseline += CONTENTS_STEP
        pdf.page = last

    def _write_line(self, heading: Heading, baseline: float) -> None:
        paper = self._paper
        right = 210 - MARGIN
        colour = SOFT if heading.is_empty else ACCENT
        title = paper.lines(heading.title, 140, 9.6)[0]
        paper.text(MARGIN, baseline, title, 9.6, colour=colour)
        number = str(heading.page)
        left = right - paper.text_width(number, 9.6)
        paper.text(left, baseline, number, 9.6, colour=colour)
        if heading.is_empty:
            note = self._words["no_entries"]
            paper.text(left - paper.text_width(note, 7.4) - 4, baseline, note, 7.4, colour=SOFT)
        target = paper.pdf.add_link(page=heading.page)
        paper.pdf.link(MARGIN, baseline - 5, right - MARGIN, CONTENTS_STEP, target)

    def _write_edges(self) -> None:
        """Write header and footer of every page but the cover's header, now that the number of pages is known."""
        paper, cover, words = self._paper, self._cover, self._words
        count = len(paper.sizes_wh)
        for number, (width, height) in enumerate(paper.sizes_wh, start=1):
            paper.pdf.page = number
            lift = self._lift(number)
            with paper.pdf.local_context(font_family="f0", font_size_pt=7.4):
                below = height - BOTTOM + 8 + lift
                anchor = f"{words['tree_size']} {cover.tree_size}　{words['root']} {cover.root}"
                paper.text(
                    MARGIN, below, f"{words['report_id']} {cover.report_id}", 7.2, colour=SOFT
                )
                paper.text(MARGIN, below + 4, anchor, 6.4, colour=SOFT)
                page = words["page"].format(number=number, count=count)
                left = width - MARGIN - paper.text_width(page, 7.4)
                paper.text(left, below, page, 7.4, colour=SOFT)
                if number > 1:
                    self._write_head(width, lift)

    def _write_head(self, width: float, lift: float) -> None:
        paper, cover = self._paper, self._cover
        title = self._words["title"]
        name = paper.lines(cover.enterprise.name, width - 2 * MARGIN - 60, 7.4)[0]
        paper.text(MARGIN, 12 + lift, name, 7.4, colour=SOFT)
        left = width - MARGIN - paper.text_width(title, 7.4)
        paper.text(left, 12 + lift, title, 7.4, colour=SOFT)
        paper.rule(MARGIN, 14 + lift, width - 2 * MARGIN)

    def _lift(self, number: int) -> float:
        """Return what to add to a height on an earlier page: the writer counts from the present page's lower edge."""
        present = LANDSCAPE_WH[1] if self._paper.is_landscape else LANDSCAPE_WH[0]
        return present - self._paper.sizes_wh[number - 1][1]
