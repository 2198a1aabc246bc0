"""Perceptual hashes: pictures that look alike have hashes that differ in few bits.

The 64 bits tell which of the 8 x 8 lowest frequencies of a 32 x 32 grey picture's cosine transform are above their
median (the pHash of Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE_PX = 32


def phash_variants(grey: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return the hashes of a grey picture `[height, width]` in its eight rotations and mirrorings, upright first."""
    small = cv2.resize(grey, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    hashes = []
    for flipped in (small, small[:, ::-1]):
        for turns in range(4):
            turned = np.ascontiguousarray(np.rot90(flipped, turns), np.float32)
            low = cv2.dct(turned)[:8, :8].ravel()
            bits = low > np.median(low[1:])
            hashes.append(np.packbits(bits).view(">u8")[0])
    return np.array(hashes, np.uint64)
