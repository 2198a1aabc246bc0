"""What a refused key, note, checkpoint or proof is told with, to the letter: it is all that a person has to act on."""

import base64

import pytest

from ledger import errors, merkle
from ledger.checkpoint import parse_checkpoint
from ledger.keys import SigningKey
from ledger.note import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    VerifierKey,
    parse_note,
    sign_note,
    verify_note,
)
from tests.assets.make_bundles import fixed_key

LOG: SigningKey = fixed_key("the log", "log.example/1")
NAME, KEY_ID, MATERIAL = LOG.vkey.split("+", 2)
GOOD = sign_note("text\n", LOG)
BLOB = GOOD.rpartition(" ")[2].rstrip("\n")
ROOT = base64.b64encode(bytes(32)).decode()


def assert_told(error: Exception, words: str) -> None:
    """Compare to the letter; after … stands what Python's own base64 says, in each version otherwise."""
    told, dots, _ = words.partition("…")
    assert str(error).startswith(told) if dots else str(error) == words


def material(kind: int, key: bytes) -> str:
    """Return the last part of a vkey."""
    return base64.b64encode(bytes([kind]) + key).decode()


@pytest.mark.parametrize(
    ("vkey", "words"),
    [
        ("", "a vkey is <name>+<8 hex digits>+<base64>"),
        (f"{NAME}+{KEY_ID}", "a vkey is <name>+<8 hex digits>+<base64>"),
        (f"{NAME}+{KEY_ID.upper()}+{MATERIAL}", "a vkey is <name>+<8 hex digits>+<base64>"),
        (
            f"{NAME}+00000000+{MATERIAL}",
            f"vkey of {NAME}: key ID should be {KEY_ID}, not 00000000",
        ),
        (
            f"{NAME}+{KEY_ID}+{material(4, bytes(32))}",
            f"vkey of {NAME}: wanted is an Ed25519 key (type 0x01), this is of type 0x04",
        ),
        # The base64 alphabet ends at the line: a no-break space is one sign more, not a blank to be left out.
        (
            f"{LOG.vkey}\N{NO-BREAK SPACE}",
            f"vkey of {NAME}: …",
        ),
        (f"{NAME}+{KEY_ID}+{MATERIAL[:-1]}", f"vkey of {NAME}: not base64: …"),
        (
            f"{NAME}+{KEY_ID}+AR==",
            f"vkey of {NAME}: base64 is not in its canonical form",
        ),
    ],
)
def test_a_bad_vkey_is_told(vkey: str, words: str) -> None:
    """Each with what is wrong and what would be right."""
    with pytest.raises(errors.MalformedKey) as refused:
        VerifierKey.from_vkey(vkey)
    assert_told(refused.value, words)


def test_a_vkey_of_a_name_with_any_letters_comes_back_from_a_line() -> None:
    """Only blanks at the ends of the line are left out."""
    for name in ("X", "XX.example/x", "t\N{LATIN SMALL LETTER O WITH DIAERESIS}wn"):
        key = VerifierKey(name, LOG.verifier.public_key)
        assert VerifierKey.from_vkey(f" \t{key.to_vkey()}\r\n") == key


@pytest.mark.parametrize(
    ("name", "key", "words"),
    [
        ("", bytes(32), "a key name has no space, plus sign or control character: ''"),
        ("a b", bytes(32), "a key name has no space, plus sign or control character: 'a b'"),
        ("a+b", bytes(32), "a key name has no space, plus sign or control character: 'a+b'"),
        ("a\x00", bytes(32), r"a key name has no space, plus sign or control character: 'a\x00'"),
        ("a", bytes(31), "an Ed25519 public key has 32 bytes, not 31"),
        ("a", bytes(33), "an Ed25519 public key has 32 bytes, not 33"),
    ],
)
def test_what_can_not_be_a_key_is_told(name: str, key: bytes, words: str) -> None:
    """The name or the length."""
    with pytest.raises(errors.MalformedKey) as refused:
        VerifierKey(name, key)
    assert_told(refused.value, words)


