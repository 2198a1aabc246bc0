"""Every list has pages: a cursor names the last row seen, so that none is skipped or told twice."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from api.app import create_app
from api.auth import open_session
from api.openapi import openapi_document
from api.settings import Settings
from inspection.areas import add_user
from inspection.memberships import Granted, Place, join
from inspection.tables import Role, User
from inspection.wire import utc_now
from tests.integration.api.conftest import site_settings
from tests.sites import Site, open_site

CATALOGUE = "a catalogue of the release: it grows with the program, not with use"
ONE_THING = "the parts of one thing, read with it"
SUMS = "sums, a row a group of a fixed kind"
# Every answer with a list that has no pages, and what bounds it.
BOUNDED: Mapping[str, str] = {
    "getMe": "the caller's own roles and enterprises, which every page of the app needs whole",
    "getHealth": CATALOGUE,
    "listHazardTypes": CATALOGUE,
    "listDecisionChoices": CATALOGUE,
    "listLedgerSections": CATALOGUE,
    "listHoldReasons": CATALOGUE,
    "listErasureReasons": CATALOGUE,
    "listSectionDefinitions": CATALOGUE,
    "listSections": "28 sections",
    "getRetention": "28 sections, and what waits to be deleted",
    "getFinding": ONE_THING,
    "getInspection": ONE_THING,
    "draftInspectionRecord": ONE_THING,
    "listInspectionRecords": "the records of one inspection",
    "getItem": "the newest 100 sightings; the rest by `listFindings` with `item_id`",
    "getTicket": ONE_THING,
    "getReport": ONE_THING,
    "getBox": "the days of one box, 31 at most",
    "getErasure": ONE_THING,
    "getEntryRetention": ONE_THING,
    "getRecord": ONE_THING,
    "getVouching": "the keys that ever signed one ledger",
    "getEntryProof": "hashes, as many as a tree is high",
    "getConsistency": "hashes, as many as a tree is high",
    "getNoticeSettings": "one's own settings",
    "listWebhooks": "a place has only so many: `MAX_ENDPOINTS`",
    "listPrecision": SUMS,
    "countEntries": SUMS,
}


def lists() -> dict[str, tuple[str, set[str], list[str]]]:
    """Return path, query parameters and lists of every JSON answer to a GET that has a list, by operation id."""
    document = openapi_document(create_app(Settings(_env_file=None)))
    shapes, found = document["components"]["schemas"], {}
    for path, methods in document["paths"].items():
        operation = methods.get("get")
        content = operation and operation["responses"]["200"].get("content", {})
        shape = (content or {}).get("application/json", {}).get("schema", {})
        shape = shapes[shape["$ref"].split("/")[-1]] if "$ref" in shape else shape
        fields = shape.get("properties", {}).items()
        arrays = [name for name, each in fields if each.get("type") == "array"]
        if shape.get("type") == "array":
            arrays.append("")
        if arrays:
            named = {each["name"] for each in operation.get("parameters", ())}
            found[operation["operationId"]] = (path, named, arrays)
    return found


LISTS = lists()
PAGED = sorted(set(LISTS) - set(BOUNDED))


def test_every_list_has_pages_or_says_why_not() -> None:
    """Whoever adds a list decides: cursor and limit, or a row with what bounds it."""
    paged = {name for name, (_, named, _) in LISTS.items() if {"cursor", "limit"} <= named}
    assert paged == set(PAGED)
    assert set(BOUNDED) <= set(LISTS)
    for name in PAGED:
        assert LISTS[name][2] == ["items"], f"{name} is no page"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve a site with some of everything that is listed."""
    with open_site(site_settings(tmp_path_factory.mktemp("site"))) as site:
        place = Place(enterprise_id=site.town.mine.id)
        with site.parts.write.begin() as session:
            for number in range(4):
                # Two have the same name: the order still is one.
                user = add_user(session, f"worker-{number}", f"人{number // 2}", "x")
                join(session, place, user, Granted(Role.ENTERPRISE_WORKER))
            expert = session.merge(site.town.expert)
            for _ in range(3):
                open_session(session, session.get_one(User, expert.id), now=utc_now(), hours=1)
        for number in range(4):
            body = {"name": f"n{number}", "role": "enterprise_worker"}
            assert site.post("officer", site.own("/invitations"), body).status_code == 201
            assert site.post("officer", site.own("/holds"), {"reason": "x"}).status_code == 201
            code = site.post("officer", site.own("/enrolment-codes")).json()["code"]
            site.client.post("/v1/devices", json={"code": code, "name": f"box {number}"})
            token = {"name": f"t{number}", "scopes": ["read"], "days": 1}
            assert site.post("expert", "/v1/me/tokens", token).status_code == 201
            text = f"[[cameras]]\nname = 'c{number}'\nsource = '0'\n"
            path = site.own(f"/devices/{site.town.device.id}/configurations")
            made = site.post("officer", path, {"text": text, "based_on": number})
            assert made.status_code == 201, made.text
        yield site


