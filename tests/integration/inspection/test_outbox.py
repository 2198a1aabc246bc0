"""The outbox on both databases, against real servers: nothing is lost, nothing is sent twice, and what fails is said."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, select
from standardwebhooks import Webhook

from inspection.china import CHINA
from inspection.delivery.channels import remove_channel, set_wishes
from inspection.delivery.endpoints import remove_endpoint
from inspection.delivery.leases import LEASE, take_lease
from inspection.delivery.letters import Told, letter_of
from inspection.delivery.schedule import Quiet, Wishes
from inspection.delivery.sender import WAITS_S
from inspection.errors import InvalidInput, NotAllowed, NotFound
from inspection.memberships import Place
from inspection.news import News
from inspection.notices import read_notice, tell
from inspection.scopes import scope_of
from inspection.sealing import Seal, SealError
from inspection.tables import (
    ChannelKind,
    EntryFacts,
    Membership,
    Notice,
    NoticeChannel,
    NoticeDelivery,
    NoticeKind,
    User,
    WebhookEndpoint,
    new_id,
)
from tests.builders import NOW, Town
from tests.outside import GIVE_UP, SEAL, Outside
from tests.receivers import HttpReceiver, MailReceiver, Reply, http_receiver, mail_receiver

MORNING = datetime(2026, 11, 25, 7, 30, tzinfo=CHINA)
NIGHT = datetime(2026, 11, 24, 23, 0, tzinfo=CHINA)


@pytest.fixture
def outside(readers: sessionmaker[Session], sessions: sessionmaker[Session], town: Town) -> Outside:
    """Return the town's outbox."""
    return Outside(readers, sessions, town)


@pytest.fixture
def mail(outside: Outside) -> Iterator[MailReceiver]:
    """Yield a mail server that the worker uses."""
    with mail_receiver() as receiver:
        outside.use_mail(receiver.port)
        yield receiver


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    """Yield a server that takes webhooks."""
    with http_receiver() as receiver:
        yield receiver


def wish(outside: Outside, user: User, wishes: Wishes) -> None:
    """Keep a person's wishes."""
    with outside.writers.begin() as session:
        set_wishes(session, user.id, wishes, NOW)


def told_in_app(outside: Outside, user: User) -> list[str]:
    """Return the kinds of a person's notices in the app."""
    mine = select(Notice.kind).where(col(Notice.user_id) == user.id).order_by(col(Notice.id))
    with outside.readers() as session:
        return list(session.exec(mine))


def test_a_notice_goes_out_by_mail_once(outside: Outside, mail: MailReceiver) -> None:
    """In the person's language, with a link and without anybody's name; whoever has no channel has it in the app only."""
    officer = outside.town.officer
    outside.channel(officer, ChannelKind.EMAIL, "li@example.com")
    news = outside.tell(officer, outside.town.expert, level="major")
    assert (outside.send(), outside.send()) == (1, 0)
    [message] = mail.received
    assert message["To"] == "li@example.com"
    assert message["Subject"] == "【安巡】整改单已超期"
    assert message["Message-ID"] == f"<{outside.rows()[0].id.hex}@anxun.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    lines = message.get_content().split("\n")
    assert lines[0].startswith("ZG-20261124-0001 · 重大隐患 · ")
    assert lines[0].endswith(outside.town.mine.name)
    path = f"/enterprises/{outside.town.mine.id}/tickets/{news.thing_id}"
    assert lines[2] == f"https://anxun.example{path}"
    assert outside.states() == ["sent"]
    outside.tell(officer)
    assert outside.send() == 0


def test_what_was_undone_is_not_sent(outside: Outside, mail: MailReceiver) -> None:
    """The outbox is of the event's own transaction."""
    outside.channel(outside.town.officer, ChannelKind.EMAIL, "li@example.com")
    with outside.writers() as session:
        news = News(NoticeKind.TICKET_OVERDUE, outside.town.mine.id, new_id(), "a")
        assert tell(session, news, [outside.town.officer.id], NOW) == 1
        assert session.exec(select(NoticeDelivery)).one().state == "waiting"
        session.rollback()
    assert (outside.send(), mail.received) == (0, [])


