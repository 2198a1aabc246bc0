"""Read the pool that `datasets/merge.py` wrote: what each image's source says about each class.

Pure: needs neither torch nor ultralytics.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LABELS = (
    "person", "helmet", "head", "vest", "no_vest", "flame",
    "smoke", "fire_extinguisher", "forklift", "fallen_person", "cigarette", "cone",
)  # fmt: skip
UNKNOWN = "U"
MEASURED = "M"  # not learnt as background, but measured against


@dataclass(frozen=True)
class PoolImage:
    """One image of the pool: its source, its split and one letter (L, A, U or M) a label."""

    source: str
    split: str
    knowledge: str


@dataclass(frozen=True)
class Pool:
    """The images of the pool by key; an image's key is its file's stem.

    Attributes:
        root: its folder.
        images: what is known of each.
        limit: for a trial, the most images that a split gives, drawn evenly from all; None: every one.
    """

    root: Path
    images: Mapping[str, PoolImage]
    limit: int | None = None

    @classmethod
    def read(cls, root: Path, limit: int | None = None) -> Pool:
        """Read `pool.json` under `root` and check that its class list is ours."""
        table = json.loads((root / "pool.json").read_text())
        if tuple(table["labels"]) != LABELS:
            raise ValueError(f"pool labels {table['labels']}, expected {LABELS}")
        images = {
            key: PoolImage(row["source"], row["split"], row["knowledge"])
            for key, row in table["images"].items()
        }
        return cls(root, images, limit)

    def __getitem__(self, image_file: str | Path) -> PoolImage:
        """Return what is known about an image file of the pool."""
        return self.images[Path(image_file).stem]

    def files(self, split: str) -> list[Path]:
        """Return the image files of a split, sorted."""
        keys = sorted(key for key, image in self.images.items() if image.split == split)
        if self.limit is not None and len(keys) > self.limit:
            keys = [keys[number * len(keys) // self.limit] for number in range(self.limit)]
        return [self.root / "images" / f"{key}.webp" for key in keys]


def unknown_mask(knowledge: Sequence[str]) -> NDArray[np.bool_]:
    """Return `[n, classes]`: True where an image without a box of the class need not be without one."""
    open_letters = (UNKNOWN, MEASURED)
    return np.array([[letter in open_letters for letter in letters] for letters in knowledge], bool)


def groups_by_knowledge(knowledge: Sequence[str]) -> dict[str, list[int]]:
    """Return the indices of the images that share one set of letters: only these may share a mosaic."""
    groups: dict[str, list[int]] = defaultdict(list)
    for i, letters in enumerate(knowledge):
        groups[letters].append(i)
    return dict(groups)


def sampling_weights(
    sources: Iterable[str], weight_by_source: Mapping[str, float]
) -> NDArray[np.float64]:
    """Return each image's chance of being drawn; a source without an entry weighs 1."""
    weights = np.array([weight_by_source.get(source, 1.0) for source in sources])
    return weights / weights.sum()


def draw_epoch(weights: NDArray[np.float64], size: int, seed: int) -> NDArray[np.int64]:
    """Draw `size` different images for one epoch; the same seed draws the same images."""
    rng = np.random.default_rng(seed)
    return rng.choice(len(weights), size=min(size, len(weights)), replace=False, p=weights)
