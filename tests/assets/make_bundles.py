"""Make the exports under `bundles/`: some that hold, and one for each lie, named for it.

Run as `python tests/assets/make_bundles.py`. Keys, salts and times are fixed, so a second run changes nothing.
"""

import base64
import hashlib
import io
import json
import struct
import sys
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import JsonValue

from ledger import log
from ledger.area import area_record
from ledger.bundle import AreaProof, write_bundle
from ledger.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from ledger.cosignature import WitnessKey, add_cosignatures, cosign
from ledger.entry import Attachment, Record, canonical, seal
from ledger.keychain import REPLACED, ROTATED
from ledger.keychain import SECTION as KEYS_SECTION
from ledger.keys import SigningKey
from ledger.lines import entry_to_line
from ledger.log import erase_content, publish_checkpoint
from ledger.merkle import append_leaf, leaf_hash
from ledger.note import parse_note, signature_line
from ledger.proof import TlogProof
from ledger.rotation import state_change
from ledger.statement import Statement
from ledger.store import Head, MemoryStore

FOLDER = Path(__file__).parent / "bundles"
ORIGIN = "log.example/ledger/plant-1"
LOG_ID = "plant-1"
SIZE = 12
CHOSEN = (2, 7, 11)
START = datetime(2026, 11, 24, 8, tzinfo=UTC)

Members = dict[str, bytes]


def fixed_key(seed: str, name: str = ORIGIN) -> SigningKey:
    """Return a key that is the same in every run."""
    return SigningKey(
        name, Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())
    )


KEY = fixed_key("the log's own key")
OTHER_KEY = fixed_key("somebody else's key")
SECOND_KEY = fixed_key("the log's second key")
THIRD_KEY = fixed_key("the log's third key")
AREA_ID = "area-1"
AREA_KEY = fixed_key("the area's key", "log.example/ledger/area-1")
OTHER_AREA_KEY = fixed_key("somebody else's key", AREA_KEY.name)
SECOND_AREA_KEY = fixed_key("the area's second key", AREA_KEY.name)
BUREAU = fixed_key("the bureau's key", "bureau.example/witness")
INSURER = fixed_key("the insurer's key", "insurer.example/witness")
STRANGER = fixed_key("a stranger's key", "stranger.example/witness")
WITNESSES = [WitnessKey.of(BUREAU), WitnessKey.of(INSURER)]
COSIGNED_AT = int((START + timedelta(hours=6)).timestamp())


def picture(shade: int) -> bytes:
    """Return a grey PNG of 8 × 8 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = (b"\0" + bytes([shade] * 8)) * 8
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0))
    # Level 0 is the same in every version of zlib.
    return (
        b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")
    )


PICTURES = {hashlib.sha256(data).hexdigest(): data for data in map(picture, (40, 120, 200))}


def record(index: int) -> Record:
    """Return the record of an index: every fourth one has a picture."""
    attachments: tuple[Attachment, ...] = ()
    if index % 4 == 2:
        sha256, data = list(PICTURES.items())[index // 4]
        attachments = (Attachment(sha256, "image/png", len(data), "photo"),)
    return Record(
        kind="finding.recorded" if attachments else "ticket.stepped",
        section="L27",
        at=START + timedelta(minutes=7 * index),
        by=f"user:{index % 3}",
        data={
            "note": f"第 {index} 条 <b>&amp;</b>",
            "level": index % 3,
            "boxes": [[0.25, 0.5, 0.75, 1.0]],
        },
        attachments=attachments,
    )


def filled_store(size: int = SIZE) -> MemoryStore:
    """Return a log of `size` entries."""
    store = MemoryStore()
    for index in range(size):
        head = store.lock_head(LOG_ID)
        salt = hashlib.sha256(f"salt {index}".encode()).digest()
        entry = seal(LOG_ID, index, record(index), salt=salt)
        edge, completed = append_leaf(index, head.edge, bytes.fromhex(entry.leaf_hash))
        store.add(LOG_ID, entry, Head(index + 1, edge), completed)
    return store


def exported(
    store: MemoryStore,
    checkpoint: Checkpoint,
    indices: tuple[int, ...] | None = None,
    area: AreaProof | None = None,
    key: SigningKey = KEY,
    changes: Sequence[Statement] = (),
) -> Members:
    """Return the members of an export, signed by `key`."""
    target = io.BytesIO()
    write_bundle(
        target,
        store,
        LOG_ID,
        checkpoint,
        lambda sha256: io.BytesIO(PICTURES[sha256]),
        key.vkey,
        indices=indices,
        title="示例工厂 Demo plant",
        area=area,
        changes=changes,
        created_at=START + timedelta(days=1),
    )
    with zipfile.ZipFile(target) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def full() -> Members:
    """Return a full export that holds."""
    store = filled_store()
    return exported(store, publish_checkpoint(store, LOG_ID, KEY))


def partial() -> Members:
    """Return a partial export that holds."""
    store = filled_store()
    return exported(store, publish_checkpoint(store, LOG_ID, KEY), CHOSEN)


def erased() -> Members:
    """Return a full export that holds, with the content of one entry erased."""
    store = filled_store()
    erase_content(store, LOG_ID, 5)
    return exported(store, publish_checkpoint(store, LOG_ID, KEY))


def forked_store() -> MemoryStore:
    """Return another history of the same log and size."""
    store = MemoryStore()
    for index in range(SIZE):
        head = store.lock_head(LOG_ID)
        entry = seal(LOG_ID, index, record(index), salt=bytes(32))
        edge, completed = append_leaf(index, head.edge, bytes.fromhex(entry.leaf_hash))
        store.add(LOG_ID, entry, Head(index + 1, edge), completed)
    return store


def covering(
    covered: Checkpoint, *witnesses: SigningKey, key: SigningKey = AREA_KEY
) -> tuple[bytes, Checkpoint, TlogProof]:
    """Return the area's entry (a line) that publishes `covered`, the area's cosigned checkpoint and the entry's proof."""
    store = MemoryStore()
    neighbour = fixed_key("a neighbour's key", "log.example/ledger/plant-9")
    others = [sign_checkpoint(neighbour.name, size, bytes(32), neighbour) for size in (3, 4)]
    lines = []
    for index, published in enumerate((others[0], covered, others[1])):
        head = store.lock_head(AREA_ID)
        salt = hashlib.sha256(f"area salt {index}".encode()).digest()
        entry = seal(AREA_ID, index, area_record(published, START), salt=salt)
        edge, completed = append_leaf(index, head.edge, bytes.fromhex(entry.leaf_hash))
        store.add(AREA_ID, entry, Head(index + 1, edge), completed)
        lines.append(entry_to_line(entry).removesuffix(b"\n"))
    area = cosigned(publish_checkpoint(store, AREA_ID, key), *witnesses)
    return lines[1], area, log.tlog_proof(store, AREA_ID, 1, area)


