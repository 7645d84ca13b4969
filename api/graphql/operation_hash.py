"""Fingerprints of documents: what the record names an operation by, without anything that a caller wrote as a value."""

import hashlib
from typing import Any

from graphql import DocumentNode, FloatValueNode, IntValueNode, StringValueNode, Visitor, print_ast, visit


class _Blank(Visitor):
    """Takes out literals: the plain hash of a text that holds an address would lead back to the address."""

    def enter_string_value(self, _node: StringValueNode, *_: Any) -> StringValueNode:
        return StringValueNode(value="")

    def enter_int_value(self, _node: IntValueNode, *_: Any) -> IntValueNode:
        return IntValueNode(value="0")

    def enter_float_value(self, _node: FloatValueNode, *_: Any) -> FloatValueNode:
        return FloatValueNode(value="0")


def operation_hash(document: DocumentNode) -> bytes:
    """Return the SHA-256 of a document as graphql-core prints it, every literal emptied."""
    return hashlib.sha256(print_ast(visit(document, _Blank())).encode()).digest()
