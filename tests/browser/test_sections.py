"""The officer on a phone finds the missing meeting, records it with a photo, and corrects it; the centre sees it at a desk."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from inspection.plans import china_day
from inspection.wire import utc_now
from tests.browser.conftest import Site
from tests.browser.test_screens import DESK, PHONE, Person, person_at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def fill(person: Person, field: str, text: str, kind: str = "input") -> None:
    """Write into a field of a section's form."""
    person.page.locator(f'[data-test="field-{field}"] {kind}').first.fill(text)


def test_a_missing_meeting_is_recorded_and_corrected_on_a_phone(
    browser: Browser, site: Site, photos: Path, screenshots: Path
) -> None:
    """What was filled in survives a reload, faults stand beside their fields, and the browser proves the record."""
    last_month = china_day(utc_now()).replace(day=1) - timedelta(days=1)
    with person_at(browser, site, PHONE, screenshots, "phone-sections") as officer:
        officer.sign_in("officer")
        officer.page.locator('[data-test="due-card"]').wait_for()
        officer.page.goto("/sections")
        officer.see("sections")
        officer.page.locator('[data-test="section"][data-code="L04"][data-state="missing"]').click()
        missing = officer.page.locator('[data-test="periods"] [data-state="missing"]')
        missing.first.wait_for()
        before = missing.count()
        officer.see("section")
        officer.tap("new-record")
        officer.tap("send-record")
        place = officer.page.locator('[data-test="field-place"] .q-field--error')
        place.wait_for()
        for field, text in (("on", str(last_month)), ("place", "会议室"), ("topic", "安全例会")):
            fill(officer, field, text)
        fill(officer, "host", "林安全")
        fill(officer, "attendees", "林安全、周师傅")
        fill(officer, "resolution", "加装光栅。", "textarea")
        officer.upload(photos / "coffee.png")
        officer.page.locator('[data-test="upload"][data-state="sent"]').wait_for()
        expect(place).to_have_count(0)
        officer.page.reload()
        officer.page.locator('[data-test="draft-found"]').wait_for()
        officer.see("filled")
        officer.tap("send-record")
        officer.page.locator('[data-outcome="proven"]').wait_for()
        expect(officer.page.locator('[data-test="record-values"]')).to_contain_text("周师傅")
        officer.see("record")
        officer.tap("correct")
        fill(officer, "place", "食堂")
        officer.type("reason", "地点写错")
        officer.tap("send-record")
        expect(officer.page.locator('[data-test="history"] .q-item')).to_have_count(2)
        officer.see("corrected")
        officer.page.goto(f"/enterprises/{site.enterprise_id}/sections/L04")
        expect(officer.page.locator('[data-test="record"]')).to_have_count(1)
        expect(missing).to_have_count(min(before, 6) if before > 5 else before - 1)


def test_the_centre_sees_what_is_missing_by_enterprise(
    browser: Browser, site: Site, screenshots: Path
) -> None:
    """Every enterprise with its counts; a section can be opened, but not written, by whoever only reads it."""
    with person_at(browser, site, DESK, screenshots, "desk-duties") as centre:
        centre.sign_in("centre", language="en")
        centre.page.goto("/duties")
        expect(centre.page.locator('[data-test="enterprise-duties"]')).to_have_count(3)
        centre.see("by-enterprise")
        centre.page.locator('[data-test="enterprise-duties"]').first.click()
        centre.page.locator('[data-test="duty"]').first.wait_for()
        centre.see("of-one")
        centre.page.goto(f"/enterprises/{site.enterprise_id}/sections/L04")
        centre.page.locator('[data-test="periods"]').wait_for()
        expect(centre.page.locator('[data-test="new-record"]')).to_have_count(0)
        centre.page.goto(f"/enterprises/{site.enterprise_id}/sections/L27")
        centre.page.locator("h1.title").wait_for()
        centre.see("written-by-the-system")
