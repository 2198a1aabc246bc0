"""An overdue ticket goes up, each step once a deadline, to those who may see it and nobody else."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, select

from inspection import areas
from inspection.addressees import authorities
from inspection.escalation_rules import Party, escalation_steps
from inspection.escalations import escalate_overdue
from inspection.journal import log_id_of
from inspection.scopes import scope_of
from inspection.tables import (
    Notice,
    NoticeKind,
    OrganisationKind,
    RemediationTicket,
    Role,
    TicketState,
    TicketStep,
    User,
)
from inspection.taxonomy import hazard_catalogue
from ledger.sql import SqlStore
from tests.builders import NOW, Town, make_party
from tests.integration.inspection.test_notices import confirm

DAY = timedelta(days=1)
MOMENT = timedelta(seconds=1)


@pytest.fixture
def late(sessions: sessionmaker[Session], town: Town) -> RemediationTicket:
    """Return an open ticket of a general hazard."""
    with sessions.begin() as session:
        ticket = confirm(session, town)
    assert ticket is not None
    assert ticket.level == "general"
    return ticket


def escalated(session: Session) -> list[tuple[str, str]]:
    """Return who was told by what step, in the order of the notices."""
    rows = session.exec(
        select(User.login, Notice.facts)
        .join(User, col(User.id) == col(Notice.user_id))
        .where(col(Notice.kind) == NoticeKind.TICKET_ESCALATED.value)
        .order_by(col(Notice.id))
    )
    return [(login, facts["to"]) for login, facts in rows]


def test_each_step_is_taken_once_a_deadline(
    readers: sessionmaker[Session],
    sessions: sessionmaker[Session],
    town: Town,
    late: RemediationTicket,
) -> None:
    """Expert after one day, town after three, bureau after seven; each entry says when, by what rule, and who was told."""

    def go_on(at: datetime) -> int:
        return escalate_overdue(readers, sessions, at)

    steps = [go_on(late.deadline + days * DAY + MOMENT) for days in (-1, 0, 1, 1, 2, 3, 7, 30)]
    assert steps == [0, 0, 1, 0, 0, 1, 1, 0]
    with readers() as session:
        assert escalated(session) == [
            ("expert", "expert"),
            ("government", "town"),
            ("ministry", "bureau"),
        ]
        taken = session.exec(
            select(TicketStep).where(col(TicketStep.ticket_id) == late.id).order_by("number")
        ).all()
        assert [step.action for step in taken] == [
            "escalate_expert",
            "escalate_town",
            "escalate_bureau",
        ]
        entry = SqlStore(session).entries_at(log_id_of(town.mine.id), [taken[1].entry_index])[0]
        assert entry.record is not None
        assert (entry.header.kind, entry.record.by) == ("ticket.escalated", "system")
        facts = {
            key: entry.record.data[key] for key in ("to", "overdue_days", "after_days", "told")
        }
        assert facts == {
            "to": "town",
            "overdue_days": 3,
            "after_days": 3,
            "told": [f"user:{town.government.id}"],
        }
    with sessions.begin() as session:
        ticket = session.get_one(RemediationTicket, (late.enterprise_id, late.id))
        ticket.deadline += 40 * DAY
    assert go_on(late.deadline + 30 * DAY) == 0
    # The server was away for a month: everything that is due is taken, in order.
    assert go_on(late.deadline + 80 * DAY) == 3


def test_major_hazards_go_up_at_once(
    readers: sessionmaker[Session], sessions: sessionmaker[Session], late: RemediationTicket
) -> None:
    """Expert and town hear in the hour after the deadline, the bureau a day later."""
    with sessions.begin() as session:
        session.get_one(RemediationTicket, (late.enterprise_id, late.id)).level = "major"
    assert escalate_overdue(readers, sessions, late.deadline) == 0
    assert escalate_overdue(readers, sessions, late.deadline + MOMENT) == 2
    assert escalate_overdue(readers, sessions, late.deadline + DAY) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"state": TicketState.CLOSED, "closed_at": NOW},
        {"state": TicketState.SUBMITTED, "submitted_at": NOW},
        {"is_deadline_provisional": True},
    ],
    ids=["closed", "submitted in time", "provisional"],
)
def test_what_is_not_late_does_not_go_up(
    readers: sessionmaker[Session],
    sessions: sessionmaker[Session],
    late: RemediationTicket,
    change: dict[str, object],
) -> None:
    """A closed ticket, one that waits for its reinspection, and one whose deadline is only the earliest possible."""
    with sessions.begin() as session:
        ticket = session.get_one(RemediationTicket, (late.enterprise_id, late.id))
        for name, value in change.items():
            setattr(ticket, name, value)
    assert escalate_overdue(readers, sessions, late.deadline + 30 * DAY) == 0


def test_authorities_are_those_whose_scope_holds_the_enterprise(
    session: Session, town: Town
) -> None:
    """The town's people, the bureau above it, and whoever sees everything; not another town's, not whoever left."""
    elsewhere = areas.add_area(session, "another town")
    organisations = {
        name: make_party(session, OrganisationKind.GOVERNMENT, area)
        for name, area in (("bureau", None), ("town hall", town.area), ("other", elsewhere))
    }
    for name in ("town hall", "other"):
        organisations[name].parent_id = organisations["bureau"].id
    people = {
        name: areas.add_user(session, name, name, "no password")
        for name in (*organisations, "gone")
    }
    for name, organisation in organisations.items():
        areas.join_organisation(session, people[name], Role.GOVERNMENT, organisation)
    areas.join_organisation(session, people["gone"], Role.GOVERNMENT, organisations["town hall"])
    people["gone"].is_active = False
    session.flush()
    told = authorities(session, town.mine.id)
    assert set(told[Party.TOWN]) == {town.government.id, people["town hall"].id}
    assert set(told[Party.BUREAU]) == {town.ministry.id, people["bureau"].id}
    for user_id in (*told[Party.TOWN], *told[Party.BUREAU]):
        assert Role.GOVERNMENT in scope_of(session, user_id).roles_in(town.mine.id)
    assert authorities(session, town.far.id) == {
        Party.TOWN: [],
        Party.BUREAU: [town.ministry.id],
    }


def test_every_level_has_its_steps() -> None:
    """No level of the catalogue stops at the enterprise, and no step is due before the deadline."""
    for level in {hazard.level for hazard in hazard_catalogue().values()}:
        steps = escalation_steps(level, date(2026, 11, 24))
        assert [step.party for step in steps] == list(Party)
        assert not any(step.is_due(timedelta()) for step in steps)
        assert escalation_steps(level, date(2020, 1, 1)) == []
