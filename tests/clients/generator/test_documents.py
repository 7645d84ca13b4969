"""Tests of the operations that are made of the schema, and that all generated files are current."""

import re

from graphql import FieldNode, OperationDefinitionNode, TypeInfo, TypeInfoVisitor, Visitor, build_schema, parse, visit

from api.access.policy import ACCESS_POLICY, PERSONAL
from api.graphql.schema import core
from clients.generator.__main__ import GENERATED, TASKS, generated_files, stale_files
from clients.generator.documents import DocumentWriter

TINY = """
directive @needToKnow(roles: [String!]!) on FIELD_DEFINITION
directive @personal(category: String) on FIELD_DEFINITION
interface Node { id: ID! }
type Thing implements Node {
  id: ID! @needToKnow(roles: [A, B])
  owner: String @needToKnow(roles: [A, B]) @personal(category: CONTACT)
  secret: String @needToKnow(roles: [A])
  part: Part @needToKnow(roles: [A, B])
  other: Thing @needToKnow(roles: [A, B])
  old: String @needToKnow(roles: [A, B]) @deprecated
  sized(by: Int): Int @needToKnow(roles: [A, B])
}
type Part { size: Int @needToKnow(roles: [A]) }
type ThingEdge { node: Thing! @needToKnow(roles: [A])  cursor: String! @needToKnow(roles: [A]) }
type ThingConnection { edges: [ThingEdge!]! @needToKnow(roles: [A]) }
type Query {
  thing(id: ID!, count: Int! = 3): Thing @needToKnow(roles: [A, B])
  things(first: Int): ThingConnection @needToKnow(roles: [A])
}
"""


def operations_with_fields(text: str) -> dict[str, set[str]]:
    """Return the coordinates that each operation of a document selects, those of its fragments included."""
    document = parse(text)
    info = TypeInfo(core)
    fields: dict[str, set[str]] = {}
    spreads: dict[str, set[str]] = {}
    owner = ""

    class Collector(Visitor):
        def enter(self, node: object, *_: object) -> None:
            nonlocal owner
            kind = getattr(node, "kind", "")
            if kind in ("operation_definition", "fragment_definition"):
                owner = f"{kind[0]} {node.name.value}"  # type: ignore[attr-defined]
                fields[owner], spreads[owner] = set(), set()
            elif kind == "fragment_spread":
                spreads[owner].add(f"f {node.name.value}")  # type: ignore[attr-defined]
            elif isinstance(node, FieldNode) and node.name.value != "__typename":
                parent = info.get_parent_type()
                fields[owner].add(f"{parent.name if parent else ''}.{node.name.value}")

    visit(document, TypeInfoVisitor(info, Collector()))

    def all_of(name: str) -> set[str]:
        return fields[name].union(*(all_of(spread) for spread in spreads[name]))

    names = [
        node.name.value for node in document.definitions if isinstance(node, OperationDefinitionNode) and node.name
    ]
    return {name: all_of(f"o {name}") for name in names}


def test_generated_files_are_in_step_with_the_schema() -> None:
    assert stale_files(generated_files()) == []


def test_an_operation_selects_what_each_of_its_roles_may_read_and_nothing_personal() -> None:
    text = DocumentWriter(build_schema(TINY)).write()
    assert "query Thing($id: ID!, $count: Int)" in text
    assert "fragment Thing on Thing { id }" in text
    assert "fragment ThingOfThings on Thing { id secret part { ...Part } }" in text


def test_every_field_of_query_and_mutation_has_an_operation_that_all_its_roles_may_run() -> None:
    operations = operations_with_fields(GENERATED.read_text())
    roots = {each for coordinates in operations.values() for each in coordinates if each.startswith(("Query.", "Mut"))}
    assert roots == {
        f"{root.name}.{name}"
        for root in (core.query_type, core.mutation_type)
        if root
        for name, field in root.fields.items()
        if field.deprecation_reason is None
    }
    for name, coordinates in operations.items():
        (root_field,) = [each for each in coordinates if each.startswith(("Query.", "Mutation."))]
        allowed = set(ACCESS_POLICY[root_field])
        refused = {each for each in coordinates if not allowed <= set(ACCESS_POLICY.get(each, allowed))}
        assert not refused, name
        assert not coordinates & {*PERSONAL}, name


def test_each_task_names_exactly_the_roles_that_may_run_it() -> None:
    text = TASKS.read_text()
    operations = operations_with_fields(f"{GENERATED.read_text()}\n{text}")
    roles_of = {name: roles for roles, name in re.findall(r"# ([A-Z, ]+[A-Z])[^\n]*\nquery (\w+)", text)}
    assert len(roles_of) == text.count("\nquery ")
    for name, roles in roles_of.items():
        allowed = set.intersection(*(set(ACCESS_POLICY[each]) for each in operations[name] if each in ACCESS_POLICY))
        assert {*roles.split(", ")} == {str(role) for role in allowed}, name
