"""Invitations by link, members of enterprises and organisations, stationed experts."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select, update

from inspection import areas
from inspection.tables import (
    AccessLog,
    Invitation,
    Membership,
    Organisation,
    OrganisationKind,
    Role,
    User,
)
from inspection.wire import utc_now
from tests.sites import Site

NEW = "quiet orange ladder seventeen"
# Alone at work, whatever the state is.
ANYHOW = {"If-Match": "*"}


def invite(site: Site, who: str = "officer", **changes: Any) -> str:
    """Invite somebody to the town's enterprise; return the secret of the link."""
    body = {"name": "新人", "role": "enterprise_worker"} | changes
    answer = site.post(who, site.own("/invitations"), body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["link"]).split("#")[1]


def accept(site: Site, token: str, login: str = "newcomer", password: str = NEW) -> Any:
    """Open the link as somebody without an account."""
    site.client.cookies.clear()
    body = {"token": token, "login": login, "name": "新人", "password": password}
    return site.client.post("/v1/invitations/acceptance", json=body)


def test_invited_person_sets_a_password_and_is_in(site: Site) -> None:
    """The link says what it is to, makes the account, signs in, and counts once."""
    token = invite(site)
    seen = site.client.post("/v1/invitations/view", json={"token": token}).json()
    assert seen["place"] == site.town.mine.name
    assert seen["role"] == "enterprise_worker"
    answer = accept(site, token)
    assert answer.status_code == 201
    assert [row["id"] for row in answer.json()["user"]["enterprises"]] == [str(site.town.mine.id)]
    assert site.client.get("/v1/me").status_code == 200
    again = accept(site, token, "somebody-else")
    assert (again.status_code, again.json()["code"]) == (401, "invitation_refused")
    with site.parts.read() as session:
        assert session.exec(select(User).where(col(User.login) == "somebody-else")).first() is None
        stored = session.exec(select(Invitation.token_sha256)).one()
        actions = set(session.exec(select(AccessLog.action)))
    assert stored != token
    assert {"invitation.create", "invitation.accept"} <= actions


def test_weak_password_does_not_use_the_invitation_up(site: Site) -> None:
    """Whoever chose badly, or a login that is taken, tries again with the same link."""
    token = invite(site)
    assert accept(site, token, password="password1234").json()["code"] == "password_refused"
    assert accept(site, token, login="expert").status_code == 409
    assert accept(site, token).status_code == 201


def test_withdrawn_or_expired_invitation_is_refused(site: Site) -> None:
    """A link that was withdrawn, ran out or was never made opens nothing, and all look alike."""
    withdrawn, late = invite(site), invite(site, name="spät")
    rows = site.get("officer", site.own("/invitations")).json()["items"]
    assert [row["name"] for row in rows] == ["spät", "新人"]
    assert "link" not in rows[0]
    path = site.own(f"/invitations/{rows[1]['id']}")
    headers = site.headers("officer") | ANYHOW
    assert site.client.delete(path, headers=headers).status_code == 204
    with site.parts.write.begin() as session:
        session.exec(
            update(Invitation)
            .where(col(Invitation.name) == "spät")
            .values(expires_at=utc_now() - timedelta(seconds=1))
        )
    answers = [accept(site, token) for token in (withdrawn, late, "x" * 43)]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1


def test_person_with_an_account_joins_by_the_link(site: Site) -> None:
    """One account, two places."""
    token = invite(site)
    headers = site.headers("stranger")
    assert site.get("stranger", site.own("")).status_code == 404
    joined = site.client.post("/v1/me/invitations", json={"token": token}, headers=headers)
    assert joined.status_code == 204
    assert site.get("stranger", site.own("")).status_code == 200


@pytest.mark.parametrize("who", ["worker", "expert", "insurer", "government"])
def test_only_keepers_invite(site: Site, who: str) -> None:
    """Officers and the service centre manage an enterprise's people, nobody else."""
    body = {"name": "x", "role": "enterprise_officer"}
    assert site.post(who, site.own("/invitations"), body).status_code == 403
    assert site.get(who, site.own("/members")).status_code == 403
    assert site.get(who, site.own("/invitations")).status_code == 403


@pytest.mark.parametrize("role", ["service_centre", "government", "insurer", "expert"])
def test_nobody_is_invited_above_the_place(site: Site, role: str) -> None:
    """An officer cannot make somebody a party that sees more than the enterprise."""
    body = {"name": "x", "role": role}
    assert site.post("officer", site.own("/invitations"), body).status_code == 422
    path = site.own(f"/members/{site.town.worker.id}")
    headers = site.headers("officer") | ANYHOW
    change = site.client.put(path, json={"role": role}, headers=headers)
    assert change.status_code == 422
    body = {"name": "x", "role": "enterprise_worker", "is_administrator": True}
    assert site.post("officer", site.own("/invitations"), body).status_code == 422


def test_role_is_changed(site: Site) -> None:
    """A worker becomes an officer, at once."""
    path = site.own(f"/members/{site.town.worker.id}")
    headers = site.headers("officer") | ANYHOW
    changed = site.client.put(path, json={"role": "enterprise_officer"}, headers=headers)
    assert changed.json()["role"] == "enterprise_officer"
    assert site.get("worker", site.own("/members")).status_code == 200
    stranger = site.own(f"/members/{site.town.stranger.id}")
    gone = site.client.put(stranger, json={"role": "enterprise_officer"}, headers=headers)
    assert gone.status_code == 404


