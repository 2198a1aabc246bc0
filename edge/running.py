"""The frame around a run: signals, delivery in the background, and how it ends."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from edge.client import Client
from edge.console import Voice
from edge.deliver import Delivery, Outcome, measure_clock
from edge.errors import DiskFull, NotEnrolled, Refused, ServerAway
from edge.identity import Identity, find_identity
from edge.outbox import Outbox
from edge.settings import Settings

STOP_WAIT_S = 10.0
# A server that does not answer keeps no camera from being watched; what is seen meanwhile gets its time at delivery.
FIRST_CLOCK_S = 1.0


class Interruption:
    """SIGINT and SIGTERM asked to end; a second one ends at once (nothing is lost by that either)."""

    def __init__(self) -> None:
        self.signal_number: int | None = None
        self.event = threading.Event()

    def is_set(self) -> bool:
        """Tell whether to end."""
        return self.event.is_set()

    def exit_code(self) -> int:
        """Return the shell's code for an end by this signal; 0 when there was none."""
        return 0 if self.signal_number is None else 128 + self.signal_number

    def take(self, number: int, _: FrameType | None) -> None:
        """Take a signal."""
        self.signal_number = number
        self.event.set()
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Turn the two signals into a wish to end, within the block."""
    interruption = Interruption()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, interruption.take) for number in numbers]
    try:
        yield interruption
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def delivering(
    settings: Settings, voice: Voice, interruption: Interruption, *, is_offline: bool
) -> Iterator[Delivery | None]:
    """Deliver in the background during the block; None when this run is offline.

    Raises:
        NotEnrolled: and the run was not asked to be offline.
    """
    identity = None if is_offline else find_identity(settings)
    if identity is None:
        if not is_offline:
            raise NotEnrolled(settings.data_dir)
        yield None
        return
    first = threading.Thread(
        target=_measure_first, args=(settings, identity, voice), name="clock", daemon=True
    )
    first.start()
    first.join(FIRST_CLOCK_S)
    delivery = Delivery(settings, identity)
    delivery.start()
    try:
        yield delivery
    finally:
        # After a signal a long upload is not waited for: what it had not finished is sent again.
        delivery.stop(STOP_WAIT_S if interruption.is_set() else None)


def _measure_first(settings: Settings, identity: Identity, voice: Voice) -> None:
    """Measure the clock before the first draft is made, where the server is there."""
    try:
        with (
            Client(identity.server_url, identity.token, settings) as client,
            Outbox(settings.outbox_dir) as outbox,
        ):
            measure_clock(outbox, client)
    except (ServerAway, Refused, DiskFull) as error:
        voice.warn_of(error)


def end_run(
    settings: Settings, voice: Voice, delivery: Delivery | None, interruption: Interruption
) -> int:
    """Deliver once more, say what was delivered and what waits; return the exit code."""
    if interruption.is_set():
        voice.warn("interrupted")
        return interruption.exit_code()
    if delivery is None:
        _say_waiting(settings, voice)
        return 0
    try:
        if delivery.state.ended_by is not None:
            raise delivery.state.ended_by
        outcome = delivery.deliver_once(interruption.is_set)
    except Refused as refused:
        voice.complain(refused)
        say_delivered(settings, voice, delivery)
        return refused.exit_code
    say_delivered(settings, voice, delivery)
    if outcome is Outcome.BUSY:
        voice.tell("other_delivers")
    elif outcome is Outcome.AWAY and delivery.state.trouble:
        voice.warn_of(delivery.state.trouble)
        _say_waiting(settings, voice)
    return 0


def say_delivered(settings: Settings, voice: Voice, delivery: Delivery) -> None:
    with Outbox(settings.outbox_dir) as outbox:
        waiting = outbox.counts().waiting
    done = delivery.state.delivered
    voice.tell(
        "delivered",
        recorded=done.recorded,
        duplicates=done.duplicates,
        rejected=done.rejected,
        waiting=waiting,
    )


def _say_waiting(settings: Settings, voice: Voice) -> None:
    with Outbox(settings.outbox_dir) as outbox:
        waiting = outbox.counts().waiting
    if waiting:
        voice.tell("waits", waiting=waiting)
