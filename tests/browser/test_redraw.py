"""An expert redraws boxes with a finger, says why a finding is dismissed, and both become training data."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Locator, Page, expect

from tests.browser.conftest import Site
from tests.browser.test_screens import DESK, ENTERPRISE, PHONE, Person, inspect, person_at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(480)]


class Finger:
    """One finger on the glass: real touch events of the browser, from which it makes pointer events itself."""

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Put down, move in steps, lift."""
        self._send("touchStart", start)
        for step in range(1, 9):
            x, y = (a + (b - a) * step / 8 for a, b in zip(start, end, strict=True))
            self._send("touchMove", (x, y))
        self._send("touchEnd", None)

    def _send(self, kind: str, at: tuple[float, float] | None) -> None:
        points = [] if at is None else [{"x": at[0], "y": at[1]}]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def rectangle(box: Locator) -> dict[str, float]:
    """Return where a box is on the screen."""
    found = box.bounding_box()
    assert found is not None
    return dict(found)


def middle(box: Locator) -> tuple[float, float]:
    """Return the middle of a box on the screen."""
    at = rectangle(box)
    return at["x"] + at["width"] / 2, at["y"] + at["height"] / 2


def boxes_of(person: Person, finding: str) -> dict[str, Any]:
    """Return the finding as the server has it."""
    answer = person.page.request.get(f"/v1/enterprises/{finding}")
    assert answer.ok
    found: dict[str, Any] = answer.json()
    return found


def redraw_by_touch(browser: Browser, site: Site, photos: Path, screenshots: Path) -> None:
    """Move, resize, relabel, delete, draw and undo by finger; confirmed, both sets of boxes are there."""
    with person_at(browser, site, PHONE, screenshots, "phone-redraw") as expert:
        expert.sign_in("expert")
        inspect(expert, "大门口", [photos / "street-bus.jpg"], ENTERPRISE)
        page, finger = expert.page, Finger(expert.page)
        expert.tap("finding-card")
        expert.tap("edit-boxes")
        edited = page.locator('[data-test="edit-box"]')
        edited.first.wait_for()
        before = edited.count()
        # Its dialog opens with a movement of its own.
        page.wait_for_timeout(600)
        expert.see("editor")

        # Move the first box, then its lower right corner.
        edited.first.scroll_into_view_if_needed()
        was = rectangle(edited.first)
        x, y = middle(edited.first)
        finger.drag((x, y), (x + 30, y + 40))
        moved = rectangle(edited.first)
        assert moved["x"] == pytest.approx(was["x"] + 30, abs=3)
        assert moved["y"] == pytest.approx(was["y"] + 40, abs=3)
        assert moved["width"] == pytest.approx(was["width"], abs=1)
        x, y = middle(page.locator('[data-test="handle-se"]'))
        finger.drag((x, y), (x + 24, y + 20))
        larger = rectangle(edited.first)
        assert larger["width"] == pytest.approx(moved["width"] + 24, abs=3)
        assert (larger["x"], larger["y"]) == pytest.approx((moved["x"], moved["y"]), abs=1)

        # Draw a new one, as a helmet; undo brings back what was there.
        canvas = rectangle(page.locator('[data-test="box-canvas"]'))
        expert.tap("boxes-add")
        finger.drag((canvas["x"] + 200, canvas["y"] + 30), (canvas["x"] + 260, canvas["y"] + 90))
        expect(edited).to_have_count(before + 1)
        expert.choose("boxes-label", "安全帽")
        expert.see("drawn")
        expert.tap("boxes-delete")
        expect(edited).to_have_count(before)
        expert.tap("boxes-undo")
        expect(edited).to_have_count(before + 1)
        expert.tap("boxes-done")
        page.locator('[data-test="redrawn"]').wait_for()
        expert.see("redrawn")

        # Confirm with the promise that every helmet is boxed.
        expert.tap("confirm")
        expert.tap("complete-helmet")
        expert.see("confirm")
        expert.tap("confirm-send")
        page.locator('[data-test="decided"]').wait_for()
        expert.see("confirmed")
        path = page.url.split("/enterprises/")[1]
        found = boxes_of(expert, path)
        assert found["state"] == "confirmed"
        assert len(found["boxes"]) == before
        assert len(found["decided_boxes"]) == before + 1
        assert found["decided_boxes"][-1]["label"] == "helmet"
        assert found["complete_labels"] == ["helmet"]
        assert found["decided_boxes"][0] != {
            key: found["boxes"][0][key] for key in ("x1", "y1", "x2", "y2", "label")
        }