def cosigned(checkpoint: Checkpoint, *witnesses: SigningKey) -> Checkpoint:
    """Return the checkpoint with the cosignatures of these witnesses."""
    text = checkpoint.text
    for witness in witnesses:
        text = add_cosignatures(text, cosign(checkpoint.text, witness, COSIGNED_AT))
    return parse_checkpoint(text)


def vouched(
    *witnesses: SigningKey,
    covered: Checkpoint | None = None,
    key: SigningKey = AREA_KEY,
    indices: tuple[int, ...] | None = None,
) -> Members:
    """Return an export whose first 8 entries the area covers, under a checkpoint that these witnesses cosigned."""
    store = filled_store()
    checkpoint = publish_checkpoint(store, LOG_ID, KEY)
    covered = covered or publish_checkpoint(filled_store(8), LOG_ID, KEY)
    line, _, proof = covering(covered, *witnesses, key=key)
    continued = log.prove_consistency(store, LOG_ID, min(covered.size, SIZE), SIZE)
    statement = Statement(line, proof, continued.hashes)
    return exported(store, checkpoint, indices, AreaProof(statement, key.vkey))


def with_area() -> Members:
    """Return a full export that two witnesses and a stranger vouch for, by way of its area."""
    return vouched(BUREAU, INSURER, STRANGER)


def with_area_partial() -> Members:
    """Return a partial export that two witnesses vouch for."""
    return vouched(BUREAU, INSURER, indices=CHOSEN)


def with_cosignatures() -> Members:
    """Return a full export whose own checkpoint two witnesses cosigned; there is no area."""
    store = filled_store()
    return exported(store, cosigned(publish_checkpoint(store, LOG_ID, KEY), BUREAU, INSURER))


def put(store: MemoryStore, log_id: str, record: Record) -> int:
    """Append with a fixed salt; return the index."""
    head = store.lock_head(log_id)
    salt = hashlib.sha256(f"salt {log_id} {head.size}".encode()).digest()
    entry = seal(log_id, head.size, record, salt=salt)
    edge, completed = append_leaf(head.size, head.edge, bytes.fromhex(entry.leaf_hash))
    store.add(log_id, entry, Head(head.size + 1, edge), completed)
    return head.size


