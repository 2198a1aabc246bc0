"""The configuration file of a training run."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class TrainingConfig:
    """One run: where it reads and writes, how long it may take, how it samples and augments."""

    name: str
    version: str
    pool: Path
    run: Path  # checkpoints, logs, ultralytics' own settings
    init_weights: Path  # ultralytics' checkpoint (.pt), or a released model (.onnx) to go on with
    architecture: (
        str  # ultralytics' name, e.g. yolov5n.yaml: what a released model is restored into
    )
    hours: float  # wall-clock budget; the learning rate reaches its end with it
    epoch_images: int  # images drawn per (short) epoch
    bf16: (
        bool  # bfloat16 autocast with channels-last tensors: 2.4 times as fast where the CPU has it
    )
    threads: int  # of a CPU
    loader_processes: int
    seed: int
    weight_by_source: dict[str, float]
    rule: dict[str, float]  # when a threshold is good enough, when a label is experimental
    peers: dict[str, dict[str, Any]]  # downloadable models to measure beside ours: file, labels
    ultralytics: dict[str, Any]  # passed on as they are

    @classmethod
    def read(cls, path: Path) -> TrainingConfig:
        """Read a TOML file; its relative paths start at the working directory."""
        table = tomllib.loads(path.read_text())
        for key in ("pool", "run", "init_weights"):
            table[key] = Path(table[key]).resolve()
        return cls(**table)
