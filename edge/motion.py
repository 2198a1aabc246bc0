"""How much moves in a picture: pure, on small grey pictures."""

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

CELLS_WH = (16, 9)
# Of a cell's mean, grey levels of 255: above sensor noise and the flicker of lamps.
MOVED_LEVELS = 6.0
# So large a share of moved cells is all the movement there is.
ALL_SHARE = 0.25


def cells(luma: Image) -> NDArray[np.float32]:
    """Return the mean of each of 16 × 9 cells of a grey picture: float32 (9, 16), 0 to 255."""
    columns, rows = CELLS_WH
    height, width = luma.shape
    if height < rows or width < columns:
        return np.full((rows, columns), luma.mean(), np.float32)
    kept = luma[: height // rows * rows, : width // columns * columns]
    blocks = kept.reshape(rows, height // rows, columns, width // columns)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float32), np.float32)


def motion(before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    """Return how much moved between the cells of two pictures, 0 (nothing) to 1 (a quarter of the view or more).

    A change of all cells alike, such as a lamp switched on, moves nothing.
    """
    change = after - before
    change -= np.median(change)
    share = float(np.count_nonzero(np.abs(change) > MOVED_LEVELS)) / change.size
    return min(1.0, share / ALL_SHARE)
