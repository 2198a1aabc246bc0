"""Delivery: at least once, for ever retried, and nothing thrown away."""

import hashlib
import os
from collections.abc import Iterator

import httpx
import pytest

from edge.client import Client
from edge.deliver import TROUBLE, Delivered, Delivery, Outcome, Waits, deliver_session, signer_of
from edge.errors import (
    DeviceRevoked,
    EnrolmentRefused,
    NotEnrolled,
    OtherEnterprise,
    Refused,
    ServerAway,
)
from edge.fake import FakeServer
from edge.identity import Identity, enrol, find_identity, read_identity
from edge.lock import work_lock
from edge.outbox import Outbox
from edge.outbox_records import DraftState
from edge.settings import Settings
from tests.unit.edge.conftest import MakeDraft


@pytest.fixture
def server() -> FakeServer:
    """Return a server in memory."""
    return FakeServer()


@pytest.fixture
def identity(settings: Settings, server: FakeServer) -> Identity:
    """Return an enrolled identity."""
    with make_client(server, settings) as client:
        return enrol(settings, client, "one-time-code", "box")


def make_client(server: FakeServer, settings: Settings, token: str | None = None) -> Client:
    """Return a client of the fake."""
    return Client("http://fake", token, settings, transport=httpx.MockTransport(server))


@pytest.fixture
def client(server: FakeServer, settings: Settings, identity: Identity) -> Iterator[Client]:
    """Yield an enrolled client."""
    with make_client(server, settings, identity.token) as client:
        yield client


@pytest.fixture
def outbox(settings: Settings) -> Iterator[Outbox]:
    """Yield an outbox."""
    with Outbox(settings.outbox_dir) as outbox:
        yield outbox


def keep(outbox: Outbox, make_draft: MakeDraft, data: bytes, **changes: object) -> str:
    """Keep a draft with its evidence; return the hash."""
    sha256 = hashlib.sha256(data).hexdigest()
    outbox.record_drafts([make_draft(sha256, **changes)], data)
    return sha256


def deliver(outbox: Outbox, client: Client) -> Delivered:
    """Run a session of the enrolled box whose outbox it is."""
    delivered = Delivered()
    settings = Settings(data_dir=outbox.folder.parent)
    identity = find_identity(settings)
    signer = signer_of(settings, identity) if identity else None
    deliver_session(outbox, client, delivered, signer=signer)
    return delivered


def test_what_waits_is_delivered_evidence_first(
    outbox: Outbox, client: Client, server: FakeServer, make_draft: MakeDraft
) -> None:
    """Both arrive, the clock is measured, and the evidence leaves this disk."""
    sha256 = keep(outbox, make_draft, b"photo")
    assert deliver(outbox, client).recorded == 1
    assert server.evidence == {sha256: b"photo"}
    assert server.requests[-2:] == [f"PUT /v1/evidence/{sha256}", "POST /v1/findings"]
    assert outbox.clock_offset_s() == pytest.approx(0, abs=1)
    assert list(outbox.files.names()) == []
    assert outbox.counts().drafts[DraftState.DELIVERED] == 1


def test_drafts_of_one_picture_upload_it_once(
    outbox: Outbox, client: Client, server: FakeServer, make_draft: MakeDraft
) -> None:
    """Two hazards in one photo: one upload."""
    keep(outbox, make_draft, b"photo")
    keep(outbox, make_draft, b"photo", hazard_code="PPE-01")
    assert deliver(outbox, client).recorded == 2
    assert sum("PUT" in request for request in server.requests) == 1


def test_a_lost_receipt_is_asked_for_again_and_is_a_duplicate(
    outbox: Outbox, client: Client, server: FakeServer, make_draft: MakeDraft
) -> None:
    """The server had recorded it; the line broke before the answer. Once in the ledger, delivered here."""
    keep(outbox, make_draft, b"photo")
    original = server._findings

    def answer_lost(request: httpx.Request) -> httpx.Response:
        original(request)
        server._findings = original  # type: ignore[method-assign]
        raise httpx.ReadError("broken line")

    server._findings = answer_lost  # type: ignore[method-assign]
    with pytest.raises(ServerAway):
        deliver(outbox, client)
    assert outbox.counts().waiting == 1
    assert deliver(outbox, client).duplicates == 1
    assert len(server.findings) == 1


def test_why_the_server_takes_nothing_is_remembered_until_it_does(
    settings: Settings, identity: Identity, server: FakeServer, make_draft: MakeDraft
) -> None:
    """Its own words, such as that the enterprise's room is used up; everything waits meanwhile."""
    delivery = Delivery(
        settings, identity, make_client=lambda *_: make_client(server, settings, identity.token)
    )
    with Outbox(settings.outbox_dir) as outbox:
        keep(outbox, make_draft, b"photo")
    server.faults = [None, 507]
    assert delivery.deliver_once() is Outcome.AWAY
    with Outbox(settings.outbox_dir) as outbox:
        assert "507: injected" in (outbox.get_fact(TROUBLE) or "")
        assert outbox.counts().waiting == 1
    assert delivery.deliver_once() is Outcome.DONE
    with Outbox(settings.outbox_dir) as outbox:
        assert not outbox.get_fact(TROUBLE)
        assert outbox.counts().waiting == 0


