"""A camera that sees is told from one that does not, on real pictures in the light of day, of lamps and of infrared."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.sight import (
    AFTER_S,
    BACK_S,
    FIRST_PICTURES,
    FROZEN_S,
    Edges,
    Reference,
    SightJudge,
    agreement,
    judge,
    looked_at,
    sharpness,
)
from inspection.sight import Sight

Image = NDArray[np.uint8]
MEDIA = Path(__file__).parents[3] / "var" / "media"
PICTURES = [
    "photos/street-bus.jpg",
    "photos/two-people.jpg",
    "photos/motorcycle-left.png",
    "photos/astronaut.png",
    "photos/coffee.png",
    "extra/cameraman-grey.png",
    "extra/cat.png",
]
NOISE = np.random.default_rng(7)


def noisy(picture: NDArray[np.float64] | Image, levels: float = 3.0) -> Image:
    """Return a picture as a sensor of so much noise would give it."""
    noise = NOISE.normal(0, levels, picture.shape)
    return np.asarray((picture + noise).clip(0, 255), np.uint8)


def view(photo: Image, *, dx: int = 0, turned: float = 0.0, zoom: float = 1.0) -> Image:
    """Return what a camera sees of a scene, 320 × 180; moved by pixels, turned by degrees, nearer by a factor."""
    height, width = photo.shape
    scale = max(400 / width, 225 / height) * zoom
    scene = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = scene.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turned, 1.0)
    matrix[0, 2] -= dx
    scene = cv2.warpAffine(scene, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
    top, left = (height - 180) // 2, (width - 320) // 2
    return np.asarray(scene[top : top + 180, left : left + 320], np.uint8)


def picture(name: str) -> Image:
    """Return one of the real photos in grey, small enough to be quick."""
    path = MEDIA / name
    if not path.is_file():
        pytest.skip("`make media` unpacks the pictures")
    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    scale = max(440 / grey.shape[1], 250 / grey.shape[0])
    return np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


@pytest.fixture(scope="module", params=PICTURES)
def photo(request: pytest.FixtureRequest) -> Image:
    """Return a real photo in grey."""
    return picture(request.param)


@pytest.fixture
def reference(photo: Image) -> Reference:
    """Return what was learnt from a view on a quiet day."""
    first = looked_at(noisy(view(photo)))
    reference = Reference(first, sharpness(first), 1)
    for _ in range(FIRST_PICTURES):
        grey = looked_at(noisy(view(photo)))
        reference.learn(grey, sharpness(grey))
    return reference


def infrared(photo: Image) -> Image:
    """Return the view by night: a lamp in the middle, much noise."""
    y, x = np.mgrid[0:180, 0:320]
    spot = np.exp(-(((x - 160) / 120) ** 2 + ((y - 90) / 80) ** 2))
    return noisy(view(photo) * spot * 0.8 + 5, 8)


def with_box(photo: Image, left: int, right: int, level: int) -> Image:
    """Return the view with something plain before it."""
    seen = view(photo).copy()
    seen[30:, left:right] = level
    return noisy(seen)


SEEN: dict[str, Callable[[Image], Image]] = {
    "the same": lambda photo: noisy(view(photo)),
    "evening": lambda photo: noisy(view(photo) * 0.4, 2),
    "sun": lambda photo: noisy(view(photo) * 1.4 + 20),
    "infrared": infrared,
    "fog": lambda photo: noisy(view(photo) * 0.35 + 130),
    "somebody": lambda photo: with_box(photo, 90, 170, 75),
    "a lorry before a good part": lambda photo: with_box(photo, 0, 170, 120),
    "shaken by wind": lambda photo: noisy(view(photo, dx=1)),
}
UNSEEN: dict[str, tuple[Callable[[Image], Image], set[Sight]]] = {
    "lens cap": (lambda photo: noisy(view(photo) * 0.03, 2), {Sight.BLACK}),
    "a hand": (lambda _: noisy(np.full((180, 320), 70.0), 4), {Sight.COVERED}),
    "a bag in the sun": (
        lambda _: noisy(np.tile(np.linspace(60, 160, 320), (180, 1)), 4),
        {Sight.COVERED},
    ),
    "paint over four fifths": (
        lambda photo: noisy(
            np.where(np.arange(320) < 270, 70.0, view(photo).astype(np.float64)), 4
        ),
        {Sight.COVERED},
    ),
    "out of focus": (
        lambda photo: noisy(cv2.GaussianBlur(view(photo), (0, 0), 2.5), 2),
        {Sight.BLURRED},
    ),
    "turned aside": (lambda photo: noisy(view(photo, dx=30)), {Sight.MOVED}),
    "turned away": (lambda photo: noisy(view(photo[:, ::-1])), {Sight.MOVED}),
    "hanging down": (lambda photo: noisy(view(photo, turned=25)), {Sight.MOVED}),
    "zoomed": (lambda photo: noisy(view(photo, zoom=1.3)), {Sight.MOVED}),
}


@pytest.mark.parametrize("name", SEEN)
def test_what_a_plant_does_every_day_is_not_called_blind(
    photo: Image, reference: Reference, name: str
) -> None:
    """Light, weather, people and lorries."""
    assert judge(looked_at(SEEN[name](photo)), reference)[0] is Sight.SEEING


@pytest.mark.parametrize("name", UNSEEN)
def test_what_blinds_a_camera_is_recognised(photo: Image, reference: Reference, name: str) -> None:
    """By its kind."""
    blinded, kinds = UNSEEN[name]
    assert judge(looked_at(blinded(photo)), reference)[0] in kinds


def test_without_a_reference_only_an_empty_picture_is_blind(photo: Image) -> None:
    """A new camera may look at anything."""
    for shown in (view(photo), view(photo, dx=30), cv2.GaussianBlur(view(photo), (0, 0), 3)):
        assert judge(looked_at(noisy(np.asarray(shown, np.uint8))), None)[0] is Sight.SEEING
    assert judge(looked_at(noisy(np.full((180, 320), 90.0))), None)[0] is Sight.COVERED


def test_a_view_without_edges_says_nothing_about_its_place() -> None:
    """A clear sky cannot be told to have moved."""
    flat = Edges.of(np.full((180, 320), 100, np.float32))
    assert agreement(flat, flat) is None


class Scene:
    """A camera over time: frames a second, on a clock of its own."""

    def __init__(self, photo: Image) -> None:
        self.photo, self.now_s = photo, 1000.0
        self.judge = SightJudge(10.0, self.now_s)
        self.changes: list[tuple[float, Sight]] = []

    def show(self, shown: Callable[[Image], Image] | None, seconds: float) -> "Scene":
        """Show something for so long, None for nothing at all."""
        for _ in range(int(seconds)):
            self.now_s += 1
            if shown is None:
                changed = self.judge.tick(self.now_s)
            else:
                changed = self.judge.take(shown(self.photo), self.now_s)
            if changed:
                self.changes.append((self.judge.since_s - 1000, self.judge.sight))
        return self


@pytest.fixture
def scene() -> Scene:
    """Return a camera that has seen its view for a while."""
    return Scene(picture(PICTURES[0])).show(SEEN["the same"], 40)


def test_a_blindness_counts_once_it_has_lasted_from_when_it_began(scene: Scene) -> None:
    """A lorry that passes is none; when it counts, it counts from its beginning, and so does its end."""
    cap, _ = UNSEEN["lens cap"]
    scene.show(cap, AFTER_S[Sight.BLACK] - 1).show(SEEN["the same"], 20)
    assert scene.changes == []
    scene.show(cap, 60).show(SEEN["the same"], 20)
    began_s = 40 + AFTER_S[Sight.BLACK] - 1 + 20 + 1
    assert scene.changes == [(began_s, Sight.BLACK), (began_s + 60, Sight.SEEING)]


def test_absence_and_a_frozen_picture_are_told_from_a_still_view(scene: Scene) -> None:
    """Noise tells a sensor from an old picture; a still view lives."""
    scene.show(SEEN["the same"], 2 * FROZEN_S)
    assert scene.changes == []
    old = noisy(view(scene.photo))
    scene.show(lambda _: old, FROZEN_S + 10)
    assert [sight for _, sight in scene.changes] == [Sight.FROZEN]
    scene.show(SEEN["the same"], BACK_S + 2).show(None, 30)
    assert [sight for _, sight in scene.changes[1:]] == [Sight.SEEING, Sight.ABSENT]
    last_seen_s = 40 + 2 * FROZEN_S + FROZEN_S + 10 + BACK_S + 2
    assert scene.changes[-1][0] == last_seen_s


def test_a_moved_camera_stays_moved_but_the_hours_of_the_day_are_learnt(
    scene: Scene,
) -> None:
    """What does not agree is not learnt; what agrees carries the view into the evening and the night."""
    for shade in np.linspace(1.0, 0.3, 100):
        scene.show(lambda photo, shade=shade: noisy(view(photo) * shade, 2), 1)
    scene.show(infrared, 120)
    assert scene.changes == []
    aside, _ = UNSEEN["turned aside"]
    scene.show(aside, 300)
    assert [sight for _, sight in scene.changes] == [Sight.MOVED]


@given(verdicts=st.lists(st.sampled_from(["same", "cap", "none"]), max_size=60))
def test_changes_alternate_and_never_go_back_in_time(verdicts: list[str]) -> None:
    """Whatever comes, what counts is a sequence of different states with growing times."""
    plain = np.asarray(np.tile(np.arange(320) % 64 * 4, (180, 1)), np.uint8)
    shows: dict[str, Callable[[Image], Image] | None] = {
        "same": lambda _: noisy(plain),
        "cap": lambda _: noisy(np.zeros((180, 320))),
        "none": None,
    }
    scene = Scene(plain)
    for name in verdicts:
        scene.show(shows[name], 4)
    states = [Sight.SEEING, *(sight for _, sight in scene.changes)]
    assert all(before is not after for before, after in pairwise(states))
    times = [at_s for at_s, _ in scene.changes]
    assert times == sorted(times)
