"""How large an operation may be. What is larger is refused before any work is done for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from api.http.request import MAX_OPERATION_NAME_LENGTH
from models.errors import QueryTooLarge

TOKENS = 2000
DEPTH = 12
ALIASES = 30
ROOT_FIELDS = 20
FIELDS = 1000
"""Fields that an operation comes to once its fragments are spread out."""
DOCUMENT = 32 * 1024
"""Characters of a document: parsing reads each of them, and values belong into variables."""
DEFINITIONS = 100
"""Operations and fragments of a document."""
COMPARISONS = 5_000
"""Steps in finding out whether fields of one name can be merged: they grow with the square of their number."""
VALUES = 6_000
"""Values in the variables, at any depth: five lists of 1,000 people have fewer."""
SHORT_BODY = 8 * 1024
"""Bytes of a request whose variables are screened without a pause."""
BATCHABLE_COST = 500
"""The cost above which a query is executed by itself, with pauses."""
TEXT = 10_000
"""Characters of one text in an argument or a variable: no field stores as many, and screening reads each of them."""


@dataclass
class _Size:
    """What a selection set comes to, its fragments spread out."""

    depth: int = 0
    fields: int = 0
    roots: int = 0
    aliases: int = 0


@dataclass
class _Measure:
    fragments: Mapping[str, FragmentDefinitionNode]
    known: dict[str, _Size] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)

    def of(self, selections: SelectionSetNode | None) -> _Size:
        size = _Size()
        for selection in selections.selections if selections else ():
            if isinstance(selection, FieldNode):
                inner = self.of(selection.selection_set)
                introspects = selection.name.value in {"__schema", "__type"}
                size.depth = max(size.depth, 1 if introspects else 1 + inner.depth)
                size.fields += 1 + inner.fields
                size.roots += 1
                size.aliases += inner.aliases + (selection.alias is not None)
                continue
            if isinstance(selection, FragmentSpreadNode):
                inner = self._fragment(selection.name.value)
            elif isinstance(selection, InlineFragmentNode):
                inner = self.of(selection.selection_set)
            size.depth = max(size.depth, inner.depth)
            size.fields += inner.fields
            size.roots += inner.roots
            size.aliases += inner.aliases
        return size

    def _fragment(self, name: str) -> _Size:
        """Measure a fragment once; one that contains itself is refused later, by validation."""
        if name in self.known or name in self.open or name not in self.fragments:
            return self.known.get(name, _Size())
        self.open.add(name)
        size = self.known[name] = self.of(self.fragments[name].selection_set)
        self.open.discard(name)
        return size


def check_limits(document: DocumentNode) -> None:
    """Refuse a document of which any operation passes a limit: QUERY_TOO_LARGE, naming the limit."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    measure = _Measure(fragments)
    if len(document.definitions) > DEFINITIONS:
        raise QueryTooLarge(limit="definitions", most=DEFINITIONS)
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode) and node.name and len(node.name.value) > MAX_OPERATION_NAME_LENGTH:
            raise QueryTooLarge(limit="operationName", most=MAX_OPERATION_NAME_LENGTH)
        if isinstance(node, FragmentDefinitionNode) and node.type_condition.name.value.startswith("__"):
            continue  # introspection has a limit of its own: MaxIntrospectionDepthRule
        if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode):
            size = measure.of(node.selection_set)
            roots = size.roots if isinstance(node, OperationDefinitionNode) else 0
            for limit, count, most in (
                ("depth", size.depth, DEPTH),
                ("aliases", size.aliases, ALIASES),
                ("rootFields", roots, ROOT_FIELDS),
                ("fields", size.fields, FIELDS),
            ):
                if count > most:
                    raise QueryTooLarge(limit=limit, most=most)
