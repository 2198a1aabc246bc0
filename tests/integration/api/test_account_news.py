"""A person is told of what happens to their account: in the app, and by their confirmed ways whatever they wish."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete
from sqlmodel import col, select, update

from api.admin import OPERATOR, open_office
from inspection.account_news import tell_ending_tokens
from inspection.delivery.leases import take_lease
from inspection.delivery.letters import letter_of
from inspection.delivery.pruning import forget_delivered
from inspection.reminders import remind_all
from inspection.tables import NoticeDelivery, NoticeKind, PersonalToken, SectionReminder
from inspection.wire import utc_now
from tests.integration.api.conftest import site_settings
from tests.integration.api.test_account import (
    NEW,
    bearer,
    make_token,
    next_code,
    set_up_second_factor,
    sign_in,
)
from tests.integration.api.test_notice_settings import WISHES, add, prove, wait_for
from tests.receivers import MailReceiver, mail_receiver
from tests.sites import PASSWORD, Site, open_site


@pytest.fixture
def mail() -> Iterator[MailReceiver]:
    """Yield the mail server that the site is set up with."""
    with mail_receiver() as receiver:
        yield receiver


@pytest.fixture
def site(tmp_path: Path, mail: MailReceiver) -> Iterator[Site]:
    """Serve a site that sends mail."""
    address = f"smtp://127.0.0.1:{mail.port}?tls=none"
    with open_site(
        site_settings(tmp_path, smtp_url=address, mail_from="anxun <no-reply@anxun.example>")
    ) as site:
        yield site


def told(site: Site, headers: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """Return what the expert was told of the account, the oldest first."""
    answer = site.client.get("/v1/notices", headers=headers or site.headers("expert"))
    items: list[dict[str, Any]] = answer.json()["items"]
    assert all(row["enterprise_id"] is None for row in items)
    return items[::-1]


def test_every_change_of_how_one_signs_in_is_told(site: Site, mail: MailReceiver) -> None:
    """Password, second factor, recovery codes, tokens and addresses: each a notice and a mail, in quiet hours and with no wish for it."""
    prove(site, mail, add(site, who="expert"), who="expert")
    headers = site.headers("expert")
    wishes = WISHES | {
        "at_once": [],
        "digest_min": None,
        "quiet": {"from_min": 0, "until_min": 1439},
    }
    assert site.client.put("/v1/notice-settings", json=wishes, headers=headers).status_code == 200
    set_up_second_factor(site)
    site.post("expert", "/v1/me/second-factor/recovery-codes", {"password": PASSWORD})
    site.post("expert", "/v1/me/second-factor/removal", {"password": PASSWORD})
    made = make_token(site, "read")
    site.client.delete(f"/v1/me/tokens/{made['id']}", headers=headers)
    body = {"current": PASSWORD, "new": NEW}
    assert site.client.put("/v1/me/password", json=body, headers=headers).status_code == 204
    changes = [
        "channel_added",
        "second_factor_set",
        "recovery_codes",
        "second_factor_removed",
        "token_made",
        "token_revoked",
        "password",
    ]
    assert [row["facts"]["what"] for row in told(site)] == changes
    wait_for(lambda: len(mail.received) == len(changes) - 1)
    subjects = {message["Subject"] for message in mail.received}
    assert subjects == {"[anxun] Your account was changed"}
    said = "\n".join(message.get_content() for message in mail.received)
    assert "the password was changed" in said
    assert "end the other sign-ins" in said
    (channel,) = site.get("expert", "/v1/notice-settings").json()["channels"]
    site.client.delete(f"/v1/notice-channels/{channel['id']}", headers=headers)
    assert told(site)[-1]["facts"]["what"] == "channel_removed"
    assert site.get("officer", "/v1/notices").json()["items"] == []


def test_what_is_of_the_account_cannot_be_wished_away(site: Site) -> None:
    """These kinds are no choice of the settings, and are refused as one."""
    kinds = {row["kind"] for row in site.get("expert", "/v1/notice-settings").json()["kinds"]}
    assert not kinds & {"account_changed", "sign_in_new", "code_reused", "token_ending"}
    wishes = WISHES | {"at_once": ["account_changed"]}
    headers = site.headers("expert")
    assert site.client.put("/v1/notice-settings", json=wishes, headers=headers).status_code == 422


def test_the_operators_new_password_is_told(site: Site) -> None:
    """Whoever finds their password changed reads by whom."""
    with open_office(site.parts.settings) as office:
        office.set_password("expert", NEW)
    answer = sign_in(site, NEW)
    row = told(site, bearer(answer.json()["token"]))[-1]
    assert (row["kind"], row["facts"]["what"]) == ("account_changed", "password_by_operator")
    assert OPERATOR == "operator"


def test_a_new_browser_is_told_and_a_known_one_is_not(site: Site) -> None:
    """The first is not told, nor one that comes back with its cookie or from the same place; another is."""
    agents = {"User-Agent": "Firefox"}
    site.client.cookies.clear()
    body = {"login": "expert", "password": PASSWORD}
    first = site.client.post("/v1/sessions", json=body, headers=agents)
    mark = first.cookies["anxun_browser"]
    assert "HttpOnly" in first.headers["set-cookie"]
    assert told(site) == []
    # It was updated: another name, the same cookie.
    cookie = {"Cookie": f"anxun_browser={mark}", "User-Agent": "Firefox 2"}
    site.client.cookies.clear()
    assert site.client.post("/v1/sessions", json=body, headers=cookie).status_code == 201
    # A program keeps no cookie, and calls itself the same.
    site.client.cookies.clear()
    again = {"User-Agent": "Firefox 2"}
    assert site.client.post("/v1/sessions", json=body, headers=again).status_code == 201
    assert told(site) == []
    site.client.cookies.clear()
    stranger = {"User-Agent": "curl/8"}
    wrong = site.client.post("/v1/sessions", json=body | {"password": "x"}, headers=stranger)
    assert wrong.status_code == 401
    assert told(site) == []
    assert site.client.post("/v1/sessions", json=body, headers=stranger).status_code == 201
    (row,) = told(site)
    assert row["kind"] == "sign_in_new"
    assert row["facts"] == {"remote": "testclient", "user_agent": "curl/8"}


def test_a_code_that_is_shown_twice_is_told(site: Site) -> None:
    """Who shows it again knows the password and saw the code: its owner is told; a wrong code is nothing to tell."""
    totp, _ = set_up_second_factor(site)
    code = next_code(totp)
    assert sign_in(site, code=code).status_code == 201
    assert sign_in(site, code="000000" if code != "000000" else "111111").status_code == 401
    before = [row["kind"] for row in told(site)]
    assert "code_reused" not in before
    assert sign_in(site, code=code).status_code == 401
    assert [row["kind"] for row in told(site)] == [*before, "code_reused"]


def test_a_token_that_ends_soon_is_told_once(site: Site) -> None:
    """Seven days before, by the dated parameter; not one that was made for a week, revoked or over."""
    long, short, revoked, over = (
        UUID(make_token(site, "read", days=days)["id"]) for days in (30, 5, 30, 30)
    )
    now = utc_now()
    with site.parts.write.begin() as session:
        for token_id, changes in {
            revoked: {"revoked_at": now, "expires_at": now + timedelta(days=3)},
            over: {"expires_at": now - timedelta(days=1)},
        }.items():
            mine = update(PersonalToken).where(col(PersonalToken.id) == token_id)
            session.exec(mine.values(**changes))
    assert tell_ending_tokens(site.parts.read, site.parts.write, now) == 0
    soon = now + timedelta(days=23, hours=1)
    assert tell_ending_tokens(site.parts.read, site.parts.write, soon) == 1
    assert tell_ending_tokens(site.parts.read, site.parts.write, soon) == 0
    (row,) = [row for row in told(site) if row["kind"] == "token_ending"]
    assert UUID(row["thing_id"]) == long != short
    assert row["facts"]["name"] == "script"


def test_what_is_due_in_the_sections_goes_outside(site: Site) -> None:
    """Into the digest of whoever has one; what was read in the app before is not sent."""
    robot = {"kind": "wecom", "to": "key-of-a-robot"}
    assert site.post("officer", "/v1/notice-channels", robot).status_code == 201
    headers = site.headers("officer")
    assert site.client.put("/v1/notice-settings", json=WISHES, headers=headers).status_code == 200
    now = utc_now()
    with site.parts.write.begin() as session:
        # The keeper may have been faster than the channel.
        session.exec(delete(SectionReminder))
    for _ in range(2):
        remind_all(site.parts.read, site.parts.write, now)
    rows = site.get("officer", "/v1/reminders", params={"limit": "200"}).json()["items"]
    with site.parts.read() as session:
        due = col(NoticeDelivery.kind) == NoticeKind.SECTION_DUE.value
        put = {row.thing_id: row for row in session.exec(select(NoticeDelivery).where(due))}
    assert {str(key) for key in put} == {row["id"] for row in rows}
    assert all(row.is_digest and row.due_at > now for row in put.values())
    site.post("officer", f"/v1/reminders/{rows[0]['id']}/read")
    with site.parts.write.begin() as session:
        found, lease = take_lease(session, now + timedelta(days=2))
    assert found
    assert lease is not None
    assert rows[0]["id"] not in {str(told.thing_id) for told in lease.told}
    assert len(lease.told) == len(rows) - 1
    letter = letter_of(lease.told, "en", "https://anxun.example")
    assert f"{len(rows) - 1} notices" in letter.subject
    assert any(", by 20" in line for line in letter.lines)


def test_what_was_delivered_is_forgotten_and_what_failed_stays(
    site: Site, mail: MailReceiver
) -> None:
    """90 days after its end, by the dated parameter; what waits or failed is kept for ever."""
    prove(site, mail, add(site, who="expert"), who="expert")
    add(site, who="expert", to="nobody@example.com")

    def states() -> dict[str, str]:
        with site.parts.read() as session:
            rows = session.exec(select(NoticeDelivery)).all()
        return {str(row.id): row.state for row in rows}

    wait_for(lambda: sorted(states().values()) == ["failed", "sent"])
    now = utc_now()
    assert forget_delivered(site.parts.write, now + timedelta(days=89)) == 0
    assert forget_delivered(site.parts.write, now + timedelta(days=91)) == 1
    assert list(states().values()) == ["failed"]
