"""Finding entries of one enterprise's ledger, always through a scope: keyset pages by index, and counts by a facet."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, func

from inspection.entry_index import mark_of
from inspection.entry_text import Excerpt, excerpt_of, terms_of
from inspection.errors import InvalidCursor
from inspection.pieces import by_index, having, is_postgres, spans
from inspection.queries import FIRST_PAGE, MAX_LIMIT, Page, Paging
from inspection.scopes import Scope
from inspection.tables.search import EntryFacts, IndexMark
from ledger.entry import MAX_INDEX, LedgerEntry
from ledger.sql import SqlStore

_FACTS: sa.Table = EntryFacts.__table__  # type: ignore[attr-defined]  # SQLModel sets it
_CURSOR_BYTES = 8


class Facet(StrEnum):
    """What hits are counted by."""

    SECTION = "section"
    KIND = "kind"
    HAZARD = "hazard_code"
    LEVEL = "level"
    STATE = "state"
    SOURCE = "source"


@dataclass(frozen=True)
class EntryFilter:
    """Which entries; None or an empty text is no condition. `since` is included, `until` is not."""

    text: str = ""
    section: str | None = None
    kind: str | None = None
    hazard_code: str | None = None
    level: str | None = None
    state: str | None = None
    source: str | None = None
    item_id: UUID | None = None
    is_erased: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Hit:
    """An entry that was found, and where its text has what was looked for."""

    entry: LedgerEntry
    excerpt: Excerpt | None


def search_entries(
    session: Session,
    scope: Scope,
    enterprise_id: UUID,
    wanted: EntryFilter,
    paging: Paging = FIRST_PAGE,
    *,
    oldest_first: bool = False,
) -> Page[Hit]:
    """Return entries of an enterprise in scope, newest first unless said otherwise.

    The cursor names the last index that was seen: entries that come in between neither shift a page nor repeat a row.
    """
    scope.require(enterprise_id)
    mark = mark_of(session, enterprise_id)
    after = None if paging.cursor is None else _read_cursor(paging.cursor)
    if mark is None:
        return Page([], None)
    limit = min(max(paging.limit, 1), MAX_LIMIT)
    terms = terms_of(wanted.text)
    indices = _indices(session, mark, wanted, _Part(terms, after, limit + 1, oldest_first))
    shown = indices[:limit]
    entries = _entries(session, enterprise_id, shown)
    hits = [Hit(entry, excerpt_of(entry.record, terms)) for entry in entries]
    return Page(hits, _write_cursor(shown[-1]) if len(indices) > limit else None)


def count_entries(
    session: Session, scope: Scope, enterprise_id: UUID, wanted: EntryFilter, facet: Facet
) -> Mapping[str, int]:
    """Return how many entries there are of each value of a facet, most first."""
    scope.require(enterprise_id)
    mark = mark_of(session, enterprise_id)
    if mark is None:
        return {}
    column, number = _FACTS.c[facet.value], func.count()
    chosen = sa.select(column.label("value")).where(column.is_not(None), *_conditions(mark, wanted))
    terms = terms_of(wanted.text)
    found = (having(session, chosen, mark, terms) if terms else chosen).subquery()
    query = sa.select(found.c.value, number).group_by(found.c.value)
    query = query.order_by(number.desc(), found.c.value)
    return {value: count for value, count in session.execute(query)}  # noqa: C416  a result has keys(), so dict() takes it for a mapping


def indexed_size(session: Session, enterprise_id: UUID) -> int:
    """Return how many of the ledger's entries can be found."""
    mark = mark_of(session, enterprise_id)
    return 0 if mark is None else mark.next_index


@dataclass(frozen=True)
class _Part:
    """Which hits of a search: after an index, so many at most."""

    terms: Sequence[str]
    after: int | None
    count: int
    oldest_first: bool


def _indices(session: Session, mark: IndexMark, wanted: EntryFilter, part: _Part) -> list[int]:
    query = sa.select(_FACTS.c.entry_index).where(*_conditions(mark, wanted))
    if not part.terms or not is_postgres(session):
        if part.terms:
            query = having(session, query, mark, part.terms)
        return _in_order(session, query, mark, part)
    found: list[int] = []
    for span in spans(_reach(session, mark, wanted, part), oldest_first=part.oldest_first):
        within = having(session, query, mark, part.terms, span)
        found += _in_order(session, within, mark, replace(part, count=part.count - len(found)))
        if len(found) == part.count:
            break
    return found


def _reach(session: Session, mark: IndexMark, wanted: EntryFilter, part: _Part) -> range:
    first, stop = 0, mark.next_index
    if wanted.since is not None or wanted.until is not None:
        # Few entries are of a week, and they stand together: nobody looks before or behind them.
        ends = func.min(_FACTS.c.entry_index), func.max(_FACTS.c.entry_index)
        of_time = EntryFilter(since=wanted.since, until=wanted.until)
        oldest, newest = session.execute(sa.select(*ends).where(*_conditions(mark, of_time))).one()
        first, stop = (0, 0) if newest is None else (oldest, newest + 1)
    if part.after is not None and part.oldest_first:
        return range(max(first, part.after + 1), stop)
    return range(first, stop if part.after is None else min(stop, part.after))


def _in_order(session: Session, query: sa.Select[Any], mark: IndexMark, part: _Part) -> list[int]:
    column, base = by_index(session, query, with_text=bool(part.terms), mark=mark)
    if part.after is not None:
        after = base + part.after
        query = query.where(column > after if part.oldest_first else column < after)
    order = column if part.oldest_first else column.desc()
    return list(session.scalars(query.order_by(order).limit(part.count)))


def _conditions(mark: IndexMark, wanted: EntryFilter) -> list[sa.ColumnElement[bool]]:
    equal = ("section", "kind", "hazard_code", "level", "state", "source", "is_erased")
    conditions: list[Any] = [_FACTS.c.enterprise_id == mark.enterprise_id]
    for name in equal:
        value = getattr(wanted, name)
        if value is not None:
            conditions.append(_FACTS.c[name] == value)
    if wanted.item_id is not None:
        conditions.append(_FACTS.c.item_id == str(wanted.item_id))
    if wanted.since is not None:
        conditions.append(_FACTS.c.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(_FACTS.c.at < wanted.until)
    return conditions


def _entries(
    session: Session, enterprise_id: UUID, indices: Sequence[int]
) -> Sequence[LedgerEntry]:
    found = SqlStore(session).entries_at(str(enterprise_id), indices)
    by_place = {entry.index: entry for entry in found}
    return [by_place[index] for index in indices]


def _write_cursor(index: int) -> str:
    return urlsafe_b64encode(index.to_bytes(_CURSOR_BYTES, "big")).rstrip(b"=").decode()


def _read_cursor(cursor: str) -> int:
    try:
        data = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (Base64Error, ValueError):
        raise InvalidCursor from None
    index = int.from_bytes(data, "big")
    if len(data) != _CURSOR_BYTES or index > MAX_INDEX:
        raise InvalidCursor
    return index
