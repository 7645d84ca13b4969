"""Merkle trees as Certificate Transparency has them (RFC 9162, 2.1): roots, and proofs that something is in one."""

import hashlib
from collections.abc import Sequence
from typing import Final

LEAF: Final = b"\x00"
NODE: Final = b"\x01"
EMPTY: Final = hashlib.sha256(b"").digest()
DIGEST: Final = 32
"""Octets of a hash: SHA-256."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash an entry of the tree."""
    return hashlib.sha256(LEAF + entry).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Give the root over leaf hashes.

    Pairing neighbours level by level, and letting a last one without a neighbour rise as it is, is the RFC's split at
    the largest power of two.
    """
    if not leaves:
        return EMPTY
    level = leaves
    while len(level) > 1:
        level = _above(level)
    return level[0]


def path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Give the inclusion proof of one leaf: the hashes beside its way to the root, from below (RFC 9162, 2.1.3.1)."""
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    proof = []
    level = leaves
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            proof.append(level[beside])
        level = _above(level)
        index //= 2
    return proof


def is_included(index: int, size: int, leaf: bytes, proof: Sequence[bytes], tree_root: bytes) -> bool:
    """Say whether a proof leads from a leaf, at its place in a tree of this size, to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for hashed in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = _node(hashed, found)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            found = _node(found, hashed)
        place >>= 1
        last >>= 1
    return last == 0 and found == tree_root


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(NODE + left + right).digest()


def _above(level: Sequence[bytes]) -> list[bytes]:
    sha256 = hashlib.sha256
    above = [sha256(NODE + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
    if len(level) % 2:
        above.append(level[-1])
    return above
