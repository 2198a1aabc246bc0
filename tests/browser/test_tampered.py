"""A server that lies about an entry: the entry's page names the link of the chain that is broken, in both languages."""

import base64
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from api.settings import Settings
from inspection.plans import china_day
from inspection.tables import new_id
from inspection.wire import utc_now
from ledger.cosignature import add_cosignatures
from ledger.note import VerifierKey
from ledger.witness import WitnessRequest
from ledger.witness_memory import WitnessMemory
from tests.browser.conftest import Site
from tests.browser.test_screens import DESK, PHONE, Person, person_at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

# How the four links are shown when the one at `broken` does not hold.
LINKS = ["entry", "checkpoint", "area", "cosignature"]


@dataclass(frozen=True)
class Entry:
    """A record of L05 that a witness vouches for."""

    index: int
    record_id: str


def _wait_for(look: Callable[[], dict[str, Any] | None]) -> dict[str, Any]:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = look()
        if found is not None:
            return found
        time.sleep(0.3)
    raise AssertionError("it did not come about within a minute")


def _recorded(officer: httpx2.Client, site: Site, item: str) -> Entry:
    body = {
        "id": str(new_id()),
        "values": {
            "on": china_day(utc_now()).isoformat(),
            "item": item,
            "category": "facilities",
            "amount": 1280.5,
        },
    }
    answer = officer.post(f"/v1/enterprises/{site.enterprise_id}/sections/L05/records", json=body)
    assert answer.status_code == 201, answer.text
    return Entry(answer.json()["entry_index"], body["id"])


def _cosigned(site: Site, area: dict[str, Any]) -> None:
    """Let the bureau's witness cosign the area's newest checkpoint, and bring it back."""
    memory = WitnessMemory.create(site.home / "witness", "bureau.example/w")
    memory.follow(VerifierKey.from_vkey(area["vkey"]))
    number = site.anxun("witness", "add", area["area"]["id"], memory.key.to_vkey())
    path = f"/v1/areas/{area['area']['id']}"
    with site.sign_in("bureau") as bureau:
        asked = bureau.get(f"{path}/witnesses/{number}/request")
        request = WitnessRequest.from_text(asked.text)
        answer = add_cosignatures(request.checkpoint.text, memory.cosign(request))
        taken = bureau.post(f"{path}/cosignatures", json={"text": answer})
        assert taken.status_code == 200, taken.text


@pytest.fixture(scope="module")
def entry(site: Site) -> Entry:
    """Two records, the first of them under the cosignature of a witness that works from a file."""
    ledger = f"/v1/enterprises/{site.enterprise_id}/ledger"
    with site.sign_in("officer") as officer:
        made = _recorded(officer, site, "灭火器")
        _recorded(officer, site, "安全标志")

        def covered() -> dict[str, Any] | None:
            answer = officer.get(f"{ledger}/vouching")
            if answer.status_code != 200 or not answer.json()["area_proof"]:
                return None
            size = int(answer.json()["checkpoint"].split("\n")[1])
            return answer.json() if size > made.index + 1 else None

        area = _wait_for(covered)["area"]
    _cosigned(site, area)
    return made


def _flipped(text: str) -> str:
    """Change one bit of the last byte of a base64 text."""
    data = bytearray(base64.b64decode(text))
    data[-1] ^= 1
    return base64.b64encode(bytes(data)).decode()


def _content(answer: dict[str, Any]) -> None:
    answer["content"] = answer["content"].replace("灭火器", "消防车")
    answer["record"]["data"]["values"]["item"] = "消防车"


def _shown(answer: dict[str, Any]) -> None:
    answer["record"]["data"]["values"]["item"] = "消防车"


def _time(answer: dict[str, Any]) -> None:
    answer["at"] = "2025-01-01T00:00:00Z"


def _time_and_leaf(answer: dict[str, Any]) -> None:
    leaf = json.loads(answer["leaf"])
    leaf["at"] = "2025-01-01T00:00:00.000000Z"
    answer["leaf"] = json.dumps(leaf, separators=(",", ":"), sort_keys=True)
    answer["at"] = "2025-01-01T00:00:00Z"


def _hash(answer: dict[str, Any]) -> None:
    answer["hashes"][0] = "00" * 32


def _size(answer: dict[str, Any]) -> None:
    lines = answer["checkpoint"].split("\n")
    answer["checkpoint"] = "\n".join([lines[0], str(int(lines[1]) + 1), *lines[2:]])
    answer["tree_size"] += 1


