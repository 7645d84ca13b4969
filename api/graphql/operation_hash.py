"""Fingerprints of documents: what the record names an operation by, without anything that a caller wrote as a value."""

import hashlib
from typing import Any, Final

from graphql import DocumentNode, Node, Visitor
from graphql.language.ast import QUERY_DOCUMENT_KEYS
from graphql.language.printer import PrintBuffer, print_doc_ast_reducer, render
from graphql.language.reducer import ReducedNode

from api.graphql.visiting import visiting_steps
from models.storage.turns import Steps

_EMPTIED: Final = {"string_value": '""', "int_value": "0", "float_value": "0"}
"""Literals as they are printed: the plain hash of a text that holds an address would lead back to the address."""
_NO_INDENT_LIMIT: Final = 1_000_000


class _Printer(Visitor):
    """Prints a document as ``graphql.print_ast`` does, every literal emptied."""

    def __init__(self) -> None:
        super().__init__()
        self._open: list[dict[Any, Any]] = [{}]
        """The attributes of the nodes that were entered and not left, with the printed text of their children."""

    def enter(self, node: Node, *_: object) -> None:
        self._open.append({**vars(node)})

    def leave(self, node: Node, key: Any, parent: Any, path: list[Any], _ancestors: object) -> None:
        reduced = ReducedNode()
        vars(reduced).update(self._open.pop())
        literal = _EMPTIED.get(node.kind)
        printed = print_doc_ast_reducer[node.kind](reduced) if literal is None else PrintBuffer(literal)
        attributes = self._open[-1]
        if parent.__class__ is not tuple:
            attributes[key] = printed
        elif key == 0:
            attributes[path[-2]] = [printed]
        else:
            attributes[path[-2]].append(printed)

    @property
    def text(self) -> str:
        """The printed document."""
        return render(self._open[0][None], _NO_INDENT_LIMIT)


def hash_steps(document: DocumentNode) -> Steps[bytes]:
    """Return the SHA-256 of a document as graphql-core prints it, every literal emptied."""
    printer = _Printer()
    yield from visiting_steps(document, printer, QUERY_DOCUMENT_KEYS)
    return hashlib.sha256(printer.text.encode()).digest()
