"""Compare the manifests with the data that is there, find near-duplicates, and report boxes per class and size.

Run by path:

    python datasets/check.py --data DATA [--source NAME]... [--out var/check] [--sheet] [--update-hashes]

It says for every source whether images, boxes per class and class names are those of its manifest, and whether the files
are the very ones that were trained on (`hashes.toml`: one sha256 over all files of a source; `--update-hashes` writes it). It reports
near-duplicates within and across sources (64-bit DCT pHash in eight orientations, as `merge.py` clusters them), boxes per class and size,
and writes all of it to `check.json`; `--sheet` adds a contact sheet of pairs across sources. Exit status 1 when something differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from image_files import read_colour, read_grey
from numpy.typing import NDArray
from phash import phash_variants
from pool_rules import TWIN_BITS
from tqdm import tqdm

MANIFESTS = Path(__file__).parent / "manifests"
HASHES = Path(__file__).parent / "hashes.toml"
SIZE_NAMES = ("small", "medium", "large")
SIZE_BOUNDS_PX = (32, 96)  # COCO's, at a longer side of 640 px
SEEN_PX = 640
SHEET_PAIRS, SHEET_PX = 24, 160


@dataclass
class Source:
    """What is there of a source.

    Attributes:
        name: its folder.
        files: its images, sorted.
        boxes: boxes by their class name.
        by_size: the same by `SIZE_NAMES`.
        hashes: pHash variants of each image, `[n, 8]`.
        faults: what differs from the manifest, in words.
        sha256: over names and bytes of all images and label files.
    """

    name: str
    files: list[Path] = field(default_factory=list)
    boxes: Counter[str] = field(default_factory=Counter)
    by_size: dict[str, Counter[str]] = field(default_factory=dict)
    hashes: NDArray[np.uint64] = field(default_factory=lambda: np.zeros((0, 8), np.uint64))
    faults: list[str] = field(default_factory=list)
    sha256: str = ""


def read_source(folder: Path, manifest: dict[str, Any], known_sha256: str | None) -> Source:
    """Read all of a source and note what is not as its manifest says."""
    source = Source(folder.name)
    if not folder.is_dir():
        source.faults.append(f"there is no folder {folder}")
        return source
    source.files = sorted((folder / "images").glob("*.webp"))
    names = _class_names(folder)
    digest = hashlib.sha256()
    variants = []
    for file in tqdm(source.files, desc=folder.name, mininterval=2, disable=None):
        label_file = folder / "labels" / f"{file.stem}.txt"
        digest.update(_entry(file) + (_entry(label_file) if label_file.exists() else b""))
        grey = read_grey(file)
        variants.append(phash_variants(grey))
        if label_file.exists():
            _count(source, label_file, names, (grey.shape[1], grey.shape[0]))
    source.hashes = np.array(variants, np.uint64).reshape(-1, 8)
    source.sha256 = digest.hexdigest()
    source.faults += list(_differences(source, manifest, names, known_sha256))
    return source


def _class_names(folder: Path) -> list[str]:
    file = folder / "classes.txt"
    return [line for line in file.read_text("utf-8").split("\n") if line] if file.exists() else []


def _entry(file: Path) -> bytes:
    return file.name.encode() + hashlib.sha256(file.read_bytes()).digest()


def _count(
    source: Source, label_file: Path, names: Sequence[str], size_wh: tuple[int, int]
) -> None:
    scale = SEEN_PX / max(size_wh)
    for number, line in enumerate(label_file.read_text("utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{label_file.name}:{number}"
        try:
            index, _, _, width, height = line.split()
            name = names[int(index)]
            area = float(width) * float(height) * size_wh[0] * size_wh[1] * scale**2
        except (ValueError, IndexError):
            source.faults.append(f"{where}: {line!r} is no box of one of its {len(names)} classes")
            continue
        source.boxes[name] += 1
        size = SIZE_NAMES[sum(area >= side**2 for side in SIZE_BOUNDS_PX)]
        source.by_size.setdefault(name, Counter())[size] += 1


def _differences(
    source: Source, manifest: dict[str, Any], names: Sequence[str], known_sha256: str | None
) -> Iterator[str]:
    if len(source.files) != manifest["images"]:
        yield f"{len(source.files)} images, the manifest says {manifest['images']}"
    stated: dict[str, int] = manifest.get("boxes", {})
    for name in sorted(set(stated) | set(source.boxes)):
        if stated.get(name, 0) != source.boxes[name]:
            yield f"{source.boxes[name]} boxes of {name}, the manifest says {stated.get(name, 0)}"
    for name in sorted(set(manifest.get("classes", {})) - set(names)):
        yield f"the manifest maps {name}, which classes.txt does not have"
    if known_sha256 is not None and known_sha256 != source.sha256:
        yield f"the files are others than those of hashes.toml: {source.sha256}, expected {known_sha256}"


@dataclass(frozen=True, order=True)
class Pair:
    """Two images that look alike."""

    first_source: str
    second_source: str
    first: Path
    second: Path
    bits: int


def near_duplicates(sources: Iterable[Source], bits: int = TWIN_BITS) -> list[Pair]:
    """Return every pair within `bits` of pHash in any rotation or mirroring of the second."""
    listed = [(source.name, file) for source in sources for file in source.files]
    hashes = np.concatenate([source.hashes for source in sources] or [np.zeros((0, 8), np.uint64)])
    upright = hashes[:, 0]
    pairs = []
    for i in tqdm(range(len(listed)), desc="near-duplicates", mininterval=2, disable=None):
        distance = np.bitwise_count(upright[i + 1 :, None] ^ hashes[i][None]).min(axis=1)
        for j in np.flatnonzero(distance <= bits):
            (one, first), (other, second) = listed[i], listed[i + 1 + int(j)]
            pairs.append(Pair(one, other, first, second, int(distance[j])))
    return pairs


def report_of(sources: Sequence[Source], pairs: Sequence[Pair]) -> dict[str, Any]:
    """Return the report as plain data."""
    shared = Counter((pair.first_source, pair.second_source) for pair in pairs)
    touched = {file for pair in pairs for file in (pair.first, pair.second)}
    return {
        "sources": {
            source.name: {
                "images": len(source.files),
                "sha256": source.sha256,
                "faults": source.faults,
                "boxes": dict(sorted(source.boxes.items())),
                "sizes": {
                    name: {size: count[size] for size in SIZE_NAMES}
                    for name, count in sorted(source.by_size.items())
                },
            }
            for source in sources
        },
        "near_duplicates": {
            "pairs": len(pairs),
            "images": len(touched),
            "within": {a: n for (a, b), n in sorted(shared.items()) if a == b},
            "across": [[a, b, n] for (a, b), n in sorted(shared.items()) if a != b],
        },
    }


def write_sheet(pairs: Sequence[Pair], file: Path) -> None:
    """Write a picture of pairs side by side, those across sources first."""
    ordered = sorted(pairs, key=lambda pair: (pair.first_source == pair.second_source, pair))
    rows = [
        np.hstack([_thumbnail(pair.first), _thumbnail(pair.second)])
        for pair in ordered[:SHEET_PAIRS]
    ]
    while len(rows) % 4:
        rows.append(np.zeros_like(rows[0]))
    lines = [np.hstack(rows[i : i + 4]) for i in range(0, len(rows), 4)]
    cv2.imwrite(str(file), np.vstack(lines))


def _thumbnail(file: Path) -> NDArray[np.uint8]:
    image = read_colour(file)
    scale = SHEET_PX / max(image.shape[:2])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    canvas = np.zeros((SHEET_PX, SHEET_PX, 3), np.uint8)
    canvas[: small.shape[0], : small.shape[1]] = small[:SHEET_PX, :SHEET_PX]
    return canvas


def say(report: dict[str, Any]) -> None:
    """Print the report for a person."""
    for name, source in report["sources"].items():
        print(
            f"{name}: {source['images']} images, {'; '.join(source['faults']) or 'as its manifest says'}"
        )
        for label, sizes in source["sizes"].items():
            spread = ", ".join(f"{size} {count}" for size, count in sizes.items())
            print(f"    {label}: {sum(sizes.values())} boxes ({spread})")
    twins = report["near_duplicates"]
    print(f"near-duplicates: {twins['pairs']} pairs of {twins['images']} images")
    for name, count in twins["within"].items():
        print(f"    within {name}: {count}")
    for one, other, count in twins["across"]:
        print(f"    {one} and {other}: {count}")


def main() -> int:
    """Check the sources that were asked for; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--source", action="append", help="only this one (repeatable)")
    parser.add_argument("--out", type=Path, default=Path("var/check"))
    parser.add_argument("--sheet", action="store_true", help="write a contact sheet of pairs")
    parser.add_argument("--update-hashes", action="store_true", help="write hashes.toml anew")
    parser.add_argument("--manifests", type=Path, default=MANIFESTS)
    parser.add_argument("--hashes", type=Path, default=HASHES)
    args = parser.parse_args()
    known = tomllib.loads(args.hashes.read_text("utf-8")) if args.hashes.exists() else {}
    manifests = [
        tomllib.loads(file.read_text("utf-8")) for file in sorted(args.manifests.glob("*.toml"))
    ]
    wanted = [m for m in manifests if not args.source or m["name"] in args.source]
    stated = {} if args.update_hashes else known
    sources = [read_source(args.data / m["name"], m, stated.get(m["name"])) for m in wanted]
    pairs = near_duplicates(sources)
    report = report_of(sources, pairs)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "check.json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    if args.sheet and pairs:
        write_sheet(pairs, args.out / "near-duplicates.jpg")
    if args.update_hashes:
        known |= {source.name: source.sha256 for source in sources if source.files}
        lines = [f'{name} = "{sha256}"' for name, sha256 in sorted(known.items())]
        args.hashes.write_text("\n".join(lines) + "\n", "utf-8")
    say(report)
    return int(any(source.faults for source in sources))


if __name__ == "__main__":
    sys.exit(main())
