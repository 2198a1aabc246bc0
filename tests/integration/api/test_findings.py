"""A device delivers findings; people read and decide."""

import io
import json
import zipfile
from datetime import timedelta
from uuid import uuid4

import pytest

from inspection.tables import new_id
from inspection.wire import utc_now
from tests.builders import jpeg
from tests.sites import Site


def test_each_draft_is_judged_alone(site: Site) -> None:
    """One batch with good and bad drafts: a receipt for each, in order, and only the good ones recorded."""
    sha256 = site.put_evidence("device", jpeg())
    wrong_clock = utc_now() + timedelta(days=3)
    receipts = site.submit(
        site.draft(sha256),
        site.draft(sha256, hazard_code="XXX-99"),
        site.draft("ab" * 32),
        site.draft(sha256, captured_at=wrong_clock),
        site.draft(sha256, captured_at=wrong_clock, clock_offset_s=3 * 86400.0),
        site.draft(sha256, enterprise_id=site.town.other.id),
        {"id": "not a draft"},
        site.draft(sha256),
    )
    told = [receipt["code"] or receipt["status"] for receipt in receipts]
    assert told == [
        "recorded",
        "unknown_hazard",
        "evidence_missing",
        "clock_implausible",
        "recorded",
        "foreign_enterprise",
        "malformed",
        "recorded",
    ]
    assert all(receipt["reason"] for receipt in receipts if receipt["status"] == "rejected")
    assert [receipt["index"] for receipt in receipts if receipt["status"] == "recorded"] == [
        0,
        1,
        2,
    ]


def test_batch_sent_twice_gets_the_same_receipts(site: Site) -> None:
    """At-least-once delivery ends in exactly-once recording."""
    sha256 = site.put_evidence("device", jpeg())
    drafts = [site.draft(sha256) for _ in range(3)]
    first, second = site.submit(*drafts), site.submit(*drafts)
    assert {receipt["status"] for receipt in second} == {"duplicate"}
    names = ("id", "index", "leaf_hash")
    assert [[r[n] for n in names] for r in first] == [[r[n] for n in names] for r in second]
    page = site.get("expert", "/v1/findings").json()
    assert len(page["items"]) == 3


def test_foreign_device_cannot_use_our_evidence(site: Site) -> None:
    """Evidence of one enterprise does not exist for another's device."""
    sha256 = site.put_evidence("device", jpeg())
    (receipt,) = site.submit(site.draft(sha256), who="other_device")
    assert receipt["code"] == "evidence_missing"


def test_half_a_surrogate_harms_nobody_else(site: Site) -> None:
    """A draft with text that no answer could hold is malformed; the batch goes on."""
    sha256 = site.put_evidence("device", jpeg())
    good = site.draft(sha256)
    bad = site.draft(sha256) | {"label": "\ud800", "id": "\ud800"}
    body = json.dumps({"drafts": [bad, site.draft(sha256) | {"label": "a\x00b"}, good]})
    headers = site.headers("device") | {"Content-Type": "application/json"}
    answer = site.client.post("/v1/findings", content=body, headers=headers)
    receipts = answer.json()["receipts"]
    assert [r["code"] for r in receipts] == ["malformed", "malformed", None]


def test_pages_lead_through_all_findings(site: Site) -> None:
    """Pages neither skip nor repeat; a filter narrows; a made-up cursor is refused."""
    sha256 = site.put_evidence("device", jpeg())
    drafts = [site.draft(sha256) for _ in range(5)]
    site.submit(*drafts)
    seen: list[str] = []
    cursor = None
    while True:
        page = site.get(
            "expert", "/v1/findings", params={"limit": 2, **({"cursor": cursor} if cursor else {})}
        ).json()
        seen += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(draft["id"] for draft in drafts)
    confirmed = site.get("expert", "/v1/findings", params={"state": "confirmed"}).json()
    assert confirmed["items"] == []
    refused = site.get("expert", "/v1/findings", params={"cursor": "nonsense"})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_cursor")


