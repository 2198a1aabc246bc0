"""The vectors that others published: RFC 6962's tree of eight leaves, and the pages of C2SP with Go's signed note."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import merkle
from ledger.checkpoint import parse_checkpoint
from ledger.cosignature import add_cosignatures, cosign
from ledger.errors import InvalidSignature, MalformedNote, UnknownSigner
from ledger.keys import SigningKey
from ledger.note import VerifierKey, parse_note, sign_note, signature_line, verify_note
from ledger.proof import TlogProof

# The reference tree of Certificate Transparency (RFC 6962), as in its tests and in transparency-dev/merkle.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    bytes.fromhex(root)
    for root in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
# Index and size, the hashes from the leaf upwards.
INCLUSION = {
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (0, 1): (),
}
CONSISTENCY = {
    (1, 1): (),
    (1, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 5): (
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}

# golang.org/x/mod/sumdb/note, package documentation and test.
GO_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
GO_NOTE = (
    f"{GO_TEXT}\n— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

# c2sp.org/signed-note, c2sp.org/tlog-checkpoint, c2sp.org/tlog-cosignature. The pages publish no keys for these.
QUASIMODO = """\
Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
"""
SOFA_BODY = """\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
"""
SOFA_LOG = "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
SOFA_WITNESS = "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
SOFA = f"{SOFA_BODY}\n{SOFA_LOG}"


def leaf_hashes(size: int) -> list[bytes]:
    """Return the leaf hashes of the reference tree."""
    return [merkle.leaf_hash(leaf) for leaf in LEAVES[:size]]


def nodes(size: int) -> dict[merkle.NodeId, bytes]:
    """Return every perfect subtree of the reference tree."""
    found: dict[merkle.NodeId, bytes] = {}
    edge: tuple[bytes, ...] = ()
    for index, digest in enumerate(leaf_hashes(size)):
        edge, completed = merkle.append_leaf(index, edge, digest)
        found |= {merkle.NodeId(0, index): digest, **dict(completed)}
    return found


def unhex(hashes: tuple[str, ...]) -> tuple[bytes, ...]:
    """Return a proof's bytes."""
    return tuple(map(bytes.fromhex, hashes))


@pytest.mark.parametrize("size", range(9))
def test_the_roots_of_rfc_6962(size: int) -> None:
    """From the empty tree to that of eight leaves."""
    assert merkle.tree_root(leaf_hashes(size)) == ROOTS[size]


@pytest.mark.parametrize(("place", "hashes"), INCLUSION.items())
def test_the_inclusion_proofs_of_rfc_6962(place: tuple[int, int], hashes: tuple[str, ...]) -> None:
    """Made here, they are these hashes; theirs hold here."""
    index, size = place
    assert merkle.span_roots(merkle.inclusion_spans(index, size), nodes(size)) == unhex(hashes)
    merkle.verify_inclusion(leaf_hashes(size)[index], index, size, unhex(hashes), ROOTS[size])


@pytest.mark.parametrize(("sizes", "hashes"), CONSISTENCY.items())
def test_the_consistency_proofs_of_rfc_6962(
    sizes: tuple[int, int], hashes: tuple[str, ...]
) -> None:
    """Made here, they are these hashes; theirs hold here."""
    old, new = sizes
    assert merkle.span_roots(merkle.consistency_spans(old, new), nodes(new)) == unhex(hashes)
    merkle.verify_consistency(old, new, unhex(hashes), ROOTS[old], ROOTS[new])


def test_the_signed_note_of_go() -> None:
    """Their key signs the very same note here, their note opens here, a changed one does not."""
    private_key = Ed25519PrivateKey.from_private_bytes(GO_SEED[1:])
    signer = SigningKey("PeterNeumann", private_key)
    assert signer.vkey == GO_VKEY
    assert sign_note(GO_TEXT, signer) == GO_NOTE
    key = VerifierKey.from_vkey(GO_VKEY)
    assert verify_note(parse_note(GO_NOTE), [key]) == (key,)
    with pytest.raises(InvalidSignature):
        verify_note(parse_note(GO_NOTE.replace("cryptography", "cryptographY")), [key])
    stranger = SigningKey("Other", Ed25519PrivateKey.from_private_bytes(bytes(32))).verifier
    with pytest.raises(UnknownSigner):
        verify_note(parse_note(GO_NOTE), [stranger])


def test_the_note_of_c2sp_is_read() -> None:
    """Its text has an empty line, and ends before the last one."""
    note = parse_note(QUASIMODO)
    assert note.text == QUASIMODO.rpartition("\n\n")[0] + "\n"
    assert "\n\n" in note.text
    [line] = note.signatures
    assert (line.name, line.key_id.hex()) == ("quasimodo.example/salvatore", "367ba04b")
    assert len(line.signature) == 64
    with pytest.raises(MalformedNote):
        parse_note(QUASIMODO.removesuffix("\n"))


def test_the_checkpoint_of_c2sp_is_read_and_written() -> None:
    """Every field, and the same text again."""
    checkpoint = parse_checkpoint(SOFA)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert base64.b64encode(checkpoint.root) == b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
    assert checkpoint.extensions == ()
    assert checkpoint.to_body() == SOFA_BODY
    [line] = parse_note(SOFA).signatures
    assert signature_line(line.name, line.key_id + line.signature) == SOFA_LOG


def test_the_cosignature_of_c2sp_is_read_and_added() -> None:
    """At the second that the page tells; added to the log's own checkpoint it gives the page's text."""
    assert add_cosignatures(SOFA, SOFA_WITNESS) == SOFA + SOFA_WITNESS
    _, line = parse_note(SOFA + SOFA_WITNESS).signatures
    assert int.from_bytes(line.signature[:8], "big") == 1679315147
    assert len(line.signature) == 8 + 64


def test_what_a_witness_signs_is_the_message_of_c2sp() -> None:
    """Letter for letter as on the page: header, time, body of the checkpoint."""
    said = []

    class Listening(SigningKey):
        def sign(self, text: bytes) -> bytes:
            said.append(text)
            return super().sign(text)

    witness = Listening("witness.example.com/w1", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    cosign(SOFA, witness, 1679315147)
    assert said == [b"cosignature/v1\ntime 1679315147\n" + SOFA_BODY.encode()]


def test_a_proof_laid_out_as_by_c2sp_is_read_and_written() -> None:
    """Extra data, index, hashes, an empty line, the checkpoint; the page's own one has parts left out."""
    extra = b"age-v1.2.1-darwin-arm64.tar.gz"
    digests = [hashlib.sha256(bytes([number])).digest() for number in range(5)]
    lines = [
        "c2sp.org/tlog-proof@v1",
        f"extra {base64.b64encode(extra).decode()}",
        "index 73894",
        *(base64.b64encode(digest).decode() for digest in digests),
        "",
    ]
    text = "\n".join(lines) + "\n" + SOFA + SOFA_WITNESS
    proof = TlogProof.from_text(text)
    assert (proof.index, proof.hashes, proof.extra) == (73894, tuple(digests), extra)
    assert proof.checkpoint.text == SOFA + SOFA_WITNESS
    assert proof.to_text() == text
