"""Photos of the training pool's sources for clips, where somebody has them; see `clips.py`."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from clip_scenes import CutOut, Image, cut_out, pasted, read_photo

EACH = 4
# A hazard fills at least so much of its photo.
LEAST_SHARE, HOLDER_SHARE = 0.04, 0.004
# Where a helmet is held: so many heads below the head and aside, as large as it.
HELD_BELOW, HELD_ASIDE = 2.4, 1.2


Rect = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Boxed:
    """A photo and the boxes of one class in it: left, top, right, bottom, relative."""

    path: Path
    boxes: tuple[Rect, ...]

    @property
    def largest(self) -> Rect:
        """The largest box."""
        return max(self.boxes, key=_area)

    def in_pixels(self, photo: Image) -> tuple[int, int, int, int]:
        """Return the largest box in pixels of the photo."""
        height, width = photo.shape[:2]
        x1, y1, x2, y2 = self.largest
        return round(x1 * width), round(y1 * height), round(x2 * width), round(y2 * height)


@dataclass(frozen=True, slots=True)
class Pool:
    """Photos by what they show."""

    clear: Sequence[Path]
    heads: Sequence[Path]
    flames: Sequence[Path]
    smoke: Sequence[Path]
    held: Sequence[tuple[Boxed, Boxed]]

    def carried(self) -> Iterator[tuple[Image, Path]]:
        """Yield photos of a bare head with somebody's helmet pasted where a hand would hold it."""
        for head, helmet in self.held:
            photo = read_photo(head.path)
            x1, y1, x2, y2 = head.in_pixels(photo)
            figure = _helmet(helmet, y2 - y1)
            left = round((x1 + x2) / 2 + HELD_ASIDE * (x2 - x1) - figure.alpha.shape[1] / 2)
            yield pasted(photo, figure, left, round(y1 + HELD_BELOW * (y2 - y1))), head.path


def pool_of(data: Path) -> Pool:
    """Return photos of all sources, spread evenly."""
    with (data / "negatives" / "negatives.csv").open(encoding="utf-8") as file:
        scenes = [
            data / "negatives" / row["file"]
            for row in csv.DictReader(file)
            if row["people"] == "no"
        ]
    heads = labelled(data / "hhw_bare_heads", {"head"}, {"helmet"})
    fire = data / "dfs_fire_smoke"
    helmets = labelled(data / "minh_helmet_vest", {"helmet"}, set())
    holders = labelled(data / "hhw_bare_heads", {"head"}, {"helmet"}, HOLDER_SHARE)
    held = [head for head in holders if _has_room(head)]
    return Pool(
        clear=spread(scenes, 2 * EACH),
        heads=[one.path for one in spread(heads, EACH)],
        flames=[one.path for one in spread(labelled(fire, {"fire"}, {"smoke"}), EACH)],
        smoke=[one.path for one in spread(labelled(fire, {"smoke"}, {"fire"}), EACH)],
        held=list(zip(spread(held, EACH), spread(helmets, EACH), strict=False)),
    )


def labelled(
    source: Path, wanted: set[str], unwanted: set[str], least: float = LEAST_SHARE
) -> list[Boxed]:
    """Return the photos with a box of a wanted class of at least such a share, and none of an unwanted class."""
    names = (source / "classes.txt").read_text("utf-8").split()
    found = []
    for label in sorted((source / "labels").glob("*.txt")):
        rows = [line.split() for line in label.read_text("utf-8").splitlines() if line.strip()]
        boxes = tuple(_corners(row[1:5]) for row in rows if names[int(row[0])] in wanted)
        is_unwanted = any(names[int(row[0])] in unwanted for row in rows)
        image = source / "images" / f"{label.stem}.webp"
        if not is_unwanted and any(_area(box) >= least for box in boxes) and image.exists():
            found.append(Boxed(image, boxes))
    return found


def _corners(written: Sequence[str]) -> Rect:
    x, y, width, height = map(float, written)
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def spread(photos: Sequence[Any], count: int) -> list[Any]:
    """Return so many, evenly spread."""
    return [photos[number * len(photos) // count] for number in range(min(count, len(photos)))]


def _has_room(head: Boxed) -> bool:
    """Tell whether there is room for a helmet below and beside the largest head."""
    x1, y1, x2, y2 = head.largest
    is_high = y1 + (HELD_BELOW + 1) * (y2 - y1) < 1
    return is_high and x2 + HELD_ASIDE * (x2 - x1) < 1


def _helmet(helmet: Boxed, height_px: int) -> CutOut:
    """Cut a helmet out of its photo: what lies in the ellipse of its box."""
    photo = read_photo(helmet.path)
    cut = cut_out(photo, helmet.in_pixels(photo), height_px)
    alpha = np.zeros(cut.alpha.shape, np.float32)
    height, width = alpha.shape
    cv2.ellipse(alpha, ((width / 2, height / 2), (width, height), 0.0), 1.0, -1)
    return CutOut(cut.bgr, alpha)


def _area(box: Rect) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
