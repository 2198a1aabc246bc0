"""The line to the server beside delivery: says how the box does, and brings cameras, models and what is open. A thread of its own.

What it brings lies in `Mail`, from where the loop that looks at frames takes it between two looks. Nothing waits for this
thread, and a server that is away changes nothing.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import TracebackType
from typing import Self
from uuid import UUID

from edge.box_state import BoxState
from edge.cameras import CameraEntry
from edge.clip_delivery import deliver_clips
from edge.clip_store import ClipStore
from edge.deliver import Waits
from edge.desk import Desk
from edge.errors import EdgeError, Refused, ServerAway, SetupError
from edge.look import Look
from edge.model_store import ModelStore
from edge.outbox import Outbox
from edge.outbox_records import LeftOutCount
from edge.pixels import Image
from edge.settings import Settings
from edge.trial import Tried, try_model
from inspection.box_wire import (
    MAX_LEFT_OUT,
    BoxConfigurationText,
    BoxReport,
    BoxWishes,
    CameraReport,
    ItemStanding,
    LeftOut,
    ModelWish,
    SightDay,
)

OpenDesk = Callable[[], Desk]


@dataclass(slots=True)
class Mail:
    """What came for the loop; each is taken once."""

    configuration: BoxConfigurationText | None = None
    model: tuple[str, Tried] | None = None
    states: Mapping[UUID, ItemStanding] = field(default_factory=dict)
    days: dict[date, SightDay] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Present:
    """What the loop shows the line, replaced now and then.

    Attributes:
        state: as the board gathered it.
        finding_ids: whose items count as open.
        knows: whether a version of the cameras was taken or refused.
        look, entries: what looks now, and for which cameras.
        image: the last picture that was looked at.
        days: of the cameras' sight, which the server does not have.
    """

    state: BoxState
    finding_ids: Sequence[UUID] = ()
    knows: Callable[[int], bool] = lambda _: True
    look: Look | None = None
    entries: Sequence[CameraEntry] = ()
    image: Image | None = None
    days: Sequence[SightDay] = ()


class Link:
    """Speaks with the server while its block lasts.

    Attributes:
        present: what the loop shows; set by it.
        trouble: why the model on offer is not used; empty where nothing is wrong.
    """

    def __init__(
        self, settings: Settings, open_desk: OpenDesk, store: ModelStore, clips: ClipStore
    ) -> None:
        self._settings, self._open_desk, self._store = settings, open_desk, store
        self._clips = clips
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._mail = Mail()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        # What lies in the mail, or was taken: the loop shows it only later.
        self._brought = ""
        self.present: Present | None = None
        self.trouble = ""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.set()
        # What it was at is asked for again after a restart.
        self._thread.join(self._settings.connect_timeout_s)

    def take(self) -> Mail:
        """Return what came since the last time."""
        with self._lock:
            mail, self._mail = self._mail, Mail()
        return mail

    def _run(self) -> None:
        waits = Waits(self._settings.retry_first_s, self._settings.retry_longest_s)
        while not self._ending.is_set():
            present = self.present
            if present is None:
                self._ending.wait(0.1)
                continue
            try:
                with self._open_desk() as desk:
                    self.turn(desk, present)
            except EdgeError:
                # Delivery says it: it goes the same way.
                self._ending.wait(max(waits.next_s(), self._settings.link_every_s / 10))
                continue
            waits.reset()
            self._ending.wait(self._settings.link_every_s)

    def turn(self, desk: Desk, present: Present) -> None:
        """Say how the box does, and bring what there is.

        Raises:
            ServerAway, Refused: as they say; what came before is in the mail.
        """
        wishes = self._report(desk, present)
        if self._settings.remote:
            self._bring_configuration(desk, present, wishes)
        if present.finding_ids:
            states = desk.standing(present.finding_ids)
            with self._lock:
                self._mail.states = dict(states)
        if self._settings.remote and wishes.model is not None:
            self._bring_model(desk, present, wishes.model)
        deliver_clips(desk, self._clips, self._ending.is_set)

    def _report(self, desk: Desk, present: Present) -> BoxWishes:
        """Say how the box does, and what it left out and which days the server does not know."""
        with Outbox(self._settings.outbox_dir) as outbox:
            untold = outbox.left_out_untold(MAX_LEFT_OUT)
            wishes = desk.report(report_of(present.state, untold, present.days))
            if wishes.left_out:
                known = {str(finding_id): count for finding_id, count in wishes.left_out.items()}
                outbox.note_left_out_told(known)
        told = {one.day: one for one in present.days}
        with self._lock:
            self._mail.days |= {day: told[day] for day in wishes.days if day in told}
        return wishes

    def _bring_configuration(self, desk: Desk, present: Present, wishes: BoxWishes) -> None:
        wished = wishes.configuration
        if wished is None or present.knows(wished.version):
            return
        told = desk.configuration()
        with self._lock:
            self._mail.configuration = told

    def _bring_model(self, desk: Desk, present: Present, wish: ModelWish) -> None:
        """Download, check and try the model on offer, unless it runs or was refused."""
        look, image = present.look, present.image
        why = self._store.current.refused.get(wish.sha256)
        if why is not None:
            self.trouble, self._brought = f"{wish.sha256[:12]}: {why}", ""
            return
        if look is None or image is None or wish.sha256 in (look.detector.sha256, self._brought):
            self.trouble = ""
            return
        try:
            self._download(desk, wish)
            bundle = self._store.bundle(wish.sha256)
            tried = try_model(self._settings, bundle, look, present.entries, image)
        except SetupError as error:
            reason = str(error.facts.get("reason") or error)
            self._store.refuse(wish.sha256, reason)
            self.trouble = f"{wish.sha256[:12]}: {reason}"
            return
        except OSError as error:
            self.trouble = f"{wish.sha256[:12]}: {error.strerror or error}"
            return
        self.trouble, self._brought = "", wish.sha256
        with self._lock:
            self._mail.model = (wish.sha256, tried)

    def _download(self, desk: Desk, wish: ModelWish) -> None:
        """Bring the bytes, from where an earlier try broke off.

        Raises:
            ModelUnusable: they do not hash to the name.
            ServerAway, Refused: as they say; what arrived stays.
        """
        if wish.sha256 in self._store.names():
            return
        received = self._store.received(wish.sha256)
        if received > wish.size:
            self._store.part(wish.sha256).unlink()
            received = 0
        if received < wish.size:
            with (
                desk.model(wish.sha256, received) as chunks,
                self._store.part(wish.sha256).open("ab") as part,
            ):
                for chunk in chunks:
                    part.write(chunk)
                    if self._ending.is_set():
                        raise ServerAway(desk.server_url, "the watch ends")
        self._store.complete(wish.sha256, dict(wish.description))


def ask_configuration(open_desk: OpenDesk) -> BoxConfigurationText | None:
    """Return the server's cameras; None where it is away or has none."""
    try:
        with open_desk() as desk:
            return desk.configuration()
    except (ServerAway, Refused):
        return None


