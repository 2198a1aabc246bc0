"""The model's look at an after-photo, as the phone of the fixer and the desk of the reinspector show it."""

import time
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Site
from tests.browser.test_screens import DESK, DETECTED_MS, PHONE, person_at
from tests.browser.test_ticket_time import ticket_of
from tests.builders import sha256_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def fixing_ticket(site: Site, hazard_code: str) -> str:
    """Open a ticket of this hazard, give it to the worker and let them start; return its id."""
    ticket = ticket_of(site, hazard_code=hazard_code, level="general")
    base = f"/v1/enterprises/{site.enterprise_id}/tickets/{ticket}"
    with closing(site.sign_in("officer")) as officer:
        people = officer.get(f"/v1/enterprises/{site.enterprise_id}/people").json()["items"]
        worker = next(each["id"] for each in people if each["name"] == "周师傅")
        assert officer.post(f"{base}/assignment", json={"assignee_id": worker}).is_success
        assert officer.post(f"{base}/start", json={}).is_success
    return ticket


def submit(site: Site, ticket: str, photos: list[Path]) -> None:
    """Submit the fix with these after-photos, and wait until the model has looked."""
    base = f"/v1/enterprises/{site.enterprise_id}"
    with closing(site.sign_in("officer")) as officer:
        names = []
        for photo in photos:
            names.append(sha256_of(photo.read_bytes()))
            kept = officer.put(f"{base}/evidence/{names[-1]}", content=photo.read_bytes())
            assert kept.is_success, kept.text
        path = f"{base}/tickets/{ticket}"
        sent = officer.post(f"{path}/submission", json={"evidence_sha256s": names})
        assert sent.is_success, sent.text
        ends = time.monotonic() + DETECTED_MS / 1000
        while officer.get(path).json()["fix_check"]["state"] == "waiting":
            assert time.monotonic() < ends
            time.sleep(0.2)


def test_a_hazard_that_is_still_there_is_shown_with_its_box(
    browser: Browser, site: Site, photos: Path, screenshots: Path
) -> None:
    """The fixer's page fills by itself while they look; the expert at the desk sees the box, and is asked to decide."""
    ticket = fixing_ticket(site, "PPE-05")
    page = f"/enterprises/{site.enterprise_id}/tickets/{ticket}"
    with person_at(browser, site, PHONE, screenshots, "fix-check-phone") as officer:
        officer.sign_in("officer")
        officer.page.goto(page)
        expect(officer.page.locator('[data-test="fix-check"]')).to_have_count(0)
        officer.tap("do-submit")
        officer.upload(photos / "two-people.jpg", photos / "coffee.png")
        expect(officer.page.locator('[data-test="send-step"]')).to_be_enabled(timeout=30_000)
        officer.tap("send-step")
        seen = officer.page.locator('[data-test="fix-check"][data-verdict="visible"]')
        seen.wait_for(timeout=DETECTED_MS)
        expect(seen.locator('[data-test="boxes"] rect').first).to_be_visible()
        expect(seen.locator('[data-test="fix-headline"]')).to_contain_text("1 张照片中仍能看到")
        expect(seen.locator('[data-test="fix-decides"]')).to_contain_text("由复查人员决定")
        expect(seen.locator('[data-test="fix-why"]')).to_contain_text("照片里没有人")
        seen.scroll_into_view_if_needed()
        officer.see("visible")
    with person_at(browser, site, DESK, screenshots, "fix-check-desk") as expert:
        expert.sign_in("expert", "en")
        expert.page.goto(page)
        panel = expert.page.locator('[data-test="fix-check"]')
        expect(panel.locator('[data-test="fix-headline"]')).to_contain_text("still to be seen")
        expect(panel.locator('[data-test="boxes"] rect').first).to_be_visible()
        expert.see("visible")
        expert.tap("do-close")
        expert.tap("send-step")
        expect(expert.page.locator('[data-test="ticket-state"]')).to_have_text("Closed")
        expert.page.reload()
        expert.page.locator('[data-test="fix-check"] a').click()
        expect(expert.page.get_by_text("Model’s look at the after-photos").first).to_be_visible()
        expert.see("entry")


@pytest.mark.parametrize(
    ("hazard_code", "photo", "said", "why"),
    [
        ("EMG-01", "photos/coffee.png", "未再看到该隐患", None),
        ("FIR-01", "photos/coffee.png", "不能判断", "模型不识别这类隐患"),
    ],
    ids=["not-seen", "cannot-say"],
)
def test_what_was_not_seen_and_what_cannot_be_said(
    browser: Browser,
    site: Site,
    photos: Path,
    screenshots: Path,
    hazard_code: str,
    photo: str,
    said: str,
    why: str | None,
) -> None:
    """Neither is taken for a fix: the page says what it means."""
    ticket = fixing_ticket(site, hazard_code)
    submit(site, ticket, [photos.parent / photo])
    with person_at(browser, site, PHONE, screenshots, f"fix-check-{hazard_code}") as officer:
        officer.sign_in("officer")
        officer.page.goto(f"/enterprises/{site.enterprise_id}/tickets/{ticket}")
        panel = officer.page.locator('[data-test="fix-check"]')
        expect(panel.locator('[data-test="fix-headline"]')).to_contain_text(said)
        expect(panel.get_by_text("没有看到不等于已经消除")).to_have_count(1 if why is None else 0)
        if why is not None:
            expect(panel.locator('[data-test="fix-why"]')).to_contain_text(why)
        panel.scroll_into_view_if_needed()
        officer.see("said")
