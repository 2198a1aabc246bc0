"""A look at tiles sees what a look at the whole picture misses, and says nothing else about it."""

from dataclasses import replace

import numpy as np

from edge.look import Look
from inspection.switches import Switches
from models.detections import Detections
from models.tiling import Tiling


class FarSighted:
    """A detector that sees one thing, and only in pictures of at most 640 pixels."""

    name, sha256 = "far-sighted", "0" * 64
    labels = ("flame",)
    thresholds = {"flame": 0.25}  # noqa: RUF012  a stand-in's constant
    experimental: frozenset[str] = frozenset()

    def detect(self, image_bgr: np.ndarray) -> Detections:
        """See the white square, if the picture is small enough."""
        if max(image_bgr.shape[:2]) > 640 or not image_bgr.any():
            return Detections.empty()
        rows, columns = np.nonzero(image_bgr[:, :, 0])
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        return Detections(
            np.array([box], np.float32), np.array([0.9], np.float32), np.array([0], np.int64)
        )


def test_tiles_find_what_the_whole_picture_hides() -> None:
    """The same picture, with and without tiles: one flame, where it is, against none."""
    detector = FarSighted()
    switches = Switches.of(detector)
    look = Look(detector, switches, switches.among(None))  # type: ignore[arg-type]
    image = np.zeros((1200, 1600, 3), np.uint8)
    image[800:820, 1000:1020] = 255

    assert look.assess(image) == []
    (seen,) = look.tiled(Tiling(640)).assess(image)

    assert seen.hazard_code == "EMG-01"
    assert (round(seen.boxes[0].x1 * 1600), round(seen.boxes[0].y1 * 1200)) == (1000, 800)
    assert replace(look, tiling=None).detect == detector.detect
