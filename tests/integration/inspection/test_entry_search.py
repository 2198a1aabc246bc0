"""Finding entries on both databases: by word, by facet, page by page while others are appended."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from inspection.entry_index import behind, catch_up, forget_entry, forget_index, index_appended
from inspection.entry_search import (
    EntryFilter,
    Facet,
    count_entries,
    indexed_size,
    search_entries,
)
from inspection.errors import InvalidCursor, NotFound
from inspection.journal import Event, write_event
from inspection.queries import ItemFilter, Paging, list_items
from inspection.scopes import Actor, scope_of
from inspection.tables import HazardItem
from inspection.wire import SourceKind
from ledger.entry import Attachment
from ledger.log import append, erase_content, get_entry
from ledger.sql import SqlStore
from tests.builders import NOW, Town, id_of

PLACES = ("二车间配电箱", "仓库 No.3 货架", "东门灭火器箱")


def write(session: Session, town: Town, number: int, section: str = "L11", **data: object) -> int:
    """Append an event and return its index."""
    facts = {"place": PLACES[number % 3], "hazard_code": f"FIR-0{number % 2 + 1}", **data}
    event = Event("finding.confirmed", section, facts)
    actor = Actor.from_user(id_of(town.expert))
    at = NOW + timedelta(minutes=number)
    return write_event(session, id_of(town.mine), actor, event, at).index


def found(session: Session, town: Town, text: str = "", **wanted: object) -> list[int]:
    """Return the indices of one page of hits, as the officer sees them."""
    scope = scope_of(session, id_of(town.officer))
    asked = EntryFilter(text, **wanted)  # type: ignore[arg-type]  # facts of a test
    return [hit.entry.index for hit in search_entries(session, scope, id_of(town.mine), asked).rows]


@pytest.mark.parametrize(
    ("text", "indices"),
    [
        ("箱", [5, 3, 2, 0]),
        ("灭火", [5, 2]),
        ("灭火器箱", [5, 2]),
        ("no.3", [4, 1]),
        ("ＮＯ．３ 货架", [4, 1]),
        ("器灭", []),
        ("车间 货架", []),
        ("%", []),
        ("\"' OR", []),
    ],
)
def test_words_of_any_length_are_found_within_text(
    session: Session, town: Town, text: str, indices: list[int]
) -> None:
    """One character, two, or more, at any place; all terms must be there; nothing is taken for a pattern."""
    for number in range(6):
        write(session, town, number)
    assert found(session, town, text) == indices


def test_filters_narrow_and_facets_count(session: Session, town: Town) -> None:
    """Section, hazard, level, source, time and text work together, and counts are of the same hits."""
    for number in range(6):
        write(session, town, number, "L12" if number == 4 else "L11", level="general")
    scope, mine = scope_of(session, id_of(town.officer)), id_of(town.mine)
    assert found(session, town, section="L12") == [4]
    assert found(session, town, "箱", hazard_code="FIR-01") == [2, 0]
    assert found(session, town, level="major") == []
    assert found(session, town, source="person", since=NOW + timedelta(minutes=4)) == [5, 4]
    assert found(session, town, until=NOW + timedelta(minutes=2)) == [1, 0]
    counts = count_entries(session, scope, mine, EntryFilter(), Facet.SECTION)
    assert counts == {"L11": 5, "L12": 1}
    counts = count_entries(session, scope, mine, EntryFilter("灭火"), Facet.HAZARD)
    assert counts == {"FIR-01": 1, "FIR-02": 1}


def test_another_enterprise_is_neither_found_nor_there(session: Session, town: Town) -> None:
    """A hit of one enterprise is none of another's, and a foreign scope finds nothing at all."""
    write(session, town, 0)
    event = Event("finding.confirmed", "L11", {"place": PLACES[0]})
    write_event(session, id_of(town.other), Actor.from_user(id_of(town.stranger)), event, NOW)
    stranger = scope_of(session, id_of(town.stranger))
    own = search_entries(session, stranger, id_of(town.other), EntryFilter("配电"))
    assert [hit.entry.header.log for hit in own.rows] == [str(id_of(town.other))]
    for ask in (search_entries, lambda *a: count_entries(*a, Facet.KIND)):
        with pytest.raises(NotFound):
            ask(session, stranger, id_of(town.mine), EntryFilter("配电"))


def test_an_empty_ledger_has_no_hits(session: Session, town: Town) -> None:
    """Before the first entry there is nothing, and no error."""
    scope, mine = scope_of(session, id_of(town.officer)), id_of(town.mine)
    assert found(session, town, "箱") == []
    assert count_entries(session, scope, mine, EntryFilter(), Facet.KIND) == {}
    assert indexed_size(session, mine) == 0
    with pytest.raises(InvalidCursor):
        search_entries(session, scope, mine, EntryFilter(), Paging("AAAA"))
    with pytest.raises(InvalidCursor):
        search_entries(session, scope, mine, EntryFilter(), Paging("é"))


