"""Looks at the after-photos of submitted fixes, outside of requests (`inspection.fix_checks`)."""

import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from inspection.evidence import EvidenceStore
from inspection.fix_checker import Doubt, FixChecker, PhotoLook, Verdict, verdict_of
from inspection.fix_checks import (
    AfterPhoto,
    CheckedBy,
    CheckTask,
    Outcome,
    claim_next,
    is_any_waiting,
    record_check,
)
from inspection.jobs import ATTEMPTS, CLAIM_S, POLL_S, PhotoDetector
from inspection.poller import Poller
from inspection.switches import Switches
from inspection.wire import utc_now
from models.errors import PictureError
from models.pictures import decode_picture

LOG = logging.getLogger(__name__)
_GONE = (
    f"given up after {ATTEMPTS} attempts that each ended the server; "
    "look at the photos yourself, and report it"
)
# Of a decoder's words about a photo.
_DETAIL = 500


class FixCheckWorker(Poller):
    """Looks at after-photos with the model that looks at inspections' photos, as it is switched there."""

    def __init__(  # noqa: PLR0913  two kinds of sessions, and what the worker of photos has
        self,
        readers: sessionmaker[Session],
        writers: sessionmaker[Session],
        store: EvidenceStore,
        detector: PhotoDetector,
        *,
        switched_on: Collection[str] = (),
        claim_s: float = CLAIM_S,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Prepare; `switched_on` names experimental labels. Raises `LabelUnknown`."""
        super().__init__("anxun-fix-checks", POLL_S)
        self._read, self._write, self._store, self._detector = readers, writers, store, detector
        self._checker = FixChecker(detector, Switches.of(detector, switched_on))
        self._by = CheckedBy(detector.name, detector.version, detector.sha256)
        self._claim, self._clock = timedelta(seconds=claim_s), clock

    def run_once(self) -> int:
        """Do every check that waits, the oldest first; return how many were ended or tried."""
        done = 0
        while not self.is_ending and (task := self._next_task()) is not None:
            self._check(task)
            done += 1
        return done

    def _next_task(self) -> CheckTask | None:
        # Reading first: on SQLite a session that writes would hold up everyone, every second, for nothing.
        with self._read() as session:
            if not is_any_waiting(session, self._clock()):
                return None
        with self._write.begin() as session:
            return claim_next(session, self._clock(), self._claim)

    def _check(self, task: CheckTask) -> None:
        if task.attempt > ATTEMPTS:
            self._finish(task, Outcome(Verdict.FAILED, error=_GONE))
            return
        try:
            looks = [self._look(task, photo) for photo in task.photos]
            self._finish(task, Outcome(verdict_of(looks), looks))
        except Exception as error:
            LOG.exception(
                "check of ticket %s failed in attempt %d of %d",
                task.key[1],
                task.attempt,
                ATTEMPTS,
            )
            if task.attempt >= ATTEMPTS:
                why = f"given up after {ATTEMPTS} attempts: {error}"
                self._finish(task, Outcome(Verdict.FAILED, error=why))

    def _look(self, task: CheckTask, photo: AfterPhoto) -> PhotoLook:
        if not photo.is_there:
            return PhotoLook(photo.sha256, Verdict.FAILED, Doubt.ERASED)
        try:
            with self._store.open(photo.sha256) as source:
                picture = decode_picture(source.read(), detail_px=self._detector.detail_px)
        except PictureError as error:
            # The bytes will not get better; the other photos may be good.
            return PhotoLook(
                photo.sha256, Verdict.FAILED, Doubt.UNREADABLE, detail=str(error)[:_DETAIL]
            )
        return self._checker.look(photo.sha256, picture, task.hazard_code)

    def _finish(self, task: CheckTask, outcome: Outcome) -> None:
        with self._write.begin() as session:
            record_check(session, task.key, outcome, self._by, self._clock())
