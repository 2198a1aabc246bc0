"""What surrounds a room of cameras while it is watched: the service manager, the local page, the state, what stands open."""

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from edge.board import Board, Sources
from edge.box_state import BoxState, ConfigurationState
from edge.console import Voice
from edge.counting import OutboxCounter
from edge.deliver import Delivery
from edge.errors import EdgeError, PageUnavailable
from edge.gallery import Gallery
from edge.identity import find_identity
from edge.keep import Keep
from edge.local_page import LocalPage
from edge.notify import Notifier
from edge.settings import Settings
from edge.standing_file import StandingFile
from edge.watchroom import Watchroom


class Box:
    """Turns with the loop that looks at frames: a loop that stalls feeds no watchdog."""

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
        self._notifier = notifier or Notifier.from_environment()
        self._standing = StandingFile(settings.standing_path)
        self._open = ExitStack()
        identity = find_identity(settings)
        self._sources = Sources(device=identity.device_name if identity else None)
        self.board = Board(room, keep, settings, self._sources)

    def __enter__(self) -> Self:
        room = self._room
        room.standing = self._standing.read()
        room.gallery = Gallery() if self._settings.page_port is not None else None
        counter = self._open.enter_context(OutboxCounter(self._settings, self._trouble))
        self._sources.outbox = lambda: counter.state
        if room.gallery is not None:
            self._open_page(room.gallery)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._notifier.stopping()
        self._open.close()
        self._standing.write(self._room.standing)
        self.board.write()

    def begin(self, configuration: ConfigurationState) -> None:
        """Say that watching has begun, and by which file of cameras."""
        self._sources.configuration = lambda: configuration
        self.turn()
        self.board.write()
        self._notifier.ready()

    def turn(self) -> None:
        """Take a turn with the loop."""
        self._notifier.feed()
        self._standing.write(self._room.standing)
        if self.board.update():
            self._notifier.status(self._line(self.board.state))

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

    def _trouble(self) -> str:
        if self._delivery is None:
            return ""
        trouble = self._delivery.state.trouble or self._delivery.state.ended_by
        return "" if trouble is None else _said(trouble, self._voice)


def _said(trouble: Exception, voice: Voice) -> str:
    return trouble.say(voice.lang) if isinstance(trouble, EdgeError) else str(trouble)
