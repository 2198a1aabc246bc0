"""The model's look at after-photos: done once, told in the ledger, and in nobody's way."""

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, select

from inspection.copies import forget_copies
from inspection.decisions import confirm_finding
from inspection.evidence import receive_evidence
from inspection.fix_check_worker import FixCheckWorker
from inspection.fix_checks import newest_check
from inspection.intake import record_finding
from inspection.jobs import ATTEMPTS, CLAIM_S
from inspection.scopes import SYSTEM, Actor, scope_of
from inspection.stores import MemoryStore
from inspection.tables import (
    Evidence,
    FixCheck,
    FixCheckState,
    RemediationTicket,
    TicketState,
    User,
)
from inspection.ticket_steps import TicketRef
from inspection.tickets import Step, TicketAction, take_step
from inspection.wire import Confirmation
from ledger.entry import Record
from ledger.log import entries
from ledger.sql import SqlStore
from models.bundle import load_bundle
from models.detections import Detections
from tests.builders import NOW, Town, jpeg, keep, make_draft, sha256_of
from tests.integration.inspection.test_jobs import Clock, FlameDetector

PHOTOS = Path(__file__).resolve().parents[3] / "var" / "media"
CLIP = b"\x00\x00\x00\x18ftypisom" + bytes(20)
Submit = Callable[..., FixCheck]


@pytest.fixture
def store() -> MemoryStore:
    """Return an empty store."""
    return MemoryStore()


@pytest.fixture
def clock() -> Clock:
    """Return a clock that the test moves."""
    return Clock()


@pytest.fixture
def detector() -> FlameDetector:
    """Return what sees a flame in whatever it is shown."""
    return FlameDetector()


@pytest.fixture
def worker(
    readers: sessionmaker[Session],
    sessions: sessionmaker[Session],
    store: MemoryStore,
    detector: FlameDetector,
    clock: Clock,
) -> FixCheckWorker:
    """Return a worker that was not started."""
    return FixCheckWorker(readers, sessions, store, detector, clock=clock)


def put(session: Session, store: MemoryStore, town: Town, data: bytes) -> str:
    """Keep evidence with its bytes where the worker reads them."""
    receive_evidence(
        session,
        store,
        enterprise_id=town.mine.id,
        sha256=sha256_of(data),
        source=io.BytesIO(data),
        actor=SYSTEM,
        now=NOW,
    )
    return sha256_of(data)


def take(
    session: Session, user: User, ticket: RemediationTicket, action: str, **facts: object
) -> None:
    """Take a step of the ticket as a person."""
    ref = TicketRef(ticket.enterprise_id, ticket.id, NOW)
    take_step(session, scope_of(session, user.id), ref, Step(TicketAction(action), **facts))  # type: ignore[arg-type]  # facts of a step


def opened(session: Session, town: Town, hazard_code: str) -> RemediationTicket:
    """Open a ticket of this hazard, and begin its fix."""
    draft = make_draft(keep(session, town.mine, jpeg(0)).sha256, hazard_code=hazard_code)
    device = Actor.from_device(town.device.id)
    record_finding(session, enterprise_id=town.mine.id, actor=device, draft=draft, now=NOW)
    expert, general = scope_of(session, town.expert.id), Confirmation(level="general")
    ticket = confirm_finding(session, expert, town.mine.id, draft.id, general, NOW).ticket
    assert ticket is not None
    take(session, town.officer, ticket, "assign", assignee_id=town.worker.id)
    take(session, town.worker, ticket, "start")
    return ticket


@pytest.fixture
def ticket(session: Session, town: Town) -> RemediationTicket:
    """Return a ticket of an open flame, whose fix has begun."""
    return opened(session, town, "EMG-01")


@pytest.fixture
def submit(session: Session, store: MemoryStore, town: Town, ticket: RemediationTicket) -> Submit:
    """Return what submits the fix with these bytes as after-photos, commits, and returns the check that waits."""

    def submit(*photos: bytes) -> FixCheck:
        sha256s = tuple(put(session, store, town, each) for each in photos)
        take(session, town.worker, ticket, "submit", evidence_sha256s=sha256s)
        session.commit()
        check = newest_check(session, ticket)
        # On SQLite who reads in a session that writes is alone.
        session.commit()
        assert check is not None
        assert (check.state, check.verdict, check.photos) == ("waiting", None, [])
        return check

    return submit


def fresh(session: Session, check: FixCheck) -> FixCheck:
    """Read a check again."""
    session.rollback()
    session.refresh(check)
    session.commit()
    return check


def told(session: Session, town: Town) -> list[Record]:
    """Return what the ledger holds of checks."""
    found = entries(SqlStore(session), str(town.mine.id), 0, 99)
    session.commit()
    return [
        entry.record
        for entry in found
        if entry.record and entry.record.kind == "ticket.fix_checked"
    ]


