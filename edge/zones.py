"""The zones file: named polygons of a camera's view, in TOML or JSON.

    [[zones]]
    name = "welding bay"
    polygon = [[0.10, 0.20], [0.60, 0.20], [0.60, 0.90], [0.10, 0.90]]
    hazards = ["PPE-01", "EMG-01"]      # optional: all hazards without it
    hours = ["mon-sat 07:30-18:00"]     # optional: at other times they do not count in it

Points are fractions of width and height, from the left top corner of the upright picture.
"""

import json
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.errors import ZonesInvalid
from edge.hours import HoursLines
from inspection.taxonomy import UnknownHazard
from inspection.wire import Fraction
from inspection.zones import Zone


class ZoneEntry(BaseModel):
    """A zone as a file writes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=200)
    polygon: tuple[tuple[Fraction, Fraction], ...] = Field(min_length=3, max_length=100)
    hazards: tuple[str, ...] | None = None
    hours: HoursLines = ()

    def zone(self) -> Zone:
        """Return the zone.

        Raises:
            ValueError, UnknownHazard: it cannot be.
        """
        hazards = None if self.hazards is None else frozenset(self.hazards)
        return Zone(self.name, self.polygon, hazards)


class _ZonesFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    zones: list[ZoneEntry] = Field(min_length=1)


def read_zones(path: Path) -> tuple[Zone, ...]:
    """Return the zones of a file.

    Raises:
        ZonesInvalid: as `read_zone_entries` does.
    """
    return tuple(entry.zone() for entry in read_zone_entries(path))


def read_zone_entries(path: Path) -> tuple[ZoneEntry, ...]:
    """Return the zones of a file as they stand there; each can be.

    Raises:
        ZonesInvalid: the file is missing, not TOML or JSON, names a zone twice, or a field is wrong.
    """
    try:
        text = path.read_text("utf-8")
        parsed = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
        zones = tuple(_ZonesFile.model_validate(parsed).zones)
        for zone in zones:
            zone.zone()
    except OSError as error:
        raise ZonesInvalid(path, error.strerror or str(error)) from error
    except ValidationError as error:
        raise ZonesInvalid(path, _first(error)) from error
    except (ValueError, UnknownHazard) as error:
        raise ZonesInvalid(path, str(error)) from error
    names = [zone.name for zone in zones]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ZonesInvalid(path, f"zone {twice!r} stands there twice")
    return zones


def _first(error: ValidationError) -> str:
    problem = error.errors()[0]
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
