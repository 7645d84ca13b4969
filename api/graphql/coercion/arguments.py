"""Turns what callers give, as JSON or as literals, into the arguments that Strawberry gives to the bodies of fields."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING
from itertools import chain
from operator import attrgetter
from typing import Any, TypeAlias, TypeGuard

from graphql import GraphQLArgument, GraphQLSchema, Undefined, is_list_type, is_non_null_type, language
from graphql.language import ListValueNode, ObjectValueNode, ValueNode
from graphql.type import GraphQLInputField, GraphQLInputObjectType, GraphQLInputType
from graphql.utilities import get_default_value_ast, type_from_ast, value_from_ast_untyped
from graphql.utilities.coerce_input_value import coerce_input_literal
from strawberry.types.base import StrawberryMaybe

from api.graphql.coercion import values
from api.graphql.coercion.values import Coerce, CoercionError, Constant, Literal, Variables, with_path
from models.errors import CardNumberRefused, InputProblem
from models.storage.card_fields import fields_contain_card_number
from resolvers.inputs import REPORTED_TEXTS

DEFINITION = "strawberry-definition"
Declared: TypeAlias = GraphQLArgument | GraphQLInputField
Keywords: TypeAlias = Callable[[Variables], dict[str, Any]]


class InputCompiler:
    """Compiles the coercion of variables and arguments of one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self._objects: dict[str, _InputObject] = {}

    def variable(self, node: language.VariableDefinitionNode) -> tuple[str, Coerce, Literal | None, bool]:
        """Compile a variable: its name, its coercion, its default, and whether it must be given."""
        type_: Any = type_from_ast(self.schema, node.type)
        default = self.literal(type_, node.default_value) if node.default_value else None
        return node.variable.name.value, self.coercer(type_), default, is_non_null_type(type_)

    def arguments(self, declared: Mapping[str, GraphQLArgument], node: language.FieldNode) -> Keywords:
        """Compile the arguments of a field into keyword arguments; raise a located GraphQLError for a wrong value."""
        keywords = self.keywords(declared, {each.name.value: each.value for each in node.arguments or ()})

        def arguments(variables: Variables) -> dict[str, Any]:
            try:
                return keywords(variables)
            except CoercionError as error:
                raise error.located(node) from None

        return arguments

    def keywords(self, declared: Mapping[str, Declared], literals: Mapping[str, ValueNode]) -> Keywords:
        """Compile literals given for arguments, or for fields of an input object, with the defaults of the others."""
        compiled = {name: self.compile_argument(each, literals.get(name)) for name, each in declared.items()}
        parts = [(_python_name(declared[name]) or name, name, take) for name, take in compiled.items() if take]
        fixed = {python_name: take.value for python_name, _, take in parts if _is_fixed(take)}
        parts = [part for part in parts if part[0] not in fixed]

        def keywords(variables: Variables) -> dict[str, Any]:
            values = fixed.copy()
            for python_name, name, take in parts:
                # As ``with_path`` does it; calling that costs as much as taking the value.
                try:
                    value = take(variables)
                except CoercionError as error:
                    error.path.append(name)
                    raise
                if value is not Undefined:
                    values[python_name] = value
            return values

        return keywords

    def compile_argument(self, declared: Declared, node: ValueNode | None = None) -> Literal | None:
        """Compile the value of an argument or a field: the literal, or else its default, made afresh each time."""
        default_node, is_required = get_default_value_ast(declared), is_non_null_type(declared.type)
        literal = self.literal(declared.type, node) if node else None
        if literal and not isinstance(node, language.VariableNode):
            return literal
        default = self.literal(declared.type, default_node) if default_node else None

        if literal and not default and not is_required:
            return literal

        def take(variables: Variables) -> Any:
            value = literal(variables) if literal else Undefined
            if value is Undefined and default:
                return default(variables)
            if value is Undefined and is_required:
                raise CoercionError(problem=InputProblem.REQUIRED)
            return value

        return take if literal or default or is_required else None

    def coercer(self, type_: GraphQLInputType, *, is_required: bool = False) -> Coerce:
        """Compile the coercion of a JSON value."""
        if is_non_null_type(type_):
            return self.coercer(type_.of_type, is_required=True)
        if is_list_type(type_):
            inner = values.list_of(self.coercer(type_.of_type), type_.of_type)
        elif isinstance(type_, GraphQLInputObjectType):
            inner = self.object(type_).coerce
        else:
            inner = values.leaf(type_.coerce_input_value)  # type: ignore[union-attr]
        return values.value_of(type_, inner, is_required=is_required)

    def literal(self, type_: GraphQLInputType, node: ValueNode) -> Literal:
        """Compile a literal, which may hold variables."""
        if isinstance(node, language.VariableNode):
            return values.variable(node.name.value, is_required=is_non_null_type(type_))
        if is_non_null_type(type_):
            type_ = type_.of_type
        if isinstance(node, language.NullValueNode):
            return Constant(None)
        if is_list_type(type_):
            return self._list(type_.of_type, node.values if isinstance(node, ListValueNode) else (node,))
        if isinstance(type_, GraphQLInputObjectType) and isinstance(node, ObjectValueNode):
            keywords = self.keywords(type_.fields, {each.name.value: each.value for each in node.fields or ()})
            make = self.object(type_).make
            return lambda variables: make(keywords(variables))
        if isinstance(node, ListValueNode | ObjectValueNode):
            coerce = self.coercer(type_)
            return lambda variables: coerce(value_from_ast_untyped(node, dict(variables)))
        return Constant(coerce_input_literal(node, type_))

    def _list(self, item_type: GraphQLInputType, nodes: Sequence[ValueNode]) -> Literal:
        texts = [node.value for node in nodes if isinstance(node, language.StringValueNode)]
        if texts and len(texts) == len(nodes) and values.is_text(item_type):
            return lambda _: texts.copy()
        return values.literal_list([self.literal(item_type, node) for node in nodes], item_type)

    def object(self, type_: GraphQLInputObjectType) -> "_InputObject":
        """Compile an input object type, once."""
        if type_.name not in self._objects:
            self._objects[type_.name] = shape = _InputObject(type_)
            shape.complete(type_, self)
        return self._objects[type_.name]


