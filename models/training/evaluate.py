"""Measure the exported model and its peers on the pool's test split, and choose its thresholds on the validation split.

A class is measured only on images whose source labels it or that are known not to show it. Deterministic: the same
pool, model and configuration give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from models.training.config import TrainingConfig
from models.training.detect import Found, Measured, open_measured, read_image
from models.training.metrics import SIZES, Floats, Hits, ImageHits, ap50_interval, gather, hits_of
from models.training.pool import LABELS, UNKNOWN, Pool
from models.training.thresholds import Chosen, choose

PEER_THRESHOLD = 0.25  # what a user who downloads one would start with

Parts = dict[str, dict[str, list[ImageHits]]]  # source -> label -> its hits in each image


def read_truth(image_file: Path, size_wh: tuple[int, int]) -> tuple[Floats, Floats]:
    """Return the labelled boxes of a pool image: `xyxy` in pixels `[n, 4]` and their labels `[n]`."""
    text = (image_file.parents[1] / "labels" / f"{image_file.stem}.txt").read_text()
    rows = np.array([line.split() for line in text.splitlines() if line], np.float64).reshape(-1, 5)
    xywh = rows[:, 1:] * (size_wh * 2)
    xyxy = np.column_stack([xywh[:, :2] - xywh[:, 2:] / 2, xywh[:, :2] + xywh[:, 2:] / 2])
    return xyxy, rows[:, 0]


def measure(
    detect: Callable[[NDArray[np.uint8]], Found],
    labels: Iterable[str],
    pool: Pool,
    files: Sequence[Path],
    name: str,
) -> Parts:
    """Return the hits per source, label and image; a source that says nothing about a label has no entry for it.

    Args:
        detect: any function from a BGR image to what was found in it, such as `Measured.detect`.
        labels: the labels that it knows; the others are not measured.
        pool: what is known of the images.
        files: images of the pool.
        name: for the progress bar.
    """
    parts: Parts = {}
    known = set(labels)
    for file in tqdm(files, desc=name, mininterval=5):
        image = read_image(file)
        size_wh = (image.shape[1], image.shape[0])
        found, truth = detect(image), read_truth(file, size_wh)
        by_label = parts.setdefault(pool[file].source, {})
        for number, (label, letter) in enumerate(zip(LABELS, pool[file].knowledge, strict=True)):
            if letter != UNKNOWN and label in known:
                hits = _hits_in(number, found, truth, size_wh)
                by_label.setdefault(label, []).append(hits)
    return parts


def _hits_in(
    number: int, found: Found, truth: tuple[Floats, Floats], size_wh: tuple[int, int]
) -> ImageHits:
    mine = found.labels == number
    return hits_of(found.xyxy[mine], found.scores[mine], truth[0][truth[1] == number], size_wh)


def over_sources(parts: Parts, label: str) -> list[ImageHits]:
    """Return one label's hits in every image of every source that knows it."""
    return [hits for labels in parts.values() for hits in labels.get(label, [])]


def row_of(hits: Hits, threshold: float) -> dict[str, Any]:
    """Return the figures of one label as rounded numbers."""
    precision, recall = hits.precision_recall(threshold)
    aps = hits.average_precision()
    return {
        "images": hits.images,
        "objects": hits.objects,
        "threshold": threshold,
        "precision": rounded(precision),
        "recall": rounded(recall),
        "ap50": rounded(float(aps[0])),
        "ap50_95": rounded(float(aps.mean())),
        "false_alarms_per_100_images": rounded(
            100 * hits.false_alarms(threshold) / max(hits.images, 1), 1
        ),
    }


def rounded(value: float, digits: int = 3) -> float | None:
    """Return a figure for the report; None where it is undefined."""
    return None if np.isnan(value) else round(value, digits)


def rows_by_size(parts: Sequence[ImageHits], threshold: float) -> dict[str, dict[str, Any]]:
    """Return one label's figures for each size that the split shows."""
    rows = {}
    for number, size in enumerate(SIZES):
        hits = gather([part.of_size(number) for part in parts])
        if hits.objects:
            rows[size] = row_of(hits, threshold)
    return rows


def report_of(
    parts: Parts, thresholds: Mapping[str, float], negatives: Sequence[str], seed: int
) -> dict[str, Any]:
    """Return the figures per label, size and source, and on the clean scenes."""
    by_label = {label: over_sources(parts, label) for label in thresholds}
    shown = {label: hits for label, hits in by_label.items() if any(h.objects for h in hits)}
    sources = {
        source: {
            label: row_of(gather(hits), thresholds[label])
            for label, hits in labels.items()
            if any(h.objects for h in hits)
        }
        for source, labels in sorted(parts.items())
    }
    return {
        "labels": {
            label: _whole_row(hits, thresholds[label], seed) for label, hits in shown.items()
        },
        "sizes": {label: rows_by_size(hits, thresholds[label]) for label, hits in shown.items()},
        "sources": {source: rows for source, rows in sources.items() if rows},
        "clean_scenes": _clean_scenes(parts, thresholds, negatives),
    }


def _whole_row(hits: Sequence[ImageHits], threshold: float, seed: int) -> dict[str, Any]:
    interval = [rounded(edge) for edge in ap50_interval(hits, seed=seed)]
    return {**row_of(gather(hits), threshold), "ap50_interval": interval}


