"""A real OpenID provider (npm's oidc-provider, a certified one) in a process of its own, and a person at its pages."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from tests.served import free_port

WEB = Path(__file__).resolve().parents[1] / "api" / "web"
CLIENT_ID = "anxun"
CLIENT_SECRET = "a secret of the tests alone"
TURNS = 12


@dataclass(frozen=True)
class OpenProvider:
    """A running provider: `issuer` is its address and its name."""

    issuer: str
    callback: str

    def settings(self) -> dict[str, str]:
        """Return what the server has to know of it."""
        return {
            "oidc_issuer": self.issuer,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": CLIENT_SECRET,
            "oidc_name": "Bureau",
        }

    def sign_in(self, address: str, login: str) -> str:
        """Go through the provider's pages as a person; return the address that it sends them back to."""
        with httpx.Client(timeout=60) as person:
            answer = person.get(address)
            for _ in range(TURNS):
                if answer.is_redirect:
                    target = urljoin(str(answer.url), answer.headers["location"])
                    if target.startswith(self.callback):
                        return target
                    answer = person.get(target)
                    continue
                form = re.search(r'action="([^"]+)"', answer.text)
                prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
                assert form is not None, answer.text[:2000]
                assert prompt is not None
                fields = {"prompt": prompt[1], "login": login, "password": "any"}
                answer = person.post(urljoin(str(answer.url), form[1]), data=fields)
        raise AssertionError("the provider went round in circles")


@contextmanager
def running_provider(callback: str) -> Iterator[OpenProvider]:
    """Run a provider that sends people back to an address."""
    node = shutil.which("node") or str(Path(".venv/bin/node").resolve())
    if not (WEB / "node_modules" / "oidc-provider").is_dir() or not Path(node).exists():
        message = "the OpenID provider is missing; install it with: make web"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    port = free_port()
    command = [node, "tests/openid-provider.mjs", str(port), callback]
    process = subprocess.Popen(
        command, cwd=WEB, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    try:
        assert "listening" in process.stdout.readline()
        yield OpenProvider(f"http://127.0.0.1:{port}", callback)
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()
