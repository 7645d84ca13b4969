"""Merkle trees as in Certificate Transparency (RFC 9162, 2.1): roots and inclusion proofs."""

import hashlib
from collections.abc import Sequence
from typing import Final

LEAF_PREFIX: Final = b"\x00"
NODE_PREFIX: Final = b"\x01"
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
DIGEST: Final = 32
"""Octets of a SHA-256 hash."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the leaf hash of an entry."""
    return hashlib.sha256(LEAF_PREFIX + entry).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root of a tree with these leaf hashes.

    Each level pairs neighbours, and a last node without a neighbour moves up unchanged. The RFC's split at the largest
    power of two gives the same tree.
    """
    if not leaves:
        return EMPTY_ROOT
    level = leaves
    while len(level) > 1:
        level = _parents(level)
    return level[0]


def path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return the inclusion proof of a leaf: the sibling hashes on the path to the root (RFC 9162, 2.1.3.1)."""
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    proof = []
    level = leaves
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            proof.append(level[sibling])
        level = _parents(level)
        index //= 2
    return proof


def is_included(index: int, size: int, leaf: bytes, proof: Sequence[bytes], tree_root: bytes) -> bool:
    """Return whether a proof leads from the leaf at ``index`` in a tree of ``size`` to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, hashed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            hashed = _node_hash(sibling, hashed)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            hashed = _node_hash(hashed, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and hashed == tree_root


def _node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(NODE_PREFIX + left + right).digest()


def _parents(level: Sequence[bytes]) -> list[bytes]:
    sha256 = hashlib.sha256
    pairs = zip(level[::2], level[1::2], strict=False)
    parents = [sha256(NODE_PREFIX + left + right).digest() for left, right in pairs]
    if len(level) % 2:
        parents.append(level[-1])
    return parents
