"""What robots, text message gateways and mail servers get on the wire, and what is taken for a yes.

The robots' makers cannot be asked in a test: a server on this machine holds what is sent against their documents.
"""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from inspection.delivery.letters import Letter
from inspection.delivery.mail import MailServer
from inspection.delivery.robots import Robots, cut
from inspection.delivery.sms import TextMessages
from inspection.delivery.targets import Target
from inspection.delivery.ways import Envelope, NotSent
from inspection.errors import InvalidInput
from inspection.tables import ChannelKind, new_id
from tests.builders import NOW
from tests.outside import HERE
from tests.receivers import HttpReceiver, Reply, http_receiver, mail_receiver

# apprise looks for a module that Python 3.13 no longer has.
pytestmark = pytest.mark.filterwarnings("ignore:.imghdr. is deprecated:DeprecationWarning")

LETTER = Letter("【安巡】整改单已超期", ["ZG-1 · 重大隐患"], "https://anxun.example/x")
TEXT = "【安巡】整改单已超期\nZG-1 · 重大隐患\nhttps://anxun.example/x"
ENVELOPE = Envelope(new_id(), NOW)
OK = Reply(body=b'{"errcode": 0, "errmsg": "ok"}')


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    """Yield a server that says yes as WeCom and DingTalk do."""
    with http_receiver() as receiver:
        receiver.reply = OK
        yield receiver


@pytest.fixture
def robots(receiver: HttpReceiver) -> Robots:
    """Return robots whose makers are all on this machine."""
    return Robots(HERE, receiver.url, receiver.url, receiver.url)


def query_of(receiver: HttpReceiver) -> dict[str, str]:
    """Return the query of the last request, decoded once, as a server does."""
    query = parse_qs(urlsplit(receiver.received[-1].path).query)
    return {name: values[0] for name, values in query.items()}


def test_wecom(receiver: HttpReceiver, robots: Robots) -> None:
    """A text of the group's robot, named by its key."""
    robots.send(Target.read(ChannelKind.WECOM, "693a91f6-7xxx"), LETTER, ENVELOPE)
    [request] = receiver.received
    assert request.path == "/cgi-bin/webhook/send?key=693a91f6-7xxx"
    assert json.loads(request.body) == {"msgtype": "text", "text": {"content": TEXT}}
    assert request.headers["content-type"] == "application/json; charset=utf-8"


def test_dingtalk_signs(receiver: HttpReceiver, robots: Robots) -> None:
    """The signature arrives decoded once: milliseconds and secret under the secret (HMAC-SHA-256, base64)."""
    robots.send(Target.read(ChannelKind.DINGTALK, "a1b2c3d4e5", "SECf00"), LETTER, ENVELOPE)
    query = query_of(receiver)
    at_ms = str(int(NOW.timestamp() * 1000))
    digest = hmac.new(b"SECf00", f"{at_ms}\nSECf00".encode(), hashlib.sha256).digest()
    assert query == {
        "access_token": "a1b2c3d4e5",
        "timestamp": at_ms,
        "sign": b64encode(digest).decode(),
    }
    assert json.loads(receiver.received[0].body)["text"] == {"content": TEXT}


def test_feishu_signs(receiver: HttpReceiver, robots: Robots) -> None:
    """Seconds and secret are the key; they stand in the body."""
    receiver.reply = Reply(body=b'{"code": 0, "msg": "success"}')
    robots.send(Target.read(ChannelKind.FEISHU, "9a8b7c6d-aaaa", "s3cret"), LETTER, ENVELOPE)
    [request] = receiver.received
    assert request.path == "/open-apis/bot/v2/hook/9a8b7c6d-aaaa"
    at_s = str(int(NOW.timestamp()))
    digest = hmac.new(f"{at_s}\ns3cret".encode(), b"", hashlib.sha256).digest()
    assert json.loads(request.body) == {
        "timestamp": at_s,
        "sign": b64encode(digest).decode(),
        "msg_type": "text",
        "content": {"text": TEXT},
    }


@pytest.mark.parametrize(
    ("reply", "is_final", "waits"),
    [
        (b'{"errcode": 93000, "errmsg": "invalid webhook url"}', True, False),
        (b'{"errcode": 45009, "errmsg": "api freq out of limit"}', False, True),
        (b'{"errcode": 310000, "errmsg": "sign not match"}', False, False),
        (b'{"code": 19001, "msg": "param invalid"}', True, False),
        (b"{}", False, False),
        (b"[]", False, False),
        (b"<html>", False, False),
    ],
)
def test_a_no_in_an_answer_of_200_is_a_no(
    receiver: HttpReceiver, robots: Robots, reply: bytes, is_final: bool, waits: bool
) -> None:
    """What is not said to be taken was not taken."""
    receiver.reply = Reply(body=reply)
    with pytest.raises(NotSent) as refusal:
        robots.send(Target.read(ChannelKind.WECOM, "693a91f6-7xxx"), LETTER, ENVELOPE)
    assert (refusal.value.is_final, refusal.value.retry_after_s > 0) == (is_final, waits)


