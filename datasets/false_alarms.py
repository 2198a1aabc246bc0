"""Count the findings that a model makes on images that do not show the hazard: per hazard, at the shipped thresholds.

Run by path, after `python -m models.training evaluate`:

    python datasets/false_alarms.py --config models/training/anxun-nano.toml [--data DATA]

Images go the product's whole way: the detector that is shipped, then `inspection.rules` (a bare head counts only with its
person, a helmet cancels it). Two groups of images, none of which was trained on:

- *clean scenes*: the test split of the sources that the configuration calls `negatives`;
- *other images*: every other test image whose source boxes the deciding label everywhere and boxes none in it, or that is
  known not to show it (`knowledge` L or A of `pool.json`), and, with `--data`, the sources that are for trying only
  (`use = "trying"` in their manifests) for the hazards that their manifests say they do not show.

That is honest with a remainder: a source that forgot a box makes a true finding count as a false alarm, never the reverse.
Writes `NAME.false_alarms.json` beside the card and rewrites the card.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run by path from anywhere

from image_files import read_colour

from inspection.rules import RULES, Rule, assess
from inspection.switches import ALL, Switches
from models.bundle import load_bundle
from models.detector import Detector
from models.training.card import read_report, write_card
from models.training.config import TrainingConfig
from models.training.evaluate import write_report
from models.training.pool import LABELS, Pool

MANIFESTS = Path(__file__).parent / "manifests"
TARGET_PER_100 = 1.0


@dataclass(frozen=True)
class CleanImage:
    """An image and the labels that it is known not to show."""

    file: Path
    source: str
    is_clean_scene: bool
    absent: frozenset[str]


@dataclass
class Count:
    """Images without a hazard, and how many of them gave a finding of it."""

    images: int = 0
    findings: int = 0
    sources: set[str] = field(default_factory=set)

    def per_100(self) -> float | None:
        """Return findings per 100 images; None without images."""
        return round(100 * self.findings / self.images, 2) if self.images else None


def images_of_pool(pool: Pool, negatives: tuple[str, ...]) -> Iterator[CleanImage]:
    """Yield the test images with what they are known not to show."""
    for file in pool.files("test"):
        known = pool[file]
        text = (pool.root / "labels" / f"{file.stem}.txt").read_text("utf-8")
        boxed = {LABELS[int(line.split()[0])] for line in text.splitlines() if line}
        absent = frozenset(
            label
            for label, letter in zip(LABELS, known.knowledge, strict=True)
            if letter in "LA" and label not in boxed
        )
        yield CleanImage(file, known.source, known.source in negatives, absent)


def images_for_trying(data: Path, manifests: Path = MANIFESTS) -> Iterator[CleanImage]:
    """Yield the images of the sources that are never trained on."""
    for manifest in sorted(manifests.glob("*.toml")):
        table = tomllib.loads(manifest.read_text("utf-8"))
        if table.get("use") == "trying":
            absent = frozenset(table["knowledge"]["absent"])
            for file in sorted((data / table["name"] / "images").glob("*.webp")):
                yield CleanImage(file, table["name"], is_clean_scene=False, absent=absent)


def count(detector: Detector, images: list[CleanImage]) -> dict[str, dict[bool, Count]]:
    """Return the counts by hazard, for clean scenes (True) and other images (False)."""
    counts: dict[str, dict[bool, Count]] = defaultdict(lambda: {True: Count(), False: Count()})
    for image in tqdm(images, desc="images without hazards", mininterval=5):
        asked = [rule for rule in RULES if rule.label in image.absent]
        if not asked:
            continue
        picture = read_colour(image.file)
        size_wh = (picture.shape[1], picture.shape[0])
        seen = assess(detector.detect(picture), detector.labels, size_wh)
        found = {each.hazard_code for each in seen}
        for rule in asked:
            group = counts[rule.hazard_code][image.is_clean_scene]
            group.images += 1
            group.findings += rule.hazard_code in found
            group.sources.add(image.source)
    return counts


def row_of(rule: Rule, groups: dict[bool, Count], switches: Switches) -> dict[str, Any]:
    """Return one hazard's row of the card."""
    clean, other = groups[True], groups[False]
    rates = [rate for rate in (clean.per_100(), other.per_100()) if rate is not None]
    return {
        "hazard": rule.hazard_code,
        "label": rule.label,
        "state": "off" if any(rule.hazard_code == o.hazard_code for o in switches.off) else "on",
        "clean_images": clean.images,
        "clean_findings": clean.findings,
        "clean_per_100": clean.per_100(),
        "other_images": other.images,
        "other_findings": other.findings,
        "other_per_100": other.per_100(),
        "other_sources": sorted(other.sources),
        "verdict": "met" if rates and max(rates) <= TARGET_PER_100 else "not met",
    }


def main() -> None:
    """Count, write the counts, and rewrite the card."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--data", type=Path, help="where the sources for trying lie")
    parser.add_argument("--limit", type=int, help="a trial on so many images: RUN/trial")
    args = parser.parse_args()
    config = TrainingConfig.read(args.config)
    if args.limit:
        config = config.as_trial(args.limit)
    detector = load_bundle(config.weights / f"{config.name}.json")
    images = list(images_of_pool(config.open_pool(), config.negatives))
    if args.data:
        images += images_for_trying(args.data)
    counts = count(detector, images)
    switches = Switches.of(detector)
    claimable = Switches.of(detector, {ALL}).on
    report = {
        "model_sha256": detector.sha256,
        "target_per_100": TARGET_PER_100,
        "how": HOW,
        "hazards": [
            row_of(rule, counts[rule.hazard_code], switches)
            for rule in RULES
            if rule.hazard_code in claimable
        ],
    }
    write_report(config.cards / f"{config.name}.false_alarms.json", report)
    for row in report["hazards"]:
        print(json.dumps(row, ensure_ascii=False))
    print(write_card(read_report(config), config))


HOW = (
    "Images that do not show the hazard and were never trained on, taken the product's whole way at the shipped thresholds"
    " (detector, then `inspection.rules`); an image counts once. Clean scenes are the test split of offices, red rooms, streets,"
    " night and sunsets. Other images are those of the test split whose source boxes the label everywhere and boxes none there, or"
    " that are known not to show it, and the sources that are for trying only. A box that a source forgot makes a true finding count"
    " as a false alarm here. A hazard that is off by default finds nothing; its row says what switching it on brings."
)


if __name__ == "__main__":
    main()
