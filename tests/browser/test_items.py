"""Joining two hazards on the phone, splitting one at a desk, and reading that one came back."""

from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, expect

from inspection.wire import utc_now
from tests.browser.conftest import Site
from tests.browser.test_retention import deliver
from tests.browser.test_screens import DESK, PHONE, person_at
from tests.builders import jpeg, make_draft, sha256_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def _confirmed(site: Site, expert: httpx2.Client) -> list[dict[str, Any]]:
    """Confirm the two bare heads of the delivered findings; return the decisions, the one due first in front."""
    deliver(site)
    base = f"/v1/enterprises/{site.enterprise_id}/findings"
    made = []
    for finding in expert.get("/v1/findings", params={"state": "proposed"}).json()["items"]:
        if finding["hazard_code"] == "PPE-01":
            answer = expert.post(f"{base}/{finding['id']}/confirmation", json={})
            assert answer.status_code == 200, answer.text
            made.append(answer.json())
    return sorted(made, key=lambda decision: decision["ticket"]["deadline"])


def _fix(site: Site, ticket: dict[str, Any]) -> None:
    """Fix it as the officer and close it as the expert."""
    path = f"/v1/enterprises/{site.enterprise_id}"
    photo = jpeg(250, (640, 480))
    with closing(site.sign_in("officer")) as officer, closing(site.sign_in("expert")) as expert:
        worker = next(
            each
            for each in officer.get(f"{path}/people").json()["items"]
            if "enterprise_worker" in each["roles"]
        )
        officer.put(f"{path}/evidence/{sha256_of(photo)}", content=photo)
        for person, step, body in (
            (officer, "assignment", {"assignee_id": worker["id"]}),
            (officer, "start", {}),
            (officer, "submission", {"evidence_sha256s": [sha256_of(photo)]}),
            (expert, "reinspection", {"passed": True}),
        ):
            answer = person.post(f"{path}/tickets/{ticket['id']}/{step}", json=body)
            assert answer.status_code == 200, answer.text


def _see_again(site: Site, zone: str) -> None:
    """Deliver a bare head of now, and confirm it."""
    path = f"/v1/enterprises/{site.enterprise_id}"
    data = jpeg(222, (640, 480))
    with closing(site.sign_in("expert")) as expert, httpx2.Client(base_url=site.address) as box:
        code = expert.post(f"{path}/enrolment-codes").json()["code"]
        device = box.post("/v1/devices", json={"code": code, "name": "gate"}).json()
        box.headers["Authorization"] = f"Bearer {device['token']}"
        box.put(f"/v1/evidence/{sha256_of(data)}", content=data)
        draft = make_draft(sha256_of(data), zone=zone, captured_at=utc_now(), clock_offset_s=0.0)
        drafts = [draft.model_dump(mode="json", exclude_none=True)]
        answer = box.post("/v1/findings", json={"drafts": drafts})
        assert answer.json()["receipts"][0]["status"] == "recorded", answer.text
        answer = expert.post(f"{path}/findings/{draft.id}/confirmation", json={})
        assert answer.json()["item"]["recurrences"] == 1, answer.text


def test_two_hazards_are_joined_split_and_come_back(
    browser: Browser, site: Site, screenshots: Path
) -> None:
    """The joined one points to the survivor; the part that is split off stands alone; what came back says so."""
    with closing(site.sign_in("expert")) as client:
        first, second = _confirmed(site, client)
    pages = f"/enterprises/{site.enterprise_id}/items"
    with person_at(browser, site, PHONE, screenshots, "items-phone") as expert:
        expert.sign_in("expert")
        expert.page.goto(f"{pages}/{second['item']['id']}")
        expert.tap("open-merge")
        expert.choose("merge-into", first["item"]["place"])
        expert.see("merge-form")
        expert.tap("merge-send")
        expect(expert.page.get_by_text("请写明理由，将记入台账。")).to_be_visible()
        expert.type("merge-reason", "同一名工人，两个机位拍到")
        expert.tap("merge-send")
        expect(expert.page.locator('[data-test="item-history"]')).to_contain_text("两个机位拍到")
        expect(expert.page.locator('[data-test="ticket-card"]')).to_have_count(2)
        expect(expert.page.locator('[data-test="finding-card"]')).to_have_count(2)
        expert.see("joined")
        expert.page.goto(f"{pages}/{second['item']['id']}")
        expect(expert.page.locator('[data-test="merged-into"]')).to_be_visible()
        expert.see("points-on")
    with person_at(browser, site, DESK, screenshots, "items-desk") as expert:
        expert.sign_in("expert", "en")
        expert.page.goto(f"{pages}/{first['item']['id']}")
        expert.tap("open-split")
        expert.page.locator('[data-test="split-finding"]').filter(
            has_text=second["item"]["place"]
        ).locator(".q-checkbox").click()
        expert.type("split-place", "东门外")
        expert.type("split-reason", "两名工人，各一处")
        expert.see("split-form")
        expert.tap("split-send")
        expect(expert.page.get_by_text("东门外")).to_be_visible()
        expect(expert.page.locator('[data-test="finding-card"]')).to_have_count(1)
        expert.see("split")
    _fix(site, first["ticket"])
    _see_again(site, first["item"]["place"])
    with person_at(browser, site, PHONE, screenshots, "items-back-phone") as officer:
        officer.sign_in("officer")
        officer.page.goto("/items?recurring=yes")
        expect(officer.page.locator('[data-test="item-card"]')).to_have_count(1)
        officer.see("list")
        officer.page.locator('[data-test="item-card"]').click()
        expect(officer.page.locator('[data-test="recurring"]')).to_have_text("重复发生 ×1")
        officer.see("item")
        officer.page.goto("/notices")
        expect(officer.page.get_by_text("重复发生 ×1").first).to_be_visible()
        officer.see("notices")