def test_a_mail_server_that_is_busy_is_tried_again(outside: Outside, mail: MailReceiver) -> None:
    """After growing waits, under the same Message-ID, until it takes it; not before."""
    outside.channel(outside.town.officer, ChannelKind.EMAIL, "li@example.com")
    outside.tell(outside.town.officer)
    mail.answers = ["451 later", "451 later"]
    for wait_s in WAITS_S[:2]:
        assert outside.send() == 1
        [row] = outside.rows()
        assert row.due_at == outside.now + timedelta(seconds=wait_s)
        assert row.error == "the mail server says: 451 later"
        outside.now = row.due_at - timedelta(seconds=1)
        assert outside.send() == 0
        outside.now = row.due_at
    assert outside.send() == 1
    assert [message["Message-ID"] for message in mail.received] == [
        f"<{outside.rows()[0].id.hex}@anxun.example>"
    ]
    assert (outside.states(), outside.rows()[0].error) == (["sent"], "")


def test_a_mailbox_that_does_not_exist_is_given_up_and_told_once_a_day(
    outside: Outside, mail: MailReceiver
) -> None:
    """In the app, to its owner; that sending failed is not sent."""
    officer = outside.town.officer
    outside.channel(officer, ChannelKind.EMAIL, "nobody@example.com")
    outside.tell(officer, key="a")
    outside.tell(officer, key="b")
    assert outside.send() == 2
    assert outside.states() == ["failed", "failed"]
    assert "550 5.1.1 no such mailbox" in outside.rows()[0].error
    kinds = told_in_app(outside, officer)
    assert kinds == ["ticket_overdue", "ticket_overdue", "delivery_failed"]


def test_a_server_that_is_away_is_given_up_in_the_end(outside: Outside) -> None:
    """Every try counts, the last one within the time that is documented; then it is said in the app."""
    outside.use_mail(1)
    outside.channel(outside.town.officer, ChannelKind.EMAIL, "li@example.com")
    outside.tell(outside.town.officer)
    tries = 0
    while (row := outside.rows()[0]).state == "waiting":
        outside.now = row.due_at
        tries += outside.send()
    assert (row.state, row.attempts) == ("failed", tries)
    assert GIVE_UP / 2 < outside.now - NOW <= GIVE_UP
    assert told_in_app(outside, outside.town.officer)[-1] == "delivery_failed"


def test_a_webhook_verifies_and_keeps_its_id(outside: Outside, receiver: HttpReceiver) -> None:
    """By the library of Standard Webhooks: signature of each try, one id, the same bytes; once it is taken, no more."""
    town = outside.town
    _, secret = outside.endpoint(
        town.officer, Place(enterprise_id=town.mine.id), f"{receiver.url}/in"
    )
    outside.now = datetime.now(UTC)
    news = outside.tell(town.officer)
    receiver.replies = [Reply(500), Reply(429, headers={"retry-after": "120"})]
    assert outside.send() == 1
    outside.now += timedelta(seconds=WAITS_S[0])
    assert outside.send() == 1
    assert outside.rows()[0].due_at == outside.now + timedelta(seconds=120)
    outside.now += timedelta(seconds=120)
    assert (outside.send(), outside.send()) == (1, 0)
    bodies = {request.body for request in receiver.received}
    ids = {request.headers["webhook-id"] for request in receiver.received}
    assert (len(receiver.received), len(bodies), len(ids)) == (3, 1, 1)
    for request in receiver.received:
        event = Webhook(secret).verify(request.body, dict(request.headers))
    assert event["type"] == "ticket.overdue"
    assert event["data"]["thing_id"] == str(news.thing_id)
    assert event["data"]["enterprise_id"] == str(town.mine.id)
    assert receiver.received[0].path == "/in"


def test_a_webhook_is_told_though_nobody_is_and_once_though_many_are(
    outside: Outside, receiver: HttpReceiver
) -> None:
    """Events are the enterprise's, not a person's."""
    town = outside.town
    outside.endpoint(town.officer, Place(enterprise_id=town.mine.id), receiver.url)
    outside.tell(key="nobody")
    outside.tell(town.officer, town.expert, key="two")
    outside.tell(town.worker, key="two")
    outside.tell(town.stranger, key="foreign", enterprise_id=town.other.id)
    assert outside.send() == 2


