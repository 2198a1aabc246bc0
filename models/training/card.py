"""Write the model card from the measured figures and the notes that no figure can say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from models.bundle import MAX_LOSS_POINTS, MeasuredAccuracy
from models.training.config import TrainingConfig
from models.training.metrics import SIZE_BOUNDS_PX, SIZES

TEXT = """\
# {name} {version}

Finds {labels} in photos and camera frames. Input {input} px, ONNX, {licence}. sha256 `{sha256}`.

Every figure on this page was written by `python -m models.training evaluate` and `ways`, and `datasets/false_alarms.py`;
`{name}.json` beside it has more of them. How to read it: `docs/models.md`.

## Experimental labels

A hazard that rests on one of these is off until somebody switches the label on (`--experimental`, `ANXUN_EXPERIMENTAL`).

{experimental}

## Measured on the test split

{test_images} images that share no scene with training images: no file stem, no video, no near-duplicate (see *Data*). A label
is measured only on images whose source labels it or that are known not to show it. Precision and recall are those at the
shipped threshold and IoU 0.5. The interval of AP50 is a 95 % bootstrap over images: how far the figure would move with other
images of the same kind. An object that a source forgot to box counts as a false detection.

{table}

## By object size

Area in pixels of the picture as the network sees it, its longer side scaled to 640 px: small below {small} x {small}, medium below
{large} x {large}, large from there on (COCO's bounds).

{size_table}

## Thresholds

Chosen on the validation split ({val_images} images): the smallest score with the precision that the label's hazard needs and, where asked,
at most so many detections per 100 validation images that do not show the label. Where none does, the best F1 is taken and the label is experimental.

{threshold_table}

{reasons}

## False alarms

{false_alarms}

## Ways to run it

{ways}

## Models a user could download instead, on the same images

{comparison}

At their usual threshold of 0.25:

{peer_table}

## By source

Sources differ in what they show and in how they draw boxes, so one figure hides much.

{source_table}

## Data

{pool_table}

Sources, licences as their publishers state them, and label rules are in `datasets/manifests/`. The images are not part of
the project: many are web photos or film stills. Only weights, manifests and figures are published.

{notes}
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
    "false_alarms_per_100_images": "false detections / 100 images",
}
WITH_INTERVAL = {**COLUMNS, "ap50_interval": "AP50, 95 %"}
THRESHOLD_COLUMNS = {
    "label": "label",
    "hazard": "decides",
    "needed": "needed precision",
    "quiet": "at most / 100 clean",
    "score": "threshold",
    "precision": "precision",
    "recall": "recall",
    "false_alarms_per_100": "false / 100 clean",
    "clean_images": "clean images",
    "met": "met",
}
WAY_COLUMNS = {
    "runtime": "runtime",
    "precision": "precision",
    "shapes": "input",
    "ap50": "AP50",
    "points": "points",
    "worst_label": "worst label",
    "verdict": "within 0.5",
}
FALSE_ALARM_COLUMNS = {
    "hazard": "hazard",
    "label": "label",
    "state": "by default",
    "clean_images": "clean scenes",
    "clean_per_100": "findings / 100",
    "other_images": "other images",
    "other_per_100": "findings / 100 ",
    "verdict": "at most 1",
}