def _signature(answer: dict[str, Any]) -> None:
    head, _, encoded = answer["checkpoint"].rstrip("\n").rpartition(" ")
    answer["checkpoint"] = f"{head} {_flipped(encoded)}\n"


def _two_histories(answer: dict[str, Any]) -> None:
    lines = answer["checkpoint"].split("\n")
    answer["checkpoint"] = "\n".join([*lines[:2], _flipped(lines[2]), *lines[3:]])


def _area_entry(answer: dict[str, Any]) -> None:
    first, extra, *rest = answer["area_proof"].split("\n")
    told = json.loads(base64.b64decode(extra.removeprefix("extra ")))
    told["entry"]["content"]["by"] = "nobody"
    text = json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
    answer["area_proof"] = "\n".join([first, f"extra {base64.b64encode(text).decode()}", *rest])


def _area_cut(answer: dict[str, Any]) -> None:
    answer["area_proof"] = answer["area_proof"][:40]


def _cosignature(answer: dict[str, Any]) -> None:
    lines = answer["area_proof"].split("\n")
    at = next(n for n, line in enumerate(lines) if line.startswith("— bureau.example/w "))
    dash, name, encoded = lines[at].split(" ")
    lines[at] = f"{dash} {name} {_flipped(encoded)}"
    answer["area_proof"] = "\n".join(lines)


ENTRY, PROOF, VOUCHING = "**/ledger/entries/{0}", "**/ledger/entries/{0}/proof", "**/vouching"
LIES: dict[str, tuple[str, Callable[[dict[str, Any]], None], str, str, str]] = {
    "content": (ENTRY, _content, "entry", "内容被改动", "The content was changed"),
    "shown": (ENTRY, _shown, "entry", "与被承诺的原文不同", "not the text that was committed to"),
    "time": (ENTRY, _time, "entry", "与叶节点所写不同", "not what the leaf says"),
    "leaf": (ENTRY, _time_and_leaf, "entry", "叶节点与其哈希不符", "does not fit its hash"),
    "proof": (PROOF, _hash, "checkpoint", "推不出检查点的根哈希", "does not lead to the root"),
    "size": (PROOF, _size, "checkpoint", "有效签名", "no valid signature"),
    "signature": (PROOF, _signature, "checkpoint", "有效签名", "no valid signature"),
    "histories": (VOUCHING, _two_histories, "checkpoint", "两套历史", "two histories"),
    "area": (VOUCHING, _area_entry, "area", "片区账本的记录内容被改动", "area’s log was changed"),
    "area-cut": (VOUCHING, _area_cut, "area", "无法读取", "can’t be read"),
    "witness": (VOUCHING, _cosignature, "cosignature", "bureau.example/w 的联署", "of bureau.example/w"),
}  # fmt: skip


