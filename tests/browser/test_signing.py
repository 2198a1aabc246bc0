"""An inspection record on a phone: both sides draw their signatures, or the enterprise refuses; with and without signal."""

import re
from contextlib import closing
from pathlib import Path

import httpx2
import pypdfium2
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Site
from tests.browser.test_screens import DESK, ENTERPRISE, PHONE, Person, begin, inspect, person_at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def draw(person: Person, mark: str, zigzag: float = 0) -> None:
    """Draw a signature with the finger (here: the mouse) on the place of this mark."""
    canvas = person.page.locator(f'[data-test="{mark}-canvas"]')
    # To the middle: the bar at the bottom lies over what is scrolled to the edge.
    canvas.evaluate("place => place.scrollIntoView({ block: 'center' })")
    box = canvas.bounding_box()
    assert box is not None
    mouse = person.page.mouse
    points = [(0.1, 0.7), (0.25, 0.2 + zigzag), (0.4, 0.75), (0.55, 0.3), (0.7, 0.7 - zigzag), (0.9, 0.4)]  # fmt: skip
    spots = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    mouse.move(*spots[0])
    mouse.down()
    for spot in spots[1:]:
        mouse.move(*spot, steps=8)
    mouse.up()
    expect(person.page.locator(f'[data-test="{mark}-clear"]')).to_be_visible()


def confirm_one(site: Site, expert: Person) -> None:
    """Confirm a finding of the inspection that is shown, so that the record has a problem and a ticket."""
    with closing(site.sign_in("expert")) as client:
        query = {"inspection_id": expert.page.url.rsplit("/", 1)[1]}
        found = client.get("/v1/findings", params=query).json()["items"][0]
        path = f"/v1/enterprises/{site.enterprise_id}/findings/{found['id']}/confirmation"
        assert client.post(path, json={}).status_code == 200


def write_and_sign(person: Person) -> None:
    """Complete the draft, look it over and sign as its inspector."""
    person.type("draft-accompanied_by", "李工")
    person.type("draft-handling", "三日内整改完毕并书面回复。")
    person.see("draft")
    person.tap("review")
    expect(person.page.locator('[data-test="record-hash"]')).to_have_text(
        re.compile(r"^[0-9a-f]{64}$")
    )
    person.tap("inspector-sign")
    expect(person.page.locator('[data-test="inspector-missing"]')).to_be_visible()
    draw(person, "inspector")
    person.see("inspector-signature")
    person.tap("inspector-sign")
    person.page.locator('[data-test="hand-over"]').wait_for()


def notice_of(site: Site, person: Person, login: str) -> bytes:
    """Return the PDF of the record that is shown, as somebody downloads it."""
    path = person.page.locator('[data-test="notice-pdf"]').get_attribute("href")
    assert path is not None
    with closing(site.sign_in(login)) as client:
        answer: httpx2.Response = client.get(path)
    assert answer.headers["content-type"] == "application/pdf"
    return answer.content


def words_of(pdf: bytes, folder: Path, name: str) -> str:
    """Return the words of a PDF; its pages become pictures to be looked at."""
    pages = list(pypdfium2.PdfDocument(pdf))
    for number, page in enumerate(pages):
        page.render(scale=1.5).to_pil().save(folder / f"{name}-{number}.png")
    return "\n".join(page.get_textpage().get_text_range() for page in pages)


def test_both_sides_sign_on_the_experts_phone(
    browser: Browser, site: Site, photos: Path, screenshots: Path
) -> None:
    """Photo, confirmed finding, draft, two drawn signatures; the officer gets notice and the PDF, the entry names both."""
    with person_at(browser, site, PHONE, screenshots, "signing-phone") as expert:
        expert.sign_in("expert")
        inspect(expert, "冲压车间", [photos / "street-bus.jpg"], ENTERPRISE)
        confirm_one(site, expert)
        expert.page.reload()
        expert.tap("write-record")
        expect(expert.page.locator('[data-test="draft-problem"]')).to_have_count(1)
        expert.tap("add-problem")
        expert.type("problem-text-1", "配电箱门未关闭")
        # It survives the app being closed, once the phone has written what was typed.
        expert.page.wait_for_timeout(1000)
        expert.page.reload()
        expect(expert.page.locator('[data-test="problem-text-1"]')).to_have_value("配电箱门未关闭")
        write_and_sign(expert)
        expert.type("enterprise-name", "王建国")
        expert.type("enterprise-position", "安全管理员")
        draw(expert, "enterprise", 0.15)
        expert.see("enterprise-signature")
        expert.tap("enterprise-sign")
        state = expert.page.locator('[data-test="record-state"][data-state="signed"]')
        state.wait_for(timeout=30_000)
        expect(expert.page.locator('[data-test="signature"] img')).to_have_count(2)
        expert.see("signed")
        words = words_of(notice_of(site, expert, "officer"), screenshots, "signing-notice")
        for said in ("整改通知书", "王建国", "李工", "配电箱门未关闭", "三日内整改完毕"):
            assert said in words, words
        expert.tap("answer-entry")
        expert.page.locator("h1.title").wait_for()
        expert.see("entry")
    with person_at(browser, site, DESK, screenshots, "signing-officer") as officer:
        officer.sign_in("officer", language="en")
        officer.page.goto("/notices")
        officer.page.get_by_text("Inspection record signed").first.click()
        expect(officer.page.locator('[data-test="notice-pdf"]')).to_be_visible()
        expect(officer.page.locator('[data-test="enterprise-answer"]')).to_have_count(0)
        officer.see("record")


