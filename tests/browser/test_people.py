"""People are managed on pages: invited by a link, found, suspended, restored, stationed; the invited one joins on the phone."""

from pathlib import Path

import cv2
import numpy as np
import pyotp
import pytest
from playwright.sync_api import Browser, expect

from api.demo.town import PASSWORD
from tests.browser.conftest import Site
from tests.browser.test_screens import DESK, ENTERPRISE, PHONE, Person, person_at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
NEW = "quiet orange ladder seventeen"
LOGIN = "qian"


def open_people(person: Person, tab: str = "people") -> None:
    """Go to the people as a person does, from More."""
    person.page.goto("/more")
    person.tap("more-people")
    if tab != "people":
        person.tap(f"tab-{tab}")


def invite(centre: Person) -> str:
    """Invite a worker to the enterprise; return the link's path, which its QR code holds as well."""
    open_people(centre, "invitations")
    centre.choose("invite-place", ENTERPRISE)
    centre.choose("invite-role", "企业员工")
    centre.type("invite-name", "钱电工")
    centre.type("invite-contact", "138 0000 0000")
    centre.tap("make-link")
    link = centre.page.locator('[data-test="invitation-link"]').inner_text()
    row = centre.page.locator('[data-test="open-invitation"]').filter(has_text="钱电工")
    expect(row).to_contain_text("13800000000")
    centre.see("invited")
    picture = centre.page.locator('[data-test="invitation-qr"]').screenshot()
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    read, *_ = cv2.QRCodeDetector().detectAndDecode(cv2.resize(image, None, fx=4, fy=4))
    assert read == link
    return "/invitation#" + link.split("#")[1]


def join(newcomer: Person, path: str) -> None:
    """Open the link without an account, read it in both languages, and join."""
    newcomer.page.goto(path)
    expect(newcomer.page.locator('[data-test="invitation"]')).to_contain_text(ENTERPRISE)
    newcomer.see("invitation")
    newcomer.tap("language-en")
    newcomer.see("invitation-en")
    newcomer.tap("language-zh-CN")
    newcomer.type("new-login", LOGIN)
    newcomer.type("new-password", NEW)
    newcomer.see("filled")
    newcomer.tap("join")
    newcomer.page.locator('[data-test="tile-mine"]').wait_for()
    newcomer.see("home")


def look_at_invitation(person: Person, path: str) -> None:
    """Open a link with an account at hand, at a desk in both languages, and leave it unused."""
    person.page.goto(path)
    expect(person.page.locator('[data-test="join-as"]')).to_contain_text("Join as 吴调度")
    person.see("invitation")
    person.tap("language-zh-CN")
    person.see("invitation-zh")
    person.tap("language-en")


def suspend(centre: Person) -> None:
    """Find the newcomer by name, and suspend them with a reason."""
    open_people(centre)
    centre.see("people")
    centre.type("search", "钱电工")
    rows = centre.page.locator('[data-test="person"]')
    expect(rows).to_have_count(1)
    rows.click()
    centre.see("person")
    centre.tap("suspend")
    dialog = centre.page.locator(".q-dialog-plugin")
    dialog.locator("input").fill("离职")
    centre.see("suspending")
    dialog.get_by_role("button", name="停用").click()
    expect(rows.locator('[data-test="suspended"]')).to_be_visible()


def try_to_sign_in(newcomer: Person) -> None:
    """Type login and password where somebody is asked for them."""
    newcomer.page.goto("/sign-in")
    newcomer.type("login", LOGIN)
    newcomer.type("password", NEW)
    newcomer.tap("sign-in")


def test_invited_person_joins_is_suspended_and_restored(
    browser: Browser, site: Site, screenshots: Path
) -> None:
    """From the centre's desk to the newcomer's phone and back; the officer restores them on the phone, in English."""
    with (
        person_at(browser, site, DESK, screenshots, "people-desk") as centre,
        person_at(browser, site, PHONE, screenshots, "people-newcomer") as newcomer,
    ):
        centre.sign_in("centre")
        join(newcomer, invite(centre))
        suspend(centre)
        try_to_sign_in(newcomer)
        expect(newcomer.page.get_by_role("alert")).to_contain_text("账号或密码")
        newcomer.see("refused")
        with person_at(browser, site, PHONE, screenshots, "people-phone") as officer:
            officer.sign_in("officer", "en")
            open_people(officer)
            officer.see("people")
            officer.page.locator(f'[data-login="{LOGIN}"]').click()
            officer.see("person")
            officer.tap("restore")
            expect(officer.page.locator('[data-test="suspended"]')).to_have_count(0)
            officer.tap("tab-invitations")
            officer.see("invitations")
        try_to_sign_in(newcomer)
        newcomer.page.locator('[data-test="tile-mine"]').wait_for()


