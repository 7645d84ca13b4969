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
    ParallelVisitor,
    TypeInfo,
    TypeInfoVisitor,
    ValidationContext,
    Visitor,
)
from graphql.validation.validate import (
    FragmentNestingVisitor,
    ValidationAbortedError,
    query_document_keys_to_validate,
)

from models.storage.turns import Steps

KEYS_TO_VALIDATE: Final = query_document_keys_to_validate
SLICE_VISITS: Final = 1_000
"""How often nodes are entered and left without a pause: 5 ms with four rules."""


def visiting_steps(  # noqa: C901, PLR0912 -- it is the loop of graphql-core, without what changes documents
    document: DocumentNode, visitor: Visitor, keys_by_kind: Mapping[str, Sequence[str]] = KEYS_TO_VALIDATE
) -> Steps[None]:
    """Visit a document as ``graphql.visit`` does, in steps, by a visitor that changes nothing."""
    node: Any = document
    key: Any = None
    parent: Any = None
    keys: Any = (document,)
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


def validation_steps(
    schema: GraphQLSchema, document: DocumentNode, rules: Sequence[type[ASTValidationRule]], max_errors: int
) -> Steps[list[GraphQLError]]:
    """Validate a document as ``graphql.validate`` does, in steps, without suggestions in its messages."""
    errors: list[GraphQLError] = []
    types = TypeInfo(schema)

    def add(error: GraphQLError) -> None:
        if len(errors) >= max_errors:
            raise ValidationAbortedError("Too many validation errors, error limit reached. Validation aborted.")
        errors.append(error)

    context = ValidationContext(schema, document, types, add, hide_suggestions=True)
    visitors: list[Visitor] = [rule(context) for rule in rules]
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    if fragments:
        visitors.insert(0, FragmentNestingVisitor(fragments))
    try:
        yield from visiting_steps(document, TypeInfoVisitor(types, ParallelVisitor(visitors)))
    except ValidationAbortedError as error:
        error.__context__ = None
        errors.append(error.with_traceback(None))
    except RecursionError:
        errors.append(ValidationAbortedError("Validation aborted."))
    return errors
