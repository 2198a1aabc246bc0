"""The operator's work on signing keys: each log is changed in a transaction of its own, so that an end in between harms none."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from api.access import log_access
from api.database import upgrade_database
from api.parts import open_database, open_keys
from api.settings import Settings
from api.signing import Signers
from inspection.database import write_sessions
from inspection.errors import Conflict
from inspection.wire import utc_now
from ledger import rotation
from ledger.errors import KeyFileError
from ledger.keychain import REPLACED, ROTATED
from ledger.keys import SigningKey, create_key, is_encrypted, protect_key
from ledger.log import publish_checkpoint
from ledger.note import VerifierKey
from ledger.sql import SqlStore
from ledger.vouching import Vouching

OPERATOR = "operator"


@contextmanager
def open_key_desk(settings: Settings) -> Iterator["KeyDesk"]:
    """Open the database, upgraded, and the key files."""
    engine = open_database(settings)
    try:
        upgrade_database(engine)
        yield KeyDesk(settings, open_keys(settings), write_sessions(engine))
    finally:
        engine.dispose()


@dataclass(frozen=True)
class KeyDesk:
    """Key files and the logs that they sign."""

    settings: Settings
    signers: Signers
    sessions: sessionmaker[Session]

    def lines(self) -> list[str]:
        """Say which key files are here, whether they are encrypted, and how many logs each signs now."""
        counts = self._counts()
        told = []
        for path, key in zip(
            self.signers.ring.paths(), reversed(self.signers.ring.all()), strict=True
        ):
            signs = counts.pop(key.verifier.public_key, 0)
            kept = "encrypted" if is_encrypted(path) else "not encrypted"
            told.append(
                f"{path}: {key.named(self.settings.origin).vkey}, signs {signs} logs, {kept}"
            )
        told += [
            f"MISSING: a key file whose public half is {public_key.hex()} signs {signs} logs"
            for public_key, signs in counts.items()
        ]
        return told

    def rotate(self, progress: Callable[[int, int], None]) -> str:
        """Make a key and announce it in every log. Returns the path of the new key file. Raises KeyFileError."""
        path, new = self.signers.ring.add()
        log_ids = self._log_ids()
        for done, log_id in enumerate(log_ids, 1):
            with self.sessions.begin() as session:
                self._rotate(session, log_id, new)
            progress(done, len(log_ids))
        self._log("key.rotate", str(path))
        return str(path)

    def replace(self, reason: str, progress: Callable[[int, int], None]) -> tuple[str, int]:
        """Announce a new key in every log whose own is lost. Returns the new key file and how many logs it now signs.

        Raises `Conflict` when no key is lost.
        """
        lost = [log_id for log_id in self._log_ids() if self._lost_key(log_id) is not None]
        if not lost:
            raise Conflict(
                "no key is lost: every log's key file is here; to change a key: anxun key rotate"
            )
        path, new = self.signers.ring.add()
        for done, log_id in enumerate(lost, 1):
            with self.sessions.begin() as session:
                self._replace(session, log_id, new, reason)
            progress(done, len(lost))
        self._log("key.replace", f"{path}: {reason}")
        return str(path), len(lost)

    def protect(self, new_passphrase: str) -> list[str]:
        """Encrypt every key file with another passphrase, or none; return their paths. Raises KeyFileError."""
        paths = self.signers.ring.paths()
        for path in paths:
            protect_key(path, self.settings.key_passphrase.get_secret_value(), new_passphrase)
        self._log("key.protect", ", ".join(map(str, paths)))
        return [str(path) for path in paths]

    def _rotate(self, session: Session, log_id: str, new: SigningKey) -> None:
        old, named = self.signers.signer(session, log_id), new.named(self.signers.origin_of(log_id))
        store, at = SqlStore(session), utc_now()
        entry, announced = rotation.rotate(store, log_id, old, named, at)
        row = Vouching(session).add_key(log_id, named.vkey, ROTATED, int(at.timestamp()))
        row.index, row.announced = entry.index, announced.text
        # The old key's last checkpoint is kept with the announcement; what is handed out is the new key's at once.
        publish_checkpoint(store, log_id, named)

    def _replace(self, session: Session, log_id: str, new: SigningKey, reason: str) -> None:
        lost = VerifierKey.from_vkey(Vouching(session).keys(log_id)[-1].vkey)
        named, store, at = new.named(self.signers.origin_of(log_id)), SqlStore(session), utc_now()
        entry, announced = rotation.replace(store, log_id, lost, named, at, reason=reason)
        row = Vouching(session).add_key(log_id, named.vkey, REPLACED, int(at.timestamp()))
        row.index, row.announced = entry.index, announced.text

    def _lost_key(self, log_id: str) -> VerifierKey | None:
        with self.sessions() as session:
            rows = Vouching(session).keys(log_id)
        if not rows:
            return None
        key = VerifierKey.from_vkey(rows[-1].vkey)
        return None if self.signers.ring.find(key.public_key) else key

    def _counts(self) -> dict[bytes, int]:
        counts: dict[bytes, int] = {}
        with self.sessions() as session:
            for log_id in SqlStore(session).log_ids():
                rows = Vouching(session).keys(log_id)
                if rows:
                    public_key = VerifierKey.from_vkey(rows[-1].vkey).public_key
                    counts[public_key] = counts.get(public_key, 0) + 1
        return counts

    def _log_ids(self) -> list[str]:
        """Return the logs that have an entry: the next key signs an empty one by itself."""
        with self.sessions() as session:
            store = SqlStore(session)
            return [log_id for log_id in store.log_ids() if store.head(log_id).size]

    def _log(self, action: str, detail: str) -> None:
        with self.sessions.begin() as session:
            log_access(session, actor=OPERATOR, action=action, detail=detail)


def create_first_key(settings: Settings) -> str:
    """Make the first key file, and return its vkey. Raises KeyFileError when there is one."""
    path = settings.signing_key_path
    if path.exists():
        raise KeyFileError(f"{path} is there already; to change it: anxun key rotate")
    passphrase = settings.key_passphrase.get_secret_value()
    return create_key(path, settings.origin, passphrase).vkey
