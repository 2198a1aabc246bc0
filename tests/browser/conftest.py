"""A real Chromium on a phone-sized screen, and a real server with the demonstration town behind it."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from api.auth import hash_password
from api.database import upgrade_database
from api.demo.town import PASSWORD, load_town
from api.settings import Settings
from inspection.database import make_engine, write_sessions

REPOSITORY = Path(__file__).resolve().parents[2]
MEDIA = REPOSITORY / "var" / "media"
# Without these Chromium looks for its maker's hosts at every start.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Site:
    """A running server and the enterprise that the demonstration's people work on."""

    address: str
    enterprise_id: UUID
    home: Path

    def anxun(self, *arguments: str, **environment: str) -> str:
        """Run an `anxun` command beside the server and return what it printed."""
        done = subprocess.run(
            [Path(sys.executable).with_name("anxun"), *arguments],
            env=os.environ | {"ANXUN_DATA_DIR": str(self.home)} | environment,
            cwd=self.home, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"anxun {arguments}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def sign_in(self, login: str) -> httpx2.Client:
        """Return a client of a person of the town, to set the scene whatever the version of what it changes."""
        body = {"login": login, "password": PASSWORD}
        answer = httpx2.post(f"{self.address}/v1/sessions", json=body, timeout=30)
        assert answer.is_success, answer.text
        headers = {"Authorization": f"Bearer {answer.json()['token']}", "If-Match": "*"}
        return httpx2.Client(base_url=self.address, timeout=30, headers=headers)


def _missing(what: str, command: str) -> None:
    message = f"{what} is missing; install it with: {command}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def photos() -> Path:
    """Real photos that wheels ship; `make media` unpacks them."""
    if not (MEDIA / "media.json").is_file():
        _missing("the folder of real photos", "make media")
    return MEDIA / "photos"


def _model_that_finds(home: Path) -> Path:
    """Copy the shipped model with thresholds at which it finds people without helmet and vest on the photos."""
    weights = REPOSITORY / "models" / "weights"
    described = json.loads((weights / "anxun-nano.json").read_text("utf-8"))
    described["thresholds"] |= {"person": 0.44, "head": 0.27, "no_vest": 0.53}
    shutil.copy(weights / described["file"], home)
    file = home / "anxun-nano.json"
    file.write_text(json.dumps(described), "utf-8")
    return file


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`anxun serve` on a database of its own with the demonstration town, until the module ends."""
    if not (REPOSITORY / "api" / "web" / "dist" / "index.html").is_file():
        _missing("the built app", "make web")
    home = tmp_path_factory.mktemp("site")
    environment = os.environ | {
        "ANXUN_DATA_DIR": str(home),
        "ANXUN_PORT": "0",
        "ANXUN_CHECKPOINT_INTERVAL_S": "1",
        # The pages are tested, not the model: whichever labels it may not claim by default, and
        # however its thresholds are chosen, the photos show something.
        "ANXUN_EXPERIMENTAL": "all",
        "ANXUN_MODEL_FILE": str(_model_that_finds(home)),
    }
    anxun = str(Path(sys.executable).with_name("anxun"))
    engine = make_engine(Settings(data_dir=home).database_address)
    upgrade_database(engine)
    with write_sessions(engine).begin() as session:
        town = load_town(session, hash_password, datetime.now(UTC).date())
    engine.dispose()
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [anxun, "serve"], env=environment, stdout=subprocess.PIPE, stderr=log
        )
    assert server.stdout is not None
    try:
        line = server.stdout.readline().decode()
        found = re.search(r"http://\S+", line)
        assert found, f"{line!r}\n{(home / 'server.log').read_text(encoding='utf-8')}"
        yield Site(found[0].rstrip("/"), town.enterprise_ids[0], home)
    finally:
        server.terminate()
        server.wait(timeout=30)
        server.stdout.close()


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Playwright's driver."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The system's Chromium, headless."""
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None:
        _missing("Chromium", "sudo apt-get install chromium fonts-noto-cjk")
    browser = playwright.chromium.launch(executable_path=executable, args=QUIET)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """Where the screenshots go, to be looked at."""
    folder = REPOSITORY / "var" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
