"""A person's own account: password, sign-ins, second factor and tokens for scripts."""

import time
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select, update

from api.second_factor import STEP_S
from inspection.tables import AccessLog, PersonalToken, RecoveryCode, SecondFactor, SignInSession
from inspection.wire import utc_now
from tests.sites import PASSWORD, Site

NEW = "quiet orange ladder seventeen"


def bearer(token: str) -> dict[str, str]:
    """Return the header of a token."""
    return {"Authorization": f"Bearer {token}"}


def sign_in(site: Site, password: str = PASSWORD, **more: Any) -> Any:
    """Sign the expert in from a browser that has no cookie yet."""
    site.client.cookies.clear()
    body = {"login": "expert", "password": password} | more
    return site.client.post("/v1/sessions", json=body)


def set_up_second_factor(site: Site) -> tuple[pyotp.TOTP, list[str]]:
    """Give the expert an authenticator; return it and the recovery codes. Its present code is used up."""
    begun = site.post("expert", "/v1/me/second-factor", {"password": PASSWORD})
    assert begun.status_code == 201
    totp = pyotp.parse_uri(begun.json()["uri"])
    assert isinstance(totp, pyotp.TOTP)
    assert begun.json()["qr_svg"].startswith("data:image/svg+xml")
    headers = site.headers("expert")
    done = site.client.put("/v1/me/second-factor", json={"code": totp.now()}, headers=headers)
    assert done.status_code == 200
    return totp, done.json()["codes"]


def next_code(totp: pyotp.TOTP) -> str:
    """Return the code of the next step, which is taken early."""
    return totp.at(time.time() + STEP_S)


def test_cookie_and_token_are_two_secrets(site: Site) -> None:
    """The token that a script can read opens nothing as a cookie, nor the cookie as a token."""
    answer = sign_in(site)
    cookie = answer.cookies["anxun_session"]
    token = answer.json()["token"]
    assert cookie != token
    site.client.cookies.clear()
    assert site.client.get("/v1/me", headers=bearer(cookie)).status_code == 401
    assert (
        site.client.get("/v1/me", headers={"Cookie": f"anxun_session={token}"}).status_code == 401
    )
    assert site.client.get("/v1/me", headers=bearer(token)).status_code == 200
    assert (
        site.client.get("/v1/me", headers={"Cookie": f"anxun_session={cookie}"}).status_code == 200
    )


def test_signing_out_ends_both_secrets(site: Site) -> None:
    """The pair stands and falls together."""
    token = sign_in(site).json()["token"]
    change = {"X-Anxun-Request": "1"}
    assert site.client.delete("/v1/sessions/current", headers=change).status_code == 204
    assert site.client.get("/v1/me", headers=bearer(token)).status_code == 401


def test_sign_in_renews_the_cookie(site: Site) -> None:
    """Session fixation: a cookie that somebody planted is neither taken over nor left standing."""
    planted = sign_in(site).cookies["anxun_session"]
    answer = site.client.post("/v1/sessions", json={"login": "officer", "password": PASSWORD})
    fresh = answer.cookies["anxun_session"]
    assert fresh != planted
    site.client.cookies.clear()
    for cookie, status in ((planted, 401), ("chosen-by-an-attacker", 401), (fresh, 200)):
        headers = {"Cookie": f"anxun_session={cookie}"}
        assert site.client.get("/v1/me", headers=headers).status_code == status


def test_password_is_changed(site: Site) -> None:
    """The old password opens nothing any more, other sign-ins end, the one at hand stays."""
    other = sign_in(site).json()["token"]
    here = site.headers("expert")
    body = {"current": PASSWORD, "new": NEW}
    assert site.client.put("/v1/me/password", json=body, headers=here).status_code == 204
    assert site.client.get("/v1/me", headers=bearer(other)).status_code == 401
    assert site.client.get("/v1/me", headers=here).status_code == 200
    assert sign_in(site).status_code == 401
    assert sign_in(site, NEW).status_code == 201


@pytest.mark.parametrize(
    "password",
    [
        "short words",
        "password1234",
        "aaaaaaaaaaaaaaaa",
        "Expert-expert-expert",
        "qwertyuiop12",
        "x" * 129,
    ],
)
def test_weak_password_is_refused(site: Site, password: str) -> None:
    """Short, common, repeated and personal passwords are not taken; the message says what is."""
    body = {"current": PASSWORD, "new": password}
    answer = site.client.put("/v1/me/password", json=body, headers=site.headers("expert"))
    assert (answer.status_code, answer.json()["code"]) == (422, "password_refused")
    assert sign_in(site).status_code == 201