def test_an_endpoint_that_is_gone_is_removed_and_its_ledger_says_so(
    outside: Outside, receiver: HttpReceiver
) -> None:
    """Status 410: nothing more is sent there, what waits neither; those who kept it are told in the app."""
    town = outside.town
    row, _ = outside.endpoint(town.officer, Place(enterprise_id=town.mine.id), receiver.url)
    outside.tell(key="a")
    outside.tell(key="b")
    receiver.reply = Reply(410)
    assert outside.send() == 1
    assert outside.states() == ["failed", "dropped"]
    outside.tell(key="c")
    assert outside.send() == 0
    with outside.readers() as session:
        kept = session.get_one(WebhookEndpoint, row.id)
        assert (kept.sealed, kept.removed_at) == (b"", NOW)
        written = session.exec(
            select(EntryFacts.kind)
            .where(col(EntryFacts.enterprise_id) == town.mine.id)
            .order_by(col(EntryFacts.entry_index))
        ).all()
    assert list(written) == ["webhook.added", "webhook.removed"]
    assert told_in_app(outside, town.officer) == ["delivery_failed"]


def test_organisations_are_told_of_what_they_see_and_nothing_else(
    outside: Outside, receiver: HttpReceiver
) -> None:
    """A town of its area, an insurer of those insured, a ministry of all; kept by administrators only."""
    town = outside.town
    with outside.writers.begin() as session:
        places = {}
        for name in ("government", "insurer", "ministry"):
            user = getattr(town, name)
            mine = select(Membership).where(col(Membership.user_id) == user.id)
            membership = session.exec(mine).one()
            membership.is_administrator = True
            places[name] = Place(organisation_id=membership.organisation_id)
    made = {
        name: outside.endpoint(getattr(town, name), place, f"{receiver.url}/{name}")[0]
        for name, place in places.items()
    }
    for key, enterprise in (("a", town.mine), ("b", town.other), ("c", town.far)):
        outside.tell(key=key, enterprise_id=enterprise.id)
    outside.send()
    told = {
        name: [row.event_key for row in outside.rows(endpoint.id)]
        for name, endpoint in made.items()
    }
    assert told == {"government": ["a", "b"], "insurer": ["a"], "ministry": ["a", "b", "c"]}
    assert set(outside.states()) == {"sent"}
    with pytest.raises(NotFound):
        outside.endpoint(town.officer, places["insurer"], receiver.url)
    with pytest.raises(NotAllowed):
        outside.endpoint(town.expert, Place(enterprise_id=town.mine.id), receiver.url)
    with pytest.raises(InvalidInput, match="public internet"):
        outside.endpoint(town.officer, Place(enterprise_id=town.mine.id), "https://10.0.0.1/")
    with outside.writers.begin() as session, pytest.raises(NotFound):
        remove_endpoint(session, scope_of(session, town.officer.id), made["insurer"].id, NOW)


def test_a_digest_a_day(outside: Outside, mail: MailReceiver) -> None:
    """Everything since the last one in one message at its time; a second try is the same message, what came since waits."""
    officer = outside.town.officer
    outside.channel(officer, ChannelKind.EMAIL, "li@example.com")
    wish(outside, officer, Wishes(frozenset(), digest_min=7 * 60 + 30, language="en"))
    for key in "abc":
        outside.tell(officer, key=key)
    outside.now = MORNING - timedelta(seconds=1)
    assert outside.send() == 0
    outside.now = MORNING
    mail.answers = ["451 later"]
    assert outside.send() == 1
    outside.tell(officer, key="d")
    outside.now += timedelta(days=1)
    assert outside.send() == 2
    assert [message["Subject"] for message in mail.received] == [
        "[anxun] 3 notices",
        "[anxun] A ticket is overdue",
    ]
    first = mail.received[0]
    assert first.get_content().count("ZG-20261124-0001") == 3
    assert "https://anxun.example/notices" in first.get_content()
    ids = {row.message_id for row in outside.rows()[:3]}
    assert len(ids) == 1
    assert first["Message-ID"] == f"<{ids.pop().hex}@anxun.example>"


def test_quiet_hours_hold_all_but_major_hazards(outside: Outside, mail: MailReceiver) -> None:
    """A general hazard's notice comes in the morning, a major one's at night."""
    officer = outside.town.officer
    outside.channel(officer, ChannelKind.EMAIL, "li@example.com")
    quiet = Quiet(22 * 60, 7 * 60 + 30)
    wish(outside, officer, Wishes({"ticket_overdue"}, quiet=quiet))
    outside.now = NIGHT
    outside.tell(officer, key="general")
    outside.tell(officer, key="major", level="major")
    assert outside.send() == 1
    assert "重大隐患" in mail.received[0].get_content()
    outside.now = MORNING
    assert outside.send() == 1


