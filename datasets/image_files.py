"""Read image files, and fail where OpenCV would return nothing."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray


def read_colour(file: Path) -> NDArray[np.uint8]:
    """Return the image as BGR `[height, width, 3]`."""
    return _read(file, cv2.IMREAD_COLOR)


def read_grey(file: Path) -> NDArray[np.uint8]:
    """Return the image as grey `[height, width]`."""
    return _read(file, cv2.IMREAD_GRAYSCALE)


def _read(file: Path, mode: int) -> NDArray[np.uint8]:
    image = cv2.imread(str(file), mode)
    if image is None:
        raise FileNotFoundError(f"not an image that can be read: {file}")
    return np.asarray(image, np.uint8)
