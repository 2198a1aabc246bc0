"""A person confirms or dismisses; a confirmed finding opens one ticket."""

from datetime import timedelta

import pytest
from pydantic import ValidationError
from sqlmodel import Session, select

from inspection.decisions import confirm_finding, dismiss_finding
from inspection.errors import AlreadyDecided, InvalidInput, NotAllowed, NotFound
from inspection.intake import record_finding
from inspection.scopes import Actor, scope_of
from inspection.tables import Finding, HazardItem, ItemState, RemediationTicket, User, new_id
from inspection.taxonomy import UnknownHazard
from inspection.ticket_steps import TicketRef
from inspection.tickets import Step, TicketAction, take_step
from inspection.wire import Confirmation, Dismissal, DrawnBox
from ledger.entry import Record
from ledger.log import entries
from ledger.sql import SqlStore
from tests.builders import NOW, Town, jpeg, keep, make_draft

AS_PROPOSED = Confirmation()


def _propose(session: Session, town: Town, **changes: object) -> Finding:
    sha256 = keep(session, town.mine, jpeg()).sha256
    draft = make_draft(sha256, **changes)
    record_finding(
        session,
        enterprise_id=town.mine.id,
        actor=Actor.from_device(town.device.id),
        draft=draft,
        now=NOW,
    )
    return session.get_one(Finding, (town.mine.id, draft.id))


def _kinds(session: Session, town: Town) -> list[tuple[str, str]]:
    records = [entry.record for entry in entries(SqlStore(session), str(town.mine.id), 0, 99)]
    return [(record.kind, record.section) for record in records if record is not None]


def _confirm(
    session: Session,
    town: Town,
    finding: Finding,
    confirmation: Confirmation = AS_PROPOSED,
    by: User | None = None,
):
    scope = scope_of(session, (by or town.expert).id)
    return confirm_finding(session, scope, town.mine.id, finding.id, confirmation, NOW)


def _dismiss(session: Session, town: Town, finding: Finding):
    scope = scope_of(session, town.expert.id)
    reason = Dismissal(reason="a mannequin")
    return dismiss_finding(session, scope, town.mine.id, finding.id, reason, NOW)


def test_a_confirmed_finding_opens_a_ticket_from_the_catalogue(
    session: Session, town: Town
) -> None:
    """Number, level, deadline and basis are there, and both steps are in the ledger."""
    finding = _propose(session, town)
    decision = _confirm(session, town, finding)
    session.commit()
    ticket = decision.ticket
    assert ticket is not None
    assert (decision.finding.state, decision.finding.decided_by) == ("confirmed", town.expert.id)
    assert ticket.number == "ZG-20261124-0001"
    assert (ticket.level, ticket.state, ticket.version) == ("general", "open", 1)
    assert ticket.deadline == NOW + timedelta(hours=24)
    assert ticket.basis
    assert ticket.plan_id == town.plan.id
    assert (decision.item.ticket_id, decision.item.level) == (ticket.id, "general")
    assert _kinds(session, town) == [
        ("finding.recorded", "L27"),
        ("finding.confirmed", "L11"),
        ("ticket.opened", "L11"),
    ]


def test_a_person_corrects_hazard_level_and_boxes(session: Session, town: Town) -> None:
    """A major one goes to section L12; the item that only this finding made is renamed."""
    finding = _propose(session, town)
    models_own = list(finding.boxes)
    box = DrawnBox(x1=0.2, y1=0.2, x2=0.4, y2=0.4, label="cone")
    confirmation = Confirmation(hazard_code="FIR-02", level="major", boxes=(box,), note="看清楚")
    decision = _confirm(session, town, finding, confirmation)
    assert decision.ticket is not None
    assert (decision.ticket.hazard_code, decision.ticket.level) == ("FIR-02", "major")
    assert decision.ticket.deadline == NOW + timedelta(days=1)
    assert (decision.item.hazard_code, decision.item.state) == ("FIR-02", ItemState.OPEN)
    assert decision.finding.boxes == models_own
    assert decision.finding.decided_boxes == [box.model_dump(mode="json")]
    assert decision.finding.proposed_hazard_code == "PPE-01"
    assert len(session.exec(select(HazardItem)).all()) == 1
    assert _kinds(session, town)[1:] == [("finding.confirmed", "L12"), ("ticket.opened", "L12")]


