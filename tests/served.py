"""A real `anxun serve` process with one enterprise, that a test may kill and start again on the same port."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from typer.testing import CliRunner

from api.cli import app

BIN = Path(sys.executable).parent
PASSWORD = "four words of text"


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class ServedEnterprise:
    """A server's folder and process. Made by `found`; `start` and `kill` as often as wanted."""

    folder: Path
    port: int = field(default_factory=free_port)
    host: str = "127.0.0.1"
    enterprise_id: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.host}:{self.port}"

    def environment(self) -> dict[str, str]:
        """Return the environment of its commands."""
        mine = {
            "ANXUN_DATA_DIR": str(self.folder),
            "ANXUN_PASSWORD": PASSWORD,
            "ANXUN_CHECKPOINT_INTERVAL_S": "0.5",
        }
        return os.environ | mine

    def anxun(self, *arguments: str) -> str:
        """Run an `anxun` command and return the last line of what it prints.

        It runs in this process, which has imported everything; tests/integration/api/test_cli.py starts the program.
        """
        done = CliRunner().invoke(app, arguments, env=self.environment())
        assert done.exit_code == 0, f"anxun {arguments}: {done.output}"
        return done.output.strip().splitlines()[-1] if done.output.strip() else ""

    def found(self) -> None:
        """Make the database, an area, an enterprise and its officer."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.anxun("init")
        area = self.anxun("area", "add", "Test town")
        self.enterprise_id = self.anxun("enterprise", "add", area, "Works", "91330100MA27XXXX0A")
        self.anxun(
            "user", "add", "officer", "Officer", "--role", "enterprise_officer",
            "--enterprise", self.enterprise_id,
        )  # fmt: skip

    def enrolment_code(self) -> str:
        """Return a fresh one-time code."""
        return self.anxun("enrolment-code", self.enterprise_id, "--by", "officer")

    def start(self, *, wait: bool = True) -> None:
        """Start serving; with `wait` until it answers."""
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [BIN / "anxun", "serve", "--host", self.host, "--port", str(self.port)],
                env=self.environment(),
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        if wait:
            self.wait()

    def wait(self) -> None:
        """Wait until it answers."""
        assert self.process is not None
        until = time.monotonic() + 180
        last = "nothing"
        while time.monotonic() < until:
            try:
                answer = httpx.get(f"{self.url}/v1/health", timeout=2)
                if answer.is_success:
                    return
                last = answer.text
            except httpx.HTTPError as error:
                last = repr(error)
            assert self.process.poll() is None, self.log()
            time.sleep(0.05)
        raise AssertionError(f"no good answer within three minutes, last {last}: {self.log()}")

    def log(self) -> str:
        """Return the end of what the server said."""
        return (self.folder / "serve.log").read_text()[-4000:]

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End the process by a signal."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(30)
            self.process = None

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield every item of a list, as the enterprise's officer."""
        headers = {"Authorization": f"Bearer {self.sign_in()}"}
        with httpx.Client(base_url=f"{self.url}/v1", headers=headers, timeout=60) as client:
            cursor: str | None = None
            while True:
                asked = {"limit": "100"} | ({"cursor": cursor} if cursor else {})
                answer = client.get(path, params=asked)
                answer.raise_for_status()
                page = answer.json()
                yield from page["items"]
                cursor = page["next_cursor"]
                if cursor is None:
                    return

    def sign_in(self) -> str:
        """Sign in as the enterprise's officer; return the token."""
        answer = httpx.post(
            f"{self.url}/v1/sessions", json={"login": "officer", "password": PASSWORD}, timeout=60
        )
        answer.raise_for_status()
        return str(answer.json()["token"])
