"""The people whom a caller manages, over all places; suspended, restored, their second factor taken away."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from sqlmodel import col, select

from inspection import areas, memberships
from inspection.memberships import Granted, Place
from inspection.tables import AccessLog, Membership, Role, User
from tests.integration.api.conftest import site_settings
from tests.sites import PASSWORD, Site, open_site

# Alone at work, whatever the state is.
ANYHOW = {"If-Match": "*"}


def people(site: Site, who: str, **asked: Any) -> list[dict[str, Any]]:
    """Return whom somebody manages."""
    answer = site.get(who, "/v1/members", params=asked)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["items"]
    return rows


def logins(site: Site, who: str, **asked: Any) -> list[str]:
    """Return the logins of whom somebody manages."""
    return [row["login"] for row in people(site, who, **asked)]


def set_standing(site: Site, who: str, login: str, *, is_active: bool) -> Any:
    """Suspend or restore a member of the town's enterprise."""
    path = site.own(f"/members/{getattr(site.town, login).id}/standing")
    body = {"is_active": is_active, "reason": "left the site"}
    return site.client.put(path, json=body, headers=site.headers(who) | ANYHOW)


def sign_in(site: Site, login: str, **more: str) -> Any:
    """Sign in by password, as from a browser of its own."""
    site.client.cookies.clear()
    body = {"login": login, "password": PASSWORD} | more
    answer = site.client.post("/v1/sessions", json=body)
    site.client.cookies.clear()
    return answer


def make_administrator(site: Site, login: str) -> str:
    """Let a member administer their organisation; return its id."""
    with site.parts.write.begin() as session:
        mine = col(Membership.user_id) == getattr(site.town, login).id
        held = session.exec(select(Membership).where(mine)).one()
        held.is_administrator = True
        return str(held.organisation_id)


def join_elsewhere(site: Site, login: str) -> None:
    """Let somebody work for another enterprise of another area as well."""
    place = Place(enterprise_id=site.town.far.id)
    with site.parts.write.begin() as session:
        user = session.get_one(User, getattr(site.town, login).id)
        memberships.join(session, place, user, Granted(Role.ENTERPRISE_WORKER))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """Serve on either database: on one of them row policies hide what is not the caller's."""
    is_sqlite = request.param == "sqlite"
    changes = {} if is_sqlite else {"database_url": request.getfixturevalue("postgres_url")}
    with open_site(site_settings(tmp_path, **changes)) as site:
        yield site


def test_each_sees_whom_they_manage(site: Site) -> None:
    """An officer their enterprise, the centre its area's, an administrator the organisation too; nobody else anybody."""
    mine = ["officer", "second_worker", "worker"]
    assert sorted(logins(site, "officer")) == mine
    assert sorted(logins(site, "centre")) == sorted([*mine, "stranger"])
    assert [logins(site, who) for who in ("worker", "expert", "insurer", "government")] == [[]] * 4
    organisation = make_administrator(site, "centre")
    assert {"expert", "centre"} <= set(logins(site, "centre"))
    here = {"organisation_id": organisation}
    assert logins(site, "centre", **here) == ["centre", "expert"]
    assert logins(site, "centre", enterprise_id=str(site.town.other.id)) == ["stranger"]
    for path in ("/v1/members", "/v1/invitations"):
        mine_asked = {"enterprise_id": str(site.town.mine.id)}
        assert site.get("stranger", path, params=mine_asked).status_code == 404
        assert site.get("worker", path, params=mine_asked).status_code == 403
        assert site.get("stranger", path, params=here).status_code == 404
        assert site.get("expert", path, params=here).status_code == 403


def test_people_are_found_by_name_login_place_role_and_standing(site: Site) -> None:
    """Every word must be there, in any of the three; a wildcard is a sign like others."""
    assert logins(site, "centre", q="SECOND worker") == ["second_worker"]
    assert logins(site, "centre", q=f"{site.town.other.name} strang") == ["stranger"]
    assert logins(site, "centre", q="%") == []
    assert logins(site, "officer", role="enterprise_officer") == ["officer"]
    assert set_standing(site, "officer", "worker", is_active=False).status_code == 200
    assert logins(site, "officer", is_active=False) == ["worker"]
    assert logins(site, "officer", is_active=True) == ["officer", "second_worker"]


