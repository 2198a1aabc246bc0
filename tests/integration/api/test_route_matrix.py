"""Denied by default: every route of the OpenAPI document × everyone who may call it, each with its status."""

from collections.abc import Iterator
from functools import cache

import pytest
from fastapi import FastAPI, Request
from httpx2 import Response
from sqlmodel import Session, col, select

from api.auth import open_session
from api.deps import AppParts, seen_by_caller, writing, writing_beyond
from api.openapi import openapi_document
from inspection import areas
from inspection.tables import Membership, Organisation, Role
from inspection.wire import utc_now
from tests.integration.api.conftest import site_settings
from tests.integration.api.route_statuses import (
    ADMINISTRATOR,
    CALLERS,
    ORGANISATION_CALLERS,
    ORGANISATION_STATUSES,
    STATUSES,
)
from tests.integration.api.test_tenants import BODIES, OPEN, QUERIES
from tests.integration.api.test_tenants import things as things
from tests.sites import PASSWORD, Site, open_site

ROLES = ("expert", "officer", "worker", "centre", "government", "insurer")
FOREIGN = ("stranger", "other_device")
REVOKED = ("revoked", "revoked_device")
# Of people, as a value of JSON.
NAMES = ('"Officer"', '"Worker"')
# Whoever holds a report's number may learn whose ledger it is of, and nothing else.
TOLD_TO_ANYONE = {"checkReport": "enterprise_id"}
# Ids in the world that are nobody's.
UNUSED = ("sign_in_id", "organisation_id", "invitation_id", "token_id", "witness_id")


def undone(request: Request, parts: AppParts) -> Iterator[Session]:
    """Open a session as a route has it, and take all of it back, so that every cell finds the same world."""
    with parts.write(info=seen_by_caller(request)) as session:
        yield session
        session.flush()
        session.rollback()


def undone_beyond(parts: AppParts) -> Iterator[Session]:
    """Take back what somebody without a sign-in changes."""
    with parts.write() as session:
        yield session
        session.flush()
        session.rollback()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve one site for all cells."""
    with open_site(site_settings(tmp_path_factory.mktemp("site"))) as site:
        yield site


@pytest.fixture(scope="module")
def world(site: Site, things: dict[str, str]) -> dict[str, str]:
    """Return the things of the town's enterprise in a site in which nothing is committed from here on.

    Two tokens end first: one of a person who signed out, one of a device that was revoked.
    """
    revoke_two(site)
    for who, role in (("keeper", Role.SERVICE_CENTRE), ("insurer_keeper", Role.INSURER)):
        add_administrator(site, who, role)
    app = site.client.app
    assert isinstance(app, FastAPI)
    app.dependency_overrides |= {writing: undone, writing_beyond: undone_beyond}
    return things


@cache
def operations() -> dict[str, tuple[str, str]]:
    """Return method and path of every operation of the document."""
    from api.app import create_app
    from api.settings import Settings

    document = openapi_document(create_app(Settings(_env_file=None)))
    return {
        operation["operationId"]: (method, path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def revoke_two(site: Site) -> None:
    """End a sign-in and a device, and keep their tokens as those of ``revoked`` and ``revoked_device``."""
    credentials = {"login": "second_worker", "password": PASSWORD}
    site.tokens["revoked"] = site.client.post("/v1/sessions", json=credentials).json()["token"]
    site.client.cookies.clear()
    ended = site.client.delete("/v1/sessions/current", headers=site.headers("revoked"))
    assert ended.status_code == 204
    code = site.post("officer", site.own("/enrolment-codes")).json()["code"]
    enrolled = site.client.post("/v1/devices", json={"code": code, "name": "stolen"}).json()
    site.tokens["revoked_device"] = enrolled["token"]
    device = site.own(f"/devices/{enrolled['device_id']}")
    assert site.client.delete(device, headers=site.headers("officer")).status_code == 204


def organisation_of(session: Session, role: Role) -> Organisation:
    """Return the town's organisation of a role's members."""
    member = col(Membership.role) == role
    organisation_id = session.exec(select(Membership.organisation_id).where(member)).first()
    return session.get_one(Organisation, organisation_id)


def add_administrator(site: Site, who: str, role: Role) -> None:
    """Add an administrator of a role's organisation, signed in."""
    with site.parts.write.begin() as session:
        user = areas.add_user(session, who, who.title(), "no password")
        organisation = organisation_of(session, role)
        areas.join_organisation(session, user, role, organisation, is_administrator=True)
        site.tokens[who], _ = open_session(session, user, now=utc_now(), hours=1)


def ask(site: Site, operation: str, who: str, ids: dict[str, str]) -> Response:
    """Send a well-formed request of somebody about these things."""
    method, path = operations()[operation]
    site.client.cookies.clear()
    return site.client.request(
        method,
        path.format(**ids),
        json=BODIES.get(operation),
        params=QUERIES.get(operation),
        content=None if operation in BODIES or method != "put" else b"x",
        headers={"If-Match": "*"} | (site.headers(who) if who in site.tokens else {}),
    )


