"""A hazard on paper: what and where, photos before and after side by side, the steps, and lines to sign on."""

from collections.abc import Sequence
from datetime import datetime

from inspection.reports.chapters import CellKind, Column
from inspection.reports.cover import Cover
from inspection.reports.grids import Grid, shown
from inspection.reports.hazards import HazardCard, Shot
from inspection.reports.paper import ACCENT, ALARM, BAND, MARGIN, SOFT, Paper
from inspection.reports.photos import LARGE_PX, Absent, PhotoShelf, Printed
from inspection.reports.words import hazard_name

HEAD, QR, LABEL = 8.0, 23.0, 21.0
PHOTO_HEIGHT, CAPTION, GAP = 56.0, 5.0, 4.0
LINE_HEIGHT = 4.6
SIGNATURE = 11.0


class CardWriter:
    """Writes hazards at the paper's cursor."""

    def __init__(self, paper: Paper, cover: Cover, shelf: PhotoShelf) -> None:
        self._paper, self._cover, self._shelf = paper, cover, shelf
        self._words = cover.words

    def write(self, card: HazardCard) -> None:
        """Write a hazard; its head, facts and photos stay on one page."""
        paper, facts = self._paper, self._facts(card)
        width = paper.width - QR - 3 - LABEL
        broken = [(name, paper.lines(value, width, 8.6)) for name, value in facts]
        text_height = sum(max(1, len(lines)) for _, lines in broken) * LINE_HEIGHT
        paper.need(HEAD + max(text_height, QR + 5) + PHOTO_HEIGHT + CAPTION + 8)
        self._head(card)
        begins = paper.y
        self._proof(card)
        for name, lines in broken:
            self._fact(name, lines)
        paper.y = max(paper.y, begins + QR + 5) + 1
        self._photos(card)
        self._steps(card)
        self._signatures(card)
        paper.y += 5

    def _head(self, card: HazardCard) -> None:
        paper, words = self._paper, self._words
        is_major = card.level == "major"
        paper.rect(MARGIN, paper.y, paper.width, HEAD, BAND)
        paper.rect(MARGIN, paper.y, 1.6, HEAD, ALARM if is_major else ACCENT)
        badge = f"{words.get(card.level, card.level)} · {words[f'item_{card.state}']}"
        if card.is_overdue:
            badge += f" · {words['overdue']}"
        badge_width = paper.text_width(badge, 9)
        name = f"{card.hazard_code} {hazard_name(card.hazard_code, self._cover.asked.language)}"
        line = paper.lines(name, paper.width - badge_width - 10, 10.5)[0]
        baseline = paper.y + 5.5
        paper.text(MARGIN + 4, baseline, line, 10.5, bold=True)
        colour = ALARM if is_major or card.is_overdue else SOFT
        paper.text(MARGIN + paper.width - badge_width - 2, baseline, badge, 9, colour=colour)
        paper.y += HEAD + 1.5

    def _facts(self, card: HazardCard) -> Sequence[tuple[str, str]]:
        words = self._words
        kind = words.get(f"source_{card.source_kind}", card.source_kind)
        basis = card.basis if card.is_basis_checked else f"{card.basis}（{words['unchecked']}）"
        state = words.get(f"state_{card.ticket_state}", "")
        deadline = _time(card.deadline)
        if card.deadline and not card.is_basis_checked:
            deadline += f"（{words['unchecked']}）"
        facts = [
            (words["place"], card.place),
            (words["source"], f"{kind} {card.source_name}".strip()),
            (
                words["first_seen"],
                f"{_time(card.first_seen_at)}　{words['sightings']} {card.sightings}",
            ),
            (words["basis"], basis),
            (words["ticket"], f"{card.number}　{state}" if card.number else words["no_ticket"]),
            (words["deadline"], deadline),
            (words["assignee"], card.assignee),
            (words["closed_at"], _time(card.closed_at)),
        ]
        return [(name, value) for name, value in facts if value]

    def _fact(self, name: str, lines: Sequence[str]) -> None:
        paper = self._paper
        paper.text(MARGIN + 1, paper.y + 3.4, name, 8.2, colour=SOFT)
        for line in lines or [""]:
            paper.text(MARGIN + LABEL, paper.y + 3.4, line, 8.6)
            paper.y += LINE_HEIGHT

    def _proof(self, card: HazardCard) -> None:
        if card.proof_index is None:
            return
        paper = self._paper
        x = MARGIN + paper.width - QR
        paper.qr_code(x, paper.y, QR, self._cover.entry_address(card.proof_index))
        caption = f"{self._words['proof']} #{card.proof_index}"
        left = x + (QR - paper.text_width(caption, 6.2)) / 2
        paper.text(left, paper.y + QR + 2.4, caption, 6.2, colour=SOFT)

    def _photos(self, card: HazardCard) -> None:
        paper, words = self._paper, self._words
        width = (paper.width - GAP) / 2
        pairs = (
            (words["before"], card.before, words["no_before"]),
            (words["after"], card.after, words["no_after"]),
        )
        for number, (name, shot, otherwise) in enumerate(pairs):
            self._photo(MARGIN + number * (width + GAP), width, name, shot, otherwise)
        paper.y += PHOTO_HEIGHT + CAPTION + 2

    def _photo(self, x: float, width: float, name: str, shot: Shot | None, otherwise: str) -> None:
        paper = self._paper
        paper.rect(x, paper.y, width, PHOTO_HEIGHT, (246, 248, 247))
        caption = name
        if shot is None:
            self._centred(x, width, otherwise)
        else:
            caption = f"{name}　{_time(shot.at)}　SHA-256 {shot.sha256[:12]}…"
            printed = self._shelf.picture(shot.sha256, LARGE_PX, shot.boxes)
            if isinstance(printed, Absent):
                self._centred(x, width, self._words[printed.why])
            else:
                place_picture(paper, printed, (x, paper.y), (width, PHOTO_HEIGHT), caption)
        paper.text(x, paper.y + PHOTO_HEIGHT + 3.6, caption, 7.4, colour=SOFT)

    def _centred(self, x: float, width: float, text: str) -> None:
        paper = self._paper
        left = x + (width - paper.text_width(text, 9)) / 2
        paper.text(left, paper.y + PHOTO_HEIGHT / 2, text, 9, colour=SOFT)

    def _steps(self, card: HazardCard) -> None:
        if not card.steps:
            return
        words = self._words
        columns = [
            Column(words["at"], CellKind.TIME),
            Column(words["step"]),
            Column(words["by"]),
            Column(words["note"], CellKind.LONG_TEXT),
            Column(words["index"], CellKind.NUMBER),
        ]
        grid = Grid(self._paper, columns)
        for step in card.steps:
            action = words.get(f"action_{step.action}", step.action)
            cells = (step.at, action, step.by, step.note, step.entry_index)
            grid.row(cells)

    def _signatures(self, card: HazardCard) -> None:
        paper, words = self._paper, self._words
        paper.need(SIGNATURE + 2)
        half = paper.width / 2
        signed = ((words["fixer_signature"], card.fixer), (words["inspector_signature"], card.inspector))  # fmt: skip
        for number, (label, name) in enumerate(signed):
            x = MARGIN + number * half
            shown_name = f"{label}（{name}）" if name else label
            paper.text(x, paper.y + 8, shown_name, 8.2, colour=SOFT)
            begins = x + paper.text_width(shown_name, 8.2) + 2
            paper.rule(begins, paper.y + 8.6, max(10.0, x + half - 6 - begins))
        paper.y += SIGNATURE


def place_picture(
    paper: Paper,
    printed: Printed,
    at: tuple[float, float],
    box_wh: tuple[float, float],
    alt_text: str,
) -> None:
    """Place a picture in the middle of a box, as large as it fits."""
    width, height = printed.size_wh
    share = min(box_wh[0] / width, box_wh[1] / height)
    shown_wh = width * share, height * share
    x = at[0] + (box_wh[0] - shown_wh[0]) / 2
    y = at[1] + (box_wh[1] - shown_wh[1]) / 2
    paper.pdf.place_jpeg(printed.jpeg, x, y, shown_wh, alt_text)


def _time(at: datetime | None) -> str:
    return shown(at, CellKind.TIME)
