"""What the browser tests drive: a real server on a temporary folder, made with the command line."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
ANXUN = str(Path(sys.executable).with_name("anxun"))
APP = ROOT / "api" / "web" / "dist" / "index.html"
PHOTOS = ROOT / "var" / "media" / "photos"
SCREENSHOTS = ROOT / "var" / "screenshots"
PASSWORD = "four words of text"
# Nothing but the tested address is asked for.
QUIET_FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@dataclass(frozen=True)
class Site:
    """A served town of two enterprises, with an expert and an officer; everything was made on the command line."""

    url: str
    enterprise_id: str
    environment: dict[str, str]

    def anxun(self, *arguments: str) -> str:
        """Run `anxun` on the site's folder and return what it printed."""
        return run_anxun(self.environment, *arguments)


def run_anxun(environment: dict[str, str], *arguments: str) -> str:
    """Run `anxun` and return what it printed; a failure shows what it said."""
    done = subprocess.run(
        [ANXUN, *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def needed(path: Path, remedy: str) -> None:
    """Skip the test, or fail it in CI, when something it drives is missing."""
    if path.exists():
        return
    message = f"{path} is missing: {remedy}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def serving(environment: dict[str, str], log: Path) -> Iterator[str]:
    """Run `anxun serve` on a free port and give its address."""
    command = [ANXUN, "serve", "--port", "0"]
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as server,
    ):
        assert server.stdout is not None
        line = server.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, f"{line}{log.read_text()}"
        try:
            yield found.group()
        finally:
            server.terminate()
            server.wait(timeout=30)
