"""Nobody without a token, and nothing of another enterprise: first things first, for every route."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from api.openapi import openapi_document
from inspection.reminders import remind_all
from inspection.tables import new_id
from inspection.wire import utc_now
from tests.builders import jpeg
from tests.integration.api.conftest import site_settings
from tests.plans import PLAN
from tests.signatures import agreed, content, drawing, submission
from tests.sites import Site, open_site
from tests.unit.inspection.test_section_values import MEETING

SHA256 = "ab" * 32
RECORD: dict[str, Any] = {"id": "01920000-0000-7000-8000-000000000000", "values": {}}
RECORD_SENT = submission(content("none"), SHA256).model_dump(mode="json")
SPOTTED: dict[str, Any] = {
    "id": "01920000-0000-7000-8000-000000000002",
    "evidence_sha256": SHA256,
    "hazard_code": "FIR-01",
    "boxes": [{"x1": 0.1, "y1": 0.1, "x2": 0.5, "y2": 0.5, "label": "FIR-01"}],
}
BODIES: dict[str, Any] = {
    "submitFindings": {"drafts": [{}]},
    "confirmFinding": {},
    "dismissFinding": {"reason": "none"},
    "recordSpottedHazard": SPOTTED,
    "recordSpottedBeside": SPOTTED,
    "mergeItem": {"into_item_id": "01920000-0000-7000-8000-000000000000", "reason": "x"},
    "splitItem": {"finding_ids": ["01920000-0000-7000-8000-000000000000"], "reason": "x"},
    "startInspection": {"place": "gate"},
    "addPhoto": {"evidence_sha256": SHA256},
    "freezeInspectionRecord": RECORD_SENT,
    "answerInspectionRecord": agreed(SHA256, SHA256).model_dump(mode="json"),
    "assignTicket": {"assignee_id": "01920000-0000-7000-8000-000000000000"},
    "startTicket": {},
    "submitTicket": {"evidence_sha256s": [SHA256]},
    "reinspectTicket": {"passed": True},
    "fileTreatmentPlan": PLAN,
    "requestPause": {"reason_code": "waiting_parts", "until": "2026-12-24T08:00:00Z"},
    "requestExtension": {"reason_code": "waiting_parts", "days": 1},
    "decideHold": {"approved": True},
    "withdrawHold": {},
    "endPause": {},
    "setNoticeWishes": {"language": "en", "at_once": [], "digest_min": None, "quiet": None},
    "confirmNoticeChannel": {"code": "000000"},
    "addNoticeChannel": {"kind": "wecom", "to": "key-of-no-robot"},
    "addEnterpriseWebhook": {"url": "https://hooks.invalid/in"},
    "addOrganisationWebhook": {"url": "https://hooks.invalid/in"},
    "recordInSection": RECORD,
    "correctRecord": RECORD | {"id": "01920000-0000-7000-8000-000000000001", "reason": "x"},
    "withdrawRecord": {"reason": "x"},
    "setApplicability": {"applies": True, "reason": "x"},
    "askForReport": {"starts_on": "2026-10-01", "ends_on": "2026-10-31", "format": "xlsx"},
    "checkErasure": {"indices": [0], "reason": "person_request"},
    "requestErasure": {"indices": [0], "reason": "person_request"},
    "rejectErasure": {},
    "addCosignatures": {"text": "none"},
    "setHold": {"reason": "none"},
    "liftHold": {"reason": "none"},
    "configureBox": {"text": "[[cameras]]\nname = 'b'\nsource = '0'\n", "based_on": 1},
    "chooseModel": {"sha256": None},
    "addClip": {"evidence_sha256": SHA256},
    "askStanding": {"finding_ids": []},
    "registerKey": {"public_key": "A" * 43 + "="},
    "reportBox": {"program_version": "1", "started_at": "2026-11-25T08:00:00Z"},
    "changePassword": {"current": "none", "new": "none"},
    "beginSecondFactor": {"password": "none"},
    "confirmSecondFactor": {"code": "000000"},
    "removeSecondFactor": {"password": "none"},
    "renewRecoveryCodes": {"password": "none"},
    "signOutEverywhere": {"password": "none"},
    "endSignIn": {"password": "none"},
    "estimatePassword": {"password": "none"},
    "linkIdentity": {"password": "none"},
    "askPasswordLink": {"login": "none"},
    "usePasswordLink": {"token": "none" * 10, "password": "none"},
    "changeEnterpriseMember": {"role": "enterprise_worker"},
    "changeOrganisationMember": {"role": "government"},
    "setEnterpriseMemberStanding": {"is_active": False},
    "setOrganisationMemberStanding": {"is_active": False},
    "resetEnterpriseMemberSecondFactor": {"password": "none"},
    "resetOrganisationMemberSecondFactor": {"password": "none"},
    "inviteToEnterprise": {"name": "none", "role": "enterprise_worker"},
    "inviteToOrganisation": {"name": "none", "role": "government"},
    "joinByInvitation": {"token": "none" * 10},
    "createPersonalToken": {"name": "none", "scopes": ["read"], "days": 1},
}
OPEN = {
    "signIn",
    "askPasswordLink",
    "usePasswordLink",
    "enrolDevice",
    "getTime",
    "getHealth",
    "checkReport",
    "viewInvitation",
    "acceptInvitation",
    "acceptByProvider",
    "getSignInChoices",
    "beginProviderSignIn",
    "finishProviderSignIn",
}
# Of those that name a thing, whoever a device's token is for.
DEVICES = {"headDeviceEvidence", "getOwnModel"}
THINGS = (
    "finding_id",
    "item_id",
    "notice_id",
    "channel_id",
    "webhook_id",
    "ticket_id",
    "ticket_hold_id",
    "inspection_id",
    "inspection_record_id",
    "device_id",
    "sha256",
    "erasure_id",
    "hold_id",
    "record_id",
    "reminder_id",
    "report_id",
    "sign_in_id",
    "token_id",
)
QUERIES = {"getConsistency": {"old": "0", "new": "0"}, "countEntries": {"by": "kind"}}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve one site for all routes; it holds a ticket of the town's enterprise."""
    with open_site(site_settings(tmp_path_factory.mktemp("site"))) as site:
        yield site


