"""Generated operations are answered as graphql-core's own executor answers them."""

import asyncio
from unittest import mock

from graphql import DocumentNode, GraphQLSchema
from hypothesis import assume, event, given, note
from hypothesis import strategies as st

from tests.api.execution.club import PERSONAL, Context, schema
from tests.api.execution.documents import Author
from tests.api.execution.oracle import assert_same, oracle, parsed, planned

seeds = st.integers(0, 2**32)
sizes = st.integers(0, 4)


@given(seeds, sizes)
def test_a_world_without_faults_is_answered_the_same(seed: int, size: int) -> None:
    compare(seed, size, 0.0)


@given(seeds, sizes, st.sampled_from((0.02, 0.1, 0.3)))
def test_nulls_and_failures_are_answered_the_same(seed: int, size: int, faults: float) -> None:
    compare(seed, size, faults)


def compare(seed: int, size: int, faults: float) -> None:
    author = Author(schema, seed, size)
    text = author.document()
    document = parsed(schema, text)
    assume(document)
    assert document
    note(text)
    note(repr(author.values))
    ours, theirs = Context(seed, faults), Context(seed, faults)
    result = asyncio.run(planned(schema, document, ours, author.values, PERSONAL))
    expected = asyncio.run(oracle(schema, document, theirs, author.values))
    note(repr(result))
    note(repr(expected))
    assert_same(result, expected)
    assert ours.deeds == theirs.deeds
    event("executed" if result.executed else "refused")
    event("errors" if result.errors else "no errors")