def test_member_who_leaves_is_signed_out(site: Site) -> None:
    """Who belongs nowhere any more signs in no more; what they did stays under their name."""
    path = site.own(f"/members/{site.town.worker.id}")
    headers = site.headers("officer") | ANYHOW
    assert site.client.delete(path, headers=headers).status_code == 204
    assert site.get("worker", "/v1/me").status_code == 401
    with site.parts.read() as session:
        assert not session.get_one(User, site.town.worker.id).is_active


def test_last_officer_stays(site: Site) -> None:
    """An enterprise is never left without somebody who manages its people."""
    path = site.own(f"/members/{site.town.officer.id}")
    headers = site.headers("officer") | ANYHOW
    down = site.client.put(path, json={"role": "enterprise_worker"}, headers=headers)
    assert (down.status_code, down.json()["code"]) == (409, "conflict")
    assert site.client.delete(path, headers=headers).status_code == 409
    assert site.get("officer", site.own("/members")).status_code == 200


@pytest.fixture
def bureau(site: Site) -> Organisation:
    """Put a bureau above the town's government; the government person becomes its administrator."""
    with site.parts.write.begin() as session:
        membership = session.exec(
            select(Membership).where(col(Membership.user_id) == site.town.government.id)
        ).one()
        town = session.get_one(Organisation, membership.organisation_id)
        far_area = site.town.far.area_id
        bureau = areas.add_organisation(session, OrganisationKind.GOVERNMENT, "应急管理局")
        town.parent_id = bureau.id
        areas.add_organisation(session, OrganisationKind.GOVERNMENT, "北白象", far_area, bureau.id)
        membership.organisation_id = bureau.id
        membership.is_administrator = True
    return bureau


def test_bureau_sees_its_towns(site: Site, bureau: Organisation) -> None:
    """Its scope is every enterprise of the towns below it."""
    seen = {row["id"] for row in site.get("government", "/v1/me").json()["enterprises"]}
    assert seen == {str(site.town.mine.id), str(site.town.other.id), str(site.town.far.id)}


def test_bureau_manages_its_towns_people(site: Site, bureau: Organisation) -> None:
    """Its administrator invites to a town; to a stranger the town does not exist."""
    rows = site.get("government", "/v1/organisations").json()["items"]
    assert [row["manages_people"] for row in rows] == [True, True, True]
    town = next(row for row in rows if row["parent_id"])
    path = f"/v1/organisations/{town['id']}"
    body = {"name": "镇", "role": "government", "is_administrator": True}
    made = site.post("government", f"{path}/invitations", body)
    assert made.status_code == 201
    assert site.post("stranger", f"{path}/invitations", body).status_code == 404
    assert site.get("officer", f"{path}/members").status_code == 404
    assert accept(site, made.json()["link"].split("#")[1]).status_code == 201
    assert site.client.get(f"{path}/members").json()["items"][0]["login"] == "newcomer"
    other = next(row for row in rows if row["id"] != town["id"])
    assert site.client.get(f"/v1/organisations/{other['id']}/members").status_code == 404


def test_plain_member_manages_nobody(site: Site) -> None:
    """A member who is no administrator sees the organisation, and may not invite."""
    (own,) = site.get("insurer", "/v1/organisations").json()["items"]
    assert not own["manages_people"]
    path = f"/v1/organisations/{own['id']}"
    assert site.get("insurer", f"{path}/members").status_code == 403
    body = {"name": "x", "role": "insurer"}
    assert site.post("insurer", f"{path}/invitations", body).status_code == 403


def test_towns_are_made_with_care(site: Site) -> None:
    """A town without an area would see all; an insurer has no bureau."""
    with site.parts.write() as session:
        kind = OrganisationKind.GOVERNMENT
        bureau = areas.add_organisation(session, kind, "局")
        for wrong in (
            (kind, "镇", None, bureau.id),
            (OrganisationKind.INSURER, "保险", site.town.area.id, bureau.id),
        ):
            with pytest.raises(areas.InvalidInput):
                areas.add_organisation(session, *wrong)
        with pytest.raises(areas.NotFound):
            areas.add_organisation(session, kind, "镇", site.town.area.id, site.town.mine.id)


def test_centre_stations_experts(site: Site) -> None:
    """Stationed, an expert sees the enterprise; withdrawn, it does not exist for them."""
    base = f"/v1/enterprises/{site.town.other.id}"
    expert = str(site.town.expert.id)
    centre = site.headers("centre") | ANYHOW
    assert site.get("expert", base).status_code == 404
    rows = site.get("centre", f"{base}/experts").json()["items"]
    assert [(row["id"], row["is_stationed"]) for row in rows] == [(expert, False)]
    path = f"{base}/experts/{expert}"
    assert site.client.put(path, headers=centre).status_code == 204
    assert site.get("expert", base).status_code == 200
    assert site.client.delete(path, headers=centre).status_code == 204
    assert site.get("expert", base).status_code == 404
    assert site.client.delete(path, headers=centre).status_code == 404
    no_expert = f"{base}/experts/{site.town.worker.id}"
    assert site.client.put(no_expert, headers=centre).status_code == 404
    assert site.client.put(path, headers=site.headers("stranger") | ANYHOW).status_code == 403


def test_mass_assignment_changes_nothing(site: Site) -> None:
    """Fields that a body does not have are refused, not silently taken over."""
    path = site.own(f"/members/{site.town.worker.id}")
    body = {"role": "enterprise_worker", "is_active": False, "user_id": str(site.town.expert.id)}
    answer = site.client.put(path, json=body, headers=site.headers("officer"))
    assert answer.status_code == 422
    with site.parts.read() as session:
        worker = session.get_one(User, site.town.worker.id)
        held = session.exec(select(Membership).where(col(Membership.user_id) == worker.id)).one()
    assert worker.is_active
    assert held.role is Role.ENTERPRISE_WORKER
