"""Erasing content: two people, what must stay, what goes with it, and what a crash leaves."""

import io
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from inspection.decisions import confirm_finding, dismiss_finding
from inspection.entry_search import EntryFilter, search_entries
from inspection.erasing import approved_erasures, erase_next
from inspection.erasure_rules import Grounds, RefusalCode, refusals_of
from inspection.erasures import (
    ErasureDraft,
    approve_erasure,
    erasure_of,
    get_erasure,
    list_erasures,
    reject_erasure,
    request_erasure,
    targets_of,
)
from inspection.errors import (
    AnotherApproverRequired,
    ErasureDecided,
    ErasureRefused,
    EvidenceErased,
    HoldNotStanding,
    InvalidInput,
    NotAllowed,
    NotFound,
    StorageUnavailable,
)
from inspection.evidence import receive_evidence
from inspection.holds import lift_hold, list_holds, set_hold
from inspection.intake import record_finding
from inspection.journal import Event, write_event
from inspection.queries import get_evidence, get_finding, get_item
from inspection.removals import (
    erased_evidence,
    export_lease,
    orphans,
    queued_removals,
    remove_orphans,
    remove_queued,
    stuck_removals,
)
from inspection.retention_report import past_retention, retention_report
from inspection.scopes import Scope, scope_of
from inspection.stores import MemoryStore
from inspection.tables import ErasureRequest, ErasureState, Evidence, Role, TargetState
from inspection.tables.search import PIECES
from inspection.ticket_steps import TicketRef
from inspection.tickets import Step, TicketAction, take_step
from inspection.wire import Confirmation, Dismissal, ReceiptStatus
from ledger.log import audit, get_entry
from ledger.sql import SqlStore
from tests.builders import NOW, Town, id_of, jpeg, make_draft, sha256_of

WORDS = "王小明的工位"


@dataclass
class Desk:
    """A town's ledger with evidence in memory, and who works on it."""

    session: Session
    town: Town
    store: MemoryStore

    @property
    def mine(self) -> UUID:
        """The town's enterprise."""
        return id_of(self.town.mine)

    def scope(self, who: str) -> Scope:
        """Return what somebody may see."""
        return scope_of(self.session, id_of(getattr(self.town, who)))

    def put(self, data: bytes, enterprise: object = None) -> str:
        """Give an enterprise evidence."""
        receive_evidence(
            self.session,
            self.store,
            enterprise_id=id_of(enterprise or self.town.mine),
            sha256=sha256_of(data),
            source=io.BytesIO(data),
            actor=self.scope("expert").actor,
            now=NOW,
        )
        return sha256_of(data)

    def find(self, data: bytes, zone: str = WORDS) -> int:
        """Record a finding with a photo; return its entry."""
        draft = make_draft(self.put(data), zone=zone)
        receipt = record_finding(
            self.session,
            enterprise_id=self.mine,
            actor=self.scope("expert").actor,
            draft=draft,
            now=NOW,
        )
        assert receipt.status is ReceiptStatus.RECORDED
        assert receipt.index is not None
        return receipt.index

    def order(self, *indices: int, reason: str = "person_request") -> ErasureRequest:
        """Request by the officer, approve by the service centre."""
        draft = ErasureDraft(indices, reason, "R-7")
        request = request_erasure(self.session, self.scope("officer"), self.mine, draft, NOW)
        return approve_erasure(self.session, self.scope("centre"), self.mine, request.id, NOW)

    def carry_out(self, request: ErasureRequest) -> None:
        """Erase to the end, and delete what is queued."""
        while erase_next(self.session, self.mine, request.id, NOW):
            pass
        for enterprise_id, sha256 in queued_removals(self.session, NOW):
            remove_queued(self.session, self.store, enterprise_id, sha256, NOW)

    def erase(self, *indices: int) -> ErasureRequest:
        """Order and carry out."""
        request = self.order(*indices)
        self.carry_out(request)
        return request

    def is_erased(self, index: int) -> bool:
        """Return whether an entry's content is gone."""
        return get_entry(SqlStore(self.session), str(self.mine), index).is_erased

    def refusals(self, index: int, **grounds: object) -> list[RefusalCode]:
        """Return what stands against erasing an entry."""
        facts = Grounds(**{"reason": "person_request", **grounds})  # type: ignore[arg-type]  # facts of a test
        return [r.code for r in refusals_of(self.session, self.mine, [index], facts, NOW)]

    def write(self, section: str, years_ago: int = 0) -> int:
        """Append an entry of a section, some years old."""
        event = Event("section.recorded", section, {"topic": WORDS})
        at = NOW.replace(year=NOW.year - years_ago)
        return write_event(self.session, self.mine, self.scope("officer").actor, event, at).index


