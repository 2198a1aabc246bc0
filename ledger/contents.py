"""What an export holds, against the checkpoint that signs it: entries, proofs, evidence, readable page.

Steps 6 to 9 of the protocol in `ledger.verify`.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ledger import archive as names
from ledger.archive import Archive, Manifest
from ledger.checkpoint import Checkpoint
from ledger.entry import Attachment
from ledger.errors import (
    BundleError,
    EntryCountMismatch,
    EntryMissing,
    EntryOutOfPlace,
    EntryRepeated,
    EvidenceMismatch,
    EvidenceMissing,
    EvidenceSizeMismatch,
    ForeignEntry,
    InclusionRefused,
    ManifestMismatch,
    MerkleError,
    NoteError,
    PageMismatch,
    RootMismatch,
    SplitView,
    UnexpectedMember,
    UnreadableBundle,
)
from ledger.key_changes import check_carried
from ledger.lines import EntryLine, read_line
from ledger.merkle import append_leaves, root_of
from ledger.page import PageWriter
from ledger.proof import TlogProof

Progress = Callable[[str, int, int], None]
# Reads the lines of the entries from the first one on.
_Texts = Callable[[], Iterator[bytes]]

# Leaves are hashed into the tree, and progress is told, this many at a time.
_BATCH = 4096


@dataclass
class Tally:
    """What the walk over the entries gathers. Times are as leaves write them, so that text sorts like time."""

    size: int = 0
    edge: tuple[bytes, ...] = ()
    leaves: list[bytes] = field(default_factory=list)
    count: int = 0
    first_at: str | None = None
    last_at: str | None = None
    erased: list[int] = field(default_factory=list)
    proofs: set[str] = field(default_factory=set)
    attachments: dict[str, tuple[Attachment, int]] = field(default_factory=dict)

    def note(self, line: EntryLine) -> None:
        """Take down one entry. Raises EvidenceSizeMismatch when two entries give one file two sizes."""
        self.count += 1
        if self.first_at is None or line.at < self.first_at:
            self.first_at = line.at
        if self.last_at is None or line.at > self.last_at:
            self.last_at = line.at
        if line.attachments is None:
            self.erased.append(line.index)
            return
        for attachment in line.attachments:
            known, first = self.attachments.setdefault(attachment.sha256, (attachment, line.index))
            if known.size != attachment.size:
                msg = f"entries {first} and {line.index}: {attachment.sha256} has {known.size} or {attachment.size} bytes"
                raise EvidenceSizeMismatch(msg, index=line.index, member=attachment.sha256)

    def root(self) -> bytes:
        """Return the root over the leaves so far."""
        self.edge = append_leaves(self.size, self.edge, self.leaves)
        self.size += len(self.leaves)
        self.leaves = []
        return root_of(self.edge)


def check_pin(pin: Checkpoint, root: bytes) -> None:
    """Raise SplitView unless `root` is that of the pinned checkpoint."""
    if pin.root != root:
        msg = f"size {pin.size}: pinned root {pin.root.hex()}, root here {root.hex()}"
        raise SplitView(msg, member=names.CHECKPOINT)


def verify_entries(
    archive: Archive,
    manifest: Manifest,
    checkpoint: Checkpoint,
    pin: Checkpoint | None,
    area: Checkpoint | None,
    progress: Progress,
) -> Tally:
    """Check every entry, its proof where there are proofs, the root and the page. Raises a BundleError."""
    tally, page_digest = Tally(), hashlib.sha256()
    page = PageWriter(page_digest.update, manifest, checkpoint, area)
    page.begin()
    for line in _lines(archive, manifest):
        tally.note(line)
        if manifest.partial:
            tally.proofs.add(_verify_proof(archive, checkpoint, line))
        else:
            check_carried(archive, manifest, line)
            _grow(tally, line, pin)
        if page.shows(tally.count - 1):
            header, record = line.read()
            page.add(header, line.leaf_hash.hex(), record)
        if tally.count % _BATCH == 0 or tally.count == manifest.entries:
            progress("entries", tally.count, manifest.entries)
    page.end()
    root = tally.root()
    if not manifest.partial and root != checkpoint.root:  # 7
        msg = f"entries add up to root {root.hex()}, signed is {checkpoint.root.hex()}"
        raise RootMismatch(msg, member=names.ENTRIES)
    if _sha256(archive, names.PAGE) != page_digest.hexdigest():  # 9
        told = (names.MANIFEST, names.CHECKPOINT, names.AREA, names.ENTRIES)
        msg = f"{names.PAGE} tells otherwise than {', '.join(told)}"
        raise PageMismatch(msg, member=names.PAGE)
    return tally


def _grow(tally: Tally, line: EntryLine, pin: Checkpoint | None) -> None:
    tally.leaves.append(line.leaf_hash)
    if pin is not None and pin.size == tally.count:
        check_pin(pin, tally.root())
    if len(tally.leaves) == _BATCH:
        tally.root()


def _lines(archive: Archive, manifest: Manifest) -> Iterator[EntryLine]:
    try:
        yield from _placed(manifest, lambda: archive.lines(names.ENTRIES))
    except UnreadableBundle as damage:
        # The archive is damaged: its first entry that does not hold is what somebody can act on.
        try:
            for _ in _placed(manifest, lambda: archive.lines_despite_damage(names.ENTRIES)):
                pass
        except BundleError as fault:
            damage.index, damage.offset = fault.index, fault.offset
            damage.args = (f"{damage}; the first fault in it: {fault}",)
        raise


def _placed(manifest: Manifest, texts: _Texts) -> Iterator[EntryLine]:
    """Yield the entries, each in its place. A fault is given the place where its line begins."""
    last, count, offset = -1, 0, 0
    try:
        for number, text in enumerate(texts()):
            line = read_line(text, number)  # 6
            if line.index != last + 1 and not (manifest.partial and line.index > last):
                _refuse_place(texts, line.index, last + 1)
            if line.log != manifest.log:
                msg = f"entry {line.index} is of log {line.log}, not {manifest.log} as {names.MANIFEST} says"
                raise ForeignEntry(msg, index=line.index)
            if count == manifest.entries:
                msg = (
                    f"entry {line.index} is one more than the {manifest.entries} that were exported"
                )
                raise EntryCountMismatch(msg, index=line.index)
            yield line
            last, count, offset = line.index, count + 1, offset + len(text) + 1
    except UnreadableBundle:
        raise
    except BundleError as fault:
        fault.offset, fault.member = offset, fault.member or names.ENTRIES
        raise
    if count != manifest.entries:
        msg = f"entries end after {count} of {manifest.entries}"
        if not manifest.partial:
            msg += f": entry {count} is missing"
        place = None if manifest.partial else count
        raise EntryCountMismatch(msg, index=place, member=names.ENTRIES)


def _refuse_place(texts: _Texts, index: int, expected: int) -> None:
    """Say which lie it is when `index` stands where `expected` should."""
    if index < expected:
        msg = f"entry {index} comes again, or after entry {expected - 1}"
        raise EntryRepeated(msg, index=index)
    rest = (read_line(text, number) for number, text in enumerate(texts()))
    if any(line.index == expected for line in rest):
        msg = f"entry {index} stands in the place of entry {expected}, which comes later"
        raise EntryOutOfPlace(msg, index=index)
    msg = f"entry {expected} is missing: entry {index} stands in its place"
    raise EntryMissing(msg, index=expected)


def _verify_proof(archive: Archive, checkpoint: Checkpoint, line: EntryLine) -> str:
    index = line.index
    member = f"{names.PROOFS}{index}.tlog-proof"
    try:
        proof = TlogProof.from_text(archive.read_text(member))
        if proof.index != index or proof.checkpoint.text != checkpoint.text:
            msg = f"entry {index}: {member} is of entry {proof.index}, or of another checkpoint"
            raise InclusionRefused(msg, index=index, member=member)
        proof.inclusion.verify(line.leaf_hash, checkpoint.root)  # 7
    except (NoteError, MerkleError) as error:
        msg = f"entry {index}: {member}: {error}"
        raise InclusionRefused(msg, index=index, member=member) from error
    return member


def verify_evidence(archive: Archive, manifest: Manifest, tally: Tally, progress: Progress) -> int:
    """Check every attachment, and that nothing else is there; return their bytes. Raises a BundleError."""
    expected = {f"{names.EVIDENCE}{sha256}" for sha256 in tally.attachments}
    present = archive.names(names.EVIDENCE)
    extra = (present - expected) | (archive.names(names.PROOFS) - tally.proofs)
    if extra:
        msg = f"{min(extra)}: no entry refers to it"
        raise UnexpectedMember(msg, member=min(extra))
    missing = expected - present
    total = 0
    for done, (sha256, (attachment, index)) in enumerate(tally.attachments.items()):
        if f"{names.EVIDENCE}{sha256}" in missing:
            msg = f"entry {index}: {names.EVIDENCE}{sha256} is missing"
            raise EvidenceMissing(msg, index=index, member=f"{names.EVIDENCE}{sha256}")
        total += _verify_attachment(archive, sha256, attachment.size, index)
        progress("evidence", done + 1, len(tally.attachments))
    if manifest.evidence != len(tally.attachments):
        msg = f"manifest: {manifest.evidence} evidence files; entries: {len(tally.attachments)}"
        raise ManifestMismatch(msg, member=names.MANIFEST)
    return total


def _verify_attachment(archive: Archive, sha256: str, size: int, index: int) -> int:
    member = f"{names.EVIDENCE}{sha256}"
    if archive.size(member) != size:
        msg = f"entry {index}: {member} has {archive.size(member)} bytes, recorded were {size}"
        raise EvidenceSizeMismatch(msg, index=index, member=member)
    actual = _sha256(archive, member)
    if actual != sha256:
        msg = f"entry {index}: {member} hashes to {actual}"
        raise EvidenceMismatch(msg, index=index, member=member)
    return size


def _sha256(archive: Archive, member: str) -> str:
    digest = hashlib.sha256()
    for chunk in archive.chunks(member):
        digest.update(chunk)
    return digest.hexdigest()
