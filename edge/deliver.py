"""Delivery: from the outbox to the server, at least once, for ever retried.

One session: measure the clock; then, in the order that `edge.lanes` says, upload what evidence a batch needs, submit the
batch, write down the receipts. Each step is remembered before the next, and every step may be repeated: evidence is named by
its hash and a draft by its id, so the server answers a repetition with the same receipt.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus

from edge.client import Client
from edge.device_key import Signer, device_key
from edge.errors import (
    DiskFull,
    EdgeError,
    EvidenceDamaged,
    Refused,
    ServerAway,
    SignatureRefused,
    StateBusy,
)
from edge.identity import Identity
from edge.lanes import Batch, Lanes
from edge.lock import work_lock
from edge.outbox import Outbox
from edge.outbox_records import WaitingDraft
from edge.settings import Settings
from inspection.wire import (
    FindingDraft,
    FindingReceipt,
    ReceiptStatus,
    RejectionCode,
    utc_now,
)

# Asking again would be answered the same way: these stop the session and keep everything.
UNSIGNED = {RejectionCode.SIGNATURE_MISSING, RejectionCode.SIGNATURE_INVALID}
NOT_FINAL = UNSIGNED | {RejectionCode.EVIDENCE_MISSING, RejectionCode.CLOCK_IMPLAUSIBLE}
TROUBLE = "delivery_trouble"
STOPPING = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}


@dataclass(slots=True)
class Delivered:
    """What a delivery session achieved."""

    recorded: int = 0
    duplicates: int = 0
    rejected: int = 0

    def count(self, receipt: FindingReceipt) -> None:
        """Count a receipt; one that asks for its evidence, or a signature, is not an end."""
        if receipt.status is ReceiptStatus.RECORDED:
            self.recorded += 1
        elif receipt.status is ReceiptStatus.DUPLICATE:
            self.duplicates += 1
        elif receipt.code not in NOT_FINAL:
            self.rejected += 1


class Waits:
    """Growing waits with jitter, so that a hundred boxes do not come back in the same second."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s, self._longest_s = first_s, longest_s
        self._next_s = first_s

    def next_s(self) -> float:
        """Return how long to wait now; the next one is twice as long, up to the longest."""
        wait_s = self._next_s * random.uniform(0.5, 1.0)  # noqa: S311  jitter, not a secret
        self._next_s = min(self._next_s * 2, self._longest_s)
        return wait_s

    def reset(self) -> None:
        """Start small again, after a success."""
        self._next_s = self._first_s


