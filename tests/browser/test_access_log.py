"""An officer reads at a desk who looked at their photos; an expert reads on the phone what is noted about them."""

from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Site
from tests.browser.test_retention import deliver
from tests.browser.test_screens import DESK, ENTERPRISE, PHONE, person_at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def look_at_photos(site: Site) -> None:
    """Look at the newest evidence as the expert, and try what is not theirs."""
    with closing(site.sign_in("expert")) as expert:
        sha256 = expert.get("/v1/findings").json()["items"][0]["evidence_sha256"]
        base = f"/v1/enterprises/{site.enterprise_id}"
        for path in (f"/evidence/{sha256}", f"/evidence/{sha256}/preview"):
            assert expert.get(base + path).status_code == 200
    with closing(site.sign_in("officer2")) as stranger:
        assert stranger.get(f"{base}/devices").status_code == 404


def test_officer_reads_who_looked(browser: Browser, site: Site, screenshots: Path) -> None:
    """Refusals and readings are there, by name; a tap on the name keeps that person's, the chip lets go of it."""
    deliver(site)
    look_at_photos(site)
    with person_at(browser, site, DESK, screenshots, "access-log-desk") as officer:
        officer.sign_in("officer", "en")
        officer.page.goto("/more")
        officer.tap("more-access-log")
        rows = officer.page.locator('[data-test="access-row"]')
        expect(rows.filter(has_text="pictures").first).to_contain_text("陈驻点")
        refused = rows.filter(has_text="Was refused").first
        expect(refused).to_contain_text("赵安全")
        officer.see("enterprise")
        officer.page.get_by_role("button", name="Show only what 陈驻点 did").first.click()
        expect(officer.page.locator('[data-test="chip-person"]')).to_contain_text("陈驻点")
        expect(rows.filter(has_text="Was refused")).to_have_count(0)
        officer.page.locator('[data-test="chip-person"] .q-chip__icon--remove').click()
        expect(refused).to_be_visible()
        officer.choose("filter-kind", "Refusals")
        expect(rows.filter(has_text="Looked at")).to_have_count(0)
        officer.see("refusals")


def test_expert_reads_their_own_on_the_phone(
    browser: Browser, site: Site, screenshots: Path
) -> None:
    """Everybody sees what is noted about them, sign-ins with their address too."""
    deliver(site)
    look_at_photos(site)
    with person_at(browser, site, PHONE, screenshots, "access-log-phone") as expert:
        expert.sign_in("expert")
        expert.page.goto("/access-log")
        row = expert.page.locator('[data-test="access-row"]')
        expect(row.filter(has_text="登录").first).to_contain_text("127.0.0.1")
        expect(row.filter(has_text="张图片").first).to_contain_text(ENTERPRISE)
        expert.see("mine")
