"""Tests of the classes that selections become."""

import pytest
from graphql import FieldNode, FragmentDefinitionNode, OperationDefinitionNode, build_schema, parse

from clients.generator.selections import ResultTypes

SCHEMA = """
scalar DateTime
type Edge { node: Thing!  cursor: String! }
type PageInfo { hasNextPage: Boolean!  endCursor: String }
type ThingConnection { edges: [Edge!]!  pageInfo: PageInfo! }
enum Kind { A }
type Thing { kind: Kind  at: DateTime  parts: [[Thing!]]!  things: ThingConnection! }
type Query { thing: Thing }
"""


def classes(document: str) -> dict[str, str]:
    schema, parsed = build_schema(SCHEMA), parse(document)
    fragments = {node.name.value: node for node in parsed.definitions if isinstance(node, FragmentDefinitionNode)}
    results = ResultTypes(schema, fragments)
    (operation,) = [node for node in parsed.definitions if isinstance(node, OperationDefinitionNode)]
    root = operation.selection_set.selections[0]
    assert isinstance(root, FieldNode)
    assert schema.query_type
    reader = results.reader(schema.query_type.fields["thing"].type, root.selection_set, 'data["thing"]', "Asking")
    assert reader.annotation.endswith(" | None")
    return results.classes


def test_nullable_values_lists_and_scalars_have_their_readers() -> None:
    text = classes("{ thing { kind at parts { kind } } }")["Asking"]
    assert 'kind=None if value["kind"] is None else Kind(value["kind"])' in text
    assert 'at=None if value["at"] is None else datetime_of(value["at"])' in text
    assert "parts: tuple[tuple[AskingParts, ...] | None, ...]" in text


def test_a_fragment_is_one_class_and_a_connection_a_page() -> None:
    document = """{ thing { things { edges { node { ...Part } } pageInfo { hasNextPage endCursor } } } }
    fragment Part on Thing { kind }"""
    made_classes = classes(document)
    assert [*made_classes] == ["Part", "Asking"]
    assert 'things=page_of(value["things"], Part.parse)' in made_classes["Asking"]


def test_selections_without_a_class_are_refused() -> None:
    with pytest.raises(NotImplementedError):
        classes("{ thing { ... on Thing { kind } } }")
    with pytest.raises(ValueError, match="edges and pageInfo"):
        classes("{ thing { things { edges { node { kind } } } } }")
