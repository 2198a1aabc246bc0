"""Who vouches for an export's checkpoint besides the key that signed it: witnesses, by themselves or for the area.

    entry → checkpoint → entry of the area log → the area's checkpoint → cosignatures

Step 5 of the protocol in `ledger.verify`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from ledger import archive as names
from ledger.archive import WITH_AREA, Archive, Manifest
from ledger.area import AreaVouch, verify_area
from ledger.checkpoint import Checkpoint, verify_checkpoint
from ledger.cosignature import Cosignature, WitnessKey, cosignatures
from ledger.entry import format_time
from ledger.errors import (
    AreaCheckpointRefused,
    AreaNotContinued,
    AreaOfAnotherLedger,
    AreaRefused,
    AreaUntrusted,
    ConsistencyMismatch,
    CosignatureRefused,
    InclusionRefused,
    InvalidSignature,
    LedgerError,
    MalformedKey,
    MerkleError,
    NoteError,
    OriginMismatch,
    TooFewWitnesses,
    UnexpectedMember,
    UnknownSigner,
)
from ledger.key_changes import follow, read_changes
from ledger.keychain import KeyChange
from ledger.note import VerifierKey, parse_note

_FAULTS: tuple[tuple[type[LedgerError], type[AreaRefused]], ...] = (
    (UnknownSigner, AreaUntrusted),
    (InvalidSignature, AreaCheckpointRefused),
    (OriginMismatch, AreaOfAnotherLedger),
    (ConsistencyMismatch, AreaNotContinued),
)


@dataclass(frozen=True)
class Trust:
    """Whom the verifier trusts: keys of logs, keys of witnesses, and how many of these must have cosigned."""

    keys: Sequence[VerifierKey] = ()
    witnesses: Sequence[WitnessKey] = ()
    need: int = 0


class WitnessVouch(BaseModel):
    """A trusted witness that cosigned, when by its own clock, and how many of the ledger's entries that covers."""

    model_config = ConfigDict(frozen=True)

    name: str
    vkey: str
    at: str
    size: int


class AreaReport(BaseModel):
    """The area log that covers the first `covered` entries.

    is_trusted: the verifier had its key, or one that led to it, from elsewhere.
    """

    model_config = ConfigDict(frozen=True)

    origin: str
    size: int
    covered: int
    is_trusted: bool


@dataclass(frozen=True)
class Witnessed:
    """What was found. `unknown` names who else signed; `size` is how many entries enough witnesses vouch for.

    key_changes: of the area's key, as far as they were followed.
    """

    area: AreaReport | None
    checkpoint: Checkpoint | None
    witnesses: tuple[WitnessVouch, ...]
    unknown: tuple[str, ...]
    size: int
    key_changes: tuple[KeyChange, ...] = ()


def verify_witnessed(
    archive: Archive, manifest: Manifest, checkpoint: Checkpoint, own: VerifierKey, trust: Trust
) -> Witnessed:
    """Check the cosignatures and the area proof that come along, and that enough trusted witnesses cosigned.

    own: the key that comes along. Raises CosignatureRefused, TooFewWitnesses, AreaRefused, KeyChangeRefused,
    MissingMember, UnexpectedMember.
    """
    area, vouch, key_changes = _area(archive, manifest, checkpoint, trust)
    logs = [own, *trust.keys]
    found = _cosigned(checkpoint, checkpoint.size, trust, names.CHECKPOINT)
    unknown = _unknown(checkpoint, logs, trust)
    if vouch is not None:
        found += _cosigned(vouch.area, vouch.covered.size, trust, names.AREA)
        area_key = VerifierKey.from_vkey(archive.read_text(names.AREA_KEY))
        unknown |= _unknown(vouch.area, [area_key, *logs], trust)
    # Whoever cosigned both counts once; two names of one key are one witness.
    widest: dict[bytes, tuple[int, Cosignature]] = {}
    for size, one in sorted(found, key=lambda pair: (pair[0], pair[1].timestamp)):
        widest[one.key.public_key] = (size, one)
    if len(widest) < trust.need:
        told = ", ".join(sorted(one.key.name for _, one in widest.values())) or "none"
        msg = (
            f"cosigned by {len(widest)} of the trusted witnesses ({told}), needed are {trust.need}"
        )
        raise TooFewWitnesses(msg, member=names.CHECKPOINT if vouch is None else names.AREA)
    vouches = [_vouch(size, one) for size, one in widest.values()]
    sizes = sorted((vouch.size for vouch in vouches), reverse=True)
    return Witnessed(
        area=area,
        checkpoint=None if vouch is None else vouch.area,
        witnesses=tuple(sorted(vouches, key=lambda vouch: vouch.name)),
        unknown=tuple(sorted(unknown)),
        size=sizes[max(trust.need, 1) - 1] if sizes else 0,
        key_changes=key_changes,
    )


