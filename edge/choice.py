"""What `anxun-edge doctor` picked, kept in the state folder, and how a run is to run its model.

A choice holds for one model file on one machine with its engines. Of another it says nothing, so that it is refused by
name instead of being followed or forgotten.
"""

import os
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.console import Voice, local_time
from edge.errors import ChoiceStale, ModelUnusable
from edge.machine import Machine
from edge.settings import Settings
from models.bundle import describe_bundle
from models.errors import ModelError
from models.running import Precision, Running, ShapePolicy


class Choice(BaseModel):
    """The fastest way that keeps accuracy.

    Attributes:
        model_name, model_sha256: what it was timed with.
        machine: what it was timed on.
        runtime, precision, shapes: the way.
        median_ms: of one picture, whole detection.
        points: AP50 points that it gains (+) or costs (-) against the reference.
        chosen_at: when, UTC.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    model_name: str
    model_sha256: str
    machine: Machine
    runtime: str
    precision: Precision
    shapes: ShapePolicy
    median_ms: float = Field(gt=0)
    points: float
    chosen_at: datetime

    @property
    def running(self) -> Running:
        """How to run the model."""
        return Running(self.runtime, self.precision, self.shapes)


def read_choice(settings: Settings) -> Choice | None:
    """Return this state folder's choice, or None where doctor has not made one.

    Raises:
        ChoiceStale: the file is damaged.
    """
    try:
        return Choice.model_validate_json(settings.choice_path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise ChoiceStale(f"{settings.choice_path}: {type(error).__name__}") from error


def write_choice(settings: Settings, choice: Choice) -> None:
    """Keep a choice; the file is whole at every moment."""
    path = settings.choice_path
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_suffix(".part")
    with partial.open("w", encoding="utf-8") as file:
        file.write(choice.model_dump_json(indent=1))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def choice_for(settings: Settings, model: Path | None) -> Choice | None:
    """Return the choice that a run of this model follows: None where settings name a runtime, or nothing was chosen.

    Raises:
        ChoiceStale: it was made for another model, another machine or other engines.
        ModelUnusable: the model is not described.
    """
    if settings.names_a_way:
        return None
    choice = read_choice(settings)
    if choice is None:
        return None
    try:
        sha256 = describe_bundle(model).sha256
    except ModelError as error:
        raise ModelUnusable(str(error)) from error
    changes = list(choice.machine.changes(Machine.here()))
    if choice.model_sha256 != sha256:
        changes.insert(0, f"model: {choice.model_sha256[:12]} -> {sha256[:12]}")
    if changes:
        raise ChoiceStale("; ".join(changes))
    return choice


def running_for(settings: Settings, model: Path | None) -> Running:
    """Return how a run is to run its model, and say where that comes from.

    What settings name goes before what doctor chose; where neither says anything `auto` decides.

    Raises:
        ChoiceStale, ModelUnusable: as `choice_for` does.
    """
    choice = choice_for(settings, model)
    if choice is not None:
        at, ms = f"{local_time(choice.chosen_at):%Y-%m-%d %H:%M}", f"{choice.median_ms:.0f}"
        Voice.of(settings.lang, settings.log).tell(
            "chosen", at=at, ms=ms, way=name_of(choice.running)
        )
        return choice.running
    if not settings.names_a_way:
        Voice.of(settings.lang, settings.log).tell("unguided")
    return settings.running


def name_of(way: Running) -> str:
    """Return a way as one word a part, such as ``openvino:cpu int8 fitting``."""
    return " ".join(part for part in (way.runtime, way.precision, way.shapes) if part)