def test_centre_changes_a_role_withdraws_an_invitation_and_ends_a_station(
    browser: Browser, site: Site, screenshots: Path
) -> None:
    """At the desk in English: filters stay in the address, the expert's stations lead to where they are changed."""
    with person_at(browser, site, DESK, screenshots, "people-desk-en") as centre:
        centre.sign_in("centre", "en")
        open_people(centre, "invitations")
        centre.type("invite-name", "Gone soon")
        centre.tap("make-link")
        mine = centre.page.locator('[data-test="open-invitation"]').filter(has_text="Gone soon")
        expect(mine).to_be_visible()
        centre.see("invitations")
        link = centre.page.locator('[data-test="invitation-link"]').inner_text()
        look_at_invitation(centre, "/invitation#" + link.split("#")[1])
        open_people(centre, "invitations")
        mine.locator('[data-test="withdraw-invitation"]').click()
        centre.page.locator(".q-dialog-plugin").get_by_role("button", name="Withdraw").click()
        expect(mine).to_have_count(0)
        centre.page.goto("/people?role=enterprise_worker")
        centre.page.locator('[data-login="worker"]').click()
        centre.choose("person-role", "Safety officer")
        centre.see("role")
        centre.tap("save-role")
        expect(centre.page.locator('[data-login="worker"]')).to_have_count(0)
        centre.page.goto(f"/people?place=enterprise:{site.enterprise_id}&q=worker")
        expect(centre.page.locator('[data-login="worker"]')).to_contain_text("Safety officer")
        centre.tap("tab-experts")
        centre.page.locator('[data-test="choose-enterprise"]').get_by_text(ENTERPRISE).click()
        here = centre.page.locator('[data-login="expert"]').get_by_role("switch")
        expect(here).to_have_attribute("aria-checked", "true")
        centre.see("experts")
        here.click()
        expect(here).to_have_attribute("aria-checked", "false")
        here.click()
        expect(here).to_have_attribute("aria-checked", "true")


def test_lost_authenticator_is_taken_away_with_the_keepers_password(
    browser: Browser, site: Site, screenshots: Path
) -> None:
    """Asked for by the panel of whoever has one, and for nobody else."""
    with site.sign_in("officer2") as officer:
        secret = officer.post("/v1/me/second-factor", json={"password": PASSWORD}).json()["secret"]
        code = {"code": pyotp.TOTP(secret).now()}
        assert officer.put("/v1/me/second-factor", json=code).is_success
    with person_at(browser, site, PHONE, screenshots, "people-reset") as centre:
        centre.sign_in("centre")
        centre.page.goto("/people?q=officer2")
        centre.page.locator('[data-login="officer2"]').click()
        centre.tap("begin-reset")
        centre.type("reset-password", PASSWORD)
        centre.see("reset")
        centre.tap("reset-factor")
        expect(centre.page.locator('[data-login="officer2"]')).to_contain_text("未启用")


def test_enterprise_has_a_page_with_plan_insurance_and_people(
    browser: Browser, site: Site, screenshots: Path
) -> None:
    """Found by a word of its address; it leads to its hazards, and whoever manages its people to them."""
    with person_at(browser, site, PHONE, screenshots, "enterprise-phone") as officer:
        officer.sign_in("officer", "en")
        officer.page.goto("/more")
        officer.tap("more-enterprises")
        officer.tap("enterprise-row")
        expect(officer.page.locator('[data-test="policy"]')).to_contain_text("示范财产保险公司")
        people = officer.page.locator('[data-test="enterprise-person"]')
        expect(people.filter(has_text="陈驻点")).to_contain_text("Stationed expert")
        officer.see("enterprise")
        officer.tap("manage-people")
        officer.page.locator('[data-login="worker"]').wait_for()
    with person_at(browser, site, DESK, screenshots, "enterprise-desk") as insurer:
        insurer.sign_in("insurer")
        insurer.tap("nav-enterprises")
        expect(insurer.page.locator('[data-test="enterprise-row"]')).to_have_count(3)
        insurer.type("search", "东塘村 21")
        expect(insurer.page.locator('[data-test="enterprise-row"]')).to_have_count(1)
        insurer.tap("enterprise-row")
        expect(insurer.page.locator('[data-test="plan"]')).to_contain_text("事故预防服务方案")
        expect(insurer.page.locator('[data-test="manage-people"]')).to_have_count(0)
        insurer.see("enterprise")
        insurer.tap("open-items")
        insurer.page.wait_for_url("**/items")
        expect(insurer.page.locator('[data-test="enterprise-select"]')).to_contain_text("东塘铸造")