def test_a_correction_moves_one_of_several_sightings(session: Session, town: Town) -> None:
    """The others stay; a left-over item without any is dismissed."""
    first, second = _propose(session, town), _propose(session, town)
    other = _propose(session, town, hazard_code="EMG-02")
    moved = _confirm(session, town, first, Confirmation(hazard_code="EMG-02"))
    assert moved.item.id == other.item_id
    left = session.get_one(HazardItem, (town.mine.id, second.item_id))
    assert (left.sightings, left.state) == (1, ItemState.OPEN)
    also = _confirm(session, town, second, Confirmation(hazard_code="EMG-02"))
    assert also.item.id == other.item_id
    assert also.ticket == moved.ticket
    assert (left.sightings, left.state) == (0, ItemState.DISMISSED)
    assert moved.item.sightings == 3


def test_a_second_sighting_opens_no_second_ticket(session: Session, town: Town) -> None:
    """One problem, one order to fix; the worst level that anyone said stands."""
    findings = [_propose(session, town) for _ in range(4)]
    tickets = [
        _confirm(session, town, finding, Confirmation(level=level)).ticket
        for finding, level in zip(findings, ("general", "major", "general", None), strict=True)
    ]
    assert len({ticket.id for ticket in tickets if ticket is not None}) == 1
    assert session.exec(select(RemediationTicket)).one().level == "major"
    assert session.exec(select(HazardItem)).one().level == "major"


def test_numbers_count_by_enterprise_and_day(session: Session, town: Town) -> None:
    """The next ticket of the day has the next number."""
    numbers = []
    for code in ("PPE-01", "EMG-01"):
        ticket = _confirm(session, town, _propose(session, town, hazard_code=code)).ticket
        numbers.append(ticket.number if ticket else None)
    assert numbers == ["ZG-20261124-0001", "ZG-20261124-0002"]


@pytest.mark.parametrize(
    "change", [{"opens_tickets": False}, {"ends_on": NOW.date().replace(day=1)}]
)
def test_without_a_plan_in_force_that_says_so_there_is_no_ticket(
    session: Session, town: Town, change: dict[str, object]
) -> None:
    """The finding is confirmed all the same."""
    plan = session.merge(town.plan)
    plan.sqlmodel_update(change)
    session.flush()
    decision = _confirm(session, town, _propose(session, town))
    assert decision.ticket is None
    assert decision.finding.state == "confirmed"


def test_a_decision_is_made_once(session: Session, town: Town) -> None:
    """Whatever it was."""
    confirmed, dismissed = _propose(session, town), _propose(session, town)
    _confirm(session, town, confirmed)
    _dismiss(session, town, dismissed)
    for finding in (confirmed, dismissed):
        for decide in (_confirm, _dismiss):
            with pytest.raises(AlreadyDecided):
                decide(session, town, finding)
    assert len(_kinds(session, town)) == 5


def test_an_item_is_dismissed_with_its_last_finding(session: Session, town: Town) -> None:
    """And the next sighting opens a new one."""
    first, second = _propose(session, town), _propose(session, town)
    assert _dismiss(session, town, first).item.state is ItemState.OPEN
    decision = _dismiss(session, town, second)
    assert decision.item.state is ItemState.DISMISSED
    assert (decision.finding.decision_note, decision.ticket) == ("a mannequin", None)
    assert _kinds(session, town)[-1] == ("finding.dismissed", "L11")
    assert _propose(session, town).item_id != decision.item.id


@pytest.mark.parametrize("login", ["officer", "worker", "government", "insurer"])
def test_only_experts_and_the_service_centre_decide(
    session: Session, town: Town, login: str
) -> None:
    """The others see the finding and may not."""
    finding = _propose(session, town)
    with pytest.raises(NotAllowed):
        _confirm(session, town, finding, by=getattr(town, login))
    assert _confirm(session, town, finding, by=town.centre).ticket is not None


def test_a_foreign_or_unknown_finding_is_not_there(session: Session, town: Town) -> None:
    """A stranger learns nothing; an unknown hazard code is refused."""
    finding = _propose(session, town)
    with pytest.raises(NotFound):
        _confirm(session, town, finding, by=town.stranger)
    scope = scope_of(session, town.expert.id)
    with pytest.raises(NotFound):
        confirm_finding(session, scope, town.mine.id, new_id(), AS_PROPOSED, NOW)
    with pytest.raises(UnknownHazard):
        _confirm(session, town, finding, Confirmation(hazard_code="ZZZ-99"))


