"""Measure what tiles gain and cost, by object size, on large canvases made of real test photos.

Run by path, after an export:

    python datasets/tiles.py --config models/training/anxun-nano.toml [--grid 3] [--canvases 20] [--tile 960]

The labelled photos at hand are at most 640 px wide, so far workers in large photos are made: a grid of test photos that
know helmets and heads, each with its labels, on one canvas. Objects are then as small to the network as in a photo taken
from so many times the distance. What that cannot show: sharper detail than 640 px has, haze, and scenes that go on.
Prints recall, precision and AP50 by size (of the canvas scaled to 640 px), and the median time a canvas; for the whole canvas
also as a JPEG, decoded in full and no larger than the network sees it (`models.pictures`, `detail_px`).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run by path from anywhere

from image_files import read_colour

from models.bundle import load_bundle
from models.detections import Detections
from models.detector import Detector
from models.pictures import decode_picture
from models.tiling import Tiling, tiled, tiles_of
from models.training.config import TrainingConfig
from models.training.evaluate import read_truth
from models.training.metrics import SIZES, ImageHits, gather, hits_of
from models.training.pool import LABELS, Pool

CELL_PX = 640
JPEG_QUALITY = 92
MEASURED = ("helmet", "head")
Canvas = tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.float64]]


def canvas_of(files: list[Path], grid: int) -> Canvas:
    """Return a canvas of `grid` x `grid` photos, the boxes on it `[n, 4]` in pixels and their labels `[n]`."""
    canvas = np.full((grid * CELL_PX, grid * CELL_PX, 3), 114, np.uint8)
    boxes, labels = [np.zeros((0, 4))], [np.zeros(0)]
    for place, file in enumerate(files):
        top, left = place // grid * CELL_PX, place % grid * CELL_PX
        photo = read_colour(file)[:CELL_PX, :CELL_PX]
        height, width = photo.shape[:2]
        canvas[top : top + height, left : left + width] = photo
        xyxy, numbers = read_truth(file, (width, height))
        boxes.append(xyxy + np.array([left, top, left, top]))
        labels.append(numbers)
    return canvas, np.concatenate(boxes), np.concatenate(labels)


def measure(
    detect: Callable[[NDArray[np.uint8]], Detections],
    names: tuple[str, ...],
    canvases: list[Canvas],
) -> tuple[dict[str, list[ImageHits]], float]:
    """Return the hits of each label in each canvas, and the median seconds a canvas."""
    hits: dict[str, list[ImageHits]] = {label: [] for label in MEASURED}
    seconds = []
    for image, boxes, numbers in tqdm(canvases, mininterval=5):
        started = time.perf_counter()
        found = detect(image)
        seconds.append(time.perf_counter() - started)
        size_wh = (image.shape[1], image.shape[0])
        for label in MEASURED:
            mine = found.class_id == names.index(label)
            truth = boxes[numbers == LABELS.index(label)]
            part = hits_of(
                found.xyxy[mine].astype(float), found.confidence[mine].astype(float), truth, size_wh
            )
            hits[label].append(part)
    return hits, median(seconds)


def as_jpeg(detector: Detector, detail_px: int | None) -> Callable[[NDArray[np.uint8]], Detections]:
    """Return what encodes a picture as JPEG, decodes it with this detail, and detects; boxes in pixels of the picture."""

    def detect(image_bgr: NDArray[np.uint8]) -> Detections:
        jpeg = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
        decoded = decode_picture(jpeg.tobytes(), detail_px=detail_px)
        found = detector.detect(decoded.image_bgr)
        scale = np.array(decoded.full_wh) / decoded.size_wh
        xyxy = (found.xyxy * np.tile(scale, 2)).astype(np.float32)
        return Detections(xyxy, found.confidence, found.class_id)

    return detect


def say(title: str, hits: dict[str, list[ImageHits]], seconds: float) -> None:
    """Print the figures of one way of looking."""
    print(f"{title}: {seconds:.2f} s a canvas")
    for label, parts in hits.items():
        for number, size in enumerate(SIZES):
            joined = gather([part.of_size(number) for part in parts])
            if joined.objects:
                precision, recall = joined.precision_recall(0)
                print(
                    f"    {label:7} {size:7} {joined.objects:5} objects: recall {recall:.3f},"
                    f" precision {precision:.3f}, AP50 {joined.average_precision()[0]:.3f}"
                )


def main() -> None:
    """Compare the whole canvas with tiles, at the shipped thresholds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--grid", type=int, default=3, help="photos a side of a canvas")
    parser.add_argument("--canvases", type=int, default=20, help="at most so many")
    parser.add_argument("--tile", type=int, default=960, help="side of a tile, pixels")
    args = parser.parse_args()
    config = TrainingConfig.read(args.config)
    pool = Pool.read(config.pool)
    known = [LABELS.index(label) for label in MEASURED]
    files = [f for f in pool.files("test") if all(pool[f].knowledge[k] == "L" for k in known)]
    np.random.default_rng(config.seed).shuffle(files)  # type: ignore[arg-type]
    each = args.grid**2
    groups = [files[i : i + each] for i in range(0, len(files) - each + 1, each)][: args.canvases]
    canvases = [canvas_of(group, args.grid) for group in groups]
    detector = load_bundle(config.weights / f"{config.name}.json", threads=config.threads)
    tiling = Tiling(args.tile)
    side = args.grid * CELL_PX
    print(
        f"{len(canvases)} canvases of {side} x {side} px; {len(tiles_of((side, side), tiling))} tiles of {args.tile} px each"
    )
    say("whole", *measure(detector.detect, detector.labels, canvases))
    for title, detail_px in (("JPEG decoded in full", None), ("JPEG decoded no larger than it is seen", detector.detail_px)):  # fmt: skip
        say(title, *measure(as_jpeg(detector, detail_px), detector.labels, canvases))
    say("tiles", *measure(tiled(detector.detect, tiling), detector.labels, canvases))


if __name__ == "__main__":
    main()
