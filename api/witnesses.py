"""Witnesses of an area: what they are asked, over HTTP or by a file, and taking their cosignatures."""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen
from uuid import UUID

from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, select

from inspection.errors import AlreadyExists, Conflict, InvalidInput, NotFound
from inspection.journal import area_log_id_of
from inspection.tables import Organisation, PilotArea, Witness
from ledger import log
from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.cosignature import Cosignature, WitnessKey, add_cosignatures, cosignatures
from ledger.errors import LedgerError, NoteError
from ledger.sql import SqlStore
from ledger.vouching import LastSeen, Vouching
from ledger.witness import WitnessRequest

TIMEOUT_S = 15.0
MAX_ANSWER_BYTES = 1 << 16
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WitnessState:
    """A witness of an area, its party, and how far it followed; None before its first cosignature."""

    row: Witness
    party: str
    seen: LastSeen | None


class NotYetPublished(Conflict):
    """The area has no checkpoint yet."""


def add_witness(
    session: Session,
    area_id: UUID,
    vkey: str,
    *,
    url: str = "",
    organisation_id: UUID | None = None,
) -> Witness:
    """Add a witness to an area. Raises `NotFound`, `AlreadyExists`, `InvalidInput`, `ledger.errors.MalformedKey`."""
    key = WitnessKey.from_vkey(vkey)
    if session.get(PilotArea, area_id) is None:
        raise NotFound("area", area_id)
    if organisation_id is not None and session.get(Organisation, organisation_id) is None:
        raise NotFound("organisation", organisation_id)
    if url and urlsplit(url).scheme not in {"http", "https"}:
        raise InvalidInput(
            f"{url!r} is no address of a witness; it begins with http:// or https://"
        )
    for row in witnesses_of(session, area_id, is_active=None):
        if row.vkey == key.to_vkey():
            raise AlreadyExists("witness", key.name)
    row = Witness(area_id=area_id, organisation_id=organisation_id, vkey=key.to_vkey(), url=url)
    session.add(row)
    session.flush()
    return row


def witness_of(session: Session, area_id: UUID, witness_id: UUID) -> Witness:
    """Return a witness of an area. Raises `NotFound`."""
    row = session.get(Witness, witness_id)
    if row is None or row.area_id != area_id:
        raise NotFound("witness", witness_id)
    return row


def witnesses_of(
    session: Session, area_id: UUID, *, is_active: bool | None = True
) -> Sequence[Witness]:
    """Return an area's witnesses, in the order in which they were added; None: active or not."""
    query = select(Witness).where(col(Witness.area_id) == area_id)
    if is_active is not None:
        query = query.where(col(Witness.is_active) == is_active)
    return session.exec(query.order_by(col(Witness.created_at), col(Witness.id))).all()


def witness_states(session: Session, area_id: UUID) -> Sequence[WitnessState]:
    """Return an area's active witnesses with their party and how far they followed."""
    rows = witnesses_of(session, area_id)
    parties: Mapping[UUID, str] = dict(
        session.exec(
            select(Organisation.id, Organisation.name).where(
                col(Organisation.id).in_([row.organisation_id for row in rows])
            )
        ).all()
    )
    seen = Vouching(session).last_seen(area_log_id_of(area_id))
    return [
        WitnessState(row, parties.get(row.organisation_id or row.id, ""), seen.get(row.vkey))
        for row in rows
    ]


def request_for(
    session: Session, area_id: UUID, witness: Witness, old_size: int | None = None
) -> WitnessRequest:
    """Return what a witness is asked: the area's newest checkpoint, continued from what it saw last (or `old_size`).

    Raises `NotYetPublished`, and `Conflict` when the witness has seen more than there is here.
    """
    log_id, store = area_log_id_of(area_id), SqlStore(session)
    latest = store.latest_checkpoint(log_id)
    if latest is None:
        raise NotYetPublished("the area has no checkpoint yet: none of its ledgers has an entry")
    if old_size is None:
        seen = Vouching(session).last_seen(log_id).get(witness.vkey)
        old_size = 0 if seen is None else seen.size
    if old_size > latest.size:
        raise Conflict(
            f"the witness has cosigned {old_size} entries, this server knows {latest.size}: "
            "the database was rolled back, or restored from an old backup"
        )
    proof = log.prove_consistency(store, log_id, old_size, latest.size)
    return WitnessRequest(old_size, proof.hashes, latest)