def _area(
    archive: Archive, manifest: Manifest, checkpoint: Checkpoint, trust: Trust
) -> tuple[AreaReport | None, AreaVouch | None, tuple[KeyChange, ...]]:
    members = archive.names(names.AREA_MEMBERS) | archive.names(names.AREA_KEY_CHANGES)
    if not members:
        return None, None, ()
    if manifest.format not in WITH_AREA:
        msg = f"{min(members)} does not belong in an export of format {manifest.format}"
        raise UnexpectedMember(msg, member=min(members))
    text, vkey = archive.read_text(names.AREA), archive.read_text(names.AREA_KEY)
    try:
        own = VerifierKey.from_vkey(vkey)
    except MalformedKey as error:
        msg = f"{names.AREA_KEY}: {error}"
        raise AreaRefused(msg, member=names.AREA_KEY) from error
    try:
        # The key that comes along must be one that signed, even where it is not relied on.
        vouch = verify_area(text, checkpoint, [own])
    except (NoteError, MerkleError, OriginMismatch, InclusionRefused) as error:
        raise _refused(error) from error
    changes = read_changes(archive, manifest, names.AREA_KEY_CHANGES, vouch.area, own)
    trusted = [key for key in trust.keys if key.name == own.name]
    followed: tuple[KeyChange, ...] = ()
    if trusted:
        cosigners = {one.key.public_key for _, one in _cosigned(vouch.area, 0, trust, names.AREA)}
        vouched = vouch.area.size if len(cosigners) >= max(trust.need, 1) else 0
        keys, followed = follow(changes, names.AREA_KEY_CHANGES, trusted, vouched)
        try:
            verify_checkpoint(vouch.area.text, keys)
        except NoteError as error:
            raise _refused(error) from error
    report = AreaReport(
        origin=vouch.area.origin,
        size=vouch.area.size,
        covered=vouch.covered.size,
        is_trusted=bool(trusted),
    )
    return report, vouch, followed


def _refused(error: LedgerError) -> AreaRefused:
    kind = next((to for of, to in _FAULTS if isinstance(error, of)), AreaRefused)
    return kind(f"{names.AREA}: {error}", member=names.AREA)


def _cosigned(
    checkpoint: Checkpoint, size: int, trust: Trust, member: str
) -> list[tuple[int, Cosignature]]:
    try:
        return [(size, one) for one in cosignatures(checkpoint.text, trust.witnesses)]
    except InvalidSignature as error:
        msg = f"{member}: {error}"
        raise CosignatureRefused(msg, member=member) from error


def _unknown(checkpoint: Checkpoint, logs: Sequence[VerifierKey], trust: Trust) -> set[str]:
    known = {(key.name, key.key_id) for key in logs}
    known |= {(key.name, key.key_id) for key in trust.witnesses}
    lines = parse_note(checkpoint.text).signatures
    return {line.name for line in lines if (line.name, line.key_id) not in known}


def _vouch(size: int, one: Cosignature) -> WitnessVouch:
    return WitnessVouch(
        name=one.key.name, vkey=one.key.to_vkey(), at=format_time(one.at), size=size
    )
