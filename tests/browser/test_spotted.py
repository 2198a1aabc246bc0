"""An expert marks a hazard that the model missed: on the phone without signal, at the desk, on a camera's frame; it becomes a ticket."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Site
from tests.browser.test_clips import deliver
from tests.browser.test_redraw import Finger, rectangle
from tests.browser.test_screens import DESK, ENTERPRISE, PHONE, Person, inspect, person_at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(480)]


def _fill(person: Person, code: str, zone: str) -> None:
    page = person.page
    page.locator('[data-test="spot-form"]').wait_for()
    field = page.locator('[data-test="spot-form"] [data-test="hazard"]')
    field.fill(code)
    page.get_by_role("option").filter(has_text=code).first.click()
    page.locator('[data-test="spot-zone"]').fill(zone)


def _finish(person: Person, name: str) -> None:
    page = person.page
    expect(page.locator('[data-test="edit-box"]')).to_have_count(1)
    person.see(f"{name}-drawn")
    person.tap("boxes-done")
    expect(page.locator('[data-test="spot-draw"]')).to_contain_text("1")
    person.see(f"{name}-form")
    person.tap("spot-record")
    page.locator('[data-test="spot-form"]').wait_for(state="detached")


def test_a_missed_hazard_is_marked_without_signal_and_sent_when_it_is_back(
    browser: Browser, site: Site, photos: Path, screenshots: Path
) -> None:
    """The photo and the mark wait on the phone, and become a finding with boxes of a person."""
    with person_at(browser, site, PHONE, screenshots, "phone-spotted") as expert:
        expert.sign_in("expert")
        page = expert.page
        page.goto(f"{site.address}/inspections/new")
        expert.choose("enterprise", ENTERPRISE)
        page.locator('[data-test="place"]').fill("配电间")
        expert.tap("start")
        page.locator('[data-test="album"]').wait_for(state="attached")
        page.context.set_offline(True)
        page.locator('[data-test="album"]').set_input_files([photos / "street-bus.jpg"])
        expert.tap("spot")
        _fill(expert, "FIR-01", "东墙")
        expert.tap("spot-draw")
        page.locator('[data-test="box-canvas"]').wait_for()
        page.wait_for_timeout(600)
        canvas = rectangle(page.locator('[data-test="box-canvas"]'))
        start = (canvas["x"] + 60, canvas["y"] + 60)
        Finger(page).drag(start, (start[0] + 120, start[1] + 90))
        _finish(expert, "offline")
        waiting = page.locator('[data-test="spotted"]')
        expect(waiting).to_have_attribute("data-state", "waiting")
        expert.see("waiting")
        page.context.set_offline(False)
        page.locator('[data-test="finding-card"]').filter(has_text="FIR-01").wait_for(
            timeout=60_000
        )
        expect(waiting).to_have_count(0)
        expert.see("sent")
        page.locator('[data-test="finding-card"]').filter(has_text="FIR-01").click()
        page.locator('[data-test="by-person"]').wait_for()
        page.locator('[data-test="redrawn"]').wait_for()
        expert.see("finding")


def test_a_missed_hazard_is_marked_at_the_desk(
    browser: Browser, site: Site, photos: Path, screenshots: Path
) -> None:
    """With a mouse, in English, on a photo that the server has looked at; the API has no model's name for it."""
    with person_at(browser, site, DESK, screenshots, "desk-spotted") as expert:
        expert.sign_in("expert")
        inspect(expert, "大门口", [photos / "street-bus.jpg"], ENTERPRISE)
        page = expert.page
        expert.tap("spot")
        _fill(expert, "PPE-01", "")
        expert.tap("spot-draw")
        page.locator('[data-test="box-canvas"]').wait_for()
        page.wait_for_timeout(600)
        canvas = rectangle(page.locator('[data-test="box-canvas"]'))
        page.mouse.move(canvas["x"] + 40, canvas["y"] + 40)
        page.mouse.down()
        page.mouse.move(canvas["x"] + 160, canvas["y"] + 140, steps=8)
        page.mouse.up()
        _finish(expert, "desk")
        with site.sign_in("expert") as client:
            expect(page.locator('[data-test="spotted"]')).to_have_count(0, timeout=30_000)
            found = client.get("/v1/findings", params={"state": "confirmed", "limit": 100}).json()
        spotted = [each for each in found["items"] if each["model_name"] is None]
        (mine,) = [each for each in spotted if each["hazard_code"] == "PPE-01"]
        assert mine["boxes"] == []
        assert [box["label"] for box in mine["decided_boxes"]] == ["head"]


def test_something_else_on_a_cameras_frame_is_marked_from_its_finding(
    browser: Browser, site: Site, screenshots: Path
) -> None:
    """Outside of any visit, on the phone: it stands beside the model's own finding, and leads to it and back."""
    finding_id = deliver(site)
    with person_at(browser, site, PHONE, screenshots, "phone-beside") as expert:
        expert.sign_in("expert")
        page = expert.page
        page.goto(f"{site.address}/enterprises/{site.enterprise_id}/findings/{finding_id}")
        expert.tap("spot-beside")
        _fill(expert, "FIR-01", "")
        expert.tap("spot-draw")
        page.locator('[data-test="box-canvas"]').wait_for()
        page.wait_for_timeout(600)
        canvas = rectangle(page.locator('[data-test="box-canvas"]'))
        start = (canvas["x"] + 60, canvas["y"] + 60)
        Finger(page).drag(start, (start[0] + 120, start[1] + 90))
        _finish(expert, "frame")
        card = page.locator('[data-test="same-picture"] [data-test="finding-card"]')
        expect(card).to_have_count(1, timeout=30_000)
        expect(card).to_contain_text("FIR-01")
        card.scroll_into_view_if_needed()
        expert.see("beside")
        card.click()
        page.locator('[data-test="by-person"]').wait_for()
        page.locator('[data-test="redrawn"]').wait_for()
        expect(card).to_contain_text("PPE-01")
        expert.see("finding")
    with person_at(browser, site, DESK, screenshots, "desk-beside") as officer:
        officer.sign_in("officer", language="en")
        officer.page.goto(f"/enterprises/{site.enterprise_id}/findings/{finding_id}")
        officer.page.locator('[data-test="same-picture"] [data-test="finding-card"]').wait_for()
        expect(officer.page.locator('[data-test="spot-beside"]')).to_have_count(0)
        officer.see("officer")
