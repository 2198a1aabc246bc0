"""Nobody overwrites in silence: what two people could change at once needs the tag of the state that was read."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from hypothesis import given
from hypothesis import strategies as st

from api.app import create_app
from api.errors import ChangedMeanwhile, MalformedHeader, PreconditionMissing
from api.openapi import openapi_document
from api.preconditions import WhatWasRead, quoted, tag_of
from api.settings import Settings
from inspection.journal import log_id_of
from ledger.sql import SqlStore
from tests.builders import jpeg
from tests.integration.api.conftest import site_settings
from tests.sites import Site, open_site

OWN = "one's own: nobody else changes it"
ONE_WAY = "it ends once and for all: nothing of somebody else's is overwritten"
BY_HASH = "the bytes are named by their hash: there is nothing to overwrite"
BY_DEVICE = "only the device itself says it"
DECIDED_ONCE = "decided once: the second one is 409 and is told who was first"
ADDS = "adds something, and changes nothing that is there"
# Every change of an existing thing that does without, and why.
WITHOUT: Mapping[str, str] = {
    "signOut": OWN,
    "endSignIn": OWN,
    "changePassword": OWN,
    "confirmSecondFactor": OWN,
    "unlinkIdentities": OWN,
    "revokePersonalToken": ONE_WAY,
    "revokeDevice": ONE_WAY,
    "withdrawEnterpriseInvitation": ONE_WAY,
    "withdrawOrganisationInvitation": ONE_WAY,
    "putEvidence": BY_HASH,
    "putDeviceEvidence": BY_HASH,
    "addClip": BY_DEVICE,
    "reportBox": BY_DEVICE,
    "registerKey": BY_DEVICE,
    "confirmFinding": DECIDED_ONCE,
    "dismissFinding": DECIDED_ONCE,
    "approveErasure": DECIDED_ONCE,
    "rejectErasure": DECIDED_ONCE,
    "correctRecord": "its place is taken once: the second one is 409 not_standing",
    "withdrawRecord": "it is withdrawn once: the second one is 409 not_standing",
    "cancelReport": OWN,
    "setNoticeWishes": OWN,
    "removeNoticeChannel": OWN,
    "testNoticeChannel": OWN,
    "sendChannelCode": OWN,
    "confirmNoticeChannel": OWN,
    "removeWebhook": ONE_WAY,
    "testWebhook": "sends a message, and changes nothing that is there",
    "addOrganisationWebhook": ADDS,
    "readNotice": OWN,
    "readNoticesUpTo": OWN,
    "readReminder": OWN,
    "addPhoto": ADDS,
    "recordSpottedHazard": ADDS,
    "recordSpottedBeside": ADDS,
    "recordInSection": ADDS,
    "inviteToOrganisation": ADDS,
    "addCosignatures": ADDS,
    "importSheet": ADDS,
    "freezeInspectionRecord": ADDS,
    "answerInspectionRecord": DECIDED_ONCE,
    "configureBox": "the body names the version that it is based on: another one is 412",
}
# To post to these makes something new in them.
PLACES = {"{enterprise_id}"}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield method, path and description of every operation that changes something."""
    document = openapi_document(create_app(Settings(_env_file=None)))
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method not in {"get", "head"}:
                yield method, path, operation


def is_change(method: str, path: str) -> bool:
    """Return whether something that is there already is changed: all but a POST that names no thing."""
    named = {part for part in path.split("/") if part.startswith("{")}
    return method != "post" or bool(named - PLACES)


def test_every_change_heeds_if_match_or_says_why_not() -> None:
    """Whoever adds a route decides: the header, with 412 and 428, or a row with a reason."""
    guarded = set()
    for method, path, operation in operations():
        needed = [
            each
            for each in operation.get("parameters", ())
            if each["name"].lower() == "if-match" and each["required"]
        ]
        has_answers = {"412", "428"} <= set(operation["responses"])
        name = operation["operationId"]
        assert bool(needed) == has_answers, name
        if needed:
            guarded.add(name)
        else:
            assert not is_change(method, path) or name in WITHOUT, f"{name} heeds no If-Match"
    changes = {
        each["operationId"] for method, path, each in operations() if is_change(method, path)
    }
    assert set(WITHOUT) == changes - guarded
    assert {each.name for each in CHANGES} | TICKET_STEPS <= guarded


