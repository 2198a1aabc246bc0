"""Everything that this package refuses, as one tree.

LedgerError
├── EntryError                   a record or a leaf that is not what the format says
│   └── NotCanonical             JSON that is not its own RFC 8785 form
├── KeyFileError                 a signing key file that is missing, open to others or not Ed25519
├── NoteError                    C2SP text formats
│   ├── MalformedNote            not a signed note
│   ├── MalformedKey             not a verifier key
│   ├── MalformedCheckpoint      a note, but no checkpoint
│   ├── MalformedProof           not a tlog-proof
│   ├── UnknownSigner            no signature by a known key
│   └── InvalidSignature         a known key's signature does not fit the text
├── MerkleError
│   ├── OutOfRange               no such leaf or tree size
│   ├── ProofLength              too many or too few hashes
│   ├── InclusionMismatch        the proof leads to another root
│   └── ConsistencyMismatch      the newer tree does not continue the older one
├── WitnessError                 what a witness does not cosign
│   ├── MalformedRequest         not a request for a cosignature
│   ├── UnknownOrigin            a log that this witness does not follow
│   ├── ForeignKey               a checkpoint that no trusted key of its log signed
│   ├── OldSizeWrong             the proof does not begin at the checkpoint that was cosigned last
│   ├── RollbackSeen             a smaller tree than was cosigned before
│   ├── ForkSeen                 another root for a size that was cosigned before
│   └── NotContinued             a proof that does not lead from the last checkpoint to this one
├── LogCorrupt                   stored rows contradict each other
└── BundleError                  an export that does not hold
    ├── UnreadableBundle         no zip archive, or a damaged one
    ├── UnsafeName               a member that would leave its folder
    ├── DuplicateMember          two members of one name
    ├── OversizedMember          a member that unpacks to far more than it should
    ├── MissingMember            a member that the format demands
    ├── UnexpectedMember         a member that nothing refers to
    ├── MalformedManifest        a manifest that is not of this format
    ├── ManifestMismatch         the manifest says otherwise than the signed checkpoint
    ├── CheckpointRefused        no checkpoint, or none with a good signature
    │   └── CheckpointUntrusted  signed, but by none of the trusted keys
    ├── OriginMismatch           a checkpoint of another log
    ├── RolledBack               older than a checkpoint that was seen before
    ├── SplitView                contradicts a checkpoint that was seen before
    ├── MalformedEntry           a line of entries.jsonl that is not of this format
    │   └── EntryNotCanonical    the line is not canonical JSON
    ├── EntryOutOfPlace          entries in another order
    ├── EntryMissing             an entry left out
    ├── EntryRepeated            two entries of one index
    ├── EntryCountMismatch       fewer or more entries than were signed
    ├── ForeignEntry             an entry of another log
    ├── LeafMismatch             a header that was changed
    ├── ContentMismatch          content or salt that was changed
    ├── RootMismatch             entries that do not add up to the signed root
    ├── InclusionRefused         an entry whose proof does not lead to the signed root
    ├── EvidenceMissing          an attachment without its file
    ├── EvidenceMismatch         a file whose bytes are not those of its name
    ├── EvidenceSizeMismatch     a file of another size than was recorded
    ├── PageMismatch             a readable page that tells otherwise than the entries
    ├── CosignatureRefused       a trusted witness's cosignature that does not hold
    ├── TooFewWitnesses          fewer trusted witnesses cosigned than were asked for
    ├── KeyChangeRefused         a change of key that does not hold
    │   ├── KeyChangeMissing     the changes of key do not lead to the key that signed
    │   ├── KeyChangeUnsigned    the old key did not sign the change, or the new one its own announcement
    │   ├── KeyChangeOfAnotherLedger  the change of key is another ledger's
    │   ├── KeyChangeNotContinued  the checkpoint does not continue the ledger that announced the new key
    │   └── KeyChangeUnvouched   a lost key was replaced, and no trusted witness covers that
    └── AreaRefused              an area proof that does not hold
        ├── AreaUntrusted        the area's checkpoint is signed by none of the trusted keys
        ├── AreaCheckpointRefused  the area's checkpoint was changed after it was signed
        ├── AreaOfAnotherLedger  the area proof covers another ledger
        └── AreaNotContinued     the checkpoint does not continue the one that the area covers
"""


class LedgerError(Exception):
    """Anything that this package refuses."""


class EntryError(LedgerError):
    """A record or a leaf that is not what the format says."""


class NotCanonical(EntryError):
    """JSON that is not its own RFC 8785 form."""


class KeyFileError(LedgerError):
    """A signing key file that is missing, open to others or not Ed25519."""


class NoteError(LedgerError):
    """A fault of one of the C2SP text formats."""


class MalformedNote(NoteError):
    """Text that is not a signed note."""


class MalformedKey(NoteError):
    """Text that is not a verifier key."""


class MalformedCheckpoint(NoteError):
    """A note that is no checkpoint."""


class MalformedProof(NoteError):
    """Text that is not a tlog-proof."""


class UnknownSigner(NoteError):
    """No signature of the note is by a known key."""


class InvalidSignature(NoteError):
    """A known key's signature does not fit the text."""


class MerkleError(LedgerError):
    """A fault of a Merkle tree or proof."""


class OutOfRange(MerkleError):
    """No such leaf or tree size."""


class ProofLength(MerkleError):
    """A proof with too many or too few hashes."""


class _Mismatch(MerkleError):
    """Two hashes that should be equal."""

    def __init__(self, what: str, *, expected: bytes, actual: bytes) -> None:
        super().__init__(f"{what}: expected {expected.hex()}, got {actual.hex()}")
        self.expected = expected
        self.actual = actual


