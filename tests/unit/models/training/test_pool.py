"""What a source does not label is unknown, and sampling is repeatable."""

import json
from pathlib import Path

import numpy as np
import pytest

from models.training.pool import (
    LABELS,
    Pool,
    draw_epoch,
    groups_by_knowledge,
    sampling_weights,
    unknown_mask,
)


def test_only_unknown_classes_are_masked() -> None:
    """Labelled and absent classes are learnt from; unknown and merely measured ones are not."""
    np.testing.assert_array_equal(unknown_mask(["LAU", "UML"]), [[0, 0, 1], [1, 1, 0]])


def test_images_group_by_what_is_known_of_them() -> None:
    """Only images with the same letters may share a mosaic."""
    assert groups_by_knowledge(["LA", "LU", "LA"]) == {"LA": [0, 2], "LU": [1]}


def test_heavier_sources_are_drawn_more_often() -> None:
    """A source without an entry weighs one."""
    weights = sampling_weights(["rare", "common"], {"rare": 3.0})

    np.testing.assert_allclose(weights, [0.75, 0.25])


def test_an_epoch_is_drawn_alike_from_the_same_seed() -> None:
    """A resumed run sees what the interrupted one would have seen, and no image twice an epoch."""
    weights = np.full(50, 1 / 50)

    first, again = draw_epoch(weights, 20, seed=3), draw_epoch(weights, 20, seed=3)

    np.testing.assert_array_equal(first, again)
    assert len(set(first.tolist())) == 20
    assert not np.array_equal(first, draw_epoch(weights, 20, seed=4))


def test_a_pool_is_read_by_file_and_split(tmp_path: Path) -> None:
    """An image is looked up by its file, wherever that lies."""
    images = {
        "a__1": {"source": "a", "split": "train", "knowledge": "L" * 12, "cluster": "a__1"},
        "b__2": {"source": "b", "split": "test", "knowledge": "U" * 12, "cluster": "b__2"},
    }
    (tmp_path / "pool.json").write_text(json.dumps({"labels": LABELS, "images": images}))

    pool = Pool.read(tmp_path)

    assert pool["elsewhere/b__2.webp"].source == "b"
    assert [file.stem for file in pool.files("train")] == ["a__1"]


def test_a_pool_of_other_labels_is_refused(tmp_path: Path) -> None:
    """A class list in another order would train every head wrongly."""
    table = {"labels": list(reversed(LABELS)), "images": {}}
    (tmp_path / "pool.json").write_text(json.dumps(table))

    with pytest.raises(ValueError, match="expected"):
        Pool.read(tmp_path)
