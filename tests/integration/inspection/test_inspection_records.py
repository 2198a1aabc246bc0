"""Inspection records: frozen by the inspector, signed or refused once by the enterprise, corrected only by a new version."""

import io
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from inspection import inspection_records as records
from inspection.copies import forget_copies
from inspection.decisions import confirm_finding
from inspection.erasing import erase_next
from inspection.erasure_rules import Grounds, RefusalCode, refusals_of
from inspection.erasures import ErasureDraft, approve_erasure, request_erasure
from inspection.errors import (
    AlreadyExists,
    EvidenceMissing,
    IdReused,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotStanding,
    RecordAnswered,
    RecordNotAsShown,
)
from inspection.evidence import keep_paper, receive_evidence
from inspection.inspection_records import Answer, RecordRef
from inspection.intake import record_finding
from inspection.record_drafts import draft_record
from inspection.record_wire import RecordSubmission
from inspection.removals import queued_removals, remove_queued
from inspection.scopes import Scope, scope_of
from inspection.stores import MemoryStore
from inspection.tables import Evidence, Inspection, InspectionRecord, Notice
from inspection.visits import begin_inspection
from inspection.wire import Confirmation, Source, SourceKind
from ledger.entry import LedgerEntry
from ledger.log import get_entry
from ledger.sql import SqlStore
from tests.builders import NOW, Town, id_of, jpeg, make_draft, sha256_of
from tests.signatures import agreed, blank, content, drawing, refused, signed_by, submission

PDF = b"%PDF-1.7 a paper"


@dataclass
class Visit:
    """An inspection of the town's enterprise, and who does what with its record."""

    session: Session
    town: Town
    store: MemoryStore = field(default_factory=MemoryStore)

    def __post_init__(self) -> None:
        self.mine = id_of(self.town.mine)
        self.inspection: Inspection = begin_inspection(
            self.session, self.scope("expert"), self.mine, place="冲压车间", note="", now=NOW
        )

    def scope(self, who: str) -> Scope:
        return scope_of(self.session, id_of(getattr(self.town, who)))

    def put(self, data: bytes) -> str:
        receive_evidence(
            self.session,
            self.store,
            enterprise_id=self.mine,
            sha256=sha256_of(data),
            source=io.BytesIO(data),
            actor=self.scope("expert").actor,
            now=NOW,
        )
        return sha256_of(data)

    def sent(self, picture: bytes = drawing(), **changes: object) -> RecordSubmission:
        return submission(content(self.town.mine.name), self.put(picture), **changes)

    def freeze(self, sent: RecordSubmission | None = None, who: str = "expert") -> InspectionRecord:
        return records.freeze_record(
            self.session, self.scope(who), self.store, self.inspection, sent or self.sent(), NOW
        )

    def answer(
        self, row: InspectionRecord, answer: Answer, who: str = "officer"
    ) -> InspectionRecord:
        ref = RecordRef(row.enterprise_id, row.id, NOW)
        notice = keep_paper(self.store, PDF)
        return records.answer_record(self.session, self.scope(who), self.store, ref, answer, notice)

    def sign(self, row: InspectionRecord, who: str = "officer") -> InspectionRecord:
        return self.answer(row, agreed(row.content_sha256, self.put(drawing(9))), who)

    def entry(self, index: int | None) -> LedgerEntry:
        assert index is not None
        return get_entry(SqlStore(self.session), str(self.mine), index)

    def told(self, who: str) -> list[str]:
        mine = col(Notice.user_id) == id_of(getattr(self.town, who))
        return [row.kind for row in self.session.exec(select(Notice).where(mine))]

    def confirmed(self) -> str:
        """Confirm a finding of this visit; return the hash of its photo."""
        source = Source(kind=SourceKind.INSPECTION, name="a.jpg", inspection_id=self.inspection.id)
        draft = make_draft(self.put(jpeg(3)), source=source)
        record_finding(
            self.session,
            enterprise_id=self.mine,
            actor=self.scope("expert").actor,
            draft=draft,
            now=NOW,
        )
        confirm_finding(self.session, self.scope("expert"), self.mine, draft.id, Confirmation(), NOW)  # fmt: skip
        return draft.evidence_sha256


@pytest.fixture
def visit(session: Session, town: Town) -> Visit:
    """Return a visit that has begun."""
    return Visit(session, town)


def test_a_draft_is_filled_in_from_the_visit(visit: Visit) -> None:
    """Confirmed findings are its problems, with the ticket's number, deadline and the photo; others are only counted."""
    photo = visit.confirmed()
    draft = make_draft(
        visit.put(jpeg(4)),
        source=Source(kind=SourceKind.INSPECTION, name="b", inspection_id=visit.inspection.id),
        zone="elsewhere",
    )
    record_finding(
        visit.session, enterprise_id=visit.mine, actor=visit.scope("expert").actor, draft=draft, now=NOW
    )  # fmt: skip
    said = draft_record(visit.session, visit.inspection, NOW)
    (problem,) = said.problems
    assert problem.photos == (photo,)
    assert problem.ticket_number is not None
    assert problem.ticket_number.startswith("ZG-")
    assert problem.deadline is not None
    assert (said.undecided, said.place, said.enterprise) == (1, "冲压车间", visit.town.mine.name)
    # What the server proposed is what it takes.
    row = visit.freeze(submission(said, visit.put(drawing())))
    assert row.number == "JC-20261124-0001"


