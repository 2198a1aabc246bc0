"""Heads are unrecognisable in the copy, and the copy alone; what cannot be blurred is an error."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.detections import Detections
from models.errors import HeadsNotDetectable, ImageInvalid
from models.privacy import blur_heads, head_regions, privacy_thresholds

LABELS = ("person", "helmet", "head", "fallen_person", "flame")


def seen(*boxes: tuple[str, float, float, float, float]) -> Detections:
    """Return detections of these labels and boxes."""
    return Detections(
        np.array([box[1:] for box in boxes], np.float32).reshape(-1, 4),
        np.full(len(boxes), 0.5, np.float32),
        np.array([LABELS.index(box[0]) for box in boxes], np.int64),
    )


def checkered(width: int = 400, height: int = 300) -> np.ndarray:
    """Return a picture with a detail at every pixel."""
    rows, columns = np.indices((height, width))
    grey = ((rows + columns) % 2 * 255).astype(np.uint8)
    return np.dstack([grey, grey, grey])


def detail(image: np.ndarray) -> float:
    """Return how much of a picture is detail: the mean step from a pixel to the next."""
    return float(np.abs(np.diff(image[..., 0].astype(int), axis=1)).mean())


def test_a_bare_head_is_blurred_with_a_margin_and_the_rest_is_left_alone() -> None:
    """The head's box loses its detail, pixels outside the margin keep every bit, and the original is not touched."""
    image = checkered()
    before = image.copy()
    out = blur_heads(image, seen(("head", 100, 100, 140, 140)), LABELS)
    assert np.array_equal(image, before)
    assert detail(out[100:140, 100:140]) < 1
    untouched = np.ones(image.shape[:2], bool)
    untouched[94:146, 94:146] = False
    assert np.array_equal(out[untouched], image[untouched])


def test_a_helmets_region_reaches_below_the_chin() -> None:
    """Under a helmet the face is blurred too, though no box says where it is."""
    (region,) = head_regions(seen(("helmet", 100, 100, 140, 120)), LABELS)
    assert region[1] <= 100
    assert region[3] >= 150
    assert region[0] < 100
    assert region[2] > 140


@pytest.mark.parametrize(
    ("box", "head"),
    [
        ((100, 50, 160, 230), (130, 62)),  # standing: seven and a half heads
        ((100, 50, 240, 200), (170, 80)),  # cut off at the waist
        ((100, 50, 125, 230), (112, 62)),  # from the side
    ],
)
def test_a_person_without_a_head_is_blurred_where_the_head_must_be(
    box: tuple[int, int, int, int], head: tuple[int, int]
) -> None:
    """The upper part of a person's box is blurred, and of a standing person not the hands."""
    (region,) = head_regions(seen(("person", *box)), LABELS)
    assert region[0] <= head[0] <= region[2]
    assert region[1] <= head[1] <= region[3]
    assert region[3] <= box[3]


def test_a_person_whose_head_was_seen_is_blurred_there_only() -> None:
    """A head that lies where the person's must be stands for the guess."""
    regions = head_regions(
        seen(("person", 100, 50, 160, 230), ("head", 118, 52, 142, 78), ("helmet", 116, 50, 144, 62)),
        LABELS,
    )  # fmt: skip
    assert len(regions) == 2
    assert regions[:, 3].max() < 95


def test_one_head_stands_for_one_person_only() -> None:
    """In a crowd the head of the person behind does not leave the face in front unblurred."""
    regions = head_regions(
        seen(("person", 100, 50, 160, 230), ("person", 105, 70, 165, 250), ("head", 118, 52, 142, 78)),
        LABELS,
    )  # fmt: skip
    assert len(regions) == 2
    assert any(region[1] == 70 for region in regions)


def test_who_lies_is_blurred_whole_unless_the_head_was_seen() -> None:
    """A lying person's head may be at any end of the box."""
    whole = head_regions(seen(("fallen_person", 50, 200, 250, 260)), LABELS)
    assert whole.tolist() == [[50, 200, 250, 260]]
    with_head = head_regions(
        seen(("fallen_person", 50, 200, 250, 260), ("head", 220, 210, 245, 235)), LABELS
    )
    assert len(with_head) == 1
    assert with_head[0][0] > 200


@pytest.mark.parametrize("labels", [("flame",), ("helmet",), ("head",), ()])
def test_a_model_that_cannot_tell_heads_is_refused(labels: tuple[str, ...]) -> None:
    """Never an unblurred picture: without people, or heads with and without helmet, it is an error that says so."""
    with pytest.raises(HeadsNotDetectable, match="person"):
        blur_heads(checkered(), Detections.empty(), labels)


def test_what_is_no_picture_is_refused() -> None:
    """A grey array is not silently returned."""
    with pytest.raises(ImageInvalid):
        blur_heads(np.zeros((10, 10), np.uint8), Detections.empty(), LABELS)


def test_people_are_looked_for_with_less_certainty_than_claims_need() -> None:
    """The thresholds for blurring name only labels that the model has."""
    assert set(privacy_thresholds(("flame", "head", "person"))) == {"head", "person"}


@given(
    box=st.tuples(*[st.floats(-200, 600, width=32)] * 4),
    label=st.sampled_from(LABELS),
    size_wh=st.tuples(st.integers(1, 300), st.integers(1, 300)),
)
def test_any_box_gives_a_picture_of_the_same_size(
    box: tuple[float, float, float, float], label: str, size_wh: tuple[int, int]
) -> None:
    """Boxes across or beyond the border, or of no size, neither fail nor change the picture's shape."""
    image = checkered(*size_wh)
    out = blur_heads(image, seen((label, *box)), LABELS)
    assert out.shape == image.shape
    assert out.dtype == np.uint8


def test_no_filter_brings_a_face_back() -> None:
    """Two different faces of the same colours give the same blurred region within a shade."""
    rng = np.random.default_rng(7)
    one = checkered(60, 60)
    other = one.copy()
    cells = other.reshape(-1, 3)
    rng.shuffle(cells)
    everything = seen(("head", 0, 0, 60, 60))
    a, b = (blur_heads(each, everything, LABELS) for each in (one, other))
    assert np.abs(a.astype(int) - b.astype(int)).mean() < 12
    assert np.abs(one.astype(int) - other.astype(int)).mean() > 100
    assert len(np.unique(cv2.resize(a, (5, 5), interpolation=cv2.INTER_AREA))) <= 75
