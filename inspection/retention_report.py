"""What is past its retention, section by section: what may go, on command and with an approver, and what holds it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, func, select

from inspection.erasure_rules import Grounds, refusals_of
from inspection.holds import standing_holds
from inspection.plans import CHINA, china_day
from inspection.retention import RETENTION_ENDED, RetentionKind, RetentionRule, retention_rule
from inspection.scopes import Scope
from inspection.sections import ledger_sections
from inspection.tables import EntryFacts


@dataclass(frozen=True)
class SectionRetention:
    """A section of an enterprise: its rule, its entries that are not erased, and how many are past their retention."""

    rule: RetentionRule
    entries: int
    past: int
    oldest_at: datetime | None
    is_held: bool


def retention_report(
    session: Session, scope: Scope, enterprise_id: UUID, now: datetime
) -> Sequence[SectionRetention]:
    """Return every section with what is past its retention today."""
    scope.require(enterprise_id)
    today = china_day(now)
    holds = standing_holds(session, enterprise_id)
    held = {hold.section for hold in holds if hold.item_id is None}
    rows = session.exec(
        select(EntryFacts.section, func.count(), func.min(col(EntryFacts.at)))
        .where(col(EntryFacts.enterprise_id) == enterprise_id, col(EntryFacts.is_erased).is_(False))
        .group_by(col(EntryFacts.section))
    )
    kept = {section: (count, oldest) for section, count, oldest in rows}
    report = []
    for section in ledger_sections():
        rule = retention_rule(section, today)
        count, oldest = kept.get(section, (0, None))
        past = _count_past(session, enterprise_id, rule, today) if count else 0
        is_held = None in held or section in held
        report.append(SectionRetention(rule, count, past, oldest, is_held))
    return report


def past_retention(
    session: Session, enterprise_id: UUID, section: str, now: datetime, limit: int
) -> Sequence[int]:
    """Return up to `limit` entries of a section that are past their retention and that nothing else keeps, oldest first."""
    rule = retention_rule(section, china_day(now))
    before = _before(rule, china_day(now))
    if before is None:
        return []
    indices = session.exec(
        select(EntryFacts.entry_index)
        .where(
            col(EntryFacts.enterprise_id) == enterprise_id,
            col(EntryFacts.section) == section,
            col(EntryFacts.is_erased).is_(False),
            col(EntryFacts.at) < before,
        )
        .order_by(col(EntryFacts.entry_index))
    ).all()
    found: list[int] = []
    for start in range(0, len(indices), limit):
        page = indices[start : start + limit]
        refused = {
            refusal.index
            for refusal in refusals_of(session, enterprise_id, page, Grounds(RETENTION_ENDED), now)
        }
        found += [index for index in page if index not in refused]
        if len(found) >= limit:
            break
    return found[:limit]


def _count_past(session: Session, enterprise_id: UUID, rule: RetentionRule, today: date) -> int:
    before = _before(rule, today)
    if before is None:
        return 0
    return session.exec(
        select(func.count())
        .select_from(EntryFacts)
        .where(
            col(EntryFacts.enterprise_id) == enterprise_id,
            col(EntryFacts.section) == rule.section,
            col(EntryFacts.is_erased).is_(False),
            col(EntryFacts.at) < before,
        )
    ).one()


def _before(rule: RetentionRule, today: date) -> datetime | None:
    """Return the moment before which an entry was recorded that is past its retention today; None where none can be."""
    if rule.kind is not RetentionKind.YEARS:
        return None
    # The newest day whose retention is over: a leap day makes it no plain subtraction.
    day = date(today.year - rule.years, today.month, 1) + timedelta(days=today.day - 1)
    while rule.ends_on(datetime(day.year, day.month, day.day, 12, tzinfo=CHINA)) > today:  # type: ignore[operator]  # years always end
        day -= timedelta(days=1)
    following = day + timedelta(days=1)
    return datetime(following.year, following.month, following.day, tzinfo=CHINA)
