"""Merkle tree hashing as in RFC 6962 section 2.1; proofs as in RFC 9162 sections 2.1.3 and 2.1.4.

Pure functions on SHA-256 hashes of 32 bytes: no storage, no formats. A tree of `size` leaves is written down by
its right edge, the roots of its perfect subtrees from the largest to the smallest, one for each bit set in
`size`. Node (level, position) is the perfect subtree over the leaves
[position << level, (position + 1) << level).
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ledger.errors import ConsistencyMismatch, InclusionMismatch, OutOfRange, ProofLength

EMPTY_ROOT = hashlib.sha256(b"").digest()


class NodeId(NamedTuple):
    """The place of a perfect subtree."""

    level: int
    position: int


class Subtree(NamedTuple):
    """A perfect subtree and its root."""

    id: NodeId
    root: bytes


class Appended(NamedTuple):
    """What one more leaf does: the new right edge, and the subtrees of two or more leaves that it completed."""

    edge: tuple[bytes, ...]
    completed: tuple[Subtree, ...]


Span = tuple[int, int]


def leaf_hash(leaf: bytes) -> bytes:
    """Return SHA-256(0x00 ‖ leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def append_leaf(size: int, edge: Sequence[bytes], leaf: bytes) -> Appended:
    """Add the leaf hash `leaf` to a tree of `size` leaves: like a carry in binary addition, O(log size)."""
    _check_edge(size, edge)
    kept = list(edge)
    completed = []
    root, level = leaf, 0
    while size >> level & 1:
        root = node_hash(kept.pop(), root)
        level += 1
        completed.append(Subtree(NodeId(level, size >> level), root))
    return Appended((*kept, root), tuple(completed))


def append_leaves(size: int, edge: Sequence[bytes], leaves: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the right edge after many leaf hashes: what `append_leaf` gives one by one, a level at a time."""
    _check_edge(size, edge)
    kept, roots, level = list(edge), list(leaves), 0
    grown: list[bytes] = []
    sha256 = hashlib.sha256
    while roots or kept:
        if size >> level & 1:
            roots.insert(0, kept.pop())
        if len(roots) & 1:
            grown.append(roots.pop())
        pairs = zip(roots[::2], roots[1::2], strict=True)
        roots = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        level += 1
    return tuple(reversed(grown))


def root_of(edge: Sequence[bytes]) -> bytes:
    """Return the root of the tree with this right edge."""
    if not edge:
        return EMPTY_ROOT
    *lefts, root = edge
    for left in reversed(lefts):
        root = node_hash(left, root)
    return root


def edge_nodes(start: int, end: int) -> list[NodeId]:
    """Return the perfect subtrees that make up the leaves [start, end), largest first.

    `start` is a multiple of the smallest power of two that is not below `end - start`, as in every split of RFC 6962.
    """
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append(NodeId(level, start >> level))
        start += 1 << level
    return nodes


def inclusion_spans(index: int, size: int) -> list[Span]:
    """Return the leaf ranges whose roots prove leaf `index` in a tree of `size`, the leaf's sibling first."""
    if not 0 <= index < size:
        msg = f"no entry {index} in a tree of {size}"
        raise OutOfRange(msg)
    spans: list[Span] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(old_size: int, new_size: int) -> list[Span]:
    """Return the leaf ranges whose roots prove that the tree of `new_size` continues that of `old_size`."""
    _check_sizes(old_size, new_size)
    if old_size in (0, new_size):
        return []
    spans: list[Span] = []
    start, end, is_whole = 0, new_size, True
    while old_size != end:
        middle = start + _split(end - start)
        if old_size <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start, is_whole = middle, False
    if not is_whole:
        spans.append((start, end))
    return spans[::-1]


def span_roots(spans: Sequence[Span], nodes: Mapping[NodeId, bytes]) -> tuple[bytes, ...]:
    """Return the root of each leaf range, from the roots of perfect subtrees."""
    return tuple(root_of([nodes[node] for node in edge_nodes(*span)]) for span in spans)


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that the leaf hash `leaf` is at `index` of the tree of `size` with `root` (RFC 9162 section 2.1.3.2).

    Raises OutOfRange, ProofLength or InclusionMismatch.
    """
    if not 0 <= index < size:
        msg = f"no entry {index} in a tree of {size}"
        raise OutOfRange(msg)
    wanted = len(inclusion_spans(index, size))
    _check_length(f"inclusion of entry {index} in a tree of {size}", wanted, len(proof))
    position, last, actual = index, size - 1, leaf
    for sibling in proof:
        if position & 1 or position == last:
            actual = node_hash(sibling, actual)
            while position & 1 == 0:
                position, last = position >> 1, last >> 1
        else:
            actual = node_hash(actual, sibling)
        position, last = position >> 1, last >> 1
    if actual != root:
        what = f"root of a tree of {size} by the proof of entry {index}"
        raise InclusionMismatch(what, expected=root, actual=actual)


def verify_consistency(
    old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    """Check that the tree of `new_size` only adds leaves to that of `old_size` (RFC 9162 section 2.1.4.2).

    The empty tree is continued by every tree. Raises OutOfRange, ProofLength or ConsistencyMismatch.
    """
    wanted = len(consistency_spans(old_size, new_size))
    _check_length(f"consistency of {old_size} with {new_size}", wanted, len(proof))
    if old_size in (0, new_size):
        known = EMPTY_ROOT if old_size == 0 else new_root
        _check_continues(old_size, expected=old_root, actual=known)
        return
    # A power of two is a subtree of the newer tree itself, so the proof does not repeat its root.
    is_perfect = old_size.bit_count() == 1
    first, *rest = (old_root, *proof) if is_perfect else proof
    position, last = old_size - 1, new_size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old, new = first, first
    for sibling in rest:
        if position & 1 or position == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while position & 1 == 0 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        position, last = position >> 1, last >> 1
    _check_continues(old_size, expected=old_root, actual=old)
    _check_continues(new_size, expected=new_root, actual=new)


def tree_root(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    return root_of(append_leaves(0, (), tuple(leaves)))


def _split(size: int) -> int:
    """Return the largest power of two below `size` (RFC 6962 section 2.1)."""
    return 1 << (size - 1).bit_length() - 1


def _check_edge(size: int, edge: Sequence[bytes]) -> None:
    if len(edge) != size.bit_count():
        msg = f"a tree of {size} leaves has {size.bit_count()} edge hashes, not {len(edge)}"
        raise OutOfRange(msg)


def _check_sizes(old_size: int, new_size: int) -> None:
    if not 0 <= old_size <= new_size:
        msg = f"a tree of {new_size} can't continue one of {old_size}"
        raise OutOfRange(msg)


def _check_length(what: str, wanted: int, got: int) -> None:
    if wanted != got:
        msg = f"{what}: expected {wanted} hashes, got {got}"
        raise ProofLength(msg)


def _check_continues(size: int, *, expected: bytes, actual: bytes) -> None:
    if actual != expected:
        raise ConsistencyMismatch(f"root of the tree of {size}", expected=expected, actual=actual)
