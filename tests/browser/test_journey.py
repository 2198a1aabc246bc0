"""The journey expert → enterprise → closed ticket → verified ledger, in a real browser."""

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from api.demo.town import PASSWORD
from tests.browser.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}


def _context(browser: Browser, site: Site, size: dict[str, int], language: str) -> BrowserContext:
    context = browser.new_context(
        base_url=site.address,
        viewport={"width": size["width"], "height": size["height"]},
        has_touch=size is PHONE,
        is_mobile=size is PHONE,
        device_scale_factor=2 if size is PHONE else 1,
        locale=language,
        accept_downloads=True,
    )
    context.set_default_timeout(20_000)
    return context


def _sign_in(page: Page, login: str, language: str) -> None:
    page.goto("/sign-in")
    page.locator(f'[data-test="language-{language}"]').click()
    page.locator('[data-test="login"]').fill(login)
    page.locator('[data-test="password"]').fill(PASSWORD)
    page.locator('[data-test="sign-in"]').click()
    expect(page.locator('[data-test="nav-ledger"]').first).to_be_visible()


def _fits(page: Page) -> None:
    """Nothing sticks out sideways."""
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, f"{page.url} is {wide} px too wide"


def _shot(page: Page, folder: Path, name: str) -> None:
    page.wait_for_timeout(400)
    _fits(page)
    page.screenshot(path=folder / f"{name}.png")


