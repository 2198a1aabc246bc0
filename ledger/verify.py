"""Check an export without the server that made it: `verify_bundle` raises at the first fault, and names it.

The protocol. The steps are marked in the code by their numbers.

    1  open the archive: names safe, unique and expected, sizes believable
    2  read the manifest
    3  read the checkpoint; a trusted key, under the log's own name, signed it
    4  it is of the log that the manifest names, and does not go back behind a pinned checkpoint
    5  each entry: canonical, in its place, of this log, header as hashed, content as committed to
    6  the entries are those that the checkpoint signs: they add up to its root, or each one's proof does
    7  each attachment is there, with its hash and size; nothing else is
    8  the readable page says what the entries say
    9  report what was checked, and what was not
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ledger import archive as names
from ledger.archive import Archive, Manifest
from ledger.checkpoint import Checkpoint, parse_checkpoint, verify_checkpoint
from ledger.entry import Attachment, format_time
from ledger.errors import (
    CheckpointRefused,
    CheckpointUntrusted,
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
    OriginMismatch,
    PageMismatch,
    RolledBack,
    RootMismatch,
    SplitView,
    UnexpectedMember,
    UnknownSigner,
)
from ledger.lines import EntryLine, parse_line
from ledger.merkle import append_leaf, root_of
from ledger.note import VerifierKey
from ledger.page import PageWriter
from ledger.proof import TlogProof

Progress = Callable[[str, int, int], None]

_MOST_ERASED_NAMED = 100


class Caution(StrEnum):
    """What a good report still does not prove."""

    OWN_KEY = "own_key"
    ERASED = "erased"
    PIN_UNCHECKED = "pin_unchecked"


class Report(BaseModel):
    """What was checked. `cautions` say what was not."""

    model_config = ConfigDict(frozen=True)

    origin: str
    log: str
    title: str
    tree_size: int
    root: str
    signed_by: tuple[str, ...]
    is_trusted: bool
    is_partial: bool
    entries: int
    first_at: str | None
    last_at: str | None
    evidence_files: int
    evidence_bytes: int
    erased: int
    erased_indices: tuple[int, ...]
    cautions: tuple[Caution, ...]


@dataclass
class _Tally:
    """What the walk over the entries gathers."""

    edge: tuple[bytes, ...] = ()
    count: int = 0
    times: list[str] = field(default_factory=list)
    erased: list[int] = field(default_factory=list)
    proofs: set[str] = field(default_factory=set)
    attachments: dict[str, tuple[Attachment, int]] = field(default_factory=dict)


def verify_bundle(
    path: Path,
    *,
    trusted_vkeys: Sequence[str] | None = None,
    pinned: str | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check an export and return what was found good.

    trusted_vkeys: keys that the verifier got elsewhere; without any, the bundle's own key is used and the report
    says so. pinned: a checkpoint of the same log that the verifier has seen before. progress: told the stage
    ("entries" or "evidence"), how many are done and how many there are.

    Raises a BundleError for the first fault; MalformedKey, MalformedNote or MalformedCheckpoint for bad arguments.
    """
    trusted = [VerifierKey.from_vkey(vkey) for vkey in trusted_vkeys or ()]
    pin = None if pinned is None else parse_checkpoint(pinned)
    told = progress or (lambda stage, done, total: None)  # noqa: ARG005  the shape of Progress
    with Archive(path) as archive:  # 1
        manifest = Manifest.from_json(archive.read(names.MANIFEST))  # 2
        checkpoint, signed_by = _verify_signature(archive, trusted)  # 3
        _check_log(manifest, checkpoint, pin)  # 4
        tally = _verify_entries(archive, manifest, checkpoint, pin, told)  # 5, 6, 8
        evidence_bytes = _verify_evidence(archive, manifest, tally, told)  # 7
    is_pin_checked = pin is None or not manifest.partial or pin.size == checkpoint.size
    cautions = {  # 9
        Caution.OWN_KEY: not trusted,
        Caution.ERASED: bool(tally.erased),
        Caution.PIN_UNCHECKED: not is_pin_checked,
    }
    return Report(
        origin=checkpoint.origin,
        log=manifest.log,
        title=manifest.title,
        tree_size=checkpoint.size,
        root=checkpoint.root.hex(),
        signed_by=tuple(key.to_vkey() for key in signed_by),
        is_trusted=bool(trusted),
        is_partial=manifest.partial,
        entries=tally.count,
        first_at=min(tally.times, default=None),
        last_at=max(tally.times, default=None),
        evidence_files=len(tally.attachments),
        evidence_bytes=evidence_bytes,
        erased=len(tally.erased),
        erased_indices=tuple(tally.erased[:_MOST_ERASED_NAMED]),
        cautions=tuple(caution for caution, holds in cautions.items() if holds),
    )