def test_both_sign_and_the_ledger_names_everything(visit: Visit) -> None:
    """Two entries of L25: the content with the inspector's picture, then the enterprise's with both and the paper."""
    row = visit.freeze()
    assert visit.told("officer") == ["record_waits"]
    visit.sign(row)
    first, second = visit.entry(row.entry_index), visit.entry(row.answer_index)
    assert first.record is not None
    assert second.record is not None
    assert (first.header.section, first.header.kind) == ("L25", "inspection.recorded")
    assert first.record.data["content"] == row.content
    assert first.record.data["content_sha256"] == row.content_sha256
    assert [each.sha256 for each in first.record.attachments] == [sha256_of(drawing())]
    assert second.header.kind == "inspection.signed"
    assert second.record.data["given_on"] == "own_account"
    assert second.record.data["notice_sha256"] == sha256_of(PDF) == row.notice_sha256
    assert [(each.role, each.sha256) for each in second.record.attachments] == [
        ("signature", sha256_of(drawing())),
        ("signature", sha256_of(drawing(9))),
        ("hazard_notice", sha256_of(PDF)),
    ]
    assert row.state == "signed"
    # Nobody is told of what they did themselves.
    assert visit.told("officer") == ["record_waits"]
    assert visit.told("expert") == ["record_signed"]


def test_a_refusal_is_put_on_record_by_the_inspector(visit: Visit) -> None:
    """Reason and witness are in the ledger; the officer, the service centre and the town are told."""
    row = visit.freeze()
    visit.answer(row, refused(row.content_sha256, visit.put(drawing(5))), "expert")
    entry = visit.entry(row.answer_index)
    assert entry.record is not None
    assert entry.header.kind == "inspection.refused"
    assert entry.record.data["reason"] == "认为问题不属实"
    assert entry.record.data["witness"]["name"] == "李见证"
    assert entry.record.data["given_on"] == "inspector_phone"
    assert visit.told("officer") == ["record_waits", "record_refused"]
    assert visit.told("centre") == ["record_refused"]
    assert visit.told("government") == ["record_refused"]
    assert visit.told("ministry") == []


def test_sent_again_it_is_the_same(visit: Visit) -> None:
    """A phone that did not hear the answer sends again: one record, one answer; with another content it is refused."""
    sent = visit.sent()
    row = visit.freeze(sent)
    assert visit.freeze(sent) is row
    signed = visit.sign(row)
    assert visit.sign(row) is signed
    other = content(visit.town.mine.name, place="仓库")
    with pytest.raises(IdReused):
        visit.freeze(submission(other, sent.signature.picture_sha256, id=sent.id))
    with pytest.raises(RecordAnswered):
        visit.answer(row, refused(row.content_sha256))


def test_what_was_shown_is_what_is_signed(visit: Visit) -> None:
    """A hash of something else is refused, of the inspector's and of the enterprise's signature."""
    with pytest.raises(RecordNotAsShown):
        visit.freeze(visit.sent(content_sha256="ab" * 32))
    row = visit.freeze()
    with pytest.raises(RecordNotAsShown):
        visit.answer(row, agreed("ab" * 32, visit.put(drawing(2))))
    assert row.answer is None


def test_a_correction_is_a_new_version(visit: Visit) -> None:
    """The old version stays as it was, and takes no answer any more; only the newest is corrected."""
    row = visit.freeze()
    with pytest.raises(AlreadyExists):
        visit.freeze(visit.sent(drawing(3)))
    second = visit.freeze(visit.sent(drawing(3), supersedes=row.id, reason="地点写错"))
    assert (second.revision, second.series_id, row.superseded_by) == (2, row.id, second.id)
    assert row.content == content(visit.town.mine.name).model_dump(mode="json")
    with pytest.raises(NotStanding):
        visit.sign(row)
    with pytest.raises(NotStanding):
        visit.freeze(visit.sent(drawing(4), supersedes=row.id))
    visit.sign(second)
    listed = records.records_of(
        visit.session, visit.scope("insurer"), visit.mine, visit.inspection.id
    )
    assert [each.id for each in listed] == [second.id, row.id]


@pytest.mark.parametrize("who", ["officer", "worker", "insurer", "government"])
def test_only_an_inspector_writes_one(visit: Visit, who: str) -> None:
    """The enterprise's own people and those who only read write no record."""
    with pytest.raises(NotAllowed):
        visit.freeze(who=who)


@pytest.mark.parametrize("who", ["worker", "insurer", "government"])
def test_only_the_officer_or_the_inspector_answers(visit: Visit, who: str) -> None:
    """A worker does not sign for the enterprise on their own account; a stranger's record is not there."""
    row = visit.freeze()
    with pytest.raises(NotAllowed):
        visit.sign(row, who)
    with pytest.raises(NotFound):
        records.get_record(visit.session, visit.scope("stranger"), visit.mine, row.id)


