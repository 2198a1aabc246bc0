"""The built app is served beside the API, with headers that browsers heed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.integration.api.conftest import site_settings
from tests.sites import open_site


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """Serve an app as Vite builds it."""
    web = tmp_path / "dist"
    (web / "assets").mkdir(parents=True)
    (web / "index.html").write_text("<!doctype html><title>anxun</title>")
    (web / "sw.js").write_text("// worker")
    (web / "assets" / "app-1a2b3c.js").write_text("console.log(1)")
    (tmp_path / "secret.txt").write_text("secret")
    with open_site(site_settings(tmp_path, web_dir=web)) as site:
        yield site.client


@pytest.mark.parametrize("path", ["/", "/tickets", "/enterprises/1/ledger"])
def test_addresses_of_the_app_give_its_index(client: TestClient, path: str) -> None:
    """The app routes itself; its index is asked for anew each time."""
    answer = client.get(path)
    assert answer.status_code == 200
    assert "<title>anxun" in answer.text
    assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"]
    assert "connect-src 'self'" in policy
    assert "img-src 'self' blob: data:" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_hashed_files_are_kept_for_good(client: TestClient) -> None:
    """A name with a hash never holds other content; the service worker's name has none."""
    assert "immutable" in client.get("/assets/app-1a2b3c.js").headers["cache-control"]
    assert client.get("/sw.js").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/assets/gone.js", "/..%2fsecret.txt", "/v1/nothing", "/v1"])
def test_missing_is_404(client: TestClient, path: str) -> None:
    """A missing file, a way out of the folder and an unknown API address are problems, not the index."""
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_wrong_method_is_405(client: TestClient) -> None:
    """So is a method that an address does not know."""
    answer = client.post("/v1/time")
    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"


def test_broken_json_is_malformed(client: TestClient) -> None:
    """A body that is no JSON is named as such."""
    headers = {"Content-Type": "application/json"}
    answer = client.post("/v1/sessions", content=b"{", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


def test_without_a_build_it_says_how(tmp_path: Path) -> None:
    """A checkout without the built app says which command builds it."""
    with open_site(site_settings(tmp_path, web_dir=tmp_path / "none")) as site:
        answer = site.client.get("/")
        assert answer.status_code == 503
        assert "make web" in answer.text
        assert site.client.get("/v1/health").status_code == 200
