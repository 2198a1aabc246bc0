"""Signing in, staying signed in by cookie or token, and being refused."""

from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from sqlmodel import col, select, update

from api import auth
from api.auth import hash_password, is_password
from inspection.tables import AccessLog, SignInSession, User
from inspection.wire import utc_now
from tests.integration.api.conftest import site_settings
from tests.sites import PASSWORD, Site, open_site


def sign_in(client: TestClient, login: str = "expert", password: str = PASSWORD) -> int:
    """Try to sign in; return the status."""
    answer = client.post("/v1/sessions", json={"login": login, "password": password})
    return int(answer.status_code)


def actions(site: Site) -> list[tuple[str, str]]:
    """Return the access log as (actor, action)."""
    with site.parts.read() as session:
        rows = session.exec(select(AccessLog).order_by(col(AccessLog.id)))
        return [(row.actor, row.action) for row in rows]


def test_sign_in_gives_token_and_cookie(site: Site, client: TestClient) -> None:
    """A person signs in with whatever case they type, and sees who they are."""
    answer = client.post("/v1/sessions", json={"login": " Expert ", "password": PASSWORD})
    assert answer.status_code == 201
    body = answer.json()
    assert body["user"]["roles"][0]["role"] == "expert"
    assert [row["id"] for row in body["user"]["enterprises"]] == [str(site.town.mine.id)]
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    assert client.get("/v1/me").json() == body["user"]
    assert (f"user:{site.town.expert.id}", "sign_in") in actions(site)


def test_cookie_is_secure_behind_tls(tmp_path: Path) -> None:
    """With ANXUN_IS_COOKIE_SECURE the cookie never travels in the clear, and browsers are told so."""
    with open_site(site_settings(tmp_path, is_cookie_secure=True)) as site:
        answer = site.client.post("/v1/sessions", json={"login": "expert", "password": PASSWORD})
        assert "Secure" in answer.headers["set-cookie"]
        assert "max-age" in answer.headers["strict-transport-security"]


def test_change_by_cookie_needs_the_header(site: Site, client: TestClient) -> None:
    """Another site's form carries the cookie, but never the header."""
    assert sign_in(client) == 201
    path = site.own("/inspections")
    refused = client.post(path, json={})
    assert refused.status_code == 403
    assert refused.json()["code"] == "request_header_missing"
    assert client.post(path, json={}, headers={"X-Anxun-Request": "1"}).status_code == 201
    assert client.get(path).status_code == 200


def test_sign_out_ends_the_session(site: Site, client: TestClient) -> None:
    """The token is worth nothing afterwards."""
    headers = site.headers("expert")
    assert client.delete("/v1/sessions/current", headers=headers).status_code == 204
    assert client.get("/v1/me", headers=headers).status_code == 401


def test_wrong_login_and_wrong_password_look_alike(site: Site, client: TestClient) -> None:
    """A stranger does not learn which logins exist."""
    answers = [
        client.post("/v1/sessions", json={"login": login, "password": "wrong password"})
        for login in ("expert", "nobody")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert answers[0].json() == answers[1].json()
    assert ("login:nobody", "sign_in.refused") in actions(site)


def test_inactive_person_cannot_sign_in(site: Site, client: TestClient) -> None:
    """Whoever left is out, also with a session that they had."""
    with site.parts.write.begin() as session:
        session.get_one(User, site.town.expert.id).is_active = False
    assert sign_in(client) == 401
    assert site.get("expert", "/v1/me").status_code == 401


def test_session_expires(site: Site) -> None:
    """A session ends by itself."""
    with site.parts.write.begin() as session:
        session.exec(update(SignInSession).values(expires_at=utc_now() - timedelta(seconds=1)))
    answer = site.get("expert", "/v1/me")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_guessing_a_login_is_throttled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some failures even the right password waits; other people sign in as before."""
    with open_site(site_settings(tmp_path, sign_in_attempts=3)) as site:
        assert [sign_in(site.client, "expert", "guess") for _ in range(4)] == [401, 401, 401, 429]
        refused = site.client.post("/v1/sessions", json={"login": "EXPERT", "password": PASSWORD})
        assert refused.status_code == 429
        assert refused.json()["code"] == "too_many_attempts"
        assert 0 < int(refused.headers["retry-after"]) <= 900
        assert sign_in(site.client, "officer") == 201
        later = utc_now() + timedelta(seconds=901)
        monkeypatch.setattr("api.guesses.utc_now", lambda: later)
        assert sign_in(site.client) == 201


def test_guessing_from_an_address_is_throttled(tmp_path: Path) -> None:
    """Trying one password on many logins stops as well."""
    with open_site(site_settings(tmp_path, sign_in_attempts_address=3)) as site:
        tries = [sign_in(site.client, f"person{n}", "guess") for n in range(4)]
        assert tries == [401, 401, 401, 429]


def test_refusals_of_known_people_are_logged(site: Site) -> None:
    """Who asked for what was not theirs can be seen afterwards."""
    assert site.get("stranger", site.own("/devices")).status_code == 404
    assert (f"user:{site.town.stranger.id}", "refused") in actions(site)


def test_password_hash_is_argon2id(
    real_hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hashes are salted argon2id at the cost of RFC 9106's low-memory choice; a hash that is none is no password."""
    monkeypatch.setattr(auth, "_hasher", real_hasher)
    first, second = hash_password("secret words"), hash_password("secret words")
    assert first.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert first != second
    assert is_password(first, "secret words")
    assert not is_password(first, "secret word")
    assert not is_password("no hash", "secret words")


@pytest.mark.parametrize("login", ["a\x00b", "", "x" * 101])
def test_impossible_login_is_malformed(client: TestClient, login: str) -> None:
    """What no database could hold is refused as malformed, with the place of the fault."""
    answer = client.post("/v1/sessions", json={"login": login, "password": "x"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["location"] == ["body", "login"]
