"""How long finding entries takes in a large ledger, on SQLite and on PostgreSQL beside it.

Run as `python tests/benchmarks/bench_search.py [--entries 100000]`, or call `bench_search()` from `make bench`.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session

# Run by path: the repository is then not on the import path by itself.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from api.database import METADATA
from api.row_security import protect_rows
from inspection.database import bound_to, make_engine, read_sessions, write_sessions
from inspection.entry_index import catch_up
from inspection.entry_search import EntryFilter, Facet, count_entries, search_entries
from inspection.queries import Paging
from inspection.scopes import scope_of
from ledger.entry import Record, seal
from ledger.merkle import append_leaf
from tests.benchmarks.grown_logs import TABLES, entry_row
from tests.builders import id_of, make_town
from tests.postgres_server import a_postgres_server, database_of

ENTRIES = 100_000
CHUNK = 5_000
ROUNDS = 9
PAGE = 50
PLACES = (
    "一号车间",
    "二号车间冲压线",
    "三号仓库货架",
    "东门灭火器箱",
    "配电房",
    "危化品库",
    "食堂后厨",
    "空压机房",
)
THINGS = (
    "安全帽未佩戴",
    "灭火器过期",
    "通道堵塞",
    "防护罩缺失",
    "配电箱门未关",
    "气瓶未固定",
    "地面油污",
)
SECTIONS = ("L27", "L11", "L04", "L06")

# What is asked for: everything, terms of one to four characters that many and few entries have, filters, words that never meet.
ASKED: dict[str, EntryFilter] = {
    "no word": EntryFilter(),
    "箱 (2 of 8 places)": EntryFilter("箱"),
    "仓库": EntryFilter("仓库"),
    "配电箱": EntryFilter("配电箱"),
    "灭火器过期 东门": EntryFilter("灭火器过期 东门"),
    "罕见 (1 of 10,000)": EntryFilter("罕见"),
    "罕见词 (1 of 10,000)": EntryFilter("罕见词"),
    "nothing has it": EntryFilter("无此词语"),
    "仓库 东门, which never meet": EntryFilter("仓库 东门"),
    "仓库, section L04": EntryFilter("仓库", section="L04"),
    "仓库, one week": EntryFilter(
        "仓库", since=datetime(2026, 3, 1, tzinfo=UTC), until=datetime(2026, 3, 8, tzinfo=UTC)
    ),
}


def _record(number: int) -> tuple[str, Record]:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=4 * number)
    rare = "罕见词" if number % 10_000 == 77 else ""
    place, thing = PLACES[number % len(PLACES)], THINGS[number % len(THINGS)]
    data = {
        "place": place,
        "note": f"{place}发现{thing}{rare}，第{number}次巡查，责任人张师傅，限期整改。",
        "hazard_code": f"FIR-0{number % 3 + 1}",
        "number": number,
    }
    section = SECTIONS[number % len(SECTIONS)]
    return section, Record("finding.recorded", section, at, "device:1", data)


def _fill(engine: Engine, entries: int) -> tuple[UUID, UUID]:
    """Make a town whose enterprise has a ledger of so many entries, all indexed; return its id and its officer's."""
    with engine.begin() as connection:
        METADATA.create_all(connection)
        protect_rows(connection, METADATA)
    sessions = write_sessions(engine)
    with sessions.begin() as session:
        town = make_town(session)
        mine, officer = id_of(town.mine), id_of(town.officer)
    edge: tuple[bytes, ...] = ()
    for start in range(0, entries, CHUNK):
        rows = []
        for number in range(start, min(start + CHUNK, entries)):
            section, record = _record(number)
            row = entry_row(str(mine), seal(str(mine), number, record)) | {"section": section}
            edge = append_leaf(number, edge, row["leaf_hash"]).edge
            rows.append(row)
        with sessions.begin() as session:
            session.execute(sa.insert(TABLES[0]), rows)
    head = {"log_id": str(mine), "size": entries, "edge": b"".join(edge)}
    with sessions.begin() as session:
        session.execute(sa.insert(TABLES[2]), [head])
    done = 1
    while done:
        with sessions.begin() as session:
            done = catch_up(session, mine, CHUNK)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))
    return mine, officer


def _p50_ms(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3


def _measured(engine: Engine, entries: int) -> dict[str, float]:
    mine, officer = _fill(engine, entries)
    # As a request reads: on PostgreSQL held to its caller's enterprises by the row policies.
    sessions = partial(read_sessions(engine), info=bound_to(lambda: [mine]))

    def page(wanted: EntryFilter, paging: Paging) -> Callable[[], object]:
        def ask() -> object:
            with sessions() as session:
                return search_entries(session, _scope(session), mine, wanted, paging)

        return ask

    def _scope(session: Session):
        return scope_of(session, officer)

    def counts(wanted: EntryFilter) -> Callable[[], object]:
        def ask() -> object:
            with sessions() as session:
                return count_entries(session, _scope(session), mine, wanted, Facet.SECTION)

        return ask

    times = {name: _p50_ms(page(wanted, Paging(limit=PAGE))) for name, wanted in ASKED.items()}
    with sessions() as session:
        first = search_entries(session, _scope(session), mine, ASKED["仓库"], Paging(limit=PAGE))
    deep = Paging(limit=PAGE, cursor=first.next_cursor)
    times["仓库, the next page"] = _p50_ms(page(ASKED["仓库"], deep))
    times["counts by section"] = _p50_ms(counts(EntryFilter()))
    times["counts by section of 仓库"] = _p50_ms(counts(ASKED["仓库"]))
    return times


@contextmanager
def _databases(folder: Path) -> Iterator[dict[str, Engine]]:
    with a_postgres_server() as server, database_of(server) as url:
        engines = {
            "SQLite": make_engine(f"sqlite:///{folder / 'anxun.db'}"),
            "PostgreSQL": make_engine(url),
        }
        try:
            yield engines
        finally:
            for engine in engines.values():
                engine.dispose()


def bench_search(entries: int = ENTRIES) -> Iterator[str]:
    """Yield a line for each question: the median time of a page of 50 hits, with its entries and excerpts."""
    with tempfile.TemporaryDirectory() as folder, _databases(Path(folder)) as engines:
        times = {name: _measured(engine, entries) for name, engine in engines.items()}
    yield f"{entries:,} entries, p50 of {ROUNDS}{'':<20}{'SQLite':>10}{'PostgreSQL':>12}"
    for asked in times["SQLite"]:
        lite, postgres = times["SQLite"][asked], times["PostgreSQL"][asked]
        yield f"  {asked:<36}{lite:8.1f} ms{postgres:9.1f} ms"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=ENTRIES)
    sys.stdout.writelines(f"{line}\n" for line in bench_search(parser.parse_args().entries))
