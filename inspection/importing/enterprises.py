"""A row of an enterprise: added, or its facts changed where the credit code is known. Each is an entry of its ledger."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from inspection import areas
from inspection.database import lock_enterprise
from inspection.importing.running import Desk, PlannedRow, RowAction
from inspection.importing.sheet import RowFault, SheetRow
from inspection.journal import Event, write_event
from inspection.scopes import areas_of
from inspection.tables import Enterprise, Membership, PilotArea, Role, ServicePlan

SECTION = "L01"
_FACTS = ("name", "address", "industry", "is_high_risk")


@dataclass
class EnterpriseRows:
    """Plans rows of enterprises for somebody of a service centre, in the areas of their centre."""

    desk: Desk
    areas_by_name: Mapping[str, UUID] = field(init=False)
    _seen: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.areas_by_name = _areas(self.desk)

    def plan(self, row: SheetRow) -> PlannedRow | RowFault:
        """Return what is to be done about a row, or what is wrong with it."""
        code = row.get("credit_code").upper()
        if code in self._seen:
            return _fault(row, "统一社会信用代码", "twice", f"row {self._seen[code]} has the same code", "remove one of the rows")  # fmt: skip
        self._seen[code] = row.number
        if not areas.is_credit_code(code):
            return _fault(row, "统一社会信用代码", "credit_code", f"{code!r} has not 18 digits and capital letters", "correct the code")  # fmt: skip
        plan = _plan_of(row)
        if isinstance(plan, RowFault):
            return plan
        known = self.desk.session.exec(
            select(Enterprise).where(col(Enterprise.credit_code) == code)
        ).first()
        if known is None:
            return self._added(row, code, plan)
        if Role.SERVICE_CENTRE not in self.desk.scope.roles_in(known.id):
            return _fault(row, "统一社会信用代码", "not_yours", "this code is registered where you are not in charge", "leave the row out")  # fmt: skip
        return self._changed(row, known, plan)

    def _added(
        self, row: SheetRow, code: str, plan: areas.PlanFacts | None
    ) -> PlannedRow | RowFault:
        area_id = self._area(row)
        if isinstance(area_id, RowFault):
            return area_id
        facts = areas.EnterpriseFacts(
            name=row.get("name"),
            credit_code=code,
            address=row.get("address"),
            industry=row.get("industry"),
            is_high_risk=row.get("is_high_risk") == "yes",
        )

        def carry_out() -> str:
            enterprise = areas.add_enterprise(self.desk.session, area_id, facts)
            self._write(enterprise, "enterprise.registered", vars(facts))
            self._add_plan(enterprise, plan)
            return ""

        return PlannedRow(row.number, RowAction.CREATE, facts.name, carry_out)

    def _changed(
        self, row: SheetRow, known: Enterprise, plan: areas.PlanFacts | None
    ) -> PlannedRow | RowFault:
        wanted: dict[str, Any] = {
            name: row.get(name) == "yes" if name == "is_high_risk" else row.get(name)
            for name in _FACTS
            if row.get(name)
        }
        before = {name: getattr(known, name) for name in wanted}
        changed = {name: value for name, value in wanted.items() if value != before[name]}
        standing = self._standing(known, plan)
        if plan is not None and standing is not None and not _is_same(standing, plan):
            return _fault(row, "服务方案编号", "plan", f"plan {standing.number} has other days: {standing.starts_on} to {standing.ends_on}", "correct the days, or give the new plan a number of its own")  # fmt: skip
        if not changed and (plan is None or standing is not None):
            return PlannedRow(row.number, RowAction.SAME, known.name)

        def carry_out() -> str:
            lock_enterprise(self.desk.session, known.id)
            if changed:
                for name, value in changed.items():
                    setattr(known, name, value)
                told = {name: {"before": before[name], "now": value} for name, value in changed.items()}  # fmt: skip
                self._write(known, "enterprise.changed", told)
            if standing is None:
                self._add_plan(known, plan)
            return ""

        return PlannedRow(row.number, RowAction.CHANGE, row.get("name"), carry_out)

    def _standing(self, known: Enterprise, plan: areas.PlanFacts | None) -> ServicePlan | None:
        if plan is None:
            return None
        return self.desk.session.exec(
            select(ServicePlan).where(
                col(ServicePlan.enterprise_id) == known.id,
                col(ServicePlan.number) == plan.term.number,
            )
        ).first()

    def _area(self, row: SheetRow) -> UUID | RowFault:
        wanted, known = row.get("area"), self.areas_by_name
        if wanted in known:
            return known[wanted]
        if not wanted and len(known) == 1:
            return next(iter(known.values()))
        said = f"{wanted!r} is none of your areas" if wanted else "the area is missing"
        return _fault(row, "片区", "area", said, f"choose one of: {'、'.join(sorted(known))}")

    def _add_plan(self, enterprise: Enterprise, plan: areas.PlanFacts | None) -> None:
        if plan is None:
            return
        areas.add_plan(self.desk.session, enterprise, plan)
        term = {"number": plan.term.number, "starts_on": plan.term.starts_on.isoformat(), "ends_on": plan.term.ends_on.isoformat()}  # fmt: skip
        self._write(enterprise, "enterprise.plan_added", term, "L24")

    def _write(
        self, enterprise: Enterprise, kind: str, data: Mapping[str, Any], section: str = SECTION
    ) -> None:
        desk, event = self.desk, Event(kind, section, {**data, "source": "import"})
        write_event(desk.session, enterprise.id, desk.scope.actor, event, desk.now)


def _areas(desk: Desk) -> dict[str, UUID]:
    """Return the areas of the caller's service centres, by name."""
    held = desk.session.exec(
        select(Membership.organisation_id).where(
            col(Membership.user_id) == desk.scope.user_id,
            col(Membership.role) == Role.SERVICE_CENTRE,
        )
    ).all()
    reach = [areas_of(desk.session, each) for each in held if each is not None]
    rows = desk.session.exec(select(PilotArea)).all()
    return {row.name: row.id for row in rows if any(each is None or row.id in each for each in reach)}  # fmt: skip


def _plan_of(row: SheetRow) -> areas.PlanFacts | RowFault | None:
    number, begins, ends = (row.get(name) for name in ("plan_number", "plan_from", "plan_until"))
    if not (number or begins or ends):
        return None
    if not (number and begins and ends):
        return _fault(row, "服务方案编号", "plan", "a plan needs its number and both days", "fill in all three, or none")  # fmt: skip
    if ends < begins:
        return _fault(row, "方案截止日", "plan", f"{ends} is before {begins}", "swap the days")
    term = areas.Term(number, date.fromisoformat(begins), date.fromisoformat(ends))
    return areas.PlanFacts(number, term)


def _is_same(standing: ServicePlan, plan: areas.PlanFacts) -> bool:
    return (standing.starts_on, standing.ends_on) == (plan.term.starts_on, plan.term.ends_on)


def _fault(row: SheetRow, column: str, code: str, message: str, advice: str) -> RowFault:
    return RowFault(row.number, column, code, message, advice)