def test_expert_confirms_once(site: Site) -> None:
    """A confirmation opens the ticket, is logged in the ledger, and is made once."""
    draft = site.draft(site.put_evidence("device", jpeg()))
    site.submit(draft)
    path = site.own(f"/findings/{draft['id']}")
    answer = site.post("expert", f"{path}/confirmation", {"level": "major", "note": "seen"})
    assert answer.status_code == 200
    decision = answer.json()
    assert decision["finding"]["state"] == "confirmed"
    assert decision["ticket"]["level"] == "major"
    assert decision["ticket"]["opened_by"]["name"] == "Expert"
    again = site.post("expert", f"{path}/dismissal", {"reason": "no"})
    assert (again.status_code, again.json()["code"]) == (409, "already_decided")
    item = site.get("officer", site.own(f"/items/{decision['item']['id']}")).json()
    assert item["ticket"]["id"] == decision["ticket"]["id"]
    assert [row["id"] for row in item["findings"]] == [draft["id"]]


def test_expert_dismisses(site: Site) -> None:
    """A dismissed finding opens no ticket, and its item goes with it."""
    draft = site.draft(site.put_evidence("device", jpeg()))
    site.submit(draft)
    path = site.own(f"/findings/{draft['id']}/dismissal")
    decision = site.post("centre", path, {"reason": "a mannequin"}).json()
    assert decision["ticket"] is None
    assert decision["item"]["state"] == "dismissed"
    item = site.get("expert", site.own(f"/items/{decision['item']['id']}")).json()
    assert item["ticket"] is None


@pytest.mark.parametrize("who", ["officer", "worker", "insurer", "government"])
def test_only_experts_and_the_centre_decide(site: Site, who: str) -> None:
    """The enterprise sees what was found in it, but does not judge it."""
    draft = site.draft(site.put_evidence("device", jpeg()))
    site.submit(draft)
    answer = site.post(who, site.own(f"/findings/{draft['id']}/confirmation"), {})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_unknown_corrected_hazard_is_refused(site: Site) -> None:
    """A person cannot confirm a hazard that the catalogue does not have."""
    draft = site.draft(site.put_evidence("device", jpeg()))
    site.submit(draft)
    path = site.own(f"/findings/{draft['id']}/confirmation")
    answer = site.post("expert", path, {"hazard_code": "XXX-01"})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_hazard")
    missing = site.post("expert", site.own(f"/findings/{uuid4()}/confirmation"), {})
    assert missing.status_code == 404


def test_what_else_a_frame_shows_is_recorded_beside_its_finding(site: Site) -> None:
    """201 with the decision, the same again; asked for by its picture; in the access log; a missed box in the data set."""
    sha256 = site.put_evidence("device", jpeg(61, (320, 240)))
    draft, elsewhere = site.draft(sha256), site.draft(site.put_evidence("device", jpeg(62)))
    site.submit(draft, elsewhere)
    box = {"x1": 0.5, "y1": 0.5, "x2": 0.75, "y2": 0.8, "label": "no_vest"}
    body = {"id": str(new_id()), "evidence_sha256": sha256, "hazard_code": "PPE-02", "boxes": [box]}
    path = site.own(f"/findings/{draft['id']}/spotted")
    first = site.post("expert", path, body)
    assert first.status_code == 201, first.text
    told = first.json()
    assert (told["finding"]["id"], told["finding"]["source"]["kind"]) == (body["id"], "camera")
    assert told["ticket"]["number"]
    assert site.post("expert", path, body).json()["ticket"] == told["ticket"]
    other = site.post(
        "expert",
        path,
        body | {"id": str(new_id()), "evidence_sha256": elsewhere["evidence_sha256"]},
    )
    assert (other.status_code, other.json()["code"]) == (422, "invalid_input")
    asked = {"enterprise_id": str(site.town.mine.id), "evidence_sha256": sha256}
    seen = site.get("worker", "/v1/findings", params=asked).json()["items"]
    assert {row["id"] for row in seen} == {draft["id"], body["id"]}
    assert (
        site.get("stranger", "/v1/findings", params={"evidence_sha256": sha256}).json()["items"]
        == []
    )
    log = site.get("officer", site.own("/access-log"), params={"kind": "decision"}).json()["items"]
    spotted = {line["detail"] for line in log if line["action"] == "finding.spot"}
    assert spotted == {body["id"]}
    answer = site.get("centre", "/v1/dataset")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        (row,) = json.loads(archive.read("manifest.json"))["images"]
        report = json.loads(archive.read("report.json"))
    (taught,) = row["findings"]
    assert (taught["found_by"], taught["disagreement"]["kinds"]) == ("person", ["missed"])
    assert report["disagreements"]["missed"] == 1