@pytest.mark.parametrize(
    ("picture", "said"),
    [(blank(), "nothing was drawn"), (jpeg(3), "PNG"), (jpeg(0, (8, 8)), "PNG")],
    ids=["blank", "jpeg", "black"],
)
def test_an_empty_signature_is_refused(visit: Visit, picture: bytes, said: str) -> None:
    """A picture on which nobody drew is none."""
    with pytest.raises(InvalidInput, match=said):
        visit.freeze(visit.sent(picture))


def test_one_picture_is_one_persons(visit: Visit) -> None:
    """The inspector's picture does not do for the enterprise; one that was never sent does for nobody."""
    row = visit.freeze()
    with pytest.raises(InvalidInput, match="same picture"):
        visit.answer(row, agreed(row.content_sha256, sha256_of(drawing())))
    with pytest.raises(EvidenceMissing):
        visit.answer(row, agreed(row.content_sha256, "cd" * 32))
    assert row.answer is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"enterprise": "别的公司"}, "enterprise"),
        ({"credit_code": "913303820000000000"}, "credit_code"),
        ({"ended_at": "2026-11-24T01:00:00.000Z"}, "ended"),
        ({"problems": [{"text": "x", "level": "major", "ticket_number": "ZG-1"}]}, "no ticket"),
        ({"problems": [{"text": "x", "level": "major", "item_id": UUID(int=1)}]}, "no hazard"),
    ],
)
def test_what_the_server_knows_better_is_refused(
    visit: Visit, changes: dict[str, object], said: str
) -> None:
    """Another enterprise's name, a ticket or hazard that is none, times in the wrong order."""
    wrong = content(**({"enterprise": visit.town.mine.name} | changes))  # type: ignore[arg-type]  # facts of a test
    with pytest.raises(InvalidInput, match=said):
        visit.freeze(submission(wrong, visit.put(drawing())))


def test_a_foreign_photo_is_refused(visit: Visit) -> None:
    """A record names photos of its enterprise only."""
    problem = {"text": "x", "level": "general", "photos": ["ab" * 32]}
    wrong = content(visit.town.mine.name, problems=[problem])
    with pytest.raises(EvidenceMissing):
        visit.freeze(submission(wrong, visit.put(drawing())))


def test_erasing_goes_through_both_entries(visit: Visit) -> None:
    """The record's entry does not go without its answer's, which holds the same picture; then nothing of either is left."""
    row = visit.freeze()
    visit.sign(row)
    later = NOW.replace(year=2040)
    grounds = Grounds("retention_ended")
    assert row.answer_index is not None

    def codes(*indices: int) -> list[RefusalCode]:
        found = refusals_of(visit.session, visit.mine, indices, grounds, later)
        return [refusal.code for refusal in found]

    assert codes(row.entry_index) == [RefusalCode.TOGETHER]
    assert codes(row.entry_index, row.answer_index) == []
    assert codes(row.answer_index) == []
    now = refusals_of(visit.session, visit.mine, [row.answer_index], Grounds("person_request"), NOW)
    assert [refusal.code for refusal in now] == [RefusalCode.RETENTION]
    for index in (row.entry_index, row.answer_index):
        forget_copies(visit.session, visit.mine, visit.entry(index))
    assert (row.content, row.signature, row.answer, row.notice_sha256) == ({}, {}, {}, None)
    with pytest.raises((InvalidInput, RecordAnswered)):
        visit.answer(row, agreed(row.content_sha256, visit.put(drawing(7))))


def test_a_signature_says_who(visit: Visit) -> None:
    """Name and position are the signer's, whoever's phone it is."""
    row = visit.freeze()
    assert row.signature == signed_by(sha256_of(drawing())).model_dump(mode="json")
    visit.sign(row, "expert")
    assert row.answer is not None
    assert row.answer["signature"]["name"] == "王建国"
    assert row.answered_by == id_of(visit.town.expert)


def test_nothing_of_a_signature_is_left_after_its_erasure(visit: Visit) -> None:
    """Both entries erased by order: the pictures and the paper are shown no longer, and their bytes are gone."""
    row = visit.freeze()
    visit.sign(row)
    assert row.answer_index is not None
    later = NOW.replace(year=2040)
    draft = ErasureDraft((row.entry_index, row.answer_index), "retention_ended", "R-1")
    request = request_erasure(visit.session, visit.scope("officer"), visit.mine, draft, later)
    approve_erasure(visit.session, visit.scope("centre"), visit.mine, request.id, later)
    while erase_next(visit.session, visit.mine, request.id, later):
        pass
    for enterprise_id, sha256 in queued_removals(visit.session, later):
        remove_queued(visit.session, visit.store, enterprise_id, sha256, later)
    kept = [sha256_of(each) for each in (drawing(), drawing(9), PDF)]
    assert [visit.store.has(sha256) for sha256 in kept] == [False, False, False]
    assert all(visit.session.get_one(Evidence, (visit.mine, sha256)).erased_at for sha256 in kept)
    assert (row.content, row.answer) == ({}, {})
