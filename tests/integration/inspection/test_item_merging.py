"""Joining and splitting by hand: nothing is lost, no time is gained, nobody else's look is disturbed."""

from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from inspection.errors import (
    InspectionError,
    ItemNotStanding,
    MergeRefused,
    NotAllowed,
    NotFound,
    ReinspectionPending,
    SecondPersonRequired,
    SplitRefused,
    VersionConflict,
)
from inspection.holds import hold_over, set_hold, standing_holds
from inspection.item_entries import item_entries
from inspection.item_merging import ItemRef, Part, merge_items, split_item
from inspection.items import survivors
from inspection.queries import ticket_steps
from inspection.tables import (
    Finding,
    HazardItem,
    ItemState,
    Notice,
    RemediationTicket,
    TicketState,
    new_id,
)
from inspection.ticket_deadlines import clock_of
from ledger.log import entries
from ledger.sql import SqlStore
from tests.builders import Town
from tests.integration.inspection.item_world import Plant


@pytest.fixture
def plant(session: Session, town: Town) -> Plant:
    """Return a plant that was not looked at yet."""
    return Plant(session, town)


def _merge(plant: Plant, item: HazardItem, into: HazardItem, by=None, version=None) -> HazardItem:
    plant.wait(minutes=1)
    ref = ItemRef(plant.town.mine.id, item.id, plant.now, version)
    return merge_items(plant.session, plant.scope(by), ref, into.id, "同一处")


def _split(plant: Plant, item: HazardItem, *findings: Finding, place="", by=None) -> HazardItem:
    plant.wait(minutes=1)
    ref = ItemRef(plant.town.mine.id, item.id, plant.now)
    part = Part(tuple(each.id for each in findings), "另一处", place)
    return split_item(plant.session, plant.scope(by), ref, part)


def _refused(plant: Plant, error: type[InspectionError], act, match: str | None = None) -> None:
    """Hold that an act is refused and writes nothing."""
    plant.session.commit()
    before = plant.kinds()
    with pytest.raises(error, match=match):
        act()
    plant.session.rollback()
    assert plant.kinds() == before


def test_the_joined_items_findings_and_evidence_are_the_survivors(plant: Plant) -> None:
    """The ticket of the joined one ends without having been fixed; the ledger names who, why and which."""
    stays = plant.confirm(plant.see())
    goes = plant.confirm(plant.see(source={"kind": "camera", "name": "gate-south"}))
    waiting = plant.see(source={"kind": "camera", "name": "gate-south"})
    assert goes.ticket is not None
    assert stays.ticket is not None
    survivor = _merge(plant, goes.item, stays.item)
    assert (survivor.id, survivor.state, survivor.sightings) == (stays.item.id, ItemState.OPEN, 3)
    assert (goes.item.state, goes.item.merged_into) == (ItemState.MERGED, survivor.id)
    assert (goes.finding.item_id, waiting.item_id) == (survivor.id, survivor.id)
    assert (goes.ticket.state, stays.ticket.state) == (TicketState.JOINED, TicketState.OPEN)
    assert clock_of(plant.session, goes.ticket).stops == []
    assert [step.action for step in ticket_steps(plant.session, goes.ticket)] == ["joined"]
    assert plant.kinds()[-2:] == ["item.merged", "ticket.joined"]
    merged = plant.records()[-2]
    assert (merged.data["reason"], merged.by) == ("同一处", f"user:{plant.town.expert.id}")
    assert merged.data["joined_ticket"] == goes.ticket.number
    assert set(merged.data["finding_ids"]) == {str(goes.finding.id), str(waiting.id)}
    assert item_entries(plant.session, plant.town.mine.id, survivor.id) == tuple(
        range(len(plant.records()))
    )
    told = plant.session.exec(
        select(Notice.kind).where(col(Notice.user_id) == plant.town.officer.id)
    ).all()
    assert told.count("ticket_joined") == 1


def test_whoever_worked_on_a_joined_ticket_may_not_reinspect(plant: Plant) -> None:
    """What was done for it was done for the one that stands; through a chain of joins as well."""
    tickets, items = [], []
    for zone in "abc":
        seen = plant.confirm(plant.see(zone=zone))
        assert seen.ticket is not None
        tickets.append(seen.ticket)
        items.append(seen.item)
    officer = plant.town.officer
    plant.step(tickets[2], officer, "assign", assignee_id=officer.id)
    plant.step(tickets[2], officer, "start")
    _merge(plant, items[2], items[1])
    _merge(plant, items[1], items[0])
    plant.submit(tickets[0])
    with pytest.raises(SecondPersonRequired):
        plant.step(tickets[0], officer, "close")
    plant.step(tickets[0], plant.town.expert, "close")


