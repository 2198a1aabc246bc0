"""Signed notes, verifier keys, checkpoints and proofs as text: published examples, round trips, refusals."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger import errors
from ledger.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint, verify_checkpoint
from ledger.keys import SigningKey
from ledger.note import MAX_SIGNATURES, VerifierKey, parse_note, sign_note, verify_note
from ledger.proof import ConsistencyProof, TlogProof

# The key and note of the reference implementation's test, golang.org/x/mod/sumdb/note.
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SEED = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
NOTE = f"{TEXT}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
# The examples of c2sp.org/signed-note and c2sp.org/tlog-checkpoint; their public keys are not published.
POEM = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
    "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
)
SOFA = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)


def signing_key(seed: str, name: str) -> SigningKey:
    """Return a key from a seed."""
    digest = hashlib.sha256(seed.encode()).digest()
    return SigningKey(name, Ed25519PrivateKey.from_private_bytes(digest))


PETER = SigningKey("PeterNeumann", Ed25519PrivateKey.from_private_bytes(base64.b64decode(SEED)[1:]))
LOG = signing_key("log", "log.example/1")
WITNESS = signing_key("witness", "witness.example/w")
names = st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters="+"), min_size=1)


def test_the_reference_note_is_read_and_written_byte_for_byte() -> None:
    """Ed25519 is deterministic, so the published signature must come out again."""
    key = VerifierKey.from_vkey(VKEY)
    assert key.to_vkey() == PETER.vkey == VKEY
    assert verify_note(parse_note(NOTE), [key]) == (key,)
    assert sign_note(TEXT, PETER) == NOTE


def test_the_specifications_own_examples_are_read() -> None:
    """A text with empty lines and letters beyond ASCII; a checkpoint with a cosignature of another type."""
    poem = parse_note(POEM)
    assert poem.text.endswith("\n\ned è subito sera.\n")
    assert poem.signatures[0].name == "quasimodo.example/salvatore"
    assert poem.signatures[0].key_id.hex() == "367ba04b"
    sofa = parse_checkpoint(SOFA)
    assert (sofa.origin, sofa.size) == ("example.com/behind-the-sofa", 20852163)
    assert sofa.root.hex().startswith("0ac5186a9186")
    assert [line.name for line in parse_note(SOFA).signatures][1] == "witness.example.com/w1"


def test_unknown_signatures_are_ignored_and_known_ones_must_hold() -> None:
    """Of log and witness, any trusted one suffices; a wrong one of a known key spoils the note."""
    note = parse_note(sign_note("text\n", WITNESS, LOG))
    assert verify_note(note, [LOG.verifier]) == (LOG.verifier,)
    assert verify_note(note, [LOG.verifier, WITNESS.verifier]) == (WITNESS.verifier, LOG.verifier)
    with pytest.raises(errors.UnknownSigner, match=r"known keys: PeterNeumann\+c74f20a3"):
        verify_note(note, [PETER.verifier])
    with pytest.raises(errors.UnknownSigner, match="known keys: none"):
        verify_note(note, [])
    forged = parse_note(sign_note("text\n", WITNESS, LOG).replace("text", "test"))
    with pytest.raises(errors.InvalidSignature, match=r"log\.example/1"):
        verify_note(forged, [LOG.verifier])


def test_a_signature_of_wrong_length_is_invalid() -> None:
    """Four bytes of key ID and one of nonsense."""
    blob = base64.b64encode(LOG.verifier.key_id + b"x").decode()
    with pytest.raises(errors.InvalidSignature):
        verify_note(parse_note(f"text\n\n— {LOG.name} {blob}\n"), [LOG.verifier])


@given(names, st.binary(min_size=32, max_size=32))
def test_vkeys_come_back(name: str, public_key: bytes) -> None:
    """Written and read."""
    key = VerifierKey(name, public_key)
    assert VerifierKey.from_vkey(key.to_vkey() + "\n") == key


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        VKEY.replace("c74f20a3", "c74f20a4"),
        VKEY.replace("c74f20a3", "C74F20A3"),
        VKEY.replace("Peter", "Pet er"),
        VKEY[:-1],
        VKEY[:-1] + "!",
        VKEY.replace("PeterNeumann", ""),
        # Of the reference's test: a longer key and another algorithm, each with a fitting ID.
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "x+00000000+AQ==",
    ],
)
def test_bad_vkeys_are_refused(vkey: str) -> None:
    """Each with a MalformedKey."""
    with pytest.raises(errors.MalformedKey):
        VerifierKey.from_vkey(vkey)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        NOTE[:-1],
        NOTE.replace("\n\n", "\n"),
        NOTE.replace("problem,", "problem,\r"),
        NOTE.replace("—", "-"),
        NOTE.replace("— PeterNeumann ", "— PeterNeumann"),
        NOTE.replace("— PeterNeumann", "— Peter+Neumann"),
        NOTE.replace("— PeterNeumann", "— "),
        NOTE.replace("nAM=", "nAM"),
        NOTE.replace("nAM=", "nAN="),
        "text\n\n— PeterNeumann x08gow==\n",
        "text\n\n" + "— a AAAAAAA=\n" * (MAX_SIGNATURES + 1),
        "x" * (1 << 20) + NOTE,
    ],
)
def test_bad_notes_are_refused(note: str) -> None:
    """Each with a MalformedNote, before any signature is looked at."""
    with pytest.raises(errors.MalformedNote):
        parse_note(note)


@pytest.mark.parametrize("text", ["no newline", "bell\a\n"])
def test_what_can_not_be_a_note_is_not_signed(text: str) -> None:
    """A note that nobody could read is never written."""
    with pytest.raises(errors.MalformedNote):
        sign_note(text, LOG)


def test_a_note_is_signed_by_somebody() -> None:
    """Without a signer there is none."""
    with pytest.raises(errors.MalformedNote, match="at least one"):
        sign_note("text\n")


@given(
    st.integers(0, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
)
def test_checkpoints_come_back(size: int, root: bytes) -> None:
    """Signed by the log and a witness, written, read and verified."""
    checkpoint = sign_checkpoint(LOG.name, size, root, LOG, WITNESS)
    assert parse_checkpoint(checkpoint.text) == checkpoint
    read, signed_by = verify_checkpoint(checkpoint.text, [LOG.verifier])
    assert (read.size, read.root, signed_by) == (size, root, (LOG.verifier,))


def test_extension_lines_are_kept() -> None:
    """They are opaque, but signed."""
    checkpoint = Checkpoint(LOG.name, 1, bytes(32), ("more", "and more"))
    text = sign_note(checkpoint.to_body(), LOG)
    assert parse_checkpoint(text).extensions == ("more", "and more")


@pytest.mark.parametrize(
    "body",
    [
        "log.example\n1\n",
        f"\n1\n{base64.b64encode(bytes(32)).decode()}\n",
        f"log.example\n01\n{base64.b64encode(bytes(32)).decode()}\n",
        f"log.example\n-1\n{base64.b64encode(bytes(32)).decode()}\n",
        f"log.example\n٣\n{base64.b64encode(bytes(32)).decode()}\n",
        f"log.example\n9999999999999999999\n{base64.b64encode(bytes(32)).decode()}\n",
        f"log.example\n1\n{base64.b64encode(bytes(31)).decode()}\n",
        "log.example\n1\nnot base64\n",
    ],
)
def test_bad_checkpoints_are_refused(body: str) -> None:
    """A good note whose text is no checkpoint."""
    with pytest.raises(errors.MalformedCheckpoint):
        parse_checkpoint(sign_note(body, LOG))


@given(
    st.integers(0, 2**40),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.none() | st.binary(),
)
def test_proof_files_come_back(index: int, hashes: list[bytes], extra: bytes | None) -> None:
    """Written and read, with and without extra data."""
    checkpoint = sign_checkpoint(LOG.name, 2**41, bytes(32), LOG)
    proof = TlogProof(index, tuple(hashes), checkpoint, extra)
    assert TlogProof.from_text(proof.to_text()) == proof


FIRST = "c2sp.org/tlog-proof@v1"
HASH = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "head",
    [
        "index 1",
        FIRST,
        f"{FIRST}\n",
        f"{FIRST}\nindex 01",
        f"{FIRST}\nindex",
        f"{FIRST}\nextra AA\nindex 1",
        f"{FIRST}\nindex 1\nAAAA",
        f"{FIRST}\nindex 1\n" + "\n".join([HASH] * 64),
        f"{FIRST}\nindex 1\nextra AAAA",
    ],
)
def test_bad_proof_files_are_refused(head: str) -> None:
    """Each with a MalformedProof."""
    with pytest.raises(errors.MalformedProof):
        TlogProof.from_text(f"{head}\n\n{SOFA}")
    with pytest.raises(errors.MalformedProof):
        TlogProof.from_text(head)


def test_a_consistency_proof_is_a_value_that_verifies() -> None:
    """The empty one from a tree to itself."""
    ConsistencyProof(3, 3, ()).verify(bytes(32), bytes(32))
    with pytest.raises(errors.ConsistencyMismatch):
        ConsistencyProof(3, 3, ()).verify(bytes(32), bytes([1] * 32))
