"""Tries a model on a picture that this box took, before it looks at anything for real."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.cameras import CameraEntry
from edge.choice import choice_for, read_choice, write_choice
from edge.errors import ChoiceStale, ModelUnusable
from edge.look import Look
from edge.pixels import Image
from edge.settings import Settings
from models.running import FP32, SQUARE, Running

ROUNDS = 3
# A model that takes so many times as long as the one that runs would leave cameras unseen.
MAX_SLOWER = 4.0
# What takes less than this is fast enough, whatever ran before.
FAST_MS = 50.0


@dataclass(frozen=True, slots=True)
class Tried:
    """A model that passed: what looks from now on, and how long one picture took, milliseconds."""

    look: Look
    median_ms: float


def try_model(
    settings: Settings,
    bundle: Path | None,
    present: Look,
    entries: Sequence[CameraEntry],
    image: Image,
    *,
    must_be_fast: bool = True,
) -> Tried:
    """Load a model and look at a picture with it as the cameras would.

    Raises:
        SetupError: it cannot be loaded, fails on the picture, lacks a hazard that a camera asks for, or (where it has
            to be fast) takes far longer than the present one.
    """
    look = Look.prepare(
        bundle, None, None, _switched_on(settings, present), running_of(settings, bundle, present)
    )
    # What a command restricted stays restricted.
    is_restricted = present.hazards != frozenset(present.switches.on)
    codes = look.switches.among(present.hazards) if is_restricted else look.hazards
    look = Look(look.detector, look.switches, codes, present.zones, present.tiling)
    for entry in entries:
        look.only(entry.hazards, entry.zones)
    took_ms = _median_ms(look, image)
    present_ms = _median_ms(present, image) if must_be_fast else took_ms
    if took_ms > max(FAST_MS, MAX_SLOWER * present_ms):
        raise ModelUnusable(f"a picture takes {took_ms:.0f} ms with it, {present_ms:.0f} without")
    return Tried(look, took_ms)


def running_of(settings: Settings, bundle: Path | None, present: Look) -> Running:
    """Return how another model is run: as doctor chose for it, else on the same engine in full precision."""
    try:
        choice = choice_for(settings, bundle)
    except ChoiceStale:
        choice = None
    if choice is not None:
        return choice.running
    if settings.names_a_way:
        return settings.running
    return Running(present.detector.runtime.name, FP32)


def carry_choice(settings: Settings, tried: Tried) -> None:
    """Let doctor's choice name the new model, so that a restart does not refuse it: same engine, full precision."""
    try:
        choice = read_choice(settings)
    except ChoiceStale:
        return
    detector = tried.look.detector
    if choice is None or choice.model_sha256 == detector.sha256:
        return
    changes = {
        "model_name": detector.name,
        "model_sha256": detector.sha256,
        "runtime": detector.runtime.name,
        "precision": FP32,
        "shapes": SQUARE,
        "median_ms": max(tried.median_ms, 0.001),
        "points": 0.0,
    }
    try:
        write_choice(settings, choice.model_copy(update=changes))
    except OSError:
        return


def _switched_on(settings: Settings, present: Look) -> set[str]:
    """Experimental labels that are on now stay on where the model has them and calls them experimental."""
    return set(settings.experimental) | {each.label for each in present.switches.on_trial}


def _median_ms(look: Look, image: Image) -> float:
    took = []
    # The first run of a network at a size compiles it.
    look.assess(image)
    for _ in range(ROUNDS):
        began_s = time.perf_counter()
        look.assess(image)
        took.append((time.perf_counter() - began_s) * 1000)
    return statistics.median(took)
