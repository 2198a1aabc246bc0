"""Channels, wishes and webhooks over HTTP, and what then arrives at real servers."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select
from standardwebhooks import Webhook

from inspection.delivery.channels import MAX_CHANNELS
from inspection.delivery.confirming import CODE_TRIES, CODES_A_DAY, ask_unasked
from inspection.delivery.outbox import CODE, put_direct
from inspection.tables import NoticeChannel, NoticeDelivery
from inspection.wire import utc_now
from tests.builders import jpeg
from tests.integration.api.conftest import site_settings
from tests.receivers import HttpReceiver, MailReceiver, Reply, http_receiver, mail_receiver
from tests.sites import Site, open_site

WAIT_S = 15.0
WISHES: dict[str, Any] = {
    "language": "en",
    "at_once": ["ticket_opened"],
    "digest_min": 450,
    "quiet": {"from_min": 1320, "until_min": 420},
}


@pytest.fixture
def mail() -> Iterator[MailReceiver]:
    """Yield the mail server that the site is set up with."""
    with mail_receiver() as receiver:
        yield receiver


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    """Yield where webhooks lead."""
    with http_receiver() as receiver:
        yield receiver


@pytest.fixture
def site(tmp_path: Path, mail: MailReceiver) -> Iterator[Site]:
    """Serve a site that sends mail, and may send to this machine."""
    settings = site_settings(
        tmp_path,
        smtp_url=f"smtp://127.0.0.1:{mail.port}?tls=none",
        mail_from="安巡 <no-reply@anxun.example>",
        outside_allowed="127.0.0.1",
        public_url="https://anxun.example",
    )
    with open_site(settings) as site:
        yield site


def wait_for(what: Callable[[], bool]) -> None:
    """Wait until the sender's threads have done it."""
    ends = time.monotonic() + WAIT_S
    while not what():
        assert time.monotonic() < ends, "nothing came"
        time.sleep(0.05)


def add(site: Site, who: str = "officer", **facts: str) -> dict[str, Any]:
    """Add a mailbox."""
    body = {"kind": "email", "to": "li@example.com"} | facts
    answer = site.post(who, "/v1/notice-channels", body)
    assert answer.status_code == 201, answer.text
    channel: dict[str, Any] = answer.json()
    return channel


def code_in(message: EmailMessage) -> str:
    """Return the code that a message tells."""
    found = re.search(r"\b\d{6}\b", message.get_content())
    assert found, message.get_content()
    return found[0]


def prove(site: Site, mail: MailReceiver, channel: dict[str, Any], who: str = "officer") -> None:
    """Confirm a mailbox by the code that came there, and let the log of the mail server begin anew."""
    wait_for(lambda: any(message["To"] == "li@example.com" for message in mail.received))
    answer = put_code(site, channel, code_in(mail.received[-1]), who)
    assert answer.status_code == 200, answer.text
    assert answer.json()["confirmed_at"]
    mail.received.clear()


def put_code(site: Site, channel: dict[str, Any], code: str, who: str = "officer") -> Any:
    """Send a code back."""
    path = f"/v1/notice-channels/{channel['id']}/confirmation"
    return site.client.put(path, json={"code": code}, headers=site.headers(who))


def confirm(site: Site) -> dict[str, Any]:
    """Let the expert confirm a finding of a device; return the ticket that it opens."""
    draft = site.draft(site.put_evidence("device", jpeg(1)))
    site.submit(draft)
    answer = site.post("expert", site.own(f"/findings/{draft['id']}/confirmation"), {})
    ticket: dict[str, Any] = answer.json()["ticket"]
    return ticket


def log(site: Site, who: str = "officer", **query: Any) -> list[dict[str, Any]]:
    """Return what was sent to somebody."""
    items: list[dict[str, Any]] = site.get(who, "/v1/notice-deliveries", params=query).json()[
        "items"
    ]
    return items


def test_a_ticket_reaches_a_mailbox_and_a_program(
    site: Site, mail: MailReceiver, receiver: HttpReceiver
) -> None:
    """From the expert's confirmation to the officer's mail and to the enterprise's program, which checks the signature."""
    prove(site, mail, add(site))
    made = site.post("officer", site.own("/webhooks"), {"url": f"{receiver.url}/hook"}).json()
    ticket = confirm(site)
    wait_for(lambda: bool(mail.received and receiver.received))
    [message], [request] = mail.received, receiver.received
    assert message["Subject"] == "【安巡】新整改单"
    link = f"https://anxun.example/enterprises/{site.town.mine.id}/tickets/{ticket['id']}"
    assert link in message.get_content()
    event = Webhook(made["secret"]).verify(request.body, dict(request.headers))
    assert (event["type"], event["data"]["thing_id"]) == ("ticket.opened", ticket["id"])
    wait_for(lambda: [row["state"] for row in log(site)] == ["sent", "sent"])
    assert [row["kind"] for row in log(site)] == ["ticket_opened", "code"]
    path = f"/v1/webhooks/{made['webhook']['id']}/deliveries"
    wait_for(lambda: site.get("officer", path).json()["items"][0]["state"] == "sent")
    assert '"webhook.added"' in site.get("officer", site.own("/entries")).text


