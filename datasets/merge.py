"""Merge the sources into one pool of YOLO labels with one class list, without twins across splits.

Run by path: `python datasets/merge.py --data DATA --out var/pool [--people FILE.json] [--vests FILE.json]`. Each source
has a manifest beside this file; `README.md` tells the rules. Output: `images/` (links), `labels/`, `train.txt`, `val.txt`,
`test.txt`, `pool.json` (per image: source, split, cluster, knowledge) and `report.json`.

`knowledge` is a string with one letter a class: L labelled here, A known to be absent, U unknown (boxes of it are
positives, the rest of the image says nothing about it), M unknown for training but boxed well enough to measure against.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from image_files import read_grey
from numpy.typing import NDArray
from phash import phash_variants
from pool_rules import (
    LABELS,
    Box,
    Finds,
    Manifest,
    add_people,
    cluster,
    knowledge_of,
    parse_boxes,
    read_manifest,
    scene_of,
    splits_of,
    vests_among,
)
from tqdm import tqdm


@dataclass
class Sample:
    """One image on its way into the pool."""

    key: str
    source: str
    image: Path
    scene: str
    boxes: list[Box]
    knowledge: str
    hashes: NDArray[np.uint64]
    manifest: Manifest


def read_source(root: Path, manifest: Manifest, people: Finds, vests: Finds) -> list[Sample]:
    """Read every image of a source with its boxes and what they leave open."""
    folder = root / manifest.name
    classes = folder / "classes.txt"
    names = classes.read_text().split("\n") if classes.exists() else []
    undecided = replace(manifest, class_map={manifest.maybe_vest or "": "vest"})
    samples = []
    for path in tqdm(sorted((folder / "images").glob("*.webp")), desc=manifest.name, mininterval=5):
        label_file = folder / "labels" / f"{path.stem}.txt"
        text = label_file.read_text() if label_file.exists() else ""
        boxes = parse_boxes(text, names, manifest)
        seen = people.get(f"{manifest.name}/{path.stem}")
        if manifest.teacher_person and seen:
            boxes = add_people(boxes, seen)
        if worn := vests.get(f"{manifest.name}/{path.stem}"):
            boxes += vests_among(parse_boxes(text, names, undecided), worn)
        samples.append(
            Sample(
                key=f"{manifest.name}__{path.stem}",
                source=manifest.name,
                image=path.resolve(),
                scene=f"{manifest.family}/{scene_of(path.stem, manifest.scene_patterns)}",
                boxes=boxes,
                knowledge=knowledge_of(manifest, boxes, seen),
                hashes=phash_variants(read_grey(path)),
                manifest=manifest,
            )
        )
    return samples


def write_pool(samples: Sequence[Sample], out: Path) -> dict[str, Any]:
    """Write links, labels and lists; return the report."""
    shutil.rmtree(out, ignore_errors=True)
    for folder in ("images", "labels"):
        (out / folder).mkdir(parents=True)
    clusters = cluster([s.scene for s in samples], np.stack([s.hashes for s in samples]))
    splits = splits_of(
        [(s.key, root, s.manifest) for s, root in zip(samples, clusters, strict=True)]
    )
    lists: dict[str, list[str]] = defaultdict(list)
    index: dict[str, dict[str, str]] = {}
    boxes: dict[str, Counter[str]] = defaultdict(Counter)
    per_source: dict[str, Counter[str]] = defaultdict(Counter)
    for sample, root in zip(samples, clusters, strict=True):
        split = splits[root]
        (out / "images" / f"{sample.key}.webp").symlink_to(sample.image)
        lines = [f"{b[0]} " + " ".join(f"{v:.6f}" for v in b[1:]) for b in sample.boxes]
        (out / "labels" / f"{sample.key}.txt").write_text("\n".join(lines))
        lists[split].append(f"./images/{sample.key}.webp")
        index[sample.key] = {
            "source": sample.source,
            "split": split,
            "cluster": samples[root].key,
            "knowledge": sample.knowledge,
        }
        boxes[split].update(LABELS[b[0]] for b in sample.boxes)
        per_source[sample.source][split] += 1
    for split, paths in lists.items():
        (out / f"{split}.txt").write_text("\n".join(paths) + "\n")
    (out / "pool.json").write_text(json.dumps({"labels": LABELS, "images": index}, indent=0))
    report = {
        "images": {split: len(paths) for split, paths in lists.items()},
        "sources": {name: dict(count) for name, count in per_source.items()},
        "boxes": {split: {k: count[k] for k in LABELS} for split, count in boxes.items()},
        "clusters": len(set(clusters)),
        "largest_clusters": Counter(samples[c].key for c in clusters).most_common(8),
    }
    (out / "report.json").write_text(json.dumps(report, indent=1))
    return report


def read_finds(paths: Iterable[Path]) -> Finds:
    """Read what `teacher.py` wrote, in one or several parts."""
    finds: Finds = {}
    for path in paths:
        finds.update(json.loads(path.read_text()))
    return finds


def main() -> None:
    """Merge every source that has a manifest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--people", type=Path, nargs="*", default=[], help="of teacher.py")
    parser.add_argument("--vests", type=Path, nargs="*", default=[], help="of teacher.py")
    parser.add_argument("--manifests", type=Path, default=Path(__file__).parent / "manifests")
    args = parser.parse_args()
    people, vests = read_finds(args.people), read_finds(args.vests)
    samples = []
    for path in sorted(args.manifests.glob("*.toml")):
        manifest = read_manifest(path)
        if not manifest.is_for_trying:
            samples += read_source(args.data, manifest, people, vests)
    report = write_pool(samples, args.out)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
