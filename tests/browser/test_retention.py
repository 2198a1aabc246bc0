"""Searching, asking for an erasure, approving it and seeing what is left, on a phone and at a desk."""

from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, expect

from api.demo.town import PASSWORD
from inspection.wire import utc_now
from tests.browser.conftest import Site
from tests.browser.test_screens import DESK, PHONE, person_at
from tests.builders import jpeg, make_draft, sha256_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
ZONES = ("二车间 配电箱前 王小明", "东门 消防通道", "仓库 3 号货架", "冲压线 操作位")
HAZARDS = ("FIR-01", "PPE-01", "FIR-01", "PPE-01")


def deliver(site: Site) -> None:
    """Enrol a device and deliver a finding of each zone."""
    with httpx2.Client(base_url=site.address) as client:
        answer = client.post("/v1/sessions", json={"login": "expert", "password": PASSWORD})
        headers = {"Authorization": f"Bearer {answer.json()['token']}"}
        path = f"/v1/enterprises/{site.enterprise_id}/enrolment-codes"
        code = client.post(path, headers=headers).json()["code"]
        client.cookies.clear()
        device = client.post("/v1/devices", json={"code": code, "name": "gate"}).json()
        headers = {"Authorization": f"Bearer {device['token']}"}
        drafts = []
        for number, (zone, hazard) in enumerate(zip(ZONES, HAZARDS, strict=True)):
            data = jpeg(60 * number, (640, 480))
            put = client.put(f"/v1/evidence/{sha256_of(data)}", content=data, headers=headers)
            assert put.status_code == 200, put.text
            at = utc_now() - timedelta(minutes=9 - number)
            draft = make_draft(
                sha256_of(data), zone=zone, hazard_code=hazard, captured_at=at, clock_offset_s=0.0
            )
            drafts.append(draft.model_dump(mode="json", exclude_none=True))
        answer = client.post("/v1/findings", json={"drafts": drafts}, headers=headers)
        assert [row["status"] for row in answer.json()["receipts"]] == ["recorded"] * 4


def test_search_request_approve_and_what_is_left(
    browser: Browser, site: Site, screenshots: Path
) -> None:
    """Found by a word with it marked; asked for on the phone, approved at a desk; the entry says when and why."""
    deliver(site)
    with person_at(browser, site, PHONE, screenshots, "retention-phone") as officer:
        officer.sign_in("officer")
        officer.page.goto("/ledger")
        officer.see("ledger")
        officer.type("search", "配电")
        expect(officer.page.locator('[data-test="entry"]')).to_have_count(1)
        expect(officer.page.locator("mark")).to_have_text("配电")
        officer.tap("open-filters")
        officer.choose("filter-section", "L27")
        officer.tap("show-results")
        expect(officer.page.locator('[data-test="chip-section"]')).to_be_visible()
        assert "section=L27" in officer.page.url
        officer.see("search")
        officer.page.reload()
        expect(officer.page.locator('[data-test="entry"]')).to_have_count(1)
        officer.tap("entry")
        officer.page.locator('[data-test="ask-erasure"]').wait_for()
        officer.see("entry")
        officer.tap("ask-erasure")
        officer.choose("erasure-reason", "个人请求删除")
        officer.type("erasure-reference", "2026-017")
        officer.page.locator('[data-test="check-ok"]').wait_for()
        officer.see("request")
        officer.tap("send-erasure")
        expect(officer.page.locator('[data-test="erasure-state"]')).to_have_text("待批准")
        expect(officer.page.locator('[data-test="approve-erasure"]')).to_have_count(0)
        officer.see("requested")
        officer.page.goto("/retention")
        officer.page.locator('[data-test="retention-sections"]').wait_for()
        officer.see("retention")
        officer.page.goto("/items?q=货架")
        expect(officer.page.locator('[data-test="item-card"]')).to_have_count(1)
        officer.see("items")
    with person_at(browser, site, DESK, screenshots, "retention-desk") as centre:
        centre.sign_in("centre", "en")
        centre.page.goto("/retention")
        centre.page.get_by_text("柳岸电器有限公司").first.click()
        centre.tap("open-hold")
        centre.choose("hold-section", "L04")
        centre.type("hold-reason", "2026-11-20 事故调查")
        centre.tap("send-hold")
        expect(centre.page.locator('[data-test="holds"] .q-item')).to_have_count(1)
        centre.see("retention")
        centre.tap("erasure-card")
        centre.see("request")
        centre.tap("approve-erasure")
        centre.page.locator('[data-test="approve-sure"]').click()
        expect(centre.page.locator('[data-test="erasure-state"]')).to_have_text("Erased")
        centre.see("erased")
        centre.page.goto(f"/enterprises/{site.enterprise_id}/ledger/0")
        expect(centre.page.locator('[data-test="erased"]')).to_contain_text("Content erased on")
        centre.see("entry")
        centre.page.goto("/ledger")
        centre.page.locator('[data-test="entry"]').first.wait_for()
        centre.see("ledger")
        centre.type("search", "配电")
        expect(centre.page.locator('[data-test="entry"]')).to_have_count(0)
        centre.page.goto("/items?state=all")
        centre.page.locator('[data-test="item-card"]').first.wait_for()
        centre.see("items")