@dataclass(frozen=True)
class Change:
    """A guarded change: who makes it, of what, how its tag is read, and another change of the same thing."""

    name: str
    who: str
    method: str
    path: Callable[[Site], str]
    body: Any
    tag: Callable[[Site], str]
    # After the change, what it is changed to by somebody else; None: the same call again.
    back: Any = None

    def send(self, site: Site, if_match: str | None, body: Any = None) -> Response:
        """Make it, on a state."""
        headers = site.headers(self.who) | ({} if if_match is None else {"If-Match": if_match})
        return site.client.request(
            self.method, self.path(site), json=body or self.body, headers=headers
        )


def of_list(who: str, path: str, key: str, wanted: Callable[[Site], str]) -> Callable[[Site], str]:
    """Return what reads the tag of one row of a list."""

    def read(site: Site) -> str:
        value = wanted(site)
        rows = site.get(who, site.own(path)).json()["items"]
        return str(next(row["etag"] for row in rows if row[key] == value))

    return read


def worker(site: Site) -> str:
    """Return the id of the enterprise's worker."""
    return str(site.town.worker.id)


def other_expert(site: Site) -> str:
    """Return the id of the area's expert."""
    return str(site.town.expert.id)


def hold(site: Site) -> str:
    """Return the id of the one hold, set where there is none."""
    rows = site.get("officer", site.own("/holds")).json()["items"]
    if not rows:
        rows = [site.post("officer", site.own("/holds"), {"reason": "x"}).json()]
    return str(rows[0]["id"])


def box_tag(site: Site) -> str:
    """Return the tag of a box, which the header of its own answer has as well."""
    answer = site.get("officer", site.own(f"/devices/{site.town.device.id}/box"))
    etag: str = answer.json()["etag"]
    assert answer.headers["ETag"] == quoted(etag)
    return etag


MEMBERS = of_list("officer", "/members", "id", worker)
EXPERTS = of_list("centre", "/experts", "id", other_expert)
CHANGES = [
    Change(
        "changeEnterpriseMember",
        "officer",
        "PUT",
        lambda site: site.own(f"/members/{worker(site)}"),
        {"role": "enterprise_officer"},
        MEMBERS,
    ),
    Change(
        "removeEnterpriseMember",
        "officer",
        "DELETE",
        lambda site: site.own(f"/members/{worker(site)}"),
        None,
        MEMBERS,
    ),
    Change(
        "withdrawExpert",
        "centre",
        "DELETE",
        lambda site: site.own(f"/experts/{other_expert(site)}"),
        None,
        EXPERTS,
    ),
    Change(
        "stationExpert",
        "centre",
        "PUT",
        lambda site: site.own(f"/experts/{other_expert(site)}"),
        None,
        EXPERTS,
    ),
    Change(
        "setApplicability",
        "officer",
        "PUT",
        lambda site: site.own("/sections/L14/applicability"),
        {"applies": False, "reason": "x"},
        of_list("officer", "/sections", "code", lambda _: "L14"),
    ),
    Change(
        "liftHold",
        "officer",
        "POST",
        lambda site: site.own(f"/holds/{hold(site)}/lifting"),
        {"reason": "x"},
        of_list("officer", "/holds", "id", hold),
    ),
    Change(
        "chooseModel",
        "officer",
        "PUT",
        lambda site: site.own(f"/devices/{site.town.device.id}/model"),
        {"sha256": None},
        box_tag,
    ),
    Change(
        "setEnterpriseMemberStanding",
        "officer",
        "PUT",
        lambda site: site.own(f"/members/{worker(site)}/standing"),
        {"is_active": False},
        MEMBERS,
    ),
]
TICKET_STEPS = {
    "assignTicket",
    "startTicket",
    "submitTicket",
    "reinspectTicket",
    "fileTreatmentPlan",
    "requestPause",
    "requestExtension",
    "decideHold",
    "withdrawHold",
    "endPause",
}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """Serve on either database."""
    is_sqlite = request.param == "sqlite"
    changes = {} if is_sqlite else {"database_url": request.getfixturevalue("postgres_url")}
    with open_site(site_settings(tmp_path, **changes)) as site:
        yield site


def entries(site: Site) -> int:
    """Return the size of the enterprise's ledger."""
    with site.parts.read() as session:
        return SqlStore(session).head(log_id_of(site.town.mine.id)).size


