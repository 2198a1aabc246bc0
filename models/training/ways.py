"""Measure every way to run a model on the test split: what a runtime, a precision or an input's shape costs in AP50.

The detector is the product's own, so that what is measured is what runs. The figures go into the description of the
file that ran (`accuracy`), where `anxun-edge doctor` reads them; the reference is fp32, onnxruntime's CPU, a square. A
mean is over the labels with as many objects as the configuration asks for (`least_objects`): with three objects one
lost detection would be many points.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.bundle import BundleDescription, describe_bundle, load_bundle
from models.errors import ModelError
from models.running import INT8, Running
from models.training.config import TrainingConfig
from models.training.detect import LEAST_SCORE, Measured
from models.training.evaluate import Parts, measure, over_sources
from models.training.metrics import gather
from models.training.pool import LABELS
from models.ways import ways_here


@dataclass(frozen=True, slots=True)
class LabelAccuracy:
    """AP50 of one label, 0 to 1, and how many objects of it there were to find."""

    ap50: float
    objects: int


def as_measured(file: Path, running: Running) -> Measured:
    """Return the detector that users run, as a measurement wants it: every detection from `LEAST_SCORE`, our labels."""
    low = dict.fromkeys(describe_bundle(file).labels, LEAST_SCORE)
    detector = load_bundle(file, running=running, thresholds=low)
    return Measured(detector.detect, detector.labels)


def measure_ways(
    config: TrainingConfig, split: str = "test", known: Sequence[dict[str, Any]] = ()
) -> Iterator[dict[str, Any]]:
    """Yield a row a way: runtime, precision, shapes, mean AP50, the reference's, images, AP50 per label.

    A way that this machine cannot go is said and left out. `known` are rows of this model and split that were measured
    before, the reference among them: they are yielded as they are.
    """
    pool, file = config.open_pool(), config.weights / f"{config.name}.json"
    files = pool.files(split)
    sha256 = describe_bundle(file).sha256
    by_way = {_way_of(row): row for row in known}
    reference: dict[str, LabelAccuracy] = {}
    for way in ways_here(file):
        row = by_way.get((way.runtime, str(way.precision), str(way.shapes)))
        if row is not None and reference:
            yield row
            continue
        try:
            measured = as_measured(file, way)
        except ModelError as error:
            print(f"{way.runtime} in {way.precision}: not measured, {error}")
            continue
        name = f"{way.runtime} {way.precision} {way.shapes}"
        labels = accuracy_of(measure(measured.detect, measured.labels, pool, files, name))
        mean = mean_ap50(labels, config.least_objects)
        reference = reference or labels
        reference_mean = mean_ap50(reference, config.least_objects)
        print(f"{name}: AP50 {mean:.4f}, {100 * (mean - reference_mean):+.2f} points", flush=True)
        yield {
            "runtime": way.runtime,
            "precision": way.precision,
            "shapes": way.shapes,
            "ap50": mean,
            "reference_ap50": reference_mean,
            "images": len(files),
            "reference_sha256": sha256,
            "labels": {label: each.ap50 for label, each in labels.items()},
            "worst": worst_of(labels, reference, config.least_objects),
        }


def _way_of(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(row["runtime"]), str(row["precision"]), str(row["shapes"])


def accuracy_of(parts: Parts) -> dict[str, LabelAccuracy]:
    """Return AP50 by label, of the labels that the images show."""
    figures = {}
    for label in LABELS:
        hits = gather(over_sources(parts, label))
        if hits.objects:
            ap50 = round(float(hits.average_precision()[0]), 4)
            figures[label] = LabelAccuracy(ap50, hits.objects)
    return figures


def mean_ap50(labels: Mapping[str, LabelAccuracy], least_objects: int) -> float:
    """Return the mean over the labels with enough objects to tell, or over all where none has (a trial)."""
    told = [each for each in labels.values() if each.objects >= least_objects]
    return round(float(np.mean([each.ap50 for each in told or labels.values()])), 4)


def worst_of(
    labels: Mapping[str, LabelAccuracy],
    reference: Mapping[str, LabelAccuracy],
    least_objects: int,
) -> dict[str, Any] | None:
    """Return the label with enough objects to tell that a way costs most, and its AP50 points: a mean can hide it."""
    points = {
        label: round(100 * (each.ap50 - reference[label].ap50), 2)
        for label, each in labels.items()
        if each.objects >= least_objects
    }
    if not points:
        return None
    label = min(points, key=lambda name: points[name])
    return {"label": label, "points": points[label]}


def write_ways(config: TrainingConfig) -> Path:
    """Measure on the test split; write each way into its file's description and all of them beside the card.

    They are written as they come: a run that is cut off leaves what it measured, and the rest is never picked. The next
    run goes on from there, as long as the file, its int8 twin and the number of images are the same.

    Returns:
        the file of figures; `card` shows them.
    """
    config.cards.mkdir(parents=True, exist_ok=True)
    figures = config.cards / f"{config.name}.ways.json"
    rows: list[dict[str, Any]] = []
    for row in measure_ways(config, known=known_ways(config, figures)):
        rows.append(row | {"twin_sha256": _twin_sha256(config)})
        _write(config, rows)
        figures.write_text(json.dumps({"split": "test", "ways": rows}, indent=1) + "\n")
    return figures


def known_ways(config: TrainingConfig, figures: Path) -> list[dict[str, Any]]:
    """Return the rows of an earlier run that still hold."""
    if not figures.is_file():
        return []
    sha256 = describe_bundle(config.weights / f"{config.name}.json").sha256
    images = len(config.open_pool().files("test"))
    twin = _twin_sha256(config)
    rows: list[dict[str, Any]] = json.loads(figures.read_text())["ways"]
    return [
        row
        for row in rows
        if (row["reference_sha256"], row["images"]) == (sha256, images)
        and (row["precision"] != INT8 or row.get("twin_sha256") == twin)
    ]


def _twin_sha256(config: TrainingConfig) -> str | None:
    file = config.weights / f"{config.name}.json"
    if not file.with_name(f"{config.name}-int8.json").is_file():
        return None
    return describe_bundle(file, precision=INT8).sha256


def _write(config: TrainingConfig, rows: list[dict[str, Any]]) -> None:
    file = config.weights / f"{config.name}.json"
    _describe(file, [row for row in rows if row["precision"] != INT8])
    quantised = [row for row in rows if row["precision"] == INT8]
    if quantised:
        _describe(file.with_name(f"{config.name}-int8.json"), quantised)


def _describe(file: Path, rows: list[dict[str, Any]]) -> None:
    table = json.loads(file.read_text())
    table["accuracy"] = [
        {k: v for k, v in row.items() if k not in ("labels", "worst", "twin_sha256")}
        for row in rows
    ]
    BundleDescription.model_validate(table)
    file.write_text(json.dumps(table, indent=2) + "\n")
