"""Under load less is decoded, where it costs least; at ease it comes back, without swinging to and fro."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.address import Way
from edge.load import EASE_WINDOWS, LONGEST_EASE_WINDOWS, Load, Stand, WantedWay

COST = {Way.FULL: 18.0, Way.SAMPLED: 13.0, Way.KEY: 3.0}

STANDS = st.lists(
    st.builds(
        Stand,
        name=st.uuids().map(str),
        wanted=st.sampled_from(list(WantedWay)),
        every_s=st.floats(0.1, 10),
        key_every_s=st.one_of(st.none(), st.floats(0, 20)),
        motion=st.floats(0, 1),
        is_pinned=st.booleans(),
    ),
    min_size=1,
    max_size=20,
    unique_by=lambda stand: stand.name,
)


def camera(number: int, **changes: object) -> Stand:
    """Return a camera with key frames every two seconds that is to be looked at once a second."""
    return replace(Stand(f"camera-{number:02}", WantedWay.SAMPLED, 1.0, 2.0), **changes)


def live(stands: list[Stand], capacity: float, windows: int) -> tuple[dict[str, Way], int]:
    """Simulate a machine that is behind when decoding costs more than its capacity; return ways and changes."""
    load, changes = Load(), 0
    ways = {stand.name: stand.best for stand in stands}
    for _ in range(windows):
        cost = sum(COST[way] for way in ways.values())
        before, ways = (
            ways,
            load.judge(stands, 2.0 if cost > capacity else 0.0, cost / capacity / 2),
        )
        changes += sum(before[name] is not ways[name] for name in ways)
    return ways, changes


def test_auto_is_the_cheapest_way_that_loses_nothing() -> None:
    """Key frames alone where they come as often as looks are asked for; unknown counts as rare."""
    assert camera(1, wanted=WantedWay.AUTO, key_every_s=1.2).best is Way.KEY
    assert camera(1, wanted=WantedWay.AUTO, key_every_s=2.0).best is Way.SAMPLED
    assert camera(1, wanted=WantedWay.AUTO, key_every_s=None).best is Way.SAMPLED
    assert camera(1, wanted=WantedWay.FULL, key_every_s=0.1).best is Way.FULL


def test_who_moves_least_is_lowered_first_and_the_pinned_never() -> None:
    """A third at a time, until the machine keeps up."""
    stands = [camera(number, motion=number / 10) for number in range(6)]
    stands[0] = replace(stands[0], is_pinned=True)
    load = Load()
    first = load.judge(stands, 1.0, 1.0)
    assert [name for name, way in first.items() if way is Way.KEY] == ["camera-01"]
    for _ in range(10):
        last = load.judge(stands, 1.0, 1.0)
    assert last["camera-00"] is Way.SAMPLED
    assert {way for name, way in last.items() if name != "camera-00"} == {Way.KEY}
    assert load.is_behind


def test_what_was_lowered_comes_back_where_something_moves() -> None:
    """After some windows at ease, one camera at a time."""
    stands = [camera(number, motion=number / 10) for number in range(3)]
    load = Load()
    for _ in range(3):
        load.judge(stands, 1.0, 1.0)
    for _ in range(EASE_WINDOWS - 1):
        assert set(load.judge(stands, 0.0, 0.1).values()) == {Way.KEY}
    assert load.judge(stands, 0.0, 0.1)["camera-02"] is Way.SAMPLED
    assert load.judge(stands, 0.0, 0.9)["camera-01"] is Way.KEY
    for _ in range(2 * EASE_WINDOWS):
        ways = load.judge(stands, 0.0, 0.1)
    assert set(ways.values()) == {Way.SAMPLED}


@pytest.mark.parametrize("capacity", [30, 60, 100, 140])
def test_a_machine_that_is_too_small_settles(capacity: float) -> None:
    """Tries to come back grow rarer: an hour brings few changes, and each window at most a third of them."""
    stands = [camera(number, motion=number / 10) for number in range(8)]
    _, in_an_hour = live(stands, capacity, 360)
    _, in_ten_hours = live(stands, capacity, 3600)
    assert in_an_hour < 40
    assert in_ten_hours - in_an_hour < 9 * 360 / LONGEST_EASE_WINDOWS * 4


@given(stands=STANDS, windows=st.lists(st.tuples(st.floats(0, 5), st.floats(0, 1)), max_size=40))
def test_every_camera_always_has_a_way_within_what_it_was_given(
    stands: list[Stand], windows: list[tuple[float, float]]
) -> None:
    """Never above its best, never key frames that are too rare unless asked for, never a pinned one lowered."""
    order = [Way.KEY, Way.SAMPLED, Way.FULL]
    load = Load()
    for lateness, busy in [*windows, (0.0, 0.0)]:
        ways = load.judge(stands, lateness, busy)
        assert ways.keys() == {stand.name for stand in stands}
        for stand in stands:
            way = ways[stand.name]
            assert order.index(way) <= order.index(stand.best)
            if stand.is_pinned:
                assert way is stand.best
            if way is Way.KEY and stand.best is not Way.KEY:
                assert stand.key_every_s is not None
                assert stand.key_every_s <= 6
    for _ in range(60 * LONGEST_EASE_WINDOWS):
        ways = load.judge(stands, 0.0, 0.0)
        if all(ways[stand.name] is stand.best for stand in stands):
            break
    assert all(ways[stand.name] is stand.best for stand in stands)


def test_a_camera_that_left_is_forgotten() -> None:
    """One of the same name begins anew."""
    load = Load()
    load.judge([camera(1)], 1.0, 1.0)
    load.judge([camera(2)], 0.3, 1.0)
    assert load.judge([camera(1)], 0.3, 1.0) == {"camera-01": Way.SAMPLED}