@pytest.fixture
def desk(session: Session, town: Town) -> Desk:
    """Return a desk."""
    return Desk(session, town, MemoryStore())


def test_erasing_leaves_a_proof_and_no_word(desk: Desk) -> None:
    """Content, copies in rows, index and photo go; the log is whole, and an entry says who ordered it and why."""
    kept, index = desk.find(jpeg(1), "东门"), desk.find(jpeg(2))
    finding = get_entry(SqlStore(desk.session), str(desk.mine), index).record
    assert finding is not None
    finding_id = UUID(str(finding.data["finding_id"]))
    request = desk.erase(index)
    assert request.state is ErasureState.DONE
    assert (request.reference, request.approval_index, request.completion_index) == ("", 2, 3)
    assert desk.is_erased(index)
    assert not desk.is_erased(kept)
    assert audit(SqlStore(desk.session), str(desk.mine), []).erased == 1
    officer = desk.scope("officer")
    assert search_entries(desk.session, officer, desk.mine, EntryFilter("王小明")).rows == []
    row = get_finding(desk.session, officer, desk.mine, finding_id)
    assert (row.zone, row.source_name, row.boxes) == (None, "", [])
    assert get_item(desk.session, officer, desk.mine, row.item_id).place == ""
    with pytest.raises(EvidenceErased):
        get_evidence(desk.session, officer, desk.mine, sha256_of(jpeg(2)))
    assert not desk.store.has(sha256_of(jpeg(2)))
    assert desk.store.has(sha256_of(jpeg(1)))
    order = get_entry(SqlStore(desk.session), str(desk.mine), 2).record
    assert order is not None
    assert order.data["indices"] == [index]
    assert order.data["requested_by"] == f"user:{id_of(desk.town.officer)}"
    assert order.data["approved_by"] == f"user:{id_of(desk.town.centre)}"
    assert order.data["is_basis_checked"] is False
    assert WORDS not in str(order.data)
    told = erasure_of(desk.session, officer, desk.mine, index)
    assert told is not None
    assert told[0].id == request.id
    assert erasure_of(desk.session, officer, desk.mine, kept) is None
    assert _holds_nowhere(desk.session, WORDS)


def _holds_nowhere(session: Session, words: str) -> bool:
    """Look for words in every text of every table but the pieces, which are no words."""
    inspector = sa.inspect(session.connection())
    tables = [name for name in inspector.get_table_names() if not name.startswith(PIECES)]
    assert len(tables) > 20
    for name in tables:
        for column in inspector.get_columns(name):
            value = sa.cast(sa.column(column["name"]), sa.Text)
            query = sa.select(sa.func.count()).select_from(sa.table(name))
            if session.execute(query.where(value.contains(words))).scalar_one():
                return False
    return True


