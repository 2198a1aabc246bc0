"""The figures of a model card are those of a calculation by hand."""

import numpy as np
import pytest

from models.training.metrics import (
    SIZES,
    Hits,
    ImageHits,
    ap50_interval,
    gather,
    hits_of,
    iou_matrix,
    match,
    sizes_of,
)


def hits(scores: list[float], correct: list[bool], objects: int) -> Hits:
    """Return hits that are right or wrong at every IoU alike."""
    return Hits(np.array(scores), np.repeat(np.array(correct)[:, None], 10, 1), objects, images=1)


def test_average_precision_of_a_hand_computed_example() -> None:
    """Right, wrong, right over 4 objects: precision 1 up to recall 1/4, 2/3 up to 1/2, then 0."""
    example = hits([0.9, 0.8, 0.7], [True, False, True], objects=4)

    # 101 recall points: 0.00-0.25 are 26 points at 1, 0.26-0.50 are 25 points at 2/3
    assert example.average_precision()[0] == pytest.approx((26 + 25 * 2 / 3) / 101)


def test_average_precision_does_not_depend_on_the_order_of_detections() -> None:
    """Detections are ranked by score, not by where they came from."""
    forward = hits([0.9, 0.8, 0.7], [True, False, True], objects=4).average_precision()
    backward = hits([0.7, 0.8, 0.9], [True, False, True], objects=4).average_precision()

    np.testing.assert_allclose(forward, backward)


def test_average_precision_without_objects_is_undefined() -> None:
    """No figure is invented for a label that nothing shows."""
    assert np.isnan(hits([0.5], [False], objects=0).average_precision()).all()


def test_precision_and_recall_at_a_threshold() -> None:
    """Only detections from the threshold count."""
    example = hits([0.9, 0.8, 0.3], [True, False, True], objects=4)

    assert example.precision_recall(0.5) == (0.5, 0.25)
    assert example.false_alarms(0.5) == 1
    assert np.isnan(example.precision_recall(0.95)[0])


def test_iou_of_half_overlapping_boxes() -> None:
    """Two unit squares shifted by half share a third of their union."""
    ious = iou_matrix(np.array([[0.0, 0, 1, 1]]), np.array([[0.5, 0, 1.5, 1], [2, 2, 3, 3]]))

    np.testing.assert_allclose(ious, [[1 / 3, 0]], atol=1e-9)


def test_an_object_is_found_once() -> None:
    """The better-scored of two detections of one object is right, the other is a false alarm."""
    truth = np.array([[0.0, 0, 10, 10]])
    boxes = np.array([[0.0, 0, 10, 9], [0, 0, 10, 10]])

    correct = match(boxes, np.array([0.6, 0.9]), truth)

    assert correct[:, 0].tolist() == [False, True]
    assert correct[1].all()


def test_a_rough_box_is_right_only_at_low_iou() -> None:
    """IoU 0.62 counts at the steps 0.5, 0.55 and 0.6."""
    correct = match(np.array([[0.0, 0, 10, 6.2]]), np.array([0.9]), np.array([[0.0, 0, 10, 10]]))

    assert correct[0].tolist() == [True] * 3 + [False] * 7


def test_hits_of_no_image_are_empty() -> None:
    """A label that no image knows gathers to nothing."""
    assert gather([]).objects == 0


def test_sizes_are_those_of_the_picture_as_the_network_sees_it() -> None:
    """A box of 64 px in a picture of 1,280 px is 32 px to the network: medium, and one pixel less is small."""
    boxes = np.array([[0.0, 0, 64, 64], [0, 0, 63, 63], [0, 0, 192, 192]])

    assert [SIZES[size] for size in sizes_of(boxes, (1280, 720))] == ["medium", "small", "large"]


def test_a_detection_has_the_size_of_the_object_that_it_hits() -> None:
    """A box a little too large around a small object counts among the small ones, a false one by its own size."""
    truth = np.array([[0.0, 0, 31, 31]])
    boxes = np.array([[0.0, 0, 34, 34], [300, 300, 500, 500]])

    hits = hits_of(boxes, np.array([0.9, 0.8]), truth, (640, 480))

    assert [SIZES[size] for size in hits.sizes] == ["small", "large"]
    small = hits.of_size(SIZES.index("small"))
    assert (small.objects, small.correct[:, 0].tolist()) == (1, [True])
    assert hits.of_size(SIZES.index("large")).objects == 0


def image_hits(*, right: bool) -> ImageHits:
    """Return an image with one object that was found or missed."""
    return hits_of(
        np.array([[0.0, 0, 50, 50]] if right else [[100.0, 100, 150, 150]]),
        np.array([0.9 if right else 0.5]),
        np.array([[0.0, 0, 50, 50]]),
        (640, 480),
    )


def test_the_interval_holds_the_figure_and_is_drawn_alike_each_time() -> None:
    """Half of forty objects are found: the interval lies around one half, and the same seed gives the same one."""
    parts = [image_hits(right=i % 2 == 0) for i in range(40)]

    low, high = ap50_interval(parts, seed=1)

    assert low < gather(parts).average_precision()[0] < high
    assert (low, high) == ap50_interval(parts, seed=1)


def test_the_interval_of_nothing_is_undefined() -> None:
    """Without objects no interval is invented."""
    empty = np.zeros((0, 4))

    assert np.isnan(ap50_interval([hits_of(empty, np.zeros(0), empty, (640, 480))])).all()
