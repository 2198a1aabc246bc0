"""A major hazard on the phone: nothing is started before the plan is filed, part by part."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from inspection.plans import china_day
from inspection.wire import utc_now
from tests.browser.conftest import Site
from tests.browser.test_screens import DESK, PHONE, person_at
from tests.browser.test_ticket_time import ticket_of
from tests.plans import PLAN

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_a_plan_is_filed_before_the_fix_starts(
    browser: Browser, site: Site, screenshots: Path
) -> None:
    """It is on the list of what is due and leads to the ticket, what is left out is marked, filed it can start; the expert reads it in English."""
    page = f"/enterprises/{site.enterprise_id}/tickets/{ticket_of(site, level='major')}"
    with person_at(browser, site, PHONE, screenshots, "treatment-phone") as officer:
        officer.sign_in("officer")
        officer.page.goto(page)
        officer.choose("assignee", "周师傅")
        officer.tap("send-step")
        expect(officer.page.locator('[data-test="ticket-state"]')).to_have_text("待整改")
        expect(officer.page.locator('[data-test="treatment-missing"]')).to_be_visible()
        expect(officer.page.locator('[data-test="do-start"]')).to_have_count(0)
        officer.see("missing")
        officer.page.goto("/duties")
        plan_due = officer.page.locator('[data-test="duty"]').filter(has_text="治理方案")
        expect(plan_due).to_have_attribute("data-state", "due")
        officer.see("due")
        plan_due.click()
        officer.tap("write-plan")
        officer.tap("plan-send")
        expect(officer.page.locator('[data-test="plan-missing"]')).to_be_visible()
        officer.see("left-out")
        for part, value in PLAN.items():
            day = china_day(utc_now()).isoformat()
            officer.type(f"plan-{part}", day if part == "reported_on" else str(value))
        officer.tap("plan-send")
        expect(officer.page.locator('[data-test="treatment-parts"]')).to_contain_text("48000")
        expect(officer.page.locator('[data-test="do-start"]')).to_be_visible()
        officer.see("filed")
        officer.page.goto("/duties")
        officer.page.locator('[data-test="duty"]').first.wait_for()
        expect(plan_due).to_have_count(0)
    with person_at(browser, site, DESK, screenshots, "treatment-desk") as expert:
        expert.sign_in("expert", "en")
        expert.page.goto(page)
        expect(expert.page.locator('[data-test="treatment-parts"]')).to_contain_text("48000")
        expect(expert.page.locator('[data-test="write-plan"]')).to_have_count(0)
        expert.see("read")
        expert.page.goto(f"/enterprises/{site.enterprise_id}/sections/L12")
        period = expert.page.locator('[data-test="periods"] [data-test="duty"]')
        expect(period).to_contain_text("treatment plan of")
        expect(expert.page.get_by_text("Plans asked for")).to_be_visible()
        expect(expert.page.get_by_text("Periods asked for")).to_have_count(0)
        expect(period).to_have_attribute("data-state", "done")
        expert.see("section")
