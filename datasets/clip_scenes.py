"""The pictures of clips: views that wander over photos, people cut out of photos who walk by, and what a bad camera makes of it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Frames = Iterator[Image]

SIZE_WH, RATE = (960, 540), 5
# Of the quality scale of x264: as a good camera, and as one behind a thin line.
CRF, THIN_CRF = 26, 40


def read_photo(path: Path) -> Image:
    """Return a photo, upright, BGR."""
    read = cv2.imread(str(path))
    if read is None:
        msg = f"{path} cannot be read"
        raise SystemExit(msg)
    return np.asarray(read, np.uint8)


def grown(photo: Image) -> Image:
    """Return a photo of a size in which a view can wander; a tall one as high as the view, or its people would be cut."""
    width, height = SIZE_WH
    scale = 1.08 * max(width / photo.shape[1], height / photo.shape[0])
    if photo.shape[0] > photo.shape[1]:
        scale = height / photo.shape[0]
    return np.asarray(cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def view_of(photo: Image, number: int) -> Image:
    """Return a view that wanders over a grown photo; grey where that is narrower."""
    width, height = SIZE_WH
    spare_x, spare_y = max(photo.shape[1] - width, 0), max(photo.shape[0] - height, 0)
    x = int(spare_x * (0.5 + 0.5 * np.sin(number / 18)))
    y = int(spare_y * (0.5 + 0.5 * np.cos(number / 26)))
    cut = photo[y : y + height, x : x + width]
    view = np.full((height, width, 3), 96, np.uint8)
    left = (width - cut.shape[1]) // 2
    view[: cut.shape[0], left : left + cut.shape[1]] = cut
    return view


def still(photo: Image, seconds: float, begin: int = 0) -> Frames:
    """Yield a view that wanders over a photo; `begin` is the number of its first frame."""
    large = grown(photo)
    for number in range(begin, begin + round(seconds * RATE)):
        yield view_of(large, number)


def glitched(background: Image, photo: Image, seconds: float, every_s: float) -> Frames:
    """Yield a view of the background that for one frame in so many seconds is of the photo."""
    every = round(every_s * RATE)
    shown = grown(photo)
    for number, frame in enumerate(still(background, seconds)):
        yield view_of(shown, number) if number % every == every - 1 else frame


@dataclass(frozen=True, slots=True)
class CutOut:
    """A person cut out of a photo: BGR and how opaque each pixel is, 0 to 1."""

    bgr: Image
    alpha: NDArray[np.float32]


def cut_out(photo: Image, xyxy: tuple[int, int, int, int], height_px: int) -> CutOut:
    """Cut what stands in a box from its background (GrabCut: Rother, Kolmogorov, Blake 2004), so high."""
    x1, y1, x2, y2 = xyxy
    margin = (x2 - x1) // 4
    left, top = max(0, x1 - margin), max(0, y1 - margin)
    around = np.ascontiguousarray(photo[top : y2 + margin, left : x2 + margin])
    mask = np.zeros(around.shape[:2], np.uint8)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    box = (x1 - left, y1 - top, x2 - x1, y2 - y1)
    cv2.grabCut(around, mask, box, *models, 6, cv2.GC_INIT_WITH_RECT)
    is_there = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)
    inside = (slice(y1 - top, y2 - top), slice(x1 - left, x2 - left))
    size = (round((x2 - x1) * height_px / (y2 - y1)), height_px)
    alpha = cv2.resize(cv2.GaussianBlur(is_there, (0, 0), 1.0)[inside], size)
    bgr = cv2.resize(around[inside], size, interpolation=cv2.INTER_AREA)
    return CutOut(np.asarray(bgr, np.uint8), np.asarray(alpha, np.float32))


def pasted(frame: Image, figure: CutOut, left: int, top: int) -> Image:
    """Return a frame with a figure in it; what lies outside is cut off."""
    height, width = figure.alpha.shape
    x1, x2 = max(0, left), min(frame.shape[1], left + width)
    y1, y2 = max(0, top), min(frame.shape[0], top + height)
    if x1 >= x2 or y1 >= y2:
        return frame
    part = (slice(y1 - top, y2 - top), slice(x1 - left, x2 - left))
    alpha = figure.alpha[part][:, :, None]
    drawn = frame.copy()
    under = drawn[y1:y2, x1:x2]
    drawn[y1:y2, x1:x2] = (alpha * figure.bgr[part] + (1 - alpha) * under).astype(np.uint8)
    return drawn


@dataclass(frozen=True, slots=True)
class Walk:
    """Somebody who walks from left to right through the view, at an even pace.

    Attributes:
        from_s, to_s: when they are wholly in the picture.
    """

    figure: CutOut
    begins_s: float
    crosses_s: float

    def left(self, at_s: float) -> int:
        """Return where their left edge is, pixels; outside of the view before they came and after they left."""
        width = self.figure.alpha.shape[1]
        share = (at_s - self.begins_s) / self.crosses_s
        return round(-width + share * (SIZE_WH[0] + width))

    @property
    def from_s(self) -> float:
        """When they have come."""
        return self._at(0)

    @property
    def to_s(self) -> float:
        """When they begin to leave."""
        return self._at(SIZE_WH[0] - self.figure.alpha.shape[1])

    def _at(self, left: int) -> float:
        width = self.figure.alpha.shape[1]
        return self.begins_s + self.crosses_s * (left + width) / (SIZE_WH[0] + width)


def walked(background: Image, walk: Walk, seconds: float) -> Frames:
    """Yield a fixed view of a background through which somebody walks."""
    view = view_of(grown(background), 0)
    top = SIZE_WH[1] - walk.figure.alpha.shape[0]
    for number in range(round(seconds * RATE)):
        yield pasted(view, walk.figure, walk.left(number / RATE), top)


def filmed(path: Path, seconds: float | None = None) -> Frames:
    """Yield a real clip at our rate and size, as long as it is."""
    video = cv2.VideoCapture(str(path))
    rate = video.get(cv2.CAP_PROP_FPS) or 25.0
    number = taken = 0
    while video.grab() and (seconds is None or taken < seconds * RATE):
        if number / rate >= taken / RATE:
            done, image = video.retrieve()
            if done:
                taken += 1
                yield _fitted(np.asarray(image, np.uint8))
        number += 1
    video.release()


def _fitted(image: Image) -> Image:
    """Return a picture as large as fits, on grey."""
    width, height = SIZE_WH
    scale = min(width / image.shape[1], height / image.shape[0])
    small = cv2.resize(image, None, fx=scale, fy=scale)
    view = np.full((height, width, 3), 96, np.uint8)
    left, top = (width - small.shape[1]) // 2, (height - small.shape[0]) // 2
    view[top : top + small.shape[0], left : left + small.shape[1]] = small
    return view


def as_camera(frames: Iterable[Image], noise: int = 6) -> Frames:
    """Yield frames with a sensor's noise (uniform, so many levels up and down) and a light that drifts."""
    random = np.random.default_rng(0)
    shape = (8, *reversed(SIZE_WH), 1)
    grains = np.repeat(random.integers(-noise, noise + 1, shape, dtype=np.int16), 3, axis=3)
    for number, frame in enumerate(frames):
        light = int(10 * np.sin(number / 40))
        seen = cv2.add(frame, grains[number % len(grains)], dtype=cv2.CV_16S) + np.int16(light)
        yield cv2.convertScaleAbs(cv2.max(seen, 0))


def dark(frames: Iterable[Image]) -> Frames:
    """Yield frames as at dusk: a quarter of the light, and the noise of a high gain."""
    yield from as_camera(((frame >> 2) for frame in frames), noise=9)


def noisy(frames: Iterable[Image]) -> Frames:
    """Yield frames with four times the noise."""
    yield from as_camera(frames, noise=24)


Variant = tuple[Callable[[Iterable[Image]], Frames], int]
VARIANTS: dict[str, Variant] = {
    "plain": (as_camera, CRF),
    "dark": (dark, CRF),
    "noisy": (noisy, CRF),
    "compressed": (as_camera, THIN_CRF),
}


def write_frames(path: Path, frames: Iterable[Image], crf: int) -> int:
    """Write a clip: H.264, a key frame a second. Returns how many frames."""
    count = 0
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height = SIZE_WH
        stream.pix_fmt, stream.time_base = "yuv420p", Fraction(1, RATE)
        stream.options = {"preset": "ultrafast", "crf": str(crf), "g": str(RATE)}
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "bgr24")))
            count += 1
        container.mux(stream.encode())
    return count
