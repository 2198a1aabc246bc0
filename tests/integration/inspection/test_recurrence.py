"""A hazard that comes back after it was closed: the same item opens again and counts it."""

import pytest
from sqlmodel import Session, col, select

from inspection.box_wire import ItemStanding
from inspection.boxes import standing
from inspection.item_changes import changes_of
from inspection.item_entries import item_entries
from inspection.items import open_item
from inspection.plans import china_day, parameter
from inspection.queries import ItemFilter, list_items
from inspection.tables import ItemState, Notice, ServicePlan, TicketState
from tests.builders import NOW, Town
from tests.integration.inspection.item_world import Plant


@pytest.fixture
def plant(session: Session, town: Town) -> Plant:
    """Return a plant in which a bare head was confirmed, fixed and closed."""
    plant = Plant(session, town)
    plant.fix(plant.confirm(plant.see()).ticket)
    return plant


def _days() -> float:
    return parameter("recurrence_window", china_day(NOW)).value


def test_what_comes_back_within_the_window_opens_the_same_item_again(plant: Plant) -> None:
    """The new item is open until then, so that a box tells it once; then it is joined into the old one."""
    old = plant.tickets()[0]
    plant.wait(days=3)
    again, more = plant.see(), plant.see()
    new = plant.item(again.item_id)
    assert (new.state, new.id == old.item_id, more.item_id) == (ItemState.OPEN, False, new.id)
    back = plant.confirm(again)
    assert (back.item.id, back.item.state) == (old.item_id, ItemState.OPEN)
    assert (back.item.recurrences, back.item.sightings, back.item.closed_at) == (1, 3, None)
    assert (new.state, new.merged_into, new.sightings) == (ItemState.MERGED, old.item_id, 0)
    assert (again.item_id, more.item_id, more.state) == (old.item_id, old.item_id, "proposed")
    assert back.ticket is not None
    assert (back.ticket.id != old.id, back.ticket.state) == (True, TicketState.OPEN)
    assert (old.state, back.item.ticket_id) == (TicketState.CLOSED, back.ticket.id)
    assert plant.kinds()[-3:] == ["finding.confirmed", "item.reopened", "ticket.opened"]
    said = plant.records()[-2].data
    assert (said["recurrences"], said["earlier_ticket"]) == (1, old.number)
    assert (said["item_id"], said["other_item_id"]) == (str(old.item_id), str(new.id))
    assert plant.records()[-1].data["recurrences"] == 1


def test_a_box_is_told_that_the_item_of_its_new_finding_is_open(plant: Plant) -> None:
    """While it waits, once it was joined, and again closed when it was fixed again."""
    again = plant.see()

    def told() -> ItemStanding:
        plant.session.flush()
        return standing(plant.session, plant.town.mine.id, [again.id])[again.id]

    assert told() is ItemStanding.OPEN
    ticket = plant.confirm(again).ticket
    assert told() is ItemStanding.OPEN
    plant.fix(ticket)
    assert told() is ItemStanding.CLOSED


def test_a_later_sighting_joins_the_item_that_opened_again(plant: Plant) -> None:
    """There is one open item of the place, and no second ticket."""
    back = plant.confirm(plant.see())
    later = plant.confirm(plant.see())
    assert (later.item.id, later.item.recurrences) == (back.item.id, 1)
    assert later.ticket is not None
    assert back.ticket is not None
    assert later.ticket.id == back.ticket.id
    assert len(plant.tickets()) == 2


def test_each_return_is_counted_and_its_story_is_kept(plant: Plant) -> None:
    """Twice closed and twice back: three tickets, of which the last stands; the bundle's entries hold all of them."""
    for _ in range(2):
        plant.wait(days=1)
        decision = plant.confirm(plant.see())
        plant.fix(decision.ticket)
    item = plant.item(plant.tickets()[0].item_id)
    assert (item.recurrences, item.state, item.sightings) == (2, ItemState.CLOSED, 3)
    assert [ticket.item_id for ticket in plant.tickets()] == [item.id] * 3
    changes = changes_of(plant.session, plant.town.mine.id, [item.id])
    assert [change.kind for change in changes] == ["reopened", "reopened"]
    told = item_entries(plant.session, plant.town.mine.id, item.id)
    assert told == tuple(range(len(plant.records())))


