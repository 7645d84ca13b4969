"""Generated operations are answered as graphql-core's own executor answers them."""

import asyncio
import gc
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from graphql import GraphQLSchema
from hypothesis import assume, event, given, note
from hypothesis import strategies as st

from api.access.policy import PERSONAL
from api.graphql.schema import core
from tests.api.graphql.execution import sample_schema
from tests.api.graphql.execution.documents import Author
from tests.api.graphql.execution.fake_backend import POOLS, Invention
from tests.api.graphql.execution.oracle import assert_same, oracle, parsed, planned
from tests.api.graphql.execution.parts import enough, seed_of, seeds

pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
"""graphql-core leaves coroutines behind where an error makes their answers superfluous."""


@pytest.fixture(autouse=True)
def _what_is_left_behind_goes_with_its_test() -> Iterator[None]:
    yield
    with warnings.catch_warnings(action="ignore"):
        gc.collect()


sizes = st.integers(0, 4)
faults = st.sampled_from((0.02, 0.1, 0.3))


@enough
@given(seeds, sizes)
def test_a_club_without_faults_is_answered_the_same(part: int, seed: int, size: int) -> None:
    seed = seed_of(part, seed)
    compare(sample_schema.schema, seed, size, lambda: sample_schema.Context(seed, 0), sample_schema.PERSONAL)


@enough
@given(seeds, sizes, faults)
def test_a_club_of_nulls_and_failures_is_answered_the_same(part: int, seed: int, size: int, faults: float) -> None:
    seed = seed_of(part, seed)
    compare(sample_schema.schema, seed, size, lambda: sample_schema.Context(seed, faults), sample_schema.PERSONAL)


@enough
@given(seeds, sizes, st.just(0.0) | faults)
def test_our_own_schema_is_answered_the_same(part: int, seed: int, size: int, faults: float) -> None:
    seed = seed_of(part, seed)
    compare(core, seed, size, lambda: Invention(seed, faults), PERSONAL, POOLS)


def compare(  # noqa: PLR0913, PLR0917 -- all that a comparison is of
    schema: GraphQLSchema,
    seed: int,
    size: int,
    request: Callable[[], Any],
    personal: frozenset[str],
    pools: Mapping[str, Sequence[Any]] | None = None,
) -> None:
    author = Author(schema, seed, size, pools)
    text = author.document()
    document = parsed(schema, text)
    assume(document)
    assert document
    ours, theirs = request(), request()
    result = asyncio.run(planned(schema, document, ours, author.values, personal))
    expected = asyncio.run(oracle(schema, document, theirs, author.values))
    for what in (text, author.values, result, expected):
        note(str(what))
    assert_same(result, expected)
    assert ours.mutations == theirs.mutations
    event("executed" if result.executed else "refused")
    event("errors" if result.errors else "no errors")