def test_a_test_is_sent_whatever_the_wishes_and_failures_are_said(
    site: Site, mail: MailReceiver
) -> None:
    """Once, with its reason where it fails; not again right away."""
    channel = add(site)
    path = f"/v1/notice-channels/{channel['id']}/test"
    assert site.post("officer", path).status_code == 409
    prove(site, mail, channel)
    assert (
        site.client.put(
            "/v1/notice-settings", json=WISHES, headers=site.headers("officer")
        ).status_code
        == 200
    )
    assert site.post("officer", path).status_code == 202
    wait_for(lambda: bool(mail.received))
    assert mail.received[0]["Subject"] == "[anxun] Test: this channel works"
    again = site.post("officer", path)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    add(site, to="nobody@example.com")
    wait_for(lambda: [row["state"] for row in log(site, failed=True)] == ["failed"])
    assert "no such mailbox" in log(site, failed=True)[0]["error"]
    told = site.get("officer", "/v1/notices").json()["items"]
    assert [row["kind"] for row in told] == ["account_changed"]


def test_wishes_are_kept(site: Site) -> None:
    """As they were sent; without any, the data's own defaults."""
    first = site.get("officer", "/v1/notice-settings").json()
    assert first["wishes"]["digest_min"] is None
    assert "ticket_escalated" in first["wishes"]["at_once"]
    assert first["offered"] == ["email", "wecom", "dingtalk", "feishu"]
    headers = site.headers("officer")
    kept = site.client.put("/v1/notice-settings", json=WISHES, headers=headers).json()
    assert kept["wishes"] == WISHES == site.get("officer", "/v1/notice-settings").json()["wishes"]
    for change in (
        {"quiet": {"from_min": 60, "until_min": 60}},
        {"digest_min": 1440},
        {"at_once": ["delivery_failed"]},
        {"language": "fr"},
    ):
        answer = site.client.put("/v1/notice-settings", json=WISHES | change, headers=headers)
        assert answer.status_code == 422, change
    assert site.get("officer", "/v1/notice-settings").json()["wishes"] == WISHES


def test_a_channel_is_its_owner_s_and_tells_no_secret(site: Site, mail: MailReceiver) -> None:
    """Nobody else finds it; where it leads, and its secret, are in no answer; removed, it gets nothing."""
    robot = add(site, kind="dingtalk", to="a1b2c3d4e5f6", secret="SEC0123456789", label="班组")
    mailbox = add(site)
    assert (robot["shown"], mailbox["shown"]) == ("***e5f6", "l***@example.com")
    told = (
        site.get("officer", "/v1/notice-settings").text
        + site.get("officer", "/v1/notice-deliveries").text
    )
    for secret in ("a1b2c3d4e5f6", "SEC0123456789", "li@example.com"):
        assert secret not in told
    for who in ("expert", "stranger"):
        path = f"/v1/notice-channels/{mailbox['id']}"
        assert site.post(who, f"{path}/test").status_code == 404
        assert site.client.delete(path, headers=site.headers(who)).status_code == 404
    for row in (robot, mailbox):
        gone = site.client.delete(
            f"/v1/notice-channels/{row['id']}", headers=site.headers("officer")
        )
        assert gone.status_code == 204
    wait_for(lambda: {row["state"] for row in log(site)} <= {"sent", "dropped"})
    mail.received.clear()
    confirm(site)
    assert site.get("officer", "/v1/notice-settings").json()["channels"] == []
    assert {row["kind"] for row in log(site)} == {"code"}
    assert mail.received == []


def test_what_cannot_be_a_channel_is_refused(site: Site) -> None:
    """No address, a way that the operator did not set up, a seventh one."""
    for facts in ({"to": "li"}, {"kind": "sms", "to": "13800138000"}, {"secret": "x"}):
        body = {"kind": "email", "to": "li@example.com"} | facts
        assert site.post("officer", "/v1/notice-channels", body).status_code == 422, facts
    for number in range(MAX_CHANNELS):
        add(site, kind="wecom", to=f"key-of-robot-{number}")
    body = {"kind": "email", "to": "one.more@example.com"}
    assert site.post("officer", "/v1/notice-channels", body).status_code == 409


