"""Whose address counts behind a proxy: a listening server is told by the proxies that it trusts, and by nobody else."""

import threading
import time
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from api.app import create_app
from api.serve import AnnouncingServer, server_config
from tests.integration.api.conftest import site_settings
from tests.served import free_port
from tests.sites import PASSWORD, BareHeadDetector, open_site


@pytest.mark.parametrize(
    ("trusted", "forwarded", "seen"),
    [
        ("127.0.0.0/8", "203.0.113.9", "203.0.113.9"),
        # The caller's own invention stands left of what the proxy added.
        ("127.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("192.0.2.1", "203.0.113.9", "127.0.0.1"),
        ("", "203.0.113.9", "127.0.0.1"),
    ],
)
def test_only_trusted_proxies_are_believed(
    tmp_path: Path, trusted: str, forwarded: str, seen: str
) -> None:
    """The access log has the address that a trusted proxy names, and the sender's own otherwise."""
    settings = site_settings(tmp_path, port=free_port(), trusted_proxies=trusted)
    with open_site(settings):
        pass
    server = AnnouncingServer(server_config(settings, create_app(settings, BareHeadDetector())))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until = time.monotonic() + 60
        while not server.started and time.monotonic() < until:
            time.sleep(0.02)
        with httpx.Client(base_url=settings.app_url, timeout=60) as client:
            client.headers["X-Forwarded-For"] = forwarded
            answer = client.post("/v1/sessions", json={"login": "officer", "password": PASSWORD})
            client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
            assert client.get("/v1/me/access-log").json()["items"][0]["remote"] == seen
    finally:
        server.should_exit = True
        thread.join()


def test_a_proxy_that_is_no_address_stops_the_start(tmp_path: Path) -> None:
    """A name or a slip would trust nobody in silence, and everybody would share the proxy's address."""
    with pytest.raises(ValidationError, match="trusted_proxies"):
        site_settings(tmp_path, trusted_proxies="127.0.0.1, proxy.example")
