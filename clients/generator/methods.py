"""Turns an operation into Python: a function that builds it, and a method that runs it."""

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    print_ast,
    strip_ignored_characters,
    type_from_ast,
)

from clients.generator.names import docstring, input_annotation, snake
from clients.generator.selections import ResultTypes


class Method:
    """An operation as a function that builds it, and as a method of the clients."""

    def __init__(self, schema: GraphQLSchema, results: ResultTypes, node: OperationDefinitionNode) -> None:
        self.name = node.name.value if node.name else ""
        roots = node.selection_set.selections
        root = roots[0]
        root_type = schema.get_root_type(node.operation)
        if len(roots) != 1 or not isinstance(root, FieldNode) or root_type is None or not self.name:
            message = f"{self.name}: an operation has a name and one field."
            raise ValueError(message)
        schema_field = root_type.fields[root.name.value]
        output = schema_field.type
        value = f'data["{root.name.value}"]'
        if node.operation.value == "mutation" and not isinstance(output, GraphQLNonNull):
            output = GraphQLNonNull(output)  # null stands for an error only, which is raised
            value = f'result_of(data, "{root.name.value}")'
        self.reader = results.reader(output, root.selection_set, value, self.name)
        self.description = schema_field.description
        self.parameters: list[tuple[str, str, bool]] = []
        self.variables: list[tuple[str, str]] = []
        for definition in node.variable_definitions or ():
            variable = type_from_ast(schema, definition.type)
            if variable is None:
                raise TypeError(self.name)
            name = definition.variable.name.value
            self.parameters.append((snake(name), input_annotation(variable), isinstance(variable, GraphQLNonNull)))
            self.variables.append((name, snake(name)))
        spreads = _spreads(node.selection_set, results.fragments)
        parts = [print_ast(part) for part in (node, *(results.fragments[spread] for spread in sorted(spreads)))]
        self.document = strip_ignored_characters("\n".join(parts))

    def _signature(self) -> str:
        needed = [f"{name}: {annotation}" for name, annotation, is_needed in self.parameters if is_needed]
        optional = [
            f"{name}: {annotation} | Unset = UNSET" for name, annotation, is_needed in self.parameters if not is_needed
        ]
        return ", ".join([*needed, *(["*", *optional] if optional else [])])

    def builder(self) -> str:
        """Return the function that builds the operation."""
        variables = ", ".join(f'"{wire}": {name}' for wire, name in self.variables)
        return (
            f"def {snake(self.name)}({self._signature()}) -> Operation[{self.reader.annotation}]:\n"
            f"{docstring(self.description)}"
            f"    return Operation({self.name!r}, {self.document!r}, {{{variables}}}, "
            f"lambda data: {self.reader.expression})\n"
        )

    def method(self, prefix: str) -> str:
        """Return the method that runs the operation, after ``async`` or nothing."""
        call = ", ".join(name if is_needed else f"{name}={name}" for name, _, is_needed in self.parameters)
        signature = ", ".join(filter(None, ["self", self._signature()]))
        await_ = "await " if prefix else ""
        return (
            f"    {prefix}def {snake(self.name)}({signature}) -> {self.reader.annotation}:\n"
            f"{docstring(self.description, 8)}"
            f"        return {await_}self.run(operations.{snake(self.name)}({call}))\n"
        )


def _spreads(selections: SelectionSetNode | None, fragments: dict[str, FragmentDefinitionNode]) -> set[str]:
    """Return the names of all fragments that a selection needs."""
    names: set[str] = set()
    for node in selections.selections if selections else ():
        if isinstance(node, FragmentSpreadNode):
            names |= {node.name.value} | _spreads(fragments[node.name.value].selection_set, fragments)
        else:
            names |= _spreads(getattr(node, "selection_set", None), fragments)
    return names
