"""The main job in a real browser: from a photo to a closed ticket and a ledger that verifies offline."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect

from tests.browser.stage import PASSWORD, SCREENSHOTS, Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
DETECTED_MS = 60_000


class Person:
    """A signed-in person at a screen; every picture of the screen is also checked for sideways overflow."""

    def __init__(self, page: Page, label: str) -> None:
        self.page = page
        self._label = label
        self._count = 0

    def see(self, name: str) -> None:
        """Take a picture of the page and make sure that nothing sticks out sideways."""
        self._count += 1
        self.page.wait_for_load_state("networkidle")
        expect(self.page.locator('[data-test="loading"]')).to_have_count(0)
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        file = SCREENSHOTS / f"{self._label}-{self._count:02d}-{name}.png"
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
def person_at(browser: Browser, site: Site, screen: dict[str, Any], label: str) -> Iterator[Person]:
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

    context = browser.new_context(base_url=site.url, locale="zh-CN", **screen)
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", hear)
    page.on("response", watch)
    try:
        yield Person(page, label)
    finally:
        context.close()
    assert faults == []


def is_expected(response: Response) -> bool:
    """Say whether a refusal belongs to the app's ordinary talk with the server."""
    method, path = response.request.method, response.url
    return (
        # Nobody is signed in yet, or the password was wrong.
        (response.status == 401 and path.endswith(("/v1/me", "/v1/sessions")))
        # Nothing of this photo is there yet.
        or (response.status == 404 and method == "HEAD" and "/evidence/" in path)
        # Not a picture.
        or (response.status == 422 and method == "PUT" and "/evidence/" in path)
        # No checkpoint covers the entry yet.
        or (response.status == 409 and path.endswith("/proof"))
    )


def inspect(person: Person, place: str, photos: list[Path], enterprise: str) -> None:
    """Start an inspection, upload photos and wait until the model has looked at them."""
    person.tap("new-inspection")
    person.choose("enterprise", enterprise)
    person.type("place", place)
    person.see("new-inspection")
    person.tap("start")
    person.page.locator('[data-test="album"]').wait_for(state="attached")
    person.upload(*photos)
    shown = person.page.locator('[data-test="photo"]')
    expect(shown).to_have_count(len(photos), timeout=DETECTED_MS)
    person.see("detecting")
    read = person.page.locator('[data-test="photo"][data-state="detected"]')
    expect(read).to_have_count(len(photos), timeout=DETECTED_MS)
    person.page.locator('[data-test="finding-card"]').first.wait_for()
    person.see("detected")


def confirm_first(person: Person) -> None:
    """Review the first finding, with its boxes, and confirm it."""
    person.tap("finding-card")
    person.page.locator('[data-test="boxes"] rect').first.wait_for()
    assert person.page.locator('[data-test="confidence"]').inner_text().endswith("%")
    person.see("review")
    person.tap("confirm")
    person.page.locator('[data-test="confirm-form"]').scroll_into_view_if_needed()
    person.see("confirm")
    person.tap("confirm-send")
    person.page.locator('[data-test="open-ticket"]').wait_for()
    person.see("confirmed")
    person.tap("open-ticket")
    expect_state(person, "open")


def expect_state(person: Person, state: str) -> None:
    """Wait until the ticket shows this state."""
    expect(person.page.locator(f'[data-test="ticket-state"][data-state="{state}"]')).to_be_visible()


def open_step(person: Person, action: str) -> None:
    """Open the form of a step; where it is the only one that is allowed, it is open already."""
    form = person.page.locator(f'[data-test="form-{action}"]')
    button = person.page.locator(f'[data-test="do-{action}"]')
    form.or_(button).first.wait_for()
    if button.count():
        button.click()
    form.wait_for()


def fix(person: Person, after_photo: Path, assignee: str) -> None:
    """Assign the ticket, start, and submit with a photo of the fixed place."""
    open_step(person, "assign")
    person.choose("assignee", assignee)
    person.see("assign")
    person.tap("send-step")
    expect_state(person, "assigned")
    open_step(person, "start")
    person.tap("send-step")
    expect_state(person, "fixing")
    open_step(person, "submit")
    expect(person.page.locator('[data-test="send-step"]')).to_be_disabled()
    person.upload(after_photo)
    sent = person.page.locator('[data-test="upload"][data-state="sent"]')
    sent.wait_for()
    # The photo is kept on the phone until it is used: a reload loses nothing.
    person.page.reload()
    open_step(person, "submit")
    sent.wait_for()
    person.type("note", "已配发安全帽并现场教育")
    person.see("submit")
    person.tap("send-step")
    expect_state(person, "submitted")
    person.see("submitted")


def reinspect(person: Person) -> None:
    """Accept the fix as a second person."""
    open_step(person, "close")
    person.type("note", "复查合格")
    person.see("reinspect")
    person.tap("send-step")
    expect_state(person, "closed")
    person.page.locator('[data-test="after"] img').first.wait_for()
    person.see("closed")
    person.page.locator('[data-test="timeline"]').scroll_into_view_if_needed()
    person.see("timeline")


