"""What `anxun-edge neighbours` does: bring what others saw, tell others what was seen, until a signal ends it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from edge.board import read_state
from edge.console import Voice, local_time
from edge.deliver import Delivery
from edge.frigate import FrigateFindings
from edge.identity import find_identity
from edge.lock import work_lock
from edge.mqtt import BrokerLine
from edge.neighbours import Neighbours, read_neighbours
from edge.outbox_room import room_of
from edge.publish import Publisher, level_of
from edge.push import Desk, PushListener
from edge.running import delivering, end_run, interruptible
from edge.settings import Settings
from edge.told import NeighbourOutbox
from inspection.taxonomy import hazard_type
from inspection.wire import FindingDraft

TURN_S = 0.5


def neighbours(settings: Settings, path: Path, *, is_offline: bool) -> int:
    """Work with the neighbours of a file, delivering on the way and at the end."""
    voice = Voice.of(settings.lang, settings.log)
    asked = read_neighbours(path)
    with (
        interruptible() as interruption,
        work_lock(settings.data_dir, "neighbours"),
        NeighbourOutbox(settings.outbox_dir) as outbox,
        delivering(settings, voice, interruption, is_offline=is_offline) as delivery,
        _Street(settings, asked, voice, delivery).open(outbox) as street,
    ):
        while not interruption.event.wait(TURN_S):
            street.turn(outbox)
    return end_run(settings, voice, delivery, interruption)


class _Street:
    """The neighbours of one run."""

    def __init__(
        self, settings: Settings, asked: Neighbours, voice: Voice, delivery: Delivery | None
    ) -> None:
        self._settings, self._asked, self._voice = settings, asked, voice
        self._delivery = delivery
        self._line: BrokerLine | None = None
        self._publisher: Publisher | None = None
        self._said_trouble = ""

    @contextmanager
    def open(self, outbox: NeighbourOutbox) -> Iterator["_Street"]:
        """Listen and connect while the block lasts."""
        with ExitStack() as stack:
            line = self._line_of() if self._asked.mqtt is not None else None
            if self._publisher is not None:
                # Before anybody can tell anything.
                self._publisher.begin(outbox)
            if self._asked.push is not None:
                room = room_of(self._settings)
                desk = Desk(self._asked.push, self._settings.outbox_dir, self._say_finding, room)
                listener = stack.enter_context(PushListener(self._asked.push, desk))
                self._voice.tell("push_listens", host=self._asked.push.host, port=listener.port)
            if line is not None:
                self._line = stack.enter_context(line)
            yield self

    def turn(self, outbox: NeighbourOutbox) -> None:
        """Publish what is new, and say a trouble with the broker once."""
        if self._line is None:
            return
        if self._line.trouble != self._said_trouble:
            self._said_trouble = self._line.trouble
            if self._said_trouble:
                self._voice.warn("broker_away", reason=self._said_trouble)
            else:
                self._voice.tell("broker_there", host=self._asked.mqtt and self._asked.mqtt.host)
        if self._publisher is not None and self._line.is_up:
            self._publisher.turn(outbox)

    def _line_of(self) -> BrokerLine:
        assert self._asked.mqtt is not None  # noqa: S101  the file was checked
        root = self._root()
        findings = (
            FrigateFindings(self._asked.frigate, self._heard) if self._asked.frigate else None
        )

        room = room_of(self._settings)

        def take(topic: str, payload: bytes) -> None:
            if findings is not None:
                # Of the connection's own thread, which an outbox is not shared with.
                with NeighbourOutbox(self._settings.outbox_dir, room=room) as outbox:
                    findings.take(topic, payload, outbox)

        def connected() -> None:
            if self._publisher is not None:
                self._publisher.connected()

        line = BrokerLine(
            self._asked.mqtt,
            status_topic=f"{root}/status" if root else None,
            topics=findings.topics if findings else (),
            take=take,
            on_connected=connected,
        )
        if root is not None:
            path = self._settings.state_path
            self._publisher = Publisher(line, root, lambda: read_state(path))
        return line

    def _root(self) -> str | None:
        publish = self._asked.publish
        if publish is None:
            return None
        identity = find_identity(self._settings)
        box = publish.box or (identity.device_name if identity else "box")
        return f"{publish.prefix}/{level_of(box)}"

    def _heard(self, what: str, news: FindingDraft | str) -> None:
        if isinstance(news, FindingDraft):
            self._say_finding(news)
        else:
            self._voice.warn(f"frigate_{what}", reason=news)

    def _say_finding(self, draft: FindingDraft) -> None:
        hazard = hazard_type(draft.hazard_code)
        self._voice.tell(
            "told",
            at=f"{local_time(draft.captured_at):%H:%M:%S}",
            camera=draft.source.name,
            code=draft.hazard_code,
            name=hazard.name_zh if self._voice.lang == "zh" else hazard.name_en,
            confidence=f"{draft.confidence:.2f}",
        )
        if self._delivery is not None:
            self._delivery.wake()