@dataclass
class Rotated:
    """A log whose key was changed by entry 4, and again by entry 8, of 12 entries; its checkpoint, and the changes."""

    kinds: tuple[str, str] = (ROTATED, ROTATED)
    signers: tuple[SigningKey, SigningKey] | None = None
    origin: str = ORIGIN
    name: str = ORIGIN

    def __post_init__(self) -> None:
        """Let it grow."""
        self.keys = [key.named(self.name) for key in (KEY, SECOND_KEY, THIRD_KEY)]
        self.store, self.announced = filled_store(4), list[Checkpoint]()
        for number, kind in enumerate(self.kinds):
            self._change(number, kind)
            for index in range(5 + 4 * number, 8 + 4 * number):
                put(self.store, LOG_ID, record(index))
        signed = publish_checkpoint(self.store, LOG_ID, THIRD_KEY)
        self.checkpoint = signed

    def _change(self, number: int, kind: str) -> None:
        old, new = self.keys[number : number + 2]
        data: dict[str, JsonValue] = {"old": old.vkey, "new": new.vkey}
        data |= {"reason": "fire"} if kind == REPLACED else {}
        at = START + timedelta(minutes=7 * (4 + 4 * number))
        index = put(self.store, LOG_ID, Record(kind, KEYS_SECTION, at, "system", data))
        own = self.signers[number] if self.signers else (old if kind == ROTATED else new)
        root = log.root_at(self.store, LOG_ID, index + 1)
        self.announced.append(sign_checkpoint(self.origin, index + 1, root, own.named(self.origin)))

    @property
    def changes(self) -> list[Statement]:
        """The statements that an export carries."""
        return [
            state_change(self.store, LOG_ID, each.size - 1, each, self.checkpoint)
            for each in self.announced
        ]

    def members(
        self, indices: tuple[int, ...] | None = None, area: AreaProof | None = None
    ) -> Members:
        """Return the export."""
        own = THIRD_KEY
        return exported(self.store, self.checkpoint, indices, area, own, self.changes)

    def vouched(self, covered_size: int) -> Members:
        """Return an export whose first entries an area covers, cosigned by both witnesses."""
        root = log.root_at(self.store, LOG_ID, covered_size)
        covered = sign_checkpoint(ORIGIN, covered_size, root, THIRD_KEY)
        line, _, proof = covering(covered, BUREAU, INSURER)
        continued = log.prove_consistency(self.store, LOG_ID, covered_size, SIZE)
        statement = Statement(line, proof, continued.hashes)
        return self.members(area=AreaProof(statement, AREA_KEY.vkey))


def with_rotated_keys() -> Members:
    """Return a full export of a log whose key was rotated twice."""
    return Rotated().members()


def with_rotated_keys_partial() -> Members:
    """Return some entries of a log whose key was rotated twice."""
    return Rotated().members(CHOSEN)


def with_a_replaced_key() -> Members:
    """Return a full export of a log whose key was rotated, then lost and replaced under two witnesses."""
    return Rotated((ROTATED, REPLACED)).vouched(10)


def area_rotated(kind: str, *witnesses: SigningKey, signer: SigningKey = AREA_KEY) -> Members:
    """Return a full export covered by an area whose own key was changed after it covered the ledger."""
    store = filled_store()
    checkpoint = publish_checkpoint(store, LOG_ID, KEY)
    covered = publish_checkpoint(filled_store(8), LOG_ID, KEY)
    statement, changes = _covered(store, covered, kind, witnesses, signer)
    return exported(store, checkpoint, area=AreaProof(statement, SECOND_AREA_KEY.vkey, changes))


def covered_by_a_rotated_key(ledger: Rotated) -> tuple[Statement, tuple[Statement, ...]]:
    """Return the proof that an area covers 10 entries of a ledger, under both witnesses, and its one change of key."""
    root = log.root_at(ledger.store, LOG_ID, 10)
    covered = sign_checkpoint(ORIGIN, 10, root, THIRD_KEY)
    return _covered(ledger.store, covered, ROTATED, (BUREAU, INSURER), AREA_KEY)


def _covered(
    store: MemoryStore,
    covered: Checkpoint,
    kind: str,
    witnesses: Sequence[SigningKey],
    signer: SigningKey,
) -> tuple[Statement, tuple[Statement, ...]]:
    area = MemoryStore()
    put(area, AREA_ID, area_record(covered, START))
    data: dict[str, JsonValue] = {"old": AREA_KEY.vkey, "new": SECOND_AREA_KEY.vkey}
    put(area, AREA_ID, Record(kind, KEYS_SECTION, START, "system", data))
    announced = sign_checkpoint(AREA_KEY.name, 2, log.root_at(area, AREA_ID, 2), signer)
    put(area, AREA_ID, area_record(covered, START))
    signed = cosigned(publish_checkpoint(area, AREA_ID, SECOND_AREA_KEY), *witnesses)
    line = entry_to_line(log.get_entry(area, AREA_ID, 0)).removesuffix(b"\n")
    proof = log.tlog_proof(area, AREA_ID, 0, signed)
    continued = log.prove_consistency(store, LOG_ID, covered.size, SIZE)
    change = state_change(area, AREA_ID, 1, announced, signed)
    return Statement(line, proof, continued.hashes), (change,)


def with_a_rotated_area_key() -> Members:
    """Return a full export covered by an area whose key was rotated."""
    return area_rotated(ROTATED, BUREAU, INSURER)


def with_a_replaced_area_key() -> Members:
    """Return a full export covered by an area whose key was lost and replaced under two witnesses."""
    return area_rotated(REPLACED, BUREAU, INSURER, signer=SECOND_AREA_KEY)