FORM = "a note is text, an empty line and signature lines, each ended by a newline"


@pytest.mark.parametrize(
    ("note", "words"),
    [
        ("x" * MAX_NOTE_BYTES + GOOD, "a note has at most 1048576 bytes"),
        # Bytes are counted, not characters.
        ("安" * (MAX_NOTE_BYTES // 3 + 1), "a note has at most 1048576 bytes"),
        ("x" * MAX_NOTE_BYTES, FORM),
        ("text\n", FORM),
        (GOOD[:-1], FORM),
        (f"bell\a\n\n— {NAME} {BLOB}\n", "a note has no control character but newline"),
        ("text\n\n" + "— a AAAAAAA=\n" * (MAX_SIGNATURES + 1), "a note has at most 100 signatures"),
        (f"text\n\n- {NAME} {BLOB}\n", f"not a signature line: {f'- {NAME} {BLOB}'[:80]!r}"),
        (f"text\n\n— {NAME}{BLOB}\n", f"not a signature line: {f'— {NAME}{BLOB}'[:80]!r}"),
        (f"text\n\n—  {BLOB}\n", f"not a signature line: {f'—  {BLOB}'[:80]!r}"),
        (f"text\n\n— a+b {BLOB}\n", f"not a signature line: {f'— a+b {BLOB}'[:80]!r}"),
        (f"text\n\n{NAME} {BLOB}\n", f"not a signature line: {f'{NAME} {BLOB}'[:80]!r}"),
        ("text\n\n— a AAAAAA==\n", "signature of a: too short"),
        ("text\n\n— a AAAAA===\n", "signature of a: not base64: …"),
        ("text\n\n— a AAAAAB==\n", "signature of a: base64 is not in its canonical form"),
        # A sign of no alphabet is refused as such, not left out.
        ("text\n\n— a AAAA!AAA=\n", "signature of a: not base64: …"),
        ("text\n\n— a b c\n", "signature of a: not base64: …"),
    ],
)
def test_a_bad_note_is_told(note: str, words: str) -> None:
    """Each with its own words."""
    with pytest.raises(errors.MalformedNote) as refused:
        parse_note(note)
    assert_told(refused.value, words)


def test_the_longest_note_and_the_shortest_signature_are_read() -> None:
    """The limits themselves are within."""
    tail = f"\n\n— {NAME} {BLOB}\n"
    assert parse_note("x" * (MAX_NOTE_BYTES - len(tail.encode())) + tail).text.startswith("xx")
    many = parse_note("text\n\n" + "— a AAAAAAA=\n" * MAX_SIGNATURES)
    assert len(many.signatures) == MAX_SIGNATURES
    assert (many.signatures[0].key_id, many.signatures[0].signature) == (bytes(4), bytes(1))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no newline", "the text of a note ends in a newline"),
        ("bell\a\n", "a note has no control character but newline"),
    ],
)
def test_what_is_not_signed_is_told(text: str, words: str) -> None:
    """Before anybody's key is used."""
    with pytest.raises(errors.MalformedNote) as refused:
        sign_note(text, LOG)
    assert_told(refused.value, words)
    with pytest.raises(errors.MalformedNote) as refused:
        sign_note("text\n")
    assert str(refused.value) == "a note needs at least one signature"


