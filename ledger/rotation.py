"""Change the key that signs a log: announce the new one in the log itself. `ledger.keychain` follows the change."""

from datetime import datetime

from ledger import log
from ledger.checkpoint import Checkpoint
from ledger.entry import LedgerEntry, Record
from ledger.keychain import REPLACED, ROTATED, SECTION
from ledger.lines import entry_to_line
from ledger.note import Signer, VerifierKey
from ledger.statement import Statement
from ledger.store import LogStore


def rotate(
    store: LogStore, log_id: str, old: Signer, new: Signer, at: datetime
) -> tuple[LedgerEntry, Checkpoint]:
    """Announce `new`, and let `old` sign the last checkpoint of its life: the one that ends with the announcement.

    Raises LogCorrupt when the log contradicts its checkpoint.
    """
    entry = log.append(store, log_id, _record(ROTATED, old.verifier, new, at, {}))
    return entry, log.publish_checkpoint(store, log_id, old)


def replace(
    store: LogStore, log_id: str, lost: VerifierKey, new: Signer, at: datetime, *, reason: str
) -> tuple[LedgerEntry, Checkpoint]:
    """Announce `new` in the place of a lost key, signed by `new` itself, as nobody has the lost one. Raises LogCorrupt."""
    entry = log.append(store, log_id, _record(REPLACED, lost, new, at, {"reason": reason}))
    return entry, log.publish_checkpoint(store, log_id, new)


def state_change(
    store: LogStore, log_id: str, index: int, announced: Checkpoint, checkpoint: Checkpoint
) -> Statement:
    """Return the announcement that is entry `index`, under the checkpoint that ended with it, for verifiers of `checkpoint`.

    Raises OutOfRange when `checkpoint` is older than the announcement.
    """
    entry = log.get_entry(store, log_id, index)
    line = entry_to_line(entry).removesuffix(b"\n")
    proof = log.tlog_proof(store, log_id, index, announced)
    continued = log.prove_consistency(store, log_id, announced.size, checkpoint.size)
    return Statement(line, proof, continued.hashes)


def _record(kind: str, old: VerifierKey, new: Signer, at: datetime, more: dict[str, str]) -> Record:
    data = {"old": old.to_vkey(), "new": new.verifier.to_vkey(), **more}
    return Record(kind, SECTION, at, "system", data)