GOOD: dict[str, Callable[[], Members]] = {
    "full": full,
    "partial": partial,
    "erased": erased,
    "with-area": with_area,
    "with-area-partial": with_area_partial,
    "with-cosignatures": with_cosignatures,
    "with-rotated-keys": with_rotated_keys,
    "with-rotated-keys-partial": with_rotated_keys_partial,
    "with-a-replaced-key": with_a_replaced_key,
    "with-a-rotated-area-key": with_a_rotated_area_key,
    "with-a-replaced-area-key": with_a_replaced_area_key,
}

LIES: dict[str, Callable[[], Members]] = {}


def lie(make: Callable[[], Members]) -> Callable[[], Members]:
    """Note a maker under its name."""
    LIES[make.__name__.replace("_", "-")] = make
    return make


def _lines(members: Members) -> list[bytes]:
    return members["entries.jsonl"].splitlines(keepends=True)


def _with_lines(members: Members, lines: list[bytes]) -> Members:
    return members | {"entries.jsonl": b"".join(lines)}


def _edit(index: int, change: Callable[[dict], None], members: Members | None = None) -> Members:  # type: ignore[type-arg]
    members = members or full()
    lines = _lines(members)
    fields = json.loads(lines[index])
    change(fields)
    lines[index] = canonical(fields) + b"\n"
    return _with_lines(members, lines)


def _manifest(members: Members, **changes: object) -> Members:
    fields = json.loads(members["manifest.json"]) | changes
    return members | {"manifest.json": json.dumps(fields).encode()}


def _first_evidence(members: Members) -> str:
    return next(name for name in members if name.startswith("evidence/"))


@lie
def content_byte_flipped() -> Members:
    """Entry 3 tells another level than was recorded."""
    return _edit(3, lambda fields: fields["content"]["data"].update(level=2))


@lie
def wrong_salt() -> Members:
    """Entry 4 has another salt."""
    return _edit(4, lambda fields: fields.update(salt="00" * 32))


@lie
def content_hidden_but_salt_kept() -> Members:
    """Entry 4 pretends that its content was erased."""
    return _edit(4, lambda fields: fields.update(content=None))


@lie
def header_changed() -> Members:
    """Entry 6 happened at another time."""
    return _edit(6, lambda fields: fields["header"].update(at="2026-11-24T00:00:00.000000Z"))


@lie
def header_changed_and_leaf_hash_made_to_fit() -> Members:
    """As before, by somebody who knows the format."""

    def change(fields: dict) -> None:  # type: ignore[type-arg]
        fields["header"].update(at="2026-11-24T00:00:00.000000Z")
        fields["leaf_hash"] = leaf_hash(canonical(fields["header"])).hex()

    return _edit(6, change)


@lie
def entries_swapped() -> Members:
    """Entries 3 and 4 change places."""
    members = full()
    lines = _lines(members)
    lines[3], lines[4] = lines[4], lines[3]
    return _with_lines(members, lines)


@lie
def entry_deleted() -> Members:
    """Entry 5 is left out."""
    members = full()
    lines = _lines(members)
    del lines[5]
    return _with_lines(members, lines)


@lie
def entry_inserted() -> Members:
    """A second entry 5 follows the first."""
    members = full()
    lines = _lines(members)
    forged = seal(LOG_ID, 5, record(1), salt=bytes(32))
    lines.insert(6, entry_to_line(forged))
    return _with_lines(members, lines)


@lie
def entry_replaced() -> Members:
    """Entry 5 is another one, whole in itself."""
    members = full()
    lines = _lines(members)
    lines[5] = entry_to_line(seal(LOG_ID, 5, record(1), salt=bytes(32)))
    return _with_lines(members, lines)


@lie
def entry_of_another_log() -> Members:
    """Entry 5 was never in this log."""
    members = full()
    lines = _lines(members)
    lines[5] = entry_to_line(seal("plant-2", 5, record(5), salt=bytes(32)))
    return _with_lines(members, lines)


@lie
def entries_truncated() -> Members:
    """The last two entries are left out."""
    members = full()
    return _with_lines(members, _lines(members)[:-2])


@lie
def entries_truncated_and_manifest_made_to_fit() -> Members:
    """The last two entries are left out, and the manifest knows of no more."""
    members = full()
    return _manifest(_with_lines(members, _lines(members)[:-2]), entries=10, tree_size=10)


@lie
def entry_appended() -> Members:
    """An entry more than was signed."""
    members = full()
    more = entry_to_line(seal(LOG_ID, SIZE, record(1), salt=bytes(32)))
    return _with_lines(members, [*_lines(members), more])


@lie
def line_cut_off() -> Members:
    """The last line has no end."""
    members = full()
    return members | {"entries.jsonl": members["entries.jsonl"][:-1]}


@lie
def non_canonical_json() -> Members:
    """Entry 2 has a space that RFC 8785 does not write."""
    members = full()
    lines = _lines(members)
    lines[2] = lines[2].replace(b'"salt":', b'"salt": ')
    return _with_lines(members, lines)


@lie
def unknown_field() -> Members:
    """Entry 2 has a field that no format knows."""
    return _edit(2, lambda fields: fields.update(remark="trust me"))