def markdown_table(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> str:
    """Return a markdown table with these columns (key to title)."""
    lines = [" | ".join(columns.values()), " | ".join("---" for _ in columns)]
    lines += [" | ".join(_cell(row.get(key)) for key in columns) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, list):
        return " to ".join(_cell(each) for each in value)
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def label_rows(labels: Mapping[str, Mapping[str, Any]], **extra: str) -> list[dict[str, Any]]:
    """Return one row a label."""
    return [{"label": label, **extra, **row} for label, row in labels.items()]


def card_text(
    report: Mapping[str, Any],
    notes: str = "",
    false_alarms: Mapping[str, Any] | None = None,
    ways: Mapping[str, Any] | None = None,
) -> str:
    """Return the card of an evaluation report.

    Args:
        report: what `evaluate` measured.
        notes: markdown that follows the figures.
        false_alarms: what `datasets/false_alarms.py` counted, of the same model file.
        ways: what `ways` measured, of the same model file.
    """
    model, test, pool = report["model"], report["test"], report["pool"]
    return TEXT.format(
        name=model["name"],
        version=model["version"],
        labels=", ".join(model["labels"]),
        input=" x ".join(map(str, model["input_size_wh"])),
        licence=model.get("licence", "licence not stated"),
        sha256=model["sha256"],
        experimental=_experimental(report),
        test_images=pool["images"].get("test", 0),
        val_images=pool["images"].get("val", 0),
        table=markdown_table(label_rows(test["labels"]), WITH_INTERVAL),
        small=SIZE_BOUNDS_PX[0],
        large=SIZE_BOUNDS_PX[1],
        size_table=_size_table(test["sizes"]),
        threshold_table=_threshold_table(report),
        reasons=_reasons(report["needs"]),
        false_alarms=_false_alarms(false_alarms, model["sha256"], test["clean_scenes"]),
        ways=_ways(ways, model["sha256"]),
        comparison=_comparison(report["comparison"]),
        peer_table=_nested_table(report["peers"], "peer", "model"),
        source_table=_nested_table(
            {source: {"labels": rows} for source, rows in test["sources"].items()},
            "source",
            "source",
        ),
        pool_table=markdown_table(_pool_rows(pool), _pool_columns(pool)),
        notes="\n\n".join(part for part in (notes.strip(), _run(report["run"])) if part),
    )


def _experimental(report: Mapping[str, Any]) -> str:
    lines = [f"- `{label}`: {'; '.join(why)}." for label, why in report["experimental"].items()]
    return "\n".join(lines) or "None."


def _size_table(sizes: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        {"label": label, "size": size, **by_size[size]}
        for label, by_size in sizes.items()
        for size in SIZES
        if size in by_size
    ]
    wanted = ("label", "objects", "precision", "recall", "ap50", "ap50_95")
    return markdown_table(
        rows, {"label": "label", "size": "size"} | {k: COLUMNS[k] for k in wanted[1:]}
    )


def _threshold_table(report: Mapping[str, Any]) -> str:
    rows = []
    for label, chosen in report["thresholds"].items():
        need = report["needs"][label]
        extra = {
            "label": label,
            "hazard": need["hazard"] or "–",
            "needed": need["precision"],
            "quiet": need["false_alarms_per_100"],
            "met": "yes" if chosen["reached"] else "no",
        }
        rows.append({**chosen, **extra})
    return markdown_table(rows, THRESHOLD_COLUMNS)


def _reasons(needs: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [
        f"- `{label}`{' for ' + need['hazard'] if need['hazard'] else ''} (since {need['since']}): {need['reason']}"
        for label, need in needs.items()
    ]
    return "\n".join(lines)


def _false_alarms(
    counted: Mapping[str, Any] | None, sha256: str, clean_scenes: Mapping[str, Any]
) -> str:
    if counted is None or counted["model_sha256"] != sha256:
        found = {label: count for label, count in clean_scenes["detections"].items() if count}
        listed = ", ".join(f"{label} {count}" for label, count in found.items()) or "none"
        return (
            f"Detections on {clean_scenes['images']} clean scenes of the test split: {listed}. Findings per hazard were"
            " not counted for this file (`datasets/false_alarms.py`)."
        )
    table = markdown_table(counted["hazards"], FALSE_ALARM_COLUMNS)
    return f"{counted['how']}\n\n{table}"


def _ways(measured: Mapping[str, Any] | None, sha256: str) -> str:
    rows = [] if measured is None else measured["ways"]
    if not rows or rows[0]["reference_sha256"] != sha256:
        return "Not measured for this file (`python -m models.training ways`): fp32 in a square is what the figures above are of."
    said = (
        f"The product's own detector on the {rows[0]['images']} images of the test split: mean AP50 of the labels with enough"
        f" objects to tell, and what a way costs against the first row in points (hundredths). A way that costs more than"
        f" {MAX_LOSS_POINTS} is never picked by `anxun-edge doctor`. *fitting* inputs have the shape of the picture, *compact* ones that in four fifths of the size: doctor takes"
        " those only where it is asked to (`--compact`), because a mean hides what far and small things lose."
    )
    return f"{said}\n\n{markdown_table([_way_row(row) for row in rows], WAY_COLUMNS)}"


def _way_row(row: Mapping[str, Any]) -> dict[str, Any]:
    measured = MeasuredAccuracy.model_validate(row)
    verdict = "yes" if measured.keeps_accuracy else "no"
    worst = row.get("worst")
    worst_label = worst and f"{worst['label']} {worst['points']:+.2f}"
    return {
        **row,
        "points": f"{measured.points:+.2f}",
        "worst_label": worst_label,
        "verdict": verdict,
    }


def _comparison(rows: Iterable[Mapping[str, Any]]) -> str:
    said = [_said(row) for row in rows]
    return "\n".join(said) or "No downloadable model was measured."


def _said(row: Mapping[str, Any]) -> str:
    by = f"AP50 {_cell(row['ours'])} against {_cell(row['theirs'])}"
    if row["verdict"] == "ahead":
        return (
            f"- `{row['label']}`: ours is ahead of {row['peer']}, {by} (+{_cell(row['ahead_by'])})."
        )
    return f"- `{row['label']}`: ours is **not ahead** of {row['peer']}, {by} ({_cell(row['ahead_by'])})."


def _nested_table(groups: Mapping[str, Mapping[str, Any]], key: str, title: str) -> str:
    rows = [
        row for name, group in groups.items() for row in label_rows(group["labels"], **{key: name})
    ]
    return markdown_table(rows, {key: title, **COLUMNS}) if rows else "None."


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


def _run(run: Mapping[str, Any] | None) -> str:
    if run is None:
        return ""
    return (
        f"## Training run\n\n{run['minutes']} minutes, {run['images_drawn']} images drawn"
        f" ({run['passes_over_training_pool']} passes over the training pool) at {run['train_px']} px,"
        f" batches of {run['batch']}, seed {run['seed']}."
    )


def read_report(config: TrainingConfig) -> dict[str, Any]:
    """Return the figures that an evaluation left beside the card."""
    report: dict[str, Any] = json.loads((config.cards / f"{config.name}.json").read_text("utf-8"))
    return report


def write_card(report: Mapping[str, Any], config: TrainingConfig) -> Path:
    """Write the card beside the figures and return it."""
    notes = config.notes.read_text("utf-8") if config.notes else ""
    counted = _read_beside(config, "false_alarms")
    file = config.cards / str(report["model"]["card"])
    file.write_text(card_text(report, notes, counted, _read_beside(config, "ways")), "utf-8")
    return file


def _read_beside(config: TrainingConfig, what: str) -> dict[str, Any] | None:
    file = config.cards / f"{config.name}.{what}.json"
    figures: dict[str, Any] | None = json.loads(file.read_text("utf-8")) if file.exists() else None
    return figures