NOBODY = "01920000-0000-7000-8000-000000000000"


def test_a_cursor_that_no_database_is_to_read_is_refused(either: Site) -> None:
    """A NUL, half a surrogate pair, no id: 422, and nothing fails."""
    for key in (
        ["a\0b", NOBODY],
        ["\ud800", NOBODY],
        ["a", "b"],
        ["a"],
        [1, NOBODY],
        ["a", NOBODY, "b"],
    ):
        cursor = urlsafe_b64encode(json.dumps(key).encode()).rstrip(b"=").decode()
        answer = either.get("officer", "/v1/members", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor"), key


def test_facts_of_an_account(either: Site) -> None:
    """Where it is, since when it was not used, whether a code guards it, and whether all of it is the reader's to manage."""
    site = either
    assert sign_in(site, "worker").status_code == 201
    join_elsewhere(site, "second_worker")
    rows = {row["login"]: row for row in people(site, "officer")}
    worker = rows["worker"]
    assert worker["enterprise"] == {"id": str(site.town.mine.id), "name": site.town.mine.name}
    assert worker["area"]["name"] == site.town.area.name
    assert worker["last_signed_in_at"] is not None
    assert rows["officer"]["last_signed_in_at"] is None
    assert not worker["has_second_factor"]
    assert {name: row["is_wholly_mine"] for name, row in rows.items()} == {
        "officer": True,
        "worker": True,
        "second_worker": False,
    }
    # Where else they work is told to nobody.
    assert str(site.town.far.id) not in str(rows)
    make_administrator(site, "centre")
    (expert,) = people(site, "centre", q="expert")
    assert [row["id"] for row in expert["stations"]] == [str(site.town.mine.id)]
    assert (expert["station_count"], expert["organisation"]["kind"]) == (1, "service_centre")


def test_suspended_person_is_out_at_once_and_comes_back(site: Site) -> None:
    """The sign-in ends and no other begins, which looks like a wrong password; restored, they sign in as before."""
    suspended = set_standing(site, "officer", "worker", is_active=False)
    assert (suspended.status_code, suspended.json()["is_active"]) == (200, False)
    assert site.get("worker", "/v1/me").status_code == 401
    refused = sign_in(site, "worker")
    assert (refused.status_code, refused.json()["code"]) == (401, "wrong_credentials")
    assert set_standing(site, "officer", "worker", is_active=True).status_code == 200
    # What was open before stays ended.
    assert site.get("worker", "/v1/me").status_code == 401
    assert sign_in(site, "worker").status_code == 201
    with site.parts.read() as session:
        named = col(AccessLog.action).in_(["member.suspend", "member.restore"])
        rows = session.exec(select(AccessLog).where(named).order_by(col(AccessLog.id))).all()
    assert [(row.action, row.detail, row.kind) for row in rows] == [
        ("member.suspend", "worker: left the site", "people"),
        ("member.restore", "worker: left the site", "people"),
    ]


def test_who_is_not_wholly_ones_own_is_not_suspended(either: Site) -> None:
    """Whoever belongs to another's place too is let go here, and goes on there; oneself and the last officer stay."""
    site = either
    join_elsewhere(site, "worker")
    refused = set_standing(site, "officer", "worker", is_active=False)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert set_standing(site, "officer", "officer", is_active=False).status_code == 409
    # The centre manages the enterprise, and would leave it with nobody who does so from within.
    assert set_standing(site, "centre", "officer", is_active=False).status_code == 409
    assert set_standing(site, "worker", "officer", is_active=False).status_code == 403
    assert set_standing(site, "stranger", "worker", is_active=False).status_code == 404
    path = site.own(f"/members/{site.town.worker.id}")
    headers = site.headers("officer") | ANYHOW
    assert site.client.delete(path, headers=headers).status_code == 204
    assert sign_in(site, "worker").status_code == 201


def test_expert_of_the_centre_is_suspended_by_its_administrator(either: Site) -> None:
    """An organisation's people as an enterprise's; where the person is stationed hinders nobody."""
    site = either
    organisation = make_administrator(site, "centre")
    path = f"/v1/organisations/{organisation}/members/{site.town.expert.id}/standing"
    body = {"is_active": False}
    assert site.client.put(path, json=body, headers=site.headers("centre")).status_code == 428
    headers = site.headers("centre") | ANYHOW
    assert site.client.put(path, json=body, headers=headers).status_code == 200
    assert site.get("expert", "/v1/me").status_code == 401
    own = f"/v1/organisations/{organisation}/members/{site.town.centre.id}/standing"
    assert site.client.put(own, json=body, headers=headers).status_code == 409


def test_second_factor_is_taken_away_by_a_keeper(site: Site) -> None:
    """With the keeper's own password; the person signs in by theirs alone, is told, and everything open is ended."""
    begun = site.post("worker", "/v1/me/second-factor", {"password": PASSWORD}).json()
    code = {"code": pyotp.TOTP(begun["secret"]).now()}
    on = site.client.put("/v1/me/second-factor", json=code, headers=site.headers("worker"))
    assert on.status_code == 200
    assert sign_in(site, "worker").json()["code"] == "code_required"
    assert [row["login"] for row in people(site, "officer") if row["has_second_factor"]] == [
        "worker"
    ]
    path = site.own(f"/members/{site.town.worker.id}/second-factor/removal")
    wrong = site.post("officer", path, {"password": "a guess of somebody"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_credentials")
    assert site.post("expert", path, {"password": PASSWORD}).status_code == 403
    stale = site.post("officer", path, {"password": PASSWORD}, **{"If-Match": '"0000"'})
    assert stale.status_code == 412
    assert site.post("officer", path, {"password": PASSWORD}).status_code == 204
    assert site.get("worker", "/v1/me").status_code == 401
    token = sign_in(site, "worker").json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    told = site.client.get("/v1/notices", headers=headers).json()["items"]
    assert told[0]["facts"] == {"what": "second_factor_by_keeper", "by": "Officer"}
    again = site.post("officer", path, {"password": PASSWORD})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


def test_open_invitations_of_all_places(site: Site) -> None:
    """Each with its place and whom it is for; the link comes with its picture, once, and a contact that is none is refused."""
    body = {"name": "新人", "role": "enterprise_worker", "contact": "+86 138 0000-0000"}
    made = site.post("centre", site.own("/invitations"), body)
    assert made.status_code == 201, made.text
    assert made.json()["qr_svg"].startswith("data:image/svg+xml")
    assert made.json()["contact"] == "13800000000"
    organisation = make_administrator(site, "centre")
    expert = {"name": "专家", "role": "expert"}
    path = f"/v1/organisations/{organisation}/invitations"
    assert site.post("centre", path, expert).status_code == 201
    first, second = site.get("centre", "/v1/invitations").json()["items"]
    assert (first["name"], first["organisation"]["id"]) == ("专家", organisation)
    assert second["enterprise"]["name"] == site.town.mine.name
    assert (second["contact"], "link" in second) == ("13800000000", False)
    (seen,) = site.get("officer", "/v1/invitations").json()["items"]
    assert seen == second
    nonsense = site.post("centre", site.own("/invitations"), body | {"contact": "by the gate"})
    assert (nonsense.status_code, nonsense.json()["code"]) == (422, "invalid_input")


def test_experts_are_found_by_name(site: Site) -> None:
    """The list to station from is searched as well."""
    with site.parts.write.begin() as session:
        other = areas.add_user(session, "li-an", "李安", "x")
        held = session.exec(
            select(Membership).where(col(Membership.user_id) == site.town.expert.id)
        ).one()
        place = Place(organisation_id=held.organisation_id)
        memberships.join(session, place, other, Granted(Role.EXPERT))
    found = site.get("centre", site.own("/experts"), params={"q": "李 LI"}).json()["items"]
    assert [row["login"] for row in found] == ["li-an"]
