"""Whoever gives an address cannot make this server speak with what only this server reaches."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.delivery.reach import (
    MAX_ANSWER_BYTES,
    AddressRefused,
    Reach,
    Unreachable,
    is_public,
)
from tests.receivers import HttpReceiver, Reply, http_receiver

INSIDE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104  an address to refuse
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "192.88.99.1",
    "64:ff9b:1::1",
    "2001::1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a00:1::1",
]
OUTSIDE = ["1.1.1.1", "223.5.5.5", "2400:3200::1", "64:ff9b::808:808", "::ffff:8.8.8.8"]


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    """Yield a server that only this machine reaches."""
    with http_receiver() as receiver:
        yield receiver


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_inside_is_not_public(address: str) -> None:
    """Loopback, private, link-local, metadata, shared, multicast, reserved; in older numbers and in wrapped ones."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_what_is_outside_is_public(address: str) -> None:
    """The guard does not refuse everything."""
    assert is_public(ip_address(address))


@given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=4, network="169.254.0.0/16"))
def test_no_wrapping_makes_an_inner_address_public(inner: object) -> None:
    """Mapped, by NAT64, by 6to4."""
    number = int(ip_address(str(inner)))
    for wrapped in (0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
        assert not is_public(ip_address(wrapped.to_bytes(16, "big")))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_nothing_is_sent_to_this_machine(receiver: HttpReceiver, host: str) -> None:
    """By whatever name: the port is open, and stays untouched."""
    port = receiver.url.rpartition(":")[2]
    with pytest.raises(AddressRefused):
        Reach().post(f"https://{host}:{port}/", {}, b"x")
    assert receiver.received == []


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "http://example.com/",
        "https://user:secret@example.com/",
        "https://example.com/#there",
        "https:///path",
        "https://exa mple.com/",
        "https://example.com:port/",
        "https://例子.com/",
        "file:///etc/passwd",
        "https://example.com/\r\nX: y",
    ],
)
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    """Before anything is resolved."""
    with pytest.raises(AddressRefused):
        Reach(resolve=lambda *_: pytest.fail("resolved")).check_url(url)


def test_a_name_is_checked_when_it_is_connected_to_and_connected_to_as_checked(
    receiver: HttpReceiver,
) -> None:
    """A name that turned to this machine after it was entered is refused; the name server is asked once a request."""
    answers = [["93.184.215.14"], ["127.0.0.1"]]
    asked: list[str] = []

    def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return answers.pop(0)

    reach = Reach(resolve=resolve)
    assert reach.addresses("hook.example", 443) == ["93.184.215.14"]
    with pytest.raises(AddressRefused, match=r"hook\.example is not on the public") as refusal:
        reach.post("https://hook.example/", {}, b"x")
    assert "127.0.0.1" not in str(refusal.value)
    assert asked == ["hook.example"] * 2
    assert receiver.received == []


def test_one_inner_address_among_others_refuses_them_all() -> None:
    """Else the order of answers would decide."""
    reach = Reach(resolve=lambda *_: ["93.184.215.14", "10.0.0.1"])
    with pytest.raises(AddressRefused):
        reach.addresses("hook.example", 443)


@pytest.mark.parametrize("allowed", ["hook.corp", "127.0.0.0/8", "127.0.0.1"])
def test_the_operator_may_allow_gateways(receiver: HttpReceiver, allowed: str) -> None:
    """By name, network or number; a named host may do without TLS."""
    port = receiver.url.rpartition(":")[2]
    host = "hook.corp" if allowed == "hook.corp" else "127.0.0.1"
    reach = Reach(allowed=frozenset({allowed}), resolve=lambda *_: ["127.0.0.1"])
    answer = reach.post(f"http://{host}:{port}/path?q=1", {"x-a": "b"}, b"body")
    assert (answer.status, answer.body) == (200, b"{}")
    [request] = receiver.received
    assert (request.path, request.body) == ("/path?q=1", b"body")
    assert (request.headers["host"], request.headers["x-a"]) == (f"{host}:{port}", "b")


def test_a_redirect_is_not_followed(receiver: HttpReceiver) -> None:
    """Or a public address could send the request inside."""
    with http_receiver() as inside:
        receiver.reply = Reply(307, headers={"location": f"{inside.url}/meta"})
        answer = here().post(receiver.url, {}, b"x")
        assert answer.status == 307
        assert inside.received == []


def test_the_environment_s_proxy_is_not_asked(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would resolve the name a second time, elsewhere."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert here().post(receiver.url, {}, b"x").status == 200


def test_a_long_answer_is_read_no_further_than_needed(receiver: HttpReceiver) -> None:
    """Whoever answers decides nothing about this server's memory."""
    receiver.reply = Reply(body=b"x" * (4 * MAX_ANSWER_BYTES))
    assert len(here().post(receiver.url, {}, b"").body) == MAX_ANSWER_BYTES


def test_a_slow_answer_ends_at_the_deadline() -> None:
    """A byte now and then keeps no worker for ever, though every single wait is short."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=drip, args=(server,), daemon=True).start()
        port = server.getsockname()[1]
        reach = Reach(frozenset({"127.0.0.1"}), total_s=1.0)
        begun = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            reach.post(f"http://127.0.0.1:{port}/", {}, b"")
        assert time.monotonic() - begun < 5


def test_nobody_there_is_said() -> None:
    """A closed port, and a name that does not exist."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unreachable):
        here().post(f"http://127.0.0.1:{port}/", {}, b"")
    with pytest.raises(Unreachable):
        Reach(resolve=lambda *_: []).post("https://nowhere.example/", {}, b"")


def here() -> Reach:
    """Return what may send to this machine."""
    return Reach(frozenset({"127.0.0.1"}))


def drip(server: socket.socket) -> None:
    """Answer with a header that never ends, a byte each tenth of a second."""
    connection, _ = server.accept()
    with connection:
        connection.sendall(b"HTTP/1.1 200 OK\r\nx: ")
        for _ in range(200):
            time.sleep(0.1)
            try:
                connection.sendall(b"y")
            except OSError:
                return
