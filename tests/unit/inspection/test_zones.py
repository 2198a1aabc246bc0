"""Zones: what a polygon holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.taxonomy import UnknownHazard
from inspection.zones import Point, Zone

SQUARE = ((0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6))
NOTCHED = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.2), (0.0, 1.0))
fractions = st.floats(0, 1)


@pytest.mark.parametrize("point", [(0.4, 0.4), (0.2, 0.2), (0.6, 0.4), (0.4, 0.6)])
def test_inside_and_on_the_edge_are_in(point: Point) -> None:
    """The edge belongs to the zone."""
    assert Zone("gate", SQUARE).contains(point)


@pytest.mark.parametrize("point", [(0.1, 0.4), (0.61, 0.4), (0.4, 0.7), (0.8, 0.2), (0.1, 0.6)])
def test_beside_is_out(point: Point) -> None:
    """Beside the zone, also level with its corners and edges."""
    assert not Zone("gate", SQUARE).contains(point)


def test_a_notch_is_out() -> None:
    """A polygon need not be convex."""
    zone = Zone("hall", NOTCHED)
    assert zone.contains((0.1, 0.5))
    assert zone.contains((0.9, 0.5))
    assert not zone.contains((0.5, 0.6))


def test_feet_on_the_lower_border_are_in_a_zone_that_reaches_it() -> None:
    """A person cut off by the picture's border stands exactly on it."""
    assert Zone("floor", ((0, 0.5), (1, 0.5), (1, 1), (0, 1))).contains((0.3, 1.0))


@given(fractions, fractions, fractions, fractions, fractions, fractions)
def test_a_rectangle_holds_what_lies_between_its_sides(
    x: float, y: float, a: float, b: float, c: float, d: float
) -> None:
    """For a rectangle, the even-odd rule agrees with comparing coordinates (beyond its tolerance)."""
    left, right = sorted((a, b))
    top, bottom = sorted((c, d))
    if right - left < 1e-3 or bottom - top < 1e-3:
        return
    near = min(abs(x - left), abs(x - right), abs(y - top), abs(y - bottom)) < 1e-4
    zone = Zone("area", ((left, top), (right, top), (right, bottom), (left, bottom)))
    assert near or zone.contains((x, y)) == (left < x < right and top < y < bottom)


@pytest.mark.parametrize(
    ("name", "polygon"),
    [
        (" ", SQUARE),
        ("line", ((0.1, 0.1), (0.5, 0.5), (0.9, 0.9))),
        ("two corners", ((0.1, 0.1), (0.5, 0.5))),
        ("pixels", ((0, 0), (640, 0), (640, 480))),
        ("no number", ((0, 0), (float("nan"), 0), (1, 1))),
    ],
)
def test_what_is_no_zone_is_refused(name: str, polygon: tuple[Point, ...]) -> None:
    """A zone has a name and an area, in relative coordinates."""
    with pytest.raises(ValueError, match=name.strip() or "name"):
        Zone(name, polygon)


def test_an_unknown_hazard_is_refused() -> None:
    """A zone for a mistyped code would watch nothing."""
    with pytest.raises(UnknownHazard):
        Zone("gate", SQUARE, frozenset({"PPE-99"}))


def test_hazards_limit_a_zone() -> None:
    """None means all hazards; else only those that are named."""
    assert Zone("gate", SQUARE).applies_to("EMG-01")
    helmets = Zone("gate", SQUARE, frozenset({"PPE-01"}))
    assert helmets.applies_to("PPE-01")
    assert not helmets.applies_to("EMG-01")
