"""What stands open is not told again and again, and nothing is silenced for ever."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pydantic import ValidationError

from edge import standing as module
from edge.confirm import Confirmer, Needs
from edge.hazard_rules import Demands
from edge.standing import Place, Standing, standing_from_text, standing_text
from edge.standing_file import StandingFile
from inspection.box_wire import ItemStanding
from inspection.rules import SeenHazard
from inspection.wire import Box

AT = datetime(2026, 11, 25, 8, tzinfo=UTC)
PLACE = Place("gate", "PPE-01", None)
HOUR_S = 3600.0


def after(seconds: float) -> datetime:
    """Return a time so long after the first."""
    return AT + timedelta(seconds=seconds)


def test_an_open_item_is_told_again_after_an_hour_with_what_was_counted() -> None:
    """Twelve workers in an hour are one finding, and one that says twelve."""
    standing = Standing()
    assert standing.sightings(PLACE, 1, AT, HOUR_S) == 0
    standing.note(PLACE, uuid4(), 1, AT)
    assert [standing.sightings(PLACE, 1, after(300 * i), HOUR_S) for i in range(1, 12)] == [
        None
    ] * 11
    assert standing.sightings(PLACE, 1, after(3600), HOUR_S) == 11


def test_a_second_person_is_told_and_a_second_second_one_is_not() -> None:
    """More than were ever told at once is news."""
    standing = Standing()
    standing.note(PLACE, uuid4(), 1, AT)
    assert standing.sightings(PLACE, 2, after(10), HOUR_S) == 0
    standing.note(PLACE, uuid4(), 2, after(10))
    assert standing.sightings(PLACE, 1, after(20), HOUR_S) is None
    assert standing.sightings(PLACE, 2, after(30), HOUR_S) is None


def test_what_only_repeats_names_the_first_finding_of_its_place() -> None:
    """The first one is never thinned out; a second person is news, and repeats nothing."""
    standing, first = Standing(), uuid4()
    assert standing.repeats(PLACE, 1) is None
    standing.note(PLACE, first, 1, AT)
    assert standing.repeats(PLACE, 1) == first
    assert standing.repeats(PLACE, 2) is None
    standing.note(PLACE, uuid4(), 1, after(3600))
    assert standing_from_text(standing_text(standing)).repeats(PLACE, 1) == first


def test_the_first_finding_says_how_an_item_stands_while_the_last_is_not_there() -> None:
    """A repeated sighting that waits, or was thinned out, must not make a box deaf to its item's end."""
    standing, first, last = Standing(), uuid4(), uuid4()
    standing.note(PLACE, first, 1, AT)
    standing.note(PLACE, last, 1, after(3600))
    assert list(standing.finding_ids()) == [last, first]
    assert standing.take({first: ItemStanding.OPEN}) == []
    assert standing.take({first: ItemStanding.OPEN, last: ItemStanding.OPEN}) == []
    assert standing.take({first: ItemStanding.CLOSED}) == [PLACE]


@pytest.mark.parametrize(
    ("state", "is_new", "is_told"),
    [
        (ItemStanding.OPEN, [], None),
        (ItemStanding.CLOSED, [PLACE], 0),
        (ItemStanding.DISMISSED, [], 0),
    ],
)
def test_what_the_server_says_of_an_item_counts(
    state: ItemStanding, is_new: list[Place], is_told: int | None
) -> None:
    """Closed: told even where it stands; dismissed: once it comes back; open: not yet."""
    standing = Standing()
    finding_id = uuid4()
    standing.note(PLACE, finding_id, 1, AT)
    assert list(standing.finding_ids()) == [finding_id]
    assert standing.take({finding_id: state, uuid4(): ItemStanding.CLOSED}) == is_new
    assert standing.sightings(PLACE, 1, after(60), HOUR_S) == is_told


def test_a_finding_that_the_server_does_not_know_yet_is_open() -> None:
    """It waits in the outbox: silence of the server closes nothing."""
    standing = Standing()
    standing.note(PLACE, uuid4(), 1, AT)
    assert standing.take({}) == []
    assert standing.sightings(PLACE, 1, after(60), HOUR_S) is None


def test_a_clock_that_was_set_back_silences_nothing() -> None:
    """A day back is a day's difference too."""
    standing = Standing()
    standing.note(PLACE, uuid4(), 1, AT)
    assert standing.sightings(PLACE, 1, after(-86_400), HOUR_S) == 0


def test_an_emergency_is_told_each_time_and_a_rule_may_say_otherwise() -> None:
    """A second fire is not the first one's repetition."""
    assert Demands().repeats_after_s("EMG-01") == 60
    assert Demands().repeats_after_s("PPE-01") == HOUR_S
    assert Demands(hazard_repeat_after_s={"EMG-01": 6.0}).repeats_after_s("EMG-01") == 6


