"""A forgotten password: a link by mail to whom it belongs, once and for a short while; and nothing told to whoever asks."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from sqlalchemy import event
from sqlmodel import col, select, update

from api.tokens import sha256_of_token
from inspection.delivery.forgotten import LINK_LIFE, LINKS_A_DAY
from inspection.delivery.outbox import PASSWORD_LINK
from inspection.tables import NoticeChannel, NoticeDelivery, PasswordAsk, PasswordLink, User
from inspection.wire import utc_now
from tests.integration.api.conftest import site_settings
from tests.integration.api.test_notice_settings import add, log, prove, wait_for
from tests.receivers import MailReceiver, mail_receiver
from tests.sites import PASSWORD, Site, open_site

NEW = "quiet orange ladder seventeen"
LINK = re.compile(r"https://anxun\.example/new-password#([\w-]{43})\s")
Served = Callable[..., Site]


@pytest.fixture
def mail() -> Iterator[MailReceiver]:
    """Yield the mail server of the site."""
    with mail_receiver() as receiver:
        yield receiver


@pytest.fixture
def site(tmp_path: Path, mail: MailReceiver) -> Iterator[Site]:
    """Serve a site that sends mail; the officer has a confirmed mailbox."""
    with open_site(site_settings(tmp_path, **_sending(mail))) as site:
        prove(site, mail, add(site))
        yield site


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def either(request: pytest.FixtureRequest, tmp_path: Path, mail: MailReceiver) -> Iterator[Site]:
    """The same on either database."""
    is_sqlite = request.param == "sqlite"
    changes = {} if is_sqlite else {"database_url": request.getfixturevalue("postgres_url")}
    with open_site(site_settings(tmp_path, **_sending(mail), **changes)) as site:
        prove(site, mail, add(site))
        yield site


def _sending(mail: MailReceiver) -> dict[str, Any]:
    return {
        "smtp_url": f"smtp://127.0.0.1:{mail.port}?tls=none",
        "mail_from": "安巡 <no-reply@anxun.example>",
        "public_url": "https://anxun.example",
    }


def ask(site: Site, login: str) -> Any:
    """Ask for a link, as nobody."""
    return site.client.post("/v1/password-links", json={"login": login})


def taken_up(site: Site) -> None:
    """Wait until the asks were taken up, and what they put out was sent or dropped."""
    waiting = select(NoticeDelivery.id).where(
        col(NoticeDelivery.kind) == PASSWORD_LINK, col(NoticeDelivery.state) == "waiting"
    )

    def is_done() -> bool:
        with site.parts.read() as session:
            return (
                not session.exec(select(PasswordAsk.id)).all() and not session.exec(waiting).all()
            )

    wait_for(is_done)


def token_sent(site: Site, mail: MailReceiver, login: str = "officer") -> str:
    """Ask for a link and return the secret that came by mail."""
    assert ask(site, login).status_code == 202

    def links() -> list[str]:
        assert {message["To"] for message in mail.received} <= {"li@example.com"}
        return [found for message in mail.received for found in LINK.findall(message.get_content())]

    wait_for(lambda: bool(links()))
    taken_up(site)
    (link,) = links()
    mail.received.clear()
    return link


def use(site: Site, token: str, password: str = NEW, **facts: str) -> Any:
    """Bring a link back, from a browser of its own."""
    body = {"token": token, "password": password, **facts}
    answer = site.client.post("/v1/password-links/use", json=body)
    site.client.cookies.clear()
    return answer


def sign_in(site: Site, password: str) -> int:
    """Sign the officer in; return the status."""
    body = {"login": "officer", "password": password}
    status = site.client.post("/v1/sessions", json=body).status_code
    site.client.cookies.clear()
    return status


def test_a_link_sets_a_new_password_once_and_ends_everything_else(
    either: Site, mail: MailReceiver
) -> None:
    """Sign-ins, tokens and the old password are over; the person is told, the log says it, and the secret is nowhere."""
    site = either
    body = {"name": "export", "scopes": ["read"], "days": 1}
    personal = site.post("officer", "/v1/me/tokens", body).json()["token"]
    token = token_sent(site, mail, " Officer ")
    with site.parts.read() as session:
        (link,) = session.exec(select(PasswordLink)).all()
        rows = session.exec(select(NoticeDelivery)).all()
        assert link.token_sha256 == sha256_of_token(token)
        assert token not in repr([link, *rows])
    answer = use(site, token)
    assert answer.status_code == 201, answer.text
    assert answer.json()["user"]["login"] == "officer"
    assert (sign_in(site, PASSWORD), sign_in(site, NEW)) == (401, 201)
    for over in (site.tokens["officer"], personal):
        headers = {"Authorization": f"Bearer {over}"}
        assert site.client.get("/v1/me", headers=headers).status_code == 401
    again = use(site, token, "another four words here")
    assert (again.status_code, again.json()["code"]) == (401, "link_refused")
    site.tokens["officer"] = answer.json()["token"]
    notices = site.get("officer", "/v1/notices").json()["items"]
    assert "password_by_recovery" in {row["facts"].get("what") for row in notices}
    done = [row["action"] for row in site.get("officer", "/v1/me/access-log").json()["items"]]
    assert {"password.link_asked", "password.recover"} <= set(done)
    assert PASSWORD_LINK in {row["kind"] for row in log(site)}


def test_the_answer_tells_nothing_of_a_login(site: Site, mail: MailReceiver) -> None:
    """With a mailbox, without, unknown, not active, by the provider alone: one answer, after the same statements; a mail to the first only."""
    site.parts.link_desk.stop()
    with site.parts.write.begin() as session:
        for login, change in (("worker", {"is_active": False}), ("insurer", {"password_hash": ""})):
            session.exec(update(User).where(col(User.login) == login).values(**change))
        mine = session.exec(select(NoticeChannel)).one()
        for login in ("worker", "insurer"):
            owner = session.exec(select(User.id).where(col(User.login) == login)).one()
            session.add(NoticeChannel(**mine.model_dump(exclude={"id", "user_id"}), user_id=owner))
    said, done = [], []
    logins = ("officer", "expert", "worker", "insurer", "nobody-of-this-name")
    for login in logins:
        statements: list[str] = []
        heard = _hear(site, statements)
        answer = ask(site, login)
        event.remove(site.parts.engine, "before_cursor_execute", heard)
        said.append((answer.status_code, answer.json(), sorted(answer.headers)))
        done.append(statements)
    assert said == [said[0]] * len(logins)
    assert done == [done[0]] * len(logins)
    assert any("password_ask" in each for each in done[0])
    assert not any("app_user" in each for each in done[0])
    site.parts.link_desk.start()
    wait_for(lambda: bool(mail.received))
    taken_up(site)
    assert len(mail.received) == 1


def _hear(site: Site, statements: list[str]) -> Callable[..., None]:
    """Keep what the database is asked about people, places, asks and the log."""
    tables = ("app_user", "notice_channel", "password_ask", "password_link", "access_log")

    def heard(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if any(table in statement for table in tables) and "notice_delivery" not in statement:
            statements.append(statement)

    event.listen(site.parts.engine, "before_cursor_execute", heard)
    return heard


def test_only_a_confirmed_mailbox_is_written_to(site: Site, mail: MailReceiver) -> None:
    """Not one that nobody confirmed, not one that was removed, and no robot."""
    with site.parts.write.begin() as session:
        row = session.exec(select(NoticeChannel)).one()
        for change in ({"confirmed_at": None}, {"removed_at": utc_now()}, {"kind": "wecom"}):
            facts = row.model_dump(exclude={"id"}) | change
            session.add(NoticeChannel(**facts))
        row.removed_at = utc_now()
    assert ask(site, "officer").status_code == 202
    taken_up(site)
    with site.parts.read() as session:
        put = select(NoticeDelivery).where(col(NoticeDelivery.kind) == PASSWORD_LINK)
        assert session.exec(put).all() == []
    assert mail.received == []


def test_the_second_factor_is_asked_for_all_the_same(site: Site, mail: MailReceiver) -> None:
    """Without its code, or with a wrong one, the link stays what it was and the password too."""
    secret = site.post("officer", "/v1/me/second-factor", {"password": PASSWORD}).json()["secret"]
    totp = pyotp.TOTP(secret)
    headers = site.headers("officer")
    early = totp.at(utc_now() - timedelta(seconds=30))
    confirmed = site.client.put("/v1/me/second-factor", json={"code": early}, headers=headers)
    assert confirmed.status_code == 200
    # What was told of it goes to the same mailbox.
    wait_for(lambda: bool(mail.received))
    mail.received.clear()
    token = token_sent(site, mail)
    without = use(site, token)
    assert (without.status_code, without.json()["code"]) == (401, "code_required")
    assert use(site, token, code="000000").json()["code"] == "wrong_credentials"
    assert use(site, token, code=totp.now()).status_code == 201
    body = {"login": "officer", "password": NEW}
    assert site.client.post("/v1/sessions", json=body).json()["code"] == "code_required"


def test_a_link_that_is_over_or_a_weak_password_is_refused(site: Site, mail: MailReceiver) -> None:
    """A weak password leaves the link as it was; after its life, or once the password was changed, it is refused."""
    token = token_sent(site, mail)
    weak = use(site, token, "password1234")
    assert (weak.status_code, weak.json()["code"]) == (422, "password_refused")
    with site.parts.write.begin() as session:
        link = session.exec(select(PasswordLink)).one()
        assert link.expires_at - link.created_at == LINK_LIFE
        link.expires_at = utc_now() - timedelta(seconds=1)
    assert use(site, token).json()["code"] == "link_refused"
    with site.parts.write.begin() as session:
        session.exec(select(PasswordLink)).one().expires_at = utc_now() + LINK_LIFE
    change = {"current": PASSWORD, "new": "another four words here"}
    path, headers = "/v1/me/password", site.headers("officer")
    assert site.client.put(path, json=change, headers=headers).status_code == 204
    assert use(site, token).json()["code"] == "link_refused"


def test_nobody_is_flooded_and_nothing_is_guessed(site: Site, mail: MailReceiver) -> None:
    """One link a minute, so many a day; a login is asked for so often and no more; guessed links are counted by address."""
    token_sent(site, mail)
    for _ in range(3):
        assert ask(site, "officer").status_code == 202
    taken_up(site)
    assert mail.received == []
    with site.parts.write.begin() as session:
        row = session.exec(
            select(NoticeDelivery).where(col(NoticeDelivery.kind) == PASSWORD_LINK)
        ).one()
        row.created_at -= timedelta(hours=1)
        facts = row.model_dump(exclude={"id", "event_key"})
        for number in range(LINKS_A_DAY - 1):
            session.add(NoticeDelivery(**facts, event_key=f"earlier:{number}"))
    assert ask(site, "officer").status_code == 202
    taken_up(site)
    assert mail.received == []
    allowed = site.parts.throttle.per_login
    statuses = [ask(site, "officer").status_code for _ in range(allowed)]
    assert statuses[-1] == 429
    guesses = [
        use(site, f"{number:043d}").status_code
        for number in range(site.parts.throttle.per_address + 1)
    ]
    assert set(guesses[:-1]) == {401}
    assert guesses[-1] == 429


def test_of_many_who_bring_one_link_one_sets_a_password(either: Site, mail: MailReceiver) -> None:
    """At the same moment, on either database."""
    token = token_sent(either, mail)
    bodies = [{"token": token, "password": f"{NEW} {number}"} for number in range(6)]
    with ThreadPoolExecutor(len(bodies)) as pool:
        answers = list(
            pool.map(lambda body: either.client.post("/v1/password-links/use", json=body), bodies)
        )
    assert sorted(answer.status_code for answer in answers) == [201, *[401] * 5]
    either.client.cookies.clear()
    opened = [sign_in(either, body["password"]) for body in bodies]
    assert [status == 201 for status in opened] == [answer.status_code == 201 for answer in answers]


def test_a_server_without_mail_says_so(tmp_path: Path) -> None:
    """Before anything is entered, and again when it is asked all the same."""
    with open_site(site_settings(tmp_path)) as site:
        choices = site.client.get("/v1/sign-in-choices").json()
        assert choices["sends_password_links"] is False
        refused = ask(site, "officer")
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
        assert "whoever runs it" in refused.json()["detail"]
