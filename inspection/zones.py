"""Zones: polygons of a camera's view in which hazards count."""

from collections.abc import Iterable
from dataclasses import dataclass

from inspection.taxonomy import hazard_type

Point = tuple[float, float]

# Half a pixel of a 50,000-pixel picture: rounding, never geometry.
_TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True)
class Zone:
    """A polygon of a camera's view.

    Attributes:
        name: what people call it, unique among the zones of a camera.
        polygon: three or more corners, relative (0 to 1) to the upright picture, in order around it; the last one
            joins the first. Edges that cross are allowed: inside is what is enclosed an odd number of times.
        hazards: codes of the hazards that it is drawn for; None means all of them.

    Raises:
        ValueError: no name, fewer than three corners, a corner outside the picture, or no area.
        UnknownHazard: a code that the catalogue has not.
    """

    name: str
    polygon: tuple[Point, ...]
    hazards: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if not self.name.strip():
            msg = "a zone needs a name"
            raise ValueError(msg)
        if any(not 0 <= value <= 1 for corner in self.polygon for value in corner):
            msg = (
                f"zone {self.name}: corners are relative, 0 to 1 of the picture's width and height"
            )
            raise ValueError(msg)
        if len(set(self.polygon)) < 3 or _is_flat(self.polygon):
            msg = f"zone {self.name}: a polygon needs three corners that enclose an area"
            raise ValueError(msg)
        for code in self.hazards or ():
            hazard_type(code)

    def applies_to(self, hazard_code: str) -> bool:
        """Tell whether the zone is drawn for a hazard."""
        return self.hazards is None or hazard_code in self.hazards

    def contains(self, point: Point) -> bool:
        """Tell whether a relative point lies inside or on the edge.

        The edge counts: the feet of a person whom the picture's lower border cuts lie exactly on it. Method: even-odd
        rule, a ray to the right crosses the outline an odd number of times.
        """
        inside = False
        for first, second in _edges(self.polygon):
            if _is_on(point, first, second):
                return True
            inside ^= _ray_crosses(point, first, second)
        return inside


def _edges(polygon: tuple[Point, ...]) -> Iterable[tuple[Point, Point]]:
    return zip(polygon, (*polygon[1:], polygon[0]), strict=True)


def _is_flat(polygon: tuple[Point, ...]) -> bool:
    """Tell whether all corners lie on one line."""
    origin = polygon[0]
    return all(
        abs(_cross(origin, first, second)) < _TOLERANCE**2 for first, second in _edges(polygon)
    )


def _cross(origin: Point, first: Point, second: Point) -> float:
    return (first[0] - origin[0]) * (second[1] - origin[1]) - (first[1] - origin[1]) * (
        second[0] - origin[0]
    )


def _is_on(point: Point, first: Point, second: Point) -> bool:
    length = max(abs(second[0] - first[0]), abs(second[1] - first[1]))
    if abs(_cross(first, second, point)) > _TOLERANCE * length:
        return False
    return all(
        min(a, b) - _TOLERANCE <= value <= max(a, b) + _TOLERANCE
        for value, a, b in zip(point, first, second, strict=True)
    )


def _ray_crosses(point: Point, first: Point, second: Point) -> bool:
    # Half-open in y, so that a corner is counted with one of its two edges.
    if (first[1] > point[1]) == (second[1] > point[1]):
        return False
    share = (point[1] - first[1]) / (second[1] - first[1])
    return point[0] < first[0] + share * (second[0] - first[0])
