"""Which hazards a model may claim: those that rest on an experimental label are off until somebody switches it on.

A label is *experimental* while its measured quality is below the floor that the model's card names for it. What counts
is the label that decides a hazard (`inspection.rules.Rule.label`). A label that only cancels a hazard (a helmet, a
vest) or gives it its context (a person) goes on doing so for the rules that are on, experimental or not: doubt is
decided for the worker.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol, Self

from inspection.rules import RULES

# Instead of naming every label.
ALL = "all"


class LabelUnknown(LookupError):
    """A label was to be switched on that the model has not: it is misspelt, or of another model."""

    def __init__(self, label: str, known: Collection[str]) -> None:
        self.label, self.known = label, tuple(known)
        super().__init__(
            f"the model has no label {label!r} to switch on; it has {', '.join(self.known)}"
            f" (or {ALL!r} for every experimental one)"
        )


class LabelledModel(Protocol):
    """What is asked of a model; a `models.detector.Detector` is one."""

    @property
    def labels(self) -> Collection[str]:
        """The model's class names."""

    @property
    def experimental(self) -> Collection[str]:
        """Those of them whose measured quality is too low to be on by default."""


@dataclass(frozen=True, slots=True, order=True)
class OnTrial:
    """A hazard and the experimental label that it rests on."""

    hazard_code: str
    label: str

    def __str__(self) -> str:
        return f"{self.hazard_code} ({self.label})"


@dataclass(frozen=True, slots=True)
class Switches:
    """What a model may claim as it is switched.

    Attributes:
        on: the codes of the hazards that are looked for, those of `on_trial` too.
        on_trial: hazards that rest on an experimental label which somebody switched on.
        off: hazards that rest on an experimental label; nothing is found of them.
    """

    on: tuple[str, ...]
    on_trial: tuple[OnTrial, ...] = ()
    off: tuple[OnTrial, ...] = ()

    @classmethod
    def of(cls, model: LabelledModel, switched_on: Collection[str] = ()) -> Self:
        """Return the switches of a model with these experimental labels (or `ALL`) switched on.

        A label that is experimental no more may still be named: a better model must not stop a program.

        Raises:
            LabelUnknown: the model has no such label.
        """
        for label in switched_on:
            if label != ALL and label not in model.labels:
                raise LabelUnknown(label, model.labels)
        chosen = set(model.experimental) if ALL in switched_on else set(switched_on)
        claimable = [rule for rule in RULES if rule.needed_labels <= set(model.labels)]
        doubtful = [rule for rule in claimable if rule.label in model.experimental]
        off = [rule for rule in doubtful if rule.label not in chosen]
        return cls(
            on=tuple(rule.hazard_code for rule in claimable if rule not in off),
            on_trial=tuple(
                OnTrial(rule.hazard_code, rule.label) for rule in doubtful if rule not in off
            ),
            off=tuple(OnTrial(rule.hazard_code, rule.label) for rule in off),
        )

    def among(self, hazards: Iterable[str] | None) -> frozenset[str]:
        """Return the codes that are on among those asked for; None asks for all."""
        return frozenset(self.on if hazards is None else set(self.on) & set(hazards))

    def said(self) -> str:
        """Say in a line what is on, on trial and off, for a log."""
        parts = [f"looks for {', '.join(self.on) or 'nothing'}"]
        if self.on_trial:
            parts.append(f"on trial (experimental) {', '.join(map(str, self.on_trial))}")
        if self.off:
            parts.append(f"off because experimental {', '.join(map(str, self.off))}")
        return "; ".join(parts)


def labels_from_text(text: object) -> object:
    """Return the labels of a setting's text, such as ``flame, smoke``; anything else is returned as it is."""
    if not isinstance(text, str):
        return text
    return frozenset(part.strip() for part in text.split(",") if part.strip())
