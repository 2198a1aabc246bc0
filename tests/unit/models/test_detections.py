"""The value that everything after a model takes."""

import numpy as np
import pytest

from models.detections import Detections, Selection


def three(tracker_id: bool = False) -> Detections:
    """Return three boxes, one of each class."""
    return Detections(
        np.arange(12, dtype=np.float32).reshape(3, 4),
        np.array([0.9, 0.8, 0.7], np.float32),
        np.array([0, 1, 2], np.int64),
        np.array([7, 8, 9], np.int64) if tracker_id else None,
    )


def test_nothing_seen_is_a_value_of_its_own() -> None:
    """Empty detections have the shapes of full ones."""
    empty = Detections.empty()
    assert len(empty) == 0
    assert empty.xyxy.shape == (0, 4)
    assert empty == three()[[]]


@pytest.mark.parametrize(
    "selection",
    [
        np.array([True, False, True]),
        [True, False, True],
        np.array([0, 2]),
        [0, 2],
        slice(0, 3, 2),
    ],
)
def test_every_way_to_select_gives_the_same_boxes(selection: Selection) -> None:
    """A mask, indices and a slice select alike, tracker ids included."""
    chosen = three(tracker_id=True)[selection]
    assert chosen.class_id.tolist() == [0, 2]
    assert chosen.xyxy.tolist() == [[0, 1, 2, 3], [8, 9, 10, 11]]
    assert chosen.tracker_id is not None
    assert chosen.tracker_id.tolist() == [7, 9]


def test_equal_means_every_array() -> None:
    """Detections differ when any array differs, also by having no tracker ids."""
    assert three() == three()
    assert three(tracker_id=True) == three(tracker_id=True)
    assert three() != three(tracker_id=True)
    assert three() != three()[[2, 1, 0]]
    assert three() != "three"


@pytest.mark.parametrize(
    ("field", "array"),
    [
        ("xyxy", np.zeros((3, 5), np.float32)),
        ("xyxy", np.zeros((3, 4), np.float64)),
        ("confidence", np.zeros(2, np.float32)),
        ("class_id", np.zeros(3, np.int32)),
        ("tracker_id", np.zeros(4, np.int64)),
    ],
)
def test_a_wrong_shape_or_type_is_refused_by_name(field: str, array: np.ndarray) -> None:
    """The message names the array and says what it must be."""
    good = three(tracker_id=True)
    arrays = {
        name: getattr(good, name) for name in ("xyxy", "confidence", "class_id", "tracker_id")
    }
    with pytest.raises(ValueError, match=rf"^{field} must be "):
        Detections(**{**arrays, field: array})
