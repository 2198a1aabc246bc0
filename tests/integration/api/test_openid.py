"""Signing in by a real OpenID provider: linked by issuer and subject, once, in the same browser, and by nothing else."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from pydantic import ValidationError
from sqlmodel import col, select, update

from api.errors import ProviderRefused
from api.openid import Provider
from inspection.tables import (
    AccessLog,
    ForeignIdentity,
    Invitation,
    ProviderAttempt,
    SignInSession,
    User,
)
from inspection.wire import utc_now
from tests.integration.api.conftest import site_settings
from tests.integration.api.test_people import invite
from tests.openid_provider import OpenProvider, running_provider
from tests.served import free_port
from tests.sites import PASSWORD, Site, open_site


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenProvider]:
    """Run one provider for all tests."""
    with running_provider(f"http://127.0.0.1:{free_port()}/v1/openid/callback") as provider:
        yield provider


@pytest.fixture
def site(provider: OpenProvider, tmp_path: Path) -> Iterator[Site]:
    """Serve a site whose people may sign in by the provider."""
    url = provider.callback.removesuffix("/v1/openid/callback")
    with open_site(site_settings(tmp_path, public_url=url, **provider.settings())) as site:
        yield site


def browser_of(site: Site) -> TestClient:
    """Return a browser of its own."""
    return TestClient(site.client.app)


def begin(browser: TestClient) -> str:
    """Begin to sign in; return the provider's address."""
    answer = browser.post("/v1/openid/attempts")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["address"])


def come_back(browser: TestClient, address: str) -> str:
    """Open the address that the provider sends back to; return where the page leads on."""
    asked = urlsplit(address)
    answer = browser.get(f"{asked.path}?{asked.query}")
    assert answer.status_code == 200
    return answer.text.split("url=")[1].split('"')[0]


def link(site: Site, provider: OpenProvider, who: str, subject: str) -> str:
    """Link a person's account to a subject at the provider; return where that leads."""
    browser = browser_of(site)
    answer = browser.post(
        "/v1/me/identities", json={"password": PASSWORD}, headers=site.headers(who)
    )
    assert answer.status_code == 201, answer.text
    return come_back(browser, provider.sign_in(answer.json()["address"], subject))


def test_a_linked_person_signs_in(site: Site, provider: OpenProvider) -> None:
    """A signed-in person links their account once; from then on the provider opens it, and the access log tells of both."""
    assert site.client.get("/v1/sign-in-choices").json() == {
        "provider": "Bureau",
        "sends_password_links": False,
    }
    assert link(site, provider, "expert", "chen-at-the-bureau") == "/more?provider=linked"
    browser = browser_of(site)
    assert come_back(browser, provider.sign_in(begin(browser), "chen-at-the-bureau")) == "/"
    assert browser.get("/v1/me").json()["login"] == "expert"
    assert browser.get("/v1/me/account").json()["may_sign_in_by_provider"]
    with site.parts.read() as session:
        mine = col(AccessLog.actor) == f"user:{site.town.expert.id}"
        actions = session.exec(select(AccessLog.action).where(mine).order_by(col(AccessLog.id)))
        assert actions.all() == ["identity.link", "sign_in.provider"]
    assert browser.delete("/v1/me/identities", headers=site.headers("expert")).status_code == 204
    browser = browser_of(site)
    again = provider.sign_in(begin(browser), "chen-at-the-bureau")
    assert come_back(browser, again) == "/sign-in?provider=refused"


def test_what_is_sent_holds_no_secret_and_asks_for_little(site: Site) -> None:
    """Code flow with a hashed verifier, a state and a nonce; no address of mail is asked for."""
    asked = {key: value[0] for key, value in parse_qs(urlsplit(begin(site.client)).query).items()}
    with site.parts.read() as session:
        attempt = session.exec(select(ProviderAttempt)).one()
    assert asked["response_type"] == "code"
    assert asked["scope"] == "openid"
    assert asked["code_challenge_method"] == "S256"
    assert asked["nonce"] == attempt.nonce
    assert attempt.verifier not in str(asked)
    assert attempt.state_sha256 != asked["state"]


@pytest.mark.parametrize("subject", ["expert", "officer"])
def test_a_name_or_an_address_of_mail_is_nobody(
    site: Site, provider: OpenProvider, subject: str
) -> None:
    """Whoever registers somebody's login or mail at the provider is not them here."""
    browser = browser_of(site)
    back = provider.sign_in(begin(browser), subject)
    assert come_back(browser, back) == "/sign-in?provider=refused"
    assert browser.get("/v1/me").status_code == 401


def test_an_answer_counts_once_and_in_its_browser(site: Site, provider: OpenProvider) -> None:
    """Who steals the way back, or sends it a victim's browser, signs nobody in (session fixation, login CSRF)."""
    link(site, provider, "expert", "s1")
    mine = browser_of(site)
    back = provider.sign_in(begin(mine), "s1")
    victim = browser_of(site)
    assert come_back(victim, back) == "/sign-in?provider=refused"
    begin(victim)
    assert come_back(victim, back) == "/sign-in?provider=refused"
    assert victim.get("/v1/me").status_code == 401
    assert come_back(mine, back) == "/"
    assert come_back(mine, back) == "/sign-in?provider=refused"