def test_missed_entries_are_caught_up_in_order(session: Session, town: Town) -> None:
    """Entries that were appended by another way are found after `catch_up`, whatever came in between."""
    mine = id_of(town.mine)
    entry = get_entry(SqlStore(session), str(mine), write(session, town, 0))
    assert entry.record is not None
    for _ in range(3):
        append(SqlStore(session), str(mine), entry.record)
    write(session, town, 0)
    assert found(session, town, "配电") == [0]
    assert behind(session) == [mine]
    assert [catch_up(session, mine, 3), catch_up(session, mine, 3)] == [3, 1]
    assert found(session, town, "配电") == [4, 3, 2, 1, 0]
    assert (behind(session), catch_up(session, mine)) == ([], 0)
    write(session, town, 0)
    assert found(session, town, "配电") == [5, 4, 3, 2, 1, 0]


def test_the_index_can_be_made_anew(session: Session, town: Town) -> None:
    """Emptied and filled again, it finds the same."""
    mine = id_of(town.mine)
    forget_index(session, mine)
    for number in range(4):
        write(session, town, number)
    forget_index(session, mine)
    assert found(session, town, "箱") == []
    catch_up(session, mine)
    assert found(session, town, "箱") == [3, 2, 0]


def test_erased_content_is_found_no_more(session: Session, town: Town) -> None:
    """The entry is still listed by its section and time; its words and facts find nothing."""
    mine = id_of(town.mine)
    for number in range(3):
        write(session, town, number)
    erase_content(SqlStore(session), str(mine), 0)
    forget_entry(session, mine, 0)
    forget_entry(session, mine, 99)
    assert found(session, town, "配电") == []
    assert found(session, town, "灭火") == [2]
    assert found(session, town, hazard_code="FIR-01") == [2]
    assert found(session, town, is_erased=True) == [0]
    assert found(session, town) == [2, 1, 0]


def test_attachments_are_indexed_with_their_entry(session: Session, town: Town) -> None:
    """A photo in two roles of one entry is one reference."""
    mine = id_of(town.mine)
    attachments = tuple(Attachment("ab" * 32, "image/jpeg", 3, role) for role in ("photo", "plan"))
    event = Event("section.recorded", "L04", {}, attachments)
    entry = write_event(session, mine, Actor.from_user(id_of(town.expert)), event, NOW)
    index_appended(session, mine, entry)
    assert found(session, town, section="L04") == [0]


@given(steps=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), max_size=8))
@settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_pages_neither_skip_nor_repeat_while_rows_are_added(
    sessions: sessionmaker[Session], town: Town, steps: list[tuple[int, int]]
) -> None:
    """Whoever pages through sees every entry that was there at the beginning, once, in order, both ways."""
    mine = id_of(town.mine)
    with sessions.begin() as session:
        for number in range(5):
            write(session, town, number)
    with sessions() as session:
        before = SqlStore(session).head(str(mine)).size
    down = list(_paged(sessions, town, steps, oldest_first=False))
    assert down == sorted(down, reverse=True)
    assert len(set(down)) == len(down)
    assert set(range(before)) <= set(down)
    with sessions() as session:
        before = SqlStore(session).head(str(mine)).size
    up = list(_paged(sessions, town, steps, oldest_first=True))
    assert up == list(range(len(up)))
    assert len(up) >= before


def _paged(
    sessions: sessionmaker[Session],
    town: Town,
    steps: list[tuple[int, int]],
    *,
    oldest_first: bool,
) -> Iterator[int]:
    cursor, mine = None, id_of(town.mine)
    waiting = list(steps)
    while True:
        added, limit = waiting.pop() if waiting else (0, 50)
        with sessions.begin() as session:
            scope = scope_of(session, id_of(town.officer))
            page = search_entries(
                session,
                scope,
                mine,
                EntryFilter(),
                Paging(cursor, limit),
                oldest_first=oldest_first,
            )
            for number in range(added):
                write(session, town, number)
        yield from (hit.entry.index for hit in page.rows)
        cursor = page.next_cursor
        if cursor is None:
            return


def test_items_are_found_by_place_hazard_and_time(session: Session, town: Town) -> None:
    """The list of items takes the same filters: text of the place or the hazard's name, level, time."""
    mine: UUID = id_of(town.mine)
    for number, code in enumerate(("FIR-01", "PPE-01", "FIR-01")):
        at = NOW + timedelta(days=number)
        session.add(
            HazardItem(
                enterprise_id=mine,
                hazard_code=code,
                place=PLACES[number],
                first_seen_at=at,
                last_seen_at=at,
                level="major" if number == 2 else None,
            )
        )
    session.flush()
    scope = scope_of(session, id_of(town.officer))

    def places(**wanted: object) -> list[str]:
        asked = ItemFilter(**wanted)  # type: ignore[arg-type]  # facts of a test
        return sorted(row.place for row in list_items(session, scope, wanted=asked).rows)

    assert places(text="no.3") == [PLACES[1]]
    assert places(text="安全帽") == [PLACES[1]]
    assert places(text="fir-01 灭火器") == [PLACES[2]]
    assert places(level="major") == [PLACES[2]]
    assert places(hazard_code="FIR-01", until=NOW + timedelta(hours=1)) == [PLACES[0]]
    assert places(since=NOW + timedelta(days=2)) == [PLACES[2]]
    assert places(source=SourceKind.CAMERA) == []
    assert places(text="%") == []