def test_what_need_not_be_sent_any_more_is_dropped(outside: Outside, mail: MailReceiver) -> None:
    """Read in the app; of an enterprise that is no longer theirs; to a channel that was removed. Each says why."""
    town = outside.town
    channels = {
        name: outside.channel(getattr(town, name), ChannelKind.EMAIL, f"{name}@example.com")
        for name in ("officer", "worker", "expert")
    }
    outside.tell(town.officer, town.worker, town.expert)
    with outside.writers.begin() as session:
        mine = session.exec(select(Notice).where(col(Notice.user_id) == town.officer.id)).one()
        read_notice(session, scope_of(session, town.officer.id), mine.id, NOW)
        left = select(Membership).where(col(Membership.user_id) == town.worker.id)
        session.delete(session.exec(left).one())
        remove_channel(session, town.expert.id, channels["expert"].id, NOW)
    assert (outside.send(), mail.received) == (0, [])
    why = {name: outside.rows(row.id)[0].error for name, row in channels.items()}
    assert why == {"officer": "read", "worker": "out_of_scope", "expert": "removed"}
    assert outside.states() == ["dropped"] * 3


def test_a_worker_that_died_is_waited_for_and_its_message_sent_under_its_id(
    outside: Outside, mail: MailReceiver
) -> None:
    """Nobody else sends while the lease lasts; afterwards it is sent, by the id that it had."""
    outside.channel(outside.town.officer, ChannelKind.EMAIL, "li@example.com")
    outside.tell(outside.town.officer)
    with outside.writers.begin() as session:
        _, lease = take_lease(session, outside.now)
    assert lease is not None
    outside.now += LEASE - timedelta(seconds=1)
    assert outside.send() == 0
    outside.now += timedelta(seconds=1)
    assert outside.send() == 1
    assert mail.received[0]["Message-ID"] == f"<{lease.message_id.hex}@anxun.example>"
    assert outside.rows()[0].attempts == 2


def test_workers_beside_each_other_send_each_message_once(
    outside: Outside, receiver: HttpReceiver
) -> None:
    """Four of them, thirty events, two endpoints, a server that takes its time."""
    town = outside.town
    for path in "ab":
        outside.endpoint(town.officer, Place(enterprise_id=town.mine.id), f"{receiver.url}/{path}")
    for number in range(30):
        outside.tell(key=str(number))
    receiver.reply = Reply(wait_s=0.02)
    tried: list[int] = []
    workers = [threading.Thread(target=lambda: tried.append(outside.send())) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    # A worker may leave early, while another holds the last channel; the next round finds what is left.
    while outside.send():
        pass
    ids = [request.headers["webhook-id"] for request in receiver.received]
    assert (len(ids), len(set(ids))) == (60, 60)
    assert set(outside.states()) == {"sent"}


def test_secrets_are_not_in_the_database(outside: Outside, engine: Engine) -> None:
    """Neither addresses nor secrets in the clear; another row's do not open, another server's neither."""
    town = outside.town
    channel = outside.channel(town.officer, ChannelKind.DINGTALK, "a1b2c3d4e5f6", "SEC0123456789")
    place = Place(enterprise_id=town.mine.id)
    endpoint, secret = outside.endpoint(town.officer, place, "https://1.1.1.1/token-in-path")
    with outside.readers() as session:
        rows = [
            session.get_one(NoticeChannel, channel.id),
            session.get_one(WebhookEndpoint, endpoint.id),
        ]
        kept = "".join(str(row.model_dump()) for row in rows)
    for word in ("a1b2c3d4e5f6", "SEC0123456789", "token-in-path", secret.removeprefix("whsec_")):
        assert word not in kept
    assert (channel.shown, endpoint.shown) == ("***e5f6", "1.1.1.1")
    assert SEAL.open(channel.sealed, channel.id)["to"] == "a1b2c3d4e5f6"
    with pytest.raises(SealError):
        SEAL.open(channel.sealed, endpoint.id)
    with pytest.raises(SealError):
        Seal(b"x" * 32).open(channel.sealed, channel.id)


def test_every_kind_is_worded_in_both_languages() -> None:
    """A kind without words would fail when it is sent."""
    kinds = [kind.value for kind in NoticeKind if kind is not NoticeKind.DELIVERY_FAILED]
    for kind in [*kinds, "test", "code"]:
        told = [Told(kind, None, "", new_id(), {})]
        chinese, english = (letter_of(told, language, "") for language in ("zh-CN", "en"))
        assert not chinese.subject.isascii()
        assert kind == "test" or letter_of([Told(kind, new_id(), "", new_id(), {})], "en", "").url
        assert english.subject.isascii()
