"""Hashing and proofs against published vectors and against an obvious, slow implementation."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import merkle
from ledger.errors import ConsistencyMismatch, InclusionMismatch, OutOfRange, ProofLength

# The 8 leaves and roots of certificate-transparency's merkle_tree_test, also in its Go and Python ports.
LEAVES = [
    bytes.fromhex(text)
    for text in (
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
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = [
    (
        0,
        8,
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
        " 5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
        " 6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (
        5,
        8,
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
        " ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
        " d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 3, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    (
        1,
        5,
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        " 5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
        " bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
]
CONSISTENCY = [
    (1, 1, ""),
    (
        1,
        8,
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
        " 5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
        " 6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (
        6,
        8,
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
        " ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
        " d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (
        2,
        5,
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
        " bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
]


def hashes(text: str) -> list[bytes]:
    """Split and decode hex."""
    return [bytes.fromhex(word) for word in text.split()]


def slow_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, as it is written there."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + slow_root(leaves[:k]) + slow_root(leaves[k:])).digest()


def slow_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if index < k:
        return [*slow_path(index, leaves[:k]), slow_root(leaves[k:])]
    return [*slow_path(index - k, leaves[k:]), slow_root(leaves[:k])]


def slow_proof(old: int, leaves: list[bytes], *, is_whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2."""
    if old == len(leaves):
        return [] if is_whole else [slow_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if old <= k:
        return [*slow_proof(old, leaves[:k], is_whole=is_whole), slow_root(leaves[k:])]
    return [*slow_proof(old - k, leaves[k:], is_whole=False), slow_root(leaves[:k])]


class Tree:
    """A tree kept as the log keeps it: leaf hashes and completed subtrees."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.nodes: dict[merkle.NodeId, bytes] = {}
        self.roots = [merkle.EMPTY_ROOT]
        edge: tuple[bytes, ...] = ()
        for index, leaf in enumerate(leaves):
            digest = merkle.leaf_hash(leaf)
            edge, completed = merkle.append_leaf(index, edge, digest)
            self.nodes[merkle.NodeId(0, index)] = digest
            self.nodes.update(completed)
            self.roots.append(merkle.root_of(edge))

    def path(self, index: int, size: int) -> tuple[bytes, ...]:
        """Prove inclusion."""
        return merkle.span_roots(merkle.inclusion_spans(index, size), self.nodes)

    def proof(self, old: int, new: int) -> tuple[bytes, ...]:
        """Prove consistency."""
        return merkle.span_roots(merkle.consistency_spans(old, new), self.nodes)


LONG = [index.to_bytes(2, "big") for index in range(200)]
TREE = Tree(LONG)


def test_the_known_roots_of_the_eight_leaves() -> None:
    """Appending one after the other gives the published roots, from the empty tree on."""
    tree = Tree(LEAVES)
    assert [root.hex() for root in tree.roots[1:]] == ROOTS
    assert merkle.tree_root(map(merkle.leaf_hash, LEAVES)).hex() == ROOTS[-1]
    assert (
        merkle.tree_root([]).hex()
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


@given(st.integers(0, 200), st.integers(0, 200))
def test_many_leaves_at_once_are_leaves_one_by_one(start: int, end: int) -> None:
    """From any size to any larger one, the right edge is the same."""
    start, end = sorted((start, end))
    digests = [merkle.leaf_hash(leaf) for leaf in LONG]
    edges: list[tuple[bytes, ...]] = [()]
    for size in range(end):
        edges.append(merkle.append_leaf(size, edges[-1], digests[size]).edge)
    assert merkle.append_leaves(start, edges[start], digests[start:end]) == edges[end]


@pytest.mark.parametrize(("index", "size", "proof"), INCLUSION)
def test_published_inclusion_proofs(index: int, size: int, proof: str) -> None:
    """Ours are the published ones, and they verify."""
    tree = Tree(LEAVES)
    assert list(tree.path(index, size)) == hashes(proof)
    leaf = merkle.leaf_hash(LEAVES[index])
    merkle.verify_inclusion(leaf, index, size, hashes(proof), bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("old", "new", "proof"), CONSISTENCY)
def test_published_consistency_proofs(old: int, new: int, proof: str) -> None:
    """Ours are the published ones, and they verify."""
    tree = Tree(LEAVES)
    assert list(tree.proof(old, new)) == hashes(proof)
    roots = [bytes.fromhex(root) for root in ROOTS]
    merkle.verify_consistency(old, new, hashes(proof), roots[old - 1], roots[new - 1])


def test_every_size_up_to_200_has_the_root_of_the_definition() -> None:
    """The right edge is the tree."""
    assert TREE.roots == [slow_root(LONG[:size]) for size in range(201)]


@given(st.data())
def test_inclusion_is_that_of_the_definition(data: st.DataObject) -> None:
    """Proved as in the definition, verified, and refused with one bit, one place or one hash changed."""
    size = data.draw(st.integers(1, 200))
    index = data.draw(st.integers(0, size - 1))
    path = TREE.path(index, size)
    assert list(path) == slow_path(index, LONG[:size])
    leaf, root = merkle.leaf_hash(LONG[index]), TREE.roots[size]
    merkle.verify_inclusion(leaf, index, size, path, root)
    with pytest.raises(InclusionMismatch, match="expected"):
        merkle.verify_inclusion(merkle.leaf_hash(b"forged"), index, size, path, root)
    with pytest.raises(ProofLength):
        merkle.verify_inclusion(leaf, index, size, (*path, root), root)
    other = data.draw(st.integers(0, size - 1).filter(lambda number: number != index) | st.none())
    if other is not None and size > 1:
        with pytest.raises((InclusionMismatch, ProofLength)):
            merkle.verify_inclusion(leaf, other, size, path, root)


@given(st.data())
def test_consistency_is_that_of_the_definition(data: st.DataObject) -> None:
    """Proved as in the definition, verified, and refused when a root or a hash is another."""
    new = data.draw(st.integers(1, 200))
    old = data.draw(st.integers(1, new))
    proof = TREE.proof(old, new)
    assert list(proof) == slow_proof(old, LONG[:new])
    roots = TREE.roots
    merkle.verify_consistency(old, new, proof, roots[old], roots[new])
    for old_root, new_root in ((roots[old - 1], roots[new]), (roots[old], roots[new - 1])):
        with pytest.raises(ConsistencyMismatch) as refused:
            merkle.verify_consistency(old, new, proof, old_root, new_root)
        assert refused.value.expected != refused.value.actual
    with pytest.raises(ProofLength):
        merkle.verify_consistency(old, new, (*proof, roots[0]), roots[old], roots[new])


def test_every_pair_of_sizes_up_to_64_verifies() -> None:
    """All leaves and all older sizes of every size, not only drawn ones."""
    for new in range(1, 65):
        for index in range(new):
            leaf = merkle.leaf_hash(LONG[index])
            merkle.verify_inclusion(leaf, index, new, TREE.path(index, new), TREE.roots[new])
            proof = TREE.proof(index, new)
            merkle.verify_consistency(index, new, proof, TREE.roots[index], TREE.roots[new])


def test_the_empty_tree_is_continued_by_every_tree_and_has_one_root() -> None:
    """RFC 9162 proves nothing from size 0; the root must still be that of nothing."""
    merkle.verify_consistency(0, 5, (), merkle.EMPTY_ROOT, TREE.roots[5])
    with pytest.raises(ConsistencyMismatch):
        merkle.verify_consistency(0, 5, (), TREE.roots[1], TREE.roots[5])
    with pytest.raises(ConsistencyMismatch):
        merkle.verify_consistency(5, 5, (), TREE.roots[4], TREE.roots[5])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_no_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    """Neither given nor taken."""
    with pytest.raises(OutOfRange):
        merkle.inclusion_spans(index, size)
    with pytest.raises(OutOfRange):
        merkle.verify_inclusion(b"", index, size, (), b"")


@pytest.mark.parametrize(("old", "new"), [(4, 3), (-1, 3)])
def test_no_tree_continues_a_larger_one(old: int, new: int) -> None:
    """Neither proved nor believed."""
    with pytest.raises(OutOfRange):
        merkle.verify_consistency(old, new, (), b"", b"")


def test_an_edge_of_another_size_is_refused() -> None:
    """A head whose size and hashes disagree would give a wrong tree without notice."""
    with pytest.raises(OutOfRange, match="2 edge hashes"):
        merkle.append_leaf(5, (b"",), b"")
    with pytest.raises(OutOfRange, match="2 edge hashes"):
        merkle.append_leaves(5, (b"",), [b""])
