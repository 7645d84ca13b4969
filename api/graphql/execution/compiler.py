"""Compiles an operation into a plan: rows, columns and reads are chosen once, not for each request."""

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from inspect import iscoroutinefunction
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema
from graphql.language import (
    DocumentNode,
    FieldNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    ValueNode,
    VariableNode,
)
from graphql.type import get_named_type, is_abstract_type, is_composite_type
from strawberry.types.field import StrawberryField

from api.graphql.coercion.arguments import DEFINITION, InputCompiler, Keywords
from api.graphql.execution.completion import attempt
from api.graphql.execution.field_collection import Choice, Document, choosing_variables
from api.graphql.execution.field_sources import BatchedSource, ColumnSource, IntrospectionSource, RootResolver
from api.graphql.execution.plan import Plan, Variable
from api.graphql.execution.plan_memory import PlanMemory
from api.graphql.execution.selection import CompiledField, CompiledSelection, SoleRoot, depth_of, function_of
from models.encryption.encrypted_column import encrypted_columns
from models.storage.ids import IdFormatter
from resolvers.field_sources import Batched, Column, source_of


def compile_operation(  # noqa: PLR0913 -- a document and all that it is compiled for
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    *,
    introspected: GraphQLSchema,
    personal: frozenset[str],
    memory: PlanMemory | None = None,
) -> Plan:
    """Compile a validated operation.

    ``introspected`` is the schema as the caller's role may see it; introspection reads it. ``personal`` holds the
    coordinates, such as ``Subject.emails``, whose reads the context records. ``memory`` has the bytes of the document.
    """
    inputs = InputCompiler(schema)
    variables = [Variable(*inputs.variable(node), node) for node in operation.variable_definitions or ()]
    memory = memory or PlanMemory()
    compiler = Compiler(Document.of(schema, document), inputs, _Introspection(introspected), personal, memory, {})
    return Plan(variables, choosing_variables(operation), partial(compiler.roots, operation), {}, memory)


class _Introspection(NamedTuple):
    """What the resolvers of introspection use of a GraphQLResolveInfo."""

    schema: GraphQLSchema


class Compiler(NamedTuple):
    """Compiles the selections of one document, for one combination of what @skip and @include leave."""

    document: Document
    inputs: InputCompiler
    introspection: _Introspection
    personal: frozenset[str]
    memory: PlanMemory
    choice: Choice

    def roots(self, operation: OperationDefinitionNode, choice: Choice) -> Sequence[CompiledSelection] | GraphQLError:
        """Compile the root: one selection, or for a mutation one for each field, as they run one after the other."""
        parent = self.document.schema.get_root_type(operation.operation)
        assert parent, "a validated operation has a root type"  # noqa: S101
        try:
            nodes = self.document.fields_of([operation.selection_set], parent, choice)
        except GraphQLError as error:
            return error
        fields = [self._replace(choice=choice).field(parent, name, each, None) for name, each in nodes.items()]
        is_mutation = operation.operation is OperationType.MUTATION
        return [_root([field]) for field in fields] if is_mutation else [_root(fields)]

    def selection(self, parent: GraphQLObjectType, nodes: Sequence[FieldNode], row: type) -> CompiledSelection:
        """Compile what these nodes select of a type, for rows of one class; raise GraphQLError for @include of null."""
        selection_sets = [node.selection_set for node in nodes if node.selection_set]
        collected = self.document.fields_of(selection_sets, parent, self.choice)
        fields = [self.field(parent, name, each, row) for name, each in collected.items()]
        personal = dict.fromkeys(field.coordinate for field in fields if field.coordinate in self.personal)
        return CompiledSelection(
            fields, tuple(personal), frozenset(name for field in fields for name in field.encrypted)
        )

    def field(self, parent: GraphQLObjectType, name: str, nodes: list[FieldNode], row: type | None) -> CompiledField:
        """Compile one field of a selection; ``row`` is None at the root."""
        self.memory.add_field()
        field_name = nodes[0].name.value
        definition = self.document.schema.get_field(parent, field_name)
        assert definition, "a validated field exists"  # noqa: S101
        field = CompiledField(name, f"{parent.name}.{field_name}", definition.type, nodes)
        if field_name == "__typename":
            return field._replace(text=repr(parent.name), get=lambda _row, _keys: parent.name)
        if is_composite_type(named := get_named_type(definition.type)):
            field = field._replace(target=Target(self, named, nodes), depth=depth_of(definition.type))
        keywords = self.inputs.arguments(definition.args, nodes[0])
        declared = definition.extensions.get(DEFINITION)
        if not isinstance(declared, StrawberryField):
            assert definition.resolve, "a field that is not ours is one of introspection"  # noqa: S101
            source = IntrospectionSource(definition.resolve, self.introspection, keywords)
            return field._replace(source=source, differs_by_request=True)
        if row is None:
            return field._replace(source=_root_resolver(declared, keywords))
        return _from_source(field, declared, row, keywords)