class InclusionMismatch(_Mismatch):
    """The proof leads to another root."""


class ConsistencyMismatch(_Mismatch):
    """The newer tree does not continue the older one."""


class WitnessError(LedgerError):
    """What a witness does not cosign. `seen` and `offered` are checkpoints as text: keep both, they are evidence."""

    def __init__(self, message: str, *, seen: str = "", offered: str = "") -> None:
        super().__init__(message)
        self.seen = seen
        self.offered = offered


class MalformedRequest(WitnessError):
    """Text that is not a request for a cosignature."""


class UnknownOrigin(WitnessError):
    """A log that this witness does not follow."""


class ForeignKey(WitnessError):
    """A checkpoint that no trusted key of its log signed."""


class OldSizeWrong(WitnessError):
    """The proof does not begin at the checkpoint that was cosigned last, which is of `size`."""

    def __init__(self, message: str, *, size: int) -> None:
        super().__init__(message)
        self.size = size


class RollbackSeen(OldSizeWrong):
    """A smaller tree than the one of `size` that was cosigned before."""

    def __init__(self, message: str, *, size: int, seen: str, offered: str) -> None:
        super().__init__(message, size=size)
        self.seen = seen
        self.offered = offered


class ForkSeen(WitnessError):
    """Another root for a size that was cosigned before."""


class NotContinued(WitnessError):
    """A proof that does not lead from the last checkpoint to this one."""


class LogCorrupt(LedgerError):
    """Stored rows contradict each other: stop writing and compare with a backup or an export."""


class BundleError(LedgerError):
    """An export that does not hold.

    `index`, `member` and `offset` name the place where that is known: the entry, the file of the archive, and the
    byte of that file at which the faulty entry begins.
    """

    def __init__(
        self, message: str, *, index: int | None = None, member: str | None = None
    ) -> None:
        super().__init__(message)
        self.index = index
        self.member = member
        self.offset: int | None = None


class UnreadableBundle(BundleError):
    """No zip archive, or a damaged one."""


class UnsafeName(BundleError):
    """A member that would leave its folder."""


class DuplicateMember(BundleError):
    """Two members of one name."""


class OversizedMember(BundleError):
    """A member that unpacks to far more than it should."""


class MissingMember(BundleError):
    """A member that the format demands is not there."""


class UnexpectedMember(BundleError):
    """A member that nothing refers to."""


class MalformedManifest(BundleError):
    """A manifest that is not of this format."""


class ManifestMismatch(BundleError):
    """The manifest says otherwise than the signed checkpoint."""


class CheckpointRefused(BundleError):
    """No checkpoint, or none with a good signature."""


class CheckpointUntrusted(CheckpointRefused):
    """Signed, but by none of the trusted keys."""


class OriginMismatch(BundleError):
    """A checkpoint of another log."""


class RolledBack(BundleError):
    """Older than a checkpoint that was seen before."""


class SplitView(BundleError):
    """Contradicts a checkpoint that was seen before."""


class MalformedEntry(BundleError):
    """A line of the entries that is not of this format."""


class EntryNotCanonical(MalformedEntry):
    """A line of the entries that is not canonical JSON."""


class EntryOutOfPlace(BundleError):
    """Entries in another order."""


class EntryMissing(BundleError):
    """An entry left out."""


class EntryRepeated(BundleError):
    """Two entries of one index."""


class EntryCountMismatch(BundleError):
    """Fewer or more entries than were signed."""


class ForeignEntry(BundleError):
    """An entry of another log."""


class LeafMismatch(BundleError):
    """A header that was changed."""


class ContentMismatch(BundleError):
    """Content or salt that was changed."""


class RootMismatch(BundleError):
    """Entries that do not add up to the signed root."""


class InclusionRefused(BundleError):
    """An entry whose proof does not lead to the signed root."""


class EvidenceMissing(BundleError):
    """An attachment without its file."""


class EvidenceMismatch(BundleError):
    """A file whose bytes are not those of its name."""


class EvidenceSizeMismatch(BundleError):
    """A file of another size than was recorded."""


class PageMismatch(BundleError):
    """A readable page that tells otherwise than the entries."""


class CosignatureRefused(BundleError):
    """A trusted witness's cosignature that does not hold."""


class TooFewWitnesses(BundleError):
    """Fewer trusted witnesses cosigned than were asked for."""


class KeyChangeRefused(BundleError):
    """A change of key that does not hold."""


class KeyChangeMissing(KeyChangeRefused):
    """The changes of key do not lead to the key that signed."""


class KeyChangeUnsigned(KeyChangeRefused):
    """The old key did not sign the change, or the new one its own announcement."""


class KeyChangeOfAnotherLedger(KeyChangeRefused):
    """The change of key is another ledger's."""


class KeyChangeNotContinued(KeyChangeRefused):
    """The checkpoint does not continue the ledger that announced the new key."""


class KeyChangeUnvouched(KeyChangeRefused):
    """A lost key was replaced, and no trusted witness covers that."""


class AreaRefused(BundleError):
    """An area proof that does not hold."""


class AreaUntrusted(AreaRefused):
    """The area's checkpoint is signed by none of the trusted keys."""


class AreaCheckpointRefused(AreaRefused):
    """The area's checkpoint was changed after it was signed."""


class AreaOfAnotherLedger(AreaRefused):
    """The area proof covers another ledger."""


class AreaNotContinued(AreaRefused):
    """The checkpoint does not continue the one that the area covers."""
