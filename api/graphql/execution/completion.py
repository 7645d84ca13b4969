"""Completes values: the values of sources become the values of a response.

The generated functions and the strict completers raise at any value that is not plain. The selection is then completed
again by ``complete_value``, which follows the specification in full: nulls, errors, and where they propagate to.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, ParamSpec, Protocol, TypeAlias, TypeVar

import orjson
from graphql import GraphQLError, Undefined, is_leaf_type, is_list_type, is_non_null_type, located_error
from graphql.language import FieldNode
from graphql.pyutils import is_iterable

_Parameters = ParamSpec("_Parameters")
_Outcome = TypeVar("_Outcome")
Path: TypeAlias = tuple[str | int, ...]
PLAIN = {"String": "str", "ID": "str", "Boolean": "bool", "Int": "int"}
"""The classes whose values need no completion (an Int has to fit 32 bits)."""
WRITTEN = {"DateTime": (datetime, "{0}.tzinfo is UTC"), "Date": (date, "True"), "BigInt": (int, "True")}
"""The classes whose values stay as they are, under a condition: ``as_json`` encodes them as their scalars would."""


def as_json(response: object) -> bytes:
    """Return a response as JSON."""
    return orjson.dumps(response, option=orjson.OPT_UTC_Z)


class NeedsFullCompletion(Exception):  # noqa: N818 -- no error: the selection is completed again, in full
    """A value is not plain."""


class PositionedField(Protocol):
    """What completion needs of a field."""

    @property
    def name(self) -> str: ...

    @property
    def coordinate(self) -> str: ...

    @property
    def type(self) -> Any: ...

    @property
    def nodes(self) -> list[FieldNode]: ...


def attempt(
    call: Callable[_Parameters, _Outcome], *arguments: _Parameters.args, **keywords: _Parameters.kwargs
) -> _Outcome | Exception:
    """Return the result of a call, or the exception that it raises, which is the error of its position."""
    try:
        return call(*arguments, **keywords)
    except Exception as error:  # noqa: BLE001 -- as said
        return error


def completer(type_: Any, *, is_required: bool = False) -> Callable[[Any], Any]:
    """Compile the strict completion of values of a leaf type, or of lists of them."""
    if is_non_null_type(type_):
        return completer(type_.of_type, is_required=True)
    item = completer(type_.of_type) if is_list_type(type_) else None

    def complete(value: Any) -> Any:
        if value is None and not is_required:
            return None
        if item is None:
            return _serialised(type_, value)
        if value.__class__ is list or value.__class__ is tuple:
            return [item(each) for each in value]
        raise NeedsFullCompletion

    return complete


def _serialised(type_: Any, value: object) -> object:
    if isinstance(value, Exception):
        raise value
    completed = type_.coerce_output_value(value)
    if value is None or completed is None or completed is Undefined:
        message = f"Expected a value of {type_}, and found none."
        raise TypeError(message)
    return completed


def completion_text(type_: Any, value: str, name: str, names: dict[str, Any]) -> str:
    """Return the expression that completes the value of an expression, strictly; add what it refers to to ``names``."""
    names[f"complete_{name}"] = completer(type_)
    named: Any = type_.of_type if is_non_null_type(type_) else type_
    cls = getattr(named, "wrapped_cls", None)
    if isinstance(cls, type) and issubclass(cls, str) and issubclass(cls, Enum):  # these hash as fast as strings
        nulls = {} if is_non_null_type(type_) else {None: None}
        names[f"names_{name}"] = nulls | {member: named.coerce_output_value(member) for member in cls}
        return f"names_{name}[{value}]"
    plain = PLAIN.get(str(named))
    if kept := WRITTEN.get(str(named)):
        names |= {f"class_{name}": kept[0], "UTC": UTC}
        is_plain = f"(value_{name} := {value}).__class__ is class_{name} and {kept[1].format(f'value_{name}')}"
        return f"value_{name} if {is_plain} else complete_{name}(value_{name})"
    if not plain:
        return f"complete_{name}({value})"
    is_plain = f"(value_{name} := {value}).__class__ is {plain}"
    if plain == "int":
        is_plain += f" and -2147483648 <= value_{name} <= 2147483647"
    return f"value_{name} if {is_plain} else complete_{name}(value_{name})"


def complete_value(
    field: PositionedField, value: object, path: Path, errors: list[GraphQLError], type_: Any = None
) -> object:
    """Return the completed value of a position. An error becomes null where that is allowed, and is raised if not."""
    type_ = type_ or field.type
    try:
        return _complete(field, value, path, errors, type_)
    except Exception as cause:  # noqa: BLE001 -- any exception is the error of its position
        error = located(cause, field.nodes, path)
        if is_non_null_type(type_):
            raise error from None
        errors.append(error)
        return None


def _complete(field: PositionedField, value: object, path: Path, errors: list[GraphQLError], type_: Any) -> object:
    if isinstance(value, Exception):
        raise value
    if is_non_null_type(type_):
        completed = _complete(field, value, path, errors, type_.of_type)
        if completed is None:
            message = f"Cannot return null for non-nullable field {field.coordinate}."
            raise TypeError(message)
        return completed
    if value is None or value is Undefined:
        return None
    if is_leaf_type(type_):
        return _serialised(type_, value)
    if not is_list_type(type_):
        return value  # a completed object of the selection below
    if not is_iterable(value):
        message = f"Expected Iterable, but did not find one for field '{field.coordinate}'."
        raise GraphQLError(message)
    return [complete_value(field, each, (*path, index), errors, type_.of_type) for index, each in enumerate(value)]


def located(cause: Exception, nodes: Sequence[FieldNode], path: Path) -> GraphQLError:
    """Return the error of a position; one that is located already, further below, stays as it is."""
    error = located_error(cause, nodes, path)
    if error is not cause and isinstance(cause, GraphQLError) and cause.original_error:
        error.original_error = cause.original_error
    return error
