"""A POST that is sent again with its `Idempotency-Key` is answered again and done once (draft-ietf-httpapi-idempotency-key-header).

1 the key is read, and the request's fingerprint taken: method, address and body (`Claim.from_request`)
2 as the request's transaction begins, the key is claimed in it; who holds the same key waits for its end (`Claim.make`)
3 a key that is there already: the stored answer where the request is the same, else a refusal; nothing is done
4 the answer is sealed and stored in the same transaction (`Claim.keep`)
5 the edge commits: work and answer stand or fall together

What was refused changed nothing and is not stored: sending it again tries again. A stored answer is sealed (AES-256-GCM) with a
key that is derived (HKDF, RFC 5869) from the client's key and the body, of which the database holds hashes: whoever reads the
database reads no answer. Where the answer holds a secret, the caller's credential is needed too.
"""

import hashlib
import hmac
import json
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from fastapi import Request, Response
from sqlalchemy import Connection, delete, event, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import SessionTransaction
from sqlmodel import Session, col, select

from api.errors import AnswerNotKept, KeyReused, MalformedHeader
from inspection.tables import KeyedAnswer
from inspection.wire import utc_now

KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
KEPT = timedelta(hours=24)
LONGEST_KEY = 255
LARGEST_KEPT = 1 << 20
ANONYMOUS = "anonymous"
_PRINTABLE = re.compile(rf"[ -~]{{1,{LONGEST_KEY}}}")
# A string as RFC 9651 writes it; the key is what it says, so that a client may quote or not.
_QUOTED = re.compile(r'"(?:[ !#-\[\]-~]|\\["\\])+"')
_SALT, _NONCE = 16, 12
_OWN_HEADERS = {"content-length", REPLAYED_HEADER.lower()}
_INSERTS: dict[str, Callable[..., sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


class AnsweredBefore(Exception):
    """The request was done before; `answer` is what it was answered."""

    def __init__(self, answer: Response) -> None:
        """Keep the answer."""
        super().__init__("this request was done before")
        self.answer = answer


def read_key(request: Request) -> str | None:
    """Return the key of a request, without its quotes; None without one. Raises `MalformedHeader`."""
    values = request.headers.getlist(KEY_HEADER)
    if not values:
        return None
    key = values[0]
    if len(values) > 1 or not _PRINTABLE.fullmatch(key):
        raise MalformedHeader(
            f"{KEY_HEADER} is one string of 1 to {LONGEST_KEY} printable ASCII characters"
        )
    return re.sub(r"\\(.)", r"\1", key[1:-1]) if _QUOTED.fullmatch(key) else key


@dataclass
class Claim:
    """A request with its key, on its way through the transaction that does its work."""

    request: Request
    key: str
    body: bytes
    credential: str = ""
    session: Session | None = None
    is_made: bool = False
    _caller: str = field(default=ANONYMOUS, init=False)

    @property
    def request_hmac(self) -> str:
        """Method, address and body, under the key: a plain hash would let a short text that was erased since be guessed."""
        url = self.request.url
        head = f"{self.request.method} {url.path}?{url.query}\n".encode()
        return hmac.new(self.key.encode(), head + self.body, hashlib.sha256).hexdigest()

    @property
    def key_sha256(self) -> str:
        """What is stored of the key. Of somebody without a sign-in, key and body together: the body holds their secret."""
        own = b"" if self._caller != ANONYMOUS else hashlib.sha256(self.body).digest()
        return hashlib.sha256(self.key.encode() + own).hexdigest()

    def within(self, session: Session) -> None:
        """Let the session claim the key as its transaction begins."""
        if self.session is not None:
            return
        self.session = session
        event.listen(session, "after_begin", self._begun)

    def _begun(self, _: Session, transaction: SessionTransaction, connection: Connection) -> None:
        if not transaction.nested and not self.is_made:
            self.make(connection, utc_now())

    def make(self, connection: Connection, now: datetime) -> None:  # 2
        """Claim the key. Raises `AnsweredBefore`, `KeyReused`, `AnswerNotKept`."""
        self._caller = getattr(self.request.state, "actor", None) or ANONYMOUS
        mine = (
            col(KeyedAnswer.caller) == self._caller,
            col(KeyedAnswer.key_sha256) == self.key_sha256,
        )
        connection.execute(delete(KeyedAnswer).where(*mine, col(KeyedAnswer.expires_at) <= now))
        # Where somebody else is at work on the same key, this waits until they have committed or gone.
        claimed = connection.execute(
            _INSERTS[connection.dialect.name](KeyedAnswer)
            .values(
                caller=self._caller,
                key_sha256=self.key_sha256,
                request_hmac=self.request_hmac,
                answered_at=now,
                expires_at=now + KEPT,
            )
            .on_conflict_do_nothing()
            .returning(col(KeyedAnswer.caller))
        ).first()
        if claimed is None:
            there = select(KeyedAnswer.request_hmac, KeyedAnswer.sealed).where(*mine)
            self._answer_again(*connection.execute(there).one())
        self.is_made = True

    def _answer_again(self, request_hmac: str, sealed: bytes | None) -> None:  # 3
        if request_hmac != self.request_hmac:
            raise KeyReused(f"this {KEY_HEADER} came before with another request; make a new one")
        if sealed is None:
            raise AnswerNotKept(
                "this was done before, and its answer is not kept; read what is there"
            )
        raise AnsweredBefore(opened(sealed, self._material()))

    def keep(self, answer: Response) -> None:  # 4
        """Store the answer beside the work, before both are committed; nothing where nothing was written."""
        if self.session is None:
            return
        self.session.flush()
        if not self.is_made:
            return
        body = getattr(answer, "body", None)
        if not isinstance(body, bytes) or len(body) > LARGEST_KEPT:
            return
        self.session.execute(
            update(KeyedAnswer)
            .where(
                col(KeyedAnswer.caller) == self._caller,
                col(KeyedAnswer.key_sha256) == self.key_sha256,
            )
            .values(sealed=sealed_answer(answer, body, self._material()))
            .execution_options(synchronize_session=False)
        )

    def _material(self) -> bytes:
        parts = (self.key.encode(), hashlib.sha256(self.body).digest(), self.credential.encode())
        return b"".join(len(part).to_bytes(4) + part for part in parts)


def claim_of(request: Request) -> Claim | None:
    """Return the claim of a request that came with a key."""
    claim: Claim | None = getattr(request.state, "claim", None)
    return claim


def sealed_answer(answer: Response, body: bytes, material: bytes) -> bytes:
    """Return an answer as bytes that open with the same material alone."""
    kept: dict[str, Any] = {
        "status": answer.status_code,
        "headers": [
            [name.decode("latin-1"), value.decode("latin-1")]
            for name, value in answer.raw_headers
            if name.decode("latin-1").lower() not in _OWN_HEADERS
        ],
        "body": b64encode(body).decode(),
    }
    salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
    plain = json.dumps(kept, separators=(",", ":")).encode()
    return salt + nonce + AESGCM(_key(material, salt)).encrypt(nonce, plain, None)


def opened(sealed: bytes, material: bytes) -> Response:
    """Return a stored answer, marked as one. Raises `AnswerNotKept` with another material than it was sealed with."""
    salt, nonce, cipher = (
        sealed[:_SALT],
        sealed[_SALT : _SALT + _NONCE],
        sealed[_SALT + _NONCE :],
    )
    try:
        kept = json.loads(AESGCM(_key(material, salt)).decrypt(nonce, cipher, None))
    except InvalidTag:
        raise AnswerNotKept(
            "this was done before; its answer holds a secret that is shown once, to the sign-in that asked"
        ) from None
    answer = Response(b64decode(kept["body"]), status_code=kept["status"])
    length = [pair for pair in answer.raw_headers if pair[0] == b"content-length"]
    told = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept["headers"]]
    answer.raw_headers = [*length, *told, (REPLAYED_HEADER.lower().encode(), b"true")]
    return answer


def _key(material: bytes, salt: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=salt, info=b"anxun keyed answer").derive(material)


def forget_expired(session: Session, now: datetime) -> int:
    """Delete the answers that are kept no longer; return how many there were."""
    expired = col(KeyedAnswer.expires_at) <= now
    return session.exec(delete(KeyedAnswer).where(expired)).rowcount
