"""The sight book: seconds by day, camera and reason, kept over restarts, told until the server has them."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx

from edge.box_state import BoxState
from edge.clip_store import ClipStore
from edge.desk import Desk
from edge.link import Link, Present
from edge.model_store import ModelStore
from edge.settings import Settings
from edge.sight_book import KEPT_DAYS, SightBook
from inspection.sight import Sight
from inspection.wire import utc_now

# 23:59:30 in China.
NIGHT = datetime(2026, 11, 25, 15, 59, 30, tzinfo=UTC)
DAY, NEXT = date(2026, 11, 25), date(2026, 11, 26)


def test_a_day_is_one_of_china_and_is_told_once_it_is_over(tmp_path: Path) -> None:
    """By camera and reason; the present day is only shown."""
    book = SightBook(tmp_path / "book.json")
    book.add("gate", Sight.SEEING, 100.0, NIGHT)
    book.add("gate", Sight.BLACK, 40.25, NIGHT)
    book.add("yard", Sight.ABSENT, 60.0, NIGHT)
    assert book.untold(NIGHT) == ()
    assert book.today("gate", NIGHT) == (100.0, 40.25)
    after = NIGHT + timedelta(minutes=1)
    book.add("gate", Sight.SEEING, 30.0, after)
    (day,) = book.untold(after)
    assert day.day == DAY
    assert {one.name: one.seconds for one in day.cameras} == {
        "gate": {Sight.BLACK: 40, Sight.SEEING: 100},
        "yard": {Sight.ABSENT: 60},
    }
    assert book.today("gate", after) == (30.0, 0.0)


def test_what_was_counted_survives_a_restart_and_a_damaged_file_is_no_end(tmp_path: Path) -> None:
    """A minute is lost at most."""
    path = tmp_path / "book.json"
    book = SightBook(path)
    book.add("gate", Sight.SEEING, 100.0, NIGHT)
    book.write()
    assert not path.exists()
    book.write(at_once=True)
    assert SightBook(path).today("gate", NIGHT) == (100.0, 0.0)
    path.write_text("{damaged")
    assert SightBook(path).today("gate", NIGHT) == (0.0, 0.0)


def test_a_day_is_told_until_the_server_has_it_and_again_when_it_changed(tmp_path: Path) -> None:
    """A clock that was set back adds to a day that was told."""
    book = SightBook(tmp_path / "book.json")
    book.add("gate", Sight.SEEING, 100.0, NIGHT)
    later = NIGHT + timedelta(days=1)
    (told,) = book.untold(later)
    book.note_told({DAY: told}, later)
    assert book.untold(later) == ()
    book.add("gate", Sight.SEEING, 5.0, NIGHT)
    (anew,) = book.untold(later)
    book.note_told({DAY: told}, later)
    assert book.untold(later) == (anew,)
    book.note_told({DAY: anew}, later)
    much_later = NIGHT + timedelta(days=KEPT_DAYS + 2)
    book.note_told({}, much_later)
    book.add("gate", Sight.SEEING, 1.0, NIGHT)
    (left,) = book.untold(much_later)
    assert left.cameras[0].seconds == {Sight.SEEING: 1}


def test_the_line_tells_the_days_and_brings_back_which_the_ledger_has(
    settings: Settings, tmp_path: Path
) -> None:
    """The loop takes that between two looks."""
    book = SightBook(tmp_path / "book.json")
    book.add("gate", Sight.SEEING, 100.0, NIGHT)
    later = NIGHT + timedelta(days=1)
    answer = httpx.Response(200, json={"days": [DAY.isoformat(), NEXT.isoformat()]})
    link = Link(settings, lambda: desk, ModelStore(settings.models_dir), ClipStore(Path(), 0))
    now = utc_now()
    state = BoxState(version="1", pid=1, started_at=now, at=now)
    transport = httpx.MockTransport(lambda _: answer)
    with Desk("http://fake", "token", settings, transport=transport) as desk:
        link.turn(desk, Present(state, days=book.untold(later)))
    book.note_told(link.take().days, later)
    assert book.untold(later) == ()
