"""The service centre imports enterprises from Excel: a bad row is named, the mended sheet goes in, people get their links."""

from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Site
from tests.browser.test_screens import DESK, PHONE, person_at
from tests.sheets import CODE, ENTERPRISES, PEOPLE, workbook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_a_sheet_is_looked_through_mended_and_imported(
    browser: Browser, site: Site, screenshots: Path, tmp_path: Path
) -> None:
    """On a phone: two faults in Chinese words, then two enterprises; a second time nothing is left to import."""
    bad, good = tmp_path / "bad.xlsx", tmp_path / "good.xlsx"
    bad.write_bytes(workbook(ENTERPRISES, ("123", "新厂一"), (CODE, "=1+1")))
    good.write_bytes(workbook(ENTERPRISES, (CODE, "新厂一"), ("91330382MA2CB0002X", "新厂二")))
    with person_at(browser, site, PHONE, screenshots, "import-phone") as centre:
        centre.sign_in("centre")
        centre.tap("nav-more")
        centre.tap("more-import")
        with centre.page.expect_download() as form:
            centre.tap("template")
        assert form.value.suggested_filename.endswith(".xlsx")
        centre.page.locator('[data-test="sheet"]').set_input_files(bad)
        faults = centre.page.locator('[data-test="import-fault"]')
        expect(faults).to_have_count(2)
        expect(faults.first).to_contain_text("第 2 行")
        expect(faults.first).to_contain_text("统一社会信用代码不正确")
        expect(centre.page.locator('[data-test="run-import"]')).to_have_count(0)
        centre.see("faults")
        centre.page.locator('[data-test="sheet"]').set_input_files(good)
        centre.tap("run-import")
        expect(centre.page.locator('[data-test="import-report"]')).to_have_attribute("data-applied", "true")  # fmt: skip
        centre.see("imported")
        centre.page.locator('[data-test="sheet"]').set_input_files(good)
        expect(centre.page.locator('[data-test="import-report"]')).to_contain_text("不变 2")
        expect(centre.page.locator('[data-test="run-import"]')).to_have_count(0)


def test_people_get_links_at_a_desk_in_english(
    browser: Browser, site: Site, screenshots: Path, tmp_path: Path
) -> None:
    """The officer invites two of their own people; the links are shown once."""
    with closing(site.sign_in("officer")) as client:
        address = f"{site.address}/v1/enterprises/{site.enterprise_id}"
        code = client.get(address).json()["credit_code"]
    sheet = tmp_path / "people.xlsx"
    rows = [(code, "Wang", "worker", "wang@example.com"), (code, "Li", "员工", "13800000000")]
    sheet.write_bytes(workbook(PEOPLE, *rows))
    with person_at(browser, site, DESK, screenshots, "import-desk") as officer:
        officer.sign_in("officer", language="en")
        officer.tap("nav-import")
        officer.page.locator('[data-test="sheet"]').set_input_files(sheet)
        officer.tap("run-import")
        expect(officer.page.locator('[data-test="import-links"] .mono')).to_have_count(2)
        officer.see("links")
