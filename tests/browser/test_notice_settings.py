"""Setting up how one is told, on the phone and at a desk, and seeing what was sent and what was not."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from standardwebhooks import Webhook

from tests.browser.conftest import Site
from tests.browser.test_screens import DESK, PHONE, person_at
from tests.receivers import HttpReceiver, MailReceiver, Reply, http_receiver, mail_receiver

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture(scope="module", autouse=True)
def places() -> Iterator[tuple[MailReceiver, HttpReceiver]]:
    """Yield where the site sends to; it is set up with them, as this comes first."""
    with (
        mail_receiver() as mail,
        http_receiver() as receiver,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("ANXUN_SMTP_URL", f"smtp://127.0.0.1:{mail.port}?tls=none")
        patch.setenv("ANXUN_MAIL_FROM", "anxun <no-reply@anxun.example>")
        patch.setenv("ANXUN_OUTSIDE_ALLOWED", "127.0.0.1")
        yield mail, receiver


def test_a_mailbox_is_added_and_tested_on_the_phone(
    browser: Browser, site: Site, screenshots: Path, places: tuple[MailReceiver, HttpReceiver]
) -> None:
    """The log says that it was sent, and the mail is there; wishes are there again after a reload."""
    mail, _ = places
    with person_at(browser, site, PHONE, screenshots, "notice-settings-phone") as officer:
        officer.sign_in("officer")
        officer.page.goto("/more")
        officer.tap("more-notice-settings")
        officer.type("channel-to", "li@example.com")
        officer.see("empty")
        officer.tap("add-channel")
        expect(officer.page.locator('[data-test="channel"]')).to_contain_text("l***@example.com")
        expect(officer.page.locator('[data-test="test-channel"]')).to_have_count(0)
        officer.see("unconfirmed")
        sent = officer.page.locator('[data-test="delivery"][data-state="sent"]')
        for _ in range(100):
            if mail.received:
                break
            officer.page.wait_for_timeout(100)
        found = re.search(r"\d{6}", mail.received[0].get_content())
        assert found
        officer.type("channel-code", found[0])
        officer.tap("send-code-back")
        officer.tap("test-channel")
        expect(sent).to_have_count(2)
        assert [message["To"] for message in mail.received] == ["li@example.com"] * 2
        officer.tap("has-digest")
        officer.type("digest-at", "08:15")
        officer.tap("has-quiet")
        officer.tap("at-once-ticket_submitted")
        officer.tap("save-wishes")
        officer.page.get_by_text("已保存").wait_for()
        officer.page.reload()
        expect(officer.page.locator('[data-test="digest-at"]')).to_have_value("08:15")
        submitted = officer.page.locator('[data-test="at-once-ticket_submitted"]')
        expect(submitted).to_have_attribute("aria-checked", "false")
        officer.see("kept")


def test_a_webhook_is_added_at_a_desk_and_its_failure_is_read(
    browser: Browser, site: Site, screenshots: Path, places: tuple[MailReceiver, HttpReceiver]
) -> None:
    """The secret is shown once and verifies what came; an answer of 500 is given up and says so."""
    _, receiver = places
    receiver.replies = [Reply(500)]
    with person_at(browser, site, DESK, screenshots, "notice-settings-desk") as officer:
        officer.sign_in("officer", "en")
        officer.page.goto("/notice-settings")
        officer.type("webhook-url", f"{receiver.url}/hook")
        officer.tap("add-webhook")
        secret = officer.page.locator('[data-test="webhook-secret"] code').inner_text()
        officer.tap("test-webhook")
        failed = officer.page.locator('[data-test="delivery"][data-state="failed"]')
        expect(failed).to_contain_text("the endpoint answers 500")
        officer.see("failed")
        [request] = receiver.received
        assert Webhook(secret).verify(request.body, dict(request.headers))["type"] == "test"
        officer.page.reload()
        officer.page.locator('[data-test="webhook"]').wait_for()
        expect(officer.page.locator('[data-test="webhook-secret"]')).to_have_count(0)
        officer.see("after")
