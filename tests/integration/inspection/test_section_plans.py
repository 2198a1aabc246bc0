"""Plans that a section must hold: missing ones are due, told to whoever files them, and done when filed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from inspection.china import china_day
from inspection.duties import Duty
from inspection.reminders import remind
from inspection.scopes import scope_of
from inspection.section_queries import section_duties, section_states
from inspection.section_records import record, set_applicability, withdraw
from inspection.tables import RemediationTicket, SectionReminder, TicketState, new_id
from inspection.ticket_steps import TicketRef
from inspection.treatment_plans import file_plan
from inspection.wire import Applicability, RecordDraft, TreatmentPlan, Withdrawal
from tests.builders import NOW, Town
from tests.integration.inspection.test_treatment_plans import opened
from tests.plans import PLAN

EMERGENCY = {"on": "2026-11-20", "entry": "plan", "plan": "生产安全事故应急预案"}
DRILL = EMERGENCY | {
    "entry": "drill", "kind": "tabletop", "place": "车间", "attendees": ["周师傅"], "assessment": "可行",
}  # fmt: skip


def asked(session: Session, town: Town, section: str, now: datetime = NOW) -> Sequence[Duty]:
    """Return the plans that are asked for in a section."""
    today = china_day(now)
    found = section_duties(session, [town.mine.id, town.other.id], today)
    assert not [duty for duty in found[town.other.id]["L12"] if duty.is_plan]
    return [duty for duty in found[town.mine.id][section] if duty.is_plan]


def write(session: Session, town: Town, values: dict[str, Any]) -> Any:
    """Write a record of emergency plans and drills."""
    draft = RecordDraft.model_validate({"id": new_id(), "values": values})
    return record(session, scope_of(session, town.officer.id), town.mine.id, "L18", draft, NOW)


def test_plan_of_a_major_hazard_is_due_until_it_is_filed(session: Session, town: Town) -> None:
    """From the first day, missing after the seventh or after the deadline; the filed one is done, and names its ticket."""
    ticket = opened(session, town, "DUS-02")
    opened(session, town, "FIR-03")
    (duty,) = asked(session, town, "L12")
    assert (duty.state, duty.ticket_id, duty.ticket_number) == ("due", ticket.id, ticket.number)
    assert duty.last == min(china_day(ticket.deadline), china_day(NOW) + timedelta(7))
    assert duty.first == china_day(ticket.opened_at)
    (late,) = asked(session, town, "L12", NOW + timedelta(days=8))
    assert late.state == "missing"
    ref = TicketRef(town.mine.id, ticket.id, NOW)
    file_plan(session, scope_of(session, town.officer.id), ref, TreatmentPlan.model_validate(PLAN))
    (done,) = asked(session, town, "L12", NOW + timedelta(days=8))
    assert done.state == "done"
    assert [row.period for row in asked(session, town, "L12")] == [f"plan:{ticket.id}"]


@pytest.mark.parametrize("state", [TicketState.SUBMITTED, TicketState.CLOSED, TicketState.JOINED])
def test_nobody_is_asked_for_a_plan_that_cannot_be_filed_any_more(
    session: Session, town: Town, state: TicketState
) -> None:
    """A ticket of before plans were asked for, or that another took the place of, is no duty."""
    ticket = opened(session, town, "DUS-02")
    session.get_one(RemediationTicket, (town.mine.id, ticket.id)).state = state
    session.flush()
    assert asked(session, town, "L12") == []


def test_whoever_files_the_plan_is_reminded_of_it_once(session: Session, town: Town) -> None:
    """The officer files it, so the officer is told; the section has no writers to be told."""
    opened(session, town, "DUS-02")
    today = china_day(NOW)

    def told() -> list[tuple[Any, str]]:
        found = section_duties(session, [town.mine.id], today)[town.mine.id]
        remind(session, town.mine.id, found, NOW)
        rows = session.exec(select(SectionReminder).where(SectionReminder.section == "L12"))
        return [(row.user_id, row.period.partition(":")[0]) for row in rows]

    assert told() == [(town.officer.id, "plan")]
    assert told() == [(town.officer.id, "plan")]
    scope = scope_of(session, town.officer.id)
    states = {row.code: row for row in section_states(session, scope, town.mine.id, today)}
    assert [duty.state for duty in states["L12"].duties] == ["due"]


def test_emergency_plan_is_asked_for_beside_its_drills(session: Session, town: Town) -> None:
    """A drill is no plan, a withdrawn plan is none either; where the section does not apply nobody asks."""
    write(session, town, DRILL)
    (duty,) = asked(session, town, "L18")
    assert (duty.period, duty.ticket_id) == ("plan", None)
    assert duty.state != "done"
    later = NOW + timedelta(days=60)
    assert [row.state for row in asked(session, town, "L18", later)] == ["missing"]
    row = write(session, town, EMERGENCY)
    assert row.is_plan
    assert not row.is_counted
    assert [each.state for each in asked(session, town, "L18", later)] == ["done"]
    officer = scope_of(session, town.officer.id)
    withdraw(session, officer, town.mine.id, row.id, Withdrawal(reason="误录"), NOW)
    assert [each.state for each in asked(session, town, "L18", later)] == ["missing"]


def test_plan_of_a_section_that_does_not_apply_is_not_asked_for(
    session: Session, town: Town
) -> None:
    """Sections that hold no plan are never asked for one."""
    mark = Applicability(applies=False, reason="没有有限空间")
    officer = scope_of(session, town.officer.id)
    set_applicability(session, officer, town.mine.id, "L14", mark, NOW)
    for section in ("L04", "L11", "L14", "L24"):
        assert asked(session, town, section, NOW + timedelta(days=60)) == []
