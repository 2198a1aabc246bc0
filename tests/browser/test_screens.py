"""What a person sees on the way: refused photos, photos that survive a reload, and every page at both sizes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect

from api.demo.town import PASSWORD
from tests.browser.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
DETECTED_MS = 60_000
ENTERPRISE = "柳岸电器有限公司"


class Person:
    """A signed-in person at a screen; every picture of the screen is also checked for sideways overflow."""

    def __init__(self, page: Page, folder: Path, label: str) -> None:
        self.page = page
        self._folder = folder
        self._label = label
        self._count = 0

    def see(self, name: str) -> None:
        """Take a picture of the page and make sure that nothing sticks out sideways."""
        self._count += 1
        self.page.wait_for_load_state("networkidle")
        expect(self.page.locator('[data-test="loading"]')).to_have_count(0)
        file = self._folder / f"{self._label}-{self._count:02d}-{name}.png"
        self.page.screenshot(path=file, animations="disabled")
        widths = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        scroll, client = self.page.evaluate(widths)
        assert scroll <= client, f"{name}: {scroll} px of content in a window of {client} px"

    def tap(self, test_id: str) -> None:
        """Press the thing with this mark."""
        self.page.locator(f'[data-test="{test_id}"]').first.click()

    def type(self, test_id: str, text: str) -> None:
        """Write into the field with this mark."""
        field = self.page.locator(f'[data-test="{test_id}"]').first
        field.fill(text)

    def choose(self, test_id: str, option: str) -> None:
        """Choose from the list with this mark."""
        self.page.locator(f'[data-test="{test_id}"]').first.click()
        self.page.get_by_role("option").filter(has_text=option).first.click()

    def upload(self, *files: Path) -> None:
        """Choose photos from the album."""
        self.page.locator('[data-test="album"]').set_input_files(files)

    def sign_in(self, login: str, language: str = "zh-CN") -> None:
        """Sign in, in a language."""
        self.page.goto("/")
        self.tap(f"language-{language}")
        self.type("login", login)
        self.type("password", PASSWORD)
        self.see("sign-in")
        self.tap("sign-in")
        self.page.locator('[data-test="tile-mine"]').wait_for()


@contextmanager
def person_at(
    browser: Browser, site: Site, screen: dict[str, Any], folder: Path, label: str
) -> Iterator[Person]:
    """Open a browser of its own; faults of the page and answers that nobody expects fail the test."""
    faults: list[str] = []

    def hear(line: ConsoleMessage) -> None:
        if line.type in {"error", "warning"} and not line.text.startswith(
            "Failed to load resource"
        ):
            faults.append(line.text)

    def watch(response: Response) -> None:
        if response.status >= 400 and not is_expected(response):
            faults.append(f"{response.status} {response.request.method} {response.url}")

    context = browser.new_context(base_url=site.address, locale="zh-CN", **screen)
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", hear)
    page.on("response", watch)
    try:
        yield Person(page, folder, label)
    finally:
        context.close()
    assert faults == []


def is_expected(response: Response) -> bool:
    """Say whether a refusal belongs to the app's ordinary talk with the server."""
    method, path = response.request.method, response.url
    return (
        # Somebody else changed it meanwhile: the page says so and shows how it stands.
        (method == "PUT" and response.status == 412 and path.endswith("/applicability"))
        # Nobody is signed in yet, or the password was wrong.
        or (response.status == 401 and path.endswith(("/v1/me", "/v1/sessions")))
        # A password that would be guessed, or a link that was used before.
        or (response.status in {401, 422} and path.endswith("/v1/password-links/use"))
        # Nothing of this photo is there yet.
        or (response.status == 404 and method == "HEAD" and "/evidence/" in path)
        # Not a picture.
        or (response.status == 422 and method == "PUT" and "/evidence/" in path)
        # No checkpoint covers the entry yet.
        or (response.status == 409 and path.endswith("/proof"))
    )


def begin(person: Person, place: str, enterprise: str) -> None:
    """Start an inspection."""
    person.page.goto("/inspections/new")
    person.choose("enterprise", enterprise)
    person.type("place", place)
    person.tap("start")
    person.page.locator('[data-test="album"]').wait_for(state="attached")


