"""One process at a time for one kind of work on a state folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from edge.errors import StateBusy


@contextmanager
def work_lock(data_dir: Path, work: str) -> Iterator[None]:
    """Hold the lock of `work` (a file name's worth of text) or raise `StateBusy` at once.

    The kernel lets go of it when the process ends, however it ends: there is no stale lock to clean up.
    """
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(data_dir / f"{work}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(handle, 20).decode("ascii", "replace").strip()
            raise StateBusy(work, data_dir, pid or "?") from None
        # Who holds it is only told to others: on a full disk it is held all the same, or nothing would be delivered and make room.
        with suppress(OSError):
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode("ascii"), 0)
        yield
    finally:
        os.close(handle)