def _verify_signature(
    archive: Archive, trusted: Sequence[VerifierKey]
) -> tuple[Checkpoint, tuple[VerifierKey, ...]]:
    text = archive.read_text(names.CHECKPOINT)
    vkey = archive.read_text(names.KEY)
    try:
        own = VerifierKey.from_vkey(vkey)
        checkpoint, signed_by = verify_checkpoint(text, trusted or [own])
    except UnknownSigner as error:
        kind = CheckpointUntrusted if trusted else CheckpointRefused
        raise kind(f"checkpoint: {error}", member=names.CHECKPOINT) from error
    except NoteError as error:
        msg = f"checkpoint: {error}"
        raise CheckpointRefused(msg, member=names.CHECKPOINT) from error
    _check_own_key(text, own)
    if checkpoint.origin not in {key.name for key in signed_by}:
        signers = ", ".join(key.name for key in signed_by)
        msg = f"checkpoint of {checkpoint.origin} signed by {signers}, not by the log itself"
        raise OriginMismatch(msg, member=names.CHECKPOINT)
    return checkpoint, signed_by


def _check_own_key(text: str, own: VerifierKey) -> None:
    """The key that comes along must be one that signed, even where it is not relied on."""
    try:
        verify_checkpoint(text, [own])
    except NoteError as error:
        msg = f"the key that comes along did not sign: {error}"
        raise CheckpointRefused(msg, member=names.KEY) from error


def _check_log(manifest: Manifest, checkpoint: Checkpoint, pin: Checkpoint | None) -> None:
    if manifest.origin != checkpoint.origin:
        msg = f"manifest of {manifest.origin}, checkpoint of {checkpoint.origin}"
        raise OriginMismatch(msg, member=names.CHECKPOINT)
    if manifest.tree_size != checkpoint.size:
        msg = f"manifest: tree of {manifest.tree_size}; checkpoint: tree of {checkpoint.size}"
        raise ManifestMismatch(msg, member=names.MANIFEST)
    if not manifest.partial and manifest.entries != checkpoint.size:
        msg = f"manifest: {manifest.entries} entries; checkpoint: {checkpoint.size}"
        raise ManifestMismatch(msg, member=names.MANIFEST)
    if pin is None:
        return
    if pin.origin != checkpoint.origin:
        msg = f"the pinned checkpoint is of {pin.origin}, this one of {checkpoint.origin}"
        raise OriginMismatch(msg, member=names.CHECKPOINT)
    if pin.size > checkpoint.size:
        msg = f"size {checkpoint.size} is behind the pinned checkpoint of size {pin.size}"
        raise RolledBack(msg, member=names.CHECKPOINT)
    if pin.size == checkpoint.size:
        _check_pin(pin, checkpoint.root)


def _check_pin(pin: Checkpoint, root: bytes) -> None:
    if pin.root != root:
        msg = f"size {pin.size}: pinned root {pin.root.hex()}, root here {root.hex()}"
        raise SplitView(msg, member=names.CHECKPOINT)