def test_nobody_erases_alone(desk: Desk) -> None:
    """The requester may not approve; workers and readers may neither ask nor approve; one decision only."""
    index = desk.find(jpeg())
    draft = ErasureDraft((index,), "person_request")
    for who in ("worker", "insurer", "government"):
        with pytest.raises(NotAllowed):
            request_erasure(desk.session, desk.scope(who), desk.mine, draft, NOW)
    request = request_erasure(desk.session, desk.scope("centre"), desk.mine, draft, NOW)
    with pytest.raises(AnotherApproverRequired):
        approve_erasure(desk.session, desk.scope("centre"), desk.mine, request.id, NOW)
    for who in ("expert", "worker", "insurer"):
        with pytest.raises(NotAllowed):
            approve_erasure(desk.session, desk.scope(who), desk.mine, request.id, NOW)
    with pytest.raises(NotFound):
        get_erasure(desk.session, desk.scope("stranger"), desk.mine, request.id)
    assert desk.refusals(index) == [RefusalCode.PENDING]
    approve_erasure(desk.session, desk.scope("officer"), desk.mine, request.id, NOW)
    for decide in (approve_erasure, lambda *a: reject_erasure(*a[:-1], note="", now=NOW)):
        with pytest.raises(ErasureDecided):
            decide(desk.session, desk.scope("officer"), desk.mine, request.id, NOW)
    assert not desk.is_erased(index)


def test_a_rejected_request_changes_nothing(desk: Desk) -> None:
    """It is kept with the reason, and the entry may be asked for again; one's own request is withdrawn."""
    index = desk.find(jpeg())
    draft = ErasureDraft((index,), "person_request")
    request = request_erasure(desk.session, desk.scope("expert"), desk.mine, draft, NOW)
    with pytest.raises(NotAllowed):
        reject_erasure(desk.session, desk.scope("worker"), desk.mine, request.id, note="", now=NOW)
    own = desk.scope("expert")
    reject_erasure(desk.session, own, desk.mine, request.id, note="withdrawn", now=NOW)
    assert list(list_erasures(desk.session, own, desk.mine).rows) == [request]
    assert (request.state, approved_erasures(desk.session)) == (ErasureState.REJECTED, [])
    assert not erase_next(desk.session, desk.mine, request.id, NOW)
    assert desk.refusals(index) == []


@pytest.mark.parametrize(
    ("indices", "reason", "ended_on", "error"),
    [
        ((), "person_request", None, InvalidInput),
        ((0,), "no such reason", None, NotFound),
        ((0,), "person_request", date(2030, 1, 1), InvalidInput),
        ((7,), "person_request", None, ErasureRefused),
        (tuple(range(11)), "person_request", None, ErasureRefused),
    ],
)
def test_a_bad_request_is_refused(
    desk: Desk, indices: tuple[int, ...], reason: str, ended_on: date | None, error: type[Exception]
) -> None:
    """Nothing, no such reason, a day to come, no such entry."""
    draft = ErasureDraft(indices, reason, ended_on=ended_on)
    with pytest.raises(error):
        request_erasure(desk.session, desk.scope("officer"), desk.mine, draft, NOW)


def test_what_the_law_keeps_is_refused_with_its_reason(desk: Desk) -> None:
    """A legal minimum, for good, until something ended, an open ticket, the ledger's own entries."""
    assert desk.refusals(desk.write("L06")) == [RefusalCode.RETENTION]
    assert desk.refusals(desk.write("L06", years_ago=3)) == []
    assert desk.refusals(desk.write("L07")) == [RefusalCode.PERMANENT]
    machine = desk.write("L08")
    assert desk.refusals(machine) == [RefusalCode.EVENT]
    assert desk.refusals(machine, ended_on=date(2026, 11, 23)) == []
    contract = desk.write("L19")
    assert desk.refusals(contract, ended_on=date(2026, 1, 1)) == [RefusalCode.RETENTION]
    index = desk.find(jpeg())
    assert desk.refusals(index) == []
    assert desk.refusals(index, reason="retention_ended") == [RefusalCode.RETENTION]
    request = desk.erase(index)
    assert desk.refusals(index) == [RefusalCode.ERASED]
    assert request.approval_index is not None
    assert desk.refusals(request.approval_index) == [RefusalCode.LEDGER_ITSELF]
    assert desk.refusals(99) == [RefusalCode.MISSING]