@pytest.mark.parametrize(
    "fault", [500, 502, 503, 429, 408, httpx.ConnectError("no"), httpx.ReadTimeout("slow")]
)
def test_away_keeps_everything(
    outbox: Outbox,
    client: Client,
    server: FakeServer,
    make_draft: MakeDraft,
    fault: int | Exception,
) -> None:
    """Whatever says 'later' changes nothing."""
    keep(outbox, make_draft, b"photo")
    for position in range(3):
        server.faults = [None] * position + [fault]
        with pytest.raises(ServerAway):
            deliver(outbox, client)
        assert outbox.counts().waiting == 1
    assert deliver(outbox, client).recorded == 1


def test_a_revoked_device_stops_and_keeps_everything(
    outbox: Outbox, client: Client, server: FakeServer, make_draft: MakeDraft
) -> None:
    """The message says what to do; nothing is given up."""
    keep(outbox, make_draft, b"photo")
    server.tokens.clear()
    with pytest.raises(DeviceRevoked) as caught:
        deliver(outbox, client)
    assert "enrol again" in caught.value.say("en")
    assert "重新登记" in caught.value.say("zh")
    assert outbox.counts().waiting == 1


def test_one_bad_draft_stops_no_other(
    outbox: Outbox, client: Client, make_draft: MakeDraft
) -> None:
    """A hazard code that the server does not know is set aside with its reason."""
    keep(outbox, make_draft, b"1")
    keep(outbox, make_draft, b"2", hazard_code="XXX-99")
    keep(outbox, make_draft, b"3")
    delivered = deliver(outbox, client)
    assert (delivered.recorded, delivered.rejected) == (2, 1)
    assert [draft.code for draft in outbox.rejected()] == ["unknown_hazard"]


def test_a_batch_that_is_refused_as_a_whole_is_halved(
    outbox: Outbox, client: Client, server: FakeServer, make_draft: MakeDraft
) -> None:
    """A body that is too large goes in smaller ones."""
    server.max_batch = 2
    for number in range(7):
        keep(outbox, make_draft, bytes([number]))
    assert deliver(outbox, client).recorded == 7


def test_a_draft_that_is_refused_alone_is_set_aside(
    outbox: Outbox, client: Client, server: FakeServer, make_draft: MakeDraft
) -> None:
    """It would be refused for ever."""
    keep(outbox, make_draft, b"photo")
    server.max_batch = 0
    assert deliver(outbox, client).rejected == 1
    assert outbox.rejected()[0].reason.startswith("413")


