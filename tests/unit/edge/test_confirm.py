"""Confirmation: believed when k of n frames show it, told once while it stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.confirm import Confirmer, Needs, grown_iou
from inspection.rules import SeenHazard
from inspection.wire import Box


def box(x: float = 0.5, y: float = 0.5, size: float = 0.1, confidence: float = 0.9) -> Box:
    """Return a square box about a centre."""
    half = size / 2
    return Box(
        x1=x - half, y1=y - half, x2=x + half, y2=y + half, label="head", confidence=confidence
    )


def seen(*boxes: Box, zone: str | None = None, code: str = "PPE-01") -> list[SeenHazard]:
    """Return one frame's hazards: none without boxes."""
    if not boxes:
        return []
    return [SeenHazard(code, "head", max(b.confidence for b in boxes), boxes, zone)]


def told(confirmer: Confirmer, frames: list[list[SeenHazard]], every_s: float = 0.5) -> list[int]:
    """Return the numbers of the frames that told something."""
    return [i for i, frame in enumerate(frames) if confirmer.observe(i * every_s, frame)]


def test_a_hazard_is_told_with_the_k_th_frame_and_never_again_while_it_stands() -> None:
    """Three frames make it true; a hundred more say nothing new."""
    assert told(Confirmer(Needs(3, 5)), [seen(box())] * 100) == [2]


def test_a_flicker_is_never_told() -> None:
    """Two frames of five are not enough, however often they come."""
    frames = [seen(box()), seen(box()), [], [], []] * 20
    assert told(Confirmer(Needs(3, 5)), frames) == []


def test_sightings_are_the_frames_that_showed_it() -> None:
    """With two misses between, three of five frames showed it."""
    confirmer = Confirmer(Needs(3, 5))
    frames = [seen(box()), [], seen(box()), [], seen(box())]
    (confirmed,) = [one for i, f in enumerate(frames) for one in confirmer.observe(i, f)]
    assert confirmed.sightings == 3


def test_a_hazard_that_was_gone_is_told_anew_and_one_that_was_hidden_is_not() -> None:
    """A gap shorter than `gone_after_s` is the same hazard; a longer one is a new one."""
    stands = [seen(box())] * 5
    short, long = [[]] * 15, [[]] * 25
    assert told(Confirmer(Needs(3, 5), gone_after_s=10), stands + short + stands) == [2]
    assert told(Confirmer(Needs(3, 5), gone_after_s=10), stands + long + stands) == [2, 32]


def test_a_second_person_beside_the_first_is_told_with_its_own_box_only() -> None:
    """The first stands and is not told again; the report shows who came."""
    first, second = box(0.2), box(0.8, confidence=0.6)
    confirmer = Confirmer(Needs(3, 5))
    reports = [
        (i, one)
        for i, frame in enumerate([seen(first)] * 5 + [seen(first, second)] * 10)
        for one in confirmer.observe(i * 0.5, frame)
    ]
    assert [i for i, _ in reports] == [2, 7]
    assert reports[1][1].seen.boxes == (second,)
    assert reports[1][1].seen.confidence == 0.6


@pytest.mark.parametrize("step", [0.01, 0.05, 0.3])
def test_a_walking_person_is_told_once_slow_or_fast(step: float) -> None:
    """Whether the boxes still overlap or not, it is one hazard."""
    path = [0.05 + (i * step) % 0.9 for i in range(300)]
    assert told(Confirmer(Needs(3, 5), gone_after_s=10), [seen(box(x)) for x in path]) == [2]


def test_a_person_who_walked_and_stopped_is_the_same() -> None:
    """The new place is inherited from the old one, because they were never seen together."""
    frames = [seen(box(0.2))] * 5 + [seen(box(0.5))] + [seen(box(0.8))] * 30
    assert told(Confirmer(Needs(3, 5)), frames) == [2]


def test_zones_and_hazards_are_apart() -> None:
    """Each hazard code and each zone is confirmed for itself."""
    confirmer = Confirmer(Needs(2, 2))
    frame = seen(box(), zone="a") + seen(box(), zone="b") + seen(box(), code="PPE-05")
    confirmer.observe(0, frame)
    assert len(confirmer.observe(1, frame)) == 3
    assert confirmer.observe(2, frame) == []


def test_a_blind_camera_does_not_make_a_hazard_new() -> None:
    """Nobody saw it go: a gap without frames is no absence."""
    confirmer = Confirmer(Needs(1, 1), gone_after_s=10)
    assert len(confirmer.observe(0, seen(box()))) == 1
    assert confirmer.observe(3600, seen(box())) == []


def test_k_may_not_exceed_n() -> None:
    """What can never be confirmed is refused."""
    with pytest.raises(ValueError, match="1 ≤ k ≤ n"):
        Confirmer(Needs(6, 5))


def test_nothing_is_kept_of_what_is_long_gone() -> None:
    """A watch of days must not grow."""
    confirmer = Confirmer(Needs(1, 3), gone_after_s=5)
    for i in range(100):
        confirmer.observe(i, seen(box(), code=f"XXX-{i:02d}"))
    for i in range(100, 120):
        confirmer.observe(i, [])
    assert confirmer._groups == {}


@given(
    shows=st.lists(st.booleans(), max_size=80),
    n=st.integers(1, 6),
    k_less=st.integers(0, 5),
    gone_frames=st.integers(1, 12),
)
def test_one_still_hazard_follows_the_simple_model(
    shows: list[bool], n: int, k_less: int, gone_frames: int
) -> None:
    """For one still box: told when k of the last n frames show it and it does not stand; it stands until unseen."""
    k = max(1, n - k_less)
    expected, last_seen = [], None
    for i, is_shown in enumerate(shows):
        if is_shown and last_seen is not None:
            last_seen = i
        elif last_seen is not None and i - last_seen >= gone_frames:
            last_seen = None
        if is_shown and last_seen is None and sum(shows[max(0, i - n + 1) : i + 1]) >= k:
            expected.append(i)
            last_seen = i
    confirmer = Confirmer(Needs(k, n), gone_after_s=gone_frames)
    assert told(confirmer, [seen(box()) if s else [] for s in shows], every_s=1) == expected


@given(
    frames=st.lists(
        st.lists(st.tuples(st.floats(0.1, 0.9), st.floats(0.1, 0.9)), max_size=4), max_size=40
    ),
    k=st.integers(1, 4),
)
def test_whatever_moves_nothing_is_told_without_k_frames(
    frames: list[list[tuple[float, float]]], k: int
) -> None:
    """Every report is backed by k of the last n frames, and shows only boxes of its own frame."""
    n = 5
    confirmer = Confirmer(Needs(k, n), gone_after_s=3)
    shown: list[bool] = []
    for i, places in enumerate(frames):
        boxes = tuple(box(x, y) for x, y in places)
        shown.append(bool(boxes))
        for one in confirmer.observe(i, seen(*boxes)):
            assert sum(shown[-n:]) >= k
            assert set(one.seen.boxes) <= set(boxes)
            assert one.seen.boxes
            assert k <= one.sightings <= n


@given(st.floats(0.1, 0.9), st.floats(0.1, 0.9), st.floats(0.01, 0.1))
def test_overlap_is_symmetric_and_one_with_itself(x: float, y: float, size: float) -> None:
    """IoU is a likeness: 1 with itself, the same both ways, 0 when far."""
    one, other = box(x, y, size), box(0.5, 0.5, 0.1)
    assert grown_iou(one, one) == pytest.approx(1)
    assert grown_iou(one, other) == pytest.approx(grown_iou(other, one))
    assert 0 <= grown_iou(one, other) <= 1 + 1e-9