def test_an_open_ticket_keeps_its_item(desk: Desk) -> None:
    """As long as it is open; then its steps' notes and photos may go too."""
    index = desk.find(jpeg())
    record = get_entry(SqlStore(desk.session), str(desk.mine), index).record
    assert record is not None
    finding_id = UUID(str(record.data["finding_id"]))
    expert, officer = desk.scope("expert"), desk.scope("officer")
    decision = confirm_finding(
        desk.session, expert, desk.mine, finding_id, Confirmation(note=WORDS), NOW
    )
    assert decision.ticket is not None
    assert desk.refusals(index) == [RefusalCode.OPEN_TICKET]
    after = desk.put(jpeg(9))
    steps = [
        (officer, Step(TicketAction.ASSIGN, assignee_id=id_of(desk.town.worker))),
        (officer, Step(TicketAction.START)),
        (officer, Step(TicketAction.SUBMIT, WORDS, evidence_sha256s=(after,))),
        (expert, Step(TicketAction.CLOSE)),
    ]
    for scope, step in steps:
        take_step(desk.session, scope, TicketRef(desk.mine, decision.ticket.id, NOW), step)
    size = SqlStore(desk.session).head(str(desk.mine)).size
    assert desk.refusals(index) == []
    desk.erase(*range(size))
    assert all(desk.is_erased(number) for number in range(size))
    assert not desk.store.has(after)
    assert _holds_nowhere(desk.session, WORDS)


def test_a_dismissed_findings_reason_goes_with_its_entry(desk: Desk) -> None:
    """What a person wrote in a decision is of the decision's entry; the item keeps its place while one entry tells it."""
    index = desk.find(jpeg(), "东门")
    record = get_entry(SqlStore(desk.session), str(desk.mine), index).record
    assert record is not None
    finding_id = UUID(str(record.data["finding_id"]))
    scope = desk.scope("expert")
    dismiss_finding(desk.session, scope, desk.mine, finding_id, Dismissal(reason=WORDS), NOW)
    desk.erase(index + 1)
    finding = get_finding(desk.session, scope, desk.mine, finding_id)
    assert finding.decision_note is None
    assert finding.zone == "东门"
    assert get_item(desk.session, scope, desk.mine, finding.item_id).place == "东门"
    assert desk.store.has(sha256_of(jpeg()))


def test_a_hold_keeps_what_it_covers(desk: Desk) -> None:
    """The whole ledger, a section or an item, until it is lifted; both are entries, and one of the centre is the centre's."""
    patrol, meeting = desk.find(jpeg()), desk.write("L04", years_ago=4)
    officer, centre = desk.scope("officer"), desk.scope("centre")
    with pytest.raises(NotAllowed):
        set_hold(desk.session, desk.scope("expert"), desk.mine, reason="x", now=NOW)
    with pytest.raises(NotFound):
        set_hold(desk.session, officer, desk.mine, reason="x", now=NOW, section="L99")
    hold = set_hold(desk.session, centre, desk.mine, reason="调查", now=NOW, section="L27")
    assert (desk.refusals(patrol), desk.refusals(meeting)) == ([RefusalCode.HOLD], [])
    with pytest.raises(NotAllowed):
        lift_hold(desk.session, officer, desk.mine, hold.id, reason="x", now=NOW)
    lift_hold(desk.session, centre, desk.mine, hold.id, reason="结束", now=NOW)
    with pytest.raises(HoldNotStanding):
        lift_hold(desk.session, centre, desk.mine, hold.id, reason="x", now=NOW)
    with pytest.raises(NotFound):
        lift_hold(desk.session, centre, desk.mine, desk.mine, reason="x", now=NOW)
    assert desk.refusals(patrol) == []
    record = get_entry(SqlStore(desk.session), str(desk.mine), patrol).record
    assert record is not None
    item_id = UUID(str(record.data["item_id"]))
    with pytest.raises(InvalidInput):
        set_hold(
            desk.session,
            officer,
            desk.mine,
            reason="x",
            now=NOW,
            section="L27",
            item_id=item_id,
        )
    by_item = set_hold(desk.session, officer, desk.mine, reason="x", now=NOW, item_id=item_id)
    assert (desk.refusals(patrol), desk.refusals(meeting)) == ([RefusalCode.HOLD], [])
    lift_hold(desk.session, officer, desk.mine, by_item.id, reason="y", now=NOW)
    set_hold(desk.session, officer, desk.mine, reason="x", now=NOW)
    assert (desk.refusals(patrol), desk.refusals(meeting)) == ([RefusalCode.HOLD],) * 2
    assert len(list_holds(desk.session, officer, desk.mine).rows) == 3


