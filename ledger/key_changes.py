"""The changes of key that an export carries, and where they lead who trusts an older key.

Each is checked by itself, whoever is trusted (step 3 of the protocol in `ledger.verify`); a lost key's replacement is
believed only where trusted witnesses vouch for its announcement (step 5).
"""

from collections.abc import Sequence

from ledger import archive as names
from ledger.archive import WITH_KEY_CHANGES, Archive, Manifest
from ledger.checkpoint import Checkpoint, verify_checkpoint
from ledger.errors import (
    ConsistencyMismatch,
    InclusionRefused,
    InvalidSignature,
    KeyChangeMissing,
    KeyChangeNotContinued,
    KeyChangeOfAnotherLedger,
    KeyChangeRefused,
    KeyChangeUnsigned,
    KeyChangeUnvouched,
    LedgerError,
    MerkleError,
    NoteError,
    OriginMismatch,
    UnexpectedMember,
    UnknownSigner,
)
from ledger.keychain import REPLACED, ROTATED, SECTION, KeyChange, announced_by
from ledger.lines import EntryLine
from ledger.note import VerifierKey
from ledger.statement import Statement

_FAULTS: tuple[tuple[type[LedgerError], type[KeyChangeRefused]], ...] = (
    (UnknownSigner, KeyChangeUnsigned),
    (InvalidSignature, KeyChangeUnsigned),
    (OriginMismatch, KeyChangeOfAnotherLedger),
    (ConsistencyMismatch, KeyChangeNotContinued),
)
_IN_KEYS = b',"section":"%b"}' % SECTION.encode()


def member_of(folder: str, index: int) -> str:
    """Return the name under which an export carries the change that entry `index` announces."""
    return f"{folder}{index}.tlog-proof"


def read_changes(
    archive: Archive, manifest: Manifest, folder: str, checkpoint: Checkpoint, own: VerifierKey
) -> tuple[KeyChange, ...]:
    """Return the changes of key in a folder, oldest first: each holds, and they lead from key to key up to `own`.

    checkpoint: of the log whose keys they are, signed by `own`. Raises KeyChangeRefused and its kinds, UnexpectedMember.
    """
    members = sorted(archive.names(folder), key=lambda name: (len(name), name))
    if members and manifest.format not in WITH_KEY_CHANGES:
        msg = f"{members[0]} does not belong in an export of format {manifest.format}"
        raise UnexpectedMember(msg, member=members[0])
    changes: list[KeyChange] = []
    for member in members:
        change = _read(archive, member, folder, checkpoint)
        if changes and changes[-1].new != change.old:
            raise _broken(changes[-1], change.old, member)
        changes.append(change)
    if changes and changes[-1].new != own:
        raise _broken(changes[-1], own, members[-1])
    return tuple(changes)


def follow(
    changes: Sequence[KeyChange], folder: str, trusted: Sequence[VerifierKey], vouched: int
) -> tuple[tuple[VerifierKey, ...], tuple[KeyChange, ...]]:
    """Return the keys that `trusted` ones led to, and the changes that were followed.

    vouched: how many entries enough trusted witnesses vouch for. Raises KeyChangeUnvouched.
    """
    keys, followed = tuple(trusted), list[KeyChange]()
    for change in changes:
        if change.old not in keys:
            continue
        is_known = change.new in keys or change.kind == ROTATED
        if not is_known and vouched <= change.index:
            msg = (
                f"entry {change.index} replaces a lost key by {change.new.to_vkey()}; it is believed only under a trusted "
                f"witness, and such witnesses vouch for {vouched} entries"
            )
            member = member_of(folder, change.index)
            raise KeyChangeUnvouched(msg, index=change.index, member=member)
        # From here on the old key counts no more.
        keys = (*(key for key in keys if key not in {change.old, change.new}), change.new)
        followed.append(change)
    return keys, tuple(followed)


def check_carried(archive: Archive, manifest: Manifest, line: EntryLine) -> None:
    """Raise KeyChangeMissing where a full export has an entry that announces a key, and not the change.

    The last entry of the tree may do so: the old key then signed the checkpoint that ends with it.
    """
    if not line.leaf.endswith(_IN_KEYS) or manifest.format not in WITH_KEY_CHANGES:
        return
    is_announced = (
        line.read()[0].kind in {ROTATED, REPLACED} and line.index < manifest.tree_size - 1
    )
    member = member_of(names.KEY_CHANGES, line.index)
    if is_announced and member not in archive.names(names.KEY_CHANGES):
        msg = f"entry {line.index} announces another key, and {member} is missing"
        raise KeyChangeMissing(msg, index=line.index, member=member)


def _read(archive: Archive, member: str, folder: str, checkpoint: Checkpoint) -> KeyChange:
    text = archive.read_text(member)
    try:
        statement = Statement.from_text(text)
        change = announced_by(statement, checkpoint)
        signer = change.old if change.kind == ROTATED else change.new
        verify_checkpoint(statement.checkpoint.text, [signer])
    except (NoteError, MerkleError, OriginMismatch, InclusionRefused) as error:
        kind = next((to for of, to in _FAULTS if isinstance(error, of)), KeyChangeRefused)
        msg = f"{member}: {error}"
        raise kind(msg, member=member) from error
    if member_of(folder, change.index) != member:
        msg = f"{member} is of entry {change.index}"
        raise KeyChangeRefused(msg, index=change.index, member=member)
    return change


def _broken(before: KeyChange, key: VerifierKey, member: str) -> KeyChangeMissing:
    msg = (
        f"entry {before.index} leads to {before.new.to_vkey()}, nothing leads on to {key.to_vkey()}"
    )
    return KeyChangeMissing(msg, index=before.index, member=member)