@pytest.mark.parametrize(
    "changed", [{"nonce": "another"}, {"verifier": "another" * 8}], ids=["nonce", "verifier"]
)
def test_nonce_and_verifier_are_checked(
    site: Site, provider: OpenProvider, changed: dict[str, str]
) -> None:
    """A token of another sign-in is refused here; a code without its verifier is refused by the provider."""
    link(site, provider, "expert", "s2")
    browser = browser_of(site)
    back = provider.sign_in(begin(browser), "s2")
    with site.parts.write.begin() as session:
        session.exec(update(ProviderAttempt).values(**changed))
    assert come_back(browser, back) == "/sign-in?provider=refused"


@pytest.mark.parametrize(
    "part", ["state=x", "iss=https%3A%2F%2Fevil.example", "error=access_denied", "code=made-up"]
)
def test_a_changed_answer_is_refused(site: Site, provider: OpenProvider, part: str) -> None:
    """Another state, another issuer, a refusal, a code that was made up."""
    link(site, provider, "expert", "s3")
    browser = browser_of(site)
    back = urlsplit(provider.sign_in(begin(browser), "s3"))
    kept = [each for each in back.query.split("&") if each.split("=")[0] != part.split("=")[0]]
    if part.startswith("error"):
        kept = [each for each in kept if not each.startswith("code=")]
    changed = back._replace(query="&".join([*kept, part])).geturl()
    assert come_back(browser, changed) == "/sign-in?provider=refused"


def test_one_subject_is_one_person(site: Site, provider: OpenProvider) -> None:
    """Nobody links what is another person's, nor without their own password; who was let go is out."""
    link(site, provider, "expert", "s4")
    assert link(site, provider, "officer", "s4") == "/sign-in?provider=refused"
    wrong = site.post("officer", "/v1/me/identities", {"password": "wrong"})
    assert wrong.status_code == 401
    with site.parts.write.begin() as session:
        assert session.exec(select(ForeignIdentity.user_id)).all() == [site.town.expert.id]
        session.get_one(User, site.town.expert.id).is_active = False
    browser = browser_of(site)
    back = provider.sign_in(begin(browser), "s4")
    assert come_back(browser, back) == "/sign-in?provider=refused"


def join(site: Site, token: str, login: str = "newcomer") -> tuple[TestClient, Any]:
    """Begin to accept an invitation by the provider in a browser of its own."""
    browser = browser_of(site)
    body = {"token": token, "login": login, "name": "新人"}
    return browser, browser.post("/v1/invitations/provider", json=body)


def test_an_invited_person_joins_by_the_provider(site: Site, provider: OpenProvider) -> None:
    """No password is ever set: the provider's sign-in makes the account, joins, and opens it from then on; the link counts once."""
    token = invite(site)
    browser, begun = join(site, token)
    assert begun.status_code == 201, begun.text
    assert come_back(browser, provider.sign_in(begun.json()["address"], "new-1")) == "/"
    me = browser.get("/v1/me").json()
    assert (me["login"], me["name"]) == ("newcomer", "新人")
    assert [row["id"] for row in me["enterprises"]] == [str(site.town.mine.id)]
    account = browser.get("/v1/me/account").json()
    assert (account["has_password"], account["may_sign_in_by_provider"]) == (False, True)
    for guess in ("", "-", PASSWORD):
        body = {"login": "newcomer", "password": guess or "x"}
        assert browser_of(site).post("/v1/sessions", json=body).status_code == 401
    again = browser_of(site)
    assert come_back(again, provider.sign_in(begin(again), "new-1")) == "/"
    _, second = join(site, token, "another")
    assert (second.status_code, second.json()["code"]) == (401, "invitation_refused")
    with site.parts.read() as session:
        actions = set(session.exec(select(AccessLog.action)))
    assert {"invitation.accept", "sign_in.provider"} <= actions


def test_who_has_no_password_proves_themselves_by_a_fresh_sign_in(
    site: Site, provider: OpenProvider
) -> None:
    """What asks others for their password takes a sign-in of the last minutes; one that is older, not. A password can be set."""
    browser, begun = join(site, invite(site), "fresh")
    come_back(browser, provider.sign_in(begun.json()["address"], "new-2"))
    change = {"X-Anxun-Request": "1"}
    unlinked = browser.delete("/v1/me/identities", headers=change)
    assert (unlinked.status_code, unlinked.json()["code"]) == (409, "conflict")
    with site.parts.write.begin() as session:
        session.exec(update(SignInSession).values(created_at=utc_now() - timedelta(minutes=11)))
    body = {"new": "quiet orange ladder seventeen"}
    stale = browser.put("/v1/me/password", json=body, headers=change)
    assert (stale.status_code, stale.json()["code"]) == (401, "wrong_credentials")
    again = browser_of(site)
    come_back(again, provider.sign_in(begin(again), "new-2"))
    assert again.put("/v1/me/password", json=body, headers=change).status_code == 204
    assert again.get("/v1/me/account").json()["has_password"]
    login = {"login": "fresh", "password": body["new"]}
    assert browser_of(site).post("/v1/sessions", json=login).status_code == 201
    assert again.delete("/v1/me/identities", headers=change).status_code == 204