def test_a_hold_that_comes_after_the_approval_still_holds(desk: Desk) -> None:
    """What is not erased yet stays, and the completion says so."""
    first, second = desk.find(jpeg(1)), desk.find(jpeg(2))
    request = desk.order(first, second)
    assert erase_next(desk.session, desk.mine, request.id, NOW)
    set_hold(desk.session, desk.scope("officer"), desk.mine, reason="x", now=NOW)
    desk.carry_out(request)
    states = [target.state for target in targets_of(desk.session, request)]
    assert states == [TargetState.ERASED, TargetState.HELD]
    assert (desk.is_erased(first), desk.is_erased(second)) == (True, False)
    assert desk.store.has(sha256_of(jpeg(2)))


def test_what_came_between_request_and_approval_counts(desk: Desk) -> None:
    """A hold that was set in between refuses the approval."""
    index = desk.find(jpeg())
    draft = ErasureDraft((index,), "person_request")
    request = request_erasure(desk.session, desk.scope("officer"), desk.mine, draft, NOW)
    set_hold(desk.session, desk.scope("officer"), desk.mine, reason="x", now=NOW)
    with pytest.raises(ErasureRefused, match="hold"):
        approve_erasure(desk.session, desk.scope("centre"), desk.mine, request.id, NOW)


def test_a_photo_stays_as_long_as_one_entry_needs_it(desk: Desk) -> None:
    """Two entries of one photo: it goes with the second one, and never while another enterprise has it."""
    first, second = desk.find(jpeg(), "a"), desk.find(jpeg(), "b")
    desk.put(jpeg(), desk.town.other)
    sha256 = sha256_of(jpeg())
    desk.erase(first)
    assert get_evidence(desk.session, desk.scope("officer"), desk.mine, sha256).size
    desk.erase(second)
    with pytest.raises(EvidenceErased):
        get_evidence(desk.session, desk.scope("officer"), desk.mine, sha256)
    assert desk.store.has(sha256)
    assert erased_evidence(desk.session, None) == set()
    assert stuck_removals(desk.session, desk.mine) == []
    with pytest.raises(EvidenceErased):
        desk.put(jpeg())


def test_an_export_keeps_the_bytes_until_it_ends(
    desk: Desk, sessions: sessionmaker[Session]
) -> None:
    """Whoever read the entry before it was erased finds its photo."""
    index = desk.find(jpeg())
    request = desk.order(index)
    desk.session.commit()
    sha256 = sha256_of(jpeg())
    with export_lease(sessions, desk.mine):
        desk.carry_out(request)
        desk.session.commit()
        assert desk.store.has(sha256)
        assert [row.error for row in stuck_removals(desk.session, desk.mine)] != [""]
        desk.session.commit()
    later = NOW + timedelta(minutes=1)
    assert queued_removals(desk.session, later) == [(desk.mine, sha256)]
    remove_queued(desk.session, desk.store, desk.mine, sha256, later)
    assert not desk.store.has(sha256)
    assert remove_queued(desk.session, desk.store, desk.mine, sha256, later).is_gone


def test_a_store_that_is_away_is_asked_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry is erased all the same; the bytes wait with the store's reason."""
    index = desk.find(jpeg())

    def fail(sha256: str) -> bool:
        raise StorageUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "remove", fail)
        desk.erase(index)
    assert [row.error for row in stuck_removals(desk.session, desk.mine)] == ["away"]
    assert queued_removals(desk.session, NOW) == []
    later = NOW + timedelta(minutes=10)
    for enterprise_id, sha256 in queued_removals(desk.session, later):
        remove_queued(desk.session, desk.store, enterprise_id, sha256, later)
    assert stuck_removals(desk.session, desk.mine) == []