def redraw_by_mouse(browser: Browser, site: Site, photos: Path, screenshots: Path) -> None:
    """At a desk: drag, arrow keys, Delete; then a reason of the list, without a word more."""
    with person_at(browser, site, DESK, screenshots, "desk-redraw") as expert:
        expert.sign_in("expert", language="en")
        inspect(expert, "Yard", [photos / "two-people.jpg"], ENTERPRISE)
        page = expert.page
        expert.tap("finding-card")
        expert.tap("edit-boxes")
        edited = page.locator('[data-test="edit-box"]')
        edited.first.wait_for()
        before = edited.count()
        # Its dialog opens with a movement of its own.
        page.wait_for_timeout(600)
        was = rectangle(edited.last)
        x, y = middle(edited.last)
        expert.see("editor")
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x - 20, y + 10, steps=4)
        page.mouse.up()
        moved = rectangle(edited.last)
        assert moved["x"] == pytest.approx(was["x"] - 20, abs=3)
        page.locator('[data-test="box-editor"]').focus()
        page.keyboard.press("ArrowRight")
        assert rectangle(edited.last)["x"] > moved["x"]
        page.keyboard.press("Delete")
        expect(edited).to_have_count(before - 1)
        expert.tap("boxes-cancel")
        expect(page.locator('[data-test="redrawn"]')).to_have_count(0)
        expert.tap("dismiss")
        page.get_by_text("A reflection, poster, screen or pattern").click()
        expert.see("reasons")
        expert.tap("dismiss-send")
        page.locator('[data-test="decided"]').wait_for()
        expect(page.locator('[data-test="dismissal-code"]')).to_contain_text("reflection")
        expert.see("dismissed")


def read_precision(browser: Browser, site: Site, screenshots: Path) -> None:
    """After the two decisions: figures by hazard and camera on both screens, and a data set that opens."""
    for screen, label, language in (
        (PHONE, "phone-precision", "zh-CN"),
        (DESK, "desk-precision", "en"),
    ):
        with person_at(browser, site, screen, screenshots, label) as centre:
            centre.sign_in("centre", language=language)
            centre.page.goto("/more")
            centre.tap("more-precision")
            centre.page.locator('[data-test="precision-row"]').first.wait_for()
            centre.page.locator('[data-test="dataset-download"]').wait_for()
            centre.see("precision")
            for dimension in ("hazard", "source", "model"):
                centre.tap(f"by-{dimension}")
            expect(centre.page.locator('[data-test="precision-row"]')).to_have_count(1)
            expect(centre.page.locator('[data-test="precision"]')).to_have_text("50%")
            expect(centre.page.locator('[data-test="disagreements"]').first).to_be_visible()
            centre.see("all")
            with centre.page.expect_download() as download:
                centre.tap("dataset-download")
            with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
                rows = json.loads(archive.read("manifest.json"))["images"]
            assert {said["decision"] for row in rows for said in row["findings"]} == {
                "confirmed",
                "dismissed",
            }


def test_boxes_are_redrawn_decided_and_counted(
    browser: Browser, site: Site, photos: Path, screenshots: Path
) -> None:
    """One confirmed by touch, one dismissed by mouse, and what the service centre then sees of both."""
    redraw_by_touch(browser, site, photos, screenshots)
    redraw_by_mouse(browser, site, photos, screenshots)
    read_precision(browser, site, screenshots)
