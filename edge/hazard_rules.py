"""What a camera asks of a hazard before it is told: frames, dwell, hours, and how often it is told again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from edge.confirm import Needs
from edge.hours import Hours, HoursLines, is_within, spans_of
from inspection.rules import SeenHazard
from inspection.taxonomy import UnknownHazard, hazard_type

DAY_S = 86_400.0
REPEAT_AFTER_S = 3600.0
EMERGENCY = "emergency"
EMERGENCY_AFTER_S = 60.0


def _time_zone(name: str | None) -> str | None:
    if name is not None:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            msg = f"there is no time zone {name!r}; write one such as Asia/Shanghai"
            raise ValueError(msg) from None
    return name


TimeZone = Annotated[str | None, AfterValidator(_time_zone)]
Seconds = Annotated[float, Field(ge=0, le=30 * DAY_S, allow_inf_nan=False)]


class HazardRule(BaseModel):
    """What a camera asks of some hazards; what is left out is as the camera says.

    Attributes:
        hazards: their codes.
        k, n: so many of the last so many looks have to show them.
        dwell_s: they have to have been there for so long.
        hours: when they count; always when left out.
        repeat_after_s: while their item is open, they are told again after so long.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hazards: tuple[str, ...] = Field(min_length=1)
    k: int | None = Field(default=None, ge=1, le=100)
    n: int | None = Field(default=None, ge=1, le=100)
    dwell_s: Seconds | None = None
    hours: HoursLines = ()
    repeat_after_s: Seconds | None = None

    @model_validator(mode="after")
    def _knows_its_hazards(self) -> Self:
        for code in self.hazards:
            try:
                hazard_type(code)
            except UnknownHazard as error:
                raise ValueError(str(error)) from error
        return self

    def needs(self, base: Needs) -> Needs:
        """Return what is asked, on top of what the camera asks.

        Raises:
            ValueError: k above n.
        """
        return Needs(
            base.k if self.k is None else self.k,
            base.n if self.n is None else self.n,
            base.dwell_s if self.dwell_s is None else self.dwell_s,
        )


@dataclass(frozen=True, slots=True)
class Demands:
    """All that one camera asks, ready to be asked.

    Attributes:
        needs: of every hazard that no rule names.
        by_hazard: of those that one names.
        hours, hazard_hours, zone_hours: when anything counts at all, a hazard, and a zone.
        repeat_after_s: how often an open item is told again.
        hazard_repeat_after_s: of those hazards that a rule says it for.
        time_zone: of the hours; None: this machine's.
    """

    needs: Needs = field(default_factory=Needs)
    by_hazard: Mapping[str, Needs] = field(default_factory=dict)
    hours: tuple[Hours, ...] = ()
    hazard_hours: Mapping[str, tuple[Hours, ...]] = field(default_factory=dict)
    zone_hours: Mapping[str, tuple[Hours, ...]] = field(default_factory=dict)
    repeat_after_s: float = REPEAT_AFTER_S
    hazard_repeat_after_s: Mapping[str, float] = field(default_factory=dict)
    time_zone: ZoneInfo | None = None

    @property
    def has_hours(self) -> bool:
        """Tell whether there is a time at which something does not count."""
        return bool(self.hours or self.hazard_hours or self.zone_hours)

    def counting(self, seen: Sequence[SeenHazard], at: datetime) -> list[SeenHazard]:
        """Return those that count at an aware time: neither hazard nor zone is out of its hours."""
        local = at.astimezone(self.time_zone)
        return [one for one in seen if self._counts(one, local)]

    def repeats_after_s(self, hazard_code: str) -> float:
        """Return after how long an open item of a hazard is told again when it comes back, seconds."""
        told = self.hazard_repeat_after_s.get(hazard_code)
        if told is not None:
            return told
        # A second fire is not the first one's repetition; one that burns over a restart is the same.
        is_emergency = hazard_type(hazard_code).category == EMERGENCY
        return EMERGENCY_AFTER_S if is_emergency else self.repeat_after_s

    def _counts(self, seen: SeenHazard, local: datetime) -> bool:
        spans = (
            self.hours,
            self.hazard_hours.get(seen.hazard_code, ()),
            self.zone_hours.get(seen.zone, ()) if seen.zone is not None else (),
        )
        return all(is_within(hours, local) for hours in spans)


def demands_of(
    base: Needs,
    rules: Sequence[HazardRule],
    *,
    hours: Sequence[str] = (),
    zone_hours: Mapping[str, Sequence[str]],
    repeat_after_s: float = REPEAT_AFTER_S,
    time_zone: str | None = None,
) -> Demands:
    """Return what a camera with these rules asks; of two rules for a hazard the later one counts.

    Raises:
        ValueError: a rule asks for k above n.
    """
    by_hazard, hazard_hours, repeats = {}, {}, {}
    for rule in rules:
        for code in rule.hazards:
            by_hazard[code] = rule.needs(base)
            hazard_hours[code] = spans_of(rule.hours)
            if rule.repeat_after_s is not None:
                repeats[code] = rule.repeat_after_s
    return Demands(
        needs=base,
        by_hazard=by_hazard,
        hours=spans_of(hours),
        hazard_hours=hazard_hours,
        zone_hours={name: spans_of(lines) for name, lines in zone_hours.items() if lines},
        repeat_after_s=repeat_after_s,
        hazard_repeat_after_s=repeats,
        time_zone=None if time_zone is None else ZoneInfo(time_zone),
    )
