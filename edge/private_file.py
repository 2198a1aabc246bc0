"""Files of the state folder that hold a secret."""

import os
import threading
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write a file whole or not at all, readable by its owner only. When it returns, it is on the disk.

    Raises:
        OSError: as the disk says.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Of its own: a command and a running watch may both write.
    partial = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
    partial.unlink(missing_ok=True)
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        # Half a file on a full disk would take the room that the next one needs.
        partial.unlink(missing_ok=True)
        raise
