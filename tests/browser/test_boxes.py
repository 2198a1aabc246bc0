"""An edge box seen from the office: how it does, its cameras changed, and why it refused a version."""

import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, expect

from api.demo.town import PASSWORD
from tests.browser.conftest import Site
from tests.browser.test_screens import DESK, PHONE, person_at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
REPORT: dict[str, Any] = {
    "program_version": "0.1.0",
    "started_at": "2026-11-25T00:00:00Z",
    "waiting": 3,
    "disk_free_bytes": 64_000_000_000,
    "clock_offset_s": 0.4,
    "model_name": "anxun-nano",
    "model_version": "0.1.0",
    "model_sha256": "ab" * 32,
    "model_runtime": "openvino:cpu fp32",
    "configuration_origin": "file",
    "cameras": [
        {"name": "东门", "sight": "seeing", "since": "2026-11-25T00:00:05Z", "seen_s": 5400},
        {
            "name": "冲压线", "sight": "absent", "since": "2026-11-25T00:10:00Z",
            "blind_s": 900, "trouble": "Connection refused",
        },
    ],
}  # fmt: skip


def enrol(site: Site, name: str = "盒子一号") -> tuple[str, dict[str, str]]:
    """Enrol a box of this name; return its id and the header of its token."""
    with httpx2.Client(base_url=site.address) as client:
        answer = client.post("/v1/sessions", json={"login": "officer", "password": PASSWORD})
        headers = {"Authorization": f"Bearer {answer.json()['token']}"}
        path = f"/v1/enterprises/{site.enterprise_id}/enrolment-codes"
        code = client.post(path, headers=headers).json()["code"]
        client.cookies.clear()
        device = client.post("/v1/devices", json={"code": code, "name": name}).json()
    return device["device_id"], {"Authorization": f"Bearer {device['token']}"}


def report(site: Site, headers: dict[str, str], **changes: Any) -> None:
    """Say how the box does."""
    with httpx2.Client(base_url=site.address) as client:
        answer = client.put("/v1/devices/self/report", json=REPORT | changes, headers=headers)
        assert answer.status_code == 200, answer.text


def test_the_officer_changes_a_boxs_cameras_and_sees_what_became_of_it(
    browser: Browser, site: Site, screenshots: Path
) -> None:
    """On the phone: saved as version 1, waiting; at a desk: refused with the box's own words, and mended."""
    device_id, headers = enrol(site, "东门盒子")
    report(site, headers)
    address = f"/enterprises/{site.enterprise_id}/devices/{device_id}"
    with person_at(browser, site, PHONE, screenshots, "box-phone") as officer:
        officer.sign_in("officer")
        officer.page.goto(address)
        officer.see("report")
        expect(officer.page.locator('[data-test="report"]')).to_contain_text("Connection refused")
        expect(officer.page.locator('[data-test="report"]')).to_contain_text("90")
        box = officer.page.locator('textarea[data-test="text"]')
        expect(box).to_have_value(re.compile(r"\$\{GATE_PASSWORD\}"))
        box.fill('[[cameras]]\nname = "东门"\nsource = "rtsp://10.0.0.7/1"\n')
        officer.type("note", "只留东门")
        officer.tap("save")
        officer.see("pending")
    report(
        site, headers, refused_version=1, refused_reason="camera 东门: k of n needs k ≤ n",
    )  # fmt: skip
    with person_at(browser, site, DESK, screenshots, "box-desk") as officer:
        officer.sign_in("officer")
        officer.page.goto("/devices")
        row = officer.page.get_by_role("listitem").filter(has_text="东门盒子")
        row.locator('[data-test="open-box"]').click()
        expect(officer.page.locator('[data-test="refused"]')).to_contain_text("k of n needs")
        expect(officer.page.get_by_text("只留东门")).to_be_visible()
        officer.see("refused")


def test_the_days_the_room_and_a_blind_camera_are_seen_on_phone_and_desk(
    browser: Browser, site: Site, screenshots: Path
) -> None:
    """Minutes by day with their entries, the full outbox, the clock's jump; and the officer's notice leads there."""
    _, headers = enrol(site)
    days = [
        {"day": f"2026-10-0{n}", "cameras": [
            {"name": "东门", "seconds": {"seeing": 80_000, "black": 1800 * (n - 1)}},
            {"name": "冲压线", "seconds": {"seeing": 86_400}},
        ]}
        for n in (1, 2)
    ]  # fmt: skip
    report(
        site, headers, days=days, full_since="2026-11-25T01:00:00Z",
        clock_jumps=2, clock_jumped_s=-3600.0, clock_jumped_at="2026-11-25T00:30:00Z",
    )  # fmt: skip
    for screen, name, wide in (
        (PHONE, "box-days-phone", False),
        (DESK, "box-days-desk", True),
    ):
        with person_at(browser, site, screen, screenshots, name) as officer:
            officer.sign_in("officer")
            officer.page.goto("/notices")
            row = officer.page.get_by_text("冲压线（盒子一号）").first
            expect(row).to_be_visible()
            row.click()
            officer.see("days")
            table = officer.page.locator('[data-test="days"]')
            expect(table).to_contain_text("看不见 30 分钟")
            expect(officer.page.locator('[data-test="full"]')).to_be_visible()
            expect(officer.page.locator('[data-test="report"]')).to_contain_text("-3600.0")
            table.scroll_into_view_if_needed()
            officer.page.screenshot(path=screenshots / f"{name}-days.png", full_page=wide)
            if wide:
                table.get_by_text("2026-10-02").click()
                expect(officer.page.get_by_text("摄像头每日看见与看不见时长").first).to_be_visible()
