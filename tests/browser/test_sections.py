"""The 28 sections: what is missing (also on the ledger's page), a record with a photo, its correction, a section that does not apply."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from inspection.plans import china_day
from inspection.wire import utc_now
from tests.browser.conftest import Site
from tests.browser.test_screens import DESK, PHONE, Person, person_at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def state_of(person: Person, section: str) -> str:
    """Return the state that a section's card shows."""
    person.page.goto("/sections")
    card = person.page.locator(f'[data-test="section"][data-code="{section}"]')
    return card.get_attribute("data-state") or ""


def first_period(person: Person) -> str:
    """Return the state of the newest period of the section that is shown: this month."""
    row = person.page.locator('[data-test="periods"] [data-test="duty"]').first
    return row.get_attribute("data-state") or ""


def fill(person: Person, field: str, text: str) -> None:
    """Write into a field of the form."""
    person.page.locator(f'[data-test="field-{field}"]').locator("input, textarea").first.fill(text)


def name(person: Person, field: str, *names: str) -> None:
    """Enter names into a field of people, as one does: each with Enter."""
    typed = person.page.locator(f'[data-test="field-{field}"] input').first
    for each in names:
        typed.fill(each)
        typed.press("Enter")


def choose(person: Person, field: str, option: str) -> None:
    """Choose in a field of the form."""
    person.page.locator(f'[data-test="field-{field}"] .q-field__control').first.click()
    person.page.get_by_role("option").filter(has_text=option).first.click()


def test_a_meeting_with_a_photo_makes_this_months_duty_done(
    browser: Browser, site: Site, photos: Path, screenshots: Path
) -> None:
    """On a phone: the month lacks its meeting; an empty form names what it needs; sent with a photo, the month is done."""
    day = china_day(utc_now()).isoformat()
    with person_at(browser, site, PHONE, screenshots, "sections-phone") as officer:
        officer.sign_in("officer")
        assert state_of(officer, "L04") in {"missing", "due", "empty"}
        officer.see("sections")
        officer.page.goto(f"/enterprises/{site.enterprise_id}/sections/L04")
        officer.page.locator('[data-test="periods"]').wait_for()
        assert first_period(officer) != "done"
        officer.see("section")
        officer.tap("new-record")
        officer.page.locator('[data-test="record-form"]').wait_for()
        officer.tap("send-record")
        expect(officer.page.locator('[data-test="field-topic"] .q-field--error')).to_be_visible()
        officer.see("form-empty")
        fill(officer, "on", day)
        fill(officer, "place", "一楼会议室")
        fill(officer, "topic", "冬季防火 🔥 专题会")
        name(officer, "host", "林安全")
        name(officer, "attendees", "周师傅", "王小明")
        fill(officer, "resolution", "本周内检查全部灭火器。")
        officer.page.locator('[data-test="field-photos"] [data-test="album"]').set_input_files(
            photos / "coffee.png"
        )
        sent = officer.page.locator('[data-test="upload"][data-state="sent"]')
        expect(sent).to_have_count(1)
        officer.see("form-filled")
        officer.tap("send-record")
        officer.page.locator('[data-test="record-values"]').wait_for()
        expect(officer.page.locator('[data-test="proof"]')).to_have_attribute(
            "data-outcome", "proven"
        )
        officer.see("record")
        officer.page.goto(f"/enterprises/{site.enterprise_id}/sections/L04")
        officer.page.locator('[data-test="periods"]').wait_for()
        assert first_period(officer) == "done"
        expect(officer.page.locator('[data-test="record"]')).to_have_count(1)
        officer.see("section-done")


def test_a_correction_keeps_the_earlier_record_and_says_why(
    browser: Browser, site: Site, screenshots: Path
) -> None:
    """At a desk in English: without a reason a correction is not sent; with one, the earlier record stays to be seen."""
    with person_at(browser, site, DESK, screenshots, "sections-desk-en") as officer:
        officer.sign_in("officer", "en")
        officer.page.goto(f"/enterprises/{site.enterprise_id}/sections/L05/new")
        officer.page.locator('[data-test="record-form"]').wait_for()
        fill(officer, "item", "Fire extinguishers")
        choose(officer, "category", "safety facilities")
        fill(officer, "amount", "1280.50")
        officer.see("form")
        officer.tap("send-record")
        officer.page.locator('[data-test="record-values"]').wait_for()
        officer.tap("correct")
        fill(officer, "amount", "1380.50")
        officer.tap("send-record")
        expect(officer.page.locator(".q-field--error")).to_have_count(1)
        officer.type("reason", "The receipt says 1380.50")
        officer.see("correction")
        officer.tap("send-record")
        expect(officer.page.locator('[data-test="history"] .q-item')).to_have_count(2)
        expect(officer.page.locator('[data-test="record-values"]')).to_contain_text("1380.5")
        officer.see("corrected")
        officer.page.locator('[data-test="history"] .q-item').last.click()
        expect(officer.page.locator('[data-test="record-state"]')).to_be_visible()
        expect(officer.page.locator('[data-test="record-values"]')).to_contain_text("1280.5")
        officer.see("earlier")