def test_what_is_still_seen_is_told_with_its_box(
    session: Session, town: Town, ticket: RemediationTicket, submit: Submit, worker: FixCheckWorker
) -> None:
    """In the row and in the ledger, by the server, with the model's name, version and hash."""
    check = submit(jpeg(200))
    assert worker.run_once() == 1
    assert worker.run_once() == 0
    check = fresh(session, check)
    assert (check.state, check.verdict, check.done_at) == ("done", "visible", NOW)
    (photo,) = check.photos
    assert (photo["sha256"], photo["verdict"]) == (sha256_of(jpeg(200)), "visible")
    assert (photo["boxes"][0]["label"], photo["boxes"][0]["x2"]) == ("flame", 0.5)
    (record,) = told(session, town)
    assert (record.by, record.section, record.attachments) == ("system", "L11", ())
    assert record.data["photos"] == check.photos
    assert (record.data["verdict"], record.data["step"]) == ("visible", check.step_number)
    assert record.data["ticket_id"] == str(ticket.id)
    assert (
        record.data["model_name"],
        record.data["model_version"],
        record.data["model_sha256"],
    ) == ("flame-everywhere", "1", "cd" * 32)
    (entry,) = entries(SqlStore(session), str(town.mine.id), check.entry_index or 0, 1)
    assert entry.record == record


def test_it_closes_nothing_and_is_in_nobodys_way(
    session: Session, town: Town, ticket: RemediationTicket, submit: Submit, worker: FixCheckWorker
) -> None:
    """The ticket and its version stay; a person closes it though the model sees the hazard, or before it has looked."""
    check = submit(jpeg(200))
    version = ticket.version
    worker.run_once()
    session.commit()
    session.refresh(ticket)
    assert (ticket.state, ticket.version) == (TicketState.SUBMITTED, version)
    take(session, town.expert, ticket, "return", note="仍有明火")
    take(session, town.worker, ticket, "start")
    second = submit(jpeg(201))
    assert second.step_number > check.step_number
    take(session, town.expert, ticket, "close")
    session.commit()
    assert worker.run_once() == 1
    assert fresh(session, second).verdict == "visible"
    session.refresh(ticket)
    assert ticket.state is TicketState.CLOSED
    assert len(told(session, town)) == 2


def test_every_photo_is_looked_at_and_a_bad_one_is_named(
    session: Session, submit: Submit, worker: FixCheckWorker, detector: FlameDetector
) -> None:
    """One that is cut off says so; a clip is left to people; the good one is judged all the same."""
    cut = jpeg(7, (320, 240))[:-200]
    check = submit(cut, CLIP, jpeg(200))
    worker.run_once()
    check = fresh(session, check)
    assert (check.state, check.verdict) == ("done", "visible")
    assert [(each["verdict"], each.get("why")) for each in check.photos] == [
        ("failed", "unreadable"),
        ("visible", None),
    ]
    assert "cut off" in check.photos[0]["detail"]
    assert detector.looked == 1


def test_a_photo_that_was_erased_meanwhile_is_said(
    session: Session, town: Town, submit: Submit, worker: FixCheckWorker, detector: FlameDetector
) -> None:
    """Its bytes are not asked for."""
    check = submit(jpeg(200))
    session.get_one(Evidence, (town.mine.id, sha256_of(jpeg(200)))).erased_at = NOW
    session.commit()
    worker.run_once()
    check = fresh(session, check)
    assert (check.verdict, check.photos[0]["why"], detector.looked) == ("failed", "erased", 0)


def test_what_cannot_be_said_is_said_to_be_so(
    session: Session,
    readers: sessionmaker[Session],
    sessions: sessionmaker[Session],
    store: MemoryStore,
    submit: Submit,
    detector: FlameDetector,
) -> None:
    """A label that is experimental and off."""
    detector.experimental = frozenset({"flame"})
    check = submit(jpeg(200))
    FixCheckWorker(readers, sessions, store, detector).run_once()
    check = fresh(session, check)
    assert (check.state, check.verdict, check.photos[0]["why"]) == (
        "done",
        "cannot_say",
        "experimental",
    )


def test_a_check_that_fails_again_and_again_is_given_up_and_told(
    session: Session,
    town: Town,
    submit: Submit,
    worker: FixCheckWorker,
    detector: FlameDetector,
    clock: Clock,
) -> None:
    """With the reason; the reinspection goes on without it."""
    detector.fault = RuntimeError("the model file is gone")
    check = submit(jpeg(200))
    for attempt in range(1, ATTEMPTS + 1):
        assert worker.run_once() == 1
        assert fresh(session, check).attempts == attempt
        clock.now += timedelta(seconds=CLAIM_S)
    assert worker.run_once() == 0
    assert (check.state, check.verdict) == ("failed", "failed")
    assert "model file is gone" in (check.error or "")
    (record,) = told(session, town)
    assert record.data["error"] == check.error


