"""Whatever people do with items, in whatever order: no finding is lost, joins never go round, no ticket stands beside its item."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy.pool import StaticPool
from sqlmodel import Session, SQLModel, create_engine, select

from inspection.boxes import standing
from inspection.errors import Conflict
from inspection.item_entries import item_entries
from inspection.item_merging import ItemRef, Part, merge_items, split_item
from inspection.items import ticket_of
from inspection.tables import (
    FINISHED,
    Finding,
    HazardItem,
    ItemState,
    RemediationTicket,
    TicketState,
    TicketStep,
)
from tests.builders import make_town
from tests.integration.inspection.item_world import Plant

PLACES, CODES = st.sampled_from("abc"), st.sampled_from(["PPE-01", "PPE-02"])
ANY = st.integers(min_value=0, max_value=7)


class ItemWalks(RuleBasedStateMachine):
    """A plant in a database of its own; what the domain refuses must have changed nothing."""

    @initialize()
    def begin(self) -> None:
        """Found the town, where three places were seen."""
        engine = create_engine("sqlite://", poolclass=StaticPool)
        SQLModel.metadata.create_all(engine)
        self.session = Session(engine, expire_on_commit=False)
        self.plant = Plant(self.session, make_town(self.session))
        self.seen = {self.plant.see(zone=zone).id for zone in "abc"}

    def teardown(self) -> None:
        """Let the database go."""
        if hasattr(self, "session"):
            self.session.close()

    def _all(self, table: type) -> list:
        return list(self.session.exec(select(table).order_by(table.id)))

    @rule(place=PLACES, code=CODES, days=st.sampled_from([0, 0, 1, 100]))
    def see(self, place: str, code: str, days: int) -> None:
        """A camera sees something, now or after a while."""
        self.plant.wait(days=days)
        self.seen.add(self.plant.see(zone=place, hazard_code=code).id)

    @rule(which=ANY, code=st.none() | CODES)
    def confirm(self, which: int, code: str | None) -> None:
        """The expert confirms, as proposed or as another hazard."""
        waiting = [each for each in self._all(Finding) if each.state == "proposed"]
        if waiting:
            said = {"hazard_code": code} if code else {}
            self.plant.confirm(waiting[which % len(waiting)], **said)

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
        item, survivor = items[which % len(items)], items[into % len(items)]
        tickets = [ticket_of(self.session, each) for each in (item, survivor)]
        due = [each.deadline for each in tickets if each and each.state not in FINISHED]
        ref = ItemRef(self.plant.town.mine.id, item.id, self.plant.wait(minutes=1))
        if self._try(lambda: merge_items(self.session, self.plant.scope(), ref, survivor.id, "x")):
            after = ticket_of(self.session, survivor)
            assert not due or (after is not None and after.deadline == min(due))

    @rule(which=ANY, chosen=st.integers(min_value=1, max_value=7))
    def split(self, which: int, chosen: int) -> None:
        """The expert splits any sightings off."""
        items = [each for each in self._all(HazardItem) if each.sightings]
        item = items[which % len(items)]
        own = [each for each in self._all(Finding) if each.item_id == item.id]
        ids = tuple(each.id for at, each in enumerate(own[:3]) if chosen >> at & 1)
        if ids:
            ref = ItemRef(self.plant.town.mine.id, item.id, self.plant.wait(minutes=1))
            part = Part(ids, "x")
            self._try(lambda: split_item(self.session, self.plant.scope(), ref, part))

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
        """Wherever a finding went, the item's bundle holds its entries."""
        findings = self._all(Finding)
        for item in self._all(HazardItem):
            told = item_entries(self.session, self.plant.town.mine.id, item.id)
            for each in findings:
                if each.item_id == item.id:
                    assert each.entry_index in told
                    assert each.decision_entry_index is None or each.decision_entry_index in told


TestItemWalks = ItemWalks.TestCase
TestItemWalks.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
