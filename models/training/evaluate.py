"""Measure the exported model and its peers on the pool's test split, and choose its thresholds on the validation split.

A class is measured only on images whose source labels it or that are known not to show it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from models.training.config import TrainingConfig
from models.training.detect import Found, OnnxDetector, read_image
from models.training.metrics import Floats, Hits, choose_threshold, gather, match
from models.training.pool import LABELS, UNKNOWN, Pool

PEER_THRESHOLD = 0.25  # what a user who downloads one would start with
NEGATIVES = "negatives"  # the source of clean scenes
MODELS = Path(__file__).parents[1]


class Sees(Protocol):
    """What can be measured: `detect` gives boxes in pixels of the image, with our class ids."""

    labels: tuple[str, ...]

    def detect(self, image: NDArray[np.uint8]) -> Found:
        """Detect in a BGR image."""


def read_truth(image_file: Path, size_wh: tuple[int, int]) -> tuple[Floats, Floats]:
    """Return the labelled boxes of a pool image: `xyxy` in pixels `[n, 4]` and their labels `[n]`."""
    text = (image_file.parents[1] / "labels" / f"{image_file.stem}.txt").read_text()
    rows = np.array([line.split() for line in text.splitlines() if line], np.float64).reshape(-1, 5)
    xywh = rows[:, 1:] * (size_wh * 2)
    xyxy = np.column_stack([xywh[:, :2] - xywh[:, 2:] / 2, xywh[:, :2] + xywh[:, 2:] / 2])
    return xyxy, rows[:, 0]


def measure(
    detector: Sees, pool: Pool, files: Iterable[Path], name: str
) -> dict[str, dict[str, Hits]]:
    """Return the hits per source and label; a source that says nothing about a label has no entry for it."""
    parts: dict[str, dict[str, list[Any]]] = {}
    for file in tqdm(list(files), desc=name, mininterval=10):
        image = read_image(file)
        found = detector.detect(image)
        truth = read_truth(file, (image.shape[1], image.shape[0]))
        by_label = parts.setdefault(pool[file].source, {})
        for label, letter in zip(LABELS, pool[file].knowledge, strict=True):
            if letter != UNKNOWN and label in detector.labels:
                by_label.setdefault(label, []).append(_hits_of(LABELS.index(label), found, truth))
    return {s: {k: gather(v) for k, v in labels.items()} for s, labels in parts.items()}


def _hits_of(label: int, found: Found, truth: tuple[Floats, Floats]) -> Any:
    """Return scores, correctness and number of objects of one label in one image."""
    mine = found.labels == label
    boxes = truth[0][truth[1] == label]
    return found.scores[mine], match(found.xyxy[mine], found.scores[mine], boxes), len(boxes)


def over_sources(by_source: Mapping[str, Mapping[str, Hits]], label: str) -> Hits:
    """Join one label's hits of every source that knows it."""
    known = [labels[label] for labels in by_source.values() if label in labels]
    joined = gather([(h.scores, h.correct, h.objects) for h in known])
    return Hits(joined.scores, joined.correct, joined.objects, sum(h.images for h in known))


def row_of(hits: Hits, threshold: float) -> dict[str, Any]:
    """Return the figures of one label as rounded numbers."""
    precision, recall = hits.precision_recall(threshold)
    aps = hits.average_precision()
    return {
        "images": hits.images,
        "objects": hits.objects,
        "threshold": threshold,
        "precision": _rounded(precision),
        "recall": _rounded(recall),
        "ap50": _rounded(float(aps[0])),
        "ap50_95": _rounded(float(aps.mean())),
        "false_alarms_per_100_images": _rounded(
            100 * hits.false_alarms(threshold) / hits.images, 1
        ),
    }


def _rounded(value: float, digits: int = 3) -> float | None:
    return None if np.isnan(value) else round(value, digits)


def report_of(
    by_source: Mapping[str, Mapping[str, Hits]], thresholds: Mapping[str, float]
) -> dict[str, Any]:
    """Return the figures per label, per source and on the clean scenes."""
    labels = {}
    for label, threshold in thresholds.items():
        hits = over_sources(by_source, label)
        if hits.objects:
            labels[label] = row_of(hits, threshold)
    sources = {
        source: {k: row_of(h, thresholds[k]) for k, h in hits.items() if h.objects}
        for source, hits in by_source.items()
    }
    clean = by_source.get(NEGATIVES, {})
    return {
        "labels": labels,
        "sources": {source: rows for source, rows in sources.items() if rows},
        "clean_scenes": {
            "images": max((h.images for h in clean.values()), default=0),
            "findings": {k: h.false_alarms(thresholds[k]) for k, h in clean.items()},
        },
    }


def experimental_labels(
    labels: Mapping[str, Mapping[str, Any]], rule: Mapping[str, float]
) -> list[str]:
    """Return the labels too weak, or measured on too little, to be on by default."""
    weak = []
    for label in LABELS:
        row = labels.get(label)
        if (
            row is None
            or row["objects"] < rule["least_objects"]
            or row["ap50"] < rule["least_ap50"]
            or (row["precision"] or 0.0) < rule["least_precision"]
        ):
            weak.append(label)
    return weak


def evaluate(config: TrainingConfig) -> dict[str, Any]:
    """Measure, write thresholds into the model's JSON, and write `cards/NAME.json` with every figure."""
    pool = Pool.read(config.pool)
    description_file = MODELS / "weights" / f"{config.name}.json"
    description = json.loads(description_file.read_text())
    model_file = description_file.with_name(description["file"])
    detector = OnnxDetector(model_file)

    validation = measure(detector, pool, pool.files("val"), "validation")
    chosen = {
        label: choose_threshold(over_sources(validation, label), config.rule["precision"])
        for label in LABELS
    }
    thresholds = {label: threshold.score for label, threshold in chosen.items()}
    ours = report_of(measure(detector, pool, pool.files("test"), config.name), thresholds)

    description["sha256"] = hashlib.sha256(model_file.read_bytes()).hexdigest()
    description["thresholds"] = thresholds
    description["experimental"] = experimental_labels(ours["labels"], config.rule)
    description_file.write_text(json.dumps(description, indent=2) + "\n")

    report = {
        "model": description,
        "run": run_facts(config),
        "pool": json.loads((config.pool / "report.json").read_text()),
        "test": ours,
        "peers": {name: peer_report(peer, pool) for name, peer in config.peers.items()},
    }
    card = MODELS / "cards" / f"{config.name}.json"
    card.parent.mkdir(exist_ok=True)
    card.write_text(json.dumps(report, indent=1) + "\n")
    return report


def peer_report(peer: Mapping[str, Any], pool: Pool) -> dict[str, Any]:
    """Measure a downloadable model on the same test images."""
    file = Path(peer["file"])
    detector = OnnxDetector(file, peer["labels"])
    thresholds = dict.fromkeys(detector.labels, PEER_THRESHOLD)
    return report_of(measure(detector, pool, pool.files("test"), file.stem), thresholds)


def run_facts(config: TrainingConfig) -> dict[str, Any]:
    """Return what the run's clock and configuration say about the training."""
    clock = json.loads((config.run / "clock.json").read_text())
    drawn = clock["epochs"] * config.epoch_images
    train_images = len(Pool.read(config.pool).files("train"))
    return {
        "minutes": round(clock["spent_s"] / 60),
        "short_epochs": clock["epochs"],
        "images_drawn": drawn,
        "passes_over_training_pool": round(drawn / train_images, 1),
        "train_px": config.ultralytics["imgsz"],
        "batch": config.ultralytics["batch"],
        "seed": config.seed,
    }