class _InputObject:
    """How the fields of an input object become one Strawberry input object."""

    def __init__(self, type_: GraphQLInputObjectType) -> None:
        definition = type_.extensions[DEFINITION]
        self._class = definition.origin
        self._is_one_of = type_.is_one_of or definition.is_one_of
        fields = [each for each in definition.fields if each.default_value is MISSING]
        self._preset = dict.fromkeys(each.python_name for each in fields if each.default_factory is MISSING)
        self._fields: dict[str, tuple[str, Coerce]] = {}
        self._defaults: list[tuple[str, str, Literal]] = []
        self._combines_texts = False
        self.texts: list[Callable[[Any], Iterable[str]]] = []
        """Functions that return the texts in an object of this type, one for each field that may have any."""

    def complete(self, type_: GraphQLInputObjectType, inputs: InputCompiler) -> None:
        """Compile the fields, which may be of this very type."""
        for name, each in type_.fields.items():
            python_name = _python_name(each) or name
            self._fields[name] = python_name, inputs.coercer(each.type)
            if take := inputs.compile_argument(each):
                self._defaults.append((name, python_name, take))
            # A reported text is left out: a card number in it is replaced.
            if (type_.name, name) not in REPORTED_TEXTS and (texts := _texts_of(each.type, python_name, inputs)):
                self.texts.append(texts)
        # A one-of object has one field, and an object in it has checked its texts.
        self._combines_texts = len(self.texts) > 1 and not self._is_one_of

    def coerce(self, value: Any) -> Any:
        """Coerce a JSON object. The name of a field that does not exist is the caller's word: it is not repeated."""
        if not isinstance(value, dict):
            raise CoercionError
        if not value.keys() <= self._fields.keys():
            raise CoercionError(problem=InputProblem.UNKNOWN_KEY)
        fields = {}
        for name, each in value.items():
            python_name, coerce = self._fields[name]
            fields[python_name] = with_path(name, coerce, each)
        for name, python_name, take in self._defaults:
            if name not in value:
                fields[python_name] = with_path(name, take, {})
        return self.make(fields)

    def make(self, fields: dict[str, Any]) -> Any:
        """Make the input object of the fields that have values. Refuse a card number that they form together."""
        if self._is_one_of and (len(fields) != 1 or None in fields.values()):
            raise CoercionError(problem=InputProblem.EXACTLY_ONE_KEY)
        instance = self._class(**self._preset | fields)
        if self._combines_texts:
            texts = chain.from_iterable(texts(instance) for texts in self.texts)
            if fields_contain_card_number(texts):
                raise CoercionError(CardNumberRefused())
        return instance


def _texts_of(
    type_: GraphQLInputType, python_name: str, inputs: InputCompiler
) -> Callable[[Any], Iterable[str]] | None:
    """Return a function that returns the texts of a field of an input object: its own, or those of an object in it."""
    named = type_.of_type if is_non_null_type(type_) else type_
    read = attrgetter(python_name)
    if isinstance(named, GraphQLInputObjectType):
        inner = inputs.object(named).texts
        return lambda instance: chain.from_iterable(texts(read(instance)) for texts in inner) if read(instance) else ()
    if getattr(named, "name", "") in {"String", "ID"}:
        return lambda instance: (text,) if isinstance(text := read(instance), str) else ()
    return None


def _is_fixed(take: Literal) -> TypeGuard[Constant]:
    """Return whether the value is constant."""
    return isinstance(take, Constant) and take.is_immutable


def _python_name(declared: Declared) -> str:
    definition = declared.extensions.get(DEFINITION)
    if definition is None:
        return declared.out_name or ""
    assert not isinstance(definition.type, StrawberryMaybe), "use UNSET as the default instead of Maybe"  # noqa: S101
    return str(definition.python_name)