def test_an_invitation_by_the_provider_is_as_strict_as_by_a_password(
    site: Site, provider: OpenProvider
) -> None:
    """A login that is taken, a link that was withdrawn meanwhile, another browser: nobody is made a member."""
    token = invite(site)
    _, taken = join(site, token, "officer")
    assert (taken.status_code, taken.json()["code"]) == (409, "already_exists")
    browser, begun = join(site, token)
    back = provider.sign_in(begun.json()["address"], "new-3")
    assert come_back(browser_of(site), back) == "/sign-in?provider=refused"
    with site.parts.write.begin() as session:
        session.exec(update(Invitation).values(withdrawn_at=utc_now()))
    assert come_back(browser, back) == "/sign-in?provider=refused"
    with site.parts.read() as session:
        named = select(User).where(col(User.login) == "newcomer")
        assert session.exec(named).first() is None
        assert session.exec(select(ForeignIdentity)).first() is None


def test_a_linked_person_joins_a_second_place_by_the_provider(
    site: Site, provider: OpenProvider
) -> None:
    """Whoever has an account already joins with it; no second one is made."""
    link(site, provider, "stranger", "s5")
    browser, begun = join(site, invite(site), "stranger-2")
    assert come_back(browser, provider.sign_in(begun.json()["address"], "s5")) == "/"
    me = browser.get("/v1/me").json()
    assert me["login"] == "stranger"
    assert str(site.town.mine.id) in {row["id"] for row in me["enterprises"]}
    with site.parts.read() as session:
        assert session.exec(select(User).where(col(User.login) == "stranger-2")).first() is None


def test_it_is_off_unless_it_is_set(tmp_path: Path) -> None:
    """Without a provider nothing of it is there; one that is reached in the clear is no provider."""
    with open_site(site_settings(tmp_path)) as site:
        assert site.client.get("/v1/sign-in-choices").json() == {
            "provider": None,
            "sends_password_links": False,
        }
        assert site.client.post("/v1/openid/attempts").status_code == 404
    with pytest.raises(ValidationError, match="oidc_issuer"):
        site_settings(tmp_path, oidc_issuer="http://provider.example")


def test_a_provider_that_is_away_says_so(tmp_path: Path) -> None:
    """The password still opens; the answer says that the provider is away."""
    settings = site_settings(tmp_path, oidc_issuer=f"http://127.0.0.1:{free_port()}")
    with open_site(settings) as site:
        answer = site.client.post("/v1/openid/attempts")
        assert (answer.status_code, answer.json()["code"]) == (503, "provider_unavailable")


KEY, OTHER = RSAKey.generate_key(2048, auto_kid=True), RSAKey.generate_key(2048, auto_kid=True)
ISSUER, NONCE = "https://provider.example", "n" * 43
MINE = Provider(ISSUER, "anxun", "secret", "https://anxun.example/v1/openid/callback")


def id_token(key: Any = KEY, alg: str = "RS256", **changes: Any) -> str:
    """Return an ID token that holds, but for the changes; None takes a claim away."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": "anxun",
        "sub": "s",
        "nonce": NONCE,
        "iat": now,
        "exp": now + 60,
    }
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    header = {"alg": alg} | ({"kid": key.kid} if isinstance(key, RSAKey) else {})
    return jwt.encode(header, claims, key, algorithms=[alg])


def test_a_token_that_holds_names_its_subject() -> None:
    """The good one passes, so that what follows is refused for its lie."""
    assert MINE._checked(id_token(), KeySet([KEY]), NONCE) == "s"


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": ["anxun", "another"]},
        {"azp": "another"},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"iat": int(time.time()) + 7200},
        {"key": OTHER},
        {"key": OctKey.import_key("secret" * 6), "alg": "HS256"},
    ],
    # The same in every worker: times and keys are not.
    ids=[
        "issuer",
        "audience",
        "two audiences",
        "other party",
        "other nonce",
        "no nonce",
        "no subject",
        "expired",
        "no end",
        "from the future",
        "other key",
        "secret as key",
    ],
)
def test_a_token_that_lies_is_refused(lie: dict[str, Any]) -> None:
    """Another issuer, audience, nonce, time or key; the client's secret as a key; what is missing."""
    with pytest.raises(ProviderRefused):
        MINE._checked(id_token(**lie), KeySet([KEY]), NONCE)
