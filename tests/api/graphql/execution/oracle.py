"""Compares what a plan answers with what graphql-core's own executor answers."""

import re
from collections.abc import Callable, Mapping
from inspect import isawaitable
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    execute,
    parse,
    specified_rules,
    validate,
)

from api.graphql.execution import Result, as_json, compile_operation
from api.graphql.execution.selection import ExecutionContext
from models.errors import BadInput
from tests.api.graphql.execution.sample_schema import POSITIVE

SAME = (
    (
        re.compile(r"^Expected value of type .*|^Abstract type .*|^Runtime Object type .*", re.DOTALL),
        "no such type here",
    ),
    (re.compile(r"^Expected a value of .*|^Expected `.*", re.DOTALL), "nothing serialised"),
    (re.compile(r"^Argument '.*|^Value for member field .*|^OneOf Input .*", re.DOTALL), "bad input"),
)


def parsed(schema: GraphQLSchema, text: str) -> DocumentNode | None:
    """Parse a document; None where it is not valid."""
    document = parse(text)
    return None if validate(schema, document, specified_rules) else document


async def oracle(
    schema: GraphQLSchema, document: DocumentNode, context: object, variables: Mapping[str, Any]
) -> ExecutionResult:
    try:
        result = execute(schema, document, context_value=context, variable_values=dict(variables))
        return await result if isawaitable(result) else result
    except Exception as error:  # noqa: BLE001 -- some of Strawberry's coercions escape as they are
        return ExecutionResult(None, [GraphQLError(str(error))])


async def planned(
    schema: GraphQLSchema,
    document: DocumentNode,
    context: ExecutionContext,
    variables: Mapping[str, Any],
    personal: frozenset[str] = frozenset(),
) -> Result:
    [operation] = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    plan = compile_operation(schema, document, operation, introspected=schema, personal=personal)
    return await plan.execute(context, variables)


def assert_same(ours: Result, theirs: ExecutionResult) -> None:
    """Assert the same data, and the same errors but for those below a position that another error made null.

    Which of several failures below one null is reported depends on timing in graphql-core.
    """
    if not ours.executed:
        assert theirs.data is None
        assert theirs.errors
        assert not any(error.path for error in theirs.errors)
        return
    assert orjson.loads(as_json(ours.data)) == theirs.data
    our_errors, their_errors = set(map(essence, ours.errors)), set(map(essence, theirs.errors or []))
    assert len(our_errors) == len(ours.errors)
    for only in (our_errors - their_errors, their_errors - our_errors):
        for path, *_ in only:
            null = nulled(theirs.data, path)
            assert null is not None, only
            for errors in (our_errors, their_errors):
                assert any(other[: len(null)] == null for other, *_ in errors), null


def essence(error: GraphQLError) -> tuple[tuple[str | int, ...], str, str]:
    message = error.message
    if isinstance(error.original_error, BadInput) and error.original_error.extensions["argument"] != POSITIVE:
        message = "bad input"
    for pattern, same in SAME:
        message = pattern.sub(same, message)
    where = "" if message == "bad input" else str(error.locations)
    return tuple(error.path or ()), where, message


def nulled(data: Any, path: tuple[str | int, ...]) -> tuple[str | int, ...] | None:
    """Find the place above a path that is null; None where the path itself is the place."""
    for depth, key in enumerate(path):
        if data is None:
            return path[:depth]
        data = data[key]
    return None


Compare = Callable[[str, Mapping[str, Any], int, float], Any]