class Target:
    """The type that a field leads to, with one selection for each class of rows that was met there."""

    def __init__(self, compiler: Compiler, type_: Any, nodes: list[FieldNode]) -> None:
        self.selections: dict[type, CompiledSelection] = {}
        """Selections for rows whose class alone decides their GraphQL type."""
        self._compiler = compiler
        self._type = type_
        self._nodes = nodes
        self._recognised: dict[tuple[str, type], CompiledSelection] = {}
        self._one_class = object if type_.name.startswith("__") else None
        is_abstract = is_abstract_type(type_)
        possible = compiler.document.schema.get_possible_types(type_) if is_abstract else (type_,)
        self._declared = {row: each for each in possible if (row := _declared_row(each))}
        self._others = [each for each in possible if not _declared_row(each)]

    def complete_now(self, depth: int, value: Any) -> object:
        """Return the completed value of a row, or of a list of rows of one class.

        Return None where further reads or a full completion are needed.
        """
        rows = value if depth else [value]
        if depth > 1 or rows.__class__ is not list or not rows:
            return None
        cls = rows[0].__class__
        selection: Any = self.selections.get(cls)
        if selection is None and cls in self._declared:
            selection = attempt(self.selection_of, rows[0])
        if selection.__class__ is not CompiledSelection or not selection.is_immediate:
            return None
        if depth and {*map(type, rows)} != {cls}:
            return None
        outputs = attempt(selection.assemble, rows, (), None)
        return None if not isinstance(outputs, list) else outputs if depth else outputs[0]

    def selection_of(self, row: object) -> CompiledSelection:
        """Return the selection for a row; raise GraphQLError where the row is of no type that may stand here."""
        cls = self._one_class or type(row)
        if cls in self.selections:
            return self.selections[cls]
        if type_ := self._declared.get(cls):
            selection = self.selections[cls] = self._compiler.selection(type_, self._nodes, cls)
            return selection
        for type_ in self._others:
            if type_.is_type_of(row, None) if type_.is_type_of else type_ is self._type:  # type: ignore[arg-type]
                key = type_.name, cls
                if key not in self._recognised:
                    self._recognised[key] = self._compiler.selection(type_, self._nodes, cls)
                return self._recognised[key]
        message = f"Expected value of type '{self._type.name}'."
        raise GraphQLError(message, self._nodes)


def _root(fields: list[CompiledField]) -> CompiledSelection:
    selection = CompiledSelection(fields, (), frozenset())
    if len(fields) == 1 and fields[0].target and isinstance(fields[0].source, RootResolver):
        selection.sole_root = SoleRoot(fields[0], fields[0].source, fields[0].target)
    return selection


def _declared_row(type_: GraphQLObjectType) -> Any:
    """Return the class of rows that a type declares: ``row: ClassVar[type[NamedTuple]]``."""
    definition = type_.extensions.get(DEFINITION)
    return getattr(definition.origin, "row", None) if definition else None


def _root_resolver(declared: StrawberryField, keywords: Keywords) -> RootResolver:
    resolver = declared.base_resolver
    assert resolver, "a field at the root has a resolver"  # noqa: S101
    positional = (None,) if resolver.self_parameter else ()
    function: Any = resolver.wrapped_func
    info = resolver.info_parameter.name if resolver.info_parameter else None
    return RootResolver(function, positional, info, keywords, returns_awaitable=not iscoroutinefunction(function))


def _from_source(field: CompiledField, declared: StrawberryField, row: type, keywords: Keywords) -> CompiledField:
    source = source_of(declared) or Column((declared.python_name,))
    columns: tuple[str, ...] = getattr(row, "_fields", ())
    if isinstance(source, Batched):
        key_of: Callable[[Any], Hashable] = (
            itemgetter(columns.index(source.key)) if source.key in columns else attrgetter(source.key)
        )
        batched = BatchedSource(source, key_of, keywords)
        is_shared = source.arguments is None or (source.ignores_caller and not _names_variables(field.nodes[0]))
        return field._replace(source=batched, differs_by_request=not is_shared)
    names: dict[str, Any] = {f"make_{field.name}": source.make}
    texts = {name: f"r[{columns.index(name)}]" if name in columns else f"r.{name}" for name in source.names}
    encrypted = {}
    for name, column in encrypted_columns(row).items():
        if name in texts:
            names[f"decrypt_{name}"] = column.decryptor()
            encrypted[name] = texts[name] = f"decrypt_{name}(keys, r.subject_id, {texts[name]})"
    text = ", ".join(texts.values())
    if isinstance(source.make, IdFormatter):
        text = f"None if (id_{field.name} := {text}) is None else {source.make.prefix!r} + id_{field.name}.hex"
    elif source.make:
        text = f"make_{field.name}({text})"
    get = function_of(f"lambda r, keys: {text}", names)
    if field.target:
        return field._replace(source=ColumnSource(get))
    return field._replace(text=text, names=names, get=get, encrypted=encrypted)


def _names_variables(node: FieldNode) -> bool:
    """Return whether an argument of the field is a variable, or has one in it."""
    values: list[ValueNode] = [argument.value for argument in node.arguments or ()]
    while values:
        value = values.pop()
        if isinstance(value, VariableNode):
            return True
        if isinstance(value, ListValueNode):
            values += value.values
        elif isinstance(value, ObjectValueNode):
            values += [field.value for field in value.fields]
    return False
