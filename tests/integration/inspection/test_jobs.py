"""Photos of inspections: detected once, whatever happens in between."""

import io
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, select

from inspection import jobs
from inspection.errors import EvidenceMissing, EvidenceTypeRefused, NotAllowed, NotFound
from inspection.evidence import receive_evidence
from inspection.jobs import PhotoWorker
from inspection.queries import get_inspection, inspection_photos
from inspection.scopes import SYSTEM, Scope, scope_of
from inspection.stores import MemoryStore
from inspection.tables import Finding, HazardItem, Inspection, InspectionPhoto, PhotoState
from inspection.visits import add_photo, begin_inspection
from models.detections import Detections
from tests.builders import NOW, Town, jpeg, keep, sha256_of

MODEL = "cd" * 32


class FlameDetector:
    """Sees a flame, and smoke beside it, in whatever it is shown; or does what a test tells it to."""

    name, version, sha256, labels = "flame-everywhere", "1", MODEL, ("flame", "smoke")
    experimental: frozenset[str] = frozenset()
    detail_px: int | None = None

    def __init__(self) -> None:
        self.looked = 0
        self.fault: Exception | None = None
        self.seen_wh: tuple[int, int] | None = None

    def detect(self, image_bgr: NDArray[np.uint8]) -> Detections:
        """Return one flame and one smoke."""
        self.looked += 1
        if self.fault is not None:
            raise self.fault
        height, width = image_bgr.shape[:2]
        self.seen_wh = width, height
        half = [0, 0, width / 2, height / 2]
        return Detections(
            np.array([half, [width / 2, 0, width, height]], np.float32),
            np.array([0.9, 0.8], np.float32),
            np.array([0, 1], np.int64),
        )


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self):
        """Return the time."""
        return self.now


@pytest.fixture
def store() -> MemoryStore:
    """Return an empty store."""
    return MemoryStore()


@pytest.fixture
def detector() -> FlameDetector:
    """Return the detector."""
    return FlameDetector()


@pytest.fixture
def clock() -> Clock:
    """Return the clock."""
    return Clock()


@pytest.fixture
def worker(
    sessions: sessionmaker[Session], store: MemoryStore, detector: FlameDetector, clock: Clock
) -> PhotoWorker:
    """Return a worker that was not started."""
    return PhotoWorker(sessions, store, detector, clock=clock)


@pytest.fixture
def scope(session: Session, town: Town) -> Scope:
    """Return the expert's."""
    return scope_of(session, town.expert.id)


@pytest.fixture
def visit(session: Session, town: Town, scope: Scope) -> Inspection:
    """Return an inspection of the paint shop."""
    visit = begin_inspection(session, scope, town.mine.id, place="喷漆房", note="", now=NOW)
    session.commit()
    return visit


def _upload(
    session: Session, store: MemoryStore, scope: Scope, visit: Inspection, data: bytes
) -> InspectionPhoto:
    receive_evidence(
        session,
        store,
        enterprise_id=visit.enterprise_id,
        sha256=sha256_of(data),
        source=io.BytesIO(data),
        actor=SYSTEM,
        now=NOW,
    )
    photo = add_photo(
        session, scope, visit, evidence_sha256=sha256_of(data), file_name="IMG_7.jpg", now=NOW
    )
    session.commit()
    return photo


def _fresh(session: Session, photo: InspectionPhoto) -> InspectionPhoto:
    session.rollback()
    session.refresh(photo)
    session.commit()
    return photo


def _findings(session: Session) -> list[Finding]:
    found = list(session.exec(select(Finding)))
    session.commit()
    return found


def test_a_photo_brings_proposed_findings_with_boxes(
    session: Session, store: MemoryStore, scope: Scope, visit: Inspection, worker: PhotoWorker
) -> None:
    """At the inspection's place, with the picture's size, by the model that saw it."""
    photo = _upload(session, store, scope, visit, jpeg(size_wh=(64, 48)))
    assert worker.run_once() == 1
    assert worker.run_once() == 0
    photo = _fresh(session, photo)
    assert (photo.state, photo.width, photo.height, photo.error) == ("detected", 64, 48, None)
    findings = {finding.hazard_code: finding for finding in _findings(session)}
    assert set(findings) == {"EMG-01", "EMG-02"}
    flame = findings["EMG-01"]
    assert (flame.state, flame.source_kind, flame.source_name) == (
        "proposed",
        "inspection",
        "IMG_7.jpg",
    )
    assert (flame.photo_id, flame.inspection_id) == (photo.id, visit.id)
    assert (flame.model_sha256, flame.captured_at) == (MODEL, photo.uploaded_at)
    assert (flame.boxes[0]["x2"], flame.boxes[0]["y2"]) == (0.5, 0.5)
    assert session.get_one(HazardItem, (visit.enterprise_id, flame.item_id)).place == "喷漆房"
    (row,) = inspection_photos(
        session, get_inspection(session, scope, visit.enterprise_id, visit.id)
    )
    assert (row.photo.id, row.findings) == (photo.id, 2)