def lie(page: Page, url: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Let every answer to `url` pass through `change`, as a server that lies would send it."""

    def answer(route: Route) -> None:
        honest = route.fetch()
        if "json" not in honest.headers.get("content-type", ""):
            # The page itself, which has the same end of its address.
            route.fulfill(response=honest)
            return
        told = honest.json()
        if honest.ok:
            change(told)
        route.fulfill(response=honest, json=told)

    page.route(url, answer)


def expect_broken(person: Person, link: str, why: str) -> None:
    """The page says that the proof does not hold, at which link, and why; what comes before is good, the rest not checked."""
    proof = person.page.locator('[data-test="proof"]')
    expect(proof).to_have_attribute("data-outcome", "broken", timeout=60_000)
    steps = proof.locator('[data-test="chain-step"]')
    expect(steps).to_have_count(len(LINKS))
    at = LINKS.index(link)
    states = ["good"] * at + ["broken"] + ["unchecked"] * (len(LINKS) - at - 1)
    assert [step.get_attribute("data-state") for step in steps.all()] == states
    expect(steps.nth(at)).to_contain_text(why)


@pytest.mark.parametrize("name", LIES)
def test_a_lie_of_the_server_is_named_by_its_link(
    browser: Browser, site: Site, screenshots: Path, entry: Entry, name: str
) -> None:
    """An entry, a proof, a checkpoint or a cosignature that does not hold: the page says which, in Chinese and in English."""
    url, change, link, chinese, english = LIES[name]
    for screen, language, why in ((PHONE, "zh-CN", chinese), (DESK, "en", english)):
        with person_at(
            browser, site, screen, screenshots, f"tampered-{name}-{language}"
        ) as officer:
            officer.sign_in("officer", language)
            lie(officer.page, url.format(entry.index), change)
            officer.page.goto(f"/enterprises/{site.enterprise_id}/ledger/{entry.index}")
            expect_broken(officer, link, why)
            officer.see("broken")


def test_an_honest_server_is_believed_up_to_the_witness(
    browser: Browser, site: Site, screenshots: Path, entry: Entry
) -> None:
    """The same entry without a lie: every link is good, the cosignature last."""
    with person_at(browser, site, PHONE, screenshots, "tampered-not") as officer:
        officer.sign_in("officer")
        officer.page.goto(f"/enterprises/{site.enterprise_id}/ledger/{entry.index}")
        proof = officer.page.locator('[data-test="proof"]')
        expect(proof).to_have_attribute("data-outcome", "proven", timeout=60_000)
        steps = proof.locator('[data-test="chain-step"]')
        expect(steps).to_have_count(4)
        expect(steps.last).to_contain_text("已联署")
        assert [step.get_attribute("data-state") for step in steps.all()] == ["good"] * 4
        officer.see("good")


def test_a_good_entry_in_the_place_of_another_is_not_believed(
    browser: Browser, site: Site, screenshots: Path, entry: Entry
) -> None:
    """Asked for one entry, the server gives the next one with its good proof: the page says that it is another."""
    with person_at(browser, site, PHONE, screenshots, "tampered-swapped") as officer:
        officer.sign_in("officer")
        officer.page.route(
            f"**/ledger/entries/{entry.index}",
            lambda route: route.continue_(
                url=route.request.url.replace(
                    f"entries/{entry.index}", f"entries/{entry.index + 1}"
                )
            ),
        )
        officer.page.goto(f"/enterprises/{site.enterprise_id}/ledger/{entry.index}")
        expect_broken(officer, "entry", f"要看的是第 {entry.index} 条")


@contextmanager
def changed_row(site: Site, entry: Entry, old: str, new: str) -> Iterator[None]:
    """Change the stored content of an entry behind the server's back, and put it back."""
    address = Settings(data_dir=site.home).database_address
    file = address.removeprefix("sqlite:///")
    where = (str(site.enterprise_id), entry.index)
    read = 'SELECT content FROM ledger_entry WHERE log_id = ? AND "index" = ?'
    write = 'UPDATE ledger_entry SET content = ? WHERE log_id = ? AND "index" = ?'
    with sqlite3.connect(file) as database:
        (before,) = database.execute(read, where).fetchone()
        assert old in before
        database.execute(write, (before.replace(old, new), *where))
    try:
        yield
    finally:
        with sqlite3.connect(file) as database:
            database.execute(write, (before, *where))


def test_a_row_that_was_changed_in_the_database_is_seen_on_the_entry_and_on_the_record(
    browser: Browser, site: Site, screenshots: Path, entry: Entry
) -> None:
    """Somebody with the database writes 消防车 for 灭火器: both pages that show the record say that its content was changed."""
    with person_at(browser, site, PHONE, screenshots, "tampered-row") as officer:
        officer.sign_in("officer")
        with changed_row(site, entry, "灭火器", "消防车"):
            officer.page.goto(f"/enterprises/{site.enterprise_id}/ledger/{entry.index}")
            expect_broken(officer, "entry", "内容被改动")
            expect(officer.page.locator("main")).to_contain_text("消防车")
            officer.see("entry")
            officer.page.goto(f"/enterprises/{site.enterprise_id}/records/{entry.record_id}")
            expect_broken(officer, "entry", "内容被改动")
        officer.page.reload()
        expect(officer.page.locator('[data-test="proof"]')).to_have_attribute(
            "data-outcome", "proven", timeout=60_000
        )


def test_a_record_that_is_shown_otherwise_than_its_entry_is_not_believed(
    browser: Browser, site: Site, screenshots: Path, entry: Entry
) -> None:
    """The entry holds, but the record beside it was changed: the page does not call it proven."""

    def change(answer: dict[str, Any]) -> None:
        answer["record"]["values"]["amount"] = 12.5

    with person_at(browser, site, DESK, screenshots, "tampered-record") as officer:
        officer.sign_in("officer", "en")
        lie(officer.page, f"**/records/{entry.record_id}", change)
        officer.page.goto(f"/enterprises/{site.enterprise_id}/records/{entry.record_id}")
        expect_broken(officer, "entry", "What this page shows is not what this entry")
        officer.see("record")
