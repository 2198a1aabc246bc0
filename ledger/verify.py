"""Check an export without the server that made it: `verify_bundle` raises at the first fault, and names it.

The protocol. The steps are marked in the code by their numbers.

    1  open the archive: names safe, unique and expected, sizes believable
    2  read the manifest
    3  read the checkpoint; the key that comes along, under the log's own name, signed it, and each change of key that comes
       along holds and leads to that key
    4  it is of the log that the manifest names, and does not go back behind a pinned checkpoint
    5  cosignatures of trusted witnesses hold, on the checkpoint and on the area's that covers it, and are enough; a trusted
       key signed the checkpoint, or the changes lead from it to the one that did
    6  each entry: canonical, in its place, of this log, header as hashed, content as committed to
    7  the entries are those that the checkpoint signs: they add up to its root, or each one's proof does
    8  each attachment is there, with its hash and size; nothing else is
    9  the readable page says what the entries say
    10 report what was checked, and what was not
"""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ledger import archive as names
from ledger.archive import Archive, Manifest
from ledger.checkpoint import Checkpoint, parse_checkpoint, verify_checkpoint
from ledger.contents import Progress as Progress
from ledger.contents import check_pin, verify_entries, verify_evidence
from ledger.cosignature import WitnessKey
from ledger.errors import (
    CheckpointRefused,
    CheckpointUntrusted,
    MalformedKey,
    ManifestMismatch,
    NoteError,
    OriginMismatch,
    RolledBack,
    UnknownSigner,
)
from ledger.key_changes import follow, read_changes
from ledger.keychain import KeyChange
from ledger.note import VerifierKey
from ledger.witnessed import AreaReport, Trust, Witnessed, WitnessVouch, verify_witnessed

_MOST_ERASED_NAMED = 100


class Caution(StrEnum):
    """What a good report still does not prove."""

    OWN_KEY = "own_key"
    ERASED = "erased"
    PIN_UNCHECKED = "pin_unchecked"
    AREA_OWN_KEY = "area_own_key"
    UNKNOWN_WITNESSES = "unknown_witnesses"
    WITNESSED_IN_PART = "witnessed_in_part"


class KeyChangeReport(BaseModel):
    """A change of key that was followed: entry `index` of the log `origin` put `new` in the place of `old` (vkeys).

    kind: `key.rotated`, signed by the old key, or `key.replaced`, where it was lost and trusted witnesses vouch.
    """

    model_config = ConfigDict(frozen=True)

    origin: str
    kind: str
    index: int
    old: str
    new: str


class Report(BaseModel):
    """What was checked. `cautions` say what was not; `key_changes` what led from a trusted key to one that signed."""

    model_config = ConfigDict(frozen=True)

    origin: str
    log: str
    title: str
    tree_size: int
    root: str
    signed_by: tuple[str, ...]
    is_trusted: bool
    key_changes: tuple[KeyChangeReport, ...]
    area: AreaReport | None
    witnesses: tuple[WitnessVouch, ...]
    unknown_witnesses: tuple[str, ...]
    witnessed_size: int
    is_partial: bool
    entries: int
    first_at: str | None
    last_at: str | None
    evidence_files: int
    evidence_bytes: int
    erased: int
    erased_indices: tuple[int, ...]
    cautions: tuple[Caution, ...]


