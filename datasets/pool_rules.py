"""The rules of the merge: what each source knows, how boxes are converted, what is a twin, who goes to which split.

Pure: numpy only, no images are read here.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LABELS = (
    "person", "helmet", "head", "vest", "no_vest", "flame",
    "smoke", "fire_extinguisher", "forklift", "fallen_person", "cigarette", "cone",
)  # fmt: skip
WORN_OR_DONE_BY_PEOPLE = {
    "person",
    "helmet",
    "head",
    "vest",
    "no_vest",
    "fallen_person",
    "cigarette",
}
LABELLED, ABSENT, UNKNOWN = "L", "A", "U"
MEASURED = (
    "M"  # boxed well enough to measure against, with gaps that must not be learnt as background
)

PERSON_SURE = 0.5  # teacher's score from which a person becomes a box
PERSON_NONE = 0.05  # teacher's best score below which an image shows nobody
VEST_SURE = 0.4  # teacher's score from which workwear it overlaps is a hi-vis vest
SAME_VEST_IOU = 0.4
SAME_PERSON_IOU = 0.3  # a teacher's box over a labelled person is that person
TWIN_BITS = 6  # pHash distance up to which two images are one scene
MIN_SIDE = 0.002  # relative; smaller boxes are label noise
SPLIT_SHARES: Mapping[str, float] = {"train": 0.85, "val": 0.05, "test": 0.10}

Finds = dict[str, list[list[float]]]  # "source/stem" -> the teacher's x1, y1, x2, y2, score
Box = tuple[
    int, float, float, float, float
]  # class index, centre x, centre y, width, height (relative 0-1)


@dataclass(frozen=True)
class Manifest:
    """What one source labels, and how its classes become ours."""

    name: str
    family: str  # sources of one family share stems
    class_map: dict[str, str]
    knowledge: dict[str, str]  # label -> L, A, U or M
    scene_patterns: tuple[str, ...]  # the first that matches a stem gives its scene (group 1)
    keep_top: dict[str, float] = field(
        default_factory=dict
    )  # source class -> share of the height kept
    teacher_person: bool = False
    maybe_vest: str | None = None  # source class that is a vest where the teacher agrees
    split_shares: Mapping[str, float] = field(default_factory=lambda: SPLIT_SHARES)

    is_for_trying: bool = False  # too small or too much alike to teach or to measure

    @property
    def is_training_only(self) -> bool:
        """No image of it, nor any that shares a scene with one, may be measured on."""
        return self.split_shares.get("train") == 1


def read_manifest(path: Path) -> Manifest:
    """Read one manifest and check that it decides every label exactly once."""
    table = tomllib.loads(path.read_text())
    states = {LABELLED: "labelled", ABSENT: "absent", UNKNOWN: "unknown", MEASURED: "measured"}
    knowledge: dict[str, str] = {}
    for letter, key in states.items():
        for label in table["knowledge"].get(key, []):
            if label in knowledge:
                raise ValueError(f"{path.name}: {label} is decided twice")
            knowledge[label] = letter
    if set(knowledge) != set(LABELS):
        raise ValueError(f"{path.name}: undecided or foreign {set(knowledge) ^ set(LABELS)}")
    return Manifest(
        name=table["name"],
        family=table.get("family", table["name"]),
        class_map=table.get("classes", {}),
        knowledge=knowledge,
        scene_patterns=tuple(table.get("scene_patterns", [])),
        keep_top=table.get("keep_top", {}),
        teacher_person=table.get("teacher_person", False),
        maybe_vest=table.get("maybe_vest"),
        is_for_trying=table.get("use") == "trying",
        split_shares=_shares(path.name, table.get("split_shares", SPLIT_SHARES)),
    )


def _shares(file_name: str, shares: Mapping[str, float]) -> Mapping[str, float]:
    if set(shares) - set(SPLIT_SHARES) or abs(sum(shares.values()) - 1) > 1e-9:
        raise ValueError(
            f"{file_name}: split_shares name {', '.join(SPLIT_SHARES)} and add up to 1, not {dict(shares)}"
        )
    return shares


def scene_of(stem: str, patterns: Iterable[str]) -> str:
    """Return the part of a file name that its augmented copies and neighbouring frames share."""
    for pattern in patterns:
        if found := re.match(pattern, stem):
            return found.group(1)
    return stem


def keep_top_of(box: Box, share: float) -> Box:
    """Return the upper `share` of a box (a helmet guessed from a whole head)."""
    label, x, y, w, h = box
    return label, x, y - h * (1 - share) / 2, w, h * share


def parse_boxes(text: str, names: Sequence[str], manifest: Manifest) -> list[Box]:
    """Map one YOLO label file to our classes; boxes of unmapped classes and slivers are left out."""
    boxes = []
    for line in text.splitlines():
        if not line.strip():
            continue
        index, *xywh = line.split()
        name = names[int(index)]
        label = manifest.class_map.get(name)
        if label is None:
            continue
        x, y, w, h = map(float, xywh)
        box: Box = (LABELS.index(label), x, y, w, h)
        if name in manifest.keep_top:
            box = keep_top_of(box, manifest.keep_top[name])
        if min(w, h) >= MIN_SIDE:
            boxes.append(clipped(box))
    return boxes


def clipped(box: Box) -> Box:
    """Cut a box at the image's border."""
    label, x, y, w, h = box
    x1, x2 = max(0.0, x - w / 2), min(1.0, x + w / 2)
    y1, y2 = max(0.0, y - h / 2), min(1.0, y + h / 2)
    return label, (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, whatever their classes."""
    w = min(a[1] + a[3] / 2, b[1] + b[3] / 2) - max(a[1] - a[3] / 2, b[1] - b[3] / 2)
    h = min(a[2] + a[4] / 2, b[2] + b[4] / 2) - max(a[2] - a[4] / 2, b[2] - b[4] / 2)
    inter = max(w, 0.0) * max(h, 0.0)
    return inter / (a[3] * a[4] + b[3] * b[4] - inter + 1e-12)


def as_boxes(found: Iterable[Sequence[float]], label: str, min_score: float) -> list[Box]:
    """Return the teacher's finds (`x1, y1, x2, y2, score`, relative) from `min_score` as boxes."""
    index = LABELS.index(label)
    return [
        (index, (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
        for x1, y1, x2, y2, score in found
        if score >= min_score
    ]


def add_people(boxes: list[Box], people: Iterable[Sequence[float]]) -> list[Box]:
    """Add the teacher's sure people that no labelled person covers."""
    person = LABELS.index("person")
    known = [box for box in boxes if box[0] == person]
    found = as_boxes(people, "person", PERSON_SURE)
    return boxes + [box for box in found if all(iou(box, k) < SAME_PERSON_IOU for k in known)]


def vests_among(maybe: Iterable[Box], vests: Iterable[Sequence[float]]) -> list[Box]:
    """Return the boxes of undecided workwear that the teacher takes for a hi-vis vest."""
    sure = as_boxes(vests, "vest", VEST_SURE)
    index = LABELS.index("vest")
    return [(index, *box[1:]) for box in maybe if any(iou(box, v) >= SAME_VEST_IOU for v in sure)]


def knowledge_of(
    manifest: Manifest, boxes: Iterable[Box], people: Sequence[Sequence[float]] | None
) -> str:
    """Return the letter of every label for one image.

    Where the teacher sees nobody and no box says otherwise, nobody wears or does anything.
    """
    letters = dict(manifest.knowledge)
    unseen = people is not None and max((p[4] for p in people), default=0.0) < PERSON_NONE
    if unseen and not any(LABELS[box[0]] in WORN_OR_DONE_BY_PEOPLE for box in boxes):
        for label in WORN_OR_DONE_BY_PEOPLE:
            if letters[label] == UNKNOWN:
                letters[label] = ABSENT
    return "".join(letters[label] for label in LABELS)


class Clusters:
    """Union-find over image indices."""

    def __init__(self, n: int) -> None:
        """Start with `n` clusters of one image."""
        self._parent = list(range(n))

    def root(self, i: int) -> int:
        """Return the smallest index of i's cluster."""
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def join(self, i: int, j: int) -> None:
        """Make one cluster of i's and j's."""
        a, b = sorted((self.root(i), self.root(j)))
        self._parent[b] = a


def cluster(scenes: Sequence[str], hashes: NDArray[np.uint64], bits: int = TWIN_BITS) -> list[int]:
    """Return a cluster per image: same scene, or a pHash within `bits` in any orientation (`hashes` `[n, 8]`)."""
    clusters = Clusters(len(scenes))
    first: dict[str, int] = {}
    for i, scene in enumerate(scenes):
        clusters.join(first.setdefault(scene, i), i)
    upright = hashes[:, 0]
    for i, variants in enumerate(hashes):
        distance = np.bitwise_count(upright[i:, None] ^ variants[None]).min(axis=1)
        for j in np.flatnonzero(distance <= bits):
            clusters.join(i, i + int(j))
    return [clusters.root(i) for i in range(len(scenes))]


def split_of(cluster_name: str, shares: Mapping[str, float] = SPLIT_SHARES) -> str:
    """Draw a split from the cluster's name, so that adding a source moves no image of another."""
    draw = int.from_bytes(hashlib.sha256(cluster_name.encode()).digest()[:8]) / 2**64
    for split, share in shares.items():
        if draw < share:
            return split
        draw -= share
    return next(split for split in reversed(shares) if shares[split])


def splits_of(members: Sequence[tuple[str, int, Manifest]]) -> dict[int, str]:
    """Return the split of each cluster.

    A cluster with an image that may only be trained on is trained on as a whole: what shares a scene with training
    is no test. Any other is drawn by the shares of its first image's source.

    Args:
        members: each image's key, its cluster, and the manifest of its source, in the order of the merge.
    """
    first: dict[int, tuple[str, Manifest]] = {}
    training_only: set[int] = set()
    for key, root, manifest in members:
        first.setdefault(root, (key, manifest))
        if manifest.is_training_only:
            training_only.add(root)
    return {
        root: "train" if root in training_only else split_of(key, manifest.split_shares)
        for root, (key, manifest) in first.items()
    }
