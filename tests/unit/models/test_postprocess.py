"""Heads, thresholds and suppression."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.detections import Detections
from models.errors import ClassCountMismatch, HeadUnknown
from models.postprocess import (
    Head,
    Limits,
    decode_end_to_end,
    decode_raw,
    decoder_of,
    head_of,
    suppress,
)
from tests.onnx_files import end_to_end_output, raw_output

INPUT_WH = (640, 640)
COORDINATE = st.integers(0, 40)


def limits(*thresholds: float, **others: float | int) -> Limits:
    """Return limits with a threshold for each of three classes."""
    return Limits(np.array(thresholds or (0.25, 0.25, 0.25), np.float32), **others)  # type: ignore[arg-type]


@st.composite
def sorted_detections(draw: st.DrawFn) -> Detections:
    """Boxes on a coarse grid, so that many coincide, of two classes, best first."""
    corners = st.tuples(COORDINATE, COORDINATE, st.integers(0, 20), st.integers(0, 20))
    rows = draw(st.lists(st.tuples(corners, st.integers(0, 1)), max_size=25))
    xyxy = np.array([(x, y, x + w, y + h) for (x, y, w, h), _ in rows], np.float32).reshape(-1, 4)
    confidence = np.linspace(1, 0.5, len(rows), dtype=np.float32)
    return Detections(xyxy, confidence, np.array([c for _, c in rows], np.int64))


def overlap(first: list[float], second: list[float]) -> float:
    """Return the intersection over union of two boxes, 0 where neither has an area."""
    width = max(min(first[2], second[2]) - max(first[0], second[0]), 0)
    height = max(min(first[3], second[3]) - max(first[1], second[1]), 0)
    shared = width * height
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    union = sum(areas) - shared
    return shared / union if union else 0.0


def obvious_suppression(found: Detections, iou: float) -> list[int]:
    """Keep a box unless a kept better one of its class overlaps it more than allowed."""
    boxes, kept = found.xyxy.tolist(), list[int]()
    for at, box in enumerate(boxes):
        if not any(
            found.class_id[better] == found.class_id[at] and overlap(boxes[better], box) > iou
            for better in kept
        ):
            kept.append(at)
    return kept


# No ratio of two areas on this grid is one of these, so that float rounding decides nothing.
@given(found=sorted_detections(), iou=st.sampled_from([0.1234567, 0.4567891, 0.6987654]))
def test_suppression_keeps_what_the_obvious_one_keeps(found: Detections, iou: float) -> None:
    """Against two plain loops, for any boxes of two classes."""
    assert suppress(found, iou, 300).tolist() == obvious_suppression(found, iou)


@given(found=sorted_detections(), at_most=st.integers(1, 5))
def test_suppression_keeps_the_best_so_many(found: Detections, at_most: int) -> None:
    """A limit cuts the end off and changes nothing else."""
    assert suppress(found, 0.7, at_most).tolist() == suppress(found, 0.7, 300)[:at_most].tolist()


def test_an_overlap_of_exactly_the_limit_is_kept() -> None:
    """Only above the limit is a box suppressed, as in ultralytics."""
    xyxy = np.array([[0, 0, 2, 2], [0, 0, 1, 2]], np.float32)
    found = Detections(xyxy, np.array([0.9, 0.8], np.float32), np.zeros(2, np.int64))
    assert suppress(found, 0.5, 300).tolist() == [0, 1]
    assert suppress(found, 0.49, 300).tolist() == [0]


def test_a_raw_head_is_decoded_to_corners_best_first_without_duplicates() -> None:
    """Centre and size become corners; two boxes of one thing become the better one; classes are apart."""
    output = raw_output(
        [
            (100, 100, 40, 20, 0, 0.5),
            (101, 100, 40, 20, 0, 0.9),
            (101, 100, 40, 20, 2, 0.8),
            (300, 300, 10, 10, 1, 0.2),
        ]
    )
    found = decode_raw(output, limits())
    assert found.class_id.tolist() == [0, 2]
    np.testing.assert_allclose(found.confidence, [0.9, 0.8])
    np.testing.assert_allclose(found.xyxy, [[81, 90, 121, 110]] * 2)


def test_the_best_class_of_a_candidate_counts_alone() -> None:
    """A candidate with two scores is the better class, even where that one's threshold refuses it."""
    output = raw_output([(100, 100, 40, 20, 0, 0.6)])
    output[0, 4 + 1, 0] = 0.5
    assert decode_raw(output, limits()).class_id.tolist() == [0]
    assert len(decode_raw(output, limits(0.7, 0.25, 0.25))) == 0