def test_it_survives_a_restart_and_refuses_rubbish() -> None:
    """What was told is kept; a damaged file is no list of anything."""
    standing = Standing()
    standing.note(PLACE, uuid4(), 2, AT)
    standing.note(Place("yard", "PPE-05", "lane"), uuid4(), 1, AT)
    standing.sightings(PLACE, 1, after(5), HOUR_S)
    assert standing_from_text(standing_text(standing)).told == standing.told
    with pytest.raises(ValidationError):
        standing_from_text("{")


def test_its_file_is_written_when_something_changed_and_a_full_disk_is_waited_out(
    tmp_path: Path,
) -> None:
    """A place that cannot be written keeps the change for later; a damaged file is nothing told."""
    standing = Standing()
    standing.note(PLACE, uuid4(), 1, AT)
    (tmp_path / "in the way").write_text("")
    StandingFile(tmp_path / "in the way" / "standing.json").write(standing)
    assert standing.is_changed
    file = StandingFile(tmp_path / "standing.json")
    file.write(standing)
    assert not standing.is_changed
    assert file.read().told == standing.told
    written_ns = (tmp_path / "standing.json").stat().st_mtime_ns
    file.write(standing)
    assert (tmp_path / "standing.json").stat().st_mtime_ns == written_ns
    (tmp_path / "standing.json").write_text("{")
    assert file.read().told == {}


def test_it_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest places are forgotten."""
    monkeypatch.setattr(module, "MAX_PLACES", 3)
    standing = Standing()
    for number in range(10):
        standing.note(Place(f"c{number}", "PPE-01", None), uuid4(), 1, AT)
    assert [place.camera for place in standing.told] == ["c7", "c8", "c9"]


class Watched(RuleBasedStateMachine):
    """One camera before which a hazard comes and goes, a server that closes and dismisses, a box that restarts."""

    @initialize(
        n=st.integers(1, 5), k_less=st.integers(0, 4), dwell_s=st.sampled_from([0.0, 3.0, 8.0])
    )
    def begin(self, n: int, k_less: int, dwell_s: float) -> None:
        """Start to watch, a look a second."""
        self.needs = Needs(max(1, n - k_less), n, dwell_s)
        self.confirmer = Confirmer(self.needs, gone_after_s=5)
        self.standing = Standing()
        self.shown: list[bool] = []
        self.told: list[int] = []
        self.open_since: int | None = None
        self.open_id: UUID | None = None
        self.repeat_after_s = 40.0

    @rule(shows=st.booleans(), times=st.integers(1, 12))
    def look(self, shows: bool, times: int) -> None:
        """Look so many times; the hazard is there or not."""
        box = Box(x1=0.4, y1=0.4, x2=0.5, y2=0.5, label="head", confidence=0.9)
        for _ in range(times):
            now = len(self.shown)
            self.shown.append(shows)
            seen = [SeenHazard("PPE-01", "head", 0.9, (box,))] if shows else []
            for one in self.confirmer.observe(now, seen):
                assert shows
                self.tell(now, one.standing)

    def tell(self, now: int, standing: int) -> None:
        """Tell a confirmed hazard, where it is to be told."""
        if (self.standing.sightings(PLACE, standing, after(now), self.repeat_after_s)) is not None:
            if self.open_since is not None:
                assert now - self.told[-1] >= self.repeat_after_s, "told again while open"
            self.told.append(now)
            self.open_since = now if self.open_since is None else self.open_since
            self.open_id = uuid4()
            self.standing.note(PLACE, self.open_id, standing, after(now))

    @rule(state=st.sampled_from(ItemStanding))
    def hear(self, state: ItemStanding) -> None:
        """The server says how the item stands."""
        if self.open_id is None:
            return
        for place in self.standing.take({self.open_id: state}):
            self.confirmer.forget(place.hazard_code, place.zone)
        if state is not ItemStanding.OPEN:
            self.open_id, self.open_since = None, None

    @rule()
    def restart(self) -> None:
        """The box loses what it saw, and keeps what it told."""
        self.confirmer = Confirmer(self.needs, gone_after_s=5)
        self.standing = standing_from_text(standing_text(self.standing))

    @rule()
    def closed_and_still_there(self) -> None:
        """An item that is closed while its hazard stands is told anew, as soon as it is confirmed anew."""
        if self.open_id is None:
            return
        self.hear(ItemStanding.CLOSED)
        before = len(self.told)
        self.look(True, max(self.needs.k, int(self.needs.dwell_s) + 1))
        assert len(self.told) == before + 1

    @invariant()
    def each_was_confirmed(self) -> None:
        """Nothing was told that k of the last n looks did not show, or before its dwell."""
        for now in getattr(self, "told", []):
            window = self.shown[max(0, now - self.needs.n + 1) : now + 1]
            assert sum(window) >= self.needs.k
            assert now >= self.needs.dwell_s


Watched.TestCase.settings = hypothesis_settings(max_examples=60, stateful_step_count=30)
TestWatched = Watched.TestCase
