"""Visits and validates documents in steps: graphql-core does either in one turn of the event loop."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from graphql import (
    BREAK,
    SKIP,
    ASTValidationRule,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    ParallelVisitor,
    TypeInfo,
    TypeInfoVisitor,
    ValidationContext,
    Visitor,
)
from graphql.language.ast import QUERY_DOCUMENT_KEYS
from graphql.pyutils import RefMap
from graphql.validation.validate import (
    FragmentNestingVisitor,
    ValidationAbortedError,
    query_document_keys_to_validate,
)
from graphql.validation.validation_context import VariableUsage, VariableUsageVisitor

from models.storage.turns import Steps

KEYS_TO_VALIDATE: Final = query_document_keys_to_validate
SLICE_VISITS: Final = 1_000
"""How often nodes are entered and left without a pause: 5 ms with four rules."""


def visiting_steps(
    root: Node, visitor: Visitor, keys_by_kind: Mapping[str, Sequence[str]] = KEYS_TO_VALIDATE
) -> Steps[None]:
    """Visit a document as ``graphql.visit`` does, in steps, by a visitor that changes nothing."""
    try:
        yield from _visiting_steps(root, visitor, keys_by_kind)
    finally:
        _forget_methods(visitor)


def _forget_methods(visitor: Visitor) -> None:
    """Remove the methods that a visitor has cached: they refer to it, and it to the document, in a cycle."""
    visitor.enter_leave_map.clear()
    if isinstance(visitor, TypeInfoVisitor):
        _forget_methods(visitor.visitor)
    elif isinstance(visitor, ParallelVisitor):
        for each in visitor.visitors:
            _forget_methods(each)


def _visiting_steps(  # noqa: C901, PLR0912 -- it is the loop of graphql-core, without what changes documents
    root: Node, visitor: Visitor, keys_by_kind: Mapping[str, Sequence[str]]
) -> Steps[None]:
    node: Any = root
    key: Any = None
    parent: Any = None
    keys: Any = (root,)
    path: list[Any] = []
    ancestors: list[Any] = []
    stack: list[tuple[bool, int, Any]] = []
    in_array, index, visits = False, -1, 0
    while True:
        index += 1
        is_leaving = index == len(keys)
        if is_leaving:
            is_array = in_array
            key = path[-1] if ancestors else None
            node, parent = parent, ancestors.pop() if ancestors else None
            in_array, index, keys = stack.pop()
        else:
            if parent:
                key = index if in_array else keys[index]
                node = parent[key] if in_array else getattr(parent, key, None)
                if node is None:
                    continue
                path.append(key)
            is_array = isinstance(node, tuple)
        if not is_array:
            visits += 1
            if visits % SLICE_VISITS == 0:
                yield
            functions = visitor.get_enter_leave_for_kind(node.kind)
            function = functions.leave if is_leaving else functions.enter
            result: Any = function(node, key, parent, path, ancestors) if function else None
            if result is BREAK or result is True:
                return
            if (result is SKIP or result is False) and not is_leaving:
                path.pop()
                continue
        if is_leaving:
            if path:
                path.pop()
        else:
            stack.append((in_array, index, keys))
            in_array, index, keys = is_array, -1, node if is_array else keys_by_kind.get(node.kind, ())
            if parent:
                ancestors.append(parent)
            parent = node
        if not stack:
            return


class _Context(ValidationContext):
    """A context that recognises nodes by their identity: the hash of a node is computed from all nodes in it."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        caches: Any = RefMap(), RefMap(), RefMap()
        self._fragment_spreads, self._variable_usages, self._recursive_variable_usages = caches

    def usage_steps(self) -> Steps[None]:
        """Find the uses of variables in each definition, which the rules about variables ask for."""
        types = TypeInfo(self.schema)
        usages: Visitor = _Usages(types, self._variable_usages)
        yield from visiting_steps(self.document, TypeInfoVisitor(types, usages), QUERY_DOCUMENT_KEYS)


class _Usages(VariableUsageVisitor):
    """Finds the uses of variables in each operation and fragment."""

    def __init__(self, types: TypeInfo, usages: Any) -> None:
        super().__init__(types)
        self._usages = usages

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: object) -> None:
        usages: list[VariableUsage] = []
        self._usages[node], self._append_usage = usages, usages.append

    def enter_fragment_definition(self, node: FragmentDefinitionNode, *_: object) -> None:
        usages: list[VariableUsage] = []
        self._usages[node], self._append_usage = usages, usages.append


def validation_steps(
    schema: GraphQLSchema,
    document: DocumentNode,
    rules: Sequence[type[ASTValidationRule]],
    max_errors: int,
    *,
    finds_usages: bool = False,
) -> Steps[list[GraphQLError]]:
    """Validate a document as ``graphql.validate`` does, in steps, without suggestions in its messages.

    With ``finds_usages`` the uses of variables are found in steps, before rules ask for them.
    """
    errors: list[GraphQLError] = []
    types = TypeInfo(schema)

    def add(error: GraphQLError) -> None:
        if len(errors) >= max_errors:
            raise ValidationAbortedError("Too many validation errors, error limit reached. Validation aborted.")
        errors.append(error)

    context = _Context(schema, document, types, add, hide_suggestions=True)
    visitors: list[Visitor] = [rule(context) for rule in rules]
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    if fragments:
        visitors.insert(0, FragmentNestingVisitor(fragments))
    if finds_usages:
        yield from context.usage_steps()
    try:
        yield from visiting_steps(document, TypeInfoVisitor(types, ParallelVisitor(visitors)))
    except ValidationAbortedError as error:
        error.__context__ = None
        errors.append(error.with_traceback(None))
    except RecursionError:
        errors.append(ValidationAbortedError("Validation aborted."))
    return errors