@lie
def evidence_byte_flipped() -> Members:
    """One picture has another last byte."""
    members = full()
    name = _first_evidence(members)
    return members | {name: members[name][:-1] + bytes([members[name][-1] ^ 1])}


@lie
def evidence_cut_off() -> Members:
    """One picture is shorter than was recorded."""
    members = full()
    name = _first_evidence(members)
    return members | {name: members[name][:-1]}


@lie
def evidence_missing() -> Members:
    """One picture is left out."""
    members = full()
    del members[_first_evidence(members)]
    return members


@lie
def evidence_swapped() -> Members:
    """Two pictures change names."""
    members = full()
    first, second, *_ = sorted(name for name in members if name.startswith("evidence/"))
    return members | {first: members[second], second: members[first]}


@lie
def evidence_unreferenced() -> Members:
    """A picture that no entry knows."""
    data = picture(7)
    return full() | {f"evidence/{hashlib.sha256(data).hexdigest()}": data}


@lie
def checkpoint_root_changed() -> Members:
    """The checkpoint names another root; its signature is kept."""
    members = full()
    lines = members["checkpoint"].split(b"\n")
    lines[2] = base64.b64encode(bytes(32))
    return members | {"checkpoint": b"\n".join(lines)}


@lie
def checkpoint_size_changed() -> Members:
    """The checkpoint and the manifest name another size; the signature is kept."""
    members = full()
    lines = members["checkpoint"].split(b"\n")
    lines[1] = b"13"
    return _manifest(members | {"checkpoint": b"\n".join(lines)}, tree_size=13, entries=13)


@lie
def checkpoint_without_signature() -> Members:
    """The signature line is gone."""
    members = full()
    return members | {"checkpoint": members["checkpoint"].partition(b"\n\n")[0] + b"\n\n"}


@lie
def signed_by_another_key() -> Members:
    """Somebody signed the same tree with a key of the same name, and put that key in."""
    store = filled_store()
    checkpoint = publish_checkpoint(store, LOG_ID, OTHER_KEY)
    members = exported(store, checkpoint)
    return members | {"key.vkey": OTHER_KEY.vkey.encode() + b"\n"}


@lie
def trusted_signature_forged() -> Members:
    """Somebody signed with a key that comes along, and added a line that claims to be of the log's own key."""
    members = signed_by_another_key()
    line = signature_line(ORIGIN, KEY.verifier.key_id + bytes(64))
    return members | {"checkpoint": members["checkpoint"] + line.encode()}


@lie
def key_replaced() -> Members:
    """The key that comes along is not the one that signed."""
    return full() | {"key.vkey": OTHER_KEY.vkey.encode() + b"\n"}


@lie
def origin_changed() -> Members:
    """A checkpoint of another log, signed by a trusted key under this log's name."""
    store = filled_store()
    root = publish_checkpoint(store, LOG_ID, KEY).root
    return exported(store, sign_checkpoint("log.example/ledger/plant-2", SIZE, root, KEY))


@lie
def manifest_of_another_origin() -> Members:
    """The manifest names another log than the checkpoint."""
    return _manifest(full(), origin="log.example/ledger/plant-2")


@lie
def rolled_back() -> Members:
    """A true but older state, shown to somebody who has seen a newer checkpoint."""
    store = filled_store(8)
    return exported(store, publish_checkpoint(store, LOG_ID, KEY))


@lie
def split_view() -> Members:
    """The log's own key signed another history of the same size."""
    store = forked_store()
    return exported(store, publish_checkpoint(store, LOG_ID, KEY))


@lie
def manifest_count_lies() -> Members:
    """The manifest speaks of 11 entries."""
    return _manifest(full(), entries=11)


@lie
def manifest_evidence_count_lies() -> Members:
    """The manifest speaks of 4 pictures."""
    return _manifest(full(), evidence=4)


@lie
def manifest_of_unknown_format() -> Members:
    """The manifest is of a format that is not known."""
    return _manifest(full(), format="anxun-ledger-bundle/v9")


@lie
def manifest_missing() -> Members:
    """There is no manifest."""
    members = full()
    del members["manifest.json"]
    return members


@lie
def page_forged() -> Members:
    """The readable page tells a nicer story than the entries."""
    members = full()
    return members | {"index.html": members["index.html"].replace("第 3 条".encode(), b"all fine")}


@lie
def proof_of_another_entry() -> Members:
    """Entry 7 comes with the proof of entry 2."""
    members = partial()
    return members | {"proofs/7.tlog-proof": members["proofs/2.tlog-proof"]}


@lie
def proof_hash_changed() -> Members:
    """The proof of entry 7 leads elsewhere."""
    members = partial()
    lines = members["proofs/7.tlog-proof"].split(b"\n")
    lines[2] = base64.b64encode(bytes(32))
    return members | {"proofs/7.tlog-proof": b"\n".join(lines)}


