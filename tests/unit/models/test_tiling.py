"""Tiles cover the picture, things come back once and where they are, and nothing depends on the model."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.bundle import load_bundle
from models.detections import Detections
from models.tiling import TiledDetector, Tiling, is_cut, merge, tiled, tiles_of

sizes = st.integers(1, 900)
tilings = st.builds(Tiling, side_px=st.integers(64, 400), overlap=st.floats(0, 0.9))


@given(width=sizes, height=sizes, tiling=tilings)
def test_every_pixel_is_in_a_tile_and_no_tile_leaves_the_picture(
    width: int, height: int, tiling: Tiling
) -> None:
    """Whatever the sizes and the overlap."""
    seen = np.zeros((height, width), bool)

    for left, top, right, bottom in tiles_of((width, height), tiling):
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        assert max(right - left, bottom - top) <= tiling.side_px
        seen[top:bottom, left:right] = True

    assert seen.all()


def white_things(least_px: int, most_px: int) -> Callable[[NDArray[np.uint8]], Detections]:
    """Return a detector of white rectangles that, like a network, sees only sizes that suit its input of 256 px."""

    def detect(image: NDArray[np.uint8]) -> Detections:
        import cv2

        count, _, stats, _ = cv2.connectedComponentsWithStats(
            (image[:, :, 0] > 127).astype(np.uint8)
        )
        scale = 256 / max(image.shape[:2])
        boxes = [
            (x, y, x + w, y + h)
            for x, y, w, h, _ in stats[1:count]
            if least_px <= max(w, h) * scale <= most_px
        ]
        return Detections(
            np.array(boxes, np.float32).reshape(-1, 4),
            np.full(len(boxes), 0.9, np.float32),
            np.zeros(len(boxes), np.int64),
        )

    return detect


@st.composite
def scenes(draw: st.DrawFn) -> list[tuple[int, int, int, int]]:
    """Draw far-apart rectangles of 12 to 40 px in a picture of 1,024 x 768: one in a cell of 128 px at most."""
    cells = draw(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 5)), max_size=8))
    boxes = []
    for column, row in sorted(cells):
        width, height = draw(st.integers(12, 40)), draw(st.integers(12, 40))
        x = column * 128 + draw(st.integers(1, 126 - width))
        y = row * 128 + draw(st.integers(1, 126 - height))
        boxes.append((x, y, x + width, y + height))
    return boxes


@given(boxes=scenes())
def test_small_things_come_back_once_and_where_they_are(
    boxes: list[tuple[int, int, int, int]],
) -> None:
    """What the whole picture does not show the tiles do, on and off seams; each thing is one box, to the pixel."""
    image = np.zeros((768, 1024, 3), np.uint8)
    for left, top, right, bottom in boxes:
        image[top:bottom, left:right] = 255
    detect = white_things(least_px=12, most_px=200)

    found = tiled(detect, Tiling(256, overlap=0.25))(image)

    assert sorted(map(tuple, found.xyxy.astype(int).tolist())) == sorted(boxes)


def test_what_is_larger_than_a_tile_is_seen_in_the_whole_picture() -> None:
    """A thing over four tiles is one box: its pieces lie in the whole box."""
    image = np.zeros((768, 1024, 3), np.uint8)
    image[100:700, 100:900] = 255

    found = tiled(white_things(1, 256), Tiling(256, overlap=0.25))(image)

    assert found.xyxy.tolist() == [[100, 100, 900, 700]]


def test_a_picture_of_one_tile_is_looked_at_once() -> None:
    """Small pictures cost what they cost without tiles."""
    calls = []

    def detect(image: NDArray[np.uint8]) -> Detections:
        calls.append(image.shape)
        return Detections.empty()

    tiled(detect, Tiling(640))(np.zeros((480, 640, 3), np.uint8))

    assert calls == [(480, 640, 3)]


def test_an_edge_of_the_picture_cuts_nothing() -> None:
    """Only an edge behind which the picture goes on does."""
    box = np.array([[0, 0, 256, 50]], np.float32)

    assert not is_cut(box, (0, 0, 256, 256), (256, 256))[0]
    assert is_cut(box, (0, 0, 256, 256), (300, 256))[0]


@st.composite
def found_things(draw: st.DrawFn) -> tuple[Detections, NDArray[np.bool_]]:
    """Draw boxes of two labels, some of them cut."""
    count = draw(st.integers(0, 12))
    corners = [draw(st.tuples(*[st.integers(0, 60)] * 2)) for _ in range(count)]
    sides = [draw(st.tuples(*[st.integers(1, 60)] * 2)) for _ in range(count)]
    xyxy = np.array([(x, y, x + w, y + h) for (x, y), (w, h) in zip(corners, sides, strict=True)])
    scores = draw(st.lists(st.integers(1, 99), min_size=count, max_size=count))
    labels = draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))
    cut = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    found = Detections(
        xyxy.astype(np.float32).reshape(-1, 4),
        np.array(scores, np.float32) / 100,
        np.array(labels, np.int64),
    )
    return found, np.array(cut, bool)


@given(things=found_things())
def test_merging_what_is_merged_changes_nothing(
    things: tuple[Detections, NDArray[np.bool_]],
) -> None:
    """Merged whole boxes are best first, none explains another, and every label that was found still is."""
    found, _ = things
    whole = np.zeros(len(found), bool)

    once = merge(found, whole, Tiling(640))

    assert merge(once, whole[: len(once)], Tiling(640)) == once
    assert set(once.class_id) == set(found.class_id)
    assert (np.diff(once.confidence) <= 0).all()


@given(things=found_things())
def test_a_cut_box_never_displaces_a_whole_one(
    things: tuple[Detections, NDArray[np.bool_]],
) -> None:
    """Whole boxes stay as if no cut ones had been there."""
    found, cut = things
    alone = found[~cut]

    kept = {tuple(box) for box in merge(found, cut, Tiling(640)).xyxy.tolist()}

    assert {tuple(b) for b in merge(alone, cut[~cut], Tiling(640)).xyxy.tolist()} <= kept


@pytest.mark.parametrize(("side_px", "overlap"), [(32, 0.2), (640, 0.95), (640, -0.1)])
def test_a_tiling_that_makes_no_sense_is_refused(side_px: int, overlap: float) -> None:
    """It says what range is meant."""
    with pytest.raises(ValueError, match="tile"):
        Tiling(side_px, overlap)


def test_a_tiled_detector_is_the_same_model() -> None:
    """Findings name the model that saw them, tiles or not, and the small thing is found."""
    detector = load_bundle()
    tiled_detector = TiledDetector(detector, Tiling(640))

    assert (tiled_detector.name, tiled_detector.sha256, tiled_detector.labels) == (
        detector.name,
        detector.sha256,
        detector.labels,
    )
    assert tiled_detector.experimental == detector.experimental
    assert len(tiled_detector.detect(np.zeros((700, 900, 3), np.uint8))) == 0
