"""The figures of a model card are those of a calculation by hand."""

import numpy as np
import pytest

from models.training.metrics import Hits, choose_threshold, gather, iou_matrix, match, suppress


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


def test_suppression_keeps_the_best_of_overlapping_boxes() -> None:
    """Of two nearly equal boxes the better-scored stays, a far one stays too."""
    boxes = np.array([[0.0, 0, 10, 10], [0, 0, 10, 9.5], [20, 20, 30, 30]])

    assert suppress(boxes, np.array([0.5, 0.8, 0.3]), max_iou=0.6).tolist() == [1, 2]


def test_threshold_is_the_smallest_with_the_wanted_precision() -> None:
    """Dropping the false alarm at 0.4 lifts precision to 1."""
    example = hits([0.9, 0.8, 0.4, 0.3], [True, True, False, True], objects=3)

    chosen = choose_threshold(example, precision=0.9)

    assert chosen.score == pytest.approx(0.41)
    assert chosen.reached


def test_threshold_that_never_reaches_the_precision_says_so() -> None:
    """The best F1 is taken instead, and the threshold is marked."""
    example = hits([0.9, 0.8, 0.7], [False, True, True], objects=2)

    chosen = choose_threshold(example, precision=0.9)

    assert not chosen.reached
    assert chosen.score <= 0.7


def test_hits_of_no_image_are_empty() -> None:
    """A label that no image knows gathers to nothing."""
    assert gather([]).objects == 0
