"""Detection on the photos of inspections, outside of requests.

The rows that are `waiting` are the queue. A photo is claimed for a while, looked at without any lock, and then its
findings and its new state are written in one transaction: a server that is killed at any moment looks at the photo
again, and records nothing twice. Attempts are counted before they begin, so that a photo that kills the server is
given up in the end, with the reason said.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, or_, select

from inspection.database import lock_enterprise
from inspection.evidence import EvidenceStore
from inspection.intake import is_plausible, record_finding
from inspection.plans import china_day, plan_in_force
from inspection.poller import Poller
from inspection.rules import SeenHazard, assess, draft
from inspection.scopes import SYSTEM
from inspection.switches import Switches
from inspection.tables import InspectionPhoto, PhotoState
from inspection.wire import ReceiptStatus, Source, SourceKind, utc_now
from models.detections import Detections
from models.errors import PictureError
from models.pictures import Picture, decode_picture

LOG = logging.getLogger(__name__)
ATTEMPTS = 3
CLAIM_S = 30.0
POLL_S = 1.0


class PhotoDetector(Protocol):
    """What looks at photos; a `models.detector.Detector` is one."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def version(self) -> str:
        """The model's version."""

    @property
    def sha256(self) -> str:
        """The SHA-256 of the model's file."""

    @property
    def labels(self) -> Sequence[str]:
        """The model's class names."""

    @property
    def experimental(self) -> Collection[str]:
        """Those of them that are off unless somebody switches them on."""

    @property
    def detail_px(self) -> int | None:
        """The longer side of a picture beyond which it sees no more of it, pixels; None: it sees every pixel."""

    def detect(self, image_bgr: NDArray[np.uint8]) -> Detections:
        """Return what the model sees in an upright picture, uint8 (H, W, 3)."""


@dataclass(frozen=True)
class _Task:
    enterprise_id: UUID
    photo_id: UUID
    evidence_sha256: str
    attempt: int
    hazards: Sequence[str] | None


class _DraftRefused(Exception):
    """The server's own draft was refused: a fault of the program, not of the photo."""


class PhotoWorker(Poller):
    """Looks at waiting photos.

    Attributes:
        switches: what is looked for; a service plan may narrow it, never widen it.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        store: EvidenceStore,
        detector: PhotoDetector,
        *,
        switched_on: Collection[str] = (),
        claim_s: float = CLAIM_S,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Prepare; `switched_on` names experimental labels. Raises `LabelUnknown`."""
        super().__init__("anxun-photos", POLL_S)
        self._sessions, self._store, self._detector = sessions, store, detector
        self.switches = Switches.of(detector, switched_on)
        self._claim, self._clock = timedelta(seconds=claim_s), clock

    def run_once(self) -> int:
        """Look at every photo that waits, oldest first; return at how many."""
        looked_at = 0
        while not self.is_ending and (task := self._next_task()) is not None:
            self._look_at(task)
            looked_at += 1
        return looked_at

    def _next_task(self) -> _Task | None:
        while True:
            with self._sessions.begin() as session:
                now = self._clock()
                photo = session.exec(
                    select(InspectionPhoto)
                    .where(
                        col(InspectionPhoto.state) == PhotoState.WAITING,
                        or_(
                            col(InspectionPhoto.claimed_until).is_(None),
                            col(InspectionPhoto.claimed_until) <= now,
                        ),
                    )
                    .order_by(col(InspectionPhoto.id))
                    .limit(1)
                    .with_for_update(skip_locked=True)
                ).first()
                if photo is None:
                    return None
                if photo.attempts < ATTEMPTS:
                    photo.attempts += 1
                    photo.claimed_until = now + self._claim
                    return _task_of(session, photo, now)
                photo.state = PhotoState.FAILED
                photo.error = (
                    f"given up after {ATTEMPTS} attempts that each ended the server; "
                    "look at the photo yourself, and report it"
                )

    def _look_at(self, task: _Task) -> None:
        try:
            with self._store.open(task.evidence_sha256) as source:
                picture = decode_picture(source.read(), detail_px=self._detector.detail_px)
            seen = self._see(picture, task)
            self._record(task, picture, seen)
        except PictureError as error:
            # The bytes will not get better.
            self._give_up(task, str(error))
        except Exception as error:
            LOG.exception(
                "photo %s failed in attempt %d of %d", task.photo_id, task.attempt, ATTEMPTS
            )
            if task.attempt >= ATTEMPTS:
                self._give_up(task, f"given up after {ATTEMPTS} attempts: {error}")

    def _see(self, picture: Picture, task: _Task) -> Sequence[SeenHazard]:
        detections = self._detector.detect(picture.image_bgr)
        return assess(
            detections,
            self._detector.labels,
            picture.size_wh,
            hazards=self.switches.among(task.hazards),
        )

    def _record(self, task: _Task, picture: Picture, seen: Sequence[SeenHazard]) -> None:
        with self._sessions.begin() as session:
            lock_enterprise(session, task.enterprise_id)
            photo = _photo_of(session, task)
            if photo.state is not PhotoState.WAITING:
                # Another worker thought that this one was dead, and was faster.
                return
            now = self._clock()
            photo.width, photo.height = picture.full_wh
            photo.taken_at = picture.taken_at
            photo.state = PhotoState.DETECTED
            for hazard in seen:
                self._record_one(session, photo, hazard, now)

    def _record_one(
        self, session: Session, photo: InspectionPhoto, hazard: SeenHazard, now: datetime
    ) -> None:
        taken_at = photo.taken_at
        # A camera with a wrong clock must not cost the finding; the upload's time stands in.
        if taken_at is None or not is_plausible(taken_at, now):
            taken_at = photo.uploaded_at
        receipt = record_finding(
            session,
            enterprise_id=photo.enterprise_id,
            actor=SYSTEM,
            draft=draft(
                hazard,
                captured_at=taken_at,
                source=Source(
                    kind=SourceKind.INSPECTION,
                    name=photo.file_name[:200] or photo.evidence_sha256,
                    inspection_id=photo.inspection_id,
                ),
                evidence_sha256=photo.evidence_sha256,
                model=self._detector,
            ),
            now=now,
            photo=photo,
        )
        if receipt.status is not ReceiptStatus.RECORDED:
            raise _DraftRefused(receipt.reason)

    def _give_up(self, task: _Task, reason: str) -> None:
        with self._sessions.begin() as session:
            lock_enterprise(session, task.enterprise_id)
            photo = _photo_of(session, task)
            if photo.state is PhotoState.WAITING:
                photo.state = PhotoState.FAILED
                photo.error = reason


def _task_of(session: Session, photo: InspectionPhoto, now: datetime) -> _Task:
    plan = plan_in_force(session, photo.enterprise_id, china_day(now))
    return _Task(
        enterprise_id=photo.enterprise_id,
        photo_id=photo.id,
        evidence_sha256=photo.evidence_sha256,
        attempt=photo.attempts,
        hazards=plan.hazards if plan is not None and plan.hazards else None,
    )


def _photo_of(session: Session, task: _Task) -> InspectionPhoto:
    return session.get_one(InspectionPhoto, (task.enterprise_id, task.photo_id))
