"""Whatever people do with items, in whatever order: no finding is lost, joins never go round, no ticket stands beside its item.

A sighting is of the item that stands for its hazard at its place, and comes to another place only where a person joined or split.

Walks that only wander seldom come as far as a second ticket or a return, and once the service plan has ended there are no tickets at all.
So the plan of most walks lasts, and each walk begins with two confirmed hazards that somebody wants to join and with one that was fixed and
is seen again about when the window ends. What must be caught was planted by hand, in `inspection` and never committed:

=========================  ==========================================================================================================
*ticket left behind*       `item_merging.merge_items` without `_end_as_joined`; or `recurrence._reopened` keeps `back.ticket_id`
*time gained*              `item_merging._require_no_time_gained` without its second refusal; or with `>` for `<`
*window forever*           `recurrence._item_that_is_back` without the condition on `window`; or with twice the window
*counted twice*            `back.recurrences += 2`; or `items.join_item` adds 2; or `items._count_sightings` adds to what was counted
=========================  ==========================================================================================================

Nine of nine, each by each of ten runs of the quick walks with seeds of their own; without a plant none of three failed.
"""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, select

from inspection.boxes import standing
from inspection.china import china_day
from inspection.errors import Conflict
from inspection.item_entries import item_entries
from inspection.item_merging import ItemRef, Part, merge_items, split_item
from inspection.items import ticket_of
from inspection.plans import parameter
from inspection.recurrence import WINDOW
from inspection.tables import (
    FINISHED,
    Finding,
    HazardItem,
    ItemState,
    RemediationTicket,
    ServicePlan,
    TicketState,
    TicketStep,
)
from tests.builders import Town
from tests.integration.inspection.item_world import Plant

PLACES, CODES = st.sampled_from("abc"), st.sampled_from(["PPE-01", "PPE-02"])
ANY = st.integers(min_value=0, max_value=7)