def test_the_meter_agrees_with_the_server(site: Site) -> None:
    """What it calls taken is taken, and the other way round; nothing of what was typed is logged."""
    for password, is_taken in (
        ("password1234", False),
        ("x" * 129, False),
        (NEW, True),
        ("", False),
    ):
        answer = site.post("expert", "/v1/me/password/strength", {"password": password})
        assert answer.status_code == 200, password
        assert answer.json()["is_taken"] is is_taken, password
    assert answer.json()["score"] == 0
    weak, strong = (
        site.post("expert", "/v1/me/password/strength", {"password": each}).json()["score"]
        for each in ("password1234", NEW)
    )
    assert weak < 2 < strong
    with site.parts.read() as session:
        assert NEW not in str([row.detail for row in session.exec(select(AccessLog))])


def test_password_change_needs_the_old_one(site: Site) -> None:
    """Whoever found an open page cannot take the account over, and guesses count for the throttle."""
    body = {"current": "no idea at all", "new": NEW}
    answer = site.client.put("/v1/me/password", json=body, headers=site.headers("expert"))
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_credentials")
    with site.parts.read() as session:
        failed = select(AccessLog).where(col(AccessLog.actor) == "login:expert")
        assert session.exec(failed).one().action == "sign_in.refused"


def test_sign_ins_are_listed_and_ended(site: Site) -> None:
    """A person sees where they are signed in, ends one, and ends all."""
    token = sign_in(site).json()["token"]
    rows = site.client.get("/v1/me/sessions", headers=bearer(token)).json()["items"]
    assert [row["is_this_one"] for row in rows] == [True, False]
    assert rows[0]["user_agent"] == "testclient"
    path = f"/v1/me/sessions/{rows[1]['id']}/end"
    proof = {"password": PASSWORD}

    def end(where: str, body: dict[str, str], headers: dict[str, str]) -> int:
        return int(site.client.post(where, json=body, headers=headers).status_code)

    assert end(path, proof, site.headers("officer")) == 404
    for guess in ({"password": "a guess"}, {}):
        assert end(path, guess, bearer(token)) == 401
        assert end("/v1/me/sessions/end", guess, bearer(token)) == 401
    assert site.get("expert", "/v1/me").status_code == 200
    assert end(path, proof, bearer(token)) == 204
    assert site.get("expert", "/v1/me").status_code == 401
    again = sign_in(site).json()["token"]
    assert end("/v1/me/sessions/end", proof, bearer(again)) == 204
    for ended in (token, again):
        assert site.client.get("/v1/me", headers=bearer(ended)).status_code == 401


def test_ended_sign_ins_are_forgotten(site: Site) -> None:
    """Rows of old sign-ins do not pile up."""
    with site.parts.write.begin() as session:
        session.exec(update(SignInSession).values(expires_at=utc_now() - timedelta(seconds=1)))
    sign_in(site)
    with site.parts.read() as session:
        mine = select(SignInSession).where(col(SignInSession.user_id) == site.town.expert.id)
        assert {row.kind.value for row in session.exec(mine)} == {"cookie", "bearer"}


def test_second_factor_is_asked_for(site: Site) -> None:
    """With an authenticator the password alone opens nothing; a code counts once."""
    totp, _ = set_up_second_factor(site)
    without = sign_in(site)
    assert (without.status_code, without.json()["code"]) == (401, "code_required")
    assert "set-cookie" not in without.headers
    code = next_code(totp)
    assert sign_in(site, "wrong password", code=code).json()["code"] == "wrong_credentials"
    assert sign_in(site, code="000000" if code != "000000" else "111111").status_code == 401
    assert sign_in(site, code=code).status_code == 201
    replayed = sign_in(site, code=code)
    assert (replayed.status_code, replayed.json()["code"]) == (401, "wrong_credentials")
    account = site.get("expert", "/v1/me/account").json()
    assert account["has_second_factor"]
    assert account["recovery_codes_left"] == 10


def test_recovery_code_opens_once(site: Site) -> None:
    """Whoever lost the authenticator gets in with a recovery code, typed in any case, and each counts once."""
    _, codes = set_up_second_factor(site)
    assert len(set(codes)) == 10
    assert sign_in(site, code=codes[0].lower().replace("-", " ")).status_code == 201
    assert sign_in(site, code=codes[0]).status_code == 401
    assert site.get("expert", "/v1/me/account").json()["recovery_codes_left"] == 9
    with site.parts.read() as session:
        stored = {row.code_sha256 for row in session.exec(select(RecoveryCode))}
    assert not stored.intersection(codes)


