"""A box signs its findings: with a key of its own, known to the server, and nothing is lost where the server knows another."""

import base64
import hashlib
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.client import Client
from edge.deliver import Delivered, deliver_session, signer_of
from edge.device_key import device_key
from edge.errors import KeyUnusable, SignatureRefused
from edge.fake import FakeServer
from edge.identity import Identity, enrol
from edge.outbox import Outbox
from edge.private_file import write_private
from edge.settings import Settings
from inspection.device_signatures import SignatureWrong, check_signature, draft_sha256, sign
from tests.unit.edge.conftest import MakeDraft


@pytest.fixture
def server() -> FakeServer:
    """Return a server in memory."""
    return FakeServer()


@pytest.fixture
def identity(settings: Settings, server: FakeServer) -> Identity:
    """Return an enrolled identity."""
    with Client("http://fake", None, settings, transport=httpx.MockTransport(server)) as client:
        return enrol(settings, client, "one-time-code", "box")


@pytest.fixture
def outbox(settings: Settings, make_draft: MakeDraft) -> Iterator[Outbox]:
    """Yield an outbox with a finding."""
    with Outbox(settings.outbox_dir) as outbox:
        keep(outbox, make_draft, b"photo")
        yield outbox


def keep(outbox: Outbox, make_draft: MakeDraft, data: bytes) -> None:
    """Keep a finding."""
    outbox.record_drafts([make_draft(hashlib.sha256(data).hexdigest())], data)


def deliver(
    settings: Settings, identity: Identity, server: FakeServer, outbox: Outbox
) -> Delivered:
    """Run a session."""
    delivered = Delivered()
    transport = httpx.MockTransport(server)
    with Client("http://fake", identity.token, settings, transport=transport) as client:
        deliver_session(outbox, client, delivered, signer=signer_of(settings, identity))
    return delivered


def test_a_key_is_made_once_and_is_private(settings: Settings) -> None:
    """The same one after a restart; nobody else reads it."""
    made = device_key(settings.key_path)
    assert device_key(settings.key_path).public == made.public
    assert settings.key_path.stat().st_mode & 0o077 == 0
    assert len(base64.b64decode(made.public)) == 32


@pytest.mark.parametrize(
    "text", ["no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_damaged_key_is_named(settings: Settings, text: str) -> None:
    """A new one in its place would be refused by the server, and hide what happened."""
    write_private(settings.key_path, text)
    with pytest.raises(KeyUnusable, match="enrol again"):
        device_key(settings.key_path)


def test_what_is_delivered_is_signed_and_numbered(
    settings: Settings,
    identity: Identity,
    server: FakeServer,
    outbox: Outbox,
    make_draft: MakeDraft,
) -> None:
    """The server checks each with the key that it was told at enrolment."""
    keep(outbox, make_draft, b"another")
    assert server.public_key == device_key(settings.key_path).public
    assert deliver(settings, identity, server, outbox).recorded == 2
    assert [draft.sequence for draft in server.findings.values()] == [1, 2]
    for draft in server.findings.values():
        check_signature(
            server.public_key, server.device_id, draft_sha256(draft), str(draft.signature)
        )
    assert not any("self/key" in request for request in server.requests)


def test_a_box_of_before_there_were_keys_registers_its_own(
    settings: Settings, identity: Identity, server: FakeServer, outbox: Outbox
) -> None:
    """With its token, once, before it delivers."""
    server.public_key = None
    old = identity.model_copy(update={"public_key": None})
    assert deliver(settings, old, server, outbox).recorded == 1
    assert deliver(settings, old, server, outbox).recorded == 0
    assert server.public_key == device_key(settings.key_path).public
    assert sum("self/key" in request for request in server.requests) == 1


@pytest.mark.parametrize("status", [404, 405])
def test_an_older_server_gets_findings_as_it_knows_them(
    settings: Settings, identity: Identity, server: FakeServer, outbox: Outbox, status: int
) -> None:
    """It would refuse fields that it does not know."""
    server.public_key = None
    server.faults = [None, status]
    old = identity.model_copy(update={"public_key": None})
    assert deliver(settings, old, server, outbox).recorded == 1
    (draft,) = server.findings.values()
    assert (draft.signature, draft.sequence) == (None, None)


def test_where_the_server_has_another_key_delivery_stops_and_everything_is_kept(
    settings: Settings, identity: Identity, server: FakeServer, outbox: Outbox
) -> None:
    """A key that was lost is no reason to lose a finding; it goes after the box is enrolled anew."""
    settings.key_path.unlink()
    with pytest.raises(SignatureRefused, match="enrol again"):
        deliver(settings, identity, server, outbox)
    assert outbox.counts().waiting == 1
    server.codes = {"another-code"}
    with Client("http://fake", None, settings, transport=httpx.MockTransport(server)) as client:
        anew = enrol(settings, client, "another-code", "box")
    assert deliver(settings, anew, server, outbox).recorded == 1


def test_a_signature_the_server_does_not_accept_settles_nothing(
    settings: Settings, identity: Identity, server: FakeServer, outbox: Outbox
) -> None:
    """The draft waits on, with its picture."""
    server.device_id = uuid4()
    with pytest.raises(SignatureRefused, match="signature_invalid"):
        deliver(settings, identity, server, outbox)
    assert outbox.counts().waiting == 1
    assert outbox.rejected() == []


def test_a_signature_holds_for_one_device_and_one_content(make_draft: MakeDraft) -> None:
    """Any other fact, device or key is another matter."""
    key, device_id = Ed25519PrivateKey.generate(), uuid4()
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    signed = sign(key, device_id, make_draft("ab" * 32, sequence=3))
    signature, digest = str(signed.signature), draft_sha256(signed)
    check_signature(public, device_id, digest, signature)
    changed = draft_sha256(signed.model_copy(update={"sequence": 4}))
    other = base64.b64encode(bytes(32)).decode()
    for wrong in (
        (public, device_id, changed, signature),
        (public, uuid4(), digest, signature),
        (other, device_id, digest, signature),
        (public, device_id, digest, "A" * 86 + "=="),
        ("no base64", device_id, digest, signature),
    ):
        with pytest.raises(SignatureWrong, match="did not sign"):
            check_signature(*wrong)
