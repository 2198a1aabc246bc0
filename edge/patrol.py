"""The patrol: every photo of a folder is assessed once and accounted for, however often the run is cut off."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from edge.capture import Capture
from edge.look import Look
from edge.outbox import Outbox
from edge.outbox_records import PhotoRecord, PhotoState
from edge.photos import Photo, PhotoBytes, PhotoUnreadable, open_capture, read_photo
from models.errors import PictureError

Notice = Callable[[PhotoRecord | None], None]


@dataclass(slots=True)
class PatrolTotals:
    """What a run did. `done_before` photos were accounted for by earlier runs."""

    done_before: int = 0
    findings: int = 0
    photos: dict[PhotoState, int] = field(default_factory=lambda: dict.fromkeys(PhotoState, 0))


class Patrol:
    """Walks photos into an outbox. `notice` hears of every photo: its record, or None for one done before."""

    def __init__(self, look: Look, outbox: Outbox, notice: Notice) -> None:
        self._look, self._outbox, self._notice = look, outbox, notice
        self.totals = PatrolTotals()

    def walk(
        self, photos: Iterable[Photo], *, should_stop: Callable[[], bool] = lambda: False
    ) -> None:
        """Assess every photo that is not accounted for; the next one is decoded during the detection.

        Raises:
            DiskFull, OutboxUnusable, ModelUnusable: the photos so far are kept; run again to go on.
        """
        under_way: tuple[PhotoBytes, Future[Capture]] | None = None
        with ThreadPoolExecutor(1, thread_name_prefix="decode") as decoder:
            for photo in self._to_do(photos):
                upcoming = photo, decoder.submit(open_capture, photo, self._look.detail_px)
                if under_way:
                    self._finish(*under_way)
                under_way = upcoming
                if should_stop():
                    return
            if under_way:
                self._finish(*under_way)

    def _to_do(self, photos: Iterable[Photo]) -> Iterator[PhotoBytes]:
        for photo in photos:
            try:
                read = read_photo(photo)
            except PhotoUnreadable as error:
                self._record(_failed(photo, "", error, error.reason))
                continue
            if self._outbox.is_photo_done(photo.path, read.sha256):
                self.totals.done_before += 1
                self._notice(None)
            else:
                yield read

    def _finish(self, photo: PhotoBytes, capture_to_come: Future[Capture]) -> None:
        """Assess one photo and write its account, with its drafts and evidence, in one transaction."""
        try:
            capture = capture_to_come.result()
        except PictureError as error:
            self._record(_failed(photo.photo, photo.sha256, error, str(error)))
            return
        except OSError as error:  # its time could not be read: it was removed just now
            self._record(_failed(photo.photo, "", error, error.strerror or str(error)))
            return
        path = photo.photo.path
        if self._outbox.is_picture_assessed(photo.sha256):
            self._record(PhotoRecord(path, photo.sha256, PhotoState.COPY))
            return
        offset_s = self._outbox.clock_offset_s()
        drafts = [
            self._look.draft(seen, capture, clock_offset_s=offset_s)
            for seen in self._look.assess(capture.image_bgr)
        ]
        state = PhotoState.FOUND if drafts else PhotoState.CLEAR
        record = PhotoRecord(
            path, photo.sha256, state, len(drafts), time_source=capture.time_source.value
        )
        self._outbox.record_photo(record, drafts, photo.data)
        self._count(record)

    def _record(self, record: PhotoRecord) -> None:
        self._outbox.record_photo(record)
        self._count(record)

    def _count(self, record: PhotoRecord) -> None:
        self.totals.photos[record.state] += 1
        self.totals.findings += record.findings
        self._notice(record)


def _failed(photo: Photo, sha256: str, error: Exception, reason: str) -> PhotoRecord:
    return PhotoRecord(
        photo.path, sha256, PhotoState.FAILED, error=type(error).__name__, reason=reason
    )
