"""Compiles an operation into a plan: which rows, which columns, which reads, decided once and not for each request."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)
from strawberry.types.field import StrawberryField

from api.execution.coercion import DEFINITION, Inputs
from api.execution.levels import Field, Level, depth_of
from api.execution.plan import Plan, Variable, Variant
from api.execution.selection import Choice, Document, choosing_variables
from api.execution.steps import Asking, Body, Feeding, Given, Making
from models.keyring import sealed_columns
from resolvers.sources import Column, Fed, source_of


def compile_operation(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    *,
    introspected: GraphQLSchema,
    personal: frozenset[str],
) -> Plan:
    """Compile a validated operation.

    ``introspected`` is the schema that the caller's role may see, which introspection answers from. ``personal`` names
    the fields, such as ``Subject.emails``, of which the context is told whenever they are read.
    """
    collected = Document.of(schema, document)
    inputs = Inputs(schema)
    variables = [Variable(*inputs.variable(node), node) for node in operation.variable_definitions or ()]
    compiler = Compiler(schema, collected, inputs, _Introspection(schema=introspected), personal)
    return Plan(variables, choosing_variables(operation, collected), partial(compiler.variant, operation))


class _Introspection(NamedTuple):
    """What the resolvers of introspection use of a GraphQLResolveInfo."""

    schema: GraphQLSchema


class Compiler(NamedTuple):
    """What compiling the levels of one document needs, in one of its variants."""

    schema: GraphQLSchema
    document: Document
    inputs: Inputs
    introspection: _Introspection
    personal: frozenset[str]
    choice: Choice = {}

    def variant(self, operation: OperationDefinitionNode, choice: Choice) -> Variant:
        """Compile the root for these values of the variables that choose; mutations get a level for each field."""
        chosen = self._replace(choice=choice)
        root = self.schema.get_root_type(operation.operation)
        assert root, "a validated operation has a root type"  # noqa: S101
        try:
            nodes = self.document.fields_of([operation.selection_set], root, choice)
        except GraphQLError as error:
            return Variant((), error)
        fields = [chosen.field(root, name, each, None) for name, each in nodes.items()]
        if operation.operation is OperationType.MUTATION:
            return Variant([_level([field]) for field in fields])
        return Variant([_level(fields)])

    def level(self, parent: GraphQLObjectType, nodes: Sequence[FieldNode], row: type) -> Level:
        """Compile what these nodes ask of a type, for rows of one class; raises GraphQLError for an @include of null."""
        selection_sets: list[SelectionSetNode] = [node.selection_set for node in nodes if node.selection_set]
        collected = self.document.fields_of(selection_sets, parent, self.choice)
        fields = [self.field(parent, name, each, row) for name, each in collected.items()]
        coordinates = dict.fromkeys(field.coordinate for field in fields)
        return _level(fields, tuple(name for name in coordinates if name in self.personal), row)

    def field(self, parent: GraphQLObjectType, name: str, nodes: list[FieldNode], row: type | None) -> Field:
        """Compile one field of a level; ``row`` is None at the root."""
        node = nodes[0]
        definition = self.schema.get_field(parent, node.name.value)
        assert definition, "a validated field exists"  # noqa: S101
        named = get_named_type(definition.type)
        field = Field(name, f"{parent.name}.{node.name.value}", definition.type, nodes)
        if is_composite_type(named):
            field = field._replace(target=Target(self, named, nodes), depth=depth_of(definition.type))
        if node.name.value == "__typename":
            return field._replace(text=repr(parent.name), get=lambda _: parent.name)
        given = self.inputs.arguments(definition, node)
        declared = definition.extensions.get(DEFINITION)
        if not isinstance(declared, StrawberryField):
            return field._replace(step=Asking(definition.resolve or getattr, given, self.introspection))
        if row is None:
            return field._replace(step=_body(declared, given))
        return _from_source(field, source_of(declared) or Column((declared.python_name,)), row, given)


class Target:
    """The type that a field leads to, object or interface, and its levels: one for each class of rows that was met."""

    def __init__(self, compiler: Compiler, type_: Any, nodes: list[FieldNode]) -> None:
        self.compiler = compiler
        self.type = type_
        self.nodes = nodes
        self.levels: dict[type, Level] = {}
        self._unsure: dict[tuple[str, type], Level] = {}
        possible = compiler.schema.get_possible_types(type_) if is_abstract_type(type_) else (type_,)
        self._one_class = object if type_.name.startswith("__") else None
        self._possible: Sequence[GraphQLObjectType] = possible
        self._declared = {row: each for each in possible if (row := declared_row(each))}

    def level_of(self, row: Any) -> Level:
        """Give the level that a row belongs to; raises GraphQLError where it is of no type that may stand here."""
        cls = self._one_class or type(row)
        level = self.levels.get(cls)
        if level is None:
            type_ = self._declared.get(cls) or self._recognised(row)
            if cls in self._declared or (not type_.is_type_of and type_ is self.type):
                self.levels[cls] = level = self.compiler.level(type_, self.nodes, cls)
            elif (level := self._unsure.get((type_.name, cls))) is None:
                self._unsure[type_.name, cls] = level = self.compiler.level(type_, self.nodes, cls)
        return level

    def _recognised(self, row: Any) -> GraphQLObjectType:
        for type_ in self._possible:
            if not declared_row(type_) and (not type_.is_type_of if type_ is self.type else False):
                return type_
            if not declared_row(type_) and type_.is_type_of and type_.is_type_of(row, None):  # type: ignore[arg-type]
                return type_
        message = f"Expected value of type '{self.type.name}'."
        raise GraphQLError(message, self.nodes)


def declared_row(type_: GraphQLObjectType) -> type | None:
    """Give the class of rows that a Strawberry type declares: ``row: ClassVar[type[NamedTuple]]``."""
    definition = type_.extensions.get(DEFINITION)
    return getattr(definition.origin, "row", None) if definition else None


def _level(fields: Sequence[Field], personal: tuple[str, ...] = (), row: type | None = None) -> Level:
    used = {name for field in fields if isinstance(field.step, Making) for name in field.step.sealed}
    sealed = {name: seal for name, seal in sealed_columns(row).items() if name in used} if row and used else {}
    return Level(fields, personal, sealed)


def _body(declared: StrawberryField, given: Given) -> Body:
    resolver = declared.base_resolver
    assert resolver, "a root field has a body"  # noqa: S101
    body: Callable[..., Any] = resolver.wrapped_func
    return Body(
        body,
        given,
        positional=1 if resolver.self_parameter else 0,
        info=resolver.info_parameter.name if resolver.info_parameter else None,
    )


def _from_source(field: Field, source: Column | Fed, row: type, given: Given) -> Field:
    if isinstance(source, Fed):
        return field._replace(step=Feeding(source, _getter(source.key, row), given))
    sealed = frozenset(source.names) & sealed_columns(row).keys()
    if sealed or field.target:
        return field._replace(step=Making(source.names, sealed, source.make))
    parts = ", ".join(_part(name, row) for name in source.names)
    names = {f"make_{field.name}": source.make}
    text = f"make_{field.name}({parts})" if source.make else parts
    get = eval(f"lambda r: {text}", names)  # noqa: S307 -- made of positions and names of columns
    return field._replace(text=text, get=get, names=names)


def _part(name: str, row: type) -> str:
    fields: tuple[str, ...] = getattr(row, "_fields", ())
    return f"r[{fields.index(name)}]" if name in fields else f"r.{name}"


def _getter(name: str, row: type) -> Callable[[Any], Any]:
    fields: tuple[str, ...] = getattr(row, "_fields", ())
    return itemgetter(fields.index(name)) if name in fields else attrgetter(name)
