"""From a finished training run to the files of a release, in one command: each step in a process of its own.

    export        NAME.onnx and its description from the run's last checkpoint (needs torch and ultralytics)
    evaluate      thresholds on the validation split, figures on the test split, peers
    false_alarms  findings on images without hazards, through the rules (`datasets/false_alarms.py`)
    quantise      the int8 twin; after `evaluate`, because it takes over the thresholds
    ways          AP50 of each runtime, precision and input shape that this machine has
    card          the page, from all figures
    check         every file loads through the product's own door, and all of them speak of one sha256

A step that fails ends the release by its name; `first` goes on from there.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from models.bundle import describe_bundle, load_bundle
from models.running import INT8, Running
from models.runtimes import KINDS, missing
from models.training.config import TrainingConfig

STEPS = ("export", "evaluate", "false_alarms", "quantise", "ways", "card")
FALSE_ALARMS = Path(__file__).parents[2] / "datasets" / "false_alarms.py"


def release(
    config_file: Path, *, data: Path | None = None, first: str = "export", limit: int | None = None
) -> None:
    """Run the steps from `first` on and check what they wrote; say what each took.

    Args:
        config_file: of the training run.
        data: where the sources for trying lie, for `false_alarms`.
        first: the step to begin with.
        limit: a trial on so many images of each split, written to the run's `trial` folder.

    Raises:
        SystemExit: a step failed; the message says which, and how to go on.
        ReleaseBroken: the files do not fit together.
    """
    config = TrainingConfig.read(config_file)
    if limit is not None and first == STEPS[0]:
        shutil.rmtree(config.run / "trial", ignore_errors=True)
    for absent in (kind for kind in KINDS if kind.name == "openvino:cpu" and missing(kind)):
        print(f"{absent.name} is not here and will not be measured: {absent.install}")
    for step in STEPS[STEPS.index(first) :]:
        print(f"== {step}", flush=True)
        began_s = time.monotonic()
        done = subprocess.run(command_of(step, config_file, data, limit), check=False)  # noqa: S603  our own programs
        if done.returncode:
            sys.exit(
                f"{step} failed (exit code {done.returncode}); go on with --from {step} when it is mended"
            )
        print(f"== {step}: {time.monotonic() - began_s:.0f} s", flush=True)
    for line in check(config.as_trial(limit) if limit is not None else config):
        print(line)


def command_of(step: str, config_file: Path, data: Path | None, limit: int | None) -> list[str]:
    """Return the command line of a step."""
    program: Sequence[str] = ("-m", "models.training", step)
    options = ["--config", str(config_file)]
    if step == "false_alarms":
        program = (str(FALSE_ALARMS),)
        options += ["--data", str(data)] if data else []
    if limit is not None:
        options += ["--limit", str(limit)]
    return [sys.executable, *program, *options]


class ReleaseBroken(Exception):
    """The files of a release do not speak of one model."""


def check(config: TrainingConfig) -> Iterator[str]:
    """Yield what was released. Raises ReleaseBroken, or ModelError as the product's own door does."""
    file = config.weights / f"{config.name}.json"
    for running in (Running(), Running(precision=INT8)):
        detector = load_bundle(file, running=running)
        size_mb = (
            file.with_name(describe_bundle(file, precision=running.precision).file).stat().st_size
            / 1e6
        )
        yield f"{detector.name} {detector.version}: {size_mb:.1f} MB, sha256 {detector.sha256}"
    sha256 = describe_bundle(file).sha256
    for figures, spoken_of in _shas(config).items():
        if spoken_of != sha256:
            msg = f"{figures} speaks of {spoken_of}, the model is {sha256}; run that step again"
            raise ReleaseBroken(msg)
    text = (config.cards / f"{config.name}.md").read_text("utf-8")
    if f"`{sha256}`" not in text or "Not measured for this file" in text:
        msg = f"{config.name}.md is of another file, or lacks the ways; run ways and card again"
        raise ReleaseBroken(msg)
    if describe_bundle(file).thresholds != describe_bundle(file, precision=INT8).thresholds:
        msg = "the int8 twin has other thresholds; run quantise again after evaluate, then ways"
        raise ReleaseBroken(msg)


def _shas(config: TrainingConfig) -> dict[str, str]:
    """Return by file of figures the sha256 of the model that it speaks of."""

    def read(suffix: str) -> dict[str, dict[str, str]]:
        table: dict[str, dict[str, str]] = json.loads(
            (config.cards / f"{config.name}{suffix}").read_text("utf-8")
        )
        return table

    return {
        f"{config.name}.json": read(".json")["model"]["sha256"],
        f"{config.name}.false_alarms.json": str(read(".false_alarms.json")["model_sha256"]),
        f"{config.name}.ways.json": read(".ways.json")["ways"][0]["reference_sha256"],  # type: ignore[index]
    }
