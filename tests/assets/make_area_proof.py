"""Make `area_proof.json`: one chain from a ledger to two witnesses, for the checks in Python and in the browser.

Run it by hand: `python -m tests.assets.make_area_proof`. Salts are random, so it is another chain every time.
"""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import Session, SQLModel

from ledger import log
from ledger.cosignature import WitnessKey, add_cosignatures, cosign, cosignatures
from ledger.entry import Record
from ledger.keys import SigningKey
from ledger.sql import SqlStore
from ledger.vouching import Vouching

AT = datetime(2026, 11, 25, 8, tzinfo=UTC)
COSIGNED_AT = 1_795_593_600
TARGET = Path(__file__).parent / "area_proof.json"


def key(name: str) -> SigningKey:
    """Return a key that is made from its name."""
    seed = hashlib.sha256(name.encode()).digest()
    return SigningKey(name, Ed25519PrivateKey.from_private_bytes(seed))


def make(session: Session) -> dict[str, object]:
    """Return the chain: 3 entries are covered, the ledger has gone on to 7."""
    store, vouching = SqlStore(session), Vouching(session)
    mine, area = key("server.example/ledger/mine"), key("server.example/ledger/area-1")
    others = [f"other-{number}" for number in range(4)]
    for log_id in (*others, "mine"):
        for number in range(3):
            record = Record("test.done", "L27", AT, "system", {"text": "已整改", "number": number})
            log.append(store, log_id, record)
        log.publish_checkpoint(store, log_id, mine.named(f"server.example/ledger/{log_id}"))
    vouching.cover("area-1", [*others, "mine"], AT)
    covering = log.publish_checkpoint(store, "area-1", area)
    witnesses = [key("bureau.example/w"), key("insurer.example/w")]
    keys = [WitnessKey.of(witness) for witness in witnesses]
    for number, witness in enumerate(witnesses):
        line = cosign(covering.text, witness, COSIGNED_AT + number)
        for found in cosignatures(add_cosignatures(covering.text, line), keys):
            vouching.add_cosignature("area-1", covering.size, found)
    for number in range(4):
        log.append(store, "mine", Record("test.done", "L27", AT, "system", {"number": number}))
    latest = log.publish_checkpoint(store, "mine", mine)
    statement = vouching.best_statement("area-1", "mine", latest)
    return {
        "area_proof": "" if statement is None else statement.to_text(),
        "checkpoint": latest.text,
        "vkey": mine.vkey,
        "area_vkey": area.vkey,
        "witnesses": [witness_key.to_vkey() for witness_key in keys],
        "cosigned_at": COSIGNED_AT,
    }


def main() -> None:
    """Write the file."""
    engine = sa.create_engine("sqlite://")
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        TARGET.write_text(
            json.dumps(make(session), ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )
    engine.dispose()


if __name__ == "__main__":
    main()