def read_ledger(person: Person, folder: Path) -> Path:
    """Read the ledger, let the browser prove an entry, and download everything. Returns the bundle."""
    person.tap("nav-ledger")
    person.page.locator('[data-test="entry"]').first.wait_for()
    person.see("ledger")
    person.tap("entry")
    person.page.locator('[data-test="proof"][data-outcome="proven"]').wait_for()
    person.see("entry")
    person.tap("nav-ledger")
    person.page.locator('[data-test="download-bundle"]').scroll_into_view_if_needed()
    with person.page.expect_download() as download:
        person.tap("download-bundle")
    bundle = folder / "bundle.zip"
    download.value.save_as(bundle)
    return bundle


def test_a_photo_becomes_a_closed_ticket_and_a_ledger_that_verifies(
    browser: Browser, site: Site, photos: Path, tmp_path: Path
) -> None:
    """Expert and officer, on phones in Chinese, take a hazard from the photo to the verified ledger."""
    with person_at(browser, site, PHONE, "phone-zh-expert") as expert:
        expert.sign_in("expert")
        expert.see("home-empty")
        inspect(expert, "二车间 冲压线", [photos / "street-bus.jpg"], "宏达")
        confirm_first(expert)
        ticket = expert.page.url
        expert.see("ticket-open")
        with person_at(browser, site, PHONE, "phone-zh-officer") as officer:
            officer.sign_in("officer")
            officer.see("home")
            officer.tap("nav-tickets")
            officer.page.locator('[data-test="ticket-card"]').first.wait_for()
            officer.see("tickets")
            officer.tap("ticket-card")
            fix(officer, photos / "coffee.png", "林工")
            # Whoever fixed may not reinspect: the server offers nothing.
            officer.page.locator('[data-test="no-actions"]').wait_for()
        expert.page.goto(ticket)
        reinspect(expert)
        bundle = read_ledger(expert, tmp_path)
        expert.tap("nav-more")
        expert.see("more")
    assert site.anxun("verify", str(bundle))


def test_the_same_app_serves_a_desk_in_english(browser: Browser, site: Site, photos: Path) -> None:
    """At a desk, in English, the expert reviews findings and walks every page."""
    with person_at(browser, site, DESK, "desk-en-expert") as expert:
        expert.sign_in("expert", language="en")
        inspect(expert, "Gate north", [photos / "street-bus.jpg"], "安泰")
        expert.tap("finding-card")
        expert.page.locator('[data-test="boxes"] rect').first.wait_for()
        expert.see("review")
        expert.tap("dismiss")
        expert.type("reason", "A public street, not the plant.")
        expert.see("dismiss")
        expert.tap("dismiss-send")
        expert.page.locator('[data-test="decided"]').wait_for()
        for name in ("home", "inspections", "findings", "items", "tickets", "ledger", "devices"):
            expert.tap(f"nav-{name}")
            expert.page.locator("h1.title").wait_for()
            expert.see(name)
        expert.page.goto("/nowhere")
        expert.see("not-found")


def test_bad_photos_are_refused_in_words_and_good_ones_still_arrive(
    browser: Browser, site: Site, photos: Path, tmp_path: Path
) -> None:
    """An empty file and a text named .jpg each say what is wrong; the good photo beside them is detected."""
    empty, text = tmp_path / "empty.jpg", tmp_path / "text.jpg"
    empty.write_bytes(b"")
    text.write_text("this is no picture")
    with person_at(browser, site, PHONE, "phone-zh-bad-photos") as expert:
        expert.sign_in("expert")
        expert.tap("new-inspection")
        expert.choose("enterprise", "宏达")
        expert.type("place", "仓库")
        expert.tap("start")
        expert.page.locator('[data-test="album"]').wait_for(state="attached")
        expert.upload(empty, text, photos / "coffee.png")
        expert.page.locator('[data-test="photo"][data-state="detected"]').wait_for(
            timeout=DETECTED_MS
        )
        refused = expert.page.locator('[data-test="upload"][data-state="refused"]')
        expect(refused).to_have_count(2)
        expert.see("refused")


def test_what_is_not_yours_is_not_there(browser: Browser, site: Site) -> None:
    """A page without a sign-in asks for it and leads back; a wrong password is said in words."""
    with person_at(browser, site, PHONE, "phone-zh-stranger") as stranger:
        stranger.page.goto("/tickets")
        stranger.type("login", "expert")
        stranger.type("password", "wrong words of text")
        stranger.tap("sign-in")
        expect(stranger.page.get_by_role("alert")).to_contain_text("账号或密码不正确")
        stranger.see("wrong-password")
        stranger.type("password", PASSWORD)
        stranger.tap("sign-in")
        stranger.page.wait_for_url("**/tickets")