def test_a_signature_that_does_not_fit_and_a_stranger_are_told() -> None:
    """By name and key ID, all of them."""
    other = fixed_key("other", "other.example/o")
    note = parse_note(sign_note("text\n", LOG, other))
    with pytest.raises(errors.InvalidSignature) as refused:
        LOG.verifier.verify("test\n", note.signatures[0].signature)
    said = f"the signature of {NAME}+{KEY_ID} does not fit the text"
    assert str(refused.value) == said
    with pytest.raises(errors.UnknownSigner) as unknown:
        verify_note(note, [fixed_key("a", "a").verifier, fixed_key("b", "b").verifier])
    ids = [fixed_key(name, name).verifier.key_id.hex() for name in "ab"]
    signed = f"{NAME}+{KEY_ID}, other.example/o+{other.verifier.key_id.hex()}"
    assert str(unknown.value) == f"signed by {signed}; known keys: a+{ids[0]}, b+{ids[1]}"
    with pytest.raises(errors.UnknownSigner) as unknown:
        verify_note(note, [])
    assert str(unknown.value) == f"signed by {signed}; known keys: none"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("log\n1\n", "a checkpoint has at least three lines, none of them empty"),
        (f"\n1\n{ROOT}\n", "a checkpoint has at least three lines, none of them empty"),
        (f"log\n1\n{ROOT}\n\nmore\n", "a checkpoint has at least three lines, none of them empty"),
        (f"log\n01\n{ROOT}\n", "not a tree size: '01'"),
        (f"log\n{'9' * 50}\n{ROOT}\n", f"not a tree size: '{'9' * 40}'"),
        (f"log\n{2**63}\n{ROOT}\n", f"not a tree size: '{2**63}'"),
        ("log\n1\nAAA\n", "root hash: not base64: …"),
        ("log\n1\nAAAA\n", "a root hash has 32 bytes, not 3"),
    ],
)
def test_a_bad_checkpoint_is_told(body: str, words: str) -> None:
    """A well-signed note whose text is no checkpoint."""
    with pytest.raises(errors.MalformedCheckpoint) as refused:
        parse_checkpoint(sign_note(body, LOG))
    assert_told(refused.value, words)


def test_a_bad_proof_is_told() -> None:
    """Which tree, how many hashes, which root."""
    a, b = merkle.leaf_hash(b"a"), merkle.leaf_hash(b"b")
    root = merkle.node_hash(a, b)
    for call, error, words in (
        (
            lambda: merkle.verify_inclusion(a, 2, 2, (b,), root),
            errors.OutOfRange,
            "no entry 2 in a tree of 2",
        ),
        (lambda: merkle.inclusion_spans(-1, 2), errors.OutOfRange, "no entry -1 in a tree of 2"),
        (
            lambda: merkle.verify_inclusion(a, 0, 2, (), root),
            errors.ProofLength,
            "inclusion of entry 0 in a tree of 2: expected 1 hashes, got 0",
        ),
        (
            lambda: merkle.verify_inclusion(b, 0, 2, (b,), root),
            errors.InclusionMismatch,
            "root of a tree of 2 by the proof of entry 0: "
            f"expected {root.hex()}, got {merkle.node_hash(b, b).hex()}",
        ),
        (
            lambda: merkle.verify_consistency(3, 2, (), root, root),
            errors.OutOfRange,
            "a tree of 2 can't continue one of 3",
        ),
        (
            lambda: merkle.verify_consistency(1, 2, (), a, root),
            errors.ProofLength,
            "consistency of 1 with 2: expected 1 hashes, got 0",
        ),
        (
            lambda: merkle.verify_consistency(1, 2, (a,), a, root),
            errors.ConsistencyMismatch,
            f"root of the tree of 2: expected {root.hex()}, got {merkle.node_hash(a, a).hex()}",
        ),
        (
            lambda: merkle.verify_consistency(2, 2, (), a, root),
            errors.ConsistencyMismatch,
            f"root of the tree of 2: expected {a.hex()}, got {root.hex()}",
        ),
        (
            # Three leaves a, b, a; the older root is not theirs, the newer one is.
            lambda: merkle.verify_consistency(
                3, 4, (a, b, root), root, merkle.node_hash(root, merkle.node_hash(a, b))
            ),
            errors.ConsistencyMismatch,
            f"root of the tree of 3: expected {root.hex()}, got {merkle.node_hash(root, a).hex()}",
        ),
        (
            lambda: merkle.append_leaf(5, (a,), b),
            errors.OutOfRange,
            "a tree of 5 leaves has 2 edge hashes, not 1",
        ),
    ):
        with pytest.raises(error) as refused:
            call()
        assert_told(refused.value, words)
