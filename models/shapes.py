"""Which input a picture goes into: a network of dynamic size need not see a square that is half grey.

A few sizes are allowed, so that a runtime that compiles a network for each does it a few times. All scale a picture
alike, whatever its aspect: what changes is only how much padding is computed.
"""

from dataclasses import dataclass
from typing import Self

from models.preprocess import Transform

STRIDE = 32
COMPACT_SCALE = 0.8
# The short side over the long one: 16:9 cameras (0.5625), 4:3 photos (0.75), and the square for the rest.
_ASPECTS = (0.5625, 0.75)


@dataclass(frozen=True, slots=True)
class InputShapes:
    """The sizes (width, height) in pixels that a network is run at, the smallest first."""

    sizes_wh: tuple[tuple[int, int], ...]

    @classmethod
    def only(cls, size_wh: tuple[int, int]) -> Self:
        """Return the one size of a network whose input is fixed."""
        return cls((size_wh,))

    @classmethod
    def within(cls, size_wh: tuple[int, int]) -> Self:
        """Return the sizes for a dynamic network of this size; of a square both upright and lying rectangles."""
        side, height = size_wh
        if side != height:
            return cls.only(size_wh)
        shorts = {min(side, -int(-side * aspect // STRIDE) * STRIDE) for aspect in _ASPECTS}
        lying = {(side, short) for short in shorts}
        sizes = lying | {(short, long) for long, short in lying} | {size_wh}
        return cls(tuple(sorted(sizes, key=lambda wh: (wh[0] * wh[1], wh))))

    @classmethod
    def compact(cls, size_wh: tuple[int, int]) -> Self:
        """Return the sizes for a dynamic network in about four fifths of its size."""
        width, height = (max(1, round(side * COMPACT_SCALE / STRIDE)) * STRIDE for side in size_wh)
        return cls.within((width, height))

    def of(self, picture_wh: tuple[int, int]) -> tuple[int, int]:
        """Return the smallest size that shows a picture as large as the largest does."""
        largest = self.sizes_wh[-1]
        width, height = Transform.fitting(picture_wh, largest).scaled_wh
        fitting = (size for size in self.sizes_wh if size[0] >= width and size[1] >= height)
        return next(fitting, largest)
