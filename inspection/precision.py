"""Live precision: of what models reported, how much did people confirm, by hazard, camera and model version.

``precision = confirmed / (confirmed + renamed + dismissed)``. *Renamed* is a finding that a person confirmed as another
hazard: for what the model said, that is a mistake. Dismissals for a reason that does not count (`dismissal_reasons.csv`:
a duplicate, a test, too unclear to tell) are *set aside*. What nobody decided yet is *waiting* and in no share, so a
share with much waiting beside it may still change.

The interval is Wilson's score interval at 95 % (E. B. Wilson, "Probable inference, the law of succession, and statistical
inference", JASA 22, 1927): it stays within 0 and 1 and is honest for few decisions. It takes decisions for independent,
which sightings of one standing problem are not: then it is too narrow.

What a person *spotted* and no model reported is in no share, but counted beside them.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, literal_column, select
from sqlmodel import Session, col

from inspection.dismissals import stored_reason
from inspection.scopes import Scope
from inspection.tables import Finding
from inspection.training_data import Taken
from inspection.wire import SourceKind

Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class PrecisionKey:
    """What a row is about; None where rows are not told apart by it.

    The hazard is what the model said, whatever a person made of it.

    `camera` is a camera's name, or "" for all inspections and patrols, whose sources are single photos.
    """

    enterprise_id: UUID | None = None
    source_kind: SourceKind | None = None
    camera: str | None = None
    hazard_code: str | None = None
    model_name: str | None = None
    model_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of findings by what people made of them."""

    confirmed: int = 0
    renamed: int = 0
    dismissed: int = 0
    set_aside: int = 0
    waiting: int = 0
    spotted: int = 0

    @property
    def decided(self) -> int:
        """What the precision rests on."""
        return self.confirmed + self.renamed + self.dismissed

    @property
    def precision(self) -> float | None:
        """The share that people confirmed as what the model said; None before the first decision."""
        return self.confirmed / self.decided if self.decided else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval of the precision."""
        return wilson_interval(self.confirmed, self.decided) if self.decided else None


ALWAYS = Taken()


@dataclass(frozen=True, slots=True)
class PrecisionAsked:
    """Which findings, and what rows are told apart by: any of hazard, source, model."""

    by: frozenset[str]
    taken: Taken = ALWAYS
    enterprise_id: UUID | None = None


def wilson_interval(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """Return Wilson's score interval of a share. Raises `ValueError` unless 0 <= successes <= trials and trials > 0."""
    if not 0 <= successes <= trials or trials == 0:
        msg = f"{successes} of {trials} is no share"
        raise ValueError(msg)
    share, weight = successes / trials, z * z / trials
    centre = (share + weight / 2) / (1 + weight)
    half = z * math.sqrt(share * (1 - share) / trials + weight / (4 * trials)) / (1 + weight)
    return max(0.0, centre - half), min(1.0, centre + half)


def live_precision(
    session: Session, scope: Scope, asked: PrecisionAsked
) -> list[tuple[PrecisionKey, Tally]]:
    """Return a row a group in scope, the one with the most decisions first. Raises `NotFound` for a foreign enterprise."""
    enterprise_ids = enterprises_asked(scope, asked)
    columns = key_columns(asked.by)
    tallies: defaultdict[PrecisionKey, Tally] = defaultdict(Tally)
    for row in session.exec(_statement(list(columns.values()), enterprise_ids, asked.taken)):
        *values, state, reason, is_renamed, is_spotted, count = row
        key = PrecisionKey(**dict(zip(columns, values, strict=True)))
        column = "spotted" if is_spotted else _column(state, reason, is_renamed=bool(is_renamed))
        tally = tallies[key]
        tallies[key] = replace(tally, **{column: getattr(tally, column) + count})
    return sorted(tallies.items(), key=lambda row: (-row[1].decided, -row[1].waiting, str(row[0])))


def enterprises_asked(scope: Scope, asked: PrecisionAsked) -> Collection[UUID]:
    """Return whose findings are asked for. Raises `NotFound` for a foreign enterprise."""
    if asked.enterprise_id is None:
        return scope.enterprise_ids
    scope.require(asked.enterprise_id)
    return {asked.enterprise_id}


def key_columns(by: Collection[str]) -> dict[str, Any]:
    """Return the columns that rows are told apart by, under the names of `PrecisionKey`."""
    columns: dict[str, Any] = {}
    if "source" in by:
        columns["enterprise_id"] = col(Finding.enterprise_id)
        columns["source_kind"] = col(Finding.source_kind)
        is_camera = col(Finding.source_kind) == SourceKind.CAMERA
        columns["camera"] = case((is_camera, col(Finding.source_name)), else_="")
    if "hazard" in by:
        columns["hazard_code"] = func.coalesce(
            col(Finding.proposed_hazard_code), col(Finding.hazard_code)
        )
    if "model" in by:
        columns["model_name"] = col(Finding.model_name)
        columns["model_sha256"] = col(Finding.model_sha256)
    return columns


def _statement(columns: Sequence[Any], enterprise_ids: Collection[UUID], taken: Taken) -> Any:
    conditions = [col(Finding.enterprise_id).in_(enterprise_ids), *taken.conditions()]
    is_renamed = case((col(Finding.proposed_hazard_code).is_not(None), 1), else_=0)
    is_spotted = case((col(Finding.model_name).is_(None), 1), else_=0)
    what = [
        *columns, col(Finding.state), col(Finding.dismissal_code), is_renamed, is_spotted
    ]  # fmt: skip
    # By position: PostgreSQL takes two parameters of equal value for two expressions.
    places: list[Any] = [literal_column(str(place)) for place in range(1, len(what) + 1)]
    return select(*what, func.count(col(Finding.id))).where(*conditions).group_by(*places)


def _column(state: str, reason: str | None, *, is_renamed: bool) -> str:
    if state == "proposed":
        return "waiting"
    if state == "confirmed":
        return "renamed" if is_renamed else "confirmed"
    return "dismissed" if stored_reason(reason).counts else "set_aside"
