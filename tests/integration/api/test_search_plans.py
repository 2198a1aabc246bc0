"""How PostgreSQL finds words, read from the plans of the statements that a search sends, with the row policies on."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from api.database import upgrade_database
from inspection.database import bound_to, make_engine, read_sessions, write_sessions
from inspection.entry_search import EntryFilter, Facet, count_entries, search_entries
from inspection.entry_text import pieces_of
from inspection.queries import Paging
from inspection.scopes import scope_of
from inspection.tables.search import PIECES, IndexMark
from ledger.entry import Record, seal
from tests.benchmarks.grown_logs import TABLES, entry_row
from tests.builders import Town, id_of, make_town
from tests.postgres_server import database_of

pytestmark = pytest.mark.postgres
ENTRIES = 20_000
PLACES = ("一号车间", "三号仓库货架", "东门灭火器箱", "配电房", "危化品库")
THINGS = ("安全帽未佩戴", "灭火器过期", "通道堵塞", "配电箱门未关")
RARE = (777, 12_345)
# In two entries, in none, in never the same one; and words of every fifth to every twentieth.
FEW = ("罕见", "罕见词", "无此", "无此词语", "仓库 东门", "过期罕见词,责任人")
MANY = ("箱", "仓库", "配电箱", "灭火器过期 东门")
FIRST_AT = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = 50
WEEK = range(10_000, 11_000)


def text_of(index: int) -> str:
    """Return what an entry says: one of twenty texts, two of them with a rare word."""
    rare = "罕见词" if index in RARE else ""
    return f"{PLACES[index % 5]}发现{THINGS[index % 4]}{rare},责任人张师傅,限期整改。"


def at_of(index: int) -> datetime:
    """Return when an entry was written."""
    return FIRST_AT + timedelta(minutes=index)


def expected(word: str) -> list[int]:
    """Return the hits of all terms, the newest first, read from the texts themselves."""
    return [n for n in range(ENTRIES - 1, -1, -1) if all(t in text_of(n) for t in word.split())]


def fill(engine: Engine, town: Town) -> None:
    """Index so many entries; those that a page shows are in the ledger too."""
    mine = id_of(town.mine)
    same = {"mine": mine, "first": FIRST_AT, "count": ENTRIES, "texts": len(PLACES) * len(THINGS)}
    with write_sessions(engine).begin() as session:
        session.add(IndexMark(enterprise_id=mine, number=1, next_index=ENTRIES))
        session.execute(sa.text("CREATE TEMP TABLE said (k int, text text, pieces text[])"))
        for k, n in [*enumerate(range(same["texts"])), *((n, n) for n in RARE)]:
            said = {
                "k": k,
                "text": text_of(n),
                "pieces": sorted(pieces_of(text_of(n)) | {f"e{mine.hex}"}),
            }
            session.execute(sa.text("INSERT INTO said VALUES (:k, :text, :pieces)"), said)
        numbered = f"""FROM generate_series(0, :count - 1) n JOIN said ON said.k =
            CASE WHEN n IN {RARE} THEN n ELSE n % :texts END"""
        session.execute(
            sa.text(
                "INSERT INTO entry_facts (enterprise_id, entry_index, section, kind, at, text, is_erased)"
                f" SELECT :mine, n, 'L0' || n % 4, 'noted', :first + n * interval '1 min', text, false {numbered}"
            ),
            same,
        )
        session.execute(sa.text(f"INSERT INTO {PIECES} SELECT :mine, n, pieces {numbered}"), same)
        shown = {n for word in (*FEW, *MANY) for n in expected(word)[: PAGE + 1]}
        shown |= {n for n in expected("仓库") if n in WEEK}
        rows = []
        for n in sorted(shown):
            record = Record("noted", "L11", at_of(n), "device:1", {"note": text_of(n)})
            rows.append(entry_row(str(mine), seal(str(mine), n, record)))
        session.execute(sa.insert(TABLES[0]), rows)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE"))


@dataclass
class Ledger:
    """A large ledger on PostgreSQL, as its officer's requests see it."""

    engine: Engine
    sessions: sessionmaker[Session]
    town: Town

    @contextmanager
    def plans(self) -> Iterator[list[dict[str, Any]]]:
        """Collect the plan, as it was run, of each statement that looks for pieces."""
        found: list[dict[str, Any]] = []

        def explain(
            connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any
        ) -> None:
            if PIECES in statement and not statement.startswith("EXPLAIN"):
                raw = connection.connection.cursor()
                raw.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
                (plan,) = raw.fetchone()  # type: ignore[misc]  # there is one
                found.extend(plan if isinstance(plan, list) else json.loads(plan))

        sa.event.listen(self.engine, "before_cursor_execute", explain)
        try:
            yield found
        finally:
            sa.event.remove(self.engine, "before_cursor_execute", explain)

    def search(self, wanted: EntryFilter) -> list[int]:
        """Return the indices of the first page."""
        mine = id_of(self.town.mine)
        with self.sessions(info=bound_to(lambda: [mine])) as session:
            scope = scope_of(session, id_of(self.town.officer))
            page = search_entries(session, scope, mine, wanted, Paging(limit=PAGE))
        return [hit.entry.index for hit in page.rows]

    def count(self, wanted: EntryFilter) -> int:
        """Return how many hits there are."""
        mine = id_of(self.town.mine)
        with self.sessions(info=bound_to(lambda: [mine])) as session:
            scope = scope_of(session, id_of(self.town.officer))
            return sum(count_entries(session, scope, mine, wanted, Facet.SECTION).values())