def test_what_is_seen_at_the_joined_place_joins_the_survivor(plant: Plant) -> None:
    """No box opens the duplicate again; nor does it after a chain of joins, nor when the hazard comes back."""
    first = plant.confirm(plant.see(zone="a"))
    second, third = plant.see(zone="b"), plant.see(zone="c")
    _merge(plant, plant.item(third.item_id), plant.item(second.item_id))
    _merge(plant, plant.item(second.item_id), first.item)
    joined = {item.merged_into for item in map(plant.item, _merged_ids(plant))}
    assert joined == {first.item.id}
    assert {plant.see(zone=zone).item_id for zone in "abc"} == {first.item.id}
    plant.fix(first.ticket)
    back = plant.confirm(plant.see(zone="c"))
    assert (back.item.id, back.item.recurrences) == (first.item.id, 1)


def _merged_ids(plant: Plant):
    merged = col(HazardItem.state) == ItemState.MERGED
    return plant.session.exec(select(HazardItem.id).where(merged)).all()


def test_other_hazards_are_joined_and_their_findings_stay_when_confirmed(plant: Plant) -> None:
    """A sighting keeps its own hazard; confirming one as it was proposed moves nothing."""
    stays = plant.confirm(plant.see())
    other = plant.see(hazard_code="PPE-02")
    _merge(plant, plant.item(other.item_id), stays.item)
    later = plant.see(hazard_code="PPE-02")
    assert later.item_id == stays.item.id
    decision = plant.confirm(later)
    assert (decision.item.id, later.hazard_code) == (stays.item.id, "PPE-02")
    assert len(plant.tickets()) == 1


def test_the_worst_level_stands(plant: Plant) -> None:
    """A major one joined into a general one makes that major, and its ticket."""
    stays = plant.confirm(plant.see(zone="a"))
    goes = plant.confirm(plant.see(zone="b"), level="major")
    assert stays.ticket is not None
    survivor = _merge(plant, goes.item, stays.item)
    assert (survivor.level, stays.ticket.level) == ("major", "major")
    assert plant.records()[-2].section == "L12"


def test_nobody_gains_time_by_joining(plant: Plant) -> None:
    """The item that is due first stays, whichever is older; one with a ticket is not joined into one without."""
    early = plant.confirm(plant.see(zone="a"))
    plant.wait(hours=3)
    late = plant.confirm(plant.see(zone="b"))
    waiting = plant.item(plant.see(zone="c").item_id)
    _refused(plant, MergeRefused, lambda: _merge(plant, early.item, late.item), "due before")
    _refused(plant, MergeRefused, lambda: _merge(plant, late.item, waiting), "has none")
    _refused(plant, MergeRefused, lambda: _merge(plant, late.item, late.item), "itself")
    assert _merge(plant, late.item, early.item).id == early.item.id
    assert _merge(plant, waiting, early.item).sightings == 3


def test_nothing_changes_under_a_reinspectors_eyes(plant: Plant) -> None:
    """Neither side of a join, nor a split, while a fix waits; afterwards the item is closed."""
    fixed = plant.confirm(plant.see(zone="a"))
    more = plant.see(zone="a")
    other = plant.confirm(plant.see(zone="b"))
    assert fixed.ticket is not None
    plant.submit(fixed.ticket)
    _refused(plant, ReinspectionPending, lambda: _merge(plant, fixed.item, other.item))
    _refused(plant, ReinspectionPending, lambda: _merge(plant, other.item, fixed.item))
    _refused(plant, ReinspectionPending, lambda: _split(plant, fixed.item, more))
    plant.step(fixed.ticket, plant.town.expert, "close")
    _refused(plant, ItemNotStanding, lambda: _merge(plant, other.item, fixed.item), "closed")
    _refused(plant, ItemNotStanding, lambda: _merge(plant, fixed.item, other.item), "closed")


def test_a_part_becomes_an_item_with_its_own_ticket(plant: Plant) -> None:
    """The chosen findings move; later ones of the old place stay with the old item."""
    one = plant.confirm(plant.see())
    other = plant.confirm(plant.see())
    waiting = plant.see()
    assert one.item.id == other.item.id
    new = _split(plant, one.item, other.finding, waiting, place=" 东门 ")
    assert (new.place, new.hazard_code, new.level) == ("东门", "PPE-01", "general")
    assert (new.sightings, one.item.sightings) == (2, 1)
    assert (new.first_seen_at, new.last_seen_at) == (
        other.finding.captured_at,
        waiting.captured_at,
    )
    ticket = plant.tickets()[-1]
    assert (ticket.item_id, new.ticket_id) == (new.id, ticket.id)
    assert ticket.deadline == plant.now + timedelta(seconds=ticket.budget_s)
    assert plant.kinds()[-2:] == ["item.split", "ticket.opened"]
    assert plant.records()[-2].data["other_item_id"] == str(new.id)
    assert plant.see().item_id == one.item.id
    for item in (one.item, new):
        told = item_entries(plant.session, plant.town.mine.id, item.id)
        assert plant.kinds().index("item.split") in told


