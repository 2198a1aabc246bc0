"""A forgotten password on the phone: from the sign-in page by the link in the mail to a new one."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Site
from tests.browser.test_screens import DESK, PHONE, person_at
from tests.receivers import MailReceiver, mail_receiver

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
NEW = "quiet orange ladder seventeen"


@pytest.fixture(scope="module", autouse=True)
def mail() -> Iterator[MailReceiver]:
    """Yield the mail server that the site is set up with, as this comes first."""
    with mail_receiver() as mail, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANXUN_SMTP_URL", f"smtp://127.0.0.1:{mail.port}?tls=none")
        patch.setenv("ANXUN_MAIL_FROM", "anxun <no-reply@anxun.example>")
        yield mail


def wait_for_mail(page: object, mail: MailReceiver, pattern: str) -> str:
    """Return what a mail says by the pattern."""
    for _ in range(150):
        for message in mail.received:
            found = re.search(pattern, message.get_content())
            if found:
                return found[0]
        page.wait_for_timeout(100)  # type: ignore[attr-defined]  a page
    raise AssertionError([message.get_content() for message in mail.received])


def test_a_new_password_by_the_link(
    browser: Browser, site: Site, screenshots: Path, mail: MailReceiver
) -> None:
    """The mailbox was confirmed before; the link opens once, and on the phone the new password opens the app."""
    with site.sign_in("officer") as officer:
        body = {"kind": "email", "to": "li@example.com"}
        channel = officer.post("/v1/notice-channels", json=body).json()
        with person_at(browser, site, DESK, screenshots, "forgotten-desk") as person:
            code = wait_for_mail(person.page, mail, r"\b\d{6}\b")
            path = f"/v1/notice-channels/{channel['id']}/confirmation"
            assert officer.put(path, json={"code": code}).is_success
            person.page.goto("/sign-in")
            person.see("sign-in")
            person.tap("forgot-password")
            person.type("forgotten-login", "officer")
            person.see("ask")
            person.tap("ask-link")
            expect(person.page.locator('[data-test="link-asked"]')).to_contain_text("30")
            person.see("asked")
            link = wait_for_mail(person.page, mail, r"http\S+/new-password#\S+")
    address = re.sub(r"^http://[^/]+", "", link)
    with person_at(browser, site, PHONE, screenshots, "forgotten-phone") as person:
        person.page.goto(address)
        person.type("new-password", "password1234")
        person.tap("set-password")
        expect(person.page.get_by_role("alert")).to_be_visible()
        person.see("weak")
        person.type("new-password", NEW)
        person.see("new-password")
        person.tap("set-password")
        person.page.wait_for_url("**/")
        person.page.goto("/notices")
        expect(person.page.get_by_text("密码已通过找回重设")).to_have_count(1)
        person.see("told")
    with person_at(browser, site, PHONE, screenshots, "forgotten-again") as person:
        person.page.goto(address)
        person.type("new-password", NEW)
        person.tap("set-password")
        expect(person.page.locator('[data-test="ask-again"]')).to_be_visible()
        person.see("over")
        person.tap("ask-again")
        person.page.wait_for_url("**/forgotten-password")
        person.see("ask")