@pytest.fixture(scope="module")
def ledger(postgres_server: str) -> Iterator[Ledger]:
    """Make the ledger once for the file."""
    with database_of(postgres_server) as url:
        engine = make_engine(url)
        upgrade_database(engine)
        with write_sessions(engine).begin() as session:
            town = make_town(session)
        fill(engine, town)
        yield Ledger(engine, read_sessions(engine), town)
        engine.dispose()


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a plan's nodes, the outermost first."""
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def rows_touched(plan: dict[str, Any]) -> int:
    """Return how many rows of the facts were read, those that a filter then dropped too."""
    keys = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    return sum(
        node["Actual Loops"] * (node["Actual Rows"] + sum(node.get(key, 0) for key in keys))
        for node in nodes(plan)
        if node.get("Relation Name") == "entry_facts"
    )


@pytest.mark.parametrize("word", FEW)
def test_word_that_few_or_no_entries_have_asks_the_index(ledger: Ledger, word: str) -> None:
    """Each question goes to the GIN index and reads of the facts no more than the hits: no text is compared in passing."""
    with ledger.plans() as plans:
        found = ledger.search(EntryFilter(word))
    assert found == expected(word)
    assert plans
    for plan in (each["Plan"] for each in plans):
        indices = {node.get("Index Name") for node in nodes(plan)}
        assert f"ix_{PIECES}" in indices
        for node in nodes(plan):
            if node.get("Relation Name") == "entry_facts":
                assert "~~" not in node.get("Filter", "")
        assert rows_touched(plan) <= len(RARE)


@pytest.mark.parametrize("word", MANY)
def test_word_that_many_entries_have_reads_a_part_of_the_ledger(ledger: Ledger, word: str) -> None:
    """The first page is found in the newest part, by one question that reads no more entries than that part has."""
    with ledger.plans() as plans:
        found = ledger.search(EntryFilter(word))
    assert found == expected(word)[:PAGE]
    (plan,) = plans
    assert rows_touched(plan["Plan"]) <= 4096


def test_word_within_a_week_looks_at_that_week(ledger: Ledger) -> None:
    """Its entries stand together, so one question is enough, wherever the week lies."""
    week = EntryFilter("仓库", since=at_of(WEEK.start), until=at_of(WEEK.stop))
    with ledger.plans() as plans:
        found = ledger.search(week)
    assert found == [n for n in expected("仓库") if n in WEEK][:PAGE]
    (plan,) = plans
    assert rows_touched(plan["Plan"]) <= len(WEEK)
    assert ledger.search(EntryFilter("仓库", since=at_of(ENTRIES))) == []


def test_hits_are_counted_by_the_index(ledger: Ledger) -> None:
    """A count compares the texts of what the index found, not of every entry."""
    for word in ("罕见词", "配电箱", "仓库 东门"):
        with ledger.plans() as plans:
            assert ledger.count(EntryFilter(word)) == len(expected(word))
        assert any(node.get("Index Name") == f"ix_{PIECES}" for node in nodes(plans[0]["Plan"]))


def test_list_of_what_waits_for_the_index_is_short(ledger: Ledger) -> None:
    """Every search reads it, so it may not grow to PostgreSQL's own 4 MB."""
    asked = sa.text("SELECT reloptions FROM pg_class WHERE relname = :name")
    with ledger.engine.connect() as connection:
        assert connection.scalar(asked, {"name": f"ix_{PIECES}"}) == ["gin_pending_list_limit=256"]
