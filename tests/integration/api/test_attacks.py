"""Attacks that docs/security.md names, against a served application: each is tried, and what comes of it is looked at."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient

from api import auth
from tests.builders import jpeg, sha256_of
from tests.integration.api.conftest import site_settings
from tests.integration.api.test_route_matrix import operations
from tests.integration.api.test_tenants import BODIES, OPEN
from tests.integration.api.test_tenants import things as things
from tests.sites import PASSWORD, Site, open_site

SCRIPT = b"<script>document.title='owned'</script>"
MARKUP = "<img src=x onerror=\"document.title='owned'\">"
TRAVERSAL = "../../../../etc/passwd"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve one site; what one attack leaves behind does not help the next."""
    with open_site(site_settings(tmp_path_factory.mktemp("site"))) as site:
        yield site


def with_exif(data: bytes, text: bytes) -> bytes:
    """Return a JPEG with a block of metadata behind its start marker."""
    block = b"Exif\x00\x00" + text
    return data[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + data[2:]


def test_a_cookie_that_was_planted_is_never_signed_in(site: Site) -> None:
    """Session fixation: what stood in the browser before the sign-in is worth nothing after it."""
    planted = "attacker-knows-this-token-0123456789abcdef"
    client = TestClient(site.client.app, cookies={"anxun_session": planted})
    credentials = {"login": "expert", "password": PASSWORD}
    answer = client.post("/v1/sessions", json=credentials)
    assert answer.status_code == 201
    given = answer.cookies["anxun_session"]
    assert given != planted
    for value, status in ((planted, 401), (given, 200)):
        stranger = TestClient(site.client.app, cookies={"anxun_session": value})
        assert stranger.get("/v1/me").status_code == status


def changes_by_person() -> list[tuple[str, str, str]]:
    """Return (operation, method, path) of every change that a cookie could make."""
    return [
        (operation, method, path)
        for operation, (method, path) in operations().items()
        if method not in ("get", "head") and operation not in OPEN
    ]


@pytest.mark.parametrize(("operation", "method", "path"), changes_by_person())
def test_another_sites_form_changes_nothing(
    site: Site, things: dict[str, str], operation: str, method: str, path: str
) -> None:
    """Cross-site requests: a cookie without the header that a form can not send is refused on every change, whatever the body."""
    client = TestClient(site.client.app)
    opened = client.post("/v1/sessions", json={"login": "officer", "password": PASSWORD})
    assert opened.status_code == 201
    form = {"Content-Type": "text/plain", "Origin": "https://evil.example"}
    body = json.dumps(BODIES.get(operation, {})).encode()
    answer = client.request(method, path.format(**things), content=body, headers=form)
    # Of a route for devices, a person's cookie is nobody's.
    assert answer.status_code in (401, 403)
    assert answer.json()["code"] in ("request_header_missing", "not_signed_in")
    assert "access-control-allow-origin" not in answer.headers
    client.close()


def test_the_cookie_is_kept_from_other_sites_and_scripts(site: Site) -> None:
    """The cookie that a form of another site would need is not sent by it, and no script reads it."""
    answer = site.client.post("/v1/sessions", json={"login": "expert", "password": PASSWORD})
    flags = answer.headers["set-cookie"].lower()
    site.client.cookies.clear()
    for flag in ("httponly", "samesite=strict", "path=/"):
        assert flag in flags


@pytest.mark.parametrize(
    "data",
    [SVG, b"<!doctype html>" + SCRIPT, b"GIF89a/*" + SCRIPT, b"%PDF-1.7\n" + SCRIPT, b"PK\x03\x04" + SCRIPT],
    ids=["svg", "html", "gif", "pdf", "zip"],
)  # fmt: skip
def test_what_could_run_in_a_browser_is_not_taken(site: Site, data: bytes) -> None:
    """SVG, pages and containers are refused by their bytes, whatever type they come with."""
    path = site.own(f"/evidence/{sha256_of(data)}")
    headers = site.headers("expert") | {"Content-Type": "image/jpeg"}
    answer = site.client.put(path, content=data, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "evidence_type_refused")


@pytest.mark.parametrize(
    "data",
    [jpeg(3) + SCRIPT, with_exif(jpeg(4), SCRIPT), jpeg(5) + SVG],
    ids=["behind the picture", "in its metadata", "with a drawing behind"],
)
def test_a_polyglot_is_only_ever_a_picture(site: Site, data: bytes) -> None:
    """A picture that is also a page comes back as a picture, that no browser runs; what people are shown is drawn anew."""
    sha256 = site.put_evidence("expert", data)
    original = site.get("officer", site.own(f"/evidence/{sha256}"))
    assert original.content == data
    assert original.headers["content-type"] == "image/jpeg"
    assert original.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in original.headers["content-security-policy"]
    assert original.headers["cross-origin-resource-policy"] == "same-origin"
    preview = site.get("officer", site.own(f"/evidence/{sha256}/preview"))
    assert preview.headers["content-type"] == "image/jpeg"
    assert b"script" not in preview.content
    assert b"svg" not in preview.content


def test_markup_is_text_wherever_it_is_stored(site: Site) -> None:
    """Stored markup comes back as JSON that no browser takes for a page."""
    made = site.post("expert", site.own("/inspections"), {"place": MARKUP}).json()
    answer = site.get("officer", site.own(f"/inspections/{made['id']}"))
    assert answer.json()["inspection"]["place"] == MARKUP
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_name_is_never_a_path(site: Site) -> None:
    """Path traversal: names of places and devices stay texts; files of an export are named by the program alone."""
    sha256 = site.put_evidence("device", jpeg(9))
    draft = site.draft(sha256, zone=TRAVERSAL)
    assert site.submit(draft)[0]["status"] == "recorded"
    code = site.post("officer", site.own("/enrolment-codes")).json()["code"]
    named = site.client.post("/v1/devices", json={"code": code, "name": TRAVERSAL})
    assert named.status_code == 201
    site.parts.publisher.publish_grown()
    bundle = site.get("officer", site.own("/ledger/bundle"))
    with zipfile.ZipFile(io.BytesIO(bundle.content)) as archive:
        names = archive.namelist()
    assert any(sha256 in name for name in names)
    assert [name for name in names if ".." in name or name.startswith("/") or "\\" in name] == []
    assert TRAVERSAL not in bundle.headers["content-disposition"]


@pytest.mark.parametrize(
    "name", ["..%2f..%2fanxun.db", "%2e%2e/anxun.db", "A" * 64, "a" * 63, "a" * 64 + "%00"]
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_only_a_hash_names_evidence(site: Site, method: str, name: str) -> None:
    """An address that is no hash reaches neither the store nor the disk."""
    path = site.own(f"/evidence/{name}")
    answer = site.client.request(method, path, content=b"x", headers=site.headers("expert"))
    assert answer.status_code in (404, 405, 422)


def request_shapes() -> dict[str, Any]:
    """Return the schemas of all request bodies, by name."""
    from api.app import create_app
    from api.openapi import openapi_document
    from api.settings import Settings

    document = openapi_document(create_app(Settings(_env_file=None)))
    schemas = document["components"]["schemas"]
    bodies = [
        content["schema"]
        for methods in document["paths"].values()
        for operation in methods.values()
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
        if kind == "application/json"
    ]
    waiting = {body["$ref"].rsplit("/", 1)[-1] for body in bodies if "$ref" in body}
    found: dict[str, Any] = {}
    while waiting:
        name = waiting.pop()
        found[name] = schemas[name]
        text = json.dumps(schemas[name])
        waiting |= {each for each in schemas if f'/schemas/{each}"' in text and each not in found}
    return found


def test_no_request_takes_a_field_that_it_does_not_name() -> None:
    """Mass assignment: every shape of a request, at every depth, refuses what it does not name."""
    shapes = request_shapes()
    assert {"SignIn", "NewInvitation", "Submission", "FindingDraft"} & set(shapes)
    open_shapes = [
        name
        for name, schema in shapes.items()
        if schema.get("type") == "object" and schema.get("additionalProperties") is not False
    ]
    assert open_shapes == []


@pytest.mark.parametrize("more", [{"is_administrator": True}, {"enterprise_id": "x"}, {"id": "x"}])
def test_nobody_raises_themselves_by_a_field_more(site: Site, more: dict[str, Any]) -> None:
    """A worker's invitation does not become an administrator's, nor another enterprise's."""
    body = {"name": "n", "role": "enterprise_worker"} | more
    assert site.post("officer", site.own("/invitations"), body).status_code == 422


def test_a_stolen_token_is_worth_what_its_owner_may_now(site: Site) -> None:
    """Token theft: a token has no rights of its own. The expert's station ends, and the token sees nothing; it is revoked, and is nobody."""
    made = site.post("expert", "/v1/me/tokens", {"name": "t", "scopes": ["read"], "days": 1}).json()
    stolen = {"Authorization": f"Bearer {made['token']}"}
    devices = site.own("/devices")
    assert site.client.get(devices, headers=stolen).status_code == 200
    assert site.client.post(site.own("/inspections"), json={}, headers=stolen).status_code == 403
    station = site.own(f"/experts/{site.town.expert.id}")
    centre = site.headers("centre") | {"If-Match": "*"}
    assert site.client.delete(station, headers=centre).status_code == 204
    assert site.client.get(devices, headers=stolen).status_code == 404
    assert site.client.put(station, headers=centre).status_code == 204
    mine = site.headers("expert")
    assert site.client.delete(f"/v1/me/tokens/{made['id']}", headers=mine).status_code == 204
    assert site.client.get(devices, headers=stolen).status_code == 401


def test_over_https_the_cookie_is_of_this_host_alone(tmp_path: Path) -> None:
    """Where people reach the app by HTTPS the cookie has the prefix that keeps other hosts from setting it, and never travels in the clear."""
    settings = site_settings(tmp_path, public_url="https://anxun.example")
    with open_site(settings) as site:
        answer = site.client.post("/v1/sessions", json={"login": "expert", "password": PASSWORD})
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-anxun_session=")
        assert "Secure" in cookie
        assert "Domain" not in cookie


def test_no_page_is_framed_and_no_address_told(site: Site) -> None:
    """Neither the app nor an answer of the API is shown in another site's frame, nor its address told to one."""
    for path in ("/v1/me", "/", "/v1/health"):
        answer = site.client.get(path)
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_answers_with_data_are_not_kept(site: Site) -> None:
    """What an answer tells is kept neither by a proxy nor by the browser."""
    for path in ("/v1/me", site.own("/devices"), site.own("/access-log")):
        assert site.get("officer", path).headers["cache-control"] == "no-store"


class CountingHasher:
    """Does what the program's hasher does, and counts."""

    def __init__(self, real: PasswordHasher) -> None:
        """Wrap a hasher."""
        self.real, self.done = real, list[str]()

    def hash(self, password: str) -> str:
        """Return the hash."""
        self.done.append("hash")
        return self.real.hash(password)

    def verify(self, password_hash: str, password: str) -> bool:
        """Return whether it is the password."""
        self.done.append("verify")
        return self.real.verify(password_hash, password)


@pytest.mark.parametrize("is_first", [True, False])
def test_an_unknown_login_costs_the_same_work(
    site: Site, monkeypatch: pytest.MonkeyPatch, is_first: bool
) -> None:
    """Timing of sign-in: a known, an unknown and a former person's login are one verification of one hash, also the first since the start."""
    done = {}
    for login in ("second_worker", "nobody-of-that-name", "worker"):
        if is_first:
            auth._hash_of_nobody.cache_clear()
        counting = CountingHasher(auth._hasher)
        with monkeypatch.context() as patch:
            patch.setattr(auth, "_hasher", counting)
            answer = site.client.post("/v1/sessions", json={"login": login, "password": "wrong"})
        assert answer.status_code == 401
        done[login] = counting.done
    assert len({tuple(steps) for steps in done.values()}) == 1
    assert done["second_worker"].count("verify") == 1