def test_what_was_joined_is_split_off_again_where_it_was_seen(plant: Plant) -> None:
    """Its place is its own again: later sightings there are of the new item."""
    stays = plant.confirm(plant.see(zone="a"))
    other = plant.see(zone="b")
    _merge(plant, plant.item(other.item_id), stays.item)
    new = _split(plant, stays.item, other)
    assert (new.place, new.level, new.ticket_id) == ("b", None, None)
    assert plant.see(zone="b").item_id == new.id
    assert plant.see(zone="a").item_id == stays.item.id


def test_a_finding_of_a_closed_item_may_be_another_problem(plant: Plant) -> None:
    """It stands on its own, open, and the closed one stays closed."""
    fixed, wrong = plant.confirm(plant.see()), plant.confirm(plant.see())
    plant.fix(fixed.ticket)
    new = _split(plant, fixed.item, wrong.finding, place="东门")
    assert (new.state, fixed.item.state) == (ItemState.OPEN, ItemState.CLOSED)
    assert new.ticket_id is not None


def test_a_split_leaves_something_that_stands_on_both_sides(plant: Plant) -> None:
    """Not all, not only what was dismissed, not the last confirmed one, not several hazards at once."""
    kept, wrong = plant.confirm(plant.see()), plant.see()
    plant.dismiss(wrong)
    waiting = plant.see()
    item = kept.item

    def refused(match: str, *findings: Finding) -> None:
        _refused(plant, SplitRefused, lambda: _split(plant, item, *findings), match)

    refused("would be chosen", wrong)
    refused("would be left", kept.finding, waiting)
    refused("no confirmed", kept.finding)
    foreign = plant.see(zone="yard")
    _refused(plant, NotFound, lambda: _split(plant, item, foreign))
    _merge(plant, plant.item(plant.see(hazard_code="PPE-02").item_id), item)
    other = plant.session.exec(select(Finding).where(col(Finding.hazard_code) == "PPE-02")).one()
    refused("several hazards", waiting, other)


def test_who_may_and_in_which_version(plant: Plant) -> None:
    """Experts and the service centre; others are refused, strangers are told of nothing, the slower one reads again."""
    stays, goes = plant.confirm(plant.see(zone="a")), plant.see(zone="b")
    item, more = plant.item(goes.item_id), plant.see(zone="b")
    town = plant.town
    for user in (town.officer, town.worker, town.insurer, town.government):
        _refused(plant, NotAllowed, lambda by=user: _merge(plant, item, stays.item, by))
        _refused(plant, NotAllowed, lambda by=user: _split(plant, item, more, by=by))
    _refused(plant, NotFound, lambda: _merge(plant, item, stays.item, town.stranger))
    _refused(plant, VersionConflict, lambda: _merge(plant, item, stays.item, version=9), "hazard")
    missing = HazardItem(enterprise_id=town.mine.id, id=new_id(), hazard_code="PPE-01", place="x")
    _refused(plant, NotFound, lambda: _merge(plant, item, missing))
    assert _merge(plant, item, stays.item, town.centre, item.version).id == stays.item.id


def test_a_hold_covers_what_was_joined_and_keeps_from_a_split(plant: Plant) -> None:
    """The entries of the joined item are the survivor's; the hold of either covers both."""
    stays, goes, more = plant.see(zone="a"), plant.see(zone="b"), plant.see(zone="a")
    item, into = plant.item(goes.item_id), plant.item(stays.item_id)
    mine = plant.town.mine.id
    officer = plant.scope(plant.town.officer)
    set_hold(plant.session, officer, mine, reason="x", now=plant.now, item_id=into.id)

    def covered() -> list[bool]:
        holds, joined = standing_holds(plant.session, mine), survivors(plant.session, mine)
        found = entries(SqlStore(plant.session), str(mine), 0, 3)
        return [hold_over(holds, entry, joined) is not None for entry in found]

    assert covered() == [True, False, True]
    _merge(plant, item, into)
    assert covered() == [True, True, True]
    _refused(plant, SplitRefused, lambda: _split(plant, into, more), "legal hold")


def test_no_ticket_stands_of_an_item_that_was_joined(plant: Plant) -> None:
    """After a join, one ticket of the two is to be worked on, and no step of the other is possible."""
    stays, goes = plant.confirm(plant.see(zone="a")), plant.confirm(plant.see(zone="b"))
    _merge(plant, goes.item, stays.item)
    standing = select(RemediationTicket.id).where(
        col(RemediationTicket.state).not_in((TicketState.CLOSED, TicketState.JOINED))
    )
    assert stays.ticket is not None
    assert plant.session.exec(standing).all() == [stays.ticket.id]
    assert goes.ticket is not None
    ended = goes.ticket

    def close() -> None:
        plant.step(ended, plant.town.expert, "close")

    _refused(plant, InspectionError, close, "joined")