def report_of(
    state: BoxState, left_out: Sequence[LeftOutCount] = (), days: Sequence[SightDay] = ()
) -> BoxReport:
    """Return what a box says of itself to the server."""
    model, configuration, outbox = state.model, state.configuration, state.outbox
    return BoxReport(
        program_version=state.version,
        started_at=state.started_at,
        cameras=tuple(
            CameraReport(
                name=camera.name,
                sight=camera.sight,
                since=camera.since,
                frame_at=camera.frame_at,
                trouble=camera.trouble[:500],
                found=camera.found,
                seen_s=camera.seen_s,
                blind_s=camera.blind_s,
            )
            for camera in state.cameras[:64]
        ),
        waiting=outbox.waiting,
        rejected=outbox.rejected,
        clock_offset_s=state.clock_offset_s,
        clock_jumps=state.clock_jumps,
        clock_jumped_s=state.clock_jumped_s,
        clock_jumped_at=state.clock_jumped_at,
        disk_free_bytes=state.disk_free_bytes,
        is_behind=state.is_behind,
        model_name=model.name if model else "",
        model_version=model.version if model else "",
        model_sha256=model.sha256 if model else None,
        model_runtime=f"{model.runtime} {model.precision}" if model else "",
        model_trouble=model.trouble[:500] if model else "",
        configuration_origin=configuration.origin,
        configuration_version=configuration.version,
        refused_version=configuration.refused_version,
        refused_reason=configuration.refused[:2000],
        full_since=outbox.full_since and datetime.fromisoformat(outbox.full_since),
        left_out=tuple(
            LeftOut(
                finding_id=UUID(one.first_id), count=one.count, since=one.since, until=one.until
            )
            for one in left_out
        ),
        days=tuple(days),
    )