def test_a_section_that_does_not_apply_is_asked_for_no_more(
    browser: Browser, site: Site, screenshots: Path
) -> None:
    """With a reason, a section without confined spaces is set aside, and every party sees why."""
    with person_at(browser, site, DESK, screenshots, "sections-absent") as officer:
        officer.sign_in("officer")
        officer.page.goto(f"/enterprises/{site.enterprise_id}/sections/L14")
        officer.tap("mark-absent")
        dialog = officer.page.get_by_role("dialog")
        dialog.locator("input").fill("厂内没有有限空间")
        officer.see("dialog")
        dialog.get_by_role("button").last.click()
        expect(officer.page.locator('[data-test="absence"]')).to_contain_text("没有有限空间")
        assert state_of(officer, "L14") == "absent"
        officer.see("sections")
        officer.page.goto("/duties")
        officer.page.locator('[data-test="duty"]').first.wait_for()
        officer.see("duties")


def test_what_was_filled_in_survives_a_reload_and_the_back_button(
    browser: Browser, site: Site, screenshots: Path
) -> None:
    """Half a form is there again after a reload and after going back; sent twice by a double click, it is one record."""
    with person_at(browser, site, PHONE, screenshots, "sections-draft") as officer:
        officer.sign_in("officer")
        officer.page.goto(f"/enterprises/{site.enterprise_id}/sections/L03")
        officer.tap("new-record")
        fill(officer, "name", "动火作业管理规定")
        officer.page.reload()
        expect(officer.page.locator('[data-test="draft-found"]')).to_be_visible()
        officer.page.go_back()
        officer.page.locator('[data-test="new-record"]').wait_for()
        officer.page.go_forward()
        expect(officer.page.locator('[data-test="field-name"] input')).to_have_value(
            "动火作业管理规定"
        )
        choose(officer, "kind", "规章制度")
        fill(officer, "version", "2026-1")
        fill(officer, "issued_to", "各车间")
        officer.see("draft")
        officer.page.locator('[data-test="send-record"]').dblclick()
        officer.page.wait_for_url(re.compile("/records/"))
        officer.page.goto(f"/enterprises/{site.enterprise_id}/sections/L03")
        expect(officer.page.locator('[data-test="record"]')).to_have_count(1)


def test_who_reads_the_ledger_sees_what_it_does_not_hold(
    browser: Browser, site: Site, screenshots: Path
) -> None:
    """The bureau opens the ledger: the drill that nobody held, the month without its meeting, as the server counts them."""
    last_month = china_day(utc_now()).replace(day=1) - timedelta(days=1)
    path = f"/v1/enterprises/{site.enterprise_id}/duties"
    for screen, language in ((PHONE, "zh-CN"), (DESK, "en")):
        with person_at(browser, site, screen, screenshots, f"gaps-{language}") as inspector:
            inspector.sign_in("bureau", language)
            inspector.page.evaluate(
                "id => localStorage.setItem('anxun.enterprise', id)", str(site.enterprise_id)
            )
            with site.sign_in("bureau") as bureau:
                asked = bureau.get(path, params={"limit": 200}).json()["items"]
            missing = [duty for duty in asked if duty["state"] == "missing"]
            due = [duty for duty in asked if duty["state"] == "due"]
            inspector.page.goto("/ledger")
            gaps = inspector.page.locator('[data-test="ledger-gaps"]')
            count = gaps.locator('[data-test="gaps-count"]')
            expect(count).to_contain_text(str(len(missing)))
            rows = gaps.locator('[data-test="duty"]')
            expect(rows).to_have_count(min(3, len(missing) + len(due)))
            inspector.see("ledger")
            inspector.page.goto("/ledger?section=L04")
            if last_month.year == china_day(utc_now()).year:
                first = rows.first
                expect(first).to_have_attribute("data-state", "missing")
                month = f"{last_month.year}年{last_month.month}月 安全会议"
                said = month if language == "zh-CN" else f"{last_month:%Y-%m} Safety meetings"
                expect(first).to_contain_text(said)
            inspector.see("one-section")


def test_two_people_do_not_overwrite_each_other_unseen(
    browser: Browser, site: Site, screenshots: Path
) -> None:
    """Both have the page open; the second one to decide is told that somebody changed it, and sees how it stands now."""
    page = f"/enterprises/{site.enterprise_id}/sections/L19"
    with (
        person_at(browser, site, DESK, screenshots, "sections-first") as officer,
        person_at(browser, site, PHONE, screenshots, "sections-second") as expert,
    ):
        for who, login in ((officer, "officer"), (expert, "expert")):
            who.sign_in(login)
            who.page.goto(page)
            who.page.locator('[data-test="mark-absent"]').wait_for()
        for who, reason in ((officer, "厂内没有特种设备"), (expert, "另一个理由")):
            who.tap("mark-absent")
            dialog = who.page.get_by_role("dialog")
            dialog.locator("input").fill(reason)
            dialog.get_by_role("button").last.click()
            expect(who.page.locator('[data-test="absence"]')).to_contain_text("没有特种设备")
        expect(expert.page.locator(".q-notification")).to_contain_text("别人刚刚改动了这里")
        expert.see("told")