def test_second_factor_is_removed_by_password(site: Site) -> None:
    """Removing it needs the password, and forgets the codes."""
    set_up_second_factor(site)
    again = site.post("expert", "/v1/me/second-factor", {"password": PASSWORD})
    assert again.status_code == 409
    wrong = site.post("expert", "/v1/me/second-factor/removal", {"password": "guess"})
    assert wrong.status_code == 401
    done = site.post("expert", "/v1/me/second-factor/removal", {"password": PASSWORD})
    assert done.status_code == 204
    assert sign_in(site).status_code == 201
    with site.parts.read() as session:
        assert session.exec(select(RecoveryCode)).first() is None
        assert session.exec(select(SecondFactor)).first() is None


def test_guessing_codes_is_throttled(site: Site) -> None:
    """Six digits are few: wrong codes count like wrong passwords."""
    set_up_second_factor(site)
    statuses = [sign_in(site, code=f"{n:06d}").status_code for n in range(11)]
    assert statuses[-1] == 429
    assert 201 not in statuses


def make_token(site: Site, *scopes: str, days: int = 7) -> dict[str, Any]:
    """Make a personal token of the expert."""
    body = {"name": "script", "scopes": list(scopes), "days": days}
    answer = site.post("expert", "/v1/me/tokens", body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_personal_token_does_what_its_scopes_say(site: Site) -> None:
    """A token that may read sees what its person sees, and changes nothing; one that may write does."""
    reads, writes = (bearer(make_token(site, *scopes)["token"]) for scopes in (["read"], ["write"]))
    path = site.own("/inspections")
    assert site.client.get(path, headers=reads).status_code == 200
    refused = site.client.post(path, json={}, headers=reads)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert site.client.post(path, json={}, headers=writes).status_code == 201
    assert site.client.get(path, headers=writes).status_code == 403


def test_personal_token_does_not_reach_the_account(site: Site, client: TestClient) -> None:
    """A stolen token makes no other token, changes no password and signs nobody out."""
    stolen = bearer(make_token(site, "read", "write")["token"])
    tries = [
        ("GET", "/v1/me/account", None),
        ("PUT", "/v1/me/password", {"current": PASSWORD, "new": NEW}),
        ("POST", "/v1/me/second-factor", {"password": PASSWORD}),
        ("POST", "/v1/me/tokens", {"name": "more", "scopes": ["write"], "days": 1}),
        ("POST", "/v1/me/sessions/end", {"password": PASSWORD}),
        ("DELETE", "/v1/sessions/current", None),
    ]
    for method, path, body in tries:
        answer = client.request(method, path, json=body, headers=stolen)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing"), path


def test_personal_token_ends(site: Site, client: TestClient) -> None:
    """Revoked or expired, it opens nothing; the list keeps it without its secret."""
    made = make_token(site, "read")
    headers = bearer(made["token"])
    assert client.get("/v1/me", headers=headers).status_code == 200
    path = f"/v1/me/tokens/{made['id']}"
    assert client.delete(path, headers=site.headers("officer")).status_code == 404
    assert client.delete(path, headers=site.headers("expert")).status_code == 204
    assert client.get("/v1/me", headers=headers).status_code == 401
    (row,) = site.get("expert", "/v1/me/tokens").json()["items"]
    assert row["revoked_at"]
    assert row["last_used_at"]
    assert "token" not in row
    late = bearer(make_token(site, "read")["token"])
    with site.parts.write.begin() as session:
        session.exec(update(PersonalToken).values(expires_at=utc_now() - timedelta(seconds=1)))
    assert client.get("/v1/me", headers=late).status_code == 401


def test_personal_token_lives_no_longer_than_the_server_allows(tmp_path: Any) -> None:
    """A year is the longest, and less where the operator says so."""
    from tests.integration.api.conftest import site_settings
    from tests.sites import open_site

    with open_site(site_settings(tmp_path, personal_token_days=30)) as site:
        body = {"name": "script", "scopes": ["read"], "days": 31}
        assert site.post("expert", "/v1/me/tokens", body).status_code == 422


def test_secrets_are_stored_hashed(site: Site) -> None:
    """Whoever reads the database cannot sign in with what stands there."""
    token = make_token(site, "read")["token"]
    answer = sign_in(site)
    secrets = {token, answer.json()["token"], answer.cookies["anxun_session"]}
    with site.parts.read() as session:
        stored = {row.token_sha256 for row in session.exec(select(PersonalToken))}
        stored |= {row.token_sha256 for row in session.exec(select(SignInSession))}
    assert not stored & secrets