def test_a_refusal_without_signal_is_sent_later(
    browser: Browser, site: Site, screenshots: Path
) -> None:
    """In a cellar: written, signed, refused with a witness; kept over a reload, and sent when the line is back."""
    with person_at(browser, site, PHONE, screenshots, "signing-refused") as expert:
        expert.sign_in("expert")
        expert.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        expert.page.reload()
        begin(expert, "地下配电房", ENTERPRISE)
        expert.page.context.set_offline(True)
        expert.tap("write-record")
        expert.tap("add-problem")
        expert.type("problem-text-0", "消防通道堆放杂物")
        write_and_sign(expert)
        expert.tap("choose-refuse")
        expert.type("refuser-name", "赵厂长")
        expert.type("refusal-reason", "认为通道不属于本厂")
        expert.tap("has-witness")
        expert.type("witness-name", "孙见证")
        expert.type("witness-position", "村安全员")
        draw(expert, "witness", 0.1)
        expert.see("refusal")
        expert.tap("enterprise-refuse")
        expert.page.locator('[data-test="record-sending"]').wait_for()
        expert.see("waits")
        expert.page.reload()
        expert.page.locator('[data-test="record-sending"]').wait_for()
        expert.page.context.set_offline(False)
        expert.page.locator('[data-test="record-state"][data-state="refused"]').wait_for(
            timeout=60_000
        )
        expect(expert.page.locator('[data-test="refusal"]')).to_contain_text("认为通道不属于本厂")
        expert.see("refused")
        words = words_of(notice_of(site, expert, "bureau"), screenshots, "signing-refused-notice")
        for said in ("拒绝签字", "赵厂长", "认为通道不属于本厂", "孙见证", "消防通道堆放杂物"):
            assert said in words, words


def test_the_officer_signs_on_their_own_phone_and_a_correction_is_a_new_version(
    browser: Browser, site: Site, screenshots: Path
) -> None:
    """Left for later, the officer finds it among the notices and signs; the expert's correction asks for both anew."""
    with person_at(browser, site, PHONE, screenshots, "signing-later") as expert:
        expert.sign_in("expert")
        begin(expert, "仓库", ENTERPRISE)
        expert.tap("write-record")
        write_and_sign(expert)
        expert.tap("answer-later")
        expert.page.locator('[data-test="record-state"][data-state="waiting"]').wait_for(
            timeout=30_000
        )
        record = expert.page.url
        with person_at(browser, site, PHONE, screenshots, "signing-own") as officer:
            officer.sign_in("officer")
            officer.page.goto("/notices")
            officer.page.get_by_text("检查记录待企业签字").first.click()
            officer.type("enterprise-position", "安全管理员")
            draw(officer, "enterprise", 0.12)
            officer.see("own-signature")
            officer.tap("enterprise-sign")
            officer.page.locator('[data-test="record-state"][data-state="signed"]').wait_for(
                timeout=30_000
            )
            officer.see("own-signed")
        expert.page.goto(record)
        expert.tap("correct")
        expert.type("draft-reason", "陪同人员写错")
        write_and_sign(expert)
        expert.see("second-version")
        expert.tap("answer-later")
        expect(expert.page.locator('[data-test="record-state"]')).to_contain_text(
            "第 2 版", timeout=30_000
        )
        expert.page.goto(record)
        expect(expert.page.locator('[data-test="record-state"]')).to_contain_text("已有更正版本")
        expert.see("superseded")
