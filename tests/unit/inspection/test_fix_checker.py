"""What can be said of a hazard in an after-photo, and what not."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from inspection.fix_checker import Doubt, FixChecker, PhotoLook, Verdict, verdict_of
from inspection.switches import Switches
from models.detections import Detections
from models.pictures import Picture

SHA256 = "ab" * 32
LABELS = ("person", "helmet", "head", "flame")
PERSON, HELMET, HEAD, FLAME = range(4)
# A person in a picture of 100 x 100, a head where theirs is, and a helmet that sits on it.
BOXES = {
    PERSON: (30, 10, 70, 95),
    HEAD: (42, 12, 58, 30),
    HELMET: (41, 11, 59, 24),
    FLAME: (0, 0, 20, 20),
}
PICTURE = Picture(np.zeros((100, 100, 3), np.uint8), (100, 100), "image/png", None, False)


class ToldModel:
    """Sees what it is told."""

    labels: Sequence[str] = LABELS

    def __init__(self, *seen: int, experimental: frozenset[str] = frozenset()) -> None:
        self.seen, self.experimental = seen, experimental
        self.looked = 0

    def detect(self, image_bgr: NDArray[np.uint8]) -> Detections:
        """Return a box of each class that it was told."""
        assert image_bgr.shape == (100, 100, 3)
        self.looked += 1
        return Detections(
            np.array([BOXES[each] for each in self.seen], np.float32).reshape(-1, 4),
            np.full(len(self.seen), 0.9, np.float32),
            np.array(self.seen, np.int64),
        )


def look(model: ToldModel, hazard_code: str, switched_on: tuple[str, ...] = ()) -> PhotoLook:
    """Look for a hazard in the picture."""
    checker = FixChecker(model, Switches.of(model, switched_on))
    return checker.look(SHA256, PICTURE, hazard_code)


@pytest.mark.parametrize(
    ("seen", "hazard_code", "verdict", "why"),
    [
        ((PERSON, HEAD), "PPE-01", Verdict.VISIBLE, None),
        ((FLAME,), "EMG-01", Verdict.VISIBLE, None),
        # The helmet is on now.
        ((PERSON, HEAD, HELMET), "PPE-01", Verdict.NOT_SEEN, None),
        # Another hazard than the ticket's is not its business.
        ((PERSON, FLAME), "PPE-01", Verdict.NOT_SEEN, None),
        ((), "EMG-01", Verdict.NOT_SEEN, None),
        # An empty workplace does not show whether people wear helmets.
        ((), "PPE-01", Verdict.CANNOT_SAY, Doubt.NOBODY),
        ((FLAME,), "PPE-01", Verdict.CANNOT_SAY, Doubt.NOBODY),
        # No rule knows it, or its label is of another model.
        ((PERSON, HEAD), "FIR-01", Verdict.CANNOT_SAY, Doubt.NO_LABEL),
        ((PERSON,), "PPE-05", Verdict.CANNOT_SAY, Doubt.NO_LABEL),
    ],
)
def test_what_is_said_of_a_photo(
    seen: tuple[int, ...], hazard_code: str, verdict: Verdict, why: Doubt | None
) -> None:
    """The ticket's own hazard is looked for, by the rules that found it; where it can not be, that is said."""
    said = look(ToldModel(*seen), hazard_code)
    assert (said.sha256, said.verdict, said.why) == (SHA256, verdict, why)
    assert bool(said.boxes) == (verdict is Verdict.VISIBLE)


def test_the_boxes_say_where_it_still_is() -> None:
    """Relative, of the label that decides, and so they are stored."""
    (box,) = look(ToldModel(PERSON, HEAD), "PPE-01").boxes
    assert (box.label, box.x1, box.y2) == ("head", pytest.approx(0.42), pytest.approx(0.3))
    said = look(ToldModel(PERSON, HEAD), "PPE-01")
    assert said.as_data() == {
        "sha256": SHA256,
        "verdict": "visible",
        "boxes": [box.model_dump()],
    }
    assert look(ToldModel(), "EMG-01").as_data() == {"sha256": SHA256, "verdict": "not_seen"}


def test_an_experimental_label_says_nothing_until_it_is_switched_on() -> None:
    """The model is not even asked."""
    model = ToldModel(FLAME, experimental=frozenset({"flame"}))
    said = look(model, "EMG-01")
    assert (said.verdict, said.why, said.boxes) == (Verdict.CANNOT_SAY, Doubt.EXPERIMENTAL, ())
    assert model.looked == 0
    assert look(model, "EMG-01", ("flame",)).verdict is Verdict.VISIBLE


@pytest.mark.parametrize(
    ("said", "of_all"),
    [
        (("not_seen", "visible", "failed"), Verdict.VISIBLE),
        (("cannot_say", "not_seen", "failed"), Verdict.NOT_SEEN),
        (("cannot_say", "failed"), Verdict.FAILED),
        (("cannot_say", "cannot_say"), Verdict.CANNOT_SAY),
        ((), Verdict.CANNOT_SAY),
    ],
)
def test_what_is_said_of_all_photos(said: tuple[str, ...], of_all: Verdict) -> None:
    """Seen once is seen; not seen needs one photo that shows the place; a photo that failed is not passed over."""
    assert verdict_of([PhotoLook(SHA256, Verdict(each)) for each in said]) is of_all
