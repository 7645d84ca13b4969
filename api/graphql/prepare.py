"""Prepares operations: parses, measures, screens, validates, authorises and compiles a document."""

from collections.abc import Iterator, Mapping, Sequence
from sys import getsizeof
from typing import Any, NamedTuple

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    InlineFragmentNode,
    NoUndefinedVariablesRule,
    NoUnusedVariablesRule,
    OperationDefinitionNode,
    OperationType,
    OverlappingFieldsCanBeMergedRule,
    SelectionSetNode,
    ValidationContext,
    VariableDefinitionNode,
    VariablesInAllowedPositionRule,
    get_named_type,
    specified_rules,
)
from graphql.validation import MaxIntrospectionDepthRule, ValuesOfCorrectTypeRule
from graphql.validation.validate import ValidationAbortedError

from api.access import policy
from api.graphql import comments, input_screening, limits
from api.graphql.cost import Amount, amount_of, compile_cost
from api.graphql.errors import InvalidOperation
from api.graphql.execution import Plan, compile_operation
from api.graphql.execution.field_collection import Document
from api.graphql.execution.plan_memory import PlanMemory
from api.graphql.literal_rule import LiteralRule
from api.graphql.operation_hash import hash_steps
from api.graphql.parsing import parsing_steps, release_tokens, releasing_steps
from api.graphql.schema import core, schema_for
from api.graphql.visiting import validation_steps
from models.actors import STAFF_ROLES, Actor
from models.errors import GraphqlInvalid, QueryTooLarge
from models.storage.turns import Steps, run_at_once

MAX_ERRORS = 10