def _clean_scenes(
    parts: Parts, thresholds: Mapping[str, float], negatives: Sequence[str]
) -> dict[str, Any]:
    by_label = {
        label: gather(
            [hits for source in negatives for hits in parts.get(source, {}).get(label, [])]
        )
        for label in thresholds
    }
    seen = {label: hits for label, hits in by_label.items() if hits.images}
    return {
        "images": max((hits.images for hits in seen.values()), default=0),
        "detections": {label: hits.false_alarms(thresholds[label]) for label, hits in seen.items()},
    }


def doubts_of(
    label: str, row: Mapping[str, Any] | None, chosen: Chosen, config: TrainingConfig
) -> list[str]:
    """Return why a label is experimental; nothing where it may be on by default."""
    if row is None:
        return ["the test split shows none"]
    doubts = []
    if row["ap50"] < config.floors[label]:
        doubts.append(f"AP50 {row['ap50']:.3f} is below its floor {config.floors[label]:.2f}")
    if row["objects"] < config.least_objects:
        doubts.append(f"{row['objects']} objects are too few to tell")
    need = config.needs[label]
    if not chosen.reached and need.hazard:
        doubts.append(f"no threshold reaches what {need.hazard} needs on the validation split")
    return doubts


def evaluate(config: TrainingConfig) -> dict[str, Any]:
    """Measure, write thresholds into the model's JSON, and write `cards/NAME.json` with every figure."""
    pool = config.open_pool()
    description_file = config.weights / f"{config.name}.json"
    description = json.loads(description_file.read_text("utf-8"))
    model_file = description_file.with_name(description["file"])
    detector = open_measured(model_file, threads=config.threads)
    validation = measure(
        detector.detect, detector.labels, pool, pool.files("val"), f"{config.name} on val"
    )
    chosen = {
        label: choose(over_sources(validation, label), config.needs[label]) for label in LABELS
    }
    thresholds = {label: each.score for label, each in chosen.items()}
    tested = measure(
        detector.detect, detector.labels, pool, pool.files("test"), f"{config.name} on test"
    )
    ours = report_of(tested, thresholds, config.negatives, config.seed)
    doubts = {
        label: reasons
        for label in LABELS
        if (reasons := doubts_of(label, ours["labels"].get(label), chosen[label], config))
    }
    description |= {
        "sha256": hashlib.sha256(model_file.read_bytes()).hexdigest(),
        "thresholds": thresholds,
        "experimental": list(doubts),
    }
    description_file.write_text(json.dumps(description, indent=2) + "\n", "utf-8")
    report = {
        "model": {key: value for key, value in description.items() if key != "accuracy"},
        "run": run_facts(config, pool) or _run_on_the_card(config, description["sha256"]),
        "pool": json.loads((config.pool / "report.json").read_text("utf-8")),
        "thresholds": {label: each.as_row() for label, each in chosen.items()},
        "needs": {
            label: {**vars(need), "since": need.since.isoformat()}
            for label, need in config.needs.items()
        },
        "floors": config.floors,
        "experimental": doubts,
        "test": ours,
        "peers": {name: peer_report(peer, pool, config) for name, peer in config.peers.items()},
    }
    report["comparison"] = comparison(ours["labels"], report["peers"])
    config.cards.mkdir(parents=True, exist_ok=True)
    write_report(config.cards / f"{config.name}.json", report)
    return report


def _run_on_the_card(config: TrainingConfig, sha256: str) -> dict[str, Any] | None:
    """Return what the card already says about the training of this very file: a run's folder need not outlive it."""
    file = config.cards / f"{config.name}.json"
    if not file.exists():
        return None
    known = json.loads(file.read_text("utf-8"))
    run: dict[str, Any] | None = known["run"] if known["model"]["sha256"] == sha256 else None
    return run


def write_report(file: Path, report: Mapping[str, Any]) -> None:
    """Write the figures of a card."""
    file.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")


def peer_report(peer: Mapping[str, Any], pool: Pool, config: TrainingConfig) -> dict[str, Any]:
    """Measure a downloadable model on the same test images."""
    file = Path(peer["file"])
    detector: Measured = open_measured(file, peer["labels"], config.threads)
    thresholds = dict.fromkeys(detector.labels, PEER_THRESHOLD)
    parts = measure(detector.detect, detector.labels, pool, pool.files("test"), file.stem)
    return report_of(parts, thresholds, config.negatives, config.seed)


def comparison(
    ours: Mapping[str, Mapping[str, Any]], peers: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return for each label that a peer knows too who is ahead on the same images, and by how much."""
    rows = []
    for name, peer in peers.items():
        for label, row in peer["labels"].items():
            mine = ours[label]["ap50"]
            ahead = round(mine - row["ap50"], 3)
            rows.append(
                {
                    "peer": name,
                    "label": label,
                    "ours": mine,
                    "theirs": row["ap50"],
                    "ahead_by": ahead,
                    "verdict": "ahead" if ahead > 0 else "not ahead",
                }
            )
    return rows


def run_facts(config: TrainingConfig, pool: Pool) -> dict[str, Any] | None:
    """Return what the run's clock and configuration say about the training; None without a run at hand."""
    clock_file = config.run / "clock.json"
    if not clock_file.exists():
        return None
    clock = json.loads(clock_file.read_text("utf-8"))
    drawn = clock["epochs"] * config.epoch_images
    return {
        "minutes": round(clock["spent_s"] / 60),
        "short_epochs": clock["epochs"],
        "images_drawn": drawn,
        "passes_over_training_pool": round(drawn / max(len(pool.files("train")), 1), 1),
        "train_px": config.ultralytics["imgsz"],
        "batch": config.ultralytics["batch"],
        "seed": config.seed,
    }