@lie
def proof_missing() -> Members:
    """Entry 7 comes without its proof."""
    members = partial()
    del members["proofs/7.tlog-proof"]
    return members


@lie
def proof_of_an_absent_entry() -> Members:
    """A proof of an entry that was not exported."""
    return partial() | {"proofs/3.tlog-proof": partial()["proofs/2.tlog-proof"]}


@lie
def partial_entry_deleted() -> Members:
    """Entry 7 of a partial export is left out with its proof."""
    members = partial()
    del members["proofs/7.tlog-proof"]
    return _with_lines(members, [line for line in _lines(members) if b'"index":7,' not in line])


@lie
def unexpected_file() -> Members:
    """A program that nobody asked for."""
    return full() | {"verify.exe": b"MZ"}


@lie
def path_traversal() -> Members:
    """A name that leads out of the folder."""
    return full() | {"evidence/../../../.ssh/authorized_keys": b"ssh-ed25519 AAAA"}


@lie
def duplicate_member() -> Members:
    """Two manifests: see `zipped`, which writes the marked one under the first one's name."""
    members = full()
    return members | {"manifest.json#2": members["manifest.json"]}


@lie
def zip_bomb() -> Members:
    """A page of 64 MiB of blanks in 64 KiB."""
    return full() | {"index.html": b" " * (64 << 20)}


@lie
def archive_cut_off() -> Members:
    """Half a download: see `zipped`."""
    return full()


def _in_area(members: Members, old: str, new: str) -> Members:
    text = members["area.tlog-proof"].decode()
    if text.count(old) != 1:
        msg = f"{old} is in the area proof {text.count(old)} times"
        raise AssertionError(msg)
    return members | {"area.tlog-proof": text.replace(old, new).encode()}


def _blob(key: WitnessKey, timestamp: int, rest: bytes) -> str:
    return base64.b64encode(key.key_id + timestamp.to_bytes(8, "big") + rest).decode()


def _cosignature(text: str, name: str) -> bytes:
    line = next(line for line in text.split("\n") if line.startswith(f"\N{EM DASH} {name} "))
    return base64.b64decode(line.rsplit(" ", 1)[1])


@lie
def cosignature_by_another_key() -> Members:
    """Somebody cosigned in the insurer's name, with its key ID but not its key."""
    members = with_area()
    own = _cosignature(members["area.tlog-proof"].decode(), INSURER.name)
    forger = SigningKey(INSURER.name, STRANGER.private_key)
    area = parse_checkpoint(members["area.tlog-proof"].decode().split("\n\n", 1)[1])
    forged = base64.b64decode(cosign(area.text, forger, COSIGNED_AT).rsplit(" ", 1)[1])
    old, new = base64.b64encode(own).decode(), base64.b64encode(own[:4] + forged[4:]).decode()
    return _in_area(members, old, new)


@lie
def cosignature_time_changed() -> Members:
    """The insurer cosigned a year later, says whoever made the export."""
    members = with_area()
    own = _cosignature(members["area.tlog-proof"].decode(), INSURER.name)
    later = _blob(WITNESSES[1], COSIGNED_AT + 365 * 86400, own[12:])
    return _in_area(members, base64.b64encode(own).decode(), later)


@lie
def cosignature_of_another_checkpoint() -> Members:
    """The insurer's cosignature is taken from another checkpoint of the same ledger."""
    store = filled_store()
    older = cosign(publish_checkpoint(filled_store(8), LOG_ID, KEY).text, INSURER, COSIGNED_AT)
    text = add_cosignatures(with_cosignatures()["checkpoint"].decode(), older)
    return exported(store, parse_checkpoint(text))


@lie
def cosignatures_stripped() -> Members:
    """The area's checkpoint comes without its cosignatures."""
    return vouched()


@lie
def cosigned_by_one_of_two() -> Members:
    """The insurer's cosignature is left out; the bureau's is there twice, for area and ledger."""
    members = vouched(BUREAU)
    store = filled_store()
    checkpoint = cosigned(publish_checkpoint(store, LOG_ID, KEY), BUREAU)
    statement = Statement.from_text(members["area.tlog-proof"].decode())
    return exported(store, checkpoint, area=AreaProof(statement, AREA_KEY.vkey))


@lie
def cosigned_by_strangers() -> Members:
    """Somebody whom nobody trusts cosigned instead of the witnesses."""
    return vouched(STRANGER)


@lie
def area_of_another_ledger() -> Members:
    """The area proof is of another enterprise."""
    neighbour = fixed_key("the log's own key", "log.example/ledger/plant-2")
    root = publish_checkpoint(filled_store(8), LOG_ID, KEY).root
    covered = sign_checkpoint(neighbour.name, 8, root, neighbour)
    return vouched(BUREAU, INSURER, covered=covered)


@lie
def area_checkpoint_changed() -> Members:
    """The area's checkpoint names another root; its signatures are kept."""
    members = with_area()
    area = parse_checkpoint(members["area.tlog-proof"].decode().split("\n\n", 1)[1])
    root = base64.b64encode(area.root).decode()
    return _in_area(members, f"\n{root}\n\n", f"\n{base64.b64encode(bytes(32)).decode()}\n\n")


