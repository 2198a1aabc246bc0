"""Write the model card from the measured figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CARDS = Path(__file__).parents[1] / "cards"

TEXT = """\
# {name} {version}

Finds {labels} in photos and camera frames. YOLOv5n with ultralytics' anchor-free head, {input} px, ONNX, AGPL-3.0-or-later.

Every figure on this page was written by `python -m models.training evaluate`; `{name}.json` beside it has more of them.

## Status

The first model of the project: {minutes} minutes on two shared CPU cores, {images_drawn} images drawn
({passes_over_training_pool} passes over the training pool) at {train_px} px, from COCO-trained backbone weights. Use it to try the
product and as the mark that the next model has to beat. Experimental labels are marked as such in the
model's description; what they show is proposed like the rest, so expect more to dismiss:
{experimental}.

A label is experimental when it has fewer than {least_objects} objects in the test split, an AP50 below {least_ap50}, or a
precision below {least_precision} at its threshold.

## Measured on the test split

{test_images} images that share no file stem, video or near-duplicate with training images (but see the construction source
below). A label is measured only on images whose
source labels it or that are known not to show it. Precision and recall at the shipped threshold and IoU 0.5; each
threshold is the smallest from 0.25 with a precision of {precision} on the validation split ({val_images} images), or the best F1 where none reaches it. An object that the
source forgot to box counts as a false alarm.

{table}

Clean scenes ({clean_images} images of offices, red rooms, streets, night and sunsets): {clean_total} false findings of labels
other than person, {clean_rate} per 100 images{clean_list}.

## The same by source

Sources differ in what they show and in how they draw boxes, so one figure hides much.

{source_table}

## Models a user could download instead, on the same images

At the usual threshold of 0.25.

{peer_table}

## Data

{pool_table}

Sources, licences as their publishers state them, and label rules are in `datasets/manifests/`. The images are not part of
the project: many are web photos or film stills. Only weights, manifests and figures are published.

- People that a source left unlabelled come from a COCO-trained teacher (score 0.5 and more); where it is unsure, nothing is learnt.
- Hi-vis vests among one source's undecided workwear come from a vest teacher. They are learnt from, never measured against.
- Helmets of two sources are guessed from whole-head boxes (upper 58 %), so their boxes are rough at high IoU.

## Known blind spots

- All photos are from the web, from homes or from construction sites. No labelled footage of fixed cameras in plants was
  to be had: expect less there than the table says.
- Bare heads and helmets far away are a few pixels high and are often missed.
- Only red fire extinguishers were labelled; steel, white and other ones are not found.
- Vests are hi-vis; sleeveless ones are better known than jackets. A plain reflective stripe on coveralls is not a vest.
- `no_vest` says that a torso shows no hi-vis vest; it knows nothing of whether one is required.
- `vest` and `no_vest` can both be found on one torso: the source of most web vests does not say which it is not. Believe the
  higher score.
- Forklifts from unusual angles and far away are missed: the one in the warehouse clip this was tried on was not found.
- Fallen people were photographed at home and outdoors, few of them, some only stumbling.
- Cigarettes are film stills seen close by.
- The construction source consists of 2 x 2 mosaics of its own scenes: its test images may share a tile with training images.
- Nothing is claimed about blocked exits, open cabinets, wires, gas cylinders, ladders, harnesses or any label not listed here.

## Reproduce

    python datasets/teacher.py --data DATA --teacher DATA/peers/coco_yolov5n_640.onnx --class-index 0 --out var/people.json
    python datasets/teacher.py --data DATA --teacher DATA/peers/helmet_vest_yolov5n_640.onnx --class-index 1 \\
        --sources panly_helmet_workwear --out var/vests.json
    python datasets/merge.py --data DATA --out var/pool --people var/people.json --vests var/vests.json
    python -m models.training train --config models/training/{name}.toml
    python -m models.training export --config models/training/{name}.toml
    python -m models.training evaluate --config models/training/{name}.toml

The run is seeded, but its budget is wall-clock time: a faster machine sees more images and ends elsewhere.
"""

COLUMNS = {
    "label": "label",
    "images": "images",
    "objects": "objects",
    "threshold": "threshold",
    "precision": "precision",
    "recall": "recall",
    "ap50": "AP50",
    "ap50_95": "AP50-95",
    "false_alarms_per_100_images": "false alarms / 100 images",
}


def markdown_table(rows: list[dict[str, Any]], columns: Mapping[str, str]) -> str:
    """Return a markdown table with these columns (key to title)."""
    lines = [" | ".join(columns.values()), " | ".join("---" for _ in columns)]
    lines += [" | ".join(_cell(row.get(key)) for key in columns) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def label_rows(labels: Mapping[str, Mapping[str, Any]], **extra: str) -> list[dict[str, Any]]:
    """Return one row a label."""
    return [{"label": label, **extra, **row} for label, row in labels.items()]


def card_text(report: Mapping[str, Any], rule: Mapping[str, float]) -> str:
    """Return the card of an evaluation report."""
    model, test, pool = report["model"], report["test"], report["pool"]
    findings = {k: n for k, n in test["clean_scenes"]["findings"].items() if k != "person" and n}
    clean_images = test["clean_scenes"]["images"]
    by_source = [
        row for source, rows in test["sources"].items() for row in label_rows(rows, source=source)
    ]
    peers = [
        row
        for name, peer in report["peers"].items()
        for row in label_rows(peer["labels"], peer=name)
    ]
    return TEXT.format(
        **report["run"],
        **rule,
        name=model["name"],
        version=model["version"],
        labels=", ".join(model["labels"]),
        input=" x ".join(map(str, model["input_size_wh"])),
        experimental=", ".join(model["experimental"]) or "none",
        test_images=pool["images"]["test"],
        val_images=pool["images"]["val"],
        table=markdown_table(label_rows(test["labels"]), COLUMNS),
        clean_images=clean_images,
        clean_total=sum(findings.values()),
        clean_rate=_cell(round(100 * sum(findings.values()) / max(clean_images, 1), 1)),
        clean_list=f" ({', '.join(f'{k} {n}' for k, n in findings.items())})" if findings else "",
        source_table=markdown_table(by_source, {"source": "source", **COLUMNS}),
        peer_table=markdown_table(peers, {"peer": "model", **COLUMNS}),
        pool_table=markdown_table(_pool_rows(pool), _pool_columns(pool)),
    )


def _pool_columns(pool: Mapping[str, Any]) -> dict[str, str]:
    return {"what": "", **{split: split for split in pool["images"]}}


def _pool_rows(pool: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = [{"what": "images", **pool["images"]}]
    rows += [{"what": f"images of {name}", **counts} for name, counts in pool["sources"].items()]
    labels = next(iter(pool["boxes"].values()))
    rows += [
        {"what": f"boxes of {label}", **{s: pool["boxes"][s][label] for s in pool["images"]}}
        for label in labels
    ]
    return rows


def read_report(name: str) -> dict[str, Any]:
    """Return the figures that an evaluation left beside the card."""
    report: dict[str, Any] = json.loads((CARDS / f"{name}.json").read_text())
    return report


def write_card(report: Mapping[str, Any], rule: Mapping[str, float]) -> Path:
    """Write the card beside the figures and return it."""
    file = CARDS / str(report["model"]["card"])
    file.write_text(card_text(report, rule))
    return file
