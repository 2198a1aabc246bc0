"""The last picture of each camera with what the model saw in it, made only for cameras that somebody looks at."""

import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import cv2
import numpy as np

from edge.capture import Capture
from edge.pixels import Image
from inspection.rules import SeenHazard
from models.detections import Detections

WIDTH_PX = 960
# Who asked for a picture so long ago looks no more, seconds.
ASKED_FOR_S = 10.0
# What is fine, what gives context, and what is a hazard: blue-green-red.
CONTEXT, HAZARD = (200, 200, 60), (40, 40, 230)


@dataclass(frozen=True, slots=True)
class Picture:
    """A small copy of a frame, with boxes in its own pixels; which labels are hazards now, and their codes."""

    image_bgr: Image
    captured_at: datetime
    boxes: tuple[tuple[str, tuple[float, ...], float], ...]
    hazards: tuple[str, ...]
    codes: tuple[str, ...]

    def jpeg(self) -> bytes:
        """Return it with its boxes drawn."""
        image = self.image_bgr.copy()
        for label, (x1, y1, x2, y2), confidence in self.boxes:
            colour = HAZARD if label in self.hazards else CONTEXT
            cv2.rectangle(image, (int(x1), int(y1)), (int(x2), int(y2)), colour, 2)
            text = f"{label} {confidence:.2f}"
            at = (int(x1) + 2, max(14, int(y1) - 4))
            cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 3, cv2.LINE_AA)
            cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)
        return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


class Gallery:
    """Holds one picture a camera for whoever asked lately. `take` is called by the watch, `picture` by the page's threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._asked_at_s: dict[str, float] = {}
        self._pictures: dict[str, Picture] = {}

    def take(
        self,
        capture: Capture,
        detections: Detections,
        labels: Sequence[str],
        seen: Collection[SeenHazard],
    ) -> None:
        """Keep a frame, where somebody looks at its camera."""
        name = capture.source.name
        asked_at_s = self._asked_at_s.get(name)
        if asked_at_s is None:
            return
        if time.monotonic() - asked_at_s > ASKED_FOR_S:
            with self._changed:
                self._asked_at_s.pop(name, None)
                self._pictures.pop(name, None)
            return
        picture = _picture(capture, detections, labels, seen)
        with self._changed:
            self._pictures[name] = picture
            self._changed.notify_all()

    def picture(self, name: str, after: datetime | None, timeout_s: float) -> Picture | None:
        """Return a camera's picture taken after `after`, waiting for it; None when none comes."""

        def newer() -> Picture | None:
            picture = self._pictures.get(name)
            return picture if picture and (after is None or picture.captured_at > after) else None

        with self._changed:
            self._asked_at_s[name] = time.monotonic()
            return self._changed.wait_for(newer, timeout_s) or None


def _picture(
    capture: Capture, detections: Detections, labels: Sequence[str], seen: Collection[SeenHazard]
) -> Picture:
    width, height = capture.size_wh
    scale = min(1.0, WIDTH_PX / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cast(Image, cv2.resize(capture.image_bgr, size, interpolation=cv2.INTER_AREA))
    boxes = tuple(
        (labels[number], tuple(float(value) for value in xyxy * scale), float(confidence))
        for xyxy, confidence, number in zip(
            detections.xyxy,
            detections.confidence,
            detections.class_id.astype(np.int64),
            strict=True,
        )
    )
    labels_of = tuple(one.label for one in seen)
    codes = tuple(sorted({one.hazard_code for one in seen}))
    return Picture(small, capture.captured_at, boxes, labels_of, codes)