READ = [
    ("listEnterpriseMembers", "officer", {"id"}),
    ("listEnterpriseInvitations", "officer", {"id"}),
    ("listKeptMembers", "centre", {"membership_id"}),
    ("listKeptInvitations", "centre", {"id"}),
    ("listPeople", "officer", {"id"}),
    ("listExperts", "centre", {"id"}),
    ("listDevices", "officer", {"id"}),
    ("listConfigurations", "officer", {"version"}),
    ("listHolds", "officer", {"id"}),
    ("listPersonalTokens", "expert", {"id"}),
    ("listSignIns", "expert", {"id"}),
    ("listOrganisations", "centre", {"id"}),
    ("listAreas", "government", {"area"}),
    ("listModels", "officer", {"sha256"}),
    ("listDuties", "officer", {"section", "period", "record_id"}),
]


def rows_of(site: Site, name: str, who: str, **query: Any) -> dict[str, Any]:
    """Return a page."""
    ids = {"enterprise_id": site.town.mine.id, "device_id": site.town.device.id}
    answer = site.get(who, LISTS[name][0].format(**ids), params=query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


@pytest.mark.parametrize(("name", "who", "key"), READ)
def test_pages_hold_each_row_once_in_one_order(
    site: Site, name: str, who: str, key: set[str]
) -> None:
    """Read two at a time it is the list that is read at once; the last page says that it is the last."""
    whole = rows_of(site, name, who, limit=200)
    assert whole["next_cursor"] is None
    pages, cursor = [], None
    while True:
        page = rows_of(site, name, who, limit=2, **({"cursor": cursor} if cursor else {}))
        assert len(page["items"]) <= 2
        pages.extend(page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert pages == whole["items"]
    keys = [tuple(str(row[part]) for part in sorted(key)) for row in pages]
    assert len(set(keys)) == len(keys)


def test_what_comes_in_between_hides_nothing(site: Site) -> None:
    """Somebody whose name stands before the cursor joins: the next page is what it would have been."""
    first = rows_of(site, "listEnterpriseMembers", "officer", limit=2)
    rest = rows_of(site, "listEnterpriseMembers", "officer", limit=200, cursor=first["next_cursor"])
    with site.parts.write.begin() as session:
        user = add_user(session, "early", "A", "x")
        join(session, Place(enterprise_id=site.town.mine.id), user, Granted(Role.ENTERPRISE_WORKER))
    again = rows_of(
        site, "listEnterpriseMembers", "officer", limit=200, cursor=first["next_cursor"]
    )
    assert again["items"] == rest["items"]


@pytest.mark.parametrize(("name", "who", "key"), READ)
@pytest.mark.parametrize(
    "cursor", ["x", "!", "e30", "WzFd", "W251bGxd", "WyJhIl0", "WzEsMiwzLDQsNV0"]
)
def test_a_cursor_that_no_list_gave_is_refused(
    site: Site, name: str, who: str, key: set[str], cursor: str
) -> None:
    """Malformed, or of another list: 422, never a failure. Of the same form, it just stands somewhere in the list."""
    ids = {"enterprise_id": site.town.mine.id, "device_id": site.town.device.id}
    answer = site.get(who, LISTS[name][0].format(**ids), params={"cursor": cursor})
    assert answer.status_code in {200, 422}, key
    if cursor in {"x", "!", "e30", "W251bGxd"}:
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")