def inspect(person: Person, place: str, photos: list[Path], enterprise: str) -> None:
    """Start an inspection, upload photos and wait until the model has looked at them."""
    begin(person, place, enterprise)
    person.upload(*photos)
    read = person.page.locator('[data-test="photo"][data-state="detected"]')
    expect(read).to_have_count(len(photos), timeout=DETECTED_MS)
    person.page.locator('[data-test="finding-card"]').first.wait_for()
    person.see("detected")


def test_an_expert_reviews_and_dismisses_at_a_desk_in_english(
    browser: Browser, site: Site, photos: Path, screenshots: Path
) -> None:
    """Photo, proposals with boxes, a dismissal with its reason; then every page once."""
    with person_at(browser, site, DESK, screenshots, "desk-en") as expert:
        expert.sign_in("expert", language="en")
        inspect(expert, "Gate north", [photos / "street-bus.jpg"], ENTERPRISE)
        expert.tap("finding-card")
        expert.page.locator('[data-test="boxes"] rect').first.wait_for()
        assert expert.page.locator('[data-test="confidence"]').inner_text().endswith("%")
        expert.see("review")
        expert.tap("dismiss")
        expert.type("reason", "A public street, not the plant.")
        expert.see("dismiss")
        expert.tap("dismiss-send")
        expert.page.locator('[data-test="decided"]').wait_for()
        for name in ("home", "inspections", "findings", "items", "tickets", "ledger", "devices"):
            expert.tap(f"nav-{name}")
            expert.page.wait_for_url("**/" if name == "home" else f"**/{name}")
            expert.page.locator("h1.title").wait_for()
            expert.see(name)


def test_bad_photos_are_refused_in_words_and_good_ones_still_arrive(
    browser: Browser, site: Site, photos: Path, screenshots: Path, tmp_path: Path
) -> None:
    """An empty file and a text named .jpg each say what is wrong; the good photo beside them is detected."""
    empty, text = tmp_path / "empty.jpg", tmp_path / "text.jpg"
    empty.write_bytes(b"")
    text.write_text("this is no picture")
    with person_at(browser, site, PHONE, screenshots, "phone-bad-photos") as expert:
        expert.sign_in("expert")
        begin(expert, "仓库", ENTERPRISE)
        expert.upload(empty, text, photos / "coffee.png")
        expert.page.locator('[data-test="photo"][data-state="detected"]').wait_for(
            timeout=DETECTED_MS
        )
        refused = expert.page.locator('[data-test="upload"][data-state="refused"]')
        expect(refused).to_have_count(2)
        expert.see("refused")


def test_photos_taken_without_signal_survive_a_reload_and_are_sent_later(
    browser: Browser, site: Site, photos: Path, screenshots: Path
) -> None:
    """Without signal the app still opens, takes a photo and keeps it; the photo is sent when the line is back."""
    with person_at(browser, site, PHONE, screenshots, "phone-no-signal") as expert:
        expert.sign_in("expert")
        expert.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        begin(expert, "地下车库", ENTERPRISE)
        expert.page.reload()
        expert.page.context.set_offline(True)
        expert.page.reload()
        expert.upload(photos / "coffee.png")
        waiting = expert.page.locator('[data-test="upload"][data-state="waiting"]')
        waiting.wait_for()
        expert.see("waiting")
        expert.page.reload()
        waiting.wait_for()
        expert.page.context.set_offline(False)
        expert.page.locator('[data-test="photo"][data-state="detected"]').wait_for(
            timeout=DETECTED_MS
        )
        expect(waiting).to_have_count(0)


def test_an_address_leads_back_after_the_sign_in(
    browser: Browser, site: Site, screenshots: Path
) -> None:
    """Who opens a page without being signed in signs in and is there."""
    with person_at(browser, site, PHONE, screenshots, "phone-next") as officer:
        officer.page.goto("/tickets?state=closed")
        officer.type("login", "officer")
        officer.type("password", PASSWORD)
        officer.tap("sign-in")
        officer.page.wait_for_url("**/tickets?state=closed")
        officer.see("tickets")
