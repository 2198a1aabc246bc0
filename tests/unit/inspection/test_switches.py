"""A hazard that rests on an experimental label is off until somebody switches that label on."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.rules import RULES, claimable_hazards
from inspection.switches import ALL, LabelUnknown, OnTrial, Switches, labels_from_text

LABELS = ("person", "helmet", "head", "vest", "no_vest", "flame", "smoke", "fallen_person")


@dataclass(frozen=True)
class Model:
    """A model of these labels."""

    experimental: frozenset[str] = frozenset()
    labels: tuple[str, ...] = field(default=LABELS)


def test_without_experimental_labels_everything_claimable_is_on() -> None:
    """Nothing is off, nothing is on trial."""
    switches = Switches.of(Model())
    assert switches.on == claimable_hazards(LABELS)
    assert switches.on_trial == switches.off == ()


def test_an_experimental_label_is_off_until_it_is_named() -> None:
    """By its own name; another experimental label stays off."""
    model = Model(frozenset({"flame", "smoke"}))
    assert Switches.of(model).off == (OnTrial("EMG-01", "flame"), OnTrial("EMG-02", "smoke"))
    named = Switches.of(model, {"smoke"})
    assert (named.off, named.on_trial) == (
        (OnTrial("EMG-01", "flame"),),
        (OnTrial("EMG-02", "smoke"),),
    )
    assert "EMG-02" in named.on
    assert "EMG-01" not in named.on


def test_all_switches_on_every_experimental_label() -> None:
    """One word, for trying out."""
    switches = Switches.of(Model(frozenset(LABELS)), {ALL})
    assert switches.off == ()
    assert switches.on == claimable_hazards(LABELS)


def test_a_label_that_cancels_or_gives_context_switches_nothing_off() -> None:
    """A weak helmet or person label must not cost the worker the doubt, nor the expert the hazard."""
    assert Switches.of(Model(frozenset({"helmet", "vest", "person"}))).off == ()


def test_a_label_that_the_model_has_not_is_refused_by_name() -> None:
    """A misspelt label would otherwise stay off in silence."""
    with pytest.raises(LabelUnknown, match=r"'flames'.*flame"):
        Switches.of(Model(), {"flames"})


def test_a_label_that_is_experimental_no_more_may_stay_in_the_settings() -> None:
    """A better model must not stop the program of whoever tried the worse one."""
    assert Switches.of(Model(), {"flame"}).on_trial == ()


def test_a_plan_narrows_and_never_widens() -> None:
    """What is off stays off though a plan names it."""
    switches = Switches.of(Model(frozenset({"flame"})))
    assert switches.among(["EMG-01", "PPE-01"]) == {"PPE-01"}
    assert switches.among(None) == set(switches.on)


@given(st.frozensets(st.sampled_from(LABELS)), st.frozensets(st.sampled_from(LABELS)))
def test_every_claimable_hazard_is_on_or_off_and_never_both(
    experimental: frozenset[str], switched_on: frozenset[str]
) -> None:
    """Nothing is forgotten, whatever is experimental and whatever is switched on."""
    switches = Switches.of(Model(experimental), switched_on)
    off = [each.hazard_code for each in switches.off]
    assert sorted([*switches.on, *off]) == sorted(claimable_hazards(LABELS))
    deciding = {rule.hazard_code: rule.label for rule in RULES}
    for code in switches.on:
        assert deciding[code] not in experimental or deciding[code] in switched_on


def test_a_line_says_what_is_on_on_trial_and_off() -> None:
    """For a log: the operator reads there why nothing burns."""
    said = Switches.of(Model(frozenset({"flame", "smoke"})), {"smoke"}).said()
    assert "on trial (experimental) EMG-02 (smoke)" in said
    assert "off because experimental EMG-01 (flame)" in said
    assert Switches((), ()).said() == "looks for nothing"


def test_a_setting_is_a_comma_separated_text() -> None:
    """Blanks and empty parts do not count; another type is left to the validation."""
    assert labels_from_text(" flame, smoke ,") == {"flame", "smoke"}
    assert labels_from_text("") == frozenset()
    assert labels_from_text(5) == 5
