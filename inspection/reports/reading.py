"""Entries of a ledger in a period, read a page at a time, so that a long ledger takes no more memory than a short one.

A record of a section belongs to the day that it is about, whenever it was written: a meeting of October that was
recorded in November is in October's report. Every other entry belongs to the day on which it was appended.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, func, select

from inspection.journal import log_id_of
from inspection.reports.asked import Period
from inspection.tables import SectionRecord
from ledger.entry import LedgerEntry, format_time
from ledger.sql import LedgerEntryRow

PAGE = 200
# A leaf is canonical JSON, whose names are sorted: it begins with {"at":" and a time of fixed width in UTC.
_TIME_FROM, _TIME_LENGTH = len('{"at":"') + 1, len("2026-11-24T08:00:00.000000Z")


@dataclass(frozen=True)
class LedgerPart:
    """The first `size` entries of an enterprise's ledger."""

    session: Session
    enterprise_id: UUID
    size: int

    def count(self, period: Period, section: str | None = None) -> int:
        """Return how many entries belong to the period, of a section or of all."""
        conditions = self._in_period(period, section)
        return self.session.exec(
            select(func.count()).select_from(LedgerEntryRow).where(*conditions)
        ).one()

    def entries(self, period: Period, section: str | None = None) -> Iterator[LedgerEntry]:
        """Yield the entries that belong to the period, in order."""
        yield from self._pages(self._in_period(period, section))

    def _pages(self, conditions: list[ColumnElement[bool]]) -> Iterator[LedgerEntry]:
        last = -1
        while True:
            page = self.session.exec(
                select(LedgerEntryRow)
                .where(*conditions, col(LedgerEntryRow.index) > last)
                .order_by(col(LedgerEntryRow.index))
                .limit(PAGE)
            ).all()
            yield from map(_entry, page)
            if len(page) < PAGE:
                return
            last = page[-1].index
            # What was read is not needed again.
            self.session.expunge_all()

    def _in_period(self, period: Period, section: str | None) -> list[ColumnElement[bool]]:
        at: Any = func.substr(col(LedgerEntryRow.header), _TIME_FROM, _TIME_LENGTH)
        begins_at, ends_at = format_time(period.begins_at), format_time(period.ends_at)
        appended_then = and_(at >= begins_at, at < ends_at)
        index = col(LedgerEntryRow.index)
        about_it = index.in_(
            self._records().where(
                col(SectionRecord.on_day) >= period.starts_on,
                col(SectionRecord.on_day) <= period.ends_on,
            )
        )
        is_other = index.not_in(self._records())
        return [*self._of(section), or_(and_(appended_then, is_other), about_it)]

    def _records(self) -> Any:
        mine = col(SectionRecord.enterprise_id) == self.enterprise_id
        return select(SectionRecord.entry_index).where(mine)

    def _of(self, section: str | None) -> list[ColumnElement[bool]]:
        mine: list[Any] = [
            col(LedgerEntryRow.log_id) == log_id_of(self.enterprise_id),
            col(LedgerEntryRow.index) < self.size,
        ]
        if section is not None:
            mine.append(col(LedgerEntryRow.section) == section)
        return mine


def _entry(row: LedgerEntryRow) -> LedgerEntry:
    return LedgerEntry(
        row.index,
        row.header.encode(),
        row.leaf_hash.hex(),
        row.salt,
        None if row.content is None else row.content.encode(),
    )
