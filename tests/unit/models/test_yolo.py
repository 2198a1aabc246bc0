"""YOLO label files: what is written is read back, and what is no label file is refused by line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import LabelFileInvalid
from models.yolo import LabelledBox, read_labels, write_labels

CLASSES = 12
LEAST = 1e-4


@st.composite
def boxes(draw: st.DrawFn) -> LabelledBox:
    """Draw a box within the picture, of a size that six digits can tell."""
    x1, y1 = (draw(st.floats(0, 1 - LEAST)) for _ in range(2))
    x2, y2 = (draw(st.floats(least + LEAST, 1)) for least in (x1, y1))
    return LabelledBox(draw(st.integers(0, CLASSES - 1)), x1, y1, x2, y2)


@given(st.lists(boxes(), max_size=20))
def test_boxes_survive_a_round_trip(written: list[LabelledBox]) -> None:
    """Classes and order are kept exactly, corners to a hundred-thousandth, and nothing leaves the picture."""
    read = read_labels(write_labels(written), CLASSES)
    assert [box.class_id for box in read] == [box.class_id for box in written]
    for before, after in zip(written, read, strict=True):
        assert after.xyxy == pytest.approx(before.xyxy, abs=1e-5)
        assert 0 <= after.x1 < after.x2 <= 1
        assert 0 <= after.y1 < after.y2 <= 1


@given(st.lists(boxes(), max_size=5))
def test_a_second_round_trip_changes_nothing(written: list[LabelledBox]) -> None:
    """Reading and writing again gives the same text: nothing drifts from export to export."""
    once = write_labels(read_labels(write_labels(written), CLASSES))
    again = [line.split() for line in write_labels(read_labels(once, CLASSES)).splitlines()]
    for words, line in zip(again, once.splitlines(), strict=True):
        assert [float(word) for word in words] == pytest.approx(
            [float(word) for word in line.split()], abs=1.1e-6
        )


def test_an_empty_file_is_a_picture_that_shows_nothing() -> None:
    """A background picture has an empty label file, and blank lines are no boxes."""
    assert write_labels([]) == ""
    assert read_labels("\n  \n", CLASSES) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0 0.5 0.5 0.1", "4 values"),
        ("head 0.5 0.5 0.1 0.1", "head"),
        ("12 0.5 0.5 0.1 0.1", "class 12 of 12"),
        ("-1 0.5 0.5 0.1 0.1", "class -1"),
        ("0 0.99 0.5 0.1 0.1", "does not lie"),
        ("0 0.5 0.5 0 0.1", "does not lie"),
        ("0 nan 0.5 0.1 0.1", "does not lie"),
        ("0 0.5 0.5 0.1 0.1\n0 0.5 0.5 0.1 x", "line 2"),
    ],
)
def test_what_is_no_label_file_is_refused_by_line(text: str, why: str) -> None:
    """The error names the line and what is wrong with it."""
    with pytest.raises(LabelFileInvalid, match=why):
        read_labels(text, CLASSES)
