"""Coercion of single input values into Python values; CoercionError carries the path, never the value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from graphql import GraphQLError, GraphQLInputType, Undefined, get_nullable_type, is_non_null_type
from graphql.language import Node
from graphql.pyutils import is_iterable

from models.errors import BadInput, CardNumberRefused, InputProblem, Refusal

Variables: TypeAlias = Mapping[str, Any]
Coerce: TypeAlias = Callable[[Any], Any]
Literal: TypeAlias = Callable[[Variables], Any]
"""A compiled literal: it gives Undefined for a variable without a value."""
PLAIN = {"String": str, "ID": str, "Boolean": bool}
"""What needs no coercion where the class is this one exactly."""


class CoercionError(Exception):
    """A value does not fit its type; the path grows from the inside to the outside."""

    def __init__(self, cause: Exception | None = None, problem: InputProblem = InputProblem.WRONG_TYPE) -> None:
        super().__init__()
        self.path: list[str] = []
        self.problem = problem
        self.refusal = cause.original_error if isinstance(cause, GraphQLError) else cause

    def located(self, node: Node) -> GraphQLError:
        """Return the error that a caller sees."""
        refusal = self.refusal
        if isinstance(refusal, BadInput) or not isinstance(refusal, Refusal):
            placed = BadInput(".".join(reversed(self.path)), problem=self.problem)
            placed.message = refusal.message if isinstance(refusal, Refusal) else placed.message
            refusal = placed
        elif isinstance(refusal, CardNumberRefused):
            refusal = CardNumberRefused(argument=".".join(reversed(self.path)))
        return GraphQLError(refusal.message, node, original_error=refusal)


def with_path(key: str | int, coerce: Coerce, value: Any) -> Any:
    """Coerce the value of a key, and add the key to the path of an error."""
    try:
        return coerce(value)
    except CoercionError as error:
        error.path.append(str(key))
        raise


def value_of(type_: GraphQLInputType, inner: Coerce, *, is_required: bool) -> Coerce:
    """Coerce a JSON value that may be null, or must not be."""
    plain = PLAIN.get(str(type_))

    def coerce(value: Any) -> Any:
        if value.__class__ is plain:
            return value
        if value is not None:
            return inner(value)
        if is_required:
            raise CoercionError(problem=InputProblem.REQUIRED)
        return None

    return coerce


def leaf(own: Coerce) -> Coerce:
    """Coerce by the function of a scalar or an enum; whatever it raises means that the value does not fit."""

    def coerce(value: Any) -> Any:
        try:
            coerced = own(value)
        except Exception as cause:  # noqa: BLE001 -- as said
            raise CoercionError(cause) from None
        if coerced is Undefined:
            raise CoercionError
        return coerced

    return coerce


def is_text(type_: GraphQLInputType) -> bool:
    """Return whether the values of a type are texts that need no coercion."""
    return PLAIN.get(str(get_nullable_type(type_))) is str


def list_of(item: Coerce, item_type: GraphQLInputType) -> Coerce:
    """Coerce a list; a single value is a list of one."""
    plain = {PLAIN.get(str(get_nullable_type(item_type)))}

    def coerce(value: Any) -> list[Any]:
        if not is_iterable(value):
            return [item(value)]
        if {*map(type, value)} == plain:
            return [*value]
        try:
            return [*map(item, value)]
        except CoercionError:
            return [with_path(index, item, each) for index, each in enumerate(value)]

    return coerce


def variable(name: str, *, is_required: bool) -> Literal:
    """Take the value of a variable, which is coerced already."""

    def take(variables: Variables) -> Any:
        value = variables.get(name, Undefined)
        if value is None and is_required:
            raise CoercionError(problem=InputProblem.REQUIRED)
        return value

    return take


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal without variables in it; Undefined where it is no value of its type."""

    value: Any

    @property
    def is_immutable(self) -> bool:
        """Return whether the value cannot change, and is a value of its type."""
        return isinstance(self.value, str | int | float | None)

    def __call__(self, _: Variables) -> Any:
        if self.value is Undefined:
            raise CoercionError
        return self.value


def literal_list(items: list[Literal], item_type: GraphQLInputType) -> Literal:
    """Take a list of literals; a variable without a value is null there."""

    def present(variables: Variables, item: Literal) -> Any:
        value = item(variables)
        if value is not Undefined:
            return value
        if is_non_null_type(item_type):
            raise CoercionError(problem=InputProblem.REQUIRED)
        return None

    constants = [item.value for item in items if isinstance(item, Constant) and item.is_immutable]
    if len(constants) == len(items):
        return lambda _: constants.copy()
    return lambda variables: [with_path(index, partial(present, variables), item) for index, item in enumerate(items)]