def _verify_entries(
    archive: Archive,
    manifest: Manifest,
    checkpoint: Checkpoint,
    pin: Checkpoint | None,
    progress: Progress,
) -> _Tally:
    tally, page_digest = _Tally(), hashlib.sha256()
    page = PageWriter(page_digest.update)
    page.begin(manifest, checkpoint)
    for line in _lines(archive, manifest):
        _note(tally, line)
        if manifest.partial:
            tally.proofs.add(_verify_proof(archive, checkpoint, line))
        else:
            tally.edge = append_leaf(line.header.index, tally.edge, line.leaf_hash).edge
            if pin is not None and pin.size == tally.count:
                _check_pin(pin, root_of(tally.edge))
        page.add(line.header, line.leaf_hash.hex(), line.record)
        progress("entries", tally.count, manifest.entries)
    page.end()
    if not manifest.partial and root_of(tally.edge) != checkpoint.root:  # 6
        msg = (
            f"entries add up to root {root_of(tally.edge).hex()}, signed is {checkpoint.root.hex()}"
        )
        raise RootMismatch(msg, member=names.ENTRIES)
    if _sha256(archive, names.PAGE) != page_digest.hexdigest():  # 8
        msg = f"{names.PAGE} tells otherwise than the entries"
        raise PageMismatch(msg, member=names.PAGE)
    return tally


def _lines(archive: Archive, manifest: Manifest) -> Iterator[EntryLine]:
    last = -1
    count = 0
    for number, text in enumerate(archive.lines(names.ENTRIES)):
        line = parse_line(text, number)  # 5
        index = line.header.index
        expected = index if manifest.partial and index > last else last + 1
        if index != expected:
            _refuse_place(archive, index, expected)
        if line.header.log != manifest.log:
            msg = f"entry {index} is of log {line.header.log}, not {manifest.log}"
            raise ForeignEntry(msg, index=index)
        if count == manifest.entries:
            msg = f"entry {index} is one more than the {manifest.entries} that were exported"
            raise EntryCountMismatch(msg, index=index)
        yield line
        last, count = index, count + 1
    if count != manifest.entries:
        msg = f"entries end after {count} of {manifest.entries}"
        if not manifest.partial:
            msg += f": entry {count} is missing"
        raise EntryCountMismatch(msg, index=None if manifest.partial else count)


def _refuse_place(archive: Archive, index: int, expected: int) -> None:
    """Say which lie it is when `index` stands where `expected` should."""
    if index < expected:
        msg = f"entry {index} comes again, or after entry {expected - 1}"
        raise EntryRepeated(msg, index=index)
    rest = (parse_line(text, number) for number, text in enumerate(archive.lines(names.ENTRIES)))
    if any(line.header.index == expected for line in rest):
        msg = f"entry {index} stands in the place of entry {expected}, which comes later"
        raise EntryOutOfPlace(msg, index=index)
    msg = f"entry {expected} is missing: entry {index} stands in its place"
    raise EntryMissing(msg, index=expected)


def _note(tally: _Tally, line: EntryLine) -> None:
    tally.count += 1
    at = format_time(line.header.at)
    tally.times = [min([at, *tally.times]), max([at, *tally.times])]
    if line.record is None:
        tally.erased.append(line.header.index)
        return
    for attachment in line.record.attachments:
        index = line.header.index
        known, first = tally.attachments.setdefault(attachment.sha256, (attachment, index))
        if known.size != attachment.size:
            msg = f"entries {first} and {index}: {attachment.sha256} has {known.size} or {attachment.size} bytes"
            raise EvidenceSizeMismatch(msg, index=index, member=attachment.sha256)


def _verify_proof(archive: Archive, checkpoint: Checkpoint, line: EntryLine) -> str:
    index = line.header.index
    member = f"{names.PROOFS}{index}.tlog-proof"
    try:
        proof = TlogProof.from_text(archive.read_text(member))
        if proof.index != index or proof.checkpoint.text != checkpoint.text:
            msg = f"entry {index}: {member} is of entry {proof.index}, or of another checkpoint"
            raise InclusionRefused(msg, index=index, member=member)
        proof.inclusion.verify(line.leaf_hash, checkpoint.root)  # 6
    except (NoteError, MerkleError) as error:
        msg = f"entry {index}: {member}: {error}"
        raise InclusionRefused(msg, index=index, member=member) from error
    return member


def _verify_evidence(
    archive: Archive, manifest: Manifest, tally: _Tally, progress: Progress
) -> int:
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
