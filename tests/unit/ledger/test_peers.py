"""Our trees and proofs beside those of an implementation that nobody here wrote."""

from pymerkle import InmemoryTree
from pymerkle import verify_inclusion as peer_verify_inclusion

from ledger import merkle

SIZE = 70
LEAVES = [b"leaf %d" % index for index in range(SIZE)]


def test_roots_and_inclusion_proofs_are_those_of_pymerkle() -> None:
    """Every root up to 70 leaves; its proofs hold here, ours are the same hashes."""
    peer = InmemoryTree(algorithm="sha256")
    edge: tuple[bytes, ...] = ()
    nodes = {}
    for index, leaf in enumerate(LEAVES):
        digest = merkle.leaf_hash(leaf)
        assert peer.append_entry(leaf) == index + 1
        edge, completed = merkle.append_leaf(index, edge, digest)
        nodes[merkle.NodeId(0, index)] = digest
        nodes.update(completed)
        assert peer.get_root() == merkle.root_of(edge)
    root = merkle.root_of(edge)
    for index, leaf in enumerate(LEAVES):
        proof = peer.prove_inclusion(index + 1, SIZE)
        peer_verify_inclusion(merkle.leaf_hash(leaf), root, proof)
        # Its path begins with the leaf itself.
        own, *path = proof.path
        assert own == merkle.leaf_hash(leaf)
        assert tuple(path) == merkle.span_roots(merkle.inclusion_spans(index, SIZE), nodes)
        merkle.verify_inclusion(own, index, SIZE, path, root)