def test_expert_enterprise_closed_ticket_verified_ledger(
    browser: Browser, site: Site, photos: Path, screenshots: Path, tmp_path: Path
) -> None:
    """Photo, proposal, confirmation, fix, reinspection by another person, ledger, verified bundle."""
    expert = _context(browser, site, PHONE, "zh-CN").new_page()
    faults: list[str] = []
    expert.on("pageerror", lambda error: faults.append(str(error)))
    expert.on(
        "console",
        lambda said: faults.append(said.text) if "Content Security" in said.text else None,
    )
    expert.goto("/sign-in")
    _shot(expert, screenshots, "01-sign-in")
    _sign_in(expert, "expert", "zh-CN")
    _shot(expert, screenshots, "02-home")

    # 1 the expert photographs, the server proposes
    expert.goto("/inspections/new")
    expert.get_by_role("combobox").first.click()
    expert.get_by_role("option", name="柳岸电器有限公司").click()
    expert.locator('[data-test="place"]').fill("二号车间")
    _shot(expert, screenshots, "03-new-inspection")
    expert.locator('[data-test="start"]').click()
    expert.locator('[data-test="album"]').set_input_files(
        [photos / "street-bus.jpg", photos / "coffee.png"]
    )
    card = expert.locator('[data-test="finding-card"]').first
    expect(card).to_be_visible(timeout=60_000)
    expect(expert.locator('[data-test="photo"][data-state="waiting"]')).to_have_count(
        0, timeout=60_000
    )
    _shot(expert, screenshots, "04-inspection")

    # 2 a person decides
    expert.locator('[data-test="finding-card"]', has_text="安全帽").first.click()
    expect(expert.locator('[data-test="boxes"] rect').first).to_be_visible()
    _shot(expert, screenshots, "05-review")
    expert.locator('[data-test="confirm"]').click()
    _shot(expert, screenshots, "06-confirm")
    expert.locator('[data-test="confirm-send"]').click()
    expert.locator('[data-test="open-ticket"]').click()
    expect(expert.locator('[data-test="ticket-state"]')).to_contain_text("待指派")
    ticket = expert.url

    # 3 the enterprise assigns, fixes and submits with an after-photo
    officer = _context(browser, site, PHONE, "zh-CN").new_page()
    _sign_in(officer, "officer", "zh-CN")
    officer.goto(ticket)
    _take(officer, "assign", None)
    officer.get_by_role("combobox").first.click()
    officer.get_by_role("option", name="林安全").click()
    officer.locator('[data-test="send-step"]').click()
    expect(officer.locator('[data-test="ticket-state"]')).to_contain_text("待整改")
    _take(officer, "start", "开始整改")
    expect(officer.locator('[data-test="ticket-state"]')).to_contain_text("整改中")
    _take(officer, "submit", None)
    officer.locator('[data-test="album"]').set_input_files([photos / "motorcycle-left.png"])
    officer.locator('[data-test="note"]').fill("已发放安全帽并教育")
    expect(officer.locator('[data-test="send-step"]')).to_be_enabled(timeout=30_000)
    _shot(officer, screenshots, "07-submit")
    officer.locator('[data-test="send-step"]').click()
    expect(officer.locator('[data-test="ticket-state"]')).to_contain_text("待复查")
    expect(officer.locator('[data-test="do-close"]')).to_have_count(0)

    # 4 a second person reinspects and closes
    expert.goto(ticket)
    _take(expert, "close", "复查合格")
    expect(expert.locator('[data-test="ticket-state"]')).to_contain_text("已销号")
    _shot(expert, screenshots, "08-closed")
    expert.reload()
    expect(expert.locator('[data-test="after"] img').first).to_be_visible()
    _shot(expert, screenshots, "08-closed-top")

    # 5 the ledger shows it, and the browser checks a proof by itself
    expert.goto("/ledger")
    expert.locator('[data-test="choose-enterprise"]').get_by_text("柳岸电器有限公司").click()
    expect(expert.locator('[data-test="entry"]').first).to_be_visible()
    _shot(expert, screenshots, "09-ledger")
    expert.locator('[data-test="entry"]').first.click()
    expect(expert.locator('[data-test="proof"]')).to_have_attribute(
        "data-outcome", "proven", timeout=30_000
    )
    _shot(expert, screenshots, "10-entry")

    # 6 the bundle verifies offline, by another program
    expert.goto("/ledger")
    with expert.expect_download() as download:
        expert.locator('[data-test="download-bundle"]').click()
    bundle = tmp_path / "bundle.zip"
    download.value.save_as(bundle)
    anxun = str(Path(sys.executable).with_name("anxun"))
    verified = subprocess.run(
        [anxun, "verify", str(bundle)], capture_output=True, text=True, check=False
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert faults == []


def _take(page: Page, action: str, note: str | None) -> None:
    """Open a step's form; with a note also send it."""
    form = page.locator(f'[data-test="form-{action}"]')
    choice = page.locator(f'[data-test="do-{action}"]')
    expect(form.or_(choice).first).to_be_visible()
    if choice.is_visible():
        choice.click()
    expect(form).to_be_visible()
    if note is not None:
        page.locator('[data-test="note"]').fill(note)
        page.locator('[data-test="send-step"]').click()


def test_every_list_reads_in_english_at_a_desk(
    browser: Browser, site: Site, screenshots: Path
) -> None:
    """Who chooses English on the sign-in page finds no Chinese sentence of the app's own on any list."""
    page = _context(browser, site, DESK, "en-GB").new_page()
    _sign_in(page, "officer", "en")
    for place, heading in (
        ("/", "Hello"),
        ("/inspections", "Inspections"),
        ("/findings", "Findings"),
        ("/items", "Hazards"),
        ("/tickets", "Tickets"),
        ("/ledger", "Safety ledger"),
        ("/devices", "Devices"),
        ("/more", "More"),
        ("/nowhere", "No such page"),
    ):
        page.goto(place)
        expect(page.get_by_text(heading).first).to_be_visible()
        _shot(page, screenshots, f"desk{place.replace('/', '-')}")


def test_a_wrong_password_and_a_foreign_address_are_said_clearly(
    browser: Browser, site: Site
) -> None:
    """A refusal is a sentence in the user's language, and another enterprise's page is not there."""
    page = _context(browser, site, PHONE, "zh-CN").new_page()
    page.goto("/sign-in")
    page.locator('[data-test="login"]').fill("officer2")
    page.locator('[data-test="password"]').fill("wrong")
    page.locator('[data-test="sign-in"]').click()
    expect(page.get_by_role("alert")).to_contain_text("密码")
    page.locator('[data-test="password"]').fill(PASSWORD)
    page.locator('[data-test="sign-in"]').click()
    expect(page.locator('[data-test="nav-ledger"]').first).to_be_visible()
    page.goto(f"/enterprises/{site.enterprise_id}/ledger/0")
    expect(page.get_by_text("不存在").first).to_be_visible()
