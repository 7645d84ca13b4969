"""Makes the values of sources into the values of an answer.

Each type has a strict completer, and source text for the generated functions, which raise at whatever is not plain; the level
is then completed again by ``settle``, which knows all of the specification: nulls, errors and where they go.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLOutputType,
    Undefined,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    located_error,
)
from graphql.pyutils import is_iterable

Path = tuple[str | int, ...]
PLAIN = {"String": "str", "ID": "str", "Boolean": "bool", "Int": "int"}


class Irregular(Exception):  # noqa: N818 -- no error: it asks for the careful road
    """This value is not plain: complete its level again, carefully."""


def completer(type_: GraphQLOutputType) -> Callable[[Any], Any]:
    """Compile the strict completion of values of a leaf type, or lists of them."""
    if is_non_null_type(type_):
        inner = completer(type_.of_type)

        def required(value: Any) -> Any:
            if value is None:
                raise Irregular
            return inner(value)

        return required
    if is_list_type(type_):
        item = completer(type_.of_type)

        def each(value: Any) -> Any:
            if value.__class__ is list or value.__class__ is tuple:
                return [item(part) for part in value]
            if value is None:
                return None
            raise Irregular

        return each

    def leaf(value: Any) -> Any:
        return None if value is None else complete_leaf(type_, value)

    return leaf


def complete_leaf(type_: Any, value: Any) -> Any:
    """Serialise a value that is not None by its type's own function."""
    if isinstance(value, Exception):
        raise value
    completed = type_.coerce_output_value(value)
    if completed is None or completed is Undefined:
        message = f"Expected a value of {type_}, and found none."
        raise TypeError(message)
    return completed


def completion_text(type_: GraphQLOutputType, value: str, name: str, names: dict[str, Any]) -> str:
    """Write the expression that completes the value of an expression, strictly; ``names`` receives what it refers to."""
    names[f"complete_{name}"] = completer(type_)
    named: Any = type_.of_type if is_non_null_type(type_) else type_
    members = _members(named)
    if members:
        names[f"names_{name}"] = members if named is not type_ else {None: None} | members
        return f"names_{name}[{value}]"
    plain = PLAIN.get(str(named))
    if not plain:
        return f"complete_{name}({value})"
    is_plain = f"value_{name}.__class__ is {plain}"
    if plain == "int":
        is_plain += f" and -2147483648 <= value_{name} <= 2147483647"
    if named is type_:
        is_plain = f"value_{name} is None or {is_plain}"
    assigned = is_plain.replace(f"value_{name}", f"(value_{name} := {value})", 1)
    return f"value_{name} if {assigned} else complete_{name}(value_{name})"


def _members(type_: Any) -> dict[Any, Any] | None:
    """Give the names by member where members hash as fast as the strings that they are."""
    cls = getattr(type_, "wrapped_cls", None)
    if not (isinstance(cls, type) and issubclass(cls, str) and issubclass(cls, Enum)):
        return None
    return {member: type_.coerce_output_value(member) for member in cls}


def settle(type_: Any, value: Any, field: Any, path: Path, errors: list[GraphQLError]) -> Any:
    """Complete a value as the specification says: give it, or raise what makes its position null.

    Values of object types are completed already, or are the errors that made them null.
    """
    if isinstance(value, Exception):
        raise value
    if is_non_null_type(type_):
        completed = settle(type_.of_type, value, field, path, errors)
        if completed is None:
            message = f"Cannot return null for non-nullable field {field.coordinate}."
            raise TypeError(message)
        return completed
    if value is None or value is Undefined:
        return None
    if is_list_type(type_):
        if not is_iterable(value):
            message = f"Expected Iterable, but did not find one for field '{field.coordinate}'."
            raise GraphQLError(message)
        return [
            settled(type_.of_type, part, field, (*path, index), errors) for index, part in enumerate(value)
        ]
    return complete_leaf(type_, value) if is_leaf_type(type_) else value


def settled(type_: Any, value: Any, field: Any, path: Path, errors: list[GraphQLError]) -> Any:
    """Complete a value in its own position: an error stays here if the position may be null, or is raised, located."""
    try:
        return settle(type_, value, field, path, errors)
    except Exception as cause:  # noqa: BLE001 -- any exception is an error of its position
        error = located(cause, field.nodes, path)
        if is_non_null_type(type_):
            raise error from cause
        errors.append(error)
        return None


def located(cause: Exception, nodes: list[FieldNode], path: Path) -> GraphQLError:
    """Give the error of a position; one that is located already, further below, stays as it is."""
    error = located_error(cause, nodes, path)
    if error is not cause and isinstance(cause, GraphQLError) and cause.original_error:
        error.original_error = cause.original_error
    return error
