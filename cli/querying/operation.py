"""The operation of a file, and how the texts of a command line or a CSV file become its variables."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import graphql
import orjson
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

_WHOLE = re.compile(r"-?[0-9]{1,19}")
_TRUTHS = {"true": True, "false": False}


class VariableError(ValueError):
    """A text that is none of its variable's type."""


class CsvColumn(NamedTuple):
    """Where a text goes: the path of a variable, ``subject.email``, and the type that is there."""

    path: tuple[str, ...]
    kind: GraphQLInputType

    @property
    def name(self) -> str:
        return ".".join(self.path)

    def value(self, text: str) -> Any:
        """Give what the text means; VariableError when it is none of the type."""
        kind = get_nullable_type(self.kind)
        if isinstance(kind, GraphQLList | GraphQLInputObjectType):
            try:
                return orjson.loads(text)
            except ValueError:
                raise VariableError(f"it is no {self.kind}: write it as JSON") from None
        name = get_named_type(kind).name
        if name in {"Int", "BigInt"}:
            if not _WHOLE.fullmatch(text):
                raise VariableError("it is no whole number")
            return int(text)
        if name == "Float":
            try:
                return float(text)
            except ValueError:
                raise VariableError("it is no number") from None
        if name == "Boolean":
            if text.lower() not in _TRUTHS:
                raise VariableError("it is neither true nor false")
            return _TRUTHS[text.lower()]
        if graphql.is_enum_type(kind) and text not in kind.values:
            raise VariableError(f"it is none of {', '.join(kind.values)}")
        return text


class Operation(NamedTuple):
    """One operation of a document."""

    document: str
    name: str | None
    is_mutation: bool
    variables: Mapping[str, GraphQLInputType]
    needed: frozenset[str]
    """The variables without which it cannot run."""

    def column(self, name: str) -> CsvColumn:
        """Say where a column's texts go; a sentence says what is wrong when the operation has no such variable."""
        path = tuple(name.strip().removeprefix("$").split("."))
        if path[0] not in self.variables:
            listed = ", ".join(f"${variable}" for variable in self.variables) or "none"
            raise typer.BadParameter(f"the operation has no variable ${path[0]} (its variables: {listed})")
        kind = self.variables[path[0]]
        for index, key in enumerate(path[1:], 1):
            inside = get_nullable_type(kind)
            if not isinstance(inside, GraphQLInputObjectType) or key not in inside.fields:
                keys = ", ".join(inside.fields) if isinstance(inside, GraphQLInputObjectType) else "none"
                raise typer.BadParameter(f"${'.'.join(path[:index])} has no key {key} (its keys: {keys})")
            kind = inside.fields[key].type
        return CsvColumn(path, kind)

    def demand(self, columns: Iterable[CsvColumn]) -> None:
        """Say when a variable that must be given is not, or is given twice."""
        paths = [column.path for column in columns]
        for path in paths:
            if any(other[: len(path)] == path for other in paths if other is not path):
                raise typer.BadParameter(f"${'.'.join(path)} is given twice")
        if missing := self.needed - {path[0] for path in paths}:
            listed = ", ".join(f"${name}" for name in sorted(missing))
            raise typer.BadParameter(f"{listed} must be given, by --var or by a column of the --each file")


def operation_of(document: str, name: str | None) -> Operation:
    """Give the operation of a document; a sentence says what is wrong with it."""
    try:
        parsed = graphql.parse(document)
    except graphql.GraphQLSyntaxError as error:
        line = error.locations[0].line if error.locations else 1
        raise typer.BadParameter(f"line {line} of the file: {error.message}") from None
    found = {
        node.name.value if node.name else None: node
        for node in parsed.definitions
        if isinstance(node, OperationDefinitionNode)
    }
    names = ", ".join(str(key) for key in found)
    if name is None and len(found) != 1:
        raise typer.BadParameter(f"name one of the file's operations with --operation: {names}")
    node = found.get(name) if name is not None else next(iter(found.values()))
    if node is None:
        raise typer.BadParameter(f"the file has no such operation (its operations: {names})")
    if node.operation is OperationType.SUBSCRIPTION:
        raise typer.BadParameter("the service has no subscriptions")
    variables = {
        definition.variable.name.value: _kind(definition.type) for definition in node.variable_definitions or ()
    }
    needed = frozenset(
        definition.variable.name.value
        for definition in node.variable_definitions or ()
        if definition.default_value is None and isinstance(variables[definition.variable.name.value], GraphQLNonNull)
    )
    is_mutation = node.operation is OperationType.MUTATION
    return Operation(document, node.name.value if node.name else None, is_mutation, variables, needed)


def _kind(node: TypeNode) -> GraphQLInputType:
    kind = type_from_ast(core, node)
    if kind is None or not is_input_type(kind):
        raise typer.BadParameter(f"{graphql.print_ast(node)} is no input type of the schema")
    return kind


def put(variables: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set the value at the path, making the objects on the way."""
    for key in path[:-1]:
        variables = variables.setdefault(key, {})
    variables[path[-1]] = value
