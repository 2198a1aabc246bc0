"""Tells systemd how a service is doing: the protocol of sd_notify(3), a datagram a message.

The watchdog is fed from the loop that looks at frames and nowhere else: a loop that stalls is not fed, and systemd starts the
service anew (`WatchdogSec=` in the unit).
"""

import os
import socket
import time
from collections.abc import Mapping
from typing import Self


class Notifier:
    """Sends to a service manager, where there is one. Trouble with it takes nothing from the work."""

    def __init__(self, address: str | None = None, watchdog_s: float | None = None) -> None:
        """`address` is a socket's path, or ``@NAME`` for an abstract one; None: nobody listens."""
        self._address = address
        # Half of the time, as sd_watchdog_enabled(3) advises.
        self._every_s = None if watchdog_s is None else watchdog_s / 2
        self._fed_at_s = float("-inf")
        self._status = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Return what the environment of a service says: `NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`."""
        address = environment.get("NOTIFY_SOCKET") or None
        usec, pid = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID")
        is_ours = pid is None or pid == str(os.getpid())
        watchdog_s = int(usec) / 1e6 if usec.isdigit() and int(usec) > 0 and is_ours else None
        return cls(address, watchdog_s)

    def ready(self) -> None:
        """Say that the service works."""
        self._send("READY=1")

    def stopping(self) -> None:
        """Say that it ends."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """Say in a line how it is doing, where that changed."""
        if text != self._status:
            self._status = text
            self._send(f"STATUS={text.splitlines()[0] if text else ''}")

    def feed(self) -> None:
        """Say that the loop turns, as often as the watchdog needs it."""
        now_s = time.monotonic()
        if self._every_s is not None and now_s - self._fed_at_s >= self._every_s:
            self._fed_at_s = now_s
            self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if self._address is None:
            return
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
                line.connect(address)
                line.send(message.encode())
        except OSError:
            return
