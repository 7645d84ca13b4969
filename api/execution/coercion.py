"""Turns what a caller gave, as JSON or as literals, into the Python values that Strawberry gives to resolver bodies.

The coercers are compiled once for a type. A value that does not fit raises Misfit, which knows where, and never what, it was.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from typing import Any

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLSchema,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    type_from_ast,
    value_from_ast_untyped,
)
from graphql.pyutils import is_iterable
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import StrawberryMaybe, StrawberryOptional
from strawberry.types.field import StrawberryField
from strawberry.types.maybe import Some

from models.errors import BadInput, Refused

Variables = Mapping[str, Any]
Coerce = Callable[[Any], Any]
Literal = Callable[[Variables], Any]
DEFINITION = "strawberry-definition"


class Misfit(Exception):  # noqa: N818 -- becomes a refusal with a path
    """A value does not fit its type; ``path`` grows from the inside to the outside."""

    def __init__(self, cause: BaseException | None = None) -> None:
        super().__init__()
        self.path: list[str] = []
        self.refusal = cause.original_error if isinstance(cause, GraphQLError) else cause

    def below(self, key: str | int) -> "Misfit":
        self.path.append(str(key))
        return self

    def located(self, node: VariableDefinitionNode | FieldNode) -> GraphQLError:
        """Give the error that a caller sees: the place, and no value."""
        refusal = self.refusal
        if not isinstance(refusal, Refused) or isinstance(refusal, BadInput):
            text = refusal.message if isinstance(refusal, BadInput) else None
            refusal = BadInput(".".join(reversed(self.path)))
            refusal.message = text or refusal.message
        return GraphQLError(refusal.message, node, original_error=refusal)


class Inputs:
    """The compiled coercers of one schema's input types."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self._objects: dict[str, _InputObject] = {}

    def variable(self, node: VariableDefinitionNode) -> tuple[str, Coerce, bool, Literal | None]:
        """Compile a variable: its name, how to coerce it, whether it must be given, and its default."""
        type_: Any = type_from_ast(self.schema, node.type)
        default = self.literal(type_, node.default_value) if node.default_value else None
        return node.variable.name.value, self.coercer(type_), is_non_null_type(type_), default

    def coercer(self, type_: GraphQLInputType) -> Coerce:
        """Compile the coercion of a JSON value."""
        if is_non_null_type(type_):
            return _never_null(self.coercer(type_.of_type))
        if is_list_type(type_):
            return _nullable(_list_of(self.coercer(type_.of_type)))
        if isinstance(type_, GraphQLInputObjectType):
            return _nullable(self.object(type_).coerce)
        return _nullable(_enum(type_) if isinstance(type_, GraphQLEnumType) else _scalar(type_))

    def object(self, type_: GraphQLInputObjectType) -> "_InputObject":
        if type_.name not in self._objects:
            self._objects[type_.name] = shape = _InputObject(type_)
            shape.complete(self)
        return self._objects[type_.name]

    def literal(self, type_: Any, node: ValueNode) -> Literal:
        """Compile a literal that may hold variables; the result gives Undefined for a variable without a value."""
        if isinstance(node, VariableNode):
            return _variable(node.name.value, required=is_non_null_type(type_))
        type_ = type_.of_type if is_non_null_type(type_) else type_
        if isinstance(node, NullValueNode):
            return _constant(None)
        if is_list_type(type_):
            nodes = node.values if isinstance(node, ListValueNode) else (node,)
            return _literal_list([self.literal(type_.of_type, each) for each in nodes], type_.of_type)
        if isinstance(type_, GraphQLInputObjectType) and isinstance(node, ObjectValueNode):
            given = {each.name.value: self.literal(type_.fields[each.name.value].type, each.value) for each in node.fields or ()}
            return self.object(type_).literal(given)
        if isinstance(node, ListValueNode | ObjectValueNode):
            coerce = self.coercer(type_)
            return lambda variables: coerce(value_from_ast_untyped(node, dict(variables)))
        value = coerce_input_literal(node, type_)
        return _misfit if value is Undefined else _constant(value)

    def default(self, type_: Any, value: Any) -> Callable[[], Any]:
        """Compile a default that graphql-core has coerced already into what Strawberry makes of it, afresh each time."""
        type_ = type_.of_type if is_non_null_type(type_) else type_
        if value is not None and is_list_type(type_):
            parts = [self.default(type_.of_type, each) for each in value]
            return lambda: [part() for part in parts]
        if value is not None and isinstance(type_, GraphQLInputObjectType):
            shape = self.object(type_)
            fields = {name: self.default(type_.fields[name].type, each) for name, each in value.items()}
            return lambda: shape.build({shape.fields[name][0]: part() for name, part in fields.items()})
        return lambda: value

    def arguments(self, field: GraphQLField, node: FieldNode) -> Callable[[Variables], dict[str, Any]]:
        """Compile the arguments of a field into keyword arguments; a misfit raises GraphQLError."""
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        parts: list[tuple[str, str, Literal | None, Callable[[], Any] | None, bool]] = []
        for name, argument in field.args.items():
            value = coerce_default_value(argument)
            literal = self.literal(argument.type, given[name]) if name in given else None
            default = None if value is Undefined else self.default(argument.type, value)
            python_name, literal = _as_strawberry(argument, name, literal)
            parts.append((python_name, name, literal, default, is_non_null_type(argument.type)))

        def arguments(variables: Variables) -> dict[str, Any]:
            keywords = {}
            for python_name, name, literal, default, is_required in parts:
                try:
                    value = literal(variables) if literal else Undefined
                    if value is Undefined:
                        if default:
                            value = default()
                        elif is_required:
                            raise Misfit
                        else:
                            continue
                except Misfit as misfit:
                    raise misfit.below(name).located(node) from None
                keywords[python_name] = value
            return keywords

        return arguments


