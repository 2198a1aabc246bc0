"""The whole ticket, with its real functions and its real ledger, driven beside a simple model of it.

Persons of every role try whatever there is, at moving times. What the model allows is done, what it does not is refused and
leaves nothing; state, counted time and due date agree after each act, and at the end the ledger is read again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, SQLModel, col, select

from inspection import areas
from inspection.china import china_day
from inspection.clock_rules import ClockUnit
from inspection.database import make_engine, write_sessions
from inspection.decisions import confirm_finding
from inspection.errors import InspectionError
from inspection.intake import record_finding
from inspection.journal import log_id_of
from inspection.scopes import Actor, Scope, scope_of
from inspection.tables import HoldKind, RemediationTicket, Role, TicketState, TicketStep
from inspection.ticket_deadlines import holds_of, is_overdue, reading_of, set_deadline
from inspection.ticket_holds import HoldRequest, decide_hold, end_pause, request_hold, withdraw_hold
from inspection.ticket_steps import TicketRef
from inspection.tickets import Step, TicketAction, allowed_actions, take_step
from inspection.treatment_plans import file_plan
from inspection.wire import Confirmation, TreatmentPlan
from inspection.work_calendar import work_calendar
from ledger.keys import SigningKey
from ledger.log import audit, publish_checkpoint
from ledger.sql import SqlStore
from tests.builders import jpeg, keep, make_draft, make_town
from tests.plans import PLAN
from tests.ticket_model import DECIDED, KINDS, OF_ENTERPRISE, PEOPLE, STEPS, Act, TicketModel

HOUR = timedelta(hours=1)
# A Monday at the beginning of a day in China; the spring's and the summer's holidays follow, all of them known.
OPENED = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
# Hours after which nothing of 2026, whose days are known, is left.
LAST = 24 * 270
# The catalogue's own: three days, and the same day for a major one.
HAZARDS = {False: ("FIR-03", 72), True: ("DUS-02", 24)}
KEY = SigningKey("tests/ticket", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
WHOLE_PLAN = TreatmentPlan.model_validate(PLAN | {"reported_on": "2026-03-01"})


@dataclass(frozen=True)
class World:
    """A database with a town and an open ticket of each level; nothing that is done to it is ever committed."""

    sessions: sessionmaker[Session]
    enterprise_id: UUID
    people: dict[str, UUID]
    tickets: dict[bool, UUID]
    photo: str


@cache
def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory()


@cache
def world() -> World:
    """Make it, once."""
    engine = make_engine(f"sqlite:///{Path(_folder().name, 'anxun.db')}")
    with engine.begin() as connection:
        SQLModel.metadata.create_all(connection)
    sessions = write_sessions(engine)
    with sessions() as session:
        town = make_town(session)
        double = areas.add_user(session, "double", "Double", "no password")
        areas.join_enterprise(session, double, Role.ENTERPRISE_OFFICER, town.mine)
        centre = areas.add_organisation(
            session, areas.OrganisationKind.SERVICE_CENTRE, "centre 2", town.area.id
        )
        areas.join_organisation(session, double, Role.SERVICE_CENTRE, centre)
        tickets = {}
        for is_major, (code, _) in HAZARDS.items():
            before = keep(session, town.mine, jpeg(int(is_major))).sha256
            draft = make_draft(before, hazard_code=code, captured_at=OPENED)
            device = Actor.from_device(town.device.id)
            record_finding(
                session, enterprise_id=town.mine.id, actor=device, draft=draft, now=OPENED
            )
            expert = scope_of(session, town.expert.id)
            said = confirm_finding(session, expert, town.mine.id, draft.id, Confirmation(), OPENED)
            assert said.ticket is not None
            tickets[is_major] = said.ticket.id
        photo = keep(session, town.mine, jpeg(200)).sha256
        people = {
            name: double.id if name == "double" else getattr(town, name).id for name in PEOPLE
        }
        session.commit()
        return World(sessions, town.mine.id, people, tickets, photo)


def _is_working(hour: int) -> bool:
    return work_calendar().is_working_day(china_day(OPENED + hour * HOUR))


people = st.sampled_from(PEOPLE)
# Often what is needed is there.
said = st.integers(0, 3).map(bool)
pauses = st.one_of(st.integers(1, 72), st.integers(1, 24 * 60))


class WholeTicket(RuleBasedStateMachine):
    """Whatever anybody tries with one ticket."""

    @initialize(is_major=st.booleans(), unit=st.sampled_from(ClockUnit))
    def open(self, is_major: bool, unit: ClockUnit) -> None:
        """Take the ticket of a level, with a clock."""
        self.world = world()
        self.session = self.world.sessions()
        key = (self.world.enterprise_id, self.world.tickets[is_major])
        self.ticket = self.session.get_one(RemediationTicket, key)
        self.ticket.clock_unit = unit.value
        self.session.flush()
        set_deadline(self.session, self.ticket)
        counts = _is_working if unit is ClockUnit.WORKING else lambda _: True
        self.model = TicketModel(is_major, HAZARDS[is_major][1], counts)
        self.entries = self.size()
        self.ids: list[UUID] = []

    def size(self) -> int:
        """Return how many entries the ledger has."""
        return SqlStore(self.session).head(log_id_of(self.world.enterprise_id)).size

    @rule(hours=st.one_of(st.integers(0, 30), st.integers(0, 24 * 15)))
    def pass_time(self, hours: int) -> None:
        """Hours pass."""
        if self.model.now + hours < LAST:
            self.model.now += hours

    @precondition(lambda self: self.model.state != "closed")
    @rule(data=st.data(), number=st.integers(1, 4))
    def go_on(self, data: st.DataObject, number: int) -> None:
        """Those who may do some of what may be done, one after the other, so that walks come far."""
        for _ in range(number):
            if self.model.state != "closed":
                self.pass_time(data.draw(st.integers(0, 40), label="hours"))
                self.take(self.possible(data))

    def possible(self, data: st.DataObject) -> Act:
        """Draw an act that the model allows."""
        kinds = [kind for kind in KINDS if self.model.is_possible(kind)]
        # Whoever is at it is seldom replaced, and few reinspections pass: the others go on.
        rare = {"assign"} if self.model.state == "fixing" else {"close"}
        kind = data.draw(st.sampled_from([each for each in kinds if each not in rare] + kinds))
        number = data.draw(pauses if kind == "pause" else st.integers(1, 5))
        to = data.draw(st.sampled_from(OF_ENTERPRISE))
        able = [by for by in PEOPLE if self.model.allows(Act(kind, by, to, number=number))]
        return Act(kind, data.draw(st.sampled_from(able)), to, number=number)

    @rule(
        act=st.builds(
            Act,
            kind=st.sampled_from(KINDS),
            by=people,
            to=people,
            said=said,
            number=st.one_of(st.integers(-1, 72), st.integers(24 * 59, 24 * 61)),
            which=st.integers(-4, -1),
        )
    )
    def stumble(self, act: Act) -> None:
        """Somebody tries something, whether it is possible or not."""
        self.take(act)

    def take(self, act: Act) -> None:
        """Do it; the model must say the same about it, and what is refused leaves nothing."""
        if act.which < -len(self.ids):
            act = replace(act, which=-1)
        if act.kind in {*DECIDED, "end"} and not self.ids:
            return
        is_allowed = self.model.allows(act)
        at = OPENED + self.model.now * HOUR
        ref = TicketRef(self.world.enterprise_id, self.ticket.id, at)
        scope = scope_of(self.session, self.world.people[act.by])
        refusal: InspectionError | None = None
        try:
            with self.session.begin_nested():
                self.done(act)(self.session, scope, ref)
        except InspectionError as error:
            refusal = error
            self.session.refresh(self.ticket)
        assert (refusal is None) == is_allowed, (act, self.model, refusal)
        if is_allowed:
            self.model.do(act)
        self.ids += [
            row.id for row in holds_of(self.session, self.ticket) if row.id not in self.ids
        ]

    def done(self, act: Act) -> Callable[[Session, Scope, TicketRef], RemediationTicket]:
        """Return the function of the domain that does it."""
        if act.kind in STEPS:
            return partial(take_step, step=self.step(act))
        if act.kind == "plan":
            return partial(file_plan, plan=WHOLE_PLAN)
        if act.kind == "pause":
            until = OPENED + (self.model.now + act.number) * HOUR
            return partial(
                request_hold, asked=HoldRequest(HoldKind.PAUSE, "waiting_parts", until=until)
            )
        if act.kind == "extension":
            asked = HoldRequest(HoldKind.EXTENSION, "larger_than_planned", days=act.number)
            return partial(request_hold, asked=asked)
        key, note = self.ids[act.which], "说明" if act.said else " "
        if act.kind in {"approve", "refuse"}:
            return partial(decide_hold, hold_id=key, approved=act.kind == "approve", note=note)
        return partial(withdraw_hold if act.kind == "withdraw" else end_pause, hold_id=key, note="")

    def step(self, act: Act) -> Step:
        """Return a step with what it needs, where that is there."""
        photos = (self.world.photo,) if act.said and act.kind == "submit" else ()
        return Step(
            TicketAction(act.kind),
            note="仍有缺失" if act.said else " ",
            assignee_id=self.world.people[act.to] if act.kind == "assign" else None,
            evidence_sha256s=photos,
        )

    @invariant()
    def it_is_as_the_model_says(self) -> None:
        """State, person, and one entry for each act that was allowed: a refusal leaves none."""
        assert self.ticket.state.value == self.model.state
        people = self.world.people
        assert self.ticket.assignee_id == (self.model.assignee and people[self.model.assignee])
        assert self.size() == self.entries + self.model.acts
        assert self.ticket.version == 1 + self.model.acts
        assert [row.state for row in holds_of(self.session, self.ticket)] == [
            each.state for each in self.model.requests
        ]

    @invariant()
    def no_pause_steals_or_gives_time(self) -> None:
        """The clock shows the hours that count one by one, and is due where they are used up."""
        now = OPENED + self.model.now * HOUR
        reading = reading_of(self.session, self.ticket, now)
        counted, given = self.model.counted(), self.model.given
        assert reading.elapsed == counted * HOUR
        assert reading.remaining == (given - counted) * HOUR
        assert reading.is_overdue == (counted > given)
        if reading.due.unknown_years:
            return
        if counted != given:
            # What a list says by the stored deadline, while a reinspection is waited for and ever after as well.
            assert is_overdue(self.ticket, now) == (counted > given)
        if self.model.state not in {"submitted", "closed"}:
            due = OPENED + self.model.due() * HOUR
            assert reading.due.at == due == self.ticket.deadline

    @invariant()
    def what_is_offered_is_what_would_be_done(self) -> None:
        """The steps that the officer is offered are those that the model allows."""
        scope = scope_of(self.session, self.world.people["officer"])
        offered = {each.value for each in allowed_actions(self.session, scope, self.ticket)}
        assert offered == {
            action.value
            for action in TicketAction
            if self.model.allows(Act(action.value, "officer"))
        }

    def teardown(self) -> None:
        """Read what was written: by whom it was closed, what it started with, and the whole ledger."""
        if not hasattr(self, "session"):
            return
        try:
            self.check_steps()
            self.check_ledger()
        finally:
            self.session.rollback()
            self.session.close()

    def check_steps(self) -> None:
        """By the rows alone: another person closed it, and a major one had its plan before its start."""
        steps = list(self.steps())
        hands = {step.by_user_id for step in steps if step.action in {"start", "submit"}}
        hands |= {step.assignee_id for step in steps if step.action == "assign"}
        closings = [
            step for step in steps if step.state is TicketState.CLOSED and step.action == "close"
        ]
        for step in closings:
            assert step.by_user_id not in hands
        assert bool(closings) == (self.ticket.state is TicketState.CLOSED)
        if self.model.is_major:
            planned = False
            for step in steps:
                planned = planned or step.action == "plan_filed"
                assert planned or step.action != "start"

    def steps(self) -> Iterator[TicketStep]:
        """Yield the ticket's steps."""
        mine = col(TicketStep.ticket_id) == self.ticket.id
        yield from self.session.exec(
            select(TicketStep).where(mine).order_by(col(TicketStep.number))
        )

    def check_ledger(self) -> None:
        """Signed, then read again from its first entry."""
        store, log_id = SqlStore(self.session), log_id_of(self.world.enterprise_id)
        key = KEY.named(log_id)
        publish_checkpoint(store, log_id, key)
        audit(store, log_id, [key.verifier])


QUICK = settings(
    max_examples=20,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_the_whole_ticket_beside_its_model() -> None:
    """Some walks each time the tests run."""
    run_state_machine_as_test(WholeTicket, settings=QUICK)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_whole_ticket_beside_its_model_for_long() -> None:
    """Many walks, and longer ones."""
    run_state_machine_as_test(
        WholeTicket, settings=settings(QUICK, max_examples=400, stateful_step_count=80)
    )