class _Overlaps(OverlappingFieldsCanBeMergedRule):
    """The rule of the specification with a smaller budget: graphql-core lets it work for half a second."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = limits.COMPARISONS


_VARIABLE_RULES = [NoUndefinedVariablesRule, NoUnusedVariablesRule, VariablesInAllowedPositionRule]
"""The rules for which graphql-core visits each operation once more: once for all of them in one group."""
_SPECIAL = {OverlappingFieldsCanBeMergedRule, ValuesOfCorrectTypeRule, *_VARIABLE_RULES}
_OTHERS = [rule for rule in specified_rules if rule not in _SPECIAL]
_RULES: Sequence[Sequence[type[ASTValidationRule]]] = [
    *[_OTHERS[start : start + 4] for start in range(0, len(_OTHERS), 4)],
    _VARIABLE_RULES,
    [_Overlaps],
    [MaxIntrospectionDepthRule],
    [LiteralRule],
]
"""The rules in groups. A document is validated by one group after the other, with a pause before each."""
LONG_DOCUMENT = 120
"""Characters of a document above which its preparation has pauses: they may take 6 ms without one."""


class PreparedOperation(NamedTuple):
    """An operation that a role may execute."""

    plan: Plan
    name: str | None
    is_query: bool
    coordinates: frozenset[str]
    needs_case: bool
    variables: tuple[VariableDefinitionNode, ...]
    hash: bytes
    cost: Amount
    reported: frozenset[str] = frozenset()
    """The variables that hold reported texts only."""

    def screening_steps(self, variables: dict[str, Any]) -> Steps[None]:
        """Screen variables in steps. What follows them is in a turn of its own."""
        yield from input_screening.screening_steps(core, self.variables, variables, self.reported)
        yield

    def require_cost(self, variables: Mapping[str, Any], most: int) -> int:
        """Return the cost of the operation with these variables; QUERY_TOO_LARGE when it is above ``most``."""
        cost = self.cost
        if cost.__class__ is not int:
            cost = amount_of(cost, variables)
        if cost > most:
            raise QueryTooLarge(limit="cost", most=most, cost=cost)
        return cost


def prepare(text: str, name: str | None, actor: Actor) -> PreparedOperation:
    """Prepare an operation; raise InvalidOperation, or the refusal itself. A refused operation is not cached."""
    return run_at_once(preparation_steps(text, name, actor))


def preparation_steps(text: str, name: str | None, actor: Actor) -> Steps[PreparedOperation]:
    """Prepare an operation in steps, of which each takes a part of the time that a long document takes."""
    is_long = len(text) > LONG_DOCUMENT
    document = yield from parsing_steps(text)
    try:
        if is_long:
            yield
        limits.check_limits(document)
        comments.screen_comments(document)
    finally:
        memory = PlanMemory.of_document(getsizeof(text), release_tokens(document))
    reported = yield from input_screening.document_steps(core, document)
    yield from _validation_steps(document, text)
    operation = _operation_of(document, name)
    coordinates = frozenset(_coordinates(document, operation))
    policy.check_access(actor, coordinates)
    if is_long:
        yield
    plan = compile_operation(
        core, document, operation, introspected=schema_for(actor.role), personal=policy.RECORDED, memory=memory
    )
    if is_long:
        plan.compile_variant()
        yield
    digest = yield from hash_steps(document)
    if is_long:
        yield
    cost = compile_cost(core, Document.of(core, document), operation)
    if is_long:
        yield
    yield from releasing_steps(document)
    if is_long:
        yield
    return PreparedOperation(
        plan,
        operation.name.value if operation.name else None,
        operation.operation is OperationType.QUERY,
        coordinates,
        actor.role in STAFF_ROLES and not coordinates.isdisjoint(policy.NEEDS_CASE),
        tuple(operation.variable_definitions or ()),
        digest,
        cost,
        reported,
    )


def _validation_steps(document: DocumentNode, text: str) -> Steps[None]:
    """Validate a document by one group of rules after the other, with a pause before each for a long one."""
    is_long = len(text) > LONG_DOCUMENT
    for rules in _RULES:
        if rules is _VARIABLE_RULES and "$" not in text:
            continue
        if is_long:
            yield
        finds_usages = is_long and rules is _VARIABLE_RULES
        if errors := (yield from validation_steps(core, document, rules, MAX_ERRORS, finds_usages=finds_usages)):
            if len(errors) <= MAX_ERRORS and isinstance(errors[-1], ValidationAbortedError):
                raise QueryTooLarge(limit="comparisons", most=limits.COMPARISONS)
            raise InvalidOperation(*errors[:MAX_ERRORS])
    if is_long:
        yield


def _operation_of(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name is None and len(operations) == 1:
        return operations[0]
    for operation in operations:
        if name is not None and operation.name and operation.name.value == name:
            return operation
    raise GraphqlInvalid(problem="operationName names none of the document's operations, or is missing")


def _coordinates(document: DocumentNode, operation: OperationDefinitionNode) -> Iterator[str]:
    """Yield the coordinates of all fields that an operation selects, whatever their directives say."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    root = core.mutation_type if operation.operation is OperationType.MUTATION else core.query_type
    return _coordinates_below(operation.selection_set, root, fragments)


def _coordinates_below(
    selections: SelectionSetNode, parent: Any, fragments: dict[str, FragmentDefinitionNode]
) -> Iterator[str]:
    """Yield the coordinates of the fields of a selection set. Each fragment is taken out when it is spread first."""
    for selection in selections.selections:
        if isinstance(selection, FieldNode):
            field = getattr(parent, "fields", {}).get(selection.name.value)
            if field is None:
                continue
            yield f"{parent.name}.{selection.name.value}"
            if selection.selection_set:
                yield from _coordinates_below(selection.selection_set, get_named_type(field.type), fragments)
        elif isinstance(selection, InlineFragmentNode):
            condition = selection.type_condition
            type_ = _type(condition.name.value) if condition else parent
            yield from _coordinates_below(selection.selection_set, type_, fragments)
        elif isinstance(selection, FragmentSpreadNode) and (fragment := fragments.pop(selection.name.value, None)):
            yield from _coordinates_below(fragment.selection_set, _type(fragment.type_condition.name.value), fragments)


def _type(name: str) -> GraphQLNamedType | None:
    return core.get_type(name)
