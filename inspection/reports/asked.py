"""What a report is asked to hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from inspection.errors import InvalidInput
from inspection.plans import CHINA
from inspection.sections import LedgerSection, ledger_sections
from inspection.tables import ReportFormat, ReportLanguage

EARLIEST = date(2000, 1, 1)
LATEST = date(2199, 12, 31)


@dataclass(frozen=True)
class Period:
    """Days in China, both included."""

    starts_on: date
    ends_on: date

    def __post_init__(self) -> None:
        """Refuse days that no ledger can have. Raises `InvalidInput`."""
        if self.starts_on > self.ends_on:
            raise InvalidInput(
                f"the period ends on {self.ends_on}, before it begins on {self.starts_on}; swap the days"
            )
        if self.starts_on < EARLIEST or self.ends_on > LATEST:
            raise InvalidInput(f"choose days between {EARLIEST} and {LATEST}")

    @property
    def begins_at(self) -> datetime:
        """The first moment of the period, aware."""
        return datetime.combine(self.starts_on, time(), CHINA)

    @property
    def ends_at(self) -> datetime:
        """The first moment after the period, aware."""
        return datetime.combine(self.ends_on + timedelta(days=1), time(), CHINA)

    def holds(self, at: datetime) -> bool:
        """Return whether a moment lies in the period."""
        return self.begins_at <= at < self.ends_at


@dataclass(frozen=True)
class ReportRequest:
    """A period, sections by code (none means all), a format and a language."""

    period: Period
    format: ReportFormat
    language: ReportLanguage = ReportLanguage.CHINESE
    sections: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a section that is none. Raises `InvalidInput`."""
        unknown = [code for code in self.sections if code not in ledger_sections()]
        if unknown:
            raise InvalidInput(
                f"there is no ledger section {', '.join(unknown)}; sections are L01 to L{len(ledger_sections()):02d}"
            )

    def chosen(self) -> Sequence[LedgerSection]:
        """Return the sections that the report holds, in their order."""
        return [row for row in ledger_sections().values() if self.holds(row.code)]

    def holds(self, code: str) -> bool:
        """Return whether a section is in the report."""
        return not self.sections or code in self.sections
