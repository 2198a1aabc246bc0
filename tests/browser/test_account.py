"""One's own account on the phone and at a desk: second factor, sign-in by its code, tokens, password with its meter."""

from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, expect

from api.demo.town import PASSWORD
from tests.browser.conftest import Site
from tests.browser.test_screens import DESK, PHONE, person_at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
NEW = "quiet orange ladder seventeen"


def test_second_factor_password_and_tokens(browser: Browser, site: Site, screenshots: Path) -> None:
    """On the phone an authenticator is set up; the next sign-in asks for its code, and the desk's notices tell of it all."""
    with person_at(browser, site, PHONE, screenshots, "account-phone") as expert:
        expert.sign_in("expert")
        expert.page.goto("/more")
        expert.tap("more-account")
        expert.type("factor-password", PASSWORD)
        expert.tap("begin-factor")
        totp = pyotp.TOTP(expert.page.locator('[data-test="secret"]').inner_text())
        expert.type("factor-code", totp.now())
        expert.see("setting-up")
        expert.tap("confirm-factor")
        expect(expert.page.locator('[data-test="recovery-codes"] li')).to_have_count(10)
        recovery = expert.page.locator('[data-test="recovery-codes"] li').first.inner_text()
        expert.see("codes")
    with person_at(browser, site, DESK, screenshots, "account-desk") as expert:
        expert.page.goto("/sign-in")
        expert.type("login", "expert")
        expert.type("password", PASSWORD)
        expert.tap("sign-in")
        expert.type("code", recovery)
        expert.see("asked-for-a-code")
        expert.tap("sign-in")
        expert.page.wait_for_url("**/")
        expert.page.goto("/account")
        expert.type("token-name", "export")
        expert.tap("make-token")
        expect(expert.page.locator('[data-test="token-made"] code')).to_contain_text("anxun_pat_")
        expert.type("new-password", "password1234")
        meter = expert.page.locator('[data-test="strength"]')
        expect(meter).to_have_attribute("data-taken", "false")
        expert.type("new-password", NEW)
        expect(meter).to_have_attribute("data-taken", "true")
        expert.type("current-password", PASSWORD)
        expert.see("account")
        expert.tap("change-password")
        expert.page.get_by_text("密码已修改").wait_for()
        expect(expert.page.locator('[data-test="sign-in-row"]')).to_have_count(1)
        expert.page.goto("/notices")
        expect(expert.page.get_by_text("密码已修改")).to_have_count(1)
        expert.see("notices")


def test_a_server_without_mail_says_whom_to_ask(
    browser: Browser, site: Site, screenshots: Path
) -> None:
    """A forgotten password, where no link can be sent: nothing is promised that cannot come."""
    with person_at(browser, site, PHONE, screenshots, "forgotten-no-mail") as person:
        person.page.goto("/sign-in")
        person.tap("forgot-password")
        expect(person.page.locator('[data-test="no-mail"]')).to_contain_text("未配置邮件")
        expect(person.page.locator('[data-test="ask-link"]')).to_have_count(0)
        person.see("no-mail")