def deliver_session(
    outbox: Outbox,
    client: Client,
    delivered: Delivered,
    *,
    signer: Signer | None = None,
    lanes: Lanes | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Deliver until nothing waits or `should_stop` says so, counting into `delivered`; `lanes` remembers how the line is; what `signer` signs the server
    can keep as said by this device.

    Raises:
        ServerAway: what was settled stays settled; the rest waits.
        Refused: the server refuses this device as a whole (revoked, for one); everything is kept.
        DiskFull, OutboxUnusable: as the outbox says.
    """
    measure_clock(outbox, client)
    if signer is not None and not _is_key_known(outbox, client, signer):
        signer = None
    lanes = lanes or Lanes()
    while not should_stop() and (batch := lanes.next_batch(outbox)).drafts:
        _deliver_timed(_Session(outbox, client, delivered, signer), lanes, batch)
    outbox.put_facts(last_delivery_at=utc_now().isoformat())


@dataclass(frozen=True, slots=True)
class _Session:
    outbox: Outbox
    client: Client
    delivered: Delivered
    signer: Signer | None


def _is_key_known(outbox: Outbox, client: Client, signer: Signer) -> bool:
    """Tell whether the server has this device's key; a box that was enrolled before there were keys says it now."""
    name = f"{signer.device_id} {signer.key.public}"
    if signer.is_registered or outbox.get_fact("key_registered") == name:
        return True
    if not client.register_key(signer.key.public):
        return False
    outbox.put_facts(key_registered=name)
    return True


def signer_of(settings: Settings, identity: Identity) -> Signer:
    """Return who signs this box's findings.

    Raises:
        KeyUnusable: as the key says.
    """
    key = device_key(settings.key_path)
    return Signer(key, identity.device_id, is_registered=identity.public_key == key.public)


def _deliver_timed(session: _Session, lanes: Lanes, batch: Batch) -> None:
    """Deliver a batch, and let the line learn from how it went."""
    began_s = time.monotonic()
    try:
        _deliver_batch(session, batch.drafts)
    except ServerAway:
        lanes.line.broke()
        raise
    lanes.line.note(batch.size, time.monotonic() - began_s)


def _deliver_batch(session: _Session, batch: list[WaitingDraft]) -> None:
    outbox, client = session.outbox, session.client
    batch = _with_evidence_there(outbox, client, batch)
    if not batch:
        return
    drafts = [_as_sent(session, draft) for draft in batch]
    outbox.note_sent({str(draft.id): draft.model_dump_json() for draft in drafts})
    receipts = _submit(session, drafts)
    refused = [receipt for receipt in receipts if receipt.code in UNSIGNED]
    outbox.settle(receipt for receipt in receipts if receipt.code not in UNSIGNED)
    for receipt in receipts:
        session.delivered.count(receipt)
    if refused:
        code, reason = refused[0].code, refused[0].reason
        raise SignatureRefused(HTTPStatus.OK, code.value if code else "", reason or "")
    untimely = {str(r.id) for r in receipts if r.code is RejectionCode.CLOCK_IMPLAUSIBLE}
    if untimely & {draft.id for draft in batch if draft.is_time_refused}:
        raise ServerAway(client.server_url, "its clock and this machine's cannot both be right")
    if all(receipt.code is RejectionCode.EVIDENCE_MISSING for receipt in receipts):
        raise ServerAway(client.server_url, "it does not keep the evidence it was sent")


def measure_clock(outbox: Outbox, client: Client) -> None:
    """Measure this device's clock against the server's and remember it for drafts made from now on."""
    clock = client.measure_clock()
    outbox.note_clock(clock.offset_s, clock.round_trip_s)


def _with_evidence_there(
    outbox: Outbox, client: Client, batch: list[WaitingDraft]
) -> list[WaitingDraft]:
    """Upload what the server does not hold; return the drafts whose evidence it now holds."""
    there = {draft.evidence_sha256: draft.is_evidence_delivered for draft in batch}
    for sha256 in [sha256 for sha256, is_delivered in there.items() if not is_delivered]:
        try:
            client.put_evidence(sha256, outbox.files.read(sha256))
        except (EvidenceDamaged, Refused) as error:
            code, reason = _why_never(client, error)
            ids = [draft.id for draft in batch if draft.evidence_sha256 == sha256]
            outbox.reject(ids, code, reason)
        else:
            outbox.note_evidence_delivered(sha256)
            there[sha256] = True
    return [draft for draft in batch if there[draft.evidence_sha256]]


def _why_never(client: Client, error: EvidenceDamaged | Refused) -> tuple[str, str]:
    """Return code and reason why evidence can never be delivered; raise where it only cannot be now."""
    if isinstance(error, EvidenceDamaged):
        return "evidence_damaged", str(error)
    if error.status in STOPPING:
        raise error
    if error.code == "evidence_hash_mismatch":
        # The bytes were checked when they were read: they were damaged on the way. Send them again later.
        raise ServerAway(client.server_url, "evidence arrived damaged") from error
    return error.code or "evidence_refused", error.detail


def _as_sent(session: _Session, waiting: WaitingDraft) -> FindingDraft:
    """Return a draft as it goes to the server: with its true time, and numbered where the server knows of numbers."""
    draft = session.outbox.timed(waiting)
    if session.signer is None or waiting.is_sent:
        return draft
    return draft.model_copy(update={"sequence": waiting.sequence})


def _submit(session: _Session, batch: list[FindingDraft]) -> list[FindingReceipt]:
    """Submit a batch; one that is refused as a whole is halved until the draft at fault stands alone."""
    try:
        return session.client.submit_findings([_body(session, draft) for draft in batch])
    except Refused as refused:
        if refused.status in STOPPING:
            raise
        if len(batch) == 1:
            return [
                FindingReceipt(
                    id=str(batch[0].id),
                    status=ReceiptStatus.REJECTED,
                    code=RejectionCode.MALFORMED,
                    reason=f"{refused.status}: {refused.detail}",
                )
            ]
        middle = len(batch) // 2
        return _submit(session, batch[:middle]) + _submit(session, batch[middle:])


def _body(session: _Session, draft: FindingDraft) -> str:
    signed = draft if session.signer is None else session.signer.signed(draft)
    return signed.model_dump_json()


@contextmanager
def noting_trouble(outbox: Outbox, settings: Settings) -> Iterator[None]:
    """Remember in the outbox why the server did not take what waits, for whoever asks for the status later; forget it once it does."""
    try:
        yield
    except ServerAway as trouble:
        said = trouble.say(settings.lang)
        if outbox.get_fact(TROUBLE) != said:
            outbox.put_facts(**{TROUBLE: said})
        raise
    if outbox.get_fact(TROUBLE):
        outbox.put_facts(**{TROUBLE: ""})


@dataclass(slots=True)
class DeliveryState:
    """What the delivery thread is at, for whoever prints it."""

    delivered: Delivered = field(default_factory=Delivered)
    trouble: EdgeError | None = None
    ended_by: Exception | None = None


class Outcome(StrEnum):
    """How a session ended."""

    DONE = "done"
    AWAY = "away"
    BUSY = "busy"


class Delivery:
    """Delivers in a thread of its own while a patrol or watch goes on; only one process delivers at a time."""

    def __init__(
        self,
        settings: Settings,
        identity: Identity,
        *,
        make_client: Callable[[str, str | None, Settings], Client] = Client,
    ) -> None:
        self._settings, self._identity, self._make_client = settings, identity, make_client
        self._stop, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="delivery")
        self._lanes = Lanes()
        self.state = DeliveryState()

    def start(self) -> None:
        """Start delivering."""
        self._thread.start()

    def wake(self) -> None:
        """Say that something new waits."""
        self._wake.set()

    def stop(self, timeout_s: float | None = None) -> bool:
        """Ask the thread to end after its current step; return whether it did within the timeout."""
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def deliver_once(self, should_stop: Callable[[], bool] = lambda: False) -> Outcome:
        """Run one session in the calling thread.

        Raises:
            Refused, OutboxUnusable: see `deliver_session`.
        """
        identity = self._identity
        try:
            with (
                work_lock(self._settings.data_dir, "deliver"),
                Outbox(self._settings.outbox_dir) as outbox,
                self._make_client(identity.server_url, identity.token, self._settings) as client,
                noting_trouble(outbox, self._settings),
            ):
                deliver_session(
                    outbox,
                    client,
                    self.state.delivered,
                    signer=signer_of(self._settings, identity),
                    lanes=self._lanes,
                    should_stop=should_stop,
                )
        except StateBusy:
            return Outcome.BUSY
        except (ServerAway, DiskFull) as trouble:
            self.state.trouble = trouble
            return Outcome.AWAY
        self.state.trouble = None
        return Outcome.DONE

    def _run(self) -> None:
        waits = Waits(self._settings.retry_first_s, self._settings.retry_longest_s)
        while not self._stop.is_set():
            try:
                outcome = self.deliver_once(self._stop.is_set)
            except Exception as error:  # noqa: BLE001  shown by the main thread, which goes on without delivery
                self.state.ended_by = error
                return
            if outcome is Outcome.AWAY:
                self._stop.wait(waits.next_s())
            else:
                waits.reset()
                self._wake.wait(self._settings.deliver_every_s)
            self._wake.clear()
