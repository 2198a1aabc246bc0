"""What a report says about itself: on the PDF's first page, on the workbook's first sheet, and in its footer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from inspection.plans import CHINA
from inspection.reports.asked import ReportRequest
from inspection.reports.words import Words, words_of
from inspection.tables import Enterprise


@dataclass(frozen=True)
class Cover:
    """The facts of a report. `root` is hexadecimal; `public_url` is where people reach the app, without a slash."""

    report_id: UUID
    enterprise: Enterprise
    asked: ReportRequest
    made_by: str
    made_at: datetime
    origin: str
    tree_size: int
    root: str
    entries: int
    hazards: int
    blurs_heads: bool
    public_url: str

    @property
    def words(self) -> Words:
        """The report's words."""
        return words_of(self.asked.language)

    @property
    def address(self) -> str:
        """Where the report is checked: what its QR code leads to."""
        return f"{self.public_url}/check/{self.report_id}"

    def entry_address(self, index: int) -> str:
        """Where an entry and its proof are shown."""
        return f"{self.public_url}/enterprises/{self.enterprise.id}/ledger/{index}"

    def facts(self) -> Sequence[tuple[str, str]]:
        """Return names and values, in their order."""
        words, period = self.words, self.asked.period
        chosen = (
            "、".join(self.asked.sections)
            if self.asked.sections
            else words["all_sections"].format(count=len(self.asked.chosen()))
        )
        facts = [
            (words["enterprise"], self.enterprise.name),
            (words["credit_code"], self.enterprise.credit_code),
            (words["address"], self.enterprise.address),
            (words["industry"], self.enterprise.industry),
            (
                words["period"],
                words["period_text"].format(starts_on=period.starts_on, ends_on=period.ends_on),
            ),
            (words["sections"], chosen),
            (words["entries_in_period"], words["count_text"].format(count=self.entries)),
            (words["hazards_in_period"], words["count_text"].format(count=self.hazards)),
            (words["made_by"], self.made_by),
            (words["made_at"], f"{self.made_at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"),
        ]
        if self.blurs_heads:
            facts.append((words["heads_blurred"], words["heads_blurred_text"]))
        return [(name, value) for name, value in facts if value]

    def anchors(self) -> Sequence[tuple[str, str]]:
        """Return what a reader without a network compares with a checkpoint of their own."""
        words = self.words
        return [
            (words["report_id"], str(self.report_id)),
            (words["origin"], self.origin),
            (words["tree_size"], str(self.tree_size)),
            (words["root"], self.root),
        ]
