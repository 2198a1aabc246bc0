"""Which key signs which log: the newest one that the log itself announced, else the one that it began with."""

from dataclasses import dataclass

from sqlmodel import Session

from ledger.checkpoint import Checkpoint, verify_checkpoint
from ledger.errors import KeyFileError, NoteError
from ledger.keys import KeyRing, SigningKey
from ledger.log import get_entry
from ledger.note import VerifierKey
from ledger.sql import SqlStore
from ledger.vouching import LedgerKey, Vouching

FIRST = "first"


@dataclass(frozen=True)
class Signers:
    """The key files of this server, and the name under which its logs sign."""

    ring: KeyRing
    origin: str

    def origin_of(self, log_id: str) -> str:
        """Return the name under which a log's checkpoints are signed."""
        return f"{self.origin}/ledger/{log_id}"

    def signer(self, session: Session, log_id: str) -> SigningKey:
        """Return the key that signs a log now, and note the first key of a log that has an entry.

        Raises KeyFileError when the key's file is not here: nothing is signed by another key unannounced.
        """
        row = self._current(session, log_id) or self._first(session, log_id)
        key = self.ring.find(VerifierKey.from_vkey(row.vkey).public_key)
        if key is None:
            raise KeyFileError(_lost(log_id, row.vkey))
        return key.named(self.origin_of(log_id))

    def vkey(self, session: Session, log_id: str, checkpoint: Checkpoint | None = None) -> str:
        """Return the public half of the key that signed a checkpoint of a log, or of the one that signs it now."""
        vkeys = [row.vkey for row in Vouching(session).keys(log_id)]
        for vkey in reversed(vkeys):
            if checkpoint is None or is_signed_by(checkpoint, VerifierKey.from_vkey(vkey)):
                return vkey
        return self.ring.newest().named(self.origin_of(log_id)).vkey

    def _current(self, session: Session, log_id: str) -> LedgerKey | None:
        rows = Vouching(session).keys(log_id)
        return rows[-1] if rows else None

    def _first(self, session: Session, log_id: str) -> LedgerKey:
        """Take the key that signed what is there, from before keys were noted; else the newest one.

        It signs since the log's first entry. An empty log needs no key of its own: whatever signs it binds nobody.
        """
        store = SqlStore(session)
        size = store.lock_head(log_id).size
        # Another server may have been faster.
        known = self._current(session, log_id)
        if known is not None:
            return known
        latest = store.latest_checkpoint(log_id)
        key = self.ring.newest().named(self.origin_of(log_id))
        if latest is not None and latest.size > 0:
            signed = [
                own
                for own in (key.named(latest.origin) for key in self.ring.all())
                if is_signed_by(latest, own.verifier)
            ]
            if not signed:
                raise KeyFileError(_lost(log_id, "a key that is not known"))
            key = signed[0].named(self.origin_of(log_id))
        if size == 0:
            return LedgerKey(log_id=log_id, number=1, vkey=key.vkey, kind=FIRST, since=0)
        since = int(get_entry(store, log_id, 0).header.at.timestamp())
        return Vouching(session).add_key(log_id, key.vkey, FIRST, since)


def is_signed_by(checkpoint: Checkpoint, key: VerifierKey) -> bool:
    """Return whether a key signed a checkpoint."""
    try:
        verify_checkpoint(checkpoint.text, [key])
    except NoteError:
        return False
    return True


def _lost(log_id: str, vkey: str) -> str:
    return (
        f"ledger {log_id} is signed by {vkey}, whose key file is not here: "
        "put it back beside the others, or, if it is lost for good, run: anxun key replace"
    )
