"""Plans that sections must hold, as ``ledger_sections.csv`` says (`plan`): what is asked for, and what counts as one."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, exists, or_, select

from inspection.china import china_day
from inspection.duties import (
    Calendar,
    Duty,
    PlannedTicket,
    SectionFacts,
    plan_of_section,
    plan_of_ticket,
)
from inspection.plans import parameter
from inspection.sections import ledger_section, ledger_sections
from inspection.tables import RemediationTicket, TicketTreatment
from inspection.treatment_plans import FILEABLE, MAJOR

TREATMENT = "treatment"


def is_plan(section: str, values: Mapping[str, Any]) -> bool:
    """Return whether a record of a section is the plan that the section must hold."""
    field, _, choice = ledger_section(section).plan.partition("=")
    return bool(choice) and values.get(field) == choice


def section_plan(section: str, facts: SectionFacts, calendar: Calendar) -> Sequence[Duty]:
    """Return what is asked for where a section's plan is a record; nothing elsewhere."""
    if ledger_section(section).plan in {"", TREATMENT}:
        return ()
    within = parameter("section_plan_within", calendar.today)
    return plan_of_section(facts, calendar, int(within.value))


def treatment_plans(
    session: Session, enterprise_ids: Sequence[UUID], today: date
) -> Mapping[tuple[UUID, str], Sequence[Duty]]:
    """Return, by enterprise and section, the plans of tickets of major hazards: filed ones, and those still to be filed."""
    within = int(parameter("treatment_plan_within", today).value)
    of_tickets = [code for code, row in ledger_sections().items() if row.plan == TREATMENT]
    found: dict[tuple[UUID, str], list[Duty]] = {}
    for ticket, has_plan in _tickets(session, enterprise_ids):
        facts = PlannedTicket(
            ticket.id,
            ticket.number,
            china_day(ticket.opened_at),
            china_day(ticket.deadline),
            has_plan,
        )
        for code in of_tickets:
            duties = found.setdefault((ticket.enterprise_id, code), [])
            duties.append(plan_of_ticket(facts, today, within))
    return found


def _tickets(
    session: Session, enterprise_ids: Sequence[UUID]
) -> Sequence[tuple[RemediationTicket, bool]]:
    is_filed = exists().where(
        col(TicketTreatment.enterprise_id) == col(RemediationTicket.enterprise_id),
        col(TicketTreatment.ticket_id) == col(RemediationTicket.id),
    )
    rows = session.exec(
        select(RemediationTicket, is_filed).where(
            col(RemediationTicket.enterprise_id).in_(enterprise_ids),
            col(RemediationTicket.level) == MAJOR,
            or_(is_filed, col(RemediationTicket.state).in_(FILEABLE)),
        )
    )
    return [(ticket, bool(filed)) for ticket, filed in rows]