def verify_bundle(
    path: Path,
    *,
    trusted_vkeys: Sequence[str] | None = None,
    witness_vkeys: Sequence[str] = (),
    need: int = 0,
    pinned: str | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check an export and return what was found good.

    trusted_vkeys: keys that the verifier got elsewhere; without any, the bundle's own key is used and the report
    says so; a key of the area's log may be among them. A key that was changed since leads to the present one. witness_vkeys, need: witnesses that the verifier trusts, and
    how many of them must have cosigned. pinned: a checkpoint of the same log that the verifier has seen before. progress: told the stage
    ("entries" or "evidence"), how many are done and how many there are.

    Raises a BundleError for the first fault; MalformedKey, MalformedNote or MalformedCheckpoint for bad arguments.
    """
    trust = Trust(
        [VerifierKey.from_vkey(vkey) for vkey in trusted_vkeys or ()],
        [WitnessKey.from_vkey(vkey) for vkey in witness_vkeys],
        need,
    )
    pin = None if pinned is None else parse_checkpoint(pinned)
    told = progress or (lambda stage, done, total: None)  # noqa: ARG005  the shape of Progress
    with Archive(path) as archive:  # 1
        manifest = Manifest.from_json(archive.read(names.MANIFEST))  # 2
        checkpoint, own = _verify_own_signature(archive)  # 3
        changes = read_changes(archive, manifest, names.KEY_CHANGES, checkpoint, own)
        _check_log(manifest, checkpoint, pin)  # 4
        witnessed = verify_witnessed(archive, manifest, checkpoint, own, trust)  # 5
        signed_by, followed = _verify_trusted(checkpoint, own, changes, trust, witnessed.size)
        tally = verify_entries(
            archive, manifest, checkpoint, pin, witnessed.checkpoint, told
        )  # 6, 7, 9
        evidence_bytes = verify_evidence(archive, manifest, tally, told)  # 8
    is_pin_checked = pin is None or not manifest.partial or pin.size == checkpoint.size
    cautions = {  # 10
        Caution.OWN_KEY: not trust.keys,
        Caution.ERASED: bool(tally.erased),
        Caution.PIN_UNCHECKED: not is_pin_checked,
        **_cautions(witnessed, checkpoint),
    }
    return Report(
        origin=checkpoint.origin,
        log=manifest.log,
        title=manifest.title,
        tree_size=checkpoint.size,
        root=checkpoint.root.hex(),
        signed_by=tuple(key.to_vkey() for key in signed_by),
        is_trusted=bool(trust.keys),
        key_changes=tuple(_told(change) for change in (*followed, *witnessed.key_changes)),
        area=witnessed.area,
        witnesses=witnessed.witnesses,
        unknown_witnesses=witnessed.unknown,
        witnessed_size=witnessed.size,
        is_partial=manifest.partial,
        entries=tally.count,
        first_at=tally.first_at,
        last_at=tally.last_at,
        evidence_files=len(tally.attachments),
        evidence_bytes=evidence_bytes,
        erased=len(tally.erased),
        erased_indices=tuple(tally.erased[:_MOST_ERASED_NAMED]),
        cautions=tuple(caution for caution, holds in cautions.items() if holds),
    )


def _cautions(witnessed: Witnessed, checkpoint: Checkpoint) -> dict[Caution, bool]:
    area = witnessed.area
    is_vouched = area is None or area.is_trusted or bool(witnessed.witnesses)
    return {
        Caution.AREA_OWN_KEY: not is_vouched,
        Caution.UNKNOWN_WITNESSES: bool(witnessed.unknown),
        Caution.WITNESSED_IN_PART: bool(witnessed.witnesses) and witnessed.size < checkpoint.size,
    }


def _told(change: KeyChange) -> KeyChangeReport:
    return KeyChangeReport(
        origin=change.new.name,
        kind=change.kind,
        index=change.index,
        old=change.old.to_vkey(),
        new=change.new.to_vkey(),
    )


def _verify_own_signature(archive: Archive) -> tuple[Checkpoint, VerifierKey]:
    """The key that comes along must be one that signed, under the log's name, even where it is not relied on."""
    text = archive.read_text(names.CHECKPOINT)
    vkey = archive.read_text(names.KEY)
    try:
        own = VerifierKey.from_vkey(vkey)
    except MalformedKey as error:
        msg = f"{names.KEY}: {error}"
        raise CheckpointRefused(msg, member=names.KEY) from error
    try:
        checkpoint, _ = verify_checkpoint(text, [own])
    except UnknownSigner as error:
        msg = f"checkpoint: the key that comes along did not sign: {error}"
        raise CheckpointRefused(msg, member=names.KEY) from error
    except NoteError as error:
        msg = f"checkpoint: {error}"
        raise CheckpointRefused(msg, member=names.CHECKPOINT) from error
    if checkpoint.origin != own.name:
        msg = f"checkpoint of {checkpoint.origin} signed by {own.name}, not by the log itself"
        raise OriginMismatch(msg, member=names.CHECKPOINT)
    return checkpoint, own


def _verify_trusted(
    checkpoint: Checkpoint,
    own: VerifierKey,
    changes: Sequence[KeyChange],
    trust: Trust,
    vouched: int,
) -> tuple[tuple[VerifierKey, ...], tuple[KeyChange, ...]]:
    """Return the trusted keys, or those that they led to, which signed the checkpoint, and the changes that led there.

    own: the key that comes along, which has to do where none is trusted; vouched: how many entries witnesses vouch for.
    """
    if not trust.keys:
        return (own,), ()
    trusted = [key for key in trust.keys if key.name == checkpoint.origin]
    keys, followed = follow(changes, names.KEY_CHANGES, trusted, vouched)
    try:
        return verify_checkpoint(checkpoint.text, keys)[1], followed
    except UnknownSigner as error:
        msg = f"checkpoint: {error}"
        raise CheckpointUntrusted(msg, member=names.CHECKPOINT) from error
    except NoteError as error:
        msg = f"checkpoint: {error}"
        raise CheckpointRefused(msg, member=names.CHECKPOINT) from error


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
        check_pin(pin, checkpoint.root)
