"""The merge of sources converts boxes, keeps twins together and knows what it does not know."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from models.training.pool import LABELS

DATASETS = Path(__file__).parents[4] / "datasets"


def load_rules() -> ModuleType:
    """Import `datasets/pool_rules.py` by path: the folder is no package."""
    spec = importlib.util.spec_from_file_location("pool_rules", DATASETS / "pool_rules.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["pool_rules"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


rules = load_rules()
MANIFESTS = sorted((DATASETS / "manifests").glob("*.toml"))


def test_merge_and_training_share_one_class_list() -> None:
    """The two parts cannot import each other, so their lists are compared here."""
    assert rules.LABELS == LABELS


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_a_manifest_decides_every_label(path: Path) -> None:
    """Every label is labelled, absent or unknown, and what a source maps to is not absent."""
    manifest = rules.read_manifest(path)

    assert manifest.name == path.stem
    assert all(manifest.knowledge[label] != "A" for label in manifest.class_map.values())


def test_a_helmet_is_the_upper_part_of_a_whole_head() -> None:
    """The top edge stays, the height shrinks."""
    _, _, y, _, h = rules.keep_top_of((1, 0.5, 0.5, 0.2, 0.4), 0.5)

    assert (y - h / 2, h) == (pytest.approx(0.3), pytest.approx(0.2))


def test_unmapped_classes_and_slivers_are_left_out() -> None:
    """`other` of the fire source stays background."""
    manifest = rules.read_manifest(DATASETS / "manifests" / "dfs_fire_smoke.toml")

    boxes = rules.parse_boxes(
        "0 0.5 0.5 0.2 0.2\n1 0.5 0.5 0.2 0.2\n2 .5 .5 .001 .5\n",
        ["fire", "other", "smoke"],
        manifest,
    )

    assert [LABELS[box[0]] for box in boxes] == ["flame"]


def test_where_nobody_is_nobody_wears_anything() -> None:
    """A teacher that sees no person turns unknown worn labels into absent ones."""
    manifest = rules.read_manifest(DATASETS / "manifests" / "dfs_fire_smoke.toml")

    nobody = dict(zip(LABELS, rules.knowledge_of(manifest, [], []), strict=True))
    somebody = dict(zip(LABELS, rules.knowledge_of(manifest, [], [[0, 0, 1, 1, 0.9]]), strict=True))

    assert (nobody["helmet"], somebody["helmet"]) == ("A", "U")
    assert nobody["flame"] == somebody["flame"] == "L"
    assert nobody["fire_extinguisher"] == "U"


def test_a_person_that_the_teacher_missed_is_not_absent() -> None:
    """A labelled person outweighs a teacher that sees nobody."""
    manifest = rules.read_manifest(DATASETS / "manifests" / "fall_posture.toml")
    person = (LABELS.index("person"), 0.5, 0.5, 0.2, 0.2)

    assert rules.knowledge_of(manifest, [person], [])[LABELS.index("person")] == "U"


def test_a_teachers_person_is_added_once() -> None:
    """A labelled person is not doubled, an unlabelled one is added, an unsure one is not."""
    known = [(LABELS.index("person"), 0.25, 0.5, 0.3, 0.8)]
    seen = [[0.1, 0.1, 0.4, 0.9, 0.9], [0.6, 0.1, 0.9, 0.9, 0.8], [0.0, 0.0, 0.1, 0.1, 0.3]]

    assert len(rules.add_people(known, seen)) == 2


def test_twins_and_scenes_share_a_cluster() -> None:
    """Same scene or a near hash in any orientation joins; a far one does not."""
    hashes = np.zeros((4, 8), np.uint64)
    hashes[:, :] = np.arange(8, dtype=np.uint64) * 0x0F0F00F0F0F0F000 + 0xAAAA5555AAAA5555
    hashes[1, 0] ^= np.uint64(0b111)  # three bits from the first
    hashes[2] = np.uint64(0x123456789ABCDEF0)
    hashes[3] = np.uint64(0xFFFFFFFF00000000)

    assert rules.cluster(["a", "b", "c", "c"], hashes) == [0, 0, 2, 2]


def test_a_cluster_always_lands_in_the_same_split() -> None:
    """Splits are drawn from names, about as often as their shares say."""
    draws = [rules.split_of(f"cluster {i}") for i in range(2000)]

    assert draws == [rules.split_of(f"cluster {i}") for i in range(2000)]
    assert draws.count("train") / 2000 == pytest.approx(0.85, abs=0.03)
    assert draws.count("test") / 2000 == pytest.approx(0.10, abs=0.03)


def test_what_shares_a_scene_with_a_training_only_source_is_never_measured() -> None:
    """One training-only image takes its whole cluster into training; others go by their source's shares."""
    mosaics = rules.read_manifest(DATASETS / "manifests" / "css_construction_train.toml")
    photos = rules.read_manifest(DATASETS / "manifests" / "css_construction_valtest.toml")
    keys = [f"photo {i}" for i in range(400)]

    splits = rules.splits_of(
        [(key, i, photos) for i, key in enumerate(keys)] + [("mosaic", 399, mosaics)]
    )

    assert splits[399] == "train"
    assert [splits[i] for i in range(399)] == [rules.split_of(key) for key in keys[:399]]
    assert "test" in splits.values()


def test_shares_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    """A manifest whose shares lose images says so when it is read."""
    text = (DATASETS / "manifests" / "smoking.toml").read_text()
    file = tmp_path / "smoking.toml"
    file.write_text(text + "\n[split_shares]\ntrain = 0.5\n")

    with pytest.raises(ValueError, match="add up to 1"):
        rules.read_manifest(file)


def test_a_measured_label_is_neither_unknown_nor_background() -> None:
    """Vests of a source with unboxed jackets stay measurable, also where the teacher sees nobody."""
    manifest = rules.read_manifest(DATASETS / "manifests" / "minh_helmet_vest.toml")

    assert rules.knowledge_of(manifest, [], [])[LABELS.index("vest")] == rules.MEASURED
