"""What is refused before anything is done: bodies of another kind, too many requests, administrators without a second factor."""

from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import col, select

from api.errors import TooManyRequests
from api.rates import MOST_KEPT, Rates
from inspection.tables import Membership, new_id
from tests.integration.api.conftest import site_settings
from tests.integration.api.test_account import set_up_second_factor
from tests.sites import PASSWORD, Site, open_site


def test_a_body_of_another_kind_is_415(site: Site) -> None:
    """JSON is asked for as JSON, a file as a form; with or without parameters, and whoever calls."""
    path, headers = site.own("/inspections"), site.headers("expert")
    body = b'{"place": "gate"}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml", ""):
        answer = site.client.post(path, content=body, headers=headers | {"Content-Type": kind})
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type"), kind
    for kind in ("application/json", "Application/JSON; charset=utf-8"):
        answer = site.client.post(path, content=body, headers=headers | {"Content-Type": kind})
        assert answer.status_code == 201, kind
    stranger = site.client.post(path, content=body, headers={"Content-Type": "text/plain"})
    assert stranger.status_code == 401
    missing = site.client.post("/v1/sessions", headers={"Content-Type": "text/plain"})
    assert missing.status_code == 422


def test_an_answer_that_is_opened_by_itself_is_saved(site: Site) -> None:
    """JSON of the API is an attachment, errors too; a picture stays what it is."""
    for who, path in (("expert", "/v1/me"), ("expert", "/v1/nothing"), ("stranger", site.own(""))):
        answer = site.get(who, path)
        told = answer.headers["content-disposition"]
        assert told == 'attachment; filename="anxun.json"', path
    assert "content-disposition" not in site.client.get("/").headers


@pytest.mark.parametrize("whole", [False, True])
def test_hsts_covers_subdomains_where_the_operator_says_so(tmp_path: Path, whole: bool) -> None:
    """Off by default: hosts below may have no HTTPS."""
    settings = site_settings(tmp_path, is_cookie_secure=True, hsts_subdomains=whole)
    with open_site(settings) as site:
        told = site.client.get("/v1/time").headers["strict-transport-security"]
    assert told == "max-age=31536000" + ("; includeSubDomains" if whole else "")


def test_a_person_who_asks_too_often_waits_and_others_do_not(tmp_path: Path) -> None:
    """By person, whichever of their tokens asks; told how long to wait."""
    with open_site(site_settings(tmp_path, requests_a_minute=5)) as site:
        statuses = [site.get("expert", "/v1/me").status_code for _ in range(12)]
        # A minute may begin in between; nobody gets more than two minutes' worth.
        assert statuses[:5] == [200] * 5
        assert 429 in statuses
        refused = site.get("expert", "/v1/me")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert site.get("officer", "/v1/me").status_code == 200
        assert site.get("device", "/v1/devices/self").status_code == 200


def test_rates_count_by_the_minute() -> None:
    """A new minute begins anew; 0 counts nothing; the memory stays bounded."""
    person: UUID = new_id()
    rates = Rates(2)
    for now_s in (60.0, 61.0):
        rates.count(person, now_s)
    with pytest.raises(TooManyRequests) as refused:
        rates.count(person, 100.0)
    assert refused.value.retry_after_s == 20
    rates.count(new_id(), 100.0)
    rates.count(person, 120.0)
    for _ in range(MOST_KEPT + 2):
        rates.count(new_id(), 121.0)
    assert len(rates._counts) <= MOST_KEPT + 1
    free = Rates(0)
    for _ in range(10):
        free.count(person, 0.0)


def test_an_administrator_without_an_authenticator_reaches_the_account_alone(
    tmp_path: Path,
) -> None:
    """Where the operator asks for it; whoever is no administrator is not asked, and one who has it goes on."""
    settings = site_settings(tmp_path, administrators_need_second_factor=True)
    with open_site(settings) as site:
        assert site.get("expert", "/v1/notices").status_code == 200
        with site.parts.write.begin() as session:
            mine = col(Membership.user_id) == site.town.expert.id
            session.exec(select(Membership).where(mine)).one().is_administrator = True
        for path in ("/v1/notices", site.own("/inspections")):
            answer = site.get("expert", path)
            assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_required")
        made = site.post("expert", "/v1/me/tokens", {"name": "a", "scopes": ["read"], "days": 1})
        script = {"Authorization": f"Bearer {made.json()['token']}"}
        assert site.client.get("/v1/notices", headers=script).status_code == 403
        assert site.get("officer", "/v1/notices").status_code == 200
        set_up_second_factor(site)
        assert site.get("expert", "/v1/notices").status_code == 200
        assert site.client.get("/v1/notices", headers=script).status_code == 200
        body = {"password": PASSWORD}
        assert site.post("expert", "/v1/me/second-factor/removal", body).status_code == 204
        assert site.get("expert", "/v1/notices").status_code == 403