def test_each_change_needs_the_present_tag(site: Site) -> None:
    """Without one 428, with another one 412, and nothing is written; with the tag that was read it is done."""
    for change in CHANGES:
        tag = change.tag(site)
        before = entries(site)
        for sent, status, code in (
            (None, 428, "precondition_required"),
            (quoted("0" * 16), 412, "stale_version"),
            (f"W/{quoted(tag)}", 412, "stale_version"),
            (tag, 400, "malformed_header"),
        ):
            answer = change.send(site, sent)
            assert (answer.status_code, answer.json()["code"]) == (status, code), change.name
            assert (change.tag(site), entries(site)) == (tag, before), change.name
        if change.name in {"removeEnterpriseMember", "stationExpert"}:
            continue
        done = change.send(site, f'"other", {quoted(tag)}')
        assert done.is_success, (change.name, done.text)
    gone = next(each for each in CHANGES if each.name == "removeEnterpriseMember")
    assert gone.send(site, quoted(gone.tag(site))).status_code == 204


def test_a_change_of_somebody_else_makes_it_stale(site: Site) -> None:
    """Read by two, changed by one: the other one's change is refused until they read again."""
    member = CHANGES[0]
    read = member.tag(site)
    assert member.send(site, quoted(read)).json()["etag"] == member.tag(site) != read
    late = member.send(site, quoted(read), {"role": "enterprise_worker"})
    assert late.status_code == 412
    again = member.send(site, quoted(member.tag(site)), {"role": "enterprise_worker"})
    assert again.json()["role"] == "enterprise_worker"
    # As it was when it was first read: the tag is of the state, not of its history.
    assert member.tag(site) == read


def test_of_two_at_once_one_is_first(site: Site) -> None:
    """Eight people decide on the same state: one change is made, seven are told."""
    absence = next(each for each in CHANGES if each.name == "setApplicability")
    tag, before = quoted(absence.tag(site)), entries(site)
    with ThreadPoolExecutor(8) as pool:
        tries = [pool.submit(absence.send, site, tag) for _ in range(8)]
        statuses = sorted(each.result().status_code for each in tries)
    assert statuses == [200] + [412] * 7
    assert entries(site) == before + 1


def test_a_ticket_step_needs_the_version(site: Site) -> None:
    """The ticket's own answer has it as `ETag`."""
    draft = site.draft(site.put_evidence("device", jpeg()))
    site.submit(draft)
    decision = site.post("expert", site.own(f"/findings/{draft['id']}/confirmation"), {}).json()
    path = site.own(f"/tickets/{decision['ticket']['id']}")
    etag = site.get("worker", path).headers["ETag"]
    headers, body = site.headers("officer"), {"assignee_id": worker(site)}
    missing = site.client.post(f"{path}/assignment", json=body, headers=headers)
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition_required")
    assert site.get("worker", path).headers["ETag"] == etag
    headers["If-Match"] = etag
    done = site.client.post(f"{path}/assignment", json=body, headers=headers)
    assert done.status_code == 200, done.text
    stale = site.client.post(f"{path}/assignment", json=body, headers=headers)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")


TAGS = st.text(st.sampled_from("0123456789abcdef"), min_size=1, max_size=16)


@given(st.lists(TAGS, min_size=1, max_size=4), TAGS)
def test_a_list_of_tags_names_each(tags: list[str], current: str) -> None:
    """Any of them will do, weak ones never, none but these."""
    header = ", ".join(map(quoted, tags))
    if current in tags:
        WhatWasRead.from_header(header).require(current, "it")
    else:
        with pytest.raises(ChangedMeanwhile):
            WhatWasRead.from_header(header).require(current, "it")
    with pytest.raises(ChangedMeanwhile):
        WhatWasRead.from_header(", ".join(f"W/{quoted(tag)}" for tag in tags)).require(
            tags[0], "it"
        )


@pytest.mark.parametrize("header", ["", "x", '"', '"a" "b"', '"a",', "*, *", '"ä"'])
def test_anything_else_is_malformed(header: str) -> None:
    """Rather than taken for a tag that never matches."""
    with pytest.raises(MalformedHeader):
        WhatWasRead.from_header(header)


def test_any_state_and_none() -> None:
    """A star says so on purpose; silence does not."""
    WhatWasRead.from_header(" * ").require("abc", "it")
    with pytest.raises(PreconditionMissing):
        WhatWasRead.from_header(None).require("abc", "it")


@given(
    st.lists(st.none() | st.text(max_size=5), max_size=4),
    st.lists(st.none() | st.text(max_size=5), max_size=4),
)
def test_a_tag_is_of_the_facts(first: list[str | None], second: list[str | None]) -> None:
    """The same facts have the same tag, others another one; what stands where counts."""
    assert (tag_of(*first) == tag_of(*second)) == (first == second)