def take_cosigned(session: Session, area_id: UUID, text: str) -> Sequence[Cosignature]:
    """Store the cosignatures that a checkpoint of the area carries, and return them.

    Raises `InvalidInput` for a file that is something else, `Conflict` for a checkpoint of another history,
    `ledger.errors.NoteError` for one that is damaged.
    """
    if text.startswith("old "):
        raise InvalidInput(
            "this file is the request; carry it to the witness first (anxun witness cosign), and bring back its answer"
        )
    checkpoint = _own_checkpoint(session, area_id, text)
    rows = {WitnessKey.from_vkey(row.vkey): row for row in witnesses_of(session, area_id)}
    found = cosignatures(text, list(rows))
    if not found:
        names = ", ".join(key.name for key in rows) or "none"
        raise InvalidInput(
            f"no witness of this area cosigned this checkpoint; its witnesses: {names}"
        )
    for cosignature in found:
        Vouching(session).add_cosignature(area_log_id_of(area_id), checkpoint.size, cosignature)
        rows[cosignature.key].refusal = ""
    session.flush()
    return found


def _own_checkpoint(session: Session, area_id: UUID, text: str) -> Checkpoint:
    try:
        checkpoint = parse_checkpoint(text)
    except NoteError as error:
        raise InvalidInput(f"this file is no cosigned checkpoint: {error}") from error
    log_id, store = area_log_id_of(area_id), SqlStore(session)
    own = store.latest_checkpoint(log_id, checkpoint.size)
    if own is None or own.origin != checkpoint.origin or own.size != checkpoint.size:
        raise InvalidInput(
            f"this file is a checkpoint of {checkpoint.origin}, size {checkpoint.size}; "
            "this area has published none like it"
        )
    if own.root != checkpoint.root:
        raise Conflict(
            f"the witness cosigned another history: at size {own.size} the root {checkpoint.root.hex()}, "
            f"here it is {own.root.hex()}; keep the file, it is evidence"
        )
    return checkpoint


class WitnessAsker:
    """A thread that asks the witnesses with an address to cosign what grew. Several servers may: asking again is harmless."""

    def __init__(self, sessions: sessionmaker[Session], *, interval_s: float) -> None:
        self._sessions, self._interval_s = sessions, interval_s
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to ask on a timer, in a thread."""
        self._ended.clear()
        self._thread = threading.Thread(target=self._work, name="anxun-witnesses", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the timer; a question that is on its way is not waited for."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout=1)
            self._thread = None

    def ask_all(self) -> int:
        """Ask every witness that has not seen the newest checkpoint of its area; return how many cosigned."""
        with self._sessions() as session:
            asked = session.exec(
                select(Witness).where(col(Witness.is_active), col(Witness.url) != "")
            ).all()
        return sum(self._ask(witness) for witness in asked if not self._ended.is_set())

    def _work(self) -> None:
        while not self._ended.wait(self._interval_s):
            try:
                self.ask_all()
            except Exception:
                # The database may be away: the next round tries again.
                logger.exception("witnesses could not be asked; trying again")

    def _ask(self, witness: Witness) -> int:
        """Ask one witness; what it refuses is noted for people to see."""
        try:
            return self._exchange(witness)
        except (Conflict, InvalidInput, LedgerError, OSError, ValueError) as error:
            logger.warning("witness %s did not cosign: %s", witness.vkey, error)
            with self._sessions.begin() as session:
                session.get_one(Witness, witness.id).refusal = str(error)[:2000]
            return 0

    def _exchange(self, witness: Witness, old_size: int | None = None) -> int:
        with self._sessions() as session:
            try:
                request = request_for(session, witness.area_id, witness, old_size)
            except NotYetPublished:
                return 0
        if request.old_size == request.checkpoint.size and old_size is None:
            return 0
        status, body = submit(witness.url, request)
        if status == HTTPStatus.CONFLICT and body.strip().isdecimal() and old_size is None:
            # It has seen more, or less, than is known here.
            return self._exchange(witness, int(body))
        if status != HTTPStatus.OK:
            raise InvalidInput(f"{witness.url} answered {status}: {body.strip()}")
        whole = add_cosignatures(request.checkpoint.text, body)
        with self._sessions.begin() as session:
            take_cosigned(session, witness.area_id, whole)
        return 1


def submit(url: str, request: WitnessRequest) -> tuple[int, str]:
    """Send a request to a witness (C2SP tlog-witness); return status and body. Raises OSError where none answers."""
    address = f"{url.rstrip('/')}/add-checkpoint"
    sent = Request(  # noqa: S310  `add_witness` takes http and https only
        address, request.to_text().encode(), {"Content-Type": "text/plain; charset=utf-8"}
    )
    try:
        with urlopen(sent, timeout=TIMEOUT_S) as answer:  # noqa: S310
            return answer.status, answer.read(MAX_ANSWER_BYTES).decode()
    except HTTPError as error:
        with error:
            return error.code, error.read(MAX_ANSWER_BYTES).decode(errors="replace")
    except URLError as error:
        raise OSError(f"{address} does not answer: {error.reason}") from error
