"""Export a checkpoint to ONNX and describe it beside the file."""

from __future__ import annotations

import datetime
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import onnx
from ultralytics import YOLO

from models.training.config import TrainingConfig
from models.training.pool import LABELS

INPUT_PX = 640
OPSET = 17
PROVISIONAL_THRESHOLD = 0.25
PUBLISHED_METADATA = ("names", "stride", "task", "imgsz", "channels")


def export(config: TrainingConfig) -> Path:
    """Write `NAME.onnx` and `NAME.json` from the last checkpoint's averaged weights; return the ONNX file."""
    last = config.run / "train" / "weights" / "last.pt"
    copy = config.run / f"{config.name}.pt"  # the run may replace its own file at any time
    shutil.copyfile(last, copy)
    exported = Path(
        YOLO(copy).export(format="onnx", imgsz=INPUT_PX, opset=OPSET, simplify=True, dynamic=True)
    )
    config.weights.mkdir(parents=True, exist_ok=True)
    target = config.weights / f"{config.name}.onnx"
    write_published(exported, target, config)
    description = config.weights / f"{config.name}.json"
    description.write_text(json.dumps(describe(config, target), indent=2) + "\n")
    return target


def write_published(exported: Path, target: Path, config: TrainingConfig) -> None:
    """Copy the ONNX file with only the metadata that a reader needs, and no path of the machine it came from."""
    model = onnx.load(exported)
    kept = {p.key: p.value for p in model.metadata_props if p.key in PUBLISHED_METADATA}
    del model.metadata_props[:]
    kept |= {"name": config.name, "version": config.version, "license": "AGPL-3.0-or-later"}
    for key, value in sorted(kept.items()):
        model.metadata_props.add(key=key, value=value)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[
            0
        ].dim_value = 1  # height and width may vary, the batch may not
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    onnx.checker.check_model(model)
    onnx.save(model, target)


def describe(config: TrainingConfig, file: Path) -> dict[str, Any]:
    """Return the description of an exported model before it is measured: every label experimental."""
    return {
        "name": config.name,
        "version": config.version,
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "input_size_wh": [INPUT_PX, INPUT_PX],
        "labels": list(LABELS),
        "thresholds": dict.fromkeys(LABELS, PROVISIONAL_THRESHOLD),
        "experimental": list(LABELS),
        "trained_at": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "licence": "AGPL-3.0-or-later",
        "card": f"{config.name}.md",
    }