def test_a_webhook_leads_out_and_is_its_keepers(site: Site, receiver: HttpReceiver) -> None:
    """Not inside, not without TLS; others neither see nor use it; the secret is told once."""
    path = site.own("/webhooks")
    for url in (
        "https://10.0.0.1/",
        "https://[::1]/",
        "http://example.com/",
        "https://169.254.169.254/latest",
    ):
        answer = site.post("officer", path, {"url": url})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input"), url
    made = site.post("officer", path, {"url": receiver.url, "label": "ERP"}).json()
    webhook = f"/v1/webhooks/{made['webhook']['id']}"
    mine = site.get("officer", "/v1/webhooks")
    assert [row["id"] for row in mine.json()["items"]] == [made["webhook"]["id"]]
    assert made["secret"] not in mine.text
    for who in ("expert", "worker", "centre", "government", "stranger"):
        assert site.get(who, "/v1/webhooks").json()["items"] == []
        assert site.get(who, f"{webhook}/deliveries").status_code == 404
    receiver.reply = Reply(500)
    assert site.post("officer", f"{webhook}/test").status_code == 202
    wait_for(
        lambda: site.get("officer", f"{webhook}/deliveries").json()["items"][0]["state"] == "failed"
    )
    assert site.client.delete(webhook, headers=site.headers("officer")).status_code == 204
    assert site.get("officer", "/v1/webhooks").json()["items"] == []


def test_nothing_but_its_code_goes_to_an_address_before_it_is_confirmed(
    site: Site, mail: MailReceiver
) -> None:
    """Whoever enters somebody else's address has one code sent there and no more; with the code it begins to count."""
    channel = add(site)
    assert channel["confirmed_at"] is None
    wait_for(lambda: len(mail.received) == 1)
    assert mail.received[0]["Subject"] == "【安巡】验证码"
    code = code_in(mail.received[0])
    confirm(site)
    everything = site.get("officer", "/v1/notice-deliveries").text
    assert code not in everything
    assert code not in site.get("officer", "/v1/notice-settings").text
    time.sleep(0.5)
    assert len(mail.received) == 1
    for who in ("expert", "stranger"):
        assert put_code(site, channel, code, who).status_code == 404
    assert put_code(site, channel, f"{code[:3]} {code[3:]}").status_code == 200
    again = put_code(site, channel, code)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    told = site.get("officer", "/v1/notices", params={"unread": True}).json()["items"]
    facts = {"what": "channel_added", "channel": "email", "shown": "l***@example.com"}
    assert told[0]["facts"] == facts
    assert told[0]["enterprise_id"] is None


def test_a_code_ends_by_wrong_ones_and_by_time_and_another_is_slow_to_come(
    site: Site, mail: MailReceiver
) -> None:
    """Five wrong ones, or a quarter of an hour; one code a minute and ten a day, whichever address they go to."""
    channel = add(site)
    wait_for(lambda: len(mail.received) == 1)
    code = code_in(mail.received[0])
    wrong = "000000" if code != "000000" else "111111"
    path = f"/v1/notice-channels/{channel['id']}/code"
    assert site.post("officer", path).status_code == 409
    statuses = [put_code(site, channel, wrong).status_code for _ in range(CODE_TRIES)]
    assert statuses == [422] * CODE_TRIES
    assert put_code(site, channel, code).status_code == 409
    long_ago = timedelta(minutes=2)
    with site.parts.write.begin() as session:
        for row in session.exec(select(NoticeDelivery)):
            row.created_at -= long_ago
    assert site.post("officer", path).status_code == 202
    wait_for(lambda: len(mail.received) == 2)
    second = code_in(mail.received[1])
    with site.parts.write.begin() as session:
        row = session.exec(select(NoticeChannel)).one()
        row.code_ends_at = utc_now() - timedelta(seconds=1)
    assert put_code(site, channel, second).status_code == 409
    with site.parts.write.begin() as session:
        row = session.exec(select(NoticeChannel)).one()
        for _ in range(CODES_A_DAY - 2):
            put_direct(session, CODE, utc_now() - long_ago, channel_id=row.id)
    refused = site.post("officer", path)
    assert (refused.status_code, "today" in refused.json()["detail"]) == (409, True)
    assert site.post("officer", "/v1/notice-channels", {"kind": "email", "to": "a@example.com"}).status_code == 409  # fmt: skip


def test_an_address_of_an_older_release_is_asked_for_a_code_once(
    site: Site, mail: MailReceiver
) -> None:
    """It gets its code and nothing else, and its owner is told in the app."""
    prove(site, mail, add(site))
    with site.parts.write.begin() as session:
        row = session.exec(select(NoticeChannel)).one()
        row.confirmed_at = row.code_ends_at = None
        for sent in session.exec(select(NoticeDelivery)):
            sent.created_at -= timedelta(minutes=2)
    for _ in range(2):
        ask_unasked(site.parts.write, site.parts.seal, utc_now())
    site.parts.notice_sender.wake()
    wait_for(lambda: bool(mail.received))
    assert [message["Subject"] for message in mail.received] == ["【安巡】验证码"]
    kinds = [row["kind"] for row in site.get("officer", "/v1/notices").json()["items"]]
    assert kinds.count("channel_unconfirmed") == 1


def test_a_lost_key_file_confirms_nothing(site: Site, mail: MailReceiver) -> None:
    """A code that does not open any more has ended; nothing is confirmed by it."""
    channel = add(site)
    wait_for(lambda: len(mail.received) == 1)
    with site.parts.write.begin() as session:
        session.exec(select(NoticeChannel)).one().sealed_code = b"\0" * 64
    assert put_code(site, channel, code_in(mail.received[0])).status_code == 409
