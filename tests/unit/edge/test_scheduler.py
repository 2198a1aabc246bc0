"""Whose turn it is: shares are kept, movement goes first within bounds, and nobody starves."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edge.scheduler import Fresh, Scheduler, next_due_s

SECONDS = st.floats(min_value=0.05, max_value=10, allow_nan=False)


def simulate(
    every_s: list[float],
    motion: list[float],
    look_s: float,
    total_s: float,
    phases: list[float] | None = None,
) -> dict[int, list[float]]:
    """Return when each camera was looked at, where a frame of it comes in every turn, at a phase of its own."""
    scheduler = Scheduler()
    for number, each in enumerate(every_s):
        scheduler.add(str(number), each, 0.0)
    comes_s = [
        phase * each for phase, each in zip(phases or [0.0] * len(every_s), every_s, strict=True)
    ]
    since_s: dict[str, float] = {}
    looks: dict[int, list[float]] = {number: [] for number in range(len(every_s))}
    now_s = 0.0
    while now_s < total_s:
        for number, each in enumerate(every_s):
            while comes_s[number] <= now_s:
                since_s.setdefault(str(number), comes_s[number])
                comes_s[number] += each
        fresh = {name: Fresh(at_s, motion[int(name)]) for name, at_s in since_s.items()}
        name = scheduler.pick(now_s, fresh)
        if name is None:
            now_s = min(comes_s)
            continue
        del since_s[name]
        looks[int(name)].append(now_s)
        now_s += look_s
    return looks


@given(
    motion=st.lists(st.floats(min_value=0, max_value=1), min_size=1, max_size=12),
    every_s=SECONDS,
    look_s=st.floats(min_value=0.02, max_value=0.5),
)
def test_nobody_starves(motion: list[float], every_s: float, look_s: float) -> None:
    """However much moves elsewhere, no wait is longer than the bound that the module promises."""
    number = len(motion)
    bound_s = every_s + 6 * number * look_s
    looks = simulate([every_s] * number, motion, look_s, 3 * bound_s)
    for times in looks.values():
        moments = [0.0, *times, 3 * bound_s]
        gaps = [after - before for before, after in pairwise(moments)]
        assert max(gaps) <= bound_s + 1e-6


@given(
    every_s=st.lists(SECONDS, min_size=1, max_size=8),
    load=st.floats(min_value=0.1, max_value=0.6),
    data=st.data(),
)
def test_with_time_to_spare_every_camera_gets_what_it_was_promised(
    every_s: list[float], load: float, data: st.DataObject
) -> None:
    """As many looks as asked for, give or take the one that is under way."""
    look_s = load / sum(1 / each for each in every_s)
    total_s = 10 * max(every_s)
    phase = st.floats(min_value=0, max_value=0.99)
    phases = data.draw(st.lists(phase, min_size=len(every_s), max_size=len(every_s)))
    looks = simulate(every_s, [0.0] * len(every_s), look_s, total_s, phases)
    for number, times in looks.items():
        # What another camera's look is longer than a camera's own turn delays, it can not make up for.
        slowest_s = max(every_s[number], look_s * len(every_s))
        assert len(times) >= int(total_s / (slowest_s + look_s)) - 1
        assert len(times) <= total_s / every_s[number] + 2


def test_under_load_shares_follow_what_was_promised() -> None:
    """A camera that asks for twice the looks gets about twice as many."""
    looks = simulate([0.1, 0.2, 0.2], [0.0, 0.0, 0.0], 0.1, 200)
    counts = {number: len(times) for number, times in looks.items()}
    assert 1.7 < counts[0] / counts[1] < 2.3
    assert abs(counts[1] - counts[2]) < 20


def test_under_load_movement_goes_first_but_stillness_has_its_turn() -> None:
    """The camera in which something moves is looked at more often, at most about twice as often."""
    looks = simulate([0.1, 0.1, 0.1, 0.1], [1.0, 0.0, 0.0, 0.0], 0.1, 200)
    counts = Counter({number: len(times) for number, times in looks.items()})
    assert 1.4 < counts[0] / counts[1] < 2.3


@given(
    every_s=st.floats(min_value=0.5, max_value=2),
    phases=st.lists(st.floats(min_value=0, max_value=0.99), min_size=1, max_size=16),
)
def test_while_the_machine_keeps_up_a_frame_is_looked_at_when_it_comes(
    every_s: float, phases: list[float]
) -> None:
    """Whatever the phase of a camera's frames: it waits for the looks at others alone, never for a turn."""
    look_s = every_s / 40
    looks = simulate([every_s] * len(phases), [0.0] * len(phases), look_s, 10 * every_s, phases)
    for number, times in looks.items():
        comes_s = [(phases[number] + turn) * every_s for turn in range(len(times))]
        waits = [at_s - came_s for at_s, came_s in zip(times, comes_s, strict=True)]
        assert max(waits) <= len(phases) * look_s + 1e-6
        assert min(waits) >= -1e-6


def test_a_recording_takes_the_time_that_is_left() -> None:
    """There always is a frame of it; a live camera's frame goes first."""
    scheduler = Scheduler()
    scheduler.add("live", 1.0, 0.0)
    scheduler.add("file", 1.0, 0.0)
    file, both = {"file": Fresh(0.0)}, {"live": Fresh(0.0), "file": Fresh(0.0)}
    order = [scheduler.pick(0.01 * number, both if number == 0 else file) for number in range(5)]
    assert Counter(order) == {"file": 4, "live": 1}
    assert scheduler.pick(0.9, both) == "live"
    assert scheduler.pick(1.85, file) == "file"
    assert scheduler.pick(1.9, both) == "live"
    scheduler.drop("file")
    assert scheduler.pick(1.91, {}) is None


def test_lateness_is_told_in_turns() -> None:
    """What the load is judged by: waiting for a frame is the camera's matter, waiting for the model ours."""
    scheduler = Scheduler()
    scheduler.add("gate", 2.0, 0.0)
    assert scheduler.pick(3.0, {"gate": Fresh(0.0)}) == "gate"
    assert scheduler.turns["gate"].lateness == 1.5
    assert scheduler.pick(9.0, {"gate": Fresh(8.0)}) == "gate"
    assert scheduler.turns["gate"].lateness == 0.5


@given(due_s=st.floats(0, 100), every_s=SECONDS, late=st.floats(0, 5))
def test_what_is_due_again_is_never_at_once(due_s: float, every_s: float, late: float) -> None:
    """A small delay does not slow what follows; after a large one nothing is made up for."""
    now_s = due_s + late * every_s
    again_s = next_due_s(due_s, every_s, now_s)
    assert again_s > now_s - 1e-9
    assert again_s <= now_s + every_s