def test_a_sighting_after_the_fix_reopens_and_one_before_it_does_not(
    session: Session, town: Town
) -> None:
    """Delivered before the ticket closed, decided after: the time of the picture tells which it is."""
    ticket = _confirm(session, town, _propose(session, town)).ticket
    assert ticket is not None
    before = _propose(session, town)
    after = _propose(session, town, captured_at=NOW + timedelta(minutes=3))
    _close(session, town, ticket)
    old = _confirm(session, town, before)
    assert (old.item.state, old.ticket) == (ItemState.CLOSED, ticket)
    new = _confirm(session, town, after)
    assert (new.item.id, new.item.state) == (old.item.id, ItemState.OPEN)
    assert (new.item.sightings, new.item.recurrences) == (3, 1)
    assert new.ticket is not None
    assert new.ticket.id != ticket.id


def _close(session: Session, town: Town, ticket: RemediationTicket) -> None:
    officer, expert = (scope_of(session, user.id) for user in (town.officer, town.expert))
    photo = keep(session, town.mine, jpeg(200)).sha256
    for scope, step in (
        (officer, Step(TicketAction.ASSIGN, assignee_id=town.worker.id)),
        (officer, Step(TicketAction.START)),
        (officer, Step(TicketAction.SUBMIT, evidence_sha256s=(photo,))),
        (expert, Step(TicketAction.CLOSE)),
    ):
        ref = TicketRef(town.mine.id, ticket.id, NOW + timedelta(minutes=1))
        take_step(session, scope, ref, step)


def _last_record(session: Session, town: Town) -> Record:
    records = [entry.record for entry in entries(SqlStore(session), str(town.mine.id), 0, 99)]
    return next(
        record
        for record in reversed(records)
        if record is not None and record.kind.startswith("finding.")
    )


def test_the_ledger_holds_a_persons_boxes_and_the_models(session: Session, town: Town) -> None:
    """The decision's entry says whose boxes stand and in which role; the first entry keeps the model's."""
    finding = _propose(session, town)
    box = DrawnBox(x1=0.05, y1=0.05, x2=0.25, y2=0.3, label="head")
    decision = _confirm(
        session, town, finding, Confirmation(boxes=(box,), complete_labels=("head",))
    )
    data = _last_record(session, town).data
    assert data["boxes"] == [box.model_dump(mode="json")]
    assert (data["boxes_by"], data["decided_as"]) == ("person", "expert")
    assert data["complete_labels"] == ["head"]
    store, log_id = SqlStore(session), str(town.mine.id)
    proposed, decided = list(entries(store, log_id, 0, 2))
    assert proposed.record is not None
    assert proposed.record.data["boxes"] == finding.boxes
    assert (decision.finding.decision_entry_index, decision.finding.decision_leaf_hash) == (
        decided.index,
        decided.leaf_hash,
    )


def test_a_dismissal_says_why_as_data(session: Session, town: Town) -> None:
    """The code is in the row and in the ledger, with the reason's words where the person wrote none."""
    finding = _propose(session, town)
    scope = scope_of(session, town.centre.id)
    said = Dismissal(code="reflection")
    decision = dismiss_finding(session, scope, town.mine.id, finding.id, said, NOW)
    assert decision.finding.dismissal_code == "reflection"
    data = _last_record(session, town).data
    assert (data["reason_code"], data["decided_as"]) == ("reflection", "service_centre")
    assert "海报" in data["reason"]
    assert data["boxes_by"] == "model"


@pytest.mark.parametrize(
    "said",
    [
        Dismissal(code="no_such_reason"),
        Dismissal(
            code="wrong_label", boxes=(DrawnBox(x1=0.1, y1=0.1, x2=0.2, y2=0.2, label="unicorn"),)
        ),
        Dismissal(code="wrong_label", complete_labels=("unicorn",)),
    ],
)
def test_unknown_reasons_and_labels_are_refused(
    session: Session, town: Town, said: Dismissal
) -> None:
    """The message lists what is known, and the finding can still be decided."""
    finding = _propose(session, town)
    scope = scope_of(session, town.expert.id)
    with pytest.raises(InvalidInput, match=r"reflection|helmet"):
        dismiss_finding(session, scope, town.mine.id, finding.id, said, NOW)
    session.rollback()


def test_a_dismissal_without_a_word_is_no_dismissal() -> None:
    """A code other than `other`, or words: one of them is needed."""
    for empty in ({}, {"code": "other"}, {"reason": "  "}):
        with pytest.raises(ValidationError, match="say why"):
            Dismissal.model_validate(empty)
