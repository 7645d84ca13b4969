"""Turns the selections of operations into classes: one for each fragment, and one for each selection without one."""

from dataclasses import dataclass, field

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    SelectionSetNode,
    get_named_type,
    is_enum_type,
    is_interface_type,
    is_leaf_type,
    is_object_type,
)

from clients.generator.documents import pascal
from clients.generator.names import SCALARS, docstring, snake

TYPENAME = "__typename"
PAGE_SELECTIONS = ("edges", "pageInfo")


@dataclass(frozen=True)
class Reader:
    """How a part of an answer is typed, and the expression that reads it."""

    annotation: str
    expression: str


@dataclass
class ResultTypes:
    """The classes of the results of operations, in the order in which they need each other."""

    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    classes: dict[str, str] = field(default_factory=dict)

    def reader(
        self, output: GraphQLOutputType, selections: SelectionSetNode | None, value: str, name: str, depth: int = 0
    ) -> Reader:
        """Return how the value of an expression is read; a class without a fragment gets this name."""
        if not isinstance(output, GraphQLNonNull):
            inner = self._present(output, selections, value, name, depth)
            if inner.expression == value:
                return Reader(f"{inner.annotation} | None", value)
            return Reader(f"{inner.annotation} | None", f"None if {value} is None else {inner.expression}")
        return self._present(output.of_type, selections, value, name, depth)

    def _present(
        self, output: GraphQLOutputType, selections: SelectionSetNode | None, value: str, name: str, depth: int
    ) -> Reader:
        if isinstance(output, GraphQLList):
            row = f"row{depth or ''}"
            inner = self.reader(output.of_type, selections, row, name, depth + 1)
            rows = value if inner.expression == row else f"{inner.expression} for {row} in {value}"
            return Reader(f"tuple[{inner.annotation}, ...]", f"tuple({rows})")
        if is_enum_type(output):
            return Reader(output.name, f"{output.name}({value})")
        if is_leaf_type(output):
            python = SCALARS[output.name]
            return Reader(python, f"{python}_of({value})" if python in ("date", "datetime") else value)
        if selections is None or not (is_object_type(output) or is_interface_type(output)):
            message = f"{name}: a union has no class."
            raise NotImplementedError(message)
        if is_object_type(output) and output.name.endswith("Connection"):
            return self._page(output, selections, value, name)
        class_name = self._class(output.name, selections, name)
        return Reader(class_name, f"{class_name}.parse({value})")

    def _page(self, connection: GraphQLObjectType, selections: SelectionSetNode, value: str, name: str) -> Reader:
        parts = {part.name.value: part for part in selections.selections if isinstance(part, FieldNode)}
        edge = get_named_type(connection.fields["edges"].type)
        edge_selections = parts["edges"].selection_set
        if tuple(parts) != PAGE_SELECTIONS or edge_selections is None or not is_object_type(edge):
            message = f"{name}: a page selects edges and pageInfo."
            raise ValueError(message)
        node = next(
            part for part in edge_selections.selections if isinstance(part, FieldNode) and part.name.value == "node"
        )
        inner = self.reader(edge.fields["node"].type, node.selection_set, "node", name)
        parser = inner.expression.removesuffix("(node)")
        return Reader(f"Page[{inner.annotation}]", f"page_of({value}, {parser})")

    def _class(self, type_name: str, selections: SelectionSetNode, name: str) -> str:
        only = selections.selections[0]
        if len(selections.selections) == 1 and isinstance(only, FragmentSpreadNode):
            fragment = self.fragments[only.name.value]
            name, selections = fragment.name.value, fragment.selection_set
        if name in self.classes:
            return name
        named = self.schema.type_map[type_name]
        attributes, arguments = "", ""
        for node in self._fields(selections):
            key = node.alias.value if node.alias else node.name.value
            if node.name.value == TYPENAME:
                attributes += '    typename: str\n    """The name of its type."""\n'
                arguments += f'typename=value["{key}"], '
                continue
            schema_field = self._schema_field(type_name, node.name.value)
            inner = self.reader(schema_field.type, node.selection_set, f'value["{key}"]', f"{name}{pascal(key)}")
            attributes += f"    {snake(key)}: {inner.annotation}\n{docstring(schema_field.description)}"
            arguments += f"{snake(key)}={inner.expression}, "
        self.classes[name] = (
            "@dataclass(frozen=True, slots=True, kw_only=True)\n"
            f"class {name}:\n{docstring(named.description) or docstring(f'What was selected of {type_name}.')}\n"
            f"{attributes}\n    @classmethod\n    def parse(cls, value: Any) -> Self:\n"
            f'        """Return what the answer of the service states."""\n        return cls({arguments})\n'
        )
        return name

    def _schema_field(self, type_name: str, name: str) -> GraphQLField:
        named = self.schema.type_map[type_name]
        if not (is_object_type(named) or is_interface_type(named)):
            raise TypeError(type_name)
        return named.fields[name]

    def _fields(self, selections: SelectionSetNode) -> list[FieldNode]:
        """Return the fields of a selection, those of its fragments included."""
        fields: list[FieldNode] = []
        for node in selections.selections:
            if isinstance(node, FieldNode):
                fields.append(node)
            elif isinstance(node, FragmentSpreadNode):
                fields += self._fields(self.fragments[node.name.value].selection_set)
            else:
                message = "An inline fragment has no class."
                raise NotImplementedError(message)
        return fields