class _InputObject:
    """How the fields of one input type become one Strawberry input object."""

    def __init__(self, type_: GraphQLInputObjectType) -> None:
        self.type = type_
        self.fields: dict[str, tuple[str, Coerce]] = {}
        self.absent: list[tuple[str, str, Callable[[], Any] | None]] = []
        definition = type_.extensions.get(DEFINITION)
        self.is_one_of = type_.is_one_of or (definition is not None and definition.is_one_of)
        self.make: Callable[..., Any] = definition.origin if definition else (lambda **fields: type_.out_type(fields))
        self.preset = dict.fromkeys(
            field.python_name
            for field in (definition.fields if definition else ())
            if field.default_value is MISSING and field.default_factory is MISSING
        )

    def complete(self, inputs: Inputs) -> None:
        for name, field in self.type.fields.items():
            python_name, coerce = _as_strawberry(field, name, inputs.coercer(field.type))
            self.fields[name] = python_name, coerce
            value = coerce_default_value(field)
            if value is not Undefined:
                self.absent.append((name, python_name, inputs.default(field.type, value)))
            elif is_non_null_type(field.type):
                self.absent.append((name, python_name, None))

    def build(self, given: dict[str, Any]) -> Any:
        """Make the input object of the fields given, by their Python names; raises Misfit where one is missing."""
        if self.is_one_of and (len(given) != 1 or None in given.values()):
            raise Misfit
        for name, python_name, default in self.absent:
            if python_name not in given:
                if default is None:
                    raise Misfit().below(name)
                given[python_name] = default()
        return self.make(**{**self.preset, **given})

    def coerce(self, value: Any) -> Any:
        if not isinstance(value, dict):
            raise Misfit
        given = {}
        for name, each in value.items():
            try:
                python_name, coerce = self.fields[name]
                given[python_name] = coerce(each)
            except KeyError:
                raise Misfit from None  # the name is not ours, so it is not repeated
            except Misfit as misfit:
                raise misfit.below(name) from None
        return self.build(given)

    def literal(self, given: Mapping[str, Literal]) -> Literal:
        parts = [(name, *_as_strawberry(self.type.fields[name], name, literal)) for name, literal in given.items()]

        def literal(variables: Variables) -> Any:
            keywords = {}
            for name, python_name, part in parts:
                try:
                    value = part(variables)
                except Misfit as misfit:
                    raise misfit.below(name) from None
                if value is not Undefined:
                    keywords[python_name] = value
            return self.build(keywords)

        return literal


def _as_strawberry(field: GraphQLArgument | GraphQLInputField, name: str, coerce: Any) -> tuple[str, Any]:
    """Give the Python name, and a coercion that wraps what Strawberry wraps: ``Maybe[T]`` is ``Some(value)``."""
    definition = field.extensions.get(DEFINITION)
    if not isinstance(definition, StrawberryArgument | StrawberryField):
        return field.out_name or name, coerce
    declared = definition.type
    if coerce is None or not isinstance(declared, StrawberryMaybe):
        return definition.python_name, coerce
    may_be_null = isinstance(declared.of_type, StrawberryOptional)

    def some(given: Any) -> Any:
        value = coerce(given)
        if value is None and not may_be_null:
            raise Misfit
        return value if value is Undefined else Some(value)

    return definition.python_name, some


def _nullable(coerce: Coerce) -> Coerce:
    return lambda value: None if value is None else coerce(value)


def _never_null(coerce: Coerce) -> Coerce:
    def never_null(value: Any) -> Any:
        if value is None:
            raise Misfit
        return coerce(value)

    return never_null


def _list_of(coerce: Coerce) -> Coerce:
    def each(value: Any) -> list[Any]:
        if not is_iterable(value):
            return [coerce(value)]
        coerced = []
        for given in value:
            try:
                coerced.append(coerce(given))
            except Misfit as misfit:
                raise misfit.below(len(coerced)) from None
        return coerced

    return each


def _enum(type_: GraphQLEnumType) -> Coerce:
    members = {name: type_.coerce_input_value(name) for name in type_.values}

    def member(value: Any) -> Any:
        try:
            return members[value]
        except (KeyError, TypeError):
            raise Misfit from None

    return member


def _scalar(type_: Any) -> Coerce:
    own = type_.coerce_input_value
    plain = str if type_.name in {"String", "ID"} else bool if type_.name == "Boolean" else None

    def scalar(value: Any) -> Any:
        if value.__class__ is plain:
            return value
        try:
            coerced = own(value)
        except Exception as cause:  # noqa: BLE001 -- whatever a scalar raises means that the value does not fit
            raise Misfit(cause) from None
        if coerced is Undefined:
            raise Misfit
        return coerced

    return scalar


def _variable(name: str, *, required: bool) -> Literal:
    def variable(variables: Variables) -> Any:
        value = variables.get(name, Undefined)
        if value is None and required:
            raise Misfit
        return value

    return variable


def _constant(value: Any) -> Literal:
    return lambda _: value


def _misfit(_: Variables) -> Any:
    raise Misfit


def _literal_list(parts: list[Literal], item_type: Any) -> Literal:
    is_required = is_non_null_type(item_type)

    def each(variables: Variables) -> list[Any]:
        values = []
        for part in parts:
            try:
                value = part(variables)
                if value is Undefined:
                    if is_required:
                        raise Misfit  # noqa: TRY301 -- located below like any other
                    value = None
            except Misfit as misfit:
                raise misfit.below(len(values)) from None
            values.append(value)
        return values

    return each


__all__ = ["DEFINITION", "Coerce", "Inputs", "Literal", "Misfit", "Variables", "is_leaf_type"]
