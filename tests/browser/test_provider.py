"""Linking an account to a real OpenID provider, and signing in by it, in a real browser."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.openid_provider import running_provider
from tests.served import PASSWORD, ServedEnterprise, free_port

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@dataclass
class WithProvider(ServedEnterprise):
    """A served enterprise whose people may sign in by a provider."""

    more: dict[str, str] | None = None

    def environment(self) -> dict[str, str]:
        """Return the environment of its commands."""
        return super().environment() | (self.more or {})


@pytest.fixture
def served(tmp_path: Path) -> Iterator[WithProvider]:
    """Serve an enterprise, and run its provider."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running_provider(f"{url}/v1/openid/callback") as provider:
        chosen = {f"ANXUN_{name.upper()}": value for name, value in provider.settings().items()}
        served = WithProvider(tmp_path, port=port, more=chosen | {"ANXUN_PUBLIC_URL": url})
        served.found()
        try:
            served.start()
            yield served
        finally:
            served.kill()


def pass_the_provider(page: Page) -> None:
    """Sign in at the provider's own pages and agree."""
    page.locator('input[name="login"]').fill("li-at-the-bureau")
    page.locator('input[name="password"]').fill("any")
    page.locator('button[type="submit"]').click()
    page.locator('button[type="submit"]').click()


def test_an_account_is_linked_and_opens(browser: Browser, served: WithProvider) -> None:
    """Linked under More by the password; signed out; then the provider's button alone leads home."""
    assert "ANXUN_OIDC_ISSUER" not in os.environ
    context = browser.new_context(base_url=served.url, viewport={"width": 390, "height": 844})
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto("/")
    page.locator('[data-test="login"]').fill("officer")
    page.locator('[data-test="password"]').fill(PASSWORD)
    page.locator('[data-test="sign-in"]').click()
    page.locator('[data-test="tile-mine"]').wait_for()
    page.goto("/more")
    page.locator('[data-test="provider-ask"]').click()
    page.locator('[data-test="provider-password"]').fill(PASSWORD)
    page.locator('[data-test="provider-go"]').click()
    pass_the_provider(page)
    expect(page.locator('[data-test="provider-link"]')).to_have_attribute("data-linked", "true")
    page.locator('[data-test="sign-out"]').click()
    page.locator('[data-test="sign-in-provider"]').click()
    # The provider still knows this browser.
    page.locator('[data-test="tile-mine"]').wait_for()
    context.clear_cookies(name="anxun_session")
    page.goto("/sign-in?provider=refused")
    expect(page.get_by_role("alert")).to_contain_text("关联")
    context.close()