def test_what_comes_back_after_the_window_is_a_new_item(plant: Plant) -> None:
    """A day too late it is another problem; a minute before, it is the same."""
    old = plant.tickets()[0]
    plant.wait(days=_days() + 1)
    new = plant.confirm(plant.see())
    assert (new.item.id != old.item_id, new.item.recurrences) == (True, 0)
    assert plant.item(old.item_id).state is ItemState.CLOSED
    plant.fix(new.ticket)
    plant.now = plant.item(new.item.id).closed_at or plant.now
    plant.wait(days=_days(), minutes=-2)
    assert plant.confirm(plant.see()).item.id == new.item.id


def test_it_counts_when_it_was_seen_not_when_somebody_confirmed(plant: Plant) -> None:
    """An expert who comes late makes no new problem of an old one."""
    seen = plant.see()
    plant.wait(days=_days() + 10)
    assert plant.confirm(seen).item.recurrences == 1


def test_another_place_or_hazard_does_not_come_back(plant: Plant) -> None:
    """The key is both; a corrected hazard is looked for under its own name."""
    assert plant.confirm(plant.see(zone="yard")).item.recurrences == 0
    assert plant.confirm(plant.see(hazard_code="FIR-03")).item.recurrences == 0
    wrong = plant.see(hazard_code="EMG-02")
    corrected = plant.confirm(wrong, hazard_code="PPE-01")
    assert (corrected.item.id, corrected.item.recurrences) == (plant.tickets()[0].item_id, 1)
    assert wrong.item_id == corrected.item.id


def test_a_photo_from_before_the_fix_is_no_return(plant: Plant) -> None:
    """It arrived late: the item that it opened stays one of its own, for a person to judge."""
    late = plant.see(captured_at=NOW)
    decision = plant.confirm(late)
    assert (decision.item.recurrences, decision.item.state) == (0, ItemState.OPEN)
    assert plant.item(plant.tickets()[0].item_id).state is ItemState.CLOSED


def test_without_a_plan_it_opens_again_without_a_ticket(plant: Plant) -> None:
    """What was closed stays closed; the item has no standing ticket."""
    for plan in plant.session.exec(select(ServicePlan)):
        plant.session.delete(plan)
    for ticket in plant.tickets():
        ticket.plan_id = None
    plant.session.flush()
    back = plant.confirm(plant.see())
    assert (back.item.recurrences, back.ticket, back.item.ticket_id) == (1, None, None)
    notice = plant.session.exec(select(Notice).order_by(col(Notice.id).desc())).first()
    assert notice is not None
    assert (notice.kind, notice.facts["recurrences"]) == ("finding_confirmed", 1)


def test_the_notice_says_that_it_came_back(plant: Plant) -> None:
    """The officers read it with the new ticket."""
    plant.confirm(plant.see())
    notice = plant.session.exec(
        select(Notice)
        .where(col(Notice.user_id) == plant.town.officer.id)
        .order_by(col(Notice.id).desc())
    ).first()
    assert notice is not None
    assert (notice.kind, notice.facts["recurrences"]) == ("ticket_opened", 1)


def test_recurring_items_are_found_and_joined_ones_are_not_listed(plant: Plant) -> None:
    """A list shows what stands for itself; the joined one is found by its state."""
    new = plant.see()
    joined = new.item_id
    plant.confirm(new)
    plant.see(zone="yard")

    def listed(**wanted: object) -> set[object]:
        state = wanted.pop("state", None)
        chosen = ItemFilter(**wanted)  # type: ignore[arg-type]  # as each test says
        page = list_items(
            plant.session,
            plant.scope(),
            state=state,
            wanted=chosen,  # type: ignore[arg-type]
        )
        return {item.id for item in page.rows}

    back = plant.tickets()[0].item_id
    assert joined not in listed()
    assert listed(recurring=True) == {back}
    assert len(listed()) == 2
    assert listed(recurring=False) == listed() - {back}
    assert listed(state=ItemState.MERGED) == {joined}


def test_the_open_item_of_a_place_is_its_own_before_one_it_was_joined_into(plant: Plant) -> None:
    """Closed and back, the place's open item is the old one."""
    plant.confirm(plant.see())
    found = open_item(plant.session, plant.town.mine.id, "PPE-01", "gate-north")
    assert found is not None
    assert found.id == plant.tickets()[0].item_id