def test_large_evidence_goes_in_parts_and_resumes(
    outbox: Outbox, client: Client, server: FakeServer, make_draft: MakeDraft
) -> None:
    """A line that breaks in the middle costs one part."""
    data = os.urandom(5 * (1 << 16) + 17)
    sha256 = keep(outbox, make_draft, data)
    server.faults = [None, None, None, None, httpx.ReadError("broken")]
    with pytest.raises(ServerAway):
        deliver(outbox, client)
    arrived = len(server.parts[sha256])
    assert 0 < arrived < len(data)
    server.requests.clear()
    assert deliver(outbox, client).recorded == 1
    assert server.evidence[sha256] == data
    parts_left = -(-(len(data) - arrived) // (1 << 16))
    assert sum("PUT" in request for request in server.requests) == parts_left


def test_an_upload_that_arrived_but_was_never_checked_is_sent_whole(
    outbox: Outbox, client: Client, server: FakeServer, make_draft: MakeDraft
) -> None:
    """The server was ended between the last byte and the hash."""
    data = os.urandom(3 << 16)
    sha256 = keep(outbox, make_draft, data)
    server.parts[sha256] = data
    assert deliver(outbox, client).recorded == 1
    assert server.evidence[sha256] == data


def test_a_partial_upload_of_other_bytes_heals(
    outbox: Outbox, client: Client, server: FakeServer, make_draft: MakeDraft
) -> None:
    """The server drops a partial that does not hash to its name; the next session sends it whole."""
    data = os.urandom(3 << 16)
    sha256 = keep(outbox, make_draft, data)
    server.parts[sha256] = b"something else"
    with pytest.raises(ServerAway, match="damaged"):
        deliver(outbox, client)
    assert deliver(outbox, client).recorded == 1


def test_evidence_that_the_server_lost_is_sent_again(
    outbox: Outbox, client: Client, server: FakeServer, make_draft: MakeDraft
) -> None:
    """`evidence_missing` is mended by uploading."""
    sha256 = keep(outbox, make_draft, b"photo")
    outbox.note_evidence_delivered(sha256)
    with pytest.raises(ServerAway, match="does not keep"):
        deliver(outbox, client)
    assert deliver(outbox, client).recorded == 1
    assert server.evidence == {sha256: b"photo"}


def test_damaged_evidence_is_set_aside_and_stops_no_other(
    outbox: Outbox, client: Client, make_draft: MakeDraft
) -> None:
    """What can never be proven is not delivered, but shown."""
    sha256 = keep(outbox, make_draft, b"photo")
    keep(outbox, make_draft, b"good")
    outbox.files.path(sha256).write_bytes(b"flipped")
    assert deliver(outbox, client).recorded == 1
    assert [draft.code for draft in outbox.rejected()] == ["evidence_damaged"]


def test_a_sign_in_page_is_no_server(
    outbox: Outbox, settings: Settings, make_draft: MakeDraft
) -> None:
    """A hotel's page answers 200 to everything; nothing is taken for delivered."""
    keep(outbox, make_draft, b"photo")
    page = httpx.MockTransport(lambda _: httpx.Response(200, text="<html>Welcome</html>"))
    with (
        Client("http://hotel", "t", settings, transport=page) as client,
        pytest.raises(ServerAway, match="anxun server"),
    ):
        deliver(outbox, client)
    assert outbox.counts().waiting == 1


def test_a_wrong_code_is_named(settings: Settings, server: FakeServer) -> None:
    """And no identity is left behind."""
    with make_client(server, settings) as client, pytest.raises(EnrolmentRefused):
        enrol(settings, client, "wrong-code", "box")
    assert find_identity(settings) is None
    with pytest.raises(NotEnrolled, match="anxun-edge enrol"):
        read_identity(settings)


def test_a_folder_stays_with_its_enterprise(
    settings: Settings, server: FakeServer, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Findings of one enterprise are never delivered to another."""
    monkeypatch.setattr("edge.fake.ENTERPRISE_ID", identity.device_id)
    server.codes = {"another-code"}
    with make_client(server, settings) as client, pytest.raises(OtherEnterprise):
        enrol(settings, client, "another-code", "box")
    assert read_identity(settings) == identity


def test_the_identity_is_private(settings: Settings, identity: Identity) -> None:
    """A token is a key."""
    assert settings.identity_path.stat().st_mode & 0o077 == 0
    assert read_identity(settings).token == identity.token


def test_waits_grow_to_a_limit_and_start_again() -> None:
    """1, 2, 4, … and no longer than the longest, each shortened by jitter."""
    waits = Waits(1, 10)
    spans = [waits.next_s() for _ in range(8)]
    assert all(
        limit / 2 <= span <= limit
        for span, limit in zip(spans, [1, 2, 4, 8, 10, 10, 10, 10], strict=True)
    )
    waits.reset()
    assert waits.next_s() <= 1


def test_the_thread_delivers_through_an_outage(
    settings: Settings,
    server: FakeServer,
    identity: Identity,
    outbox: Outbox,
    make_draft: MakeDraft,
) -> None:
    """Refused connections, then success, without anybody's help."""
    keep(outbox, make_draft, b"photo")
    server.faults = [httpx.ConnectError("no")] * 3
    delivery = Delivery(
        settings, identity, make_client=lambda _, token, s: make_client(server, s, token)
    )
    delivery.start()
    for _ in range(500):
        if outbox.counts().waiting == 0:
            break
        delivery._stop.wait(0.01)
    delivery.wake()
    assert delivery.stop(5)
    assert delivery.state.delivered.recorded == 1
    assert delivery.state.ended_by is None


def test_the_thread_ends_when_the_device_is_revoked(
    settings: Settings,
    server: FakeServer,
    identity: Identity,
    outbox: Outbox,
    make_draft: MakeDraft,
) -> None:
    """And says why."""
    keep(outbox, make_draft, b"photo")
    server.tokens.clear()
    delivery = Delivery(
        settings, identity, make_client=lambda _, token, s: make_client(server, s, token)
    )
    delivery.start()
    delivery._thread.join(5)
    assert isinstance(delivery.state.ended_by, Refused)


def test_only_one_process_delivers(
    settings: Settings, server: FakeServer, identity: Identity
) -> None:
    """The other one says that it is busy."""
    delivery = Delivery(
        settings, identity, make_client=lambda _, token, s: make_client(server, s, token)
    )
    with work_lock(settings.data_dir, "deliver"):
        assert delivery.deliver_once() is Outcome.BUSY
    assert delivery.deliver_once() is Outcome.DONE
