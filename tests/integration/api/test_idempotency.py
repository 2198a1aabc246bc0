"""A POST that is sent again with its key is answered again and done once: everywhere, at once, after a crash."""

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from httpx2 import Response
from sqlmodel import func, select

from api.app import ROUTERS, create_app
from api.deps import writing, writing_beyond
from api.idempotency import KEPT, KEY_HEADER, LONGEST_KEY, REPLAYED_HEADER, forget_expired
from api.openapi import openapi_document
from api.routing import ApiRoute
from api.settings import Settings
from inspection.tables import Device, Inspection, KeyedAnswer, PersonalToken
from inspection.wire import utc_now
from tests.builders import jpeg
from tests.dying_server import AFTER, Delivery, dies_at
from tests.integration.api.conftest import site_settings
from tests.integration.api.route_statuses import CALLERS, STATUSES
from tests.integration.api.test_tenants import BODIES
from tests.integration.api.test_tenants import things as things
from tests.sites import PASSWORD, Site, open_site

# They store nothing: each answer is new, and so is the answer to a retry.
READ_ONLY = {"viewInvitation", "askStanding", "checkErasure", "estimatePassword"}
# What would be stored of a password could be guessed at. Each is safe to repeat: a second sign-in ends like any other, a
# second secret or set of codes takes the first one's place, what was removed stays so, an account that was made can sign in, and a link counts once.
WITH_PASSWORD = {
    "signIn",
    "acceptInvitation",
    "beginSecondFactor",
    "removeSecondFactor",
    "renewRecoveryCodes",
    "signOutEverywhere",
    "endSignIn",
    "estimatePassword",
    "linkIdentity",
    "usePasswordLink",
    "resetEnterpriseMemberSecondFactor",
    "resetOrganisationMemberSecondFactor",
}
WITH_SECRET = {
    "createPersonalToken",
    "createEnrolmentCode",
    "enrolDevice",
    "inviteToEnterprise",
    "inviteToOrganisation",
    "addEnterpriseWebhook",
    "addOrganisationWebhook",
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Set up one site for all that does not count rows."""
    return site_settings(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def site(settings: Settings) -> Iterator[Site]:
    """Serve it."""
    with open_site(settings) as site:
        yield site


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def own_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Set up either database, for one test."""
    is_sqlite = request.param == "sqlite"
    changes = {} if is_sqlite else {"database_url": request.getfixturevalue("postgres_url")}
    return site_settings(tmp_path, **changes)


@pytest.fixture
def own_site(own_settings: Settings) -> Iterator[Site]:
    """Serve it."""
    with open_site(own_settings) as site:
        yield site


def posts() -> dict[str, ApiRoute]:
    """Return every POST of the app by its operation id."""
    found = [route for router in ROUTERS for route in router.routes]
    assert all(isinstance(route, ApiRoute) for route in found)
    return {
        str(route.operation_id): route
        for route in found
        if isinstance(route, ApiRoute) and "POST" in (route.methods or ())
    }


def needs(route: APIRoute) -> set[Any]:
    """Return everything that a route depends on."""
    found, waiting = set(), [route.dependant]
    while waiting:
        dependant = waiting.pop()
        found.add(dependant.call)
        waiting.extend(dependant.dependencies)
    return found


def start(site: Site, key: str, who: str = "expert", **body: Any) -> Response:
    """Start an inspection under a key."""
    return site.post(who, site.own("/inspections"), {"place": "gate"} | body, **{KEY_HEADER: key})


def is_replay(answer: Response) -> bool:
    """Return whether an answer says that nothing was done."""
    return answer.headers.get(REPLAYED_HEADER) == "true"


def inspections(site: Site) -> int:
    """Return how many inspections there are."""
    with site.parts.read() as session:
        return session.exec(select(func.count()).select_from(Inspection)).one()


def test_every_post_of_the_document_takes_a_key() -> None:
    """The document says so of each, and of nothing else; each has the refusals that a key brings."""
    document = openapi_document(create_app(Settings(_env_file=None)))
    taking = set()
    for methods in document["paths"].values():
        for method, operation in methods.items():
            named = {each.get("name") for each in operation.get("parameters", ())}
            if KEY_HEADER in named:
                assert method == "post"
                assert {"400", "409", "422"} <= set(operation["responses"])
                taking.add(operation["operationId"])
    assert taking == set(posts())


@pytest.mark.parametrize("operation", posts())
def test_every_post_works_in_the_transaction_that_holds_its_key(operation: str) -> None:
    """There is no other way to write: a route without the request's session is in one of the two short lists."""
    route = posts()[operation]
    is_keyed = bool({writing, writing_beyond} & needs(route))
    assert is_keyed != (operation in READ_ONLY | WITH_PASSWORD)
    assert route.takes_password == (operation in WITH_PASSWORD)
    if not route.takes_password:
        assert route.tells_secret == (operation in WITH_SECRET)


# A request to pause is either decided or withdrawn; the other one finds nothing to do in the same world.
EITHER = {"withdrawHold"}
DOABLE = [
    (operation, CALLERS[next(at for at, status in enumerate(STATUSES[operation]) if status < 300)])
    for operation in sorted(set(posts()) - EITHER)
    if any(status < 300 for status in STATUSES[operation])
]


@pytest.mark.parametrize(("operation", "who"), DOABLE)
def test_each_post_is_answered_alike_and_done_once(
    site: Site, things: dict[str, str], operation: str, who: str
) -> None:
    """The second answer is the first one, to the byte, and is marked; a route that only reads just answers again."""
    route = posts()[operation]
    path = "/v1" + route.path.format(**things)
    first, second = (
        site.post(who, path, BODIES.get(operation), **{KEY_HEADER: f"{operation}-1"})
        for _ in range(2)
    )
    assert first.is_success, first.text
    assert not is_replay(first)
    assert (second.status_code, is_replay(second)) == (
        first.status_code,
        operation not in READ_ONLY,
    )
    if operation not in READ_ONLY:
        assert second.content == first.content
        mine = dict(first.headers) | {REPLAYED_HEADER.lower(): "true"}
        assert dict(second.headers) == mine


def test_a_key_belongs_to_one_request(site: Site) -> None:
    """With another body, or for another address, it is refused and nothing is done."""
    assert start(site, "one").status_code == 201
    before = inspections(site)
    other_body = start(site, "one", place="roof")
    other_route = site.post("expert", site.own("/enrolment-codes"), **{KEY_HEADER: "one"})
    for answer in (other_body, other_route):
        assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")
    assert inspections(site) == before
    # Written as a structured field, it is the same key.
    assert is_replay(start(site, '"one"'))


def test_a_key_belongs_to_one_person(site: Site) -> None:
    """Another person's request under the same key is theirs: done, and answered with their own."""
    mine, theirs = start(site, "shared"), start(site, "shared", who="officer")
    assert theirs.status_code == 201
    assert not is_replay(theirs)
    assert theirs.json()["id"] != mine.json()["id"]
    foreign = start(site, "shared", who="stranger")
    assert (foreign.status_code, is_replay(foreign)) == (404, False)


def test_whoever_may_not_see_the_enterprise_any_more_is_told_nothing(own_site: Site) -> None:
    """The caller's scope is asked before the key: a withdrawn expert's retry is a stranger's."""
    assert start(own_site, "gone").status_code == 201
    expert = own_site.own(f"/experts/{own_site.town.expert.id}")
    centre = own_site.headers("centre") | {"If-Match": "*"}
    withdrawn = own_site.client.delete(expert, headers=centre)
    assert withdrawn.status_code == 204
    retry = start(own_site, "gone")
    assert (retry.status_code, retry.json()["code"]) == (404, "not_found")


def test_what_was_refused_may_be_tried_again(site: Site, things: dict[str, str]) -> None:
    """A refusal changed nothing and takes no key: the next try under it does the work."""
    photo = {"evidence_sha256": "ab" * 32}
    path = site.own(f"/inspections/{things['inspection_id']}/photos")
    refused = site.post("expert", path, photo, **{KEY_HEADER: "again"})
    assert (refused.status_code, refused.json()["code"]) == (422, "evidence_missing")
    photo["evidence_sha256"] = site.put_evidence("expert", jpeg(11))
    assert site.post("expert", path, photo, **{KEY_HEADER: "again"}).status_code == 202


@pytest.mark.parametrize("key", ["", "k" * (LONGEST_KEY + 1), "schlüssel".encode("latin-1")])
def test_a_malformed_key_is_refused(site: Site, key: str | bytes) -> None:
    """One string of 1 to 255 printable ASCII characters, and nothing else."""
    headers = {**site.headers("expert"), KEY_HEADER: key}
    answer = site.client.post(site.own("/inspections"), json={"place": "gate"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_header")


def test_two_keys_are_none(site: Site) -> None:
    """Which of them counts is not guessed."""
    headers = [*site.headers("expert").items(), (KEY_HEADER, "a"), (KEY_HEADER, "b")]
    answer = site.client.post(site.own("/inspections"), json={"place": "gate"}, headers=headers)
    assert answer.status_code == 400


def test_requests_at_once_under_one_key_are_one(own_site: Site) -> None:
    """Of eight that arrive together one does the work, the others wait for its answer."""
    before = inspections(own_site)
    with ThreadPoolExecutor(8) as pool:
        tries = [pool.submit(start, own_site, "at-once") for _ in range(8)]
        answers = [each.result() for each in tries]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sorted(map(is_replay, answers)) == [False] + [True] * 7
    assert inspections(own_site) == before + 1


@pytest.mark.slow
def test_a_server_killed_at_any_statement_leaves_work_and_answer_or_neither(
    own_site: Site, own_settings: Settings
) -> None:
    """At each moment: the next try under the same key gets the one inspection, whether or not it was there already."""
    path, seen = own_site.own("/inspections"), []
    for moment in itertools.count():
        before, key = inspections(own_site), f"moment-{moment}"
        token = own_site.tokens["expert"]
        name = dies_at(own_settings, Delivery(token, {"place": "gate"}, path, key), moment)
        is_done = inspections(own_site) > before
        retry = start(own_site, key)
        assert (retry.status_code, is_replay(retry)) == (201, is_done), name
        assert inspections(own_site) == before + 1, name
        if name is None:
            break
        seen.append((name, is_done))
    assert [name for name, _ in seen].count("INSERT INTO keyed_answer") == 1
    # Done but not answered: only after the last commit.
    assert seen[-1] == (AFTER, True)
    assert [name for name, is_done in seen if is_done] == [AFTER]


def everything_stored(site: Site) -> bytes:
    """Return what the database's files hold."""
    folder = site.parts.settings.data_dir
    return b"".join(file.read_bytes() for file in folder.glob("anxun.db*"))


def test_no_answer_lies_readable_in_the_database(own_site: Site) -> None:
    """Neither the secret nor the text of an answer; the key neither. The files do hold what is stored as it is."""
    if own_site.parts.engine.dialect.name != "sqlite":
        pytest.skip("reads the files of SQLite")
    key, body = "no-plain-text-of-this", {"name": "script", "scopes": ["read"], "days": 1}
    token = own_site.post("expert", "/v1/me/tokens", body, **{KEY_HEADER: key}).json()["token"]
    stored = everything_stored(own_site)
    assert b"script" in stored
    for secret in (token, key):
        assert secret.encode() not in stored


def test_a_secret_is_told_again_to_the_sign_in_that_asked_alone(own_site: Site) -> None:
    """The same sign-in gets it again; another one of the same person learns that it was done."""
    body = {"name": "script", "scopes": ["read"], "days": 1}
    made = own_site.post("expert", "/v1/me/tokens", body, **{KEY_HEADER: "secret"})
    again = own_site.post("expert", "/v1/me/tokens", body, **{KEY_HEADER: "secret"})
    assert again.json()["token"] == made.json()["token"]
    own_site.client.cookies.clear()
    credentials = {"login": "expert", "password": PASSWORD}
    entered = own_site.client.post("/v1/sessions", json=credentials).json()["token"]
    own_site.client.cookies.clear()
    headers = {"Authorization": f"Bearer {entered}", KEY_HEADER: "secret"}
    elsewhere = own_site.client.post("/v1/me/tokens", json=body, headers=headers)
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (409, "answer_not_kept")
    with own_site.parts.read() as session:
        assert session.exec(select(func.count()).select_from(PersonalToken)).one() == 1


def test_a_device_that_lost_its_token_on_the_way_gets_it_again(own_site: Site) -> None:
    """The code is used up, but code and key together open the answer; the code alone does not."""
    code = own_site.post("officer", own_site.own("/enrolment-codes")).json()["code"]
    body = {"code": code, "name": "new box"}
    first, again = (
        own_site.client.post("/v1/devices", json=body, headers={KEY_HEADER: "box-1"})
        for _ in range(2)
    )
    assert again.json() == first.json()
    other = own_site.client.post("/v1/devices", json=body, headers={KEY_HEADER: "box-2"})
    assert (other.status_code, other.json()["code"]) == (401, "enrolment_code_refused")
    # Somebody else under the same key, with another code, meets nothing of it.
    wrong = own_site.client.post(
        "/v1/devices", json=body | {"code": "2222-2222-2222"}, headers={KEY_HEADER: "box-1"}
    )
    assert wrong.status_code == 401
    with own_site.parts.read() as session:
        named = select(func.count()).select_from(Device).where(Device.name == "new box")
        assert session.exec(named).one() == 1


def test_a_key_counts_for_a_day(own_site: Site) -> None:
    """Then its row is deleted, and the same request is a new one; one that nobody deleted yet is passed over."""
    assert start(own_site, "old").status_code == 201
    with own_site.parts.write.begin() as session:
        assert forget_expired(session, utc_now()) == 0
        row = session.exec(select(KeyedAnswer)).one()
        assert row.expires_at - row.answered_at == KEPT == timedelta(hours=24)
        row.answered_at -= KEPT
        row.expires_at -= KEPT
    assert not is_replay(start(own_site, "old"))
    assert is_replay(start(own_site, "old"))
    with own_site.parts.write.begin() as session:
        assert forget_expired(session, utc_now() + KEPT) == 1
    assert not is_replay(start(own_site, "old"))


def test_the_keeper_forgets(own_site: Site) -> None:
    """What the server does by itself once an hour includes it."""
    assert start(own_site, "kept").status_code == 201
    with own_site.parts.write.begin() as session:
        session.exec(select(KeyedAnswer)).one().expires_at -= KEPT
    own_site.parts.keeper._remind_at = 0.0
    own_site.parts.keeper.run_once()
    with own_site.parts.read() as session:
        assert session.exec(select(KeyedAnswer)).all() == []
