"""Documents: text becomes a plan, once: parsed, validated, measured, checked against need-to-know, compiled.

What is remembered is bounded, and shared fairly: when it is full, the caller who holds most of it gives way.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    OverlappingFieldsCanBeMergedRule,
    SelectionSetNode,
    ValidationContext,
    VariableDefinitionNode,
    get_named_type,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import MaxIntrospectionDepthRule, ValuesOfCorrectTypeRule
from graphql.validation.validate import ValidationAbortedError

from api.access import policy
from api.graphql import input_screening, limits
from api.graphql.execution import Plan, compile_operation
from api.graphql.operation_hash import operation_hash
from api.graphql.schema import core, schema_for
from models.actors import STAFF_ROLES, Actor, Role
from models.errors import BadInput, GraphqlInvalid, QueryTooLarge, Refusal

MOST_ENTRIES = 2000
MOST_OCTETS = 16 * 1024 * 1024
MOST_ERRORS = 10


class _Overlaps(OverlappingFieldsCanBeMergedRule):
    """The rule of the specification, which gives up much sooner: graphql-core lets it work for half a second."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = limits.COMPARISONS


_SPECIAL = {OverlappingFieldsCanBeMergedRule, ValuesOfCorrectTypeRule}
_RULES = [*(rule for rule in specified_rules if rule not in _SPECIAL), _Overlaps, MaxIntrospectionDepthRule]


class Refusals(Exception):  # noqa: N818 -- several refusals in one
    """An operation was refused before it ran, for these reasons."""

    def __init__(self, *errors: GraphQLError | Refusal) -> None:
        self.errors = errors
        super().__init__()


class Prepared(NamedTuple):
    """An operation that this role may run."""

    plan: Plan
    name: str | None
    is_query: bool
    coordinates: frozenset[str]
    needs_case: bool
    variables: tuple[VariableDefinitionNode, ...]
    hash: bytes


class Documents:
    """The plans of one process."""

    def __init__(self) -> None:
        self._owners: dict[str, OrderedDict[tuple[str, str | None, Role], Prepared]] = {}
        self._known: dict[tuple[str, str | None, Role], tuple[Prepared, str]] = {}
        self._octets = 0

    def prepare(self, text: str, name: str | None, actor: Actor) -> Prepared:
        """Give the plan of an operation for the actor's role; raises Refusals, or the refusal itself."""
        prepared = self.recalled(text, name, actor)
        if prepared is None:
            prepared = prepare(text, name, actor)
            self._remember((text, name, actor.role), prepared, actor.name)
        return prepared

    def recalled(self, text: str, name: str | None, actor: Actor) -> Prepared | None:
        """Give the plan, if it is known; raises CaseRequired where it needs a case and the actor has none."""
        key = (text, name, actor.role)
        known = self._known.get(key)
        if known is None:
            return None
        prepared, owner = known
        self._owners[owner].move_to_end(key)
        if prepared.needs_case and actor.case is None:
            policy.check_access(actor, prepared.coordinates)
        return prepared

    def _remember(self, key: tuple[str, str | None, Role], prepared: Prepared, owner: str) -> None:
        self._known[key] = (prepared, owner)
        self._owners.setdefault(owner, OrderedDict())[key] = prepared
        self._octets += len(key[0])
        while len(self._known) > MOST_ENTRIES or self._octets > MOST_OCTETS:
            greedy = max(self._owners, key=lambda name: len(self._owners[name]))
            dropped, _ = self._owners[greedy].popitem(last=False)
            if not self._owners[greedy]:
                del self._owners[greedy]
            del self._known[dropped]
            self._octets -= len(dropped[0])


def prepare(text: str, name: str | None, actor: Actor) -> Prepared:
    """Make the plan of an operation: nothing of a refused one runs, or is remembered."""
    document = _parsed(text)
    limits.check_limits(document)
    input_screening.screen_document(core, document)
    if errors := validate(core, document, _RULES, max_errors=MOST_ERRORS, hide_suggestions=True):
        if len(errors) <= MOST_ERRORS and isinstance(errors[-1], ValidationAbortedError):
            raise QueryTooLarge(limit="comparisons", most=limits.COMPARISONS)
        raise Refusals(*errors[:MOST_ERRORS])
    if wrong := validate(core, document, [ValuesOfCorrectTypeRule], max_errors=MOST_ERRORS, hide_suggestions=True):
        raise Refusals(*_misfits(document, wrong[:MOST_ERRORS]))
    operation = _chosen(document, name)
    coordinates = frozenset(_coordinates(document, operation))
    policy.check_access(actor, coordinates)
    plan = compile_operation(core, document, operation, introspected=schema_for(actor.role), personal=policy.RECORDED)
    return Prepared(
        plan,
        operation.name.value if operation.name else None,
        operation.operation is OperationType.QUERY,
        coordinates,
        actor.role in STAFF_ROLES and not coordinates.isdisjoint(policy.PERSONAL),
        tuple(operation.variable_definitions or ()),
        operation_hash(document),
    )


def _parsed(text: str) -> DocumentNode:
    if len(text) > limits.DOCUMENT:
        raise QueryTooLarge(limit="document", most=limits.DOCUMENT)
    try:
        return parse(text, max_tokens=limits.TOKENS, allow_empty_selection_sets=False)
    except GraphQLSyntaxError as error:
        if "tokens" in error.description:
            raise QueryTooLarge(limit="tokens", most=limits.TOKENS) from None
        if "nested" in error.description:
            raise QueryTooLarge(limit="depth", most=limits.DEPTH) from None
        # The description quotes the document; the place says enough.
        raise Refusals(
            GraphQLError("The document does not parse here.", source=error.source, positions=error.positions)
        ) from None
    except (GraphQLError, RecursionError):
        raise QueryTooLarge(limit="depth", most=limits.DEPTH) from None


def _chosen(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name is None and len(operations) == 1:
        return operations[0]
    for operation in operations:
        if name is not None and operation.name and operation.name.value == name:
            return operation
    raise GraphqlInvalid(problem="operationName names none of the document's operations, or is missing")


def _misfits(document: DocumentNode, errors: Sequence[GraphQLError]) -> Iterator[GraphQLError]:
    """Turn literals of the wrong type into BAD_INPUT: named, and not repeated."""
    names = input_screening.argument_names(core, document)
    for error in errors:
        refusal = BadInput(names.get(id(error.nodes[0]), "") if error.nodes else "")
        yield GraphQLError(refusal.message, nodes=error.nodes, original_error=refusal)


def _coordinates(document: DocumentNode, operation: OperationDefinitionNode) -> Iterator[str]:
    """Give every field that an operation selects, wherever it stands, whatever its directives say."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    spread: set[str] = set()

    def of(selections: SelectionSetNode, parent: Any) -> Iterator[str]:
        for selection in selections.selections:
            if isinstance(selection, FieldNode):
                field = getattr(parent, "fields", {}).get(selection.name.value)
                if field is None:
                    continue
                yield f"{parent.name}.{selection.name.value}"
                if selection.selection_set:
                    yield from of(selection.selection_set, get_named_type(field.type))
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                yield from of(selection.selection_set, _type(condition.name.value) if condition else parent)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in spread:
                spread.add(selection.name.value)
                fragment = fragments[selection.name.value]
                yield from of(fragment.selection_set, _type(fragment.type_condition.name.value))

    root = core.mutation_type if operation.operation is OperationType.MUTATION else core.query_type
    yield from of(operation.selection_set, root)


def _type(name: str) -> GraphQLNamedType | None:
    return core.get_type(name)