@pytest.fixture(scope="module")
def things(site: Site) -> dict[str, str]:
    """Return ids of things of the town's enterprise, by the name of the path parameter."""
    sha256 = site.put_evidence("device", jpeg(7))
    draft = site.draft(sha256)
    site.submit(draft)
    decision = site.post("expert", site.own(f"/findings/{draft['id']}/confirmation"), {}).json()
    inspection = site.post("expert", site.own("/inspections"), {"place": "gate"}).json()
    said = content(site.town.mine.name)
    sent = submission(said, site.put_evidence("expert", drawing()))
    signed = site.post("expert", site.own(f"/inspections/{inspection['id']}/records"), sent.model_dump(mode="json")).json()  # fmt: skip
    erasure = {"indices": [site.submit(site.draft(sha256, zone="b"))[0]["index"]]}
    erasure = site.post(
        "officer", site.own("/erasures"), erasure | {"reason": "person_request"}
    ).json()
    hold = site.post("officer", site.own("/holds"), {"reason": "none"}).json()
    pause = {"reason_code": "waiting_parts", "until": (utc_now() + timedelta(days=1)).isoformat()}
    ticket = decision["ticket"]["id"]
    asked = site.post("officer", site.own(f"/tickets/{ticket}/pauses"), pause).json()
    record = site.post(
        "officer", site.own("/sections/L04/records"), {"id": str(new_id()), "values": MEETING}
    ).json()
    own_box = site.own(f"/devices/{site.town.device.id}/configurations")
    first = {"text": "[[cameras]]\nname = 'a'\nsource = '0'\n", "based_on": 0}
    version = site.post("officer", own_box, first).json()["version"]
    channel = site.post("officer", "/v1/notice-channels", BODIES["addNoticeChannel"]).json()
    webhook = site.post("officer", site.own("/webhooks"), BODIES["addEnterpriseWebhook"]).json()
    site.parts.publisher.publish_grown()
    return {
        "version": str(version),
        "enterprise_id": str(site.town.mine.id),
        "finding_id": draft["id"],
        "item_id": decision["item"]["id"],
        "ticket_id": ticket,
        "ticket_hold_id": asked["holds"][0]["id"],
        "notice_id": site.get("officer", "/v1/notices").json()["items"][0]["id"],
        "channel_id": channel["id"],
        "webhook_id": webhook["webhook"]["id"],
        "inspection_id": inspection["id"],
        "inspection_record_id": signed["id"],
        "import_kind": "enterprises",
        "device_id": str(site.town.device.id),
        "sha256": sha256,
        "report_id": site.post("expert", site.own("/reports"), BODIES["askForReport"]).json()["id"],
        "index": "0",
        "section": "L04",
        "record_id": record["id"],
        "reminder_id": reminder_of(site),
        "erasure_id": erasure["id"],
        "hold_id": hold["id"],
        "area_id": str(site.town.area.id),
        "sign_in_id": SHA256[:8] + "-0000-7000-8000-000000000000",
        "user_id": str(site.town.worker.id),
        "organisation_id": SHA256[:8] + "-0000-7000-8000-000000000000",
        "invitation_id": SHA256[:8] + "-0000-7000-8000-000000000000",
        "token_id": SHA256[:8] + "-0000-7000-8000-000000000000",
        "witness_id": SHA256[:8] + "-0000-7000-8000-000000000000",
    }


