"""A line that can be bad: a network of its own for the box, whose only way out is a pair of TUN devices with this program between.

What crosses the line are real IP packets of the kernel's own TCP, so that losses, a line that is cut in the middle of a connection and
one that carries packets in one direction only look to both programs as they do outside. It needs root and Linux.
"""

import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import threading
import time
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
PACKET_BYTES = 65536


def why_not() -> str:
    """Return why there can be no such line on this machine; nothing where there can."""
    if os.geteuid() != 0:
        return "a network of its own for the box needs root"
    if not Path("/dev/net/tun").exists():
        return "this machine has no /dev/net/tun"
    try:
        done = subprocess.run(["ip", "netns", "list"], capture_output=True, check=False, timeout=10)
    except OSError:
        return "the command `ip` is missing (iproute2)"
    return "" if done.returncode == 0 else "`ip netns` does not work here"


class LossyLine:
    """Joins this machine (`near`) and a network of its own (`far`).

    Attributes:
        near, far: the addresses of both ends.
        prefix: what a command begins with to run at the far end.
        loss: the share of packets that is lost, 0 to 1.
        delay_s: how long a packet is on its way.
        goes_out, comes_in: whether packets from the far end, and to it, cross at all.
        carried, lost: packets.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        number = os.getpid() % 16384
        self._network = f"anxun{number}"
        subnet = f"10.{64 + number // 256}.{number % 256}"
        self.near, self.far = f"{subnet}.1", f"{subnet}.2"
        self.prefix = ["ip", "netns", "exec", self._network]
        self.loss = self.delay_s = 0.0
        self.goes_out = self.comes_in = True
        self.carried = self.lost = 0
        self._ends: list[int] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._carry, name="line", daemon=True)

    def __enter__(self) -> Self:
        _ip("netns", "add", self._network)
        for letter, address in (("n", self.near), ("f", self.far)):
            name = f"{letter}{self._network}"
            self._ends.append(_tun(name))
            inside: list[str] = []
            if letter == "f":
                _ip("link", "set", name, "netns", self._network)
                inside = ["-n", self._network]
                _ip(*inside, "link", "set", "lo", "up")
            _ip(*inside, "addr", "add", f"{address}/30", "dev", name)
            _ip(*inside, "link", "set", name, "up")
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join(10)
        for end in self._ends:
            os.close(end)
        _ip("netns", "del", self._network)

    def mend(self) -> None:
        """Make it a good line again."""
        self.loss = self.delay_s = 0.0
        self.goes_out = self.comes_in = True

    def cut(self) -> None:
        """Let nothing through; no end is told."""
        self.goes_out = self.comes_in = False

    def _carry(self) -> None:
        near, far = self._ends
        waiting: list[tuple[float, int, int, bytes]] = []
        numbers = count()
        while not self._is_over.is_set():
            wait_s = 0.05 if not waiting else min(0.05, max(0.0, waiting[0][0] - time.monotonic()))
            for end in select.select([near, far], [], [], wait_s)[0]:
                packet = os.read(end, PACKET_BYTES)
                crosses = self.goes_out if end == far else self.comes_in
                if not crosses or self._rng.random() < self.loss:
                    self.lost += 1
                    continue
                other = near if end == far else far
                due_s = time.monotonic() + self.delay_s * self._rng.uniform(0.5, 1.5)
                heapq.heappush(waiting, (due_s, next(numbers), other, packet))
            while waiting and waiting[0][0] <= time.monotonic():
                _, _, end, packet = heapq.heappop(waiting)
                self.carried += 1
                os.write(end, packet)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=30)


def _tun(name: str) -> int:
    end = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    return end
