"""YOLO label files: a line a box, `class centre_x centre_y width height`, relative to the picture. Codec, both ways.

The format is darknet's, as ultralytics documents it for its detection data sets. Corners are written back exactly
enough: to a hundred-thousandth of the picture's side.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.errors import LabelFileInvalid

DIGITS = 6
# What rounding may have pushed over the border.
SLACK = 2e-6


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """A box of a class: left, top, right, bottom, relative (0 to 1) to the upright picture."""

    class_id: int
    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        """The corners."""
        return self.x1, self.y1, self.x2, self.y2


def write_labels(boxes: Iterable[LabelledBox]) -> str:
    """Return the content of a label file; empty for a picture that shows nothing."""
    return "".join(f"{_line(box)}\n" for box in boxes)


def read_labels(text: str, class_count: int) -> list[LabelledBox]:
    """Return the boxes of a label file, in its order.

    Raises:
        LabelFileInvalid: a line is no such line, names a class that is not there, or lies outside the picture.
    """
    lines = ((number, line.split()) for number, line in enumerate(text.splitlines(), 1))
    return [_box(number, words, class_count) for number, words in lines if words]


def _line(box: LabelledBox) -> str:
    centre_and_size = (
        (box.x1 + box.x2) / 2,
        (box.y1 + box.y2) / 2,
        box.x2 - box.x1,
        box.y2 - box.y1,
    )
    return f"{box.class_id} " + " ".join(f"{value:.{DIGITS}f}" for value in centre_and_size)


def _box(number: int, words: Sequence[str], class_count: int) -> LabelledBox:
    if len(words) != 5:
        raise LabelFileInvalid(number, f"it has {len(words)} values instead of 5")
    try:
        class_id = int(words[0])
        x, y, width, height = (float(word) for word in words[1:])
    except ValueError as error:
        raise LabelFileInvalid(number, str(error)) from error
    if not 0 <= class_id < class_count:
        raise LabelFileInvalid(number, f"class {class_id} of {class_count}")
    corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    # Written so that nan fails it.
    if not all(-SLACK <= value <= 1 + SLACK for value in corners) or not (width > 0 and height > 0):
        raise LabelFileInvalid(number, f"the box {corners} does not lie in the picture")
    return LabelledBox(class_id, *(min(1.0, max(0.0, value)) for value in corners))
