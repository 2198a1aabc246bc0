"""The main job over HTTP: photo → proposed finding → ticket → closed → verified ledger; on both storages."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.verify import verify_bundle
from tests.builders import jpeg
from tests.integration.api.conftest import site_settings
from tests.sites import Site, open_site

HEIC = Path("tests/assets/phone.heic")


@pytest.fixture(
    params=[
        "embedded",
        pytest.param("servers", marks=[pytest.mark.postgres, pytest.mark.s3]),
    ]
)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """Serve on SQLite and a folder, and on PostgreSQL and S3."""
    changes = {}
    if request.param == "servers":
        changes = {
            "database_url": request.getfixturevalue("postgres_url"),
            "evidence_url": request.getfixturevalue("s3_url"),
        }
    with open_site(site_settings(tmp_path, **changes)) as site:
        yield site


def add_photo(site: Site, inspection: str, data: bytes, name: str) -> dict[str, Any]:
    """Send a photo into an inspection, twice, and wait for the job."""
    body = {"evidence_sha256": site.put_evidence("expert", data), "file_name": name}
    path = site.own(f"/inspections/{inspection}/photos")
    answers = [site.post("expert", path, body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    return site.wait_for_photo(inspection, answers[0].json()["id"])


def step(site: Site, who: str, ticket: str, action: str, body: dict[str, Any]) -> dict[str, Any]:
    """Take a step of a ticket."""
    answer = site.post(who, site.own(f"/tickets/{ticket}/{action}"), body)
    assert answer.status_code == 200, answer.text
    detail: dict[str, Any] = answer.json()
    return detail


def test_from_photo_to_closed_ticket_and_verified_ledger(site: Site, tmp_path: Path) -> None:
    """Expert photographs and confirms, the enterprise fixes, a second person closes, anyone verifies."""
    finding_id = photograph(site)
    fix(site, finding_id)
    verify_ledger(site, tmp_path)


def photograph(site: Site) -> str:
    """The expert's photos, a HEIC, a JPEG and a broken one, go through the job; return a proposed finding."""
    inspection = site.post("expert", site.own("/inspections"), {"place": "press line"}).json()["id"]
    heic = add_photo(site, inspection, HEIC.read_bytes(), "IMG_0042.HEIC")
    assert (heic["state"], heic["finding_count"]) == ("detected", 1)
    assert (heic["width"], heic["height"]) == (320, 240)
    assert heic["taken_at"] == "2026-11-20T01:30:00Z"
    photo = add_photo(site, inspection, jpeg(1, (320, 240)), "photo.jpg")
    assert photo["finding_count"] == 1
    broken = add_photo(site, inspection, jpeg(2, (320, 240))[:400], "cut.jpg")
    assert broken["state"] == "failed"
    assert broken["error"]

    found = site.get("expert", "/v1/findings", params={"inspection_id": inspection}).json()["items"]
    assert [row["state"] for row in found] == ["proposed", "proposed"]
    assert {row["hazard_code"] for row in found} == {"PPE-01"}
    assert len({row["item_id"] for row in found}) == 1
    assert all(box["x2"] <= 1 for row in found for box in row["boxes"])
    return str(found[0]["id"])


def fix(site: Site, finding_id: str) -> None:
    """The finding is confirmed, and its ticket goes back once before it is closed."""
    path = site.own(f"/findings/{finding_id}/confirmation")
    ticket = site.post("expert", path, {}).json()["ticket"]["id"]
    worker = str(site.town.worker.id)
    assert step(site, "officer", ticket, "assignment", {"assignee_id": worker})["ticket"][
        "assignee"
    ] == {"id": worker, "name": "Worker"}
    for who, mine in (("worker", [ticket]), ("officer", [])):
        page = site.get(who, "/v1/tickets", params={"mine": True}).json()
        assert [row["id"] for row in page["items"]] == mine
    assert site.get("worker", "/v1/tickets", params={"overdue": True}).json()["items"] == []
    detail = step(site, "worker", ticket, "start", {})
    stale = site.post(
        "worker",
        site.own(f"/tickets/{ticket}/submission"),
        {"evidence_sha256s": ["ab" * 32]},
        **{"If-Match": '"1"'},
    )
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    unreadable = site.post("worker", site.own(f"/tickets/{ticket}/start"), {}, **{"If-Match": "x"})
    assert (unreadable.status_code, unreadable.json()["code"]) == (400, "malformed_header")
    after = site.put_evidence("worker", jpeg(99, (320, 240)))
    current = f'"{detail["ticket"]["version"]}"'
    submitted = site.post(
        "worker",
        site.own(f"/tickets/{ticket}/submission"),
        {"evidence_sha256s": [after], "note": "helmets handed out"},
        **{"If-Match": current},
    )
    assert submitted.status_code == 200
    assert submitted.json()["fix_check"]["verdict"] is None
    check = site.wait_for_fix_check(ticket)
    assert (check["state"], check["verdict"]) == ("done", "visible")
    assert [box["label"] for box in check["photos"][0]["boxes"]] == ["head"]
    own_work = site.post("worker", site.own(f"/tickets/{ticket}/reinspection"), {"passed": True})
    assert own_work.status_code == 403
    returned = step(
        site, "expert", ticket, "reinspection", {"passed": False, "note": "one is missing"}
    )
    assert returned["ticket"]["state"] == "returned"
    step(site, "worker", ticket, "start", {})
    step(site, "worker", ticket, "submission", {"evidence_sha256s": [after]})
    site.wait_for_fix_check(ticket)
    # The model sees the hazard in the picture still; a person knows better.
    closed = step(site, "expert", ticket, "reinspection", {"passed": True})
    assert closed["ticket"]["state"] == "closed"
    assert closed["allowed_actions"] == []
    actions = ["assign", "start", "submit", "return", "start", "submit", "close"]
    assert [taken["action"] for taken in closed["steps"]] == actions
    again = site.post("expert", site.own(f"/tickets/{ticket}/start"), {})
    assert again.status_code in {403, 409}
    tickets = site.get("insurer", "/v1/tickets", params={"state": "closed"}).json()["items"]
    assert [row["id"] for row in tickets] == [ticket]


def verify_ledger(site: Site, folder: Path) -> None:
    """Check a proof, and the exported bundle with the key that the server names."""
    early = site.get("insurer", site.own("/ledger/checkpoint"))
    assert (early.status_code, early.json()["code"]) == (409, "not_published")
    assert site.parts.publisher.publish_grown() == 2
    assert site.parts.publisher.publish_grown() == 0
    page = site.get("insurer", site.own("/ledger/entries"), params={"limit": 4}).json()
    assert [row["index"] for row in page["items"]] == [0, 1, 2, 3]
    size = page["tree_size"]
    # Two findings, one confirmed, a ticket opened, seven steps, two looks at after-photos.
    assert size == 2 + 1 + 1 + 7 + 2
    last = site.get(
        "insurer", site.own("/ledger/entries"), params={"cursor": page["next_cursor"], "limit": 200}
    ).json()
    assert [row["index"] for row in last["items"]] == list(range(4, size))
    proof = site.get("insurer", site.own("/ledger/entries/3/proof")).json()
    assert (proof["tree_size"], proof["leaf_hash"]) == (size, page["items"][3]["leaf_hash"])
    bundle = site.get("insurer", site.own("/ledger/bundle"))
    assert bundle.headers["content-type"] == "application/zip"
    file = folder / "bundle.zip"
    file.write_bytes(bundle.content)
    vkey = site.get("insurer", site.own("/ledger/key")).text
    report = verify_bundle(file, trusted_vkeys=[vkey])
    assert report.entries == size