def status_of(site: Site, operation: str, who: str, world: dict[str, str]) -> int:
    """Return the status of somebody who asks for a thing of the town's enterprise.

    Raises `AssertionError` when another enterprise's answer names anything of the town's that was not asked for.
    """
    answer = ask(site, operation, who, world)
    if who in FOREIGN:
        known = str(answer.request.url) + str(BODIES.get(operation))
        known += world.get(TOLD_TO_ANYONE.get(operation, ""), "")
        seen = answer.content.decode(errors="replace") + str(answer.headers)
        told = [secret for secret in secrets_of(site, world) if secret in seen]
        assert [secret for secret in told if secret not in known] == []
    return int(answer.status_code)


def test_every_route_has_a_row() -> None:
    """A route that nobody has decided about fails, and so does a row without a route."""
    assert set(STATUSES) == set(operations())


@pytest.mark.slow
@pytest.mark.parametrize("operation", STATUSES)
def test_each_caller_has_its_status(site: Site, world: dict[str, str], operation: str) -> None:
    """Roles have what they may of their own enterprise, others nothing; no answer to them holds a foreign byte."""
    expected = dict(zip(CALLERS, STATUSES[operation], strict=True))
    assert {who: status_of(site, operation, who, world) for who in CALLERS} == expected


@pytest.mark.slow
@pytest.mark.parametrize("operation", STATUSES)
def test_an_administrator_has_what_their_role_has(
    site: Site, world: dict[str, str], operation: str
) -> None:
    """To manage an organisation's people opens nothing of an enterprise, and no other organisation."""
    as_member = STATUSES[operation][CALLERS.index("centre")]
    expected = ADMINISTRATOR.get(operation, as_member)
    assert ask(site, operation, "keeper", world).status_code == expected


@pytest.mark.slow
@pytest.mark.parametrize("operation", ORGANISATION_STATUSES)
def test_of_an_organisation_its_administrator_alone_has_it(
    site: Site, world: dict[str, str], operation: str
) -> None:
    """Not its other members, not another one's administrator, and who is told of nothing reads no name of it."""
    with site.parts.read() as session:
        organisation = organisation_of(session, Role.SERVICE_CENTRE)
    about = {"organisation_id": str(organisation.id), "user_id": str(site.town.centre.id)}
    answers = {who: ask(site, operation, who, world | about) for who in ORGANISATION_CALLERS}
    expected = dict(zip(ORGANISATION_CALLERS, ORGANISATION_STATUSES[operation], strict=True))
    assert {who: answer.status_code for who, answer in answers.items()} == expected
    for who, answer in answers.items():
        assert who in {"keeper", "centre", "expert"} or "Centre" not in answer.text


def test_every_route_of_an_organisation_has_a_row() -> None:
    """As above, for the table of organisations."""
    named = {name for name, (_, path) in operations().items() if "{organisation_id}" in path}
    assert set(ORGANISATION_STATUSES) == named


@pytest.mark.slow
@pytest.mark.parametrize("operation", sorted(set(STATUSES) - OPEN))
def test_revoked_is_nobody(site: Site, world: dict[str, str], operation: str) -> None:
    """An ended sign-in and a revoked device get 401, as without a token, on every route that asks for one."""
    assert {ask(site, operation, who, world).status_code for who in REVOKED} == {401}


@pytest.mark.slow
@pytest.mark.parametrize("operation", STATUSES)
def test_every_role_is_foreign_out_of_scope(
    site: Site, world: dict[str, str], operation: str
) -> None:
    """An enterprise of another area, without this insurer and this expert, does not exist for any role."""
    if "{enterprise_id}" not in operations()[operation][1]:
        # It names no enterprise: what it finds is the scope's, and the row above has what others' ids get.
        return
    far = world | {"enterprise_id": str(site.town.far.id)}
    assert {ask(site, operation, who, far).status_code for who in ROLES} == {404}


def secrets_of(site: Site, world: dict[str, str]) -> list[str]:
    """Return ids and texts that belong to the town's enterprise alone."""
    shared = {"area_id", "index", "section", "version", "import_kind", *UNUSED}
    ids = [value for name, value in world.items() if name not in shared]
    people = [str(getattr(site.town, who).id) for who in ("expert", "officer", "worker", "device")]
    return [*ids, *people, site.town.mine.name, site.town.mine.credit_code, *NAMES]


def test_what_is_looked_for_is_there(site: Site, world: dict[str, str]) -> None:
    """The owner's own answers do hold what must not be in a stranger's: the search above can find."""
    assert world["finding_id"] in ask(site, "getFinding", "officer", world).text
    assert site.town.mine.name in ask(site, "getEnterprise", "officer", world).text
    people = ask(site, "listEnterpriseMembers", "officer", world).text
    assert [name for name in NAMES if name in people] == list(NAMES)