def reminder_of(site: Site) -> str:
    """Put out the reminders of the town; return the id of one of the officer's."""
    remind_all(site.parts.read, site.parts.write, utc_now())
    return str(site.get("officer", "/v1/reminders").json()["items"][0]["id"])


def routes(*named: str) -> list[Any]:
    """Return (operation id, method, path) of every route that needs a caller and names one of these."""
    from api.app import create_app
    from api.settings import Settings

    document = openapi_document(create_app(Settings(_env_file=None)))
    return [
        pytest.param(operation["operationId"], method, path, id=operation["operationId"])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation["operationId"] not in OPEN
        and (not named or any(f"{{{name}}}" in path for name in named))
    ]


def call(site: Site, operation: str, method: str, path: str, headers: dict[str, str]) -> Any:
    """Send a well-formed request."""
    return site.client.request(
        method,
        path,
        json=BODIES.get(operation),
        params=QUERIES.get(operation),
        content=None if operation in BODIES or method != "put" else b"x",
        headers={"If-Match": "*"} | headers,
    )


@pytest.mark.parametrize(("operation", "method", "path"), routes())
def test_anonymous_is_401(
    site: Site, things: dict[str, str], operation: str, method: str, path: str
) -> None:
    """Without a token every route answers 401, whatever it is asked for."""
    answer = call(site, operation, method, path.format(**things), {})
    assert answer.status_code == 401
    if method != "head":
        assert answer.json()["code"] == "not_signed_in"


@pytest.mark.parametrize(("operation", "method", "path"), routes("enterprise_id"))
def test_foreign_enterprise_is_404(
    site: Site, things: dict[str, str], operation: str, method: str, path: str
) -> None:
    """Someone of another enterprise is told that it does not exist."""
    answer = call(site, operation, method, path.format(**things), site.headers("stranger"))
    assert answer.status_code == 404


@pytest.mark.parametrize(("operation", "method", "path"), routes(*THINGS))
def test_thing_of_another_enterprise_is_404(
    site: Site, things: dict[str, str], operation: str, method: str, path: str
) -> None:
    """An id of another enterprise does not exist under one's own."""
    if method == "put":
        # Bytes may be sent to any enterprise of one's own; what others sent gives no access to them.
        return
    own = things | {"enterprise_id": str(site.town.other.id)}
    who = "other_device" if operation in DEVICES else "stranger"
    answer = call(site, operation, method, path.format(**own), site.headers(who))
    assert answer.status_code == 404


@pytest.mark.parametrize("filtered", ["/v1/findings", "/v1/items", "/v1/tickets"])
def test_lists_hold_nothing_foreign(site: Site, things: dict[str, str], filtered: str) -> None:
    """A list without a filter holds what is in scope; a foreign filter is 404."""
    own = site.get("expert", filtered).json()["items"]
    assert {row["enterprise_id"] for row in own} == {things["enterprise_id"]}
    assert site.get("stranger", filtered).json()["items"] == []
    foreign = site.get("stranger", filtered, params={"enterprise_id": things["enterprise_id"]})
    assert foreign.status_code == 404


def test_people_and_devices_do_not_pass_for_each_other(site: Site) -> None:
    """A device's token opens no route of people, nor the other way round."""
    assert site.get("device", "/v1/me").status_code == 401
    assert site.get("expert", "/v1/devices/self").status_code == 401
    for who in ("expert", "device"):
        assert site.get(who, "/v1/hazard-types").status_code == 200


def test_reading_parties_change_nothing(site: Site, things: dict[str, str]) -> None:
    """The insurer and the government read within their scope, and are refused every change."""
    for who in ("insurer", "government"):
        assert site.get(who, site.own(f"/findings/{things['finding_id']}")).status_code == 200
        for operation, path in (
            ("startInspection", "/inspections"),
            ("dismissFinding", f"/findings/{things['finding_id']}/dismissal"),
            ("assignTicket", f"/tickets/{things['ticket_id']}/assignment"),
        ):
            answer = site.post(who, site.own(path), BODIES[operation])
            assert answer.status_code == 403, path
            assert answer.json()["code"] == "not_allowed"
        put = site.client.put(
            site.own(f"/evidence/{SHA256}"), content=b"x", headers=site.headers(who)
        )
        assert put.status_code == 403
