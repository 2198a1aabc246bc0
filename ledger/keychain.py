"""Follow the changes of a ledger's signing key: from the key that a verifier trusts to the one that signs now.

*Rotated*: an entry names the new key, and the last checkpoint that the old key signs is the one that ends with this
entry; who trusts the old key so comes to trust the new one. *Replaced*: the old key is lost, so that nobody can sign
with it; the new key announces itself, and is believed only where trusted witnesses vouch for the ledger that holds
the announcement. Either way, from the announcement on only the new key counts. `ledger.rotation` writes the entries.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.area import AreaVouch
from ledger.checkpoint import Checkpoint, verify_checkpoint
from ledger.entry import Record
from ledger.errors import InclusionRefused, OriginMismatch, UnknownSigner
from ledger.note import VerifierKey
from ledger.statement import Statement

ROTATED = "key.rotated"
REPLACED = "key.replaced"
SECTION = "keys"


@dataclass(frozen=True)
class KeyChange:
    """What an announcement says: entry `index` puts `new` in the place of `old`."""

    kind: str
    index: int
    old: VerifierKey
    new: VerifierKey


def verify_keys(
    statements: Sequence[str],
    trusted: Sequence[VerifierKey],
    checkpoint: Checkpoint,
    vouch: AreaVouch | None = None,
) -> tuple[tuple[VerifierKey, ...], tuple[KeyChange, ...]]:
    """Return the keys that may sign `checkpoint`, and the changes that led to them, oldest first.

    statements: the announcements as text, oldest first; trusted: keys that the verifier got elsewhere; vouch: what
    `ledger.area.verify_area` found for this very checkpoint, with the cosignatures of witnesses that are trusted.
    Changes from a key that is not trusted are passed over: the verifier may know the new one already.

    Raises NoteError, MerkleError, OriginMismatch, InclusionRefused.
    """
    keys = tuple(key for key in trusted if key.name == checkpoint.origin)
    changes: list[KeyChange] = []
    for text in statements:
        statement = Statement.from_text(text)
        change = announced_by(statement, checkpoint)
        if change.old not in keys:
            continue
        if change.kind == ROTATED:
            verify_checkpoint(statement.checkpoint.text, [change.old])
        else:
            _check_vouched(change, vouch)
        # The old key signs nothing that is larger than the tree that ends with the announcement.
        keys = (*(key for key in keys if key != change.old), change.new)
        changes.append(change)
    return keys, tuple(changes)


def announced_by(statement: Statement, checkpoint: Checkpoint) -> KeyChange:
    """Return the change that a statement proves to be in the log of `checkpoint`. No signature is checked.

    Raises NoteError, MerkleError, OriginMismatch, InclusionRefused.
    """
    record, found = statement.verify(), statement.checkpoint
    if found.origin != checkpoint.origin:
        msg = f"the change of key is of {found.origin}, not of {checkpoint.origin}"
        raise OriginMismatch(msg)
    if found.size != statement.proof.index + 1:
        msg = f"the checkpoint of size {found.size} does not end with entry {statement.proof.index}"
        raise InclusionRefused(msg, index=statement.proof.index)
    change = change_of(record, statement.proof.index, checkpoint.origin)
    statement.verify_continued(found, checkpoint)
    return change


def change_of(record: Record, index: int, origin: str) -> KeyChange:
    """Read an announcement in the ledger of `origin`. Raises InclusionRefused, OriginMismatch, MalformedKey."""
    old, new = record.data.get("old"), record.data.get("new")
    if (
        record.kind not in (ROTATED, REPLACED)
        or not isinstance(old, str)
        or not isinstance(new, str)
    ):
        msg = f"entry {index} of kind {record.kind} announces no key"
        raise InclusionRefused(msg, index=index)
    change = KeyChange(record.kind, index, VerifierKey.from_vkey(old), VerifierKey.from_vkey(new))
    if {change.old.name, change.new.name} != {origin}:
        msg = f"entry {index} announces a key of {change.new.name}, not of {origin}"
        raise OriginMismatch(msg)
    return change


def _check_vouched(change: KeyChange, vouch: AreaVouch | None) -> None:
    if vouch is None or not vouch.cosignatures:
        msg = (
            f"entry {change.index} replaces a lost key by {change.new.to_vkey()}; "
            "it is believed only with the cosignature of a trusted witness"
        )
        raise UnknownSigner(msg)
    if vouch.covered.size <= change.index:
        msg = (
            f"entry {change.index} replaces a lost key, and the witnesses vouch only for "
            f"{vouch.covered.size} entries; wait for their next cosignature"
        )
        raise UnknownSigner(msg)