def test_a_store_that_is_away_is_asked_again(
    session: Session,
    store: MemoryStore,
    submit: Submit,
    worker: FixCheckWorker,
    clock: Clock,
) -> None:
    """The bytes may come back."""
    check = submit(jpeg(200))
    store.remove(sha256_of(jpeg(200)))
    worker.run_once()
    assert fresh(session, check).state == "waiting"
    store.put(sha256_of(jpeg(200)), io.BytesIO(jpeg(200)))
    clock.now += timedelta(seconds=CLAIM_S)
    worker.run_once()
    assert fresh(session, check).verdict == "visible"


def test_photos_that_kill_the_server_are_given_up(
    session: Session,
    town: Town,
    submit: Submit,
    worker: FixCheckWorker,
    detector: FlameDetector,
    clock: Clock,
) -> None:
    """Attempts are counted before they begin; nobody else works on a claimed one meanwhile."""
    check = submit(jpeg(200))
    detector.fault = SystemExit()  # type: ignore[assignment]  # as good as dead
    for _ in range(ATTEMPTS):
        with pytest.raises(SystemExit):
            worker.run_once()
        assert worker.run_once() == 0
        clock.now += timedelta(seconds=CLAIM_S)
    detector.fault = None
    assert worker.run_once() == 1
    assert "ended the server" in (fresh(session, check).error or "")
    assert len(told(session, town)) == 1


def test_two_workers_tell_it_once(
    session: Session,
    town: Town,
    readers: sessionmaker[Session],
    sessions: sessionmaker[Session],
    store: MemoryStore,
    submit: Submit,
    worker: FixCheckWorker,
    clock: Clock,
) -> None:
    """One that was thought to be dead comes back after another has done its check."""
    check = submit(jpeg(200))

    class Slow(FlameDetector):
        def detect(self, image_bgr: NDArray[np.uint8]) -> Detections:
            clock.now += timedelta(seconds=CLAIM_S)
            assert worker.run_once() == 1
            return super().detect(image_bgr)

    assert FixCheckWorker(readers, sessions, store, Slow(), clock=clock).run_once() == 1
    assert fresh(session, check).attempts == 2
    assert len(told(session, town)) == 1


def test_an_erased_entry_leaves_no_copy(
    session: Session, town: Town, submit: Submit, worker: FixCheckWorker
) -> None:
    """With the content of the check's entry, or of the submission's, go the boxes."""
    check = submit(jpeg(200))
    worker.run_once()
    check = fresh(session, check)
    (entry,) = entries(SqlStore(session), str(town.mine.id), check.entry_index or 0, 1)
    forget_copies(session, town.mine.id, entry)
    session.refresh(check)
    assert (check.photos, check.verdict) == ([], "visible")


def test_a_submission_that_was_erased_before_it_was_looked_at(
    session: Session, town: Town, submit: Submit, worker: FixCheckWorker, detector: FlameDetector
) -> None:
    """There is nothing to look at, and that is the result."""
    check = submit(jpeg(200))
    found = entries(SqlStore(session), str(town.mine.id), 0, 99)
    submitted = next(each for each in found if each.header.kind == "ticket.submitted")
    forget_copies(session, town.mine.id, submitted)
    session.commit()
    worker.run_once()
    check = fresh(session, check)
    assert (check.state, check.verdict, check.photos) == ("done", "cannot_say", [])
    assert detector.looked == 0


@pytest.mark.parametrize(
    ("photo", "verdict", "why"),
    [
        # Two men without a vest; a man in a coat whose back is no torso without one; a cup.
        ("photos/two-people.jpg", "visible", None),
        ("extra/cameraman-grey.png", "not_seen", None),
        ("photos/coffee.png", "cannot_say", "nobody"),
    ],
)
def test_the_shipped_model_on_real_photos(
    session: Session,
    town: Town,
    readers: sessionmaker[Session],
    sessions: sessionmaker[Session],
    store: MemoryStore,
    photo: str,
    verdict: str,
    why: str | None,
) -> None:
    """With its own weights and thresholds, its experimental labels switched on: still there, gone, not to be said."""
    file = PHOTOS / photo
    if not file.is_file():
        pytest.skip("real photos are missing; unpack them with: make media")
    ticket = opened(session, town, "PPE-05")
    sha256 = put(session, store, town, file.read_bytes())
    take(session, town.worker, ticket, "submit", evidence_sha256s=(sha256,))
    session.commit()
    model = load_bundle()
    FixCheckWorker(readers, sessions, store, model, switched_on={"all"}).run_once()
    check = session.exec(select(FixCheck)).one()
    assert (check.state, check.verdict) == (FixCheckState.DONE, verdict)
    assert (check.photos[0]["verdict"], check.photos[0].get("why")) == (verdict, why)
    assert (check.model_version, check.model_sha256) == (model.version, model.sha256)
    for box in check.photos[0].get("boxes", []):
        assert box["label"] == "no_vest"
        assert box["confidence"] > model.thresholds["no_vest"]
