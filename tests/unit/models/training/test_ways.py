"""What a way to run a model costs, and which images a trial looks at."""

import json
from pathlib import Path

from models.bundle import MeasuredAccuracy, describe_bundle
from models.training.card import card_text
from models.training.config import TrainingConfig
from models.training.pool import Pool, PoolImage
from models.training.ways import LabelAccuracy, known_ways, mean_ap50, worst_of
from tests.unit.models.training.test_evaluate import config_file as config_file

SHA256 = "c" * 64


def test_a_label_with_too_few_objects_does_not_move_the_mean() -> None:
    """One lost detection of three would be many points; where no label has enough, all of them count."""
    labels = {"helmet": LabelAccuracy(0.9, 500), "no_vest": LabelAccuracy(0.3, 3)}
    assert mean_ap50(labels, 20) == 0.9
    assert mean_ap50(labels, 1000) == 0.6


def test_the_label_that_loses_most_is_named_though_the_mean_hides_it() -> None:
    """Of labels with too few objects nothing is said."""
    before = {"helmet": LabelAccuracy(0.9, 500), "cone": LabelAccuracy(0.5, 500), "no_vest": LabelAccuracy(0.9, 3)}  # fmt: skip
    after = {"helmet": LabelAccuracy(0.87, 500), "cone": LabelAccuracy(0.53, 500), "no_vest": LabelAccuracy(0.1, 3)}  # fmt: skip
    assert mean_ap50(after, 20) == mean_ap50(before, 20)
    assert worst_of(after, before, 20) == {"label": "helmet", "points": -3.0}
    assert worst_of(after, before, 1000) is None


def test_a_trial_draws_evenly_from_the_whole_split(tmp_path: Path) -> None:
    """The first images alone would be of one source; a limit above the split changes nothing."""
    images = {f"i{number:02}": PoolImage("s", "test", "") for number in range(10)}
    names = [file.stem for file in Pool(tmp_path, images, 3).files("test")]
    assert names == ["i00", "i03", "i06"]
    assert Pool(tmp_path, images, 99).files("test") == Pool(tmp_path, images).files("test")


def test_a_trial_writes_beside_the_run_and_leaves_the_release_alone(config_file: Path) -> None:
    """It begins from copies of the released files, and a second step finds what the first one wrote."""
    config = TrainingConfig.read(config_file)
    released = (config.weights / "anxun-nano.json").read_bytes()
    trial = config.as_trial(2)
    assert trial.weights == config.run / "trial" / "weights"
    assert len(trial.open_pool().files("test")) == 2
    (trial.weights / "anxun-nano.json").write_text("of the first step")
    assert (config.as_trial(2).weights / "anxun-nano.json").read_text() == "of the first step"
    assert (config.weights / "anxun-nano.json").read_bytes() == released


def way(runtime: str, ap50: float, sha256: str = SHA256) -> dict[str, object]:
    """Return a row as `ways` writes it."""
    row = {"runtime": runtime, "precision": "fp32", "shapes": "fitting", "images": 9}
    return {**row, "ap50": ap50, "reference_ap50": 0.9, "reference_sha256": sha256}


def test_the_card_shows_what_a_way_costs_and_whether_doctor_may_pick_it() -> None:
    """Half a point is within; a file of figures of another model is not shown."""
    rows = [way("onnxruntime:cpu", 0.9), way("openvino:cpu", 0.895), way("openvino:gpu", 0.8949)]
    assert [MeasuredAccuracy.model_validate(row).keeps_accuracy for row in rows] == [True, True, False]  # fmt: skip
    rows[1]["worst"] = {"label": "helmet", "points": -2.7}
    report = bare_report()
    text = card_text(report, ways={"ways": rows})
    assert "| openvino:cpu | fp32 | fitting | 0.895 | -0.50 | helmet -2.70 | yes |" in text
    assert "| openvino:gpu | fp32 | fitting | 0.895 | -0.51 | – | no |" in text
    assert "Not measured for this file" in card_text(
        report, ways={"ways": [way("a", 0.9, "0" * 64)]}
    )
    assert "Not measured for this file" in card_text(report)


def bare_report() -> dict[str, object]:
    """Return a report in which nothing was measured."""
    model = {"name": "n", "version": "1", "labels": [], "input_size_wh": [64, 64], "sha256": SHA256}
    test = {"labels": {}, "sizes": {}, "sources": {}, "clean_scenes": {"images": 0, "detections": {}}}  # fmt: skip
    pool = {"images": {"train": 1, "val": 1, "test": 1}, "sources": {}, "boxes": {"train": {}}}
    empty = {"experimental": {}, "thresholds": {}, "needs": {}, "peers": {}, "comparison": []}
    return {"model": model, "test": test, "pool": pool, "run": None, **empty}


def test_a_run_that_was_cut_off_goes_on_where_it_ended(config_file: Path) -> None:
    """What was measured of this file and split is taken over; of another file, split or int8 twin it is not."""
    config = TrainingConfig.read(config_file)
    sha256 = describe_bundle(config.weights / "anxun-nano.json").sha256
    images = len(config.open_pool().files("test"))
    good = way("openvino:cpu", 0.9, sha256) | {"images": images}
    rows = [
        good,
        good | {"reference_sha256": SHA256},
        good | {"images": images + 1},
        good | {"precision": "int8", "twin_sha256": SHA256},
    ]
    figures = config.cards / "figures.json"
    config.cards.mkdir(parents=True, exist_ok=True)
    figures.write_text(json.dumps({"ways": rows}))
    assert known_ways(config, figures) == [good]
    assert known_ways(config, config.cards / "none.json") == []
