"""The configuration file of a training run."""

from __future__ import annotations

import shutil
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from models.training.pool import LABELS, Pool
from models.training.thresholds import Need

PACKAGE = Path(__file__).parents[1]
PATHS = ("pool", "run", "init_weights", "weights", "cards", "notes")


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
    needs: dict[str, Need]  # label -> what its threshold must reach
    floors: dict[str, float]  # label -> AP50 on the test split below which it is experimental
    least_objects: int  # in the test split, below which a label is experimental
    peers: dict[str, dict[str, Any]]  # downloadable models to measure beside ours: file, labels
    ultralytics: dict[str, Any]  # passed on as they are
    weights: Path = PACKAGE / "weights"  # where the released files go
    cards: Path = PACKAGE / "cards"
    notes: Path | None = (
        None  # markdown for the card that no figure can say: blind spots, what was tried
    )
    negatives: tuple[str, ...] = ("negatives",)  # sources of clean scenes
    epochs: int | None = (
        None  # a fixed number of (short) epochs instead of `hours`: same command, same weights
    )
    limit: int | None = None  # set by `as_trial`: the most images of each split

    @classmethod
    def read(cls, path: Path) -> TrainingConfig:
        """Read a TOML file; its relative paths start at the working directory.

        Raises:
            ValueError: a label has no need or no floor, or one stands there twice or is none of ours.
        """
        table = tomllib.loads(path.read_text("utf-8"))
        for key in PATHS:
            if key in table:
                table[key] = Path(table[key]).resolve()
        needs = [Need.from_table(each) for each in table.pop("needs")]
        table["needs"] = {need.label: need for need in needs}
        if len(needs) != len(table["needs"]):
            msg = f"{path.name}: a label has two [[needs]]"
            raise ValueError(msg)
        for key in ("needs", "floors"):
            if strange := set(table[key]) ^ set(LABELS):
                msg = f"{path.name}: {key} lack or do not know {', '.join(sorted(strange))}"
                raise ValueError(msg)
        table["negatives"] = tuple(table.get("negatives", cls.negatives))
        return cls(**table)

    def as_trial(self, limit: int) -> TrainingConfig:
        """Return the same run on so many images of each split, its files written to `run`/trial.

        The released model and its card are copied there, so that a step may be tried alone; they stay as they are.
        """
        folder = self.run / "trial"
        folder.mkdir(parents=True, exist_ok=True)
        known = (f"{self.name}.json", f"{self.name}.onnx")
        for file in (*(self.weights / name for name in known), self.cards / f"{self.name}.json"):
            target = folder / ("weights" if file.parent == self.weights else "cards") / file.name
            if file.exists() and not target.exists():
                target.parent.mkdir(exist_ok=True)
                shutil.copyfile(file, target)
        return replace(self, limit=limit, weights=folder / "weights", cards=folder / "cards")

    def open_pool(self) -> Pool:
        """Return the pool, or of a trial its part."""
        return Pool.read(self.pool, self.limit)