def test_a_large_photo_is_decoded_smaller_and_its_own_size_is_recorded(
    session: Session,
    store: MemoryStore,
    scope: Scope,
    visit: Inspection,
    detector: FlameDetector,
    worker: PhotoWorker,
) -> None:
    """A model that sees 150 pixels is shown 200 of 400; the photo's row and the relative boxes are those of the whole."""
    detector.detail_px = 150
    photo = _upload(session, store, scope, visit, jpeg(size_wh=(400, 300)))
    worker.run_once()
    assert detector.seen_wh == (200, 150)
    photo = _fresh(session, photo)
    assert (photo.width, photo.height) == (400, 300)
    flame = next(each for each in _findings(session) if each.hazard_code == "EMG-01")
    assert (flame.boxes[0]["x2"], flame.boxes[0]["y2"]) == (0.5, 0.5)


def test_what_is_experimental_is_off_though_the_plan_names_it(
    sessions: sessionmaker[Session], store: MemoryStore, detector: FlameDetector
) -> None:
    """A plan narrows what is looked for; only the operator switches an experimental label on."""
    detector.experimental = frozenset({"flame", "smoke"})
    worker = PhotoWorker(sessions, store, detector, switched_on={"smoke"})
    assert worker.switches.among(["EMG-01", "EMG-02"]) == {"EMG-02"}
    assert PhotoWorker(sessions, store, detector).switches.on == ()


def test_the_plan_says_which_hazards_a_picture_may_report(
    session: Session,
    town: Town,
    store: MemoryStore,
    scope: Scope,
    visit: Inspection,
    worker: PhotoWorker,
) -> None:
    """The others are not claimed."""
    session.merge(town.plan).hazards = ["EMG-02"]
    _upload(session, store, scope, visit, jpeg())
    worker.run_once()
    assert [finding.hazard_code for finding in _findings(session)] == ["EMG-02"]


def test_a_worker_killed_at_its_work_leaves_the_photo_to_the_next(
    session: Session,
    store: MemoryStore,
    scope: Scope,
    visit: Inspection,
    worker: PhotoWorker,
    detector: FlameDetector,
    clock: Clock,
) -> None:
    """Nothing is doubled, and while it is claimed nobody else takes it."""
    photo = _upload(session, store, scope, visit, jpeg())
    detector.fault = KeyboardInterrupt()  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        worker.run_once()
    detector.fault = None
    assert worker.run_once() == 0
    clock.now += timedelta(seconds=jobs.CLAIM_S)
    assert worker.run_once() == 1
    assert len(_findings(session)) == 2
    assert _fresh(session, photo).attempts == 2


