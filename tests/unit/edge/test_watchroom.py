"""Many cameras, one model: shared fairly, changed while running, each blind for itself."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.address import Way
from edge.camera import Frame
from edge.cameras import CameraEntry
from edge.capture import TimeSource
from edge.errors import CameraRefused, StateBusy
from edge.keep import Keep
from edge.lock import work_lock
from edge.look import Look
from edge.outbox import Outbox
from edge.pixels import BgrPixels, Image, JpegPixels
from edge.settings import Settings
from edge.watched import Pace, RoomNews, SightChanged, WayChanged
from edge.watchroom import Watchroom
from inspection.sight import Sight

VIEWS = np.random.default_rng(3)
BEGAN_AT = datetime(2026, 11, 25, tzinfo=UTC)


class FakeCamera:
    """A live camera that shows a new frame when it is due again, as a reader does; in full, whenever the last one was taken."""

    time_source = TimeSource.CLOCK
    trouble = ""
    connections = 1
    ring = None

    def __init__(self, entry: CameraEntry) -> None:
        self.entry, self.is_over, self.is_dark, self.number = entry, False, False, 0
        self.is_stopped = False
        self.seen_at_s: float | None = None
        self.fresh_since_s = 0.0
        self.key_every_s: float | None = None
        self.way = Way.SAMPLED
        self.luma: Image | None = None
        self.shade = 255 if "bright" in entry.name else 0
        self.due_s = 0.0

    @property
    def waiting(self) -> Frame | None:
        """Its next frame, unless it is dark."""
        is_due = self.way is Way.FULL or time.monotonic() >= self.due_s
        if self.is_dark or self.is_over or not is_due:
            return None
        self.seen_at_s = time.monotonic()
        self.luma = VIEWS.integers(0, 255, (18, 32), np.uint8)
        pixels = BgrPixels(np.full((24, 32, 3), self.shade, np.uint8))
        return Frame(pixels, BEGAN_AT + timedelta(seconds=self.number), float(self.number))

    def start(self, on_frame: Callable[[], None]) -> None:
        """Begin."""
        on_frame()

    def ask_to_stop(self) -> None:
        """End."""
        self.is_stopped = True

    def stop(self) -> None:
        """End."""
        self.is_stopped = True

    def newest(self, timeout_s: float) -> Frame | None:  # noqa: ARG002  as every camera
        """Hand it out."""
        frame = self.waiting
        self.number += 1
        self.due_s = self.fresh_since_s = time.monotonic() + 1.0 / self.entry.fps
        return frame


class Room:
    """A room of fake cameras with its news."""

    def __init__(
        self, look: Look, settings: Settings, outbox: Outbox, window_s: float = 0.2
    ) -> None:
        self.news: list[RoomNews] = []
        self.cameras: dict[str, FakeCamera] = {}
        self.keep = Keep(outbox, lambda _: None)
        self.room = Watchroom(
            look, self.keep, settings, self.news.append, make=self.make, window_s=window_s
        )

    def make(self, entry: CameraEntry, _: Settings) -> FakeCamera:
        """Make a camera and remember it."""
        self.cameras[entry.name] = FakeCamera(entry)
        return self.cameras[entry.name]

    def run_until(self, condition: Callable[[], bool]) -> None:
        """Run until something holds, 20 s at most."""
        deadline_s = time.monotonic() + 20
        self.room.run(lambda: condition() or time.monotonic() > deadline_s)
        assert condition()

    def looked(self, name: str) -> int:
        """Return how often a camera was looked at."""
        return self.room.watched[name].watch.looked


def entries(*names: str, **changes: object) -> list[CameraEntry]:
    """Return cameras by name."""
    facts = {"source": "rtsp://camera", "fps": 20, "k": 1, "n": 1} | changes
    return [CameraEntry.model_validate(facts | {"name": name}) for name in names]


@pytest.fixture
def outbox(settings: Settings) -> Outbox:
    """Return an open outbox."""
    return Outbox(settings.outbox_dir)


def test_every_camera_is_looked_at_and_findings_name_theirs(
    look: Look, settings: Settings, outbox: Outbox
) -> None:
    """One hazard a bright camera, none in the dark ones."""
    room = Room(look, settings, outbox)
    with outbox, room.room:
        room.room.set_cameras(entries("bright-1", "dark-1", "bright-2", "dark-2"))
        room.run_until(lambda: min(room.looked(name) for name in room.room.watched) >= 5)
        assert room.keep.kept == 2
        bodies = [draft.body for draft in outbox.waiting(10)]
        assert sum('"bright-1"' in body for body in bodies) == 1
        assert sum('"bright-2"' in body for body in bodies) == 1
    assert all(camera.is_stopped for camera in room.cameras.values())


def test_a_changed_list_disturbs_only_who_changed(
    look: Look, settings: Settings, outbox: Outbox
) -> None:
    """Who stays goes on with its memory, who goes is stopped and free for another process, who comes is watched."""
    room = Room(look, settings, outbox)
    with outbox, room.room:
        room.room.set_cameras(entries("bright-stays", "goes", "changes"))
        room.run_until(lambda: room.looked("bright-stays") >= 3)
        stays, goes, changes = (room.cameras[n] for n in ("bright-stays", "goes", "changes"))
        with pytest.raises(StateBusy), work_lock(settings.data_dir, "watch-goes"):
            pass
        room.room.set_cameras([*entries("bright-stays", "comes"), *entries("changes", k=2, n=3)])
        assert room.cameras["bright-stays"] is stays
        assert (stays.is_stopped, goes.is_stopped, changes.is_stopped) == (False, True, True)
        with work_lock(settings.data_dir, "watch-goes"):
            pass
        room.run_until(lambda: room.looked("comes") >= 3)
        assert room.keep.kept == 1


def test_a_camera_that_another_process_watches_keeps_no_other_from_being_watched(
    look: Look, settings: Settings, outbox: Outbox
) -> None:
    """It is said by its error."""
    room = Room(look, settings, outbox)
    with outbox, room.room:
        with work_lock(settings.data_dir, "watch-mine"), pytest.raises(StateBusy):
            room.room.set_cameras(entries("mine", "other"))
        assert list(room.room.watched) == ["other"]
        room.room.set_cameras(entries("mine", "other"))
        assert set(room.room.watched) == {"mine", "other"}


def sights_of(room: Room) -> list[tuple[str, Sight]]:
    """Return what was told of cameras that see or do not."""
    return [(news.camera, news.sight) for news in room.news if isinstance(news, SightChanged)]


def test_each_camera_is_blind_for_itself(look: Look, settings: Settings, outbox: Outbox) -> None:
    """Said once when it begins and once when it ends."""
    settings = settings.model_copy(update={"camera_read_timeout_s": 0.1})
    room = Room(look, settings, outbox)
    with outbox, room.room:
        room.room.set_cameras(entries("seeing", "failing"))
        room.cameras["failing"].is_dark = True
        room.run_until(lambda: len(sights_of(room)) == 1)
        assert sights_of(room) == [("failing", Sight.ABSENT)]
        room.cameras["failing"].is_dark = False
        room.run_until(lambda: len(sights_of(room)) == 2)
        assert sights_of(room)[1] == ("failing", Sight.SEEING)


def test_a_machine_that_is_behind_decodes_less_but_not_what_is_pinned(
    look: Look, settings: Settings, outbox: Outbox
) -> None:
    """It is said for each camera; with nothing left to save on, that too is said."""
    room = Room(look, settings, outbox)
    many = [f"camera-{number}" for number in range(40)]
    with outbox, room.room:
        room.room.set_cameras([*entries(*many, fps=60), *entries("pinned", keep_way=True, fps=60)])
        for camera in room.cameras.values():
            camera.key_every_s = 1.0
        room.run_until(lambda: any(isinstance(news, Pace) for news in room.news))
        assert room.cameras["pinned"].way is Way.SAMPLED
        assert {room.cameras[name].way for name in many} == {Way.KEY}
    lowered = {
        news.camera for news in room.news if isinstance(news, WayChanged) and news.is_lowered
    }
    assert lowered == set(many)
    (behind, *_) = (news for news in room.news if isinstance(news, Pace))
    assert behind.is_behind
    assert behind.asked_a_second == 60 * 41
    assert 0 < behind.done_a_second < behind.asked_a_second


def test_what_a_stream_turns_out_to_be_chooses_its_way(
    look: Look, settings: Settings, outbox: Outbox
) -> None:
    """Key frames alone as soon as they are known to come often enough, long before a window of the load is over; `full` is seen more
    often than promised.
    """
    room = Room(look, settings, outbox, window_s=3600)
    with outbox, room.room:
        room.room.set_cameras(
            [*entries("often", "rare", fps=1), *entries("full", way="full", fps=1)]
        )
        room.cameras["often"].key_every_s, room.cameras["rare"].key_every_s = 1.0, 4.0
        room.run_until(lambda: bool(room.news) and room.looked("full") > 20)
        assert room.looked("often") < 5
        assert room.cameras["full"].way is Way.FULL
    assert room.news == [WayChanged("often", Way.KEY, False)]


def test_hazards_and_zones_are_each_cameras_own(
    look: Look, settings: Settings, outbox: Outbox
) -> None:
    """What one camera looks for, another does not; a hazard that cannot be seen is refused before anything changes."""
    room = Room(look, settings, outbox)
    with outbox, room.room:
        with pytest.raises(CameraRefused, match="camera a: hazard code TRF-99 is unknown"):
            room.room.check(entries("b", "a")[:1] + entries("a", hazards=["TRF-99"]))
        zone = {"name": "bay", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}
        room.room.check(entries("bright-zoned", zones=[zone]))
        room.room.set_cameras(entries("bright-zoned", zones=[zone]))
        room.run_until(lambda: room.keep.kept == 1)
        assert '"zone":"bay"' in outbox.waiting(1)[0].body


def test_a_room_whose_cameras_are_all_over_ends_and_damaged_pictures_are_left_out(
    look: Look, settings: Settings, outbox: Outbox, tmp_path: Path
) -> None:
    """A recording is looked at frame by frame, without waiting for its time to pass."""

    class Damaged(FakeCamera):
        @property
        def waiting(self) -> Frame | None:
            self.is_over = self.number >= 3
            return Frame(JpegPixels(b"no picture"), BEGAN_AT, 0.0)

    path = tmp_path / "bright.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 48))
    for _ in range(40):
        writer.write(np.full((48, 64, 3), 255, np.uint8))
    writer.release()
    with outbox:
        keep = Keep(outbox, lambda _: None)
        with Watchroom(look, keep, settings, lambda *_: None) as room:
            room.set_cameras(entries("clip", source=str(path), fps=5))
            began_s = time.monotonic()
            room.run(lambda: False)
            assert room.watched["clip"].watch.looked == 20
            assert time.monotonic() - began_s < 3
        assert keep.kept == 1
        with Watchroom(
            look, keep, settings, lambda *_: None, make=lambda entry, _: Damaged(entry)
        ) as room:
            room.set_cameras(entries("damaged", way="full"))
            room.run(lambda: False)
            assert room.watched["damaged"].watch.looked == 0
