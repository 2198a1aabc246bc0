"""Tools that nobody here wrote check what is made here, and what they make is checked here: sigstore, pymerkle, metamorphic-log (Rust)."""

import base64
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pymerkle
import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from pymerkle.core import _consistency_path_layout
from sigstore._internal.rekor.checkpoint import SignedCheckpoint
from sigstore._internal.trust import Keyring
from sigstore._utils import KeyID
from sigstore.errors import VerificationError
from sigstore.models import TransparencyLogEntry
from sigstore_models.common.v1 import LogId, PublicKey, PublicKeyDetails
from sigstore_models.rekor import v1 as rekor

from ledger import log, merkle
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.cosignature import add_cosignatures, cosign
from ledger.errors import ConsistencyMismatch, InclusionMismatch
from ledger.keys import SigningKey
from ledger.note import VerifierKey, parse_note, verify_note
from ledger.proof import InclusionProof
from tests.assets import make_bundles

LARGEST = 300
KEY = SigningKey("log.example/1", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
WITNESS = SigningKey("witness.example/1", Ed25519PrivateKey.from_private_bytes(bytes(32)))
PAGE = Path(__file__).resolve().parents[3] / "docs" / "verify.md"

# A size, and a place in the tree of this size.
places = st.integers(1, LARGEST).flatmap(
    lambda size: st.tuples(st.just(size), st.integers(0, size - 1))
)
# Two sizes, the smaller first.
pairs = st.tuples(st.integers(1, LARGEST), st.integers(1, LARGEST)).map(lambda pair: sorted(pair))


def leaf_of(index: int) -> bytes:
    """Return the bytes of a leaf."""
    return b"leaf %d" % index


@cache
def nodes() -> dict[merkle.NodeId, bytes]:
    """Return every perfect subtree of a tree made here; those of smaller trees are among them."""
    found: dict[merkle.NodeId, bytes] = {}
    edge: tuple[bytes, ...] = ()
    for index in range(LARGEST):
        digest = merkle.leaf_hash(leaf_of(index))
        edge, completed = merkle.append_leaf(index, edge, digest)
        found |= {merkle.NodeId(0, index): digest, **dict(completed)}
    return found


@cache
def their_tree() -> pymerkle.InmemoryTree:
    """Return the tree of the same leaves, made by pymerkle."""
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for index in range(LARGEST):
        tree.append_entry(leaf_of(index))
    return tree


def root_at(size: int) -> bytes:
    """Return the root of the tree of this size, made here."""
    return merkle.span_roots([(0, size)], nodes())[0]


def keyring(key: SigningKey) -> Keyring:
    """Return sigstore's keyring of one key."""
    public_key = key.private_key.public_key()
    der = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    kind = PublicKeyDetails.PKIX_ED25519
    return Keyring([PublicKey(raw_bytes=base64.b64encode(der), key_details=kind)])


def their_entry(
    leaf: bytes, index: int, hashes: Sequence[bytes], checkpoint: Checkpoint, key: VerifierKey
) -> TransparencyLogEntry:
    """Return an entry, its proof and a checkpoint in sigstore's form."""
    proof = rekor.InclusionProof(
        log_index=str(index),  # type: ignore[arg-type]  # as in its JSON
        tree_size=str(checkpoint.size),  # type: ignore[arg-type]
        root_hash=base64.b64encode(checkpoint.root),
        hashes=[base64.b64encode(each) for each in hashes],
        checkpoint=rekor.Checkpoint(envelope=checkpoint.text),
    )
    return TransparencyLogEntry(
        rekor.TransparencyLogEntry(
            log_index=str(index),  # type: ignore[arg-type]
            log_id=LogId(key_id=base64.b64encode(key.key_id)),
            kind_version=rekor.KindVersion(kind="anxun", version="1"),
            canonicalized_body=base64.b64encode(leaf),
            inclusion_proof=proof,
        )
    )


@given(places)
def test_sigstore_checks_proof_and_checkpoint_made_here(place: tuple[int, int]) -> None:
    """For any place: leaf, proof and signed checkpoint hold; another leaf does not."""
    size, index = place
    checkpoint = sign_checkpoint(KEY.name, size, root_at(size), KEY)
    hashes = merkle.span_roots(merkle.inclusion_spans(index, size), nodes())
    entry = their_entry(leaf_of(index), index, hashes, checkpoint, KEY.verifier)
    entry._verify(keyring(KEY))
    with pytest.raises(VerificationError, match="root hash"):
        their_entry(b"lie", index, hashes, checkpoint, KEY.verifier)._verify(keyring(KEY))


def test_sigstore_checks_a_ledgers_checkpoint_with_cosignatures() -> None:
    """The log's signature holds whoever else signed; a changed checkpoint and another key do not."""
    store = make_bundles.filled_store()
    published = log.publish_checkpoint(store, make_bundles.LOG_ID, KEY)
    text = add_cosignatures(published.text, cosign(published.text, WITNESS, 1_700_000_000))
    signed = SignedCheckpoint.from_text(text)
    assert signed.checkpoint.origin == KEY.name
    assert signed.checkpoint.log_size == make_bundles.SIZE
    assert signed.checkpoint.log_hash == published.root.hex()
    key_id = KeyID(KEY.verifier.key_id)
    signed.signed_note.verify(keyring(KEY), key_id)
    with pytest.raises(VerificationError):
        signed.signed_note.verify(keyring(WITNESS), key_id)
    changed = SignedCheckpoint.from_text(text.replace("\n12\n", "\n13\n"))
    with pytest.raises(VerificationError):
        changed.signed_note.verify(keyring(KEY), key_id)


@given(places)
def test_pymerkle_checks_inclusion_made_here_and_its_proofs_hold_here(
    place: tuple[int, int],
) -> None:
    """For any place: our hashes within their proof, their hashes within ours; another root holds in neither."""
    size, index = place
    leaf = merkle.leaf_hash(leaf_of(index))
    ours = merkle.span_roots(merkle.inclusion_spans(index, size), nodes())
    theirs = their_tree().prove_inclusion(index + 1, size)
    made_here = pymerkle.proof.InclusionProof(
        "sha256", True, size, index + 1, theirs.rule, [leaf, *ours]
    )
    pymerkle.verify_inclusion(leaf, root_at(size), made_here, index=index + 1, size=size)
    with pytest.raises(pymerkle.InvalidProof):
        pymerkle.verify_inclusion(leaf, merkle.EMPTY_ROOT, made_here)
    proof = InclusionProof(index, size, tuple(theirs.path[1:]))
    proof.verify(leaf, their_tree().get_root(size))
    with pytest.raises(InclusionMismatch):
        proof.verify(leaf, merkle.EMPTY_ROOT)


@given(pairs)
def test_pymerkle_finds_the_trees_made_here_consistent(pair: list[int]) -> None:
    """For any two sizes: its proof, filled with our subtrees as they are other ones than RFC 9162 takes, leads between our roots; ours between its."""
    old, new = pair
    theirs = their_tree().prove_consistency(old, new)
    *_, ranges = _consistency_path_layout(old, new)
    theirs.path = list(merkle.span_roots(ranges, nodes()))
    pymerkle.verify_consistency(root_at(old), root_at(new), theirs, old, new)
    with pytest.raises(pymerkle.InvalidProof):
        pymerkle.verify_consistency(merkle.EMPTY_ROOT, root_at(new), theirs, old, new)
    ours = merkle.span_roots(merkle.consistency_spans(old, new), nodes())
    states = their_tree().get_root(old), their_tree().get_root(new)
    merkle.verify_consistency(old, new, ours, *states)
    if old < new:
        with pytest.raises(ConsistencyMismatch):
            merkle.verify_consistency(old, new, ours, merkle.EMPTY_ROOT, states[1])


@given(pairs)
def test_a_rust_library_finds_checkpoints_made_here_consistent(pair: list[int]) -> None:
    """For any two sizes: signed notes, roots and the proof of RFC 9162 between them, all as they are; no other root, no other size."""
    rust = pytest.importorskip("metamorphic_log", reason="its wheels are for Linux on x86-64")
    old, new = pair
    older, newer = (sign_checkpoint(KEY.name, size, root_at(size), KEY) for size in pair)
    ours = list(merkle.span_roots(merkle.consistency_spans(old, new), nodes()))
    rust.checkpoint_verify_consistency(older.text, newer.text, [KEY.vkey], ours)
    forked = sign_checkpoint(KEY.name, old, merkle.EMPTY_ROOT, KEY)
    with pytest.raises(rust.VerifyError):
        rust.checkpoint_verify_consistency(forked.text, newer.text, [KEY.vkey], ours)
    with pytest.raises(rust.VerifyError):
        rust.checkpoint_verify_consistency(older.text, newer.text, [WITNESS.vkey], ours)
    with pytest.raises(rust.VerifyError):
        rust.verify_consistency(old, new, [*ours, bytes(32)], older.root, newer.root)


@given(places)
def test_a_rust_library_checks_inclusion_made_here(place: tuple[int, int]) -> None:
    """For any place: leaf and proof hold under the signed checkpoint; another leaf does not, nor a changed note."""
    rust = pytest.importorskip("metamorphic_log", reason="its wheels are for Linux on x86-64")
    size, index = place
    text = sign_checkpoint(KEY.name, size, root_at(size), KEY).text
    leaf = merkle.leaf_hash(leaf_of(index))
    ours = list(merkle.span_roots(merkle.inclusion_spans(index, size), nodes()))
    rust.checkpoint_verify_inclusion(text, [KEY.vkey], index, leaf, ours)
    with pytest.raises(rust.VerifyError):
        rust.checkpoint_verify_inclusion(text, [KEY.vkey], index, bytes(32), ours)
    changed = text.replace(f"\n{size}\n", f"\n{size + 1}\n")
    with pytest.raises(rust.VerifyError, match="invalid signature"):
        rust.checkpoint_verify_inclusion(changed, [KEY.vkey], index, leaf, ours)


def test_a_rust_library_follows_the_changes_of_key_in_a_bundle() -> None:
    """With nothing else of ours: the old key signed the tree that ends with the change, and the new key's tree continues it."""
    rust = pytest.importorskip("metamorphic_log", reason="its wheels are for Linux on x86-64")
    vkey = make_bundles.KEY.vkey
    with zipfile.ZipFile(make_bundles.FOLDER / "good-with-rotated-keys.zip") as bundle:
        checkpoint, own = bundle.read("checkpoint").decode(), bundle.read("key.vkey").decode()
        for member in ("keys/4.tlog-proof", "keys/8.tlog-proof"):
            head, announced = bundle.read(member).decode().split("\n\n", 1)
            _, extra, index, *hashes = head.split("\n")
            said = json.loads(base64.b64decode(extra.removeprefix("extra ")))
            leaf = merkle.leaf_hash(rfc8785.dumps(said["entry"]["header"]))
            path = [base64.b64decode(each) for each in hashes]
            at = int(index.removeprefix("index "))
            rust.checkpoint_verify_inclusion(announced, [vkey], at, leaf, path)
            change = said["entry"]["content"]["data"]
            assert change["old"] == vkey
            proof = [bytes.fromhex(each) for each in said["consistency"]]
            rust.checkpoint_verify_consistency(announced, checkpoint, [vkey, own.strip()], proof)
            vkey = change["new"]
    assert vkey == own.strip()


def test_a_note_signed_by_another_library_opens_here() -> None:
    """Laid out by hand and signed with nothing but an Ed25519 key, as any other log would."""
    text = "log.example/1\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    key = KEY.verifier
    blob = base64.b64encode(key.key_id + KEY.private_key.sign(text.encode())).decode()
    note = f"{text}\n\N{EM DASH} {key.name} {blob}\n"
    assert verify_note(parse_note(note), [key]) == (key,)
    SignedCheckpoint.from_text(note).signed_note.verify(keyring(KEY), KeyID(key.key_id))


@pytest.mark.parametrize(
    ("bundle", "key", "error"),
    [
        ("good-partial", make_bundles.KEY, ""),
        ("good-with-area-partial", make_bundles.KEY, ""),
        ("proof-hash-changed", make_bundles.KEY, "invalid root hash"),
        ("good-partial", make_bundles.OTHER_KEY, "Signature not found"),
    ],
)
def test_the_pages_program_checks_a_bundle(
    tmp_path: Path, bundle: str, key: SigningKey, error: str
) -> None:
    """What the page prints runs as it is: it names each entry that holds, and refuses what does not."""
    [program] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "check.py").write_text(program)
    path = make_bundles.FOLDER / f"{bundle}.zip"
    ran = subprocess.run(
        [sys.executable, tmp_path / "check.py", path, key.vkey],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (ran.returncode == 0) is (not error), ran.stderr
    assert error in ran.stderr
    if not error:
        said = [f"entry {index} is in the tree of 12" for index in make_bundles.CHOSEN]
        assert [line.rpartition(" that ")[0] for line in ran.stdout.splitlines()] == said
