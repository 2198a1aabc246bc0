"""A threshold is chosen for what its hazard needs, and says when it does not get there."""

from datetime import date

import numpy as np
import pytest

from models.training.metrics import ImageHits, hits_of
from models.training.thresholds import Need, choose

OBJECT = np.array([[0.0, 0, 50, 50]])
NOTHING = np.zeros((0, 4))


def image(scores: list[float], *, right: list[bool], shows: bool = True) -> ImageHits:
    """Return an image with detections of these scores; right ones lie on its one object."""
    far = [[200.0 + 60 * i, 200, 250 + 60 * i, 250] for i in range(len(scores))]
    boxes = np.array(
        [OBJECT[0] if r else f for r, f in zip(right, far, strict=True)], np.float64
    ).reshape(-1, 4)
    return hits_of(boxes, np.array(scores), OBJECT if shows else NOTHING, (640, 480))


def need(precision: float, quiet: float | None = None) -> Need:
    """Return what a label must reach."""
    return Need("flame", precision, date(2026, 11, 25), "a test", "EMG-01", quiet)


def test_the_smallest_score_with_the_needed_precision_is_taken() -> None:
    """Above the false detection at 0.40 everything is right: 0.41 is chosen, and the need is met."""
    parts = [image([0.9], right=[True]), image([0.8, 0.4], right=[True, False])]

    chosen = choose(parts, need(0.9))

    assert (chosen.score, chosen.reached) == (0.41, True)
    assert (chosen.precision, chosen.recall) == (1.0, 1.0)


def test_false_alarms_on_images_without_the_label_raise_the_threshold() -> None:
    """Precision alone would do at 0.20; a detection at 0.60 on one of two clean images is over one per 100."""
    parts = [image([0.9], right=[True])] * 9 + [
        image([0.6], right=[False], shows=False),
        image([], right=[], shows=False),
    ]

    assert choose(parts, need(0.85)).score == 0.2
    chosen = choose(parts, need(0.85, quiet=1.0))
    assert (chosen.score, chosen.false_alarms_per_100, chosen.clean_images) == (0.61, 0.0, 2)


def test_a_need_that_nothing_meets_is_said() -> None:
    """The best F1 among the quiet scores is taken and marked as not reached."""
    parts = [image([0.5], right=[True]), image([0.9], right=[False], shows=False)]

    chosen = choose(parts, need(0.99))

    assert not chosen.reached
    assert chosen.score <= 0.5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"precision": 0}, "precision above 0"),
        ({"reason": ""}, "a reason"),
        ({"colour": "red"}, "unexpected keyword"),
    ],
)
def test_a_need_that_makes_no_sense_is_refused(change: dict[str, object], said: str) -> None:
    """A judgement without a reason, or with a field that nobody reads, is an error that names the label."""
    table = {"label": "flame", "precision": 0.8, "since": date(2026, 1, 1), "reason": "a test"}

    with pytest.raises(ValueError, match=f"flame.*{said}"):
        Need.from_table({**table, **change})


def test_a_label_that_no_image_shows_gets_the_middle_and_is_not_met() -> None:
    """Nothing to choose by is no reason to report everything."""
    chosen = choose([image([0.3], right=[False], shows=False)], need(0.8))

    assert (chosen.score, chosen.recall, chosen.reached) == (0.5, None, False)


def test_a_label_that_is_never_found_gets_the_middle() -> None:
    """Where every score finds nothing right, the lowest is not the best of them."""
    chosen = choose([image([0.7], right=[False])], need(0.8))

    assert (chosen.score, chosen.reached) == (0.5, False)
