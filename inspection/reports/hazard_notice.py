"""The paper that goes out with an inspection record: the record itself and, with problems, the written hazard notice. A4,
Chinese; in English it is a translation of what went out.

The same record, answer and pictures give the same bytes: nothing in the file depends on when or where it was made but the
time of the answer. Heads on its photos are blurred, because every party of the enterprise may read it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from pathlib import Path
from uuid import UUID

from inspection.china import CHINA
from inspection.evidence import EvidenceStore
from inspection.record_wire import (
    DrawnSignature,
    EnterpriseRefusal,
    EnterpriseSignature,
    RecordContent,
    RecordProblem,
)
from inspection.reports.cards import place_picture
from inspection.reports.fonts import ReportFonts
from inspection.reports.notice_words import NOTICE_WORDS
from inspection.reports.paper import (
    ACCENT,
    ALARM,
    BAND,
    BOTTOM,
    LEADING,
    MARGIN,
    POINTS_PER_MM,
    SOFT,
    Paper,
)
from inspection.reports.photos import SMALL_PX, Absent, Image, PhotoShelf
from inspection.tables import InspectionRecord, ReportLanguage

Answer = EnterpriseSignature | EnterpriseRefusal
LABEL, QR = 25.0, 27.0
PHOTO_WH, SIGNED_WH = (41.0, 31.0), (78.0, 30.0)
SIZE = 9.2
STEP = SIZE * LEADING / POINTS_PER_MM


@dataclass(frozen=True)
class SignedRecord:
    """What the paper shows: the row as it was frozen, and the enterprise's answer with the server's time of it."""

    enterprise_id: UUID
    number: str
    revision: int
    content: RecordContent
    content_sha256: str
    inspector: DrawnSignature
    recorded_at: datetime
    entry_index: int
    answer: Answer
    answered_at: datetime
    notice_sha256: str | None = None

    @classmethod
    def from_row(cls, row: InspectionRecord, answer: Answer, at: datetime) -> "SignedRecord":
        """Return a record with the answer that it is about to get, or has got."""
        return cls(
            enterprise_id=row.enterprise_id,
            number=row.number,
            revision=row.revision,
            content=RecordContent.model_validate(row.content),
            content_sha256=row.content_sha256,
            inspector=DrawnSignature.model_validate(row.signature),
            recorded_at=row.recorded_at,
            entry_index=row.entry_index,
            answer=answer,
            answered_at=at,
            notice_sha256=row.notice_sha256,
        )


@dataclass(frozen=True)
class NoticeMaker:
    """Makes the paper. `blur` makes heads on a picture unrecognisable; `public_url` is where people reach the app."""

    evidence: EvidenceStore
    blur: Callable[[Image], Image]
    public_url: str
    extra_fonts: Sequence[Path] = field(default=())

    def make(
        self, signed: SignedRecord, language: ReportLanguage = ReportLanguage.CHINESE
    ) -> bytes:
        """Return the PDF. Raises `StorageUnavailable`, `models.errors.ModelError`: never a photo with heads."""
        paper = Paper(ReportFonts(self.extra_fonts))
        try:
            photos, drawings = PhotoShelf(self.evidence, self.blur), PhotoShelf(self.evidence)
            address = (
                f"{self.public_url}/enterprises/{signed.enterprise_id}/ledger/{signed.entry_index}"
            )
            _Writer(paper, signed, photos, drawings, language).write(address)
            file = BytesIO()
            paper.pdf.write_to(file)
            return file.getvalue()
        finally:
            paper.close()


@dataclass(frozen=True)
class _Writer:
    paper: Paper
    signed: SignedRecord
    photos: PhotoShelf
    drawings: PhotoShelf
    language: ReportLanguage

    @property
    def words(self) -> Mapping[str, str]:
        """The words of the paper's language."""
        return NOTICE_WORDS[self.language]

    def write(self, address: str) -> None:
        paper, content, words = self.paper, self.signed.content, self.words
        self._describe()
        paper.add_page(landscape=False)
        self._head(address)
        self._facts()
        self._title(words["found"])
        if not content.problems:
            paper.paragraph(words["none"], SIZE)
        for number, problem in enumerate(content.problems, 1):
            self._problem(number, problem)
        if content.undecided:
            paper.paragraph(words["undecided"].format(count=content.undecided), 8.4, colour=SOFT)
        if content.handling:
            self._title(words["handling"])
            paper.paragraph(content.handling, SIZE)
        self._title(words["both"], SIGNED_WH[1] + 40)
        self._signatures()
        paper.y += 3
        paper.paragraph(words["disclaimer"], 7.6, colour=SOFT)
        if translated := words["translation"]:
            paper.paragraph(translated.format(sha256=self.signed.notice_sha256), 7.6, colour=SOFT)
        self._edges()

    @property
    def _name(self) -> str:
        return self.words["notice" if self.signed.content.problems else "record"]

    def _describe(self) -> None:
        pdf, signed = self.paper.pdf, self.signed
        pdf.set_title(f"{self._name} {signed.number}")
        pdf.set_author(signed.content.inspectors)
        pdf.set_subject(signed.content_sha256)
        pdf.set_creator("anxun")
        pdf.set_creation_date(signed.answered_at)
        pdf.set_lang("zh-CN" if self.language is ReportLanguage.CHINESE else "en")

    def _head(self, address: str) -> None:
        paper, signed = self.paper, self.signed
        paper.rect(0, 0, 210, 5, ACCENT)
        left = 210 - MARGIN - QR
        paper.qr_code(left, 12, QR, address)
        caption = f"{self.words['scan']} #{signed.entry_index}"
        paper.text(left + (QR - paper.text_width(caption, 6.4)) / 2, 12 + QR + 2, caption, 6.4)
        paper.y = 24
        for line in paper.lines(self._name, left - MARGIN - 4, 17):
            paper.text(MARGIN, paper.y, line, 17, bold=True)
            paper.y += 8
        number = self.words["number"].format(number=signed.number)
        if signed.revision > 1:
            number += self.words["revision"].format(revision=signed.revision)
        paper.text(MARGIN, paper.y, number, 10, colour=SOFT)
        paper.y = max(paper.y + 6, 12 + QR + 6)

    def _facts(self) -> None:
        content, words = self.signed.content, self.words
        begin, end = _shown(content.started_at), _shown(content.ended_at)
        facts = (
            (words["enterprise"], content.enterprise),
            (words["credit_code"], content.credit_code),
            (words["inspected_at"], words["from_to"].format(begin=begin, end=end)),
            (words["place"], content.place),
            (words["inspectors"], content.inspectors),
            (words["accompanied_by"], content.accompanied_by),
            (words["checked"], content.checked),
        )
        for name, value in facts:
            if value:
                self._fact(name, value, label=34)
                self.paper.rule(MARGIN, self.paper.y, self.paper.width)
                self.paper.y += 0.8

    def _fact(self, name: str, value: str, *, label: float = LABEL, x: float = MARGIN) -> None:
        paper = self.paper
        for number, line in enumerate(paper.lines(value, paper.width - label - (x - MARGIN), SIZE)):
            paper.need(STEP)
            if number == 0:
                paper.text(x, paper.y + STEP * 0.75, name, 8.4, colour=SOFT)
            paper.text(x + label, paper.y + STEP * 0.75, line, SIZE)
            paper.y += STEP

    def _title(self, text: str, room: float = 24) -> None:
        paper = self.paper
        paper.need(room)
        paper.y += 4
        paper.rect(MARGIN, paper.y, 1.6, 6, ACCENT)
        paper.text(MARGIN + 4, paper.y + 4.6, text, 12, bold=True)
        paper.y += 9

    def _problem(self, number: int, problem: RecordProblem) -> None:
        paper = self.paper
        is_major = problem.level == "major"
        level = self.words[problem.level]
        width = paper.width - paper.text_width(level, 9) - 12
        lines = paper.lines(f"{number}. {problem.text}", width, 10)
        height = 2.4 + len(lines) * 5
        # The head does not stand alone at a page's end.
        paper.need(height + (PHOTO_WH[1] if problem.photos else 0) + 2 * STEP)
        paper.rect(MARGIN, paper.y, paper.width, height, BAND)
        paper.rect(MARGIN, paper.y, 1.6, height, ALARM if is_major else ACCENT)
        right = MARGIN + paper.width - paper.text_width(level, 9) - 2
        paper.text(right, paper.y + 4.8, level, 9, colour=ALARM if is_major else SOFT)
        for at, line in enumerate(lines):
            paper.text(MARGIN + 4, paper.y + 4.8 + at * 5, line, 10, bold=True)
        paper.y += height + 1
        for name, value in _problem_facts(problem, self.words):
            self._fact(name, value, x=MARGIN + 4)
        self._pictures(problem.photos)
        paper.y += 2.5

    def _pictures(self, sha256s: Sequence[str]) -> None:
        if not sha256s:
            return
        paper, (width, height) = self.paper, PHOTO_WH
        paper.need(height + 6)
        paper.y += 1
        for at, sha256 in enumerate(sha256s):
            x = MARGIN + 4 + at * (width + 2)
            self._picture(self.photos, sha256, x, PHOTO_WH)
            paper.text(x, paper.y + height + 2.8, f"SHA-256 {sha256[:12]}…", 6.2, colour=SOFT)
        paper.y += height + 4.5

    def _picture(
        self, shelf: PhotoShelf, sha256: str, x: float, box_wh: tuple[float, float]
    ) -> None:
        paper = self.paper
        printed = shelf.picture(sha256, SMALL_PX)
        if isinstance(printed, Absent):
            paper.rect(x, paper.y, *box_wh, (246, 248, 247))
            paper.text(x + 2, paper.y + box_wh[1] / 2, self.words[printed.why], 8, colour=SOFT)
        else:
            place_picture(paper, printed, (x, paper.y), box_wh, sha256)

    def _signatures(self) -> None:
        paper, signed = self.paper, self.signed
        paper.need(SIGNED_WH[1] + 24)
        top, half = paper.y, paper.width / 2
        self._signature(MARGIN, self.words["inspectors"], signed.inspector, signed.recorded_at)
        ends = paper.y
        paper.y = top
        if isinstance(signed.answer, EnterpriseSignature):
            drawn = signed.answer.signature
            self._signature(MARGIN + half + 4, self.words["enterprise"], drawn, signed.answered_at)
            paper.y = max(paper.y, ends)
        else:
            paper.y = ends
            self._refusal(signed.answer)

    def _signature(self, x: float, side: str, drawn: DrawnSignature, at: datetime) -> None:
        paper, (width, height) = self.paper, SIGNED_WH
        said = self.words["signed_by"].format(side=side, name=drawn.name, position=drawn.position)
        paper.text(x, paper.y + 4, said, 9)
        paper.y += 6
        paper.frame(x, paper.y, width, height)
        self._picture(self.drawings, drawn.picture_sha256, x, SIGNED_WH)
        paper.y += height + 3.4
        times = self.words["times"].format(phone=_shown(drawn.signed_at), server=_china(at))
        for line in paper.lines(times, width, 6.6):
            paper.text(x, paper.y, line, 6.6, colour=SOFT)
            paper.y += 3
        paper.text(x, paper.y, f"SHA-256 {drawn.picture_sha256[:24]}…", 6.2, colour=SOFT)
        paper.y += 3

    def _refusal(self, refusal: EnterpriseRefusal) -> None:
        paper, words = self.paper, self.words
        paper.need(30)
        paper.y += 2
        paper.text(MARGIN, paper.y + 4, words["refused"], 11, colour=ALARM, bold=True)
        paper.y += 7
        who = refusal.name
        if refusal.position:
            who = words["person"].format(name=refusal.name, position=refusal.position)
        times = words["refused_times"].format(
            phone=_shown(refusal.refused_at), server=_china(self.signed.answered_at)
        )
        for name, value in (
            (words["refused_by"], who),
            (words["refusal_reason"], refusal.reason),
            (words["refused_at"], times),
        ):
            if value:
                self._fact(name, value)
        if refusal.witness is not None:
            paper.need(SIGNED_WH[1] + 18)
            self._signature(MARGIN, words["witness"], refusal.witness, self.signed.answered_at)

    def _edges(self) -> None:
        paper, signed = self.paper, self.signed
        count = len(paper.sizes_wh)
        for number in range(1, count + 1):
            paper.pdf.page = number
            with paper.pdf.local_context(font_family="f0", font_size_pt=7.2):
                below = 297 - BOTTOM + 9
                content = self.words["content"].format(sha256=signed.content_sha256)
                said = f"{signed.number}　{content}"
                paper.text(MARGIN, below, said, 6.6, colour=SOFT)
                page = self.words["page"].format(number=number, count=count)
                left = 210 - MARGIN - paper.text_width(page, 7.2)
                paper.text(left, below, page, 7.2, colour=SOFT)


def _problem_facts(problem: RecordProblem, words: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    basis = problem.basis
    if basis and not problem.is_basis_checked:
        basis = words["unchecked_basis"].format(basis=basis, unchecked=words["unchecked"])
    deadline = _shown(problem.deadline) if problem.deadline else ""
    facts = (
        (words["where"], problem.place),
        (words["basis"], basis),
        (words["deadline"], deadline),
        (words["ticket"], problem.ticket_number or ""),
        (words["done"], problem.handling),
    )
    return [(name, value) for name, value in facts if value]


def _shown(moment: str) -> str:
    return _china(datetime.fromisoformat(moment))


def _china(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}"