def test_an_error_of_the_server_is_a_no(receiver: HttpReceiver, robots: Robots) -> None:
    """Whatever its body says."""
    receiver.reply = Reply(502, OK.body)
    with pytest.raises(NotSent, match="502"):
        robots.send(Target.read(ChannelKind.WECOM, "693a91f6-7xxx"), LETTER, ENVELOPE)


def test_long_texts_are_cut_between_characters(receiver: HttpReceiver, robots: Robots) -> None:
    """WeCom takes 2,048 bytes; a character in the middle of the limit is left out whole."""
    long = Letter("题", ["隐患" * 2000], "")
    robots.send(Target.read(ChannelKind.WECOM, "693a91f6-7xxx"), long, ENVELOPE)
    sent = json.loads(receiver.received[0].body)["text"]["content"]
    assert 2040 < len(sent.encode()) <= 2048
    assert sent.endswith(("患…", "隐…"))
    assert cut("short", 5) == "short"


@pytest.mark.parametrize(
    ("kind", "typed", "to"),
    [
        (ChannelKind.EMAIL, " li@example.com ", "li@example.com"),
        (ChannelKind.SMS, "+86 138-0013-8000", "+8613800138000"),
        (
            ChannelKind.WECOM,
            "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx",
            "693a91f6-7xxx",
        ),
        (
            ChannelKind.DINGTALK,
            "https://oapi.dingtalk.com/robot/send?access_token=a1b2c3d4e5",
            "a1b2c3d4e5",
        ),
        (
            ChannelKind.FEISHU,
            "https://open.feishu.cn/open-apis/bot/v2/hook/9a8b7c6d-aaaa",
            "9a8b7c6d-aaaa",
        ),
    ],
)
def test_what_is_pasted_is_understood(kind: ChannelKind, typed: str, to: str) -> None:
    """A robot's address as its app shows it; only the token is taken from it."""
    assert Target.read(kind, typed).to == to


@pytest.mark.parametrize(
    ("kind", "typed", "secret"),
    [
        (ChannelKind.EMAIL, "li@example.com\nBcc: all@example.com", ""),
        (ChannelKind.EMAIL, "li@example.com, b@example.com", ""),
        (ChannelKind.EMAIL, "li", ""),
        (ChannelKind.SMS, "110; drop", ""),
        (ChannelKind.SMS, "1/../2", ""),
        (ChannelKind.WECOM, "https://evil.example/cgi-bin/webhook/send?key=693a91f6", ""),
        (ChannelKind.WECOM, "a/../../other", ""),
        (ChannelKind.WECOM, "693a91f6-7xxx", "secret"),
        (ChannelKind.FEISHU, "../../admin", ""),
        (ChannelKind.DINGTALK, "a1b2c3d4e5", "two words"),
    ],
)
def test_what_would_lead_elsewhere_is_refused(kind: ChannelKind, typed: str, secret: str) -> None:
    """Other servers, other paths, other headers, several people."""
    with pytest.raises(InvalidInput):
        Target.read(kind, typed, secret)


def test_text_messages_go_through_apprise(receiver: HttpReceiver) -> None:
    """With the gateway that allows another host, SMSEagle's; a refusal of it is one of ours."""
    receiver.reply = Reply(body=b'{"result": {"message_id": 1, "status": "ok"}}')
    host = receiver.url.removeprefix("http://")
    gateway = TextMessages.from_url(f"smseagle://token@{host}/{{number}}")
    gateway.send("13800138000", LETTER)
    [request] = receiver.received
    assert "13800138000" in request.body.decode()
    assert (
        "整改单已超期"
        in json.loads(json.dumps(json.loads(request.body), ensure_ascii=False))["params"]["message"]
    )
    receiver.reply = Reply(500)
    with pytest.raises(NotSent):
        gateway.send("13800138000", LETTER)


@pytest.mark.parametrize("url", ["smseagle://token@host", "nothing://{number}"])
def test_a_gateway_that_cannot_be_used_stops_the_start(url: str) -> None:
    """Without a place for the number, or of no kind that apprise knows."""
    with pytest.raises(InvalidInput):
        TextMessages.from_url(url)


@pytest.mark.parametrize(
    ("url", "sender"),
    [("http://host", "a@example.com"), ("smtp://", "a@example.com"), ("smtp://host", "")],
)
def test_a_mail_server_that_cannot_be_used_stops_the_start(url: str, sender: str) -> None:
    """Another scheme, no host, no sender."""
    with pytest.raises(InvalidInput):
        MailServer.from_url(url, sender, "anxun.example")


def test_mail_is_not_sent_in_the_clear_unless_the_operator_says_so() -> None:
    """A server that offers no STARTTLS gets nothing."""
    with mail_receiver() as receiver:
        url = f"smtp://127.0.0.1:{receiver.port}"
        server = MailServer.from_url(url, "a@example.com", "anxun.example")
        with pytest.raises(NotSent, match="STARTTLS"):
            server.send("li@example.com", LETTER, ENVELOPE)
        assert receiver.received == []