def test_a_score_must_be_above_its_classs_threshold() -> None:
    """Exactly the threshold is not above it; each class has its own. So in both heads."""
    half = np.float32(0.5)
    raw = raw_output([(50, 50, 9, 9, 0, half), (90, 90, 9, 9, 1, half), (200, 200, 9, 9, 2, 0.51)])
    assert decode_raw(raw, limits(0.5, 0.4, 0.5)).class_id.tolist() == [2, 1]
    rows = [(0, 0, 9, 9, half, 0), (0, 0, 9, 9, half, 1), (0, 0, 9, 9, 0.51, 2)]
    found = decode_end_to_end(end_to_end_output(rows), limits(0.5, 0.4, 0.5))
    assert found.class_id.tolist() == [1, 2]


def test_an_end_to_end_head_is_taken_as_it_is() -> None:
    """Overlapping boxes stay: that head thinned them itself. Only so many are kept."""
    rows = [(1, 2, 30, 40, 0.9, 2), (1, 2, 30, 40, 0.8, 2), (1, 2, 30, 40, 0.7, 0)]
    found = decode_end_to_end(end_to_end_output(rows), limits())
    assert found.class_id.tolist() == [2, 2, 0]
    assert found.xyxy.tolist() == [[1, 2, 30, 40]] * 3
    assert len(decode_end_to_end(end_to_end_output(rows), limits(max_detections=2))) == 2


def test_an_end_to_end_class_without_a_name_is_refused() -> None:
    """A class id beyond the labels is an error, never another label."""
    with pytest.raises(ClassCountMismatch, match="names 3 classes, but its output has 8"):
        decode_end_to_end(end_to_end_output([(0, 0, 9, 9, 0.9, 7)]), limits())


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_boxes_that_are_no_numbers_are_dropped(bad: float) -> None:
    """NaN and infinity of a broken network never reach a finding."""
    raw = raw_output([(bad, 100, 40, 20, 0, 0.9), (10, 10, 4, 4, 0, 0.8)])
    assert len(decode_raw(raw, limits())) == 1
    rows = [(0, 0, bad, 9, 0.9, 0), (0, 0, 9, 9, 0.8, 0)]
    assert len(decode_end_to_end(end_to_end_output(rows), limits())) == 1


@pytest.mark.parametrize("head", list(Head))
def test_nothing_seen_is_no_error(head: Head) -> None:
    """Both decoders return empty detections for an output of zeros."""
    output = raw_output([]) if head is Head.RAW else end_to_end_output([])
    assert decoder_of(head)(output, limits()) == Detections.empty()


@pytest.mark.parametrize(
    ("shape", "class_count", "expected"),
    [
        ((1, 16, 8400), 12, Head.RAW),
        ((1, 5, 8400), 1, Head.RAW),
        ((1, 300, 6), 12, Head.END_TO_END),
        ((1, 300, 6), 296, Head.END_TO_END),
        ((1, 6, 8400), 2, Head.RAW),
    ],
)
def test_a_head_is_told_by_its_shape(
    shape: tuple[int, ...], class_count: int, expected: Head
) -> None:
    """Raw by 4+C rows, end-to-end by 6 columns."""
    assert head_of([shape], class_count, INPUT_WH) is expected


@pytest.mark.parametrize(
    "shapes",
    [
        [],
        [(1, 16, 8400), (1, 32, 160, 160)],
        [(1, 16)],
        [(2, 16, 8400)],
        [(1, 16, "anchors")],
        [("batch", 16, 8400)],
        [(1, 8400, 6)],
        [(1, 25200, 17)],
        [(1, 300, 7)],
    ],
)
def test_other_heads_are_refused_rather_than_misread(shapes: list[tuple[object, ...]]) -> None:
    """Two outputs, dynamic sizes, YOLOv5's original head, and anything else are named in the error."""
    with pytest.raises(HeadUnknown, match=r"expected \[1, 4\+C, N\]") as refusal:
        head_of(shapes, 12, INPUT_WH)
    assert refusal.value.class_count == 12


def test_a_raw_head_for_other_classes_says_both_numbers() -> None:
    """COCO's 80 classes with 12 names."""
    with pytest.raises(ClassCountMismatch) as refusal:
        head_of([(1, 84, 8400)], 12, INPUT_WH)
    assert (refusal.value.in_labels, refusal.value.in_output) == (12, 80)
