"""A box of which a test kills the program as often as it likes, and what must hold of its findings afterwards."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

from tests.served import ServedEnterprise

LAUNCHER = Path(__file__).with_name("edge_launcher.py")


@dataclass
class ChaosBox:
    """A box's state folder, and its program.

    Attributes:
        prefix: what its commands begin with.
        settings: environment variables, without their prefix.
        pid: of its watch; None where none was started.
    """

    folder: Path
    prefix: Sequence[str] = ()
    settings: dict[str, str] = field(default_factory=dict)
    pid: int | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder.parent / f"{self.folder.name}.log"
        given = {
            "DATA_DIR": str(self.folder),
            "RETRY_FIRST_S": "0.1",
            "RETRY_LONGEST_S": "1",
            "DELIVER_EVERY_S": "0.2",
            "CONNECT_TIMEOUT_S": "2",
            "REQUEST_TIMEOUT_S": "4",
            "CAMERA_OPEN_TIMEOUT_S": "2",
            "CAMERA_READ_TIMEOUT_S": "1",
            "CAMERA_LONGEST_WAIT_S": "0.5",
            "LINK_EVERY_S": "1",
        } | self.settings
        mine = {f"ANXUN_EDGE_{key}": value for key, value in given.items()}
        self._launcher = subprocess.Popen(
            [*self.prefix, sys.executable, LAUNCHER, str(self.log)],
            env=os.environ | mine | {"ANXUN_LANG": "en"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        answer = self._answer()
        if answer != "READY":
            self.close()
            raise AssertionError(f"the launcher said {answer!r}")

    def _answer(self) -> str:
        assert self._launcher.stdout is not None
        return self._launcher.stdout.readline().strip()

    def start(self, *arguments: str) -> int:
        """Start a command; return its process id."""
        assert self._launcher.stdin is not None
        self._launcher.stdin.write(json.dumps(arguments) + "\n")
        self._launcher.stdin.flush()
        return int(self._answer())

    def run(self, *arguments: str, within_s: float = 120) -> None:
        """Run a command to its end, which must be a good one."""
        pid = self.start(*arguments)
        until = time.monotonic() + within_s
        while is_alive(pid):
            assert time.monotonic() < until, f"{arguments} did not end: {self.tail()}"
            time.sleep(0.02)
        assert f"EXIT {pid} 0" in self.log.read_text("utf-8"), f"{arguments}: {self.tail()}"

    def watch(self, *arguments: str) -> None:
        """Start to watch."""
        self.pid = self.start("watch", *arguments)

    @property
    def is_watching(self) -> bool:
        """Whether its watch runs."""
        return self.pid is not None and is_alive(self.pid)

    def kill(self, number: int = signal.SIGKILL, within_s: float = 60) -> None:
        """End its watch by a signal and wait until it is gone."""
        if self.pid is None:
            return
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            self.pid = None
            return
        until = time.monotonic() + within_s
        while is_alive(self.pid):
            assert time.monotonic() < until, self.tail()
            time.sleep(0.005)
        self.pid = None

    def close(self) -> None:
        """End everything."""
        if self.pid is not None:
            self.kill()
        self._launcher.kill()
        self._launcher.wait(10)
        for stream in (self._launcher.stdin, self._launcher.stdout):
            if stream is not None:
                stream.close()

    def tail(self) -> str:
        """Return the end of what it said."""
        return self.log.read_text("utf-8", "replace")[-3000:] if self.log.exists() else ""

    def page(self) -> dict[str, Any]:
        """Return what its local page shows; its port is among the settings."""
        answer = httpx.get(f"http://127.0.0.1:{self.settings['PAGE_PORT']}/state.json", timeout=10)
        answer.raise_for_status()
        state: dict[str, Any] = answer.json()
        return state

    def rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """Read from the outbox, beside the process."""
        path = self.folder / "outbox" / "outbox.sqlite"
        if not path.exists():
            return []
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10) as db:
            return db.execute(sql, values).fetchall()


def is_alive(pid: int) -> bool:
    """Tell whether a process is there and not only waits to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@dataclass(frozen=True)
class Told:
    """A finding that the box confirmed, as its outbox remembers it."""

    id: str
    camera: str
    evidence_sha256: str
    captured_at: str
    clock_offset_s: float = 0.0

    @property
    def true_s(self) -> float:
        """When it was seen by the server's clock, POSIX seconds."""
        return datetime.fromisoformat(self.captured_at).timestamp() - self.clock_offset_s


def told_by(box: ChaosBox) -> list[Told]:
    """Return what the box put into its outbox, in that order."""
    rows = box.rows("SELECT id, body, evidence_sha256 FROM draft ORDER BY seq")
    bodies = [(str(row[0]), json.loads(str(row[1])), str(row[2])) for row in rows]
    return [
        Told(
            draft_id,
            body["source"]["name"],
            sha256,
            body["captured_at"],
            float(body["clock_offset_s"] or 0.0),
        )
        for draft_id, body, sha256 in bodies
    ]


def check_exactly_once(
    served: ServedEnterprise, box: ChaosBox, bundle: Path, *, may_thin: bool = False
) -> list[Told]:
    """Check that what the box told is in the ledger: once, in order per camera, with its evidence; return it.

    The ledger is read as a bundle that `anxun verify` checks, so that every picture is hashed again by a program that knows
    nothing of the box. With `may_thin` a sighting that repeats a finding which is there may have given way for want of room.
    """
    thinned = {str(row[0]) for row in box.rows("SELECT id FROM draft WHERE state = 'thinned'")}
    told = [one for one in told_by(box) if one.id not in thinned]
    states = {str(row[0]) for row in box.rows("SELECT DISTINCT state FROM draft")}
    assert states == {"delivered"} | ({"thinned"} if may_thin and thinned else set()), box.rows(
        "SELECT state, code, reason, count(*) FROM draft GROUP BY 1, 2, 3"
    )
    repeated = {str(row[0]) for row in box.rows("SELECT repeats FROM draft WHERE state='thinned'")}
    assert repeated <= {one.id for one in told}, "a first finding gave way"
    left = list((box.folder / "outbox" / "evidence").glob("??/*"))
    assert not left, "delivered evidence goes"

    entries = [
        entry["record"]["data"] | {"index": entry["index"]}
        for entry in served.pages(f"/enterprises/{served.enterprise_id}/ledger/entries")
        if entry["kind"] == "finding.recorded"
    ]
    entries.sort(key=lambda entry: entry["index"])
    ids = [entry["finding_id"] for entry in entries]
    assert len(ids) == len(set(ids)), "a finding is in the ledger twice"
    assert set(ids) == {one.id for one in told}
    assert len(list(served.pages("/findings"))) == len(told)
    evidence = {one.id: one.evidence_sha256 for one in told}
    assert all(entry["evidence_sha256"] == evidence[entry["finding_id"]] for entry in entries)
    for camera in {one.camera for one in told}:
        in_ledger = [e["finding_id"] for e in entries if e["source"]["name"] == camera]
        assert in_ledger == [one.id for one in told if one.camera == camera], f"order of {camera}"
        times = [e["captured_at"] for e in entries if e["source"]["name"] == camera]
        assert all(one <= other for one, other in pairwise(times))
    true_s = {one.id: one.true_s for one in told}
    for entry in entries:
        in_ledger_s = datetime.fromisoformat(entry["captured_at"]).timestamp()
        assert abs(in_ledger_s - true_s[entry["finding_id"]]) < 0.01, "its true time"

    served.kill(signal.SIGTERM)
    served.anxun("export", served.enterprise_id, str(bundle))
    served.anxun("verify", str(bundle))
    return told