class ItemWalks(RuleBasedStateMachine):
    """A plant; nothing that is done there is ever committed, and what the domain refuses must have changed nothing."""

    sessions: sessionmaker[Session]
    town: Town

    @initialize(
        lasts=st.sampled_from([True, True, False]),
        apart=st.sampled_from([0, 1, 3]),
        keeps_first=st.booleans(),
        away=st.sampled_from([89, 91]),
    )
    def begin(self, lasts: bool, apart: int, keeps_first: bool, away: int) -> None:
        """Found the plant, where three places were seen, and two stories have come as far as they seldom do by chance."""
        self.session = self.sessions()
        self.plant = Plant(self.session, self.town)
        plan = self.session.get_one(ServicePlan, (self.town.mine.id, self.town.plan.id))
        plan.ends_on = plan.ends_on.replace(year=plan.ends_on.year + 40 * lasts)
        self.plan_ends_on: date = plan.ends_on
        self.seen: set[UUID] = set()
        # Those that a person split off, whatever the place that they went to.
        self.split_off: set[UUID] = set()
        self.told: dict[UUID, set[int]] = {}
        self.join_two_that_were_confirmed(apart, keeps_first)
        self.see_again_what_was_fixed(away)
        for zone in "abc":
            self.seen.add(self.plant.see(zone=zone).id)

    def join_two_that_were_confirmed(self, apart: int, keeps_first: bool) -> None:
        """They were confirmed on days `apart`; joined they are only where no time is gained by it."""
        items = []
        for place in ("first", "second"):
            finding = self.plant.see(zone=place)
            self.seen.add(finding.id)
            items.append(self.plant.confirm(finding).item)
            self.plant.wait(days=apart)
        survivor, item = items if keeps_first else reversed(items)
        assert self._join(item, survivor) is keeps_first

    def see_again_what_was_fixed(self, away: int) -> None:
        """After `away` days: it is back, counted once and with a new ticket, within the window; else it is something new."""
        finding = self.plant.see(zone="fixed")
        first = self.plant.confirm(finding)
        self.plant.fix(first.ticket)
        assert first.item.closed_at is not None
        ends = first.item.closed_at + self._window()
        self.plant.wait(days=away)
        again = self.plant.see(zone="fixed")
        self.seen |= {finding.id, again.id}
        is_back = again.captured_at <= ends
        decision = self.plant.confirm(again)
        assert (decision.item.id == first.item.id) is is_back
        told = (first.item.state, first.item.recurrences, first.item.sightings)
        assert told == ((ItemState.OPEN, 1, 2) if is_back else (ItemState.CLOSED, 0, 1))

    def _window(self) -> timedelta:
        return timedelta(days=parameter(WINDOW, china_day(self.plant.now)).value)

    def teardown(self) -> None:
        """Undo everything."""
        if hasattr(self, "session"):
            self.session.rollback()
            self.session.close()

    def _standing_at(self, place: str, code: str) -> set[UUID]:
        """Return the items of which something seen there now is a sighting; none: it is something new."""
        items = self._all(HazardItem)
        here = [each for each in items if (each.place, each.hazard_code) == (place, code)]
        own = {each.id for each in here if each.state is ItemState.OPEN}
        joined = {each.merged_into for each in here if each.state is ItemState.MERGED}
        return own or {
            each.id for each in items if each.id in joined and each.state is ItemState.OPEN
        }

    def _takes(self, item: HazardItem, other: HazardItem) -> bool:
        """Return whether a join is likely to be allowed, so that walks come far; what is allowed is not decided here."""
        return item.id != other.id and (item.ticket_id is None or other.ticket_id is not None)

    def _findings_of(self, item_id: UUID) -> set[UUID]:
        return {each.id for each in self._all(Finding) if each.item_id == item_id}

    def _all(self, table: type) -> list:
        return list(self.session.exec(select(table).order_by(table.id)))

    @rule(place=PLACES, code=CODES, days=st.sampled_from([0, 0, 1, 100]))
    def see(self, place: str, code: str, days: int) -> None:
        """A camera sees something, now or after a while."""
        self.plant.wait(days=days)
        known, standing = (
            {each.id for each in self._all(HazardItem)},
            self._standing_at(place, code),
        )
        finding = self.plant.see(zone=place, hazard_code=code)
        self.seen.add(finding.id)
        assert finding.item_id in standing if standing else finding.item_id not in known

    @rule(which=ANY)
    def see_where_one_was_joined(self, which: int) -> None:
        """A camera goes on seeing the duplicate."""
        joined = [each for each in self._all(HazardItem) if each.state is ItemState.MERGED]
        if joined:
            one = joined[which % len(joined)]
            self.see(one.place, one.hazard_code, 0)

    @rule(which=ANY, code=st.none() | CODES)
    def confirm(self, which: int, code: str | None) -> None:
        """The expert confirms, as proposed or as another hazard."""
        waiting = [each for each in self._all(Finding) if each.state == "proposed"]
        if waiting:
            said = {"hazard_code": code} if code else {}
            finding = waiting[which % len(waiting)]
            before = {
                each.id: (each.state, each.closed_at, each.recurrences)
                for each in self._all(HazardItem)
            }
            decision = self.plant.confirm(finding, **said)
            if code:
                # As another hazard it goes to the place of the item that it was of, which may be where that was joined into.
                self.split_off.add(finding.id)
            assert decision.item.id == finding.item_id
            for item in self._all(HazardItem):
                state, closed_at, count = before.get(item.id, (None, None, 0))
                if item.recurrences == count:
                    assert not (state is ItemState.CLOSED and item.state is ItemState.OPEN)
                    continue
                assert (state, item.state) == (ItemState.CLOSED, ItemState.OPEN)
                assert item.recurrences == count + 1
                assert item.id == finding.item_id
                assert finding.captured_at <= closed_at + self._window()

    @rule(which=ANY)
    def dismiss(self, which: int) -> None:
        """The expert dismisses."""
        waiting = [each for each in self._all(Finding) if each.state == "proposed"]
        if waiting:
            self.plant.dismiss(waiting[which % len(waiting)])

    @rule(which=ANY, is_closed=st.sampled_from([True, True, False]))
    def fix(self, which: int, is_closed: bool) -> None:
        """Somebody fixes; a second person closes it, or has not come yet."""
        open_ = [each for each in self._all(RemediationTicket) if each.state is TicketState.OPEN]
        if open_:
            act = self.plant.fix if is_closed else self.plant.submit
            act(open_[which % len(open_)])

    @rule(which=ANY, into=ANY, only_open=st.sampled_from([True, True, False]))
    def merge(self, which: int, into: int, only_open: bool) -> None:
        """The expert joins any two, mostly such as stand."""
        items = self._all(HazardItem)
        if only_open:
            items = [each for each in items if each.state is ItemState.OPEN] or items
        item = items[which % len(items)]
        if only_open:
            items = [each for each in items if self._takes(item, each)] or items
        self._join(item, items[into % len(items)])

    def _join(self, item: HazardItem, survivor: HazardItem) -> bool:
        tickets = [ticket_of(self.session, each) for each in (item, survivor)]
        due = [each.deadline for each in tickets if each and each.state not in FINISHED]
        ref = ItemRef(self.plant.town.mine.id, item.id, self.plant.wait(minutes=1))
        together = self._findings_of(item.id) | self._findings_of(survivor.id)
        if self._try(lambda: merge_items(self.session, self.plant.scope(), ref, survivor.id, "x")):
            assert self._findings_of(survivor.id) == together
            after = ticket_of(self.session, survivor)
            assert not due or (after is not None and after.deadline == min(due))
            return True
        return False

    @rule(which=ANY, chosen=st.integers(min_value=1, max_value=7))
    def split(self, which: int, chosen: int) -> None:
        """The expert splits any sightings off."""
        items = [each for each in self._all(HazardItem) if each.sightings]
        items = [each for each in items if each.sightings > 1] or items
        item = items[which % len(items)]
        own = [each for each in self._all(Finding) if each.item_id == item.id]
        ids = tuple(each.id for at, each in enumerate(own[:3]) if chosen >> at & 1)
        if ids:
            ref = ItemRef(self.plant.town.mine.id, item.id, self.plant.wait(minutes=1))
            part = Part(ids, "x")
            known = {each.id for each in self._all(HazardItem)}
            had = self._findings_of(item.id)
            if self._try(lambda: split_item(self.session, self.plant.scope(), ref, part)):
                (new,) = {each.id for each in self._all(HazardItem)} - known
                assert self._findings_of(new) == set(ids)
                assert self._findings_of(item.id) == had - set(ids)
                self.split_off |= set(ids)

    def _try(self, act) -> bool:
        before = len(self.plant.records())
        try:
            act()
        except Conflict:
            assert not self.session.dirty
            assert len(self.plant.records()) == before
            return False
        return True

    @invariant()
    def every_finding_is_a_sighting_of_exactly_one_item_that_was_not_joined(self) -> None:
        """None is lost; counts are right; a box is told of each where its item stands."""
        findings, items = self._all(Finding), {each.id: each for each in self._all(HazardItem)}
        assert {each.id for each in findings} == self.seen
        for item in items.values():
            own = [each for each in findings if each.item_id == item.id]
            assert item.sightings == len(own)
            states = {each.state for each in own}
            if item.state is ItemState.MERGED:
                assert not own
            elif item.state is ItemState.DISMISSED:
                assert states <= {"dismissed"}
            else:
                assert states & {"proposed", "confirmed"}
            if item.level is not None and item.state in (ItemState.OPEN, ItemState.CLOSED):
                assert "confirmed" in states
        told = standing(self.session, self.plant.town.mine.id, self.seen)
        assert set(told) == self.seen

    @invariant()
    def nothing_wanders_to_another_place_by_itself(self) -> None:
        """A finding's item is of its place, or got that place by a join; or a person split it off."""
        places: dict[UUID, set[str]] = {}
        for item in self._all(HazardItem):
            places.setdefault(item.id, set()).add(item.place)
            if item.merged_into is not None:
                places.setdefault(item.merged_into, set()).add(item.place)
        for each in self._all(Finding):
            assert each.id in self.split_off or each.zone in places[each.item_id]

    @invariant()
    def what_was_confirmed_and_stands_has_a_ticket_to_work_on(self) -> None:
        """As long as the service plan, which says so, is in force."""
        if china_day(self.plant.now) > self.plan_ends_on:
            return
        for item in self._all(HazardItem):
            if item.state is ItemState.OPEN and item.level is not None:
                ticket = ticket_of(self.session, item)
                assert ticket is not None
                assert ticket.state not in FINISHED
                assert ticket.item_id == item.id

    @invariant()
    def joins_end_at_an_item_that_was_not_joined(self) -> None:
        """One step leads there: no chain, no circle."""
        items = {each.id: each for each in self._all(HazardItem)}
        for item in items.values():
            assert (item.state is ItemState.MERGED) == (item.merged_into is not None)
            if item.merged_into is not None:
                assert items[item.merged_into].state is not ItemState.MERGED

    @invariant()
    def a_ticket_stands_exactly_where_its_item_does(self) -> None:
        """One to be worked on at most, of an open item; what was joined was never reinspected."""
        items = {each.id: each for each in self._all(HazardItem)}
        steps = self.session.exec(select(TicketStep)).all()
        for ticket in self._all(RemediationTicket):
            item = items[ticket.item_id]
            if ticket.state not in FINISHED:
                assert (item.state, item.ticket_id) == (ItemState.OPEN, ticket.id)
            if ticket.state is TicketState.JOINED:
                assert item.state is ItemState.MERGED
                taken = {each.action for each in steps if each.ticket_id == ticket.id}
                assert "close" not in taken
        closed = [each for each in items.values() if each.state is ItemState.CLOSED]
        for item in closed:
            ticket = ticket_of(self.session, item)
            assert ticket is not None
            assert ticket.state is TicketState.CLOSED

    @invariant()
    def every_sightings_entries_are_its_items(self) -> None:
        """Wherever a finding went, the item's bundle holds its entries; asked again where one came or was decided, as asking is dear."""
        own: dict[UUID, set[int]] = {}
        for each in self._all(Finding):
            indices = {each.entry_index, each.decision_entry_index} - {None}
            own.setdefault(each.item_id, set()).update(indices)
        for item_id, indices in own.items():
            if self.told.get(item_id) != indices:
                assert indices <= set(item_entries(self.session, self.plant.town.mine.id, item_id))
        self.told = own


QUICK = settings(
    max_examples=12,
    stateful_step_count=16,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def _walk(sessions: sessionmaker[Session], town: Town, how: settings) -> None:
    facts = {"sessions": staticmethod(sessions), "town": town}
    run_state_machine_as_test(type("Walks", (ItemWalks,), facts), settings=how)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_some_walks(sessions: sessionmaker[Session], town: Town) -> None:
    """Each time the tests run."""
    _walk(sessions, town, QUICK)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
def test_many_walks(sessions: sessionmaker[Session], town: Town) -> None:
    """More and longer ones, on both databases."""
    _walk(sessions, town, settings(QUICK, max_examples=60, stateful_step_count=40))
