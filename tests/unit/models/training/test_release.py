"""A release is a fixed order of steps, and its files must speak of one model."""

import json
import sys
from pathlib import Path

import pytest

from models.training import release as releasing
from models.training.config import TrainingConfig
from models.training.release import STEPS, ReleaseBroken, check, command_of, release
from tests.unit.models.training.test_evaluate import config_file as config_file


def test_each_step_is_a_command_that_a_person_could_type(tmp_path: Path) -> None:
    """The sources for trying go to the false alarms only, a limit goes to all."""
    config = tmp_path / "c.toml"
    command = command_of("ways", config, Path("data"), 3)
    assert command[:4] == [sys.executable, "-m", "models.training", "ways"]
    assert command[4:] == ["--config", str(config), "--limit", "3"]
    command = command_of("false_alarms", config, Path("data"), None)
    assert command[1].endswith("datasets/false_alarms.py")
    assert command[2:] == ["--config", str(config), "--data", "data"]


def test_thresholds_are_chosen_before_the_twin_takes_them_over() -> None:
    """And nothing is measured before it is there."""
    order = [STEPS.index(step) for step in ("export", "evaluate", "quantise", "ways", "card")]
    assert order == sorted(order)
    assert STEPS.index("false_alarms") > STEPS.index("evaluate")


def test_a_step_that_fails_ends_the_release_by_its_name(
    config_file: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing after it is run; the sentence says how to go on."""
    monkeypatch.setattr(
        releasing,
        "command_of",
        lambda step, *_: [sys.executable, "-c", f"print('ran {step}'); exit({step == 'quantise'})"],
    )
    with pytest.raises(SystemExit, match=r"quantise failed \(exit code 1\).*--from quantise"):
        release(config_file, first="false_alarms")
    said = capfd.readouterr().out
    assert "ran false_alarms" in said
    assert "ran ways" not in said


def test_figures_of_another_file_are_refused(config_file: Path) -> None:
    """A card that was not written again after a new export must not go out with it."""
    config = TrainingConfig.read(config_file)
    description = json.loads((config.weights / "anxun-nano.json").read_text())
    twin = {**description, "precision": "int8", "quantised_from": description["sha256"]}
    (config.weights / "anxun-nano-int8.json").write_text(json.dumps(twin))
    sha256 = description["sha256"]
    config.cards.mkdir()
    figures = {
        ".json": {"model": {"sha256": sha256}},
        ".false_alarms.json": {"model_sha256": sha256},
        ".ways.json": {"ways": [{"reference_sha256": sha256}]},
    }
    for suffix, table in figures.items():
        (config.cards / f"anxun-nano{suffix}").write_text(json.dumps(table))
    card = config.cards / "anxun-nano.md"
    card.write_text(f"sha256 `{sha256}`")
    assert len(list(check(config))) == 2

    card.write_text("sha256 `0000`")
    with pytest.raises(ReleaseBroken, match="run ways and card again"):
        list(check(config))
    (config.cards / "anxun-nano.false_alarms.json").write_text(json.dumps({"model_sha256": "0"}))
    with pytest.raises(ReleaseBroken, match=r"anxun-nano\.false_alarms\.json speaks of 0"):
        list(check(config))
