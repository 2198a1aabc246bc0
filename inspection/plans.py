"""What the insured enterprise is promised, and the dated numbers that no norm sets."""

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from uuid import UUID

from sqlmodel import Session, col, select

from inspection.china import CHINA as CHINA
from inspection.china import china_day as china_day
from inspection.errors import NotFound
from inspection.tables import InsurancePolicy, ServicePlan


@dataclass(frozen=True)
class Parameter:
    """A number with the day from which it holds, and where it comes from."""

    name: str
    value: float
    unit: str
    valid_from: date
    basis: str
    basis_checked: bool


def parameter(name: str, on: date) -> Parameter:
    """Return the number in force on a day. Raises `NotFound` for an unknown name or an earlier day."""
    in_force = [row for row in _parameters() if row.name == name and row.valid_from <= on]
    if not in_force:
        raise NotFound("parameter", f"{name} on {on}")
    return max(in_force, key=lambda row: row.valid_from)


def budget(deadline_days: int, on: date) -> timedelta:
    """Return how much time there is to fix a hazard; 0 days means the same day, a number of hours by parameter."""
    if deadline_days > 0:
        return timedelta(days=deadline_days)
    return timedelta(hours=parameter("same_day_deadline", on).value)


def plan_in_force(session: Session, enterprise_id: UUID, on: date) -> ServicePlan | None:
    """Return the enterprise's service plan on a day, the one that began last; None without one."""
    return session.exec(
        select(ServicePlan)
        .where(
            col(ServicePlan.enterprise_id) == enterprise_id,
            col(ServicePlan.starts_on) <= on,
            col(ServicePlan.ends_on) >= on,
        )
        .order_by(col(ServicePlan.starts_on).desc(), col(ServicePlan.id).desc())
    ).first()


def policy_in_force(session: Session, enterprise_id: UUID, on: date) -> InsurancePolicy | None:
    """Return the enterprise's insurance policy on a day, the one that began last; None without one."""
    return session.exec(
        select(InsurancePolicy)
        .where(
            col(InsurancePolicy.enterprise_id) == enterprise_id,
            col(InsurancePolicy.starts_on) <= on,
            col(InsurancePolicy.ends_on) >= on,
        )
        .order_by(col(InsurancePolicy.starts_on).desc(), col(InsurancePolicy.id).desc())
    ).first()


@cache
def _parameters() -> tuple[Parameter, ...]:
    text = files("inspection").joinpath("catalogue", "parameters.csv").read_text("utf-8-sig")
    return tuple(
        Parameter(
            name=row["name"],
            value=float(row["value"]),
            unit=row["unit"],
            valid_from=date.fromisoformat(row["valid_from"]),
            basis=row["basis"],
            basis_checked=row["basis_checked"] == "yes",
        )
        for row in csv.DictReader(text.splitlines())
    )
