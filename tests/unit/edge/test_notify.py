"""What systemd hears: READY, STATUS and WATCHDOG over a real datagram socket, and silence from a loop that stalls."""

import copy
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.box import Box
from edge.console import Voice
from edge.keep import Keep
from edge.look import Look
from edge.notify import Notifier
from edge.outbox import Outbox
from edge.settings import Settings
from edge.watchroom import Watchroom
from models.detections import Detections
from tests.unit.edge.test_watchroom import FakeCamera, entries


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """Return a service manager's end of the socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(0.05)
        yield listening


def heard(manager: socket.socket) -> list[str]:
    """Return all that was said so far."""
    messages = []
    while True:
        try:
            messages.append(manager.recv(4096).decode())
        except TimeoutError:
            return messages


def test_the_environment_says_who_listens_and_how_often(manager: socket.socket) -> None:
    """Half of the watchdog's time, and only where the watchdog is this process's."""
    address = manager.getsockname()
    mine = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "200000", "WATCHDOG_PID": str(os.getpid())}
    notifier = Notifier.from_environment(mine)
    notifier.ready()
    for _ in range(3):
        notifier.feed()
    notifier.status("two cameras\nand more")
    notifier.status("two cameras\nand more")
    assert heard(manager) == ["READY=1", "WATCHDOG=1", "STATUS=two cameras"]
    time.sleep(0.11)
    notifier.feed()
    notifier.stopping()
    assert heard(manager) == ["WATCHDOG=1", "STOPPING=1"]
    other = Notifier.from_environment(mine | {"WATCHDOG_PID": "1"})
    other.feed()
    assert heard(manager) == []


def test_an_abstract_socket_is_spoken_to() -> None:
    """A manager may listen at a name that is no file."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        name = f"anxun-edge-test-{os.getpid()}"
        listening.bind(f"\0{name}")
        Notifier(f"@{name}").ready()
        assert listening.recv(100) == b"READY=1"


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": "/nowhere/at/all"}])
def test_without_a_manager_nothing_happens(environment: dict[str, str]) -> None:
    """Started by hand, or with a manager that is gone, the program just works."""
    notifier = Notifier.from_environment(environment)
    notifier.ready()
    notifier.feed()
    notifier.status("fine")


def test_a_loop_that_turns_is_fed_and_one_that_stalls_is_not(
    look: Look, settings: Settings, manager: socket.socket
) -> None:
    """The watchdog hears the loop itself: a model that never returns is silence."""
    stalled_s = 1.5
    stalls: list[float] = []

    def detect(image_bgr: NDArray[np.uint8]) -> Detections:
        if stalls:
            stalls.pop()
            time.sleep(stalled_s)
        return look.detector.detect(image_bgr)

    detector = copy.copy(look.detector)
    detector.__dict__["detect"] = detect
    slow = Look(detector, look.switches, look.hazards)
    keep = Keep(Outbox(settings.outbox_dir), lambda _: None)
    room = Watchroom(slow, keep, settings, lambda _: None, make=lambda entry, _: FakeCamera(entry))
    notifier = Notifier(manager.getsockname(), watchdog_s=0.4)
    voice = Voice.of("en")
    with room, Box(room, keep, settings, voice, None, notifier=notifier) as box:
        room.set_cameras(entries("bright"))
        box.begin()
        began_s = time.monotonic()
        room.run(lambda: time.monotonic() - began_s > 1.6, box.turn)
        turning = heard(manager)
        stalls.append(stalled_s)
        began_s = time.monotonic()
        room.run(lambda: time.monotonic() - began_s > 1.0, box.turn)
        stalled = heard(manager)
    assert turning[0] == "WATCHDOG=1"
    assert "READY=1" in turning
    assert any(line.startswith("STATUS=1 cameras") for line in turning)
    assert turning.count("WATCHDOG=1") >= 3
    # One turn at the most before the look that stalls, and none in its second and a half.
    assert stalled.count("WATCHDOG=1") <= 1
    assert heard(manager) == ["STOPPING=1"]
