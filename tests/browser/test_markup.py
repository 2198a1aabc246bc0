"""Markup that somebody stored is text on every page, and the way back after a sign-in leads to no other site."""

from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from api.demo.town import PASSWORD
from tests.browser.conftest import Site
from tests.browser.test_screens import DESK, PHONE, person_at
from tests.builders import jpeg, sha256_of
from tests.integration.api.test_attacks import MARKUP, SCRIPT, with_exif

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def store_markup(site: Site) -> str:
    """Store markup in names and in a photo's metadata; return the inspection's page."""
    base = f"/v1/enterprises/{site.enterprise_id}"
    with closing(site.sign_in("expert")) as expert:
        made = expert.post(f"{base}/inspections", json={"place": MARKUP}).json()
        data = with_exif(jpeg(7, (640, 480)), SCRIPT) + SCRIPT
        sha256 = sha256_of(data)
        assert expert.put(f"{base}/evidence/{sha256}", content=data).status_code == 200
        body = {"evidence_sha256": sha256}
        added = expert.post(f"{base}/inspections/{made['id']}/photos", json=body)
        assert added.status_code in (200, 201, 202), added.text
        code = expert.post(f"{base}/enrolment-codes").json()["code"]
        assert expert.post("/v1/devices", json={"code": code, "name": MARKUP}).status_code == 201
    return f"/enterprises/{site.enterprise_id}/inspections/{made['id']}"


def test_stored_markup_runs_on_no_page(browser: Browser, site: Site, screenshots: Path) -> None:
    """It is read as it was written: the list, the inspection, the devices and the access log show it, and the title stays."""
    page = store_markup(site)
    with person_at(browser, site, DESK, screenshots, "markup-desk") as expert:
        expert.sign_in("expert")
        for path in ("/inspections", page, "/devices", "/access-log"):
            expert.page.goto(path)
            expert.see(path.strip("/").split("/")[0])
            assert expert.page.title() != "owned"
            assert expert.page.locator('img[src="x"]').count() == 0
        expert.page.goto("/inspections")
        expect(expert.page.get_by_text("onerror=").first).to_be_visible()


def test_the_way_back_stays_on_this_site(browser: Browser, site: Site, screenshots: Path) -> None:
    """An address of another site behind `next` is not followed."""
    with person_at(browser, site, PHONE, screenshots, "next-phone") as person:
        for wanted in (
            "//evil.example/x",
            "https://evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
        ):
            person.page.context.clear_cookies()
            person.page.goto(f"/sign-in?next={wanted}")
            person.type("login", "expert")
            person.type("password", PASSWORD)
            person.tap("sign-in")
            person.page.locator('[data-test="tile-mine"]').wait_for()
            assert person.page.url.rstrip("/") == site.address
