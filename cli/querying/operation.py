"""The operation of a GraphQL file, and the conversion of texts to the types of its variables."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import graphql
import typer
from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    OperationDefinitionNode,
    OperationType,
    TypeNode,
    get_named_type,
    get_nullable_type,
    is_input_type,
    type_from_ast,
)

from api.graphql.schema import core
from models.storage import strict_json

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_BOOLEANS = {"true": True, "false": False}


class VariableError(ValueError):
    """A text cannot be converted to the type of its variable; the message states the problem without the text."""


class CsvColumn(NamedTuple):
    """The target of a text: the path of a variable, such as ``subject.email``, and the type at this path."""

    path: tuple[str, ...]
    type: GraphQLInputType

    @property
    def name(self) -> str:
        return ".".join(self.path)

    def _parse_json(self, text: str) -> Any:
        try:
            return strict_json.parse(text.encode())
        except strict_json.RepeatedKeyError:
            raise VariableError("an object in it has the same key twice") from None
        except ValueError:
            raise VariableError(f"it is not a {self.type}: write it as JSON") from None

    def value(self, text: str) -> Any:
        """Convert a text to the type of this column; raise VariableError when it cannot be converted."""
        nullable_type = get_nullable_type(self.type)
        if isinstance(nullable_type, GraphQLList | GraphQLInputObjectType):
            return self._parse_json(text)
        name = get_named_type(nullable_type).name
        if name in {"Int", "BigInt"}:
            if not _INTEGER.fullmatch(text):
                raise VariableError("it is not an integer")
            return int(text)
        if name == "Float":
            try:
                return float(text)
            except ValueError:
                raise VariableError("it is not a number") from None
        if name == "Boolean":
            if text.lower() not in _BOOLEANS:
                raise VariableError("it is neither true nor false")
            return _BOOLEANS[text.lower()]
        if graphql.is_enum_type(nullable_type) and text not in nullable_type.values:
            raise VariableError(f"it is not one of {', '.join(nullable_type.values)}")
        return text


class Operation(NamedTuple):
    """One operation of a document, and the types of its variables."""

    document: str
    name: str | None
    is_mutation: bool
    variables: Mapping[str, GraphQLInputType]
    required: frozenset[str]
    """The non-null variables without a default value."""

    def column(self, name: str) -> CsvColumn:
        """Return the target of a variable path; raise BadParameter when the operation has no such variable."""
        path = tuple(name.strip().removeprefix("$").split("."))
        if path[0] not in self.variables:
            listed = ", ".join(f"${variable}" for variable in self.variables) or "none"
            raise typer.BadParameter(f"the operation has no variable ${path[0]} (its variables: {listed})")
        column_type = self.variables[path[0]]
        for index, key in enumerate(path[1:], 1):
            parent = get_nullable_type(column_type)
            if not isinstance(parent, GraphQLInputObjectType) or key not in parent.fields:
                keys = ", ".join(parent.fields) if isinstance(parent, GraphQLInputObjectType) else "none"
                raise typer.BadParameter(f"${'.'.join(path[:index])} has no key {key} (its keys: {keys})")
            column_type = parent.fields[key].type
        return CsvColumn(path, column_type)

    def check_columns(self, columns: Iterable[CsvColumn]) -> None:
        """Raise BadParameter when a required variable is missing, or a variable is set twice."""
        paths = [column.path for column in columns]
        for path in paths:
            if any(other[: len(path)] == path for other in paths if other is not path):
                raise typer.BadParameter(f"${'.'.join(path)} is set twice")
        if missing := self.required - {path[0] for path in paths}:
            listed = ", ".join(f"${name}" for name in sorted(missing))
            raise typer.BadParameter(f"{listed} must be set with --var or with a column of the --each file")


def parse_operation(document: str, name: str | None) -> Operation:
    """Return an operation of a document; raise BadParameter when the document or the name is invalid."""
    try:
        parsed = graphql.parse(document)
    except graphql.GraphQLSyntaxError as error:
        line = error.locations[0].line if error.locations else 1
        raise typer.BadParameter(f"line {line} of the file: {error.message}") from None
    nodes = {
        node.name.value if node.name else None: node
        for node in parsed.definitions
        if isinstance(node, OperationDefinitionNode)
    }
    names = ", ".join(str(key) for key in nodes)
    if name is None and len(nodes) != 1:
        raise typer.BadParameter(f"select an operation of the file with --operation: {names}")
    node = nodes.get(name) if name is not None else next(iter(nodes.values()))
    if node is None:
        raise typer.BadParameter(f"the file has no such operation (its operations: {names})")
    if node.operation is OperationType.SUBSCRIPTION:
        raise typer.BadParameter("the service has no subscriptions")
    variables = {
        definition.variable.name.value: _variable_type(definition.type)
        for definition in node.variable_definitions or ()
    }
    required = frozenset(
        definition.variable.name.value
        for definition in node.variable_definitions or ()
        if definition.default_value is None and isinstance(variables[definition.variable.name.value], GraphQLNonNull)
    )
    is_mutation = node.operation is OperationType.MUTATION
    return Operation(document, node.name.value if node.name else None, is_mutation, variables, required)


def _variable_type(node: TypeNode) -> GraphQLInputType:
    variable_type = type_from_ast(core, node)
    if variable_type is None or not is_input_type(variable_type):
        raise typer.BadParameter(f"{graphql.print_ast(node)} is not an input type of the schema")
    return variable_type


def set_variable(variables: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set the value at the path, and create the objects above it."""
    for key in path[:-1]:
        variables = variables.setdefault(key, {})
    variables[path[-1]] = value
