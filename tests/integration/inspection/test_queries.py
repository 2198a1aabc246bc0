"""Lists and single rows, through scopes and cursors."""

import pytest
from sqlmodel import Session

from inspection import queries
from inspection.decisions import confirm_finding
from inspection.errors import InvalidCursor, NotFound
from inspection.intake import record_finding
from inspection.queries import FindingFilter, Page, Paging
from inspection.scopes import Actor, scope_of
from inspection.tables import Enterprise, Finding, ItemState, Role, TicketState, new_id
from inspection.visits import begin_inspection
from inspection.wire import Confirmation, Source, SourceKind
from tests.builders import NOW, Town, id_of, jpeg, keep, make_draft


def _propose(session: Session, enterprise: Enterprise, **changes: object) -> Finding:
    draft = make_draft(keep(session, enterprise, jpeg()).sha256, **changes)
    system = Actor("system")
    record_finding(session, enterprise_id=enterprise.id, actor=system, draft=draft, now=NOW)
    return session.get_one(Finding, (enterprise.id, draft.id))


def test_pages_neither_skip_nor_repeat(session: Session, town: Town) -> None:
    """Newest first, also across enterprises and while rows are added."""
    ids = [
        _propose(session, enterprise).id
        for _ in range(3)
        for enterprise in (town.mine, town.other, town.far)
    ]
    scope = scope_of(session, town.ministry.id)
    seen, cursor = [], None
    while True:
        page: Page[Finding] = queries.list_findings(
            session, scope, paging=Paging(cursor=cursor, limit=4)
        )
        seen += [finding.id for finding in page.rows]
        if page.next_cursor is None:
            break
        cursor = page.next_cursor
        _propose(session, town.mine)
    assert seen == sorted(ids, reverse=True)


def test_a_limit_is_kept_within_bounds(session: Session, town: Town) -> None:
    """Zero asks for one."""
    scope = scope_of(session, town.ministry.id)
    page = queries.list_enterprises(session, scope, Paging(limit=0))
    assert len(page.rows) == 1
    rest = queries.list_enterprises(session, scope, Paging(page.next_cursor, 100_000))
    assert {*map(id_of, page.rows), *map(id_of, rest.rows)} == {
        town.mine.id,
        town.other.id,
        town.far.id,
    }


@pytest.mark.parametrize("cursor", ["x", "é", "AAAA", "A" * 200, "!!!!"])
def test_a_made_up_cursor_is_refused(session: Session, town: Town, cursor: str) -> None:
    """It names no row."""
    scope = scope_of(session, town.officer.id)
    with pytest.raises(InvalidCursor):
        queries.list_tickets(session, scope, paging=Paging(cursor=cursor))


def test_lists_hold_what_the_scope_and_the_filter_allow(session: Session, town: Town) -> None:
    """Findings, items and tickets of one's own, narrowed by each condition."""
    expert = scope_of(session, town.expert.id)
    visit = begin_inspection(session, expert, town.mine.id, place="一车间", note="", now=NOW)
    photo = Source(kind=SourceKind.INSPECTION, name="1.jpg", inspection_id=visit.id)
    first, second = _propose(session, town.mine), _propose(session, town.mine, source=photo)
    stranger = _propose(session, town.other)
    decision = confirm_finding(session, expert, town.mine.id, first.id, Confirmation(), NOW)

    def found(**wanted: object) -> set[object]:
        page = queries.list_findings(session, expert, FindingFilter(**wanted))
        return {finding.id for finding in page.rows}

    assert found() == found(enterprise_id=town.mine.id) == {first.id, second.id}
    assert found(state="confirmed") == found(item_id=first.item_id) == {first.id}
    assert found(inspection_id=visit.id) == {second.id}
    assert found(photo_id=new_id()) == set()
    assert stranger.id not in found()
    items = queries.list_items(session, expert, state=ItemState.OPEN).rows
    assert {item.id for item in items} == {first.item_id, second.item_id}
    tickets = queries.list_tickets(
        session, expert, queries.TicketFilter(enterprise_id=town.mine.id)
    ).rows
    assert list(tickets) == [decision.ticket]
    assert not queries.list_tickets(
        session, expert, queries.TicketFilter(state=TicketState.CLOSED)
    ).rows
    assert list(queries.list_inspections(session, expert).rows) == [visit]


def test_what_is_foreign_is_not_found(session: Session, town: Town) -> None:
    """By enterprise, and by id within one's own enterprise."""
    finding = _propose(session, town.other)
    evidence = keep(session, town.other, jpeg(5))
    scope = scope_of(session, town.officer.id)
    for enterprise_id in (town.other.id, town.mine.id):
        for get, key in (
            (queries.get_finding, finding.id),
            (queries.get_item, finding.item_id),
            (queries.get_ticket, new_id()),
            (queries.get_inspection, new_id()),
            (queries.get_evidence, evidence.sha256),
            (queries.get_device, town.other_device.id),
        ):
            with pytest.raises(NotFound):
                get(session, scope, enterprise_id, key)
    for read in (queries.get_enterprise, queries.people, queries.list_devices):
        with pytest.raises(NotFound):
            read(session, scope, town.other.id)
    for listed in (queries.list_items, queries.list_inspections):
        with pytest.raises(NotFound):
            listed(session, scope, enterprise_id=town.other.id)
    with pytest.raises(NotFound):
        queries.list_findings(session, scope, FindingFilter(enterprise_id=town.other.id))
    with pytest.raises(NotFound):
        queries.list_tickets(session, scope, queries.TicketFilter(enterprise_id=town.other.id))


def test_one_s_own_is_found(session: Session, town: Town) -> None:
    """Each by its id."""
    scope = scope_of(session, town.officer.id)
    finding, evidence = _propose(session, town.mine), keep(session, town.mine, jpeg())
    mine = town.mine.id
    assert queries.get_enterprise(session, scope, mine).id == mine
    assert queries.get_finding(session, scope, mine, finding.id) == finding
    assert queries.get_item(session, scope, mine, finding.item_id).id == finding.item_id
    assert queries.get_evidence(session, scope, mine, evidence.sha256) == evidence
    assert queries.get_device(session, scope, mine, town.device.id).id == town.device.id
    assert [each.id for each in queries.list_devices(session, scope, mine).rows] == [town.device.id]


def test_people_are_the_enterprise_s_own_and_its_experts(session: Session, town: Town) -> None:
    """Without those who left."""
    gone = session.merge(town.second_worker)
    gone.is_active = False
    session.flush()
    scope = scope_of(session, town.officer.id)
    people = {each.login: each.roles for each in queries.people(session, scope, town.mine.id)}
    assert people == {
        "expert": {Role.EXPERT},
        "officer": {Role.ENTERPRISE_OFFICER},
        "worker": {Role.ENTERPRISE_WORKER},
    }
