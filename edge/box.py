"""What surrounds a room of cameras while it is watched: the service manager, the local page, the state, the line to the server."""

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from edge.board import Board, Sources
from edge.box_state import BoxState, ConfigurationState
from edge.camera_source import CameraSource
from edge.clip_store import ClipStore
from edge.clips import ClipMaker
from edge.console import Voice
from edge.counting import OutboxCounter
from edge.deliver import Delivery
from edge.desk import Desk
from edge.errors import EdgeError, PageUnavailable
from edge.gallery import Gallery
from edge.identity import Identity, find_identity
from edge.keep import Keep
from edge.link import Link, Present
from edge.local_page import LocalPage
from edge.model_switch import ModelSwitch
from edge.notify import Notifier
from edge.outbox import spare_bytes
from edge.settings import Settings
from edge.sight_book import true_now
from edge.standing_file import StandingFile
from edge.watchroom import Watchroom

OpenDesk = Callable[[], Desk]


class Box:
    """Turns with the loop that looks at frames: a loop that stalls feeds no watchdog.

    Attributes:
        models: which model looks; set by whoever may change it.
        source: which cameras are watched.
    """

    def __init__(
        self,
        room: Watchroom,
        keep: Keep,
        settings: Settings,
        voice: Voice,
        delivery: Delivery | None,
        *,
        notifier: Notifier | None = None,
    ) -> None:
        self._room, self._settings, self._voice, self._delivery = room, settings, voice, delivery
        self._keep = keep
        self._notifier = notifier or Notifier.from_environment()
        self._standing = StandingFile(settings.standing_path)
        self._clips = ClipStore(
            settings.clips_dir, settings.clip_budget_bytes, lambda: spare_bytes(settings)
        )
        self._open = ExitStack()
        self._link: Link | None = None
        self.source: CameraSource | None = None
        self.models: ModelSwitch | None = None
        self._identity = find_identity(settings)
        self._sources = Sources(
            device=self._identity.device_name if self._identity else None,
            configuration=self._configuration,
            model_trouble=self._model_trouble,
            on_jump=self._clock_jumped,
        )
        self.board = Board(room, keep, settings, self._sources)

    def __enter__(self) -> Self:
        room, settings = self._room, self._settings
        room.standing = self._standing.read()
        self._keep.catch_up(room.standing)
        room.gallery = Gallery() if self._settings.page_port is not None else None
        counter = self._open.enter_context(OutboxCounter(self._settings, self._trouble))
        self._sources.outbox = lambda: counter.state
        if room.gallery is not None:
            self._open_page(room.gallery)
        if settings.clip_before_s + settings.clip_after_s > 0:
            maker = ClipMaker(self._clips, settings.clip_before_s, settings.clip_after_s)
            room.clips = self._open.enter_context(maker)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._notifier.stopping()
        self._open.close()
        self._keep_standing()
        self.board.book.write(at_once=True)
        self.board.write()

    @property
    def open_desk(self) -> OpenDesk | None:
        """How the server is asked; None where this run does not speak with it."""
        identity = self._identity
        if identity is None or self._delivery is None:
            return None
        return lambda: _desk(self._settings, identity)

    def begin(self) -> None:
        """Say that watching has begun, and speak with the server from now on."""
        self._speak()
        self.turn()
        self.board.write()
        self._notifier.ready()

    def turn(self) -> None:
        """Take a turn with the loop."""
        self._notifier.feed()
        self._keep_standing()
        if self.source is not None:
            self.source.follow()
        if self.models is not None:
            self.models.follow()
        if self.board.update():
            self._notifier.status(self._line(self.board.state))
            self._exchange()

    def _keep_standing(self) -> None:
        standing = self._room.standing
        if standing.is_changed and self._keep.is_told(standing):
            self._standing.write(standing)

    def _speak(self) -> None:
        if self.open_desk is not None and self.models is not None:
            self._link = Link(self._settings, self.open_desk, self.models.store, self._clips)
            self._open.enter_context(self._link)

    def _exchange(self) -> None:
        """Show the line to the server what there is, and take what it brought."""
        link, room = self._link, self._room
        if link is None:
            return
        mail = link.take()
        now = true_now(self.board.state.clock_offset_s)
        self.board.book.note_told(mail.days, now)
        room.take_states(mail.states)
        if mail.configuration is not None and self.source is not None:
            self.source.take(mail.configuration)
        if mail.model is not None and self.models is not None:
            self.models.switch(*mail.model)
        remote = self.source.remote if self.source else None
        link.present = Present(
            state=self.board.state,
            finding_ids=list(room.standing.finding_ids()),
            knows=remote.is_known if remote else lambda _: True,
            look=room.look if self.models is not None and self.models.follows_server else None,
            entries=[watched.entry for watched in room.watched.values()],
            image=room.image,
            days=self.board.book.untold(now),
        )

    def _open_page(self, gallery: Gallery) -> None:
        try:
            page = LocalPage(self._settings, lambda: self.board.state, gallery)
        except PageUnavailable as error:
            self._voice.warn_of(error)
            return
        self._open.enter_context(page)
        self._sources.page = page.url
        self._voice.tell("page_at", url=page.url)

    def _line(self, state: BoxState) -> str:
        return self._voice.text(
            "service_status",
            cameras=len(state.cameras),
            blind=state.blind,
            waiting=state.outbox.waiting,
        )

    def _configuration(self) -> ConfigurationState:
        return self.source.state if self.source else ConfigurationState()

    def _model_trouble(self) -> str:
        return self._link.trouble if self._link else ""

    def _clock_jumped(self, jumped_s: float) -> None:
        self._voice.warn("clock_jumped", seconds=f"{jumped_s:+.1f}")
        if self._delivery is not None:
            # A session begins by measuring the clock.
            self._delivery.wake()

    def _trouble(self) -> str:
        if self._delivery is None:
            return ""
        trouble = self._delivery.state.trouble or self._delivery.state.ended_by
        return "" if trouble is None else _said(trouble, self._voice)


def _desk(settings: Settings, identity: Identity) -> Desk:
    return Desk(identity.server_url, identity.token, settings)


def _said(trouble: Exception, voice: Voice) -> str:
    return trouble.say(voice.lang) if isinstance(trouble, EdgeError) else str(trouble)
