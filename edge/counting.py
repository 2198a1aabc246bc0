"""Counts what waits for delivery, in a thread of its own: after weeks offline that takes longer than a look may wait."""

import threading
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Self

from edge.box_state import OutboxState
from edge.errors import EdgeError
from edge.outbox import Outbox
from edge.outbox_records import DraftState
from edge.settings import Settings
from inspection.wire import utc_now

EVERY_S = 10.0
# Neighbours tell the same thing twice, and a place is told again: what was settled is known for so long.
REMEMBERED = timedelta(days=90)


class OutboxCounter:
    """Counts now and then while its block lasts; `state` is what it counted last.

    `trouble` says why delivery does not get through, empty while it does.
    """

    def __init__(
        self, settings: Settings, trouble: Callable[[], str], every_s: float = EVERY_S
    ) -> None:
        self._folder, self._trouble, self._every_s = settings.outbox_dir, trouble, every_s
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="count", daemon=True)
        self._counted = OutboxState()

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
        self._thread.join(self._every_s)

    @property
    def state(self) -> OutboxState:
        """What waits."""
        return self._counted.model_copy(update={"trouble": self._trouble()})

    def _run(self) -> None:
        self._tidy()
        while True:
            try:
                with Outbox(self._folder) as outbox:
                    self._counted = _count(outbox)
            except (EdgeError, OSError):
                # What it cannot be read for is said where findings are kept.
                pass
            if self._ending.wait(self._every_s):
                return

    def _tidy(self) -> None:
        """Remove what earlier runs left over, and forget what was settled long ago: here nothing waits for it."""
        try:
            with Outbox(self._folder) as outbox:
                outbox.sweep()
                outbox.prune(utc_now() - REMEMBERED)
        except (EdgeError, OSError):
            pass


def _count(outbox: Outbox) -> OutboxState:
    counts = outbox.counts()
    return OutboxState(
        waiting=counts.waiting,
        rejected=counts.drafts[DraftState.REJECTED],
        evidence_bytes=outbox.kept_bytes(),
        left_out=counts.left_out,
        full_since=outbox.get_fact("room_full_since"),
        last_delivery_at=outbox.get_fact("last_delivery_at"),
    )
