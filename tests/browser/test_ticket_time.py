"""Asking for a pause on the phone, granting it at a desk, and reading what the clock says of it."""

from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, expect

from api.demo.town import PASSWORD
from tests.browser.conftest import Site
from tests.browser.test_retention import deliver
from tests.browser.test_screens import DESK, PHONE, person_at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def ticket_of(site: Site, **facts: str) -> str:
    """Confirm a delivered finding as its expert; with these facts; return the id of the ticket that this opens."""
    deliver(site)
    base = f"/v1/enterprises/{site.enterprise_id}/findings"
    with httpx2.Client(base_url=site.address) as client:
        answer = client.post("/v1/sessions", json={"login": "expert", "password": PASSWORD})
        headers = {"Authorization": f"Bearer {answer.json()['token']}"}
        client.cookies.clear()
        finding = client.get("/v1/findings", headers=headers).json()["items"][0]["id"]
        decision = client.post(f"{base}/{finding}/confirmation", json=facts, headers=headers)
        assert decision.status_code == 200, decision.text
        return str(decision.json()["ticket"]["id"])


def test_a_pause_is_asked_for_and_granted(browser: Browser, site: Site, screenshots: Path) -> None:
    """Until somebody else grants it, time counts and says so; then the clock stands and says why."""
    page = f"/enterprises/{site.enterprise_id}/tickets/{ticket_of(site)}"
    with person_at(browser, site, PHONE, screenshots, "ticket-time-phone") as officer:
        officer.sign_in("officer")
        officer.page.goto(page)
        expect(officer.page.locator('[data-test="clock-why"]')).to_have_count(0)
        officer.tap("ask-pause")
        officer.see("form")
        officer.choose("hold-reason", "配件")
        officer.tap("hold-send")
        expect(officer.page.locator('[data-test="hold-state"]')).to_have_text("待批准")
        expect(officer.page.locator('[data-test="hold-approve"]')).to_have_count(0)
        officer.see("asked")
        with person_at(browser, site, DESK, screenshots, "ticket-time-desk") as expert:
            expert.sign_in("expert", "en")
            expert.page.goto(page)
            expert.tap("hold-approve")
            expert.tap("hold-send")
            expect(expert.page.locator('[data-test="clock-why"]')).to_have_text(
                "The clock is paused"
            )
            expert.see("granted")
        officer.page.reload()
        officer.page.locator('[data-test="clock-why"]').wait_for()
        officer.see("granted")