@lie
def area_signed_by_another_key() -> Members:
    """Somebody made an area of the same name with a key of their own, and put that key in."""
    return vouched(BUREAU, INSURER, key=OTHER_AREA_KEY)


@lie
def area_key_replaced() -> Members:
    """The area's key that comes along is not the one that signed."""
    return with_area() | {"area.vkey": OTHER_AREA_KEY.vkey.encode() + b"\n"}


@lie
def area_of_a_fork() -> Members:
    """The area covers another history of the same ledger."""
    store = forked_store()
    return vouched(BUREAU, INSURER, covered=publish_checkpoint(store, LOG_ID, KEY))


@lie
def area_entry_moved() -> Members:
    """The area proof says that its entry stands elsewhere."""
    return _in_area(with_area(), "\nindex 1\n", "\nindex 0\n")


@lie
def area_hash_changed() -> Members:
    """The proof within the area's log leads elsewhere."""
    members = with_area()
    first = members["area.tlog-proof"].decode().split("\nindex 1\n")[1].split("\n")[0]
    return _in_area(members, f"\n{first}\n", f"\n{base64.b64encode(bytes(32)).decode()}\n")


@lie
def area_proof_cut_off() -> Members:
    """Half an area proof."""
    members = with_area()
    half = members["area.tlog-proof"][: len(members["area.tlog-proof"]) // 2]
    return members | {"area.tlog-proof": half}


@lie
def area_proof_missing() -> Members:
    """The area's key comes without the proof."""
    members = with_area()
    del members["area.tlog-proof"]
    return members


@lie
def area_proof_in_an_older_format() -> Members:
    """A manifest of a format that knows of no area."""
    return _manifest(with_area(), format="anxun-ledger-bundle/v2")


@lie
def area_left_out_of_the_page() -> Members:
    """The proof is taken away whole, the page still tells of it."""
    members = with_area()
    del members["area.tlog-proof"], members["area.vkey"]
    return members


@lie
def key_change_signed_by_the_new_key() -> Members:
    """The second key announced itself; the first one, which is not lost, signed nothing."""
    return Rotated(signers=(SECOND_KEY, SECOND_KEY)).members()


@lie
def key_change_with_a_forged_signature() -> Members:
    """The checkpoint of the first change has the first key's ID, and a signature of somebody else's."""
    members = Rotated().members()
    good = parse_note(Rotated().announced[0].text).signatures[0].signature
    old = base64.b64encode(KEY.verifier.key_id + good).decode()
    new = base64.b64encode(KEY.verifier.key_id + good[:-1] + bytes([good[-1] ^ 1])).decode()
    return _in_member(members, "keys/4.tlog-proof", old, new)


@lie
def key_change_to_another_key() -> Members:
    """The announcement names somebody else's key as the new one."""
    return _in_member(
        Rotated().members(), "keys/8.tlog-proof", THIRD_KEY.vkey, OTHER_KEY.vkey, is_extra=True
    )


@lie
def key_change_of_another_ledger() -> Members:
    """The changes are of the enterprise next door."""
    neighbour = Rotated(origin="log.example/ledger/plant-2", name="log.example/ledger/plant-2")
    return exported(neighbour.store, neighbour.checkpoint, key=THIRD_KEY, changes=neighbour.changes)


@lie
def key_change_of_a_fork() -> Members:
    """The first change was announced in another history of the same ledger."""
    fork = Rotated((REPLACED, ROTATED), signers=(KEY, SECOND_KEY)).changes[0]
    true = Rotated()
    changes = [Statement(fork.line, fork.proof, true.changes[0].consistency), true.changes[1]]
    return exported(true.store, true.checkpoint, key=THIRD_KEY, changes=changes)


@lie
def key_change_under_another_name() -> Members:
    """The file of the second change says that it is of entry 9."""
    members = Rotated().members()
    return {name.replace("keys/8.", "keys/9."): data for name, data in members.items()}


@lie
def key_change_cut_off() -> Members:
    """Half a change."""
    members = Rotated().members()
    whole = members["keys/8.tlog-proof"]
    return members | {"keys/8.tlog-proof": whole[: len(whole) // 2]}


@lie
def key_change_that_announces_nothing() -> Members:
    """A true entry, under a checkpoint of the old key that ends with it, that says nothing of keys."""
    true = Rotated()
    root = log.root_at(true.store, LOG_ID, 4)
    early = sign_checkpoint(ORIGIN, 4, root, KEY)
    nothing = state_change(true.store, LOG_ID, 3, early, true.checkpoint)
    return exported(true.store, true.checkpoint, key=THIRD_KEY, changes=[nothing, *true.changes])


@lie
def first_key_change_left_out() -> Members:
    """The first change is not there, though its entry is."""
    members = Rotated().members()
    del members["keys/4.tlog-proof"]
    return members


@lie
def last_key_change_left_out() -> Members:
    """The changes lead to a key that did not sign."""
    members = Rotated().members()
    del members["keys/8.tlog-proof"]
    return members


@lie
def middle_key_change_left_out() -> Members:
    """One change does not begin where the one before ended, and none of the entries is there that would tell."""
    store = filled_store(4)
    data: dict[str, JsonValue] = {"old": KEY.vkey, "new": SECOND_KEY.vkey}
    put(store, LOG_ID, Record(ROTATED, KEYS_SECTION, START, "system", data))
    first = sign_checkpoint(ORIGIN, 5, log.root_at(store, LOG_ID, 5), KEY)
    data = {"old": OTHER_KEY.vkey, "new": THIRD_KEY.vkey}
    put(store, LOG_ID, Record(ROTATED, KEYS_SECTION, START, "system", data))
    second = sign_checkpoint(ORIGIN, 6, log.root_at(store, LOG_ID, 6), OTHER_KEY)
    while store.head(LOG_ID).size < SIZE:
        put(store, LOG_ID, record(store.head(LOG_ID).size))
    checkpoint = publish_checkpoint(store, LOG_ID, THIRD_KEY)
    changes = [
        state_change(store, LOG_ID, each.size - 1, each, checkpoint) for each in (first, second)
    ]
    return exported(store, checkpoint, CHOSEN, key=THIRD_KEY, changes=changes)


@lie
def key_change_left_out_by_the_old_key() -> Members:
    """Whoever kept the first key goes on signing after it was changed, and carries no change."""
    true = Rotated()
    return exported(true.store, publish_checkpoint(true.store, LOG_ID, KEY))


@lie
def key_change_in_an_older_format() -> Members:
    """A manifest of a format that knows of no change of key."""
    return _manifest(Rotated().members(), format="anxun-ledger-bundle/v3")


@lie
def key_replaced_without_a_witness() -> Members:
    """The second key was lost, says the third one; no witness vouches."""
    return Rotated((ROTATED, REPLACED)).members()


@lie
def key_replaced_after_what_witnesses_saw() -> Members:
    """The witnesses vouch for the entries before the one that replaces the key."""
    return Rotated((ROTATED, REPLACED)).vouched(8)


@lie
def area_key_change_signed_by_the_new_key() -> Members:
    """The area's second key announced itself."""
    return area_rotated(ROTATED, BUREAU, INSURER, signer=SECOND_AREA_KEY)


@lie
def area_key_change_left_out() -> Members:
    """Who knows the area's first key is not told of the second one."""
    members = with_a_rotated_area_key()
    del members["area-keys/1.tlog-proof"]
    return members


@lie
def area_key_change_without_an_area() -> Members:
    """A change of the key of an area that is not there."""
    members = with_a_rotated_area_key()
    del members["area.tlog-proof"], members["area.vkey"]
    return members


def _in_member(
    members: Members, member: str, old: str, new: str, *, is_extra: bool = False
) -> Members:
    text = members[member].decode()
    if is_extra:
        first, second, rest = text.split("\n", 2)
        extra = base64.b64decode(second.removeprefix("extra ")).decode()
        if extra.count(old) != 1:
            msg = f"{old} is in {member} {extra.count(old)} times"
            raise AssertionError(msg)
        extra = base64.b64encode(extra.replace(old, new).encode()).decode()
        return members | {member: f"{first}\nextra {extra}\n{rest}".encode()}
    if text.count(old) != 1:
        msg = f"{old} is in {member} {text.count(old)} times"
        raise AssertionError(msg)
    return members | {member: text.replace(old, new).encode()}


def zipped(name: str, members: Members) -> bytes:
    """Return the archive: stored, so that its bytes depend on no version of zlib, but for the bomb."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for member, data in members.items():
            info = zipfile.ZipInfo(member.removesuffix("#2"))
            if name == "zip-bomb":
                info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    data = target.getvalue()
    return data[: len(data) // 2] if name == "archive-cut-off" else data


def made() -> dict[str, bytes]:
    """Return every file of the folder by name."""
    good = {f"good-{name}.zip": zipped(name, make()) for name, make in GOOD.items()}
    bad = {f"{name}.zip": zipped(name, make()) for name, make in LIES.items()}
    pinned = publish_checkpoint(filled_store(), LOG_ID, KEY).text.encode()
    older = publish_checkpoint(filled_store(5), LOG_ID, KEY).text.encode()
    texts = {
        "trusted.vkey": KEY.vkey.encode() + b"\n",
        "area.vkey": AREA_KEY.vkey.encode() + b"\n",
        "witnesses.vkey": "".join(f"{key.to_vkey()}\n" for key in WITNESSES).encode(),
        "pinned.checkpoint": pinned,
        "older.checkpoint": older,
    }
    return {**good, **bad, **texts}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file_name, file_bytes in made().items():
        (FOLDER / file_name).write_bytes(file_bytes)
    sys.stdout.write(f"{len(LIES)} lies, {len(GOOD)} good ones in {FOLDER}\n")
