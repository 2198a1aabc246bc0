"""Starts `anxun-edge` again and again without reading its libraries each time: every run is a fork of a process that has them.

    python tests/edge_launcher.py LOG

Each line of its input is a command's arguments as JSON; it answers with the process id. A run is a process of its own, with its own
threads, locks and files, and may be killed as brutally as one that was started afresh.
"""

import json
import os
import signal
import sys
import traceback
from pathlib import Path

import edge.commands
import edge.running
import edge.watching  # noqa: F401
from edge.cli import app


def main(log: Path) -> None:
    """Start what is asked for until the input ends."""
    # The kernel then buries the children, so that one that ended is gone from the table of processes.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    sys.stdout.write("READY\n")
    sys.stdout.flush()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _run(json.loads(line), log)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _run(arguments: list[str], log: Path) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(number, target)
    code = 1
    try:
        app(arguments)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001  a fork must never go back to the launcher's loop
        traceback.print_exc()
    sys.stdout.write(f"EXIT {os.getpid()} {code}\n")
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