def test_a_photo_that_kills_the_server_is_given_up(
    session: Session,
    store: MemoryStore,
    scope: Scope,
    visit: Inspection,
    worker: PhotoWorker,
    detector: FlameDetector,
    clock: Clock,
) -> None:
    """After three attempts, with the reason said, and others go on."""
    photo = _upload(session, store, scope, visit, jpeg())
    detector.fault = KeyboardInterrupt()  # type: ignore[assignment]
    for _ in range(jobs.ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            worker.run_once()
        clock.now += timedelta(seconds=jobs.CLAIM_S)
    detector.fault = None
    other = _upload(session, store, scope, visit, jpeg(7))
    assert worker.run_once() == 1
    assert _fresh(session, photo).state is PhotoState.FAILED
    assert "3 attempts" in (photo.error or "")
    assert _fresh(session, other).state is PhotoState.DETECTED


def test_an_error_is_tried_again_and_then_said(
    session: Session,
    store: MemoryStore,
    scope: Scope,
    visit: Inspection,
    worker: PhotoWorker,
    detector: FlameDetector,
    clock: Clock,
) -> None:
    """A runtime that fails now may not fail later."""
    photo = _upload(session, store, scope, visit, jpeg())
    detector.fault = RuntimeError("out of memory")
    for attempt in range(1, jobs.ATTEMPTS + 1):
        assert _fresh(session, photo).state is PhotoState.WAITING
        assert worker.run_once() == 1
        assert _fresh(session, photo).attempts == attempt
        clock.now += timedelta(seconds=jobs.CLAIM_S)
    assert (photo.state, photo.error) == (
        PhotoState.FAILED,
        "given up after 3 attempts: out of memory",
    )


def test_a_picture_that_is_none_fails_at_once(
    session: Session, store: MemoryStore, scope: Scope, visit: Inspection, worker: PhotoWorker
) -> None:
    """The bytes will not get better; the reason stands at the photo."""
    photo = _upload(session, store, scope, visit, jpeg()[:-200])
    worker.run_once()
    assert _fresh(session, photo).state is PhotoState.FAILED
    assert "cut off" in (photo.error or "")
    assert photo.attempts == 1
    assert not _findings(session)


def test_a_late_worker_changes_nothing(
    session: Session,
    sessions: sessionmaker[Session],
    store: MemoryStore,
    scope: Scope,
    visit: Inspection,
    worker: PhotoWorker,
    clock: Clock,
) -> None:
    """One that was thought to be dead comes back after another has done its photo."""
    photo = _upload(session, store, scope, visit, jpeg())

    class Slow(FlameDetector):
        def detect(self, image_bgr: NDArray[np.uint8]) -> Detections:
            clock.now += timedelta(seconds=jobs.CLAIM_S)
            assert worker.run_once() == 1
            return super().detect(image_bgr)

    assert PhotoWorker(sessions, store, Slow(), clock=clock).run_once() == 1
    assert len(_findings(session)) == 2
    assert _fresh(session, photo).state is PhotoState.DETECTED


def test_a_refused_draft_rolls_the_photo_back(
    session: Session,
    store: MemoryStore,
    scope: Scope,
    visit: Inspection,
    worker: PhotoWorker,
    clock: Clock,
) -> None:
    """All findings of a photo or none: here the server's clock has gone mad."""
    photo = _upload(session, store, scope, visit, jpeg())
    clock.now = NOW - timedelta(days=400)
    worker.run_once()
    assert _fresh(session, photo).state is PhotoState.WAITING
    assert not _findings(session)


@pytest.fixture
def running(worker: PhotoWorker) -> Iterator[PhotoWorker]:
    """Yield the worker, started."""
    worker.start()
    yield worker
    worker.stop()


def test_the_thread_takes_what_comes_and_ends(
    session: Session,
    store: MemoryStore,
    scope: Scope,
    visit: Inspection,
    running: PhotoWorker,
) -> None:
    """A call wakes it; stopping waits for it."""
    photo = _upload(session, store, scope, visit, jpeg())
    running.wake()
    ends = time.monotonic() + 20
    while _fresh(session, photo).state is PhotoState.WAITING:
        assert time.monotonic() < ends
        time.sleep(0.05)
    assert photo.state is PhotoState.DETECTED
    running.stop()
    assert "anxun-photos" not in [thread.name for thread in threading.enumerate()]


def test_a_database_that_is_away_does_not_end_the_thread(
    worker: PhotoWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tries again until it is stopped."""
    tried = threading.Semaphore(0)

    def away() -> int:
        tried.release()
        msg = "away"
        raise ConnectionError(msg)

    monkeypatch.setattr(worker, "run_once", away)
    monkeypatch.setattr(worker, "poll_s", 0.01)
    worker.start()
    assert tried.acquire(timeout=10)
    assert tried.acquire(timeout=10)
    worker.stop()


def test_a_photo_is_added_once_and_only_by_those_who_inspect(
    session: Session, town: Town, scope: Scope, visit: Inspection
) -> None:
    """Idempotent by bytes; a clip, foreign or missing evidence and a reader's role are refused."""
    photo = keep(session, town.mine, jpeg()).sha256
    clip = keep(session, town.mine, b"\x00\x00\x00\x18ftypmp42" + bytes(20)).sha256
    foreign = keep(session, town.other, jpeg(9)).sha256

    def add(sha256: str, by: Scope = scope) -> InspectionPhoto:
        return add_photo(session, by, visit, evidence_sha256=sha256, file_name="a.jpg", now=NOW)

    assert add(photo).id == add(photo).id
    with pytest.raises(EvidenceTypeRefused):
        add(clip)
    for sha256 in (foreign, "ef" * 32):
        with pytest.raises(EvidenceMissing):
            add(sha256)
    with pytest.raises(NotAllowed):
        add(photo, scope_of(session, town.insurer.id))
    with pytest.raises(NotFound):
        add(photo, scope_of(session, town.stranger.id))
    with pytest.raises(NotAllowed):
        begin_inspection(
            session,
            scope_of(session, town.government.id),
            town.mine.id,
            place="",
            note="",
            now=NOW,
        )