def test_a_crash_at_any_statement_leaves_whole_entries(
    desk: Desk, engine: Engine, sessions: sessionmaker[Session]
) -> None:
    """Stopped at every statement in turn and resumed: an entry is erased wholly or not at all, and in the end all are."""
    indices = [desk.find(jpeg(number), f"{WORDS}{number}") for number in range(3)]
    request = desk.order(*indices)
    desk.session.commit()
    crashes = 0
    stop_at = 1
    while _run_until(engine, sessions, desk.mine, request.id, stop_at):
        crashes += 1
        stop_at += 1
        with sessions() as session:
            store = SqlStore(session)
            audit(store, str(desk.mine), [])
            for index in indices:
                entry = get_entry(store, str(desk.mine), index)
                row = session.get_one(Evidence, (desk.mine, sha256_of(jpeg(index))))
                assert entry.is_erased is (row.erased_at is not None)
    assert crashes > 20
    with sessions() as session:
        assert session.get_one(ErasureRequest, (desk.mine, request.id)).state is ErasureState.DONE
        kinds = [entry.header.kind for entry in SqlStore(session).entries(str(desk.mine), 0, 100)]
        assert kinds.count("erasure.completed") == 1


class _Crash(Exception):
    """The server ends here."""


def _run_until(
    engine: Engine, sessions: sessionmaker[Session], mine: UUID, request_id: UUID, stop_at: int
) -> bool:
    """Run the job from where it is; return whether it was stopped at its `stop_at`-th statement."""
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == stop_at:
            raise _Crash

    sa.event.listen(engine, "before_cursor_execute", count)
    try:
        while True:
            with sessions.begin() as session:
                if not erase_next(session, mine, request_id, NOW):
                    return False
    except _Crash:
        return True
    finally:
        sa.event.remove(engine, "before_cursor_execute", count)


def test_the_report_counts_what_is_past(desk: Desk) -> None:
    """Past is what the rule says of each section today; what is held or for good does not go."""
    old, _ = desk.write("L06", years_ago=4), desk.write("L06")
    desk.write("L07", years_ago=20)
    set_hold(desk.session, desk.scope("officer"), desk.mine, reason="x", now=NOW, section="L04")
    rows = {
        row.rule.section: row
        for row in retention_report(desk.session, desk.scope("insurer"), desk.mine, NOW)
    }
    assert len(rows) == 28
    assert (rows["L06"].entries, rows["L06"].past) == (2, 1)
    assert (rows["L07"].past, rows["L04"].is_held, rows["L06"].is_held) == (0, True, False)
    assert past_retention(desk.session, desk.mine, "L06", NOW, 10) == [old]
    assert past_retention(desk.session, desk.mine, "L07", NOW, 10) == []
    leap = NOW.replace(year=2028, month=2, day=29)
    assert past_retention(desk.session, desk.mine, "L06", leap, 10) == [old]
    set_hold(desk.session, desk.scope("officer"), desk.mine, reason="x", now=NOW, section="L06")
    assert past_retention(desk.session, desk.mine, "L06", NOW, 10) == []


def test_orphans_go_by_command_after_their_grace(desk: Desk) -> None:
    """Uploaded and never referenced: listed and removed only when the grace period is over; it is an entry."""
    sha256 = desk.put(jpeg(5))
    desk.find(jpeg(6))
    assert orphans(desk.session, desk.mine, NOW + timedelta(days=29)) == []
    later = NOW + timedelta(days=31)
    assert [row.sha256 for row in orphans(desk.session, desk.mine, later)] == [sha256]
    actor = desk.scope("officer").actor
    assert remove_orphans(desk.session, desk.mine, actor, later) == [sha256]
    assert remove_orphans(desk.session, desk.mine, actor, later) == []
    assert desk.put(jpeg(5)) == sha256
    remove_queued(desk.session, desk.store, desk.mine, sha256, later)
    assert desk.store.has(sha256)


def test_roles_are_those_of_the_enterprise(desk: Desk) -> None:
    """A service centre decides in its area only."""
    assert Role.SERVICE_CENTRE not in desk.scope("centre").roles_in(id_of(desk.town.far))
