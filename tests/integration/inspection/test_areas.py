"""Setting up a pilot area: what is taken, doubled or wrong is refused by name."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from sqlmodel import Session

from inspection import areas
from inspection.areas import EnterpriseFacts, PlanFacts, Term
from inspection.errors import AlreadyExists, InvalidInput, NotFound
from inspection.plans import plan_in_force, policy_in_force
from inspection.scopes import scope_of
from inspection.tables import OrganisationKind, Role, new_id
from inspection.taxonomy import UnknownHazard
from tests.builders import TERM, Town

FACTS = EnterpriseFacts(name="新企业", credit_code="91330382MA2A000X1Y")


def test_names_and_numbers_are_taken_once(session: Session, town: Town) -> None:
    """And what came before still stands."""
    taken: tuple[Callable[[], object], ...] = (
        lambda: areas.add_area(session, town.area.name),
        lambda: areas.add_user(session, "expert", "Another", "no password"),
        lambda: areas.add_enterprise(
            session, town.area.id, replace(FACTS, credit_code=town.mine.credit_code)
        ),
    )
    for add in taken:
        with pytest.raises(AlreadyExists):
            add()
    assert areas.add_enterprise(session, town.area.id, FACTS).name == "新企业"


def test_wrong_input_is_refused(session: Session, town: Town) -> None:
    """Each with what is wrong."""
    user, organisation = (
        town.stranger,
        areas.add_organisation(session, OrganisationKind.SERVICE_BODY, "某公司"),
    )
    wrong: tuple[tuple[type[Exception], Callable[[], object]], ...] = (
        (InvalidInput, lambda: areas.add_area(session, " ")),
        (InvalidInput, lambda: areas.add_user(session, "", "x", "x")),
        (InvalidInput, lambda: Term("1", date(2026, 2, 1), date(2026, 1, 1))),
        (InvalidInput, lambda: areas.join_enterprise(session, user, Role.EXPERT, town.mine)),
        (InvalidInput, lambda: areas.add_policy(session, town.mine, organisation, TERM)),
        (NotFound, lambda: areas.add_enterprise(session, new_id(), FACTS)),
        (
            InvalidInput,
            lambda: areas.add_enterprise(session, town.area.id, replace(FACTS, credit_code="1")),
        ),
        (
            InvalidInput,
            lambda: areas.join_organisation(session, user, Role.ENTERPRISE_WORKER, organisation),
        ),
        (
            NotFound,
            lambda: areas.add_organisation(session, OrganisationKind.INSURER, "x", new_id()),
        ),
        (
            UnknownHazard,
            lambda: areas.add_plan(session, town.mine, PlanFacts("x", TERM, hazards=("ZZZ-99",))),
        ),
    )
    for refusal, do in wrong:
        with pytest.raises(refusal):
            do()


def test_an_expert_is_assigned_once(session: Session, town: Town) -> None:
    """A second time changes nothing; another enterprise widens the scope."""
    first = areas.assign_expert(session, town.expert, town.mine)
    assert areas.assign_expert(session, town.expert, town.mine) is first
    areas.assign_expert(session, town.expert, town.far)
    assert scope_of(session, town.expert.id).enterprise_ids == {town.mine.id, town.far.id}


def test_plan_and_policy_in_force_are_those_of_the_day(session: Session, town: Town) -> None:
    """The one that began last prevails; outside of all terms there is none."""
    newer = Term("2026-002", date(2026, 6, 1), date(2026, 12, 31))
    plan = areas.add_plan(session, town.mine, PlanFacts("一企一方案", newer, hazards=("EMG-01",)))
    for day, number in (
        (date(2026, 5, 31), TERM.number),
        (date(2026, 6, 1), plan.number),
        (date(2026, 12, 31), plan.number),
        (date(2027, 1, 1), TERM.number),
    ):
        found = plan_in_force(session, town.mine.id, day)
        assert found is not None
        assert found.number == number
    assert plan_in_force(session, town.mine.id, date(2028, 1, 1)) is None
    policy = policy_in_force(session, town.mine.id, date(2026, 1, 1))
    assert policy is not None
    assert policy.number == TERM.number
    assert policy_in_force(session, town.other.id, date(2026, 1, 1)) is None
