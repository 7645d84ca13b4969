"""Batched requests have the responses and the access events of individual executions."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from inspect import iscoroutine
from typing import Any

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode
from hypothesis import assume, event, given, note
from hypothesis import strategies as st

from api.access.policy import PERSONAL
from api.graphql.execution import BatchedExecution, Plan, Result, StartedQuery, compile_operation
from api.graphql.schema import core
from models.errors import Unavailable
from tests.api.graphql.execution import sample_schema
from tests.api.graphql.execution.documents import Author
from tests.api.graphql.execution.fake_backend import POOLS, SUBJECT, Invention
from tests.api.graphql.execution.oracle import parsed
from tests.api.graphql.execution.parts import enough, seed_of, seeds

pytestmark = pytest.mark.timeout(1800)
sizes = st.integers(0, 4)
PEOPLE = ("query($k: Int!{}) {{ people(first: $k) {} }}", [{"k": k} for k in (2, 4, 1, 3, 0)])
NODES = ("query($k: [ID!]!{}) {{ nodes(ids: $k) {} }}", [{"k": k} for k in (["a"], ["b", "a", "c"], [], ["d"])])
SUBJECTS = (
    "query($k: SubjectBy!{}) {{ subject(by: $k) {} }}",
    [{"k": {"email": "a@example.com"}}, {"k": {"id": SUBJECT}}, {"k": {"email": "b@example.com"}}],
)
SampleOperation = tuple[str, Sequence[Mapping[str, Any]]]


def compiled(schema: GraphQLSchema, text: str, personal: frozenset[str]) -> Plan | None:
    document = parsed(schema, text)
    if document is None:
        return None
    [operation] = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return compile_operation(schema, document, operation, introspected=schema, personal=personal)


async def start(plan: Plan, context: Any, variables: Mapping[str, Any]) -> StartedQuery | None:
    started = plan.start(context, variables)
    if started:
        await started.pending.wait()
    return started


def looks(context: Any) -> set[Any]:
    return {(name, each) for coordinates, people in context.seen for name in coordinates for each in people}


async def execute_batched(started: Sequence[StartedQuery], context: Any) -> list[dict[str, Any]] | None:
    batched = BatchedExecution(started, context)
    return await batched.data_of_each() if await batched.read_all() else None


async def compare(plan: Plan, contexts: Callable[[], Any], requests: Sequence[Mapping[str, Any]]) -> bool | None:
    """Return whether the requests were batched; None where they cannot be started so."""
    alone: list[Result] = []
    seen_alone = []
    for variables in requests:
        context = contexts()
        alone.append(await plan.execute(context, variables))
        seen_alone.append(looks(context))
    own = [contexts() for _ in requests]
    started = [await start(plan, context, variables) for context, variables in zip(own, requests, strict=True)]
    queries = [each for each in started if each and not isinstance(each.pending.outcome, Exception)]
    if len(queries) < len(started):
        return None
    answers = await execute_batched(queries, contexts())
    if answers is None:
        assert not queries[0].selection.is_batchable or any(result.errors for result in alone)
        for each, expected in zip(queries, alone, strict=True):
            result = await each.finish()
            assert result.data == expected.data
            assert sorted(map(str, result.errors)) == sorted(map(str, expected.errors))
    else:
        assert answers == [result.data for result in alone]
        assert not any(result.errors for result in alone)
    assert [looks(context) for context in own] == seen_alone
    return answers is not None


def check(  # noqa: PLR0913, PLR0917 -- all that a comparison is of
    schema: GraphQLSchema,
    type_: str,
    sample: SampleOperation,
    seed: int,
    size: int,
    contexts: Callable[[], Any],
    personal: frozenset[str],
    pools: Mapping[str, Sequence[Any]] | None = None,
) -> None:
    author = Author(schema, seed, size, pools)
    selection = author.selection(schema.type_map[type_], 3)
    text = sample[0].format("".join(f", {each}" for each in author.declared.values()), selection)
    text = "\n".join([text, *author.fragments.values()])
    plan = compiled(schema, text, personal)
    assume(plan)
    assert plan
    requests = [{**author.values, **each} for each in sample[1]]
    note(text)
    is_batched = asyncio.run(compare(plan, contexts, requests))
    event({None: "not started", True: "batched", False: "individual"}[is_batched])


@enough
@given(seeds, sizes, st.sampled_from([("Person", PEOPLE), ("Node", NODES)]))
def test_requests_without_faults_are_batched_unless_fields_differ_by_request(
    part: int, seed: int, size: int, sample: Any
) -> None:
    seed = seed_of(part, seed)
    check(
        sample_schema.schema,
        sample[0],
        sample[1],
        seed,
        size,
        lambda: sample_schema.Context(seed, 0),
        sample_schema.PERSONAL,
    )


@enough
@given(seeds, sizes, st.sampled_from([("Person", PEOPLE), ("Node", NODES)]), st.sampled_from((0.02, 0.1)))
def test_nulls_and_failures_are_those_of_individual_executions(
    part: int, seed: int, size: int, sample: Any, faults: float
) -> None:
    seed = seed_of(part, seed)
    check(
        sample_schema.schema,
        sample[0],
        sample[1],
        seed,
        size,
        lambda: sample_schema.Context(seed, faults),
        sample_schema.PERSONAL,
    )


@enough
@given(seeds, sizes, st.sampled_from((0.0, 0.02)))
def test_subjects_are_shown_as_in_individual_executions(part: int, seed: int, size: int, faults: float) -> None:
    seed = seed_of(part, seed)
    check(core, "Subject", SUBJECTS, seed, size, lambda: Invention(seed, faults), PERSONAL, POOLS)


PAGE = "query($k: Int!) { people(first: $k) { id name friends { nick boss { age name } } note badge { text } } }"


def test_a_batch_shares_each_read_and_each_request_records_its_own_subjects() -> None:
    plan = compiled(sample_schema.schema, PAGE, sample_schema.PERSONAL)
    shared = sample_schema.Context(1, 0)

    async def go() -> None:
        assert plan
        requests = [{"k": k} for k in (1, 3, 2)]
        contexts = [sample_schema.Context(1, 0) for _ in requests]
        started = [await start(plan, context, each) for context, each in zip(contexts, requests, strict=True)]
        answers = await execute_batched([each for each in started if each], shared)
        assert answers
        assert [len(answer["people"]) for answer in answers] == [1, 3, 2]
        assert [name for name, *_ in shared.loads] == ["friends_of", "notes_of", "bosses_of"]
        assert not any(context.loads for context in contexts)
        assert await compare(plan, lambda: sample_schema.Context(1, 0), requests)

    asyncio.run(go())


def plan_of_pages(arguments: str, field: str = "pets") -> Plan:
    plan = compiled(
        sample_schema.schema,
        f"query($k: Int!) {{ people(first: $k) {{ pets: {field}{arguments} {{ first }} }} }}",
        sample_schema.PERSONAL,
    )
    assert plan
    return plan


@pytest.mark.parametrize("arguments", ["", "(first: 4)", "(first: 4, mood: LOUD)"])
def test_a_field_with_the_same_arguments_in_all_requests_is_read_once_for_them(arguments: str) -> None:
    plan, shared = plan_of_pages(arguments), sample_schema.Context(1, 0)

    async def go() -> None:
        started = [await start(plan, sample_schema.Context(1, 0), {"k": k}) for k in (1, 2)]
        answers = await execute_batched([each for each in started if each], shared)
        assert answers
        assert [len(answer["people"]) for answer in answers] == [1, 2]
        assert [name for name, *_ in shared.loads] == ["pets_of"]
        assert await compare(plan, lambda: sample_schema.Context(1, 0), [{"k": 1}, {"k": 2}])

    asyncio.run(go())


@pytest.mark.parametrize(("arguments", "field"), [("(first: $k)", "pets"), ("", "ownPets"), ("(first: 4)", "ownPets")])
def test_a_field_that_differs_by_request_is_read_for_each_request(arguments: str, field: str) -> None:
    plan = plan_of_pages(arguments, field)

    async def go() -> None:
        started = [await start(plan, sample_schema.Context(1, 0), {"k": k}) for k in (1, 2)]
        queries = [each for each in started if each]
        assert await execute_batched(queries, sample_schema.Context(1, 0)) is None
        assert not queries[0].selection.is_batchable
        results = [await each.finish() for each in queries]
        firsts = [{pet["pets"]["first"] for pet in result.data["people"]} for result in results if result.data]
        expected = {"": [{2}, {2}], "(first: 4)": [{4}, {4}], "(first: $k)": [{1}, {2}]}
        assert firsts == expected[arguments]

    asyncio.run(go())


def test_a_failure_of_one_request_does_not_reach_the_others() -> None:
    async def go() -> None:
        for seed in range(50):
            plan = compiled(
                sample_schema.schema, "query($k: Int!) { people(first: $k) { age friends { age } } }", frozenset()
            )
            assert plan
            if await compare(plan, partial(sample_schema.Context, seed, 0.1), [{"k": k} for k in (1, 2, 4)]) is False:
                return
        pytest.fail("nothing ever failed")

    asyncio.run(go())


def test_requests_are_not_batched_where_a_read_for_all_of_them_fails() -> None:
    """Access events of a batch would lack the fields that an individual execution shows."""

    class Failing(sample_schema.Context):
        async def load(self, *_: Any) -> list[Any]:
            raise Unavailable

    async def go() -> None:
        plan = compiled(sample_schema.schema, PAGE, sample_schema.PERSONAL)
        assert plan
        started = [await start(plan, sample_schema.Context(1, 0), {"k": k}) for k in (2, 3)]
        queries = [each for each in started if each]
        assert await BatchedExecution(queries, sample_schema.Context(1, 0)).read_all()
        assert not await BatchedExecution(queries, Failing(1, 0)).read_all()
        assert queries[0].selection.is_batchable

    asyncio.run(go())


def test_null_roots_and_empty_lists_are_answered_immediately() -> None:
    def answer(schema: GraphQLSchema, text: str, context: Any, outcome: Any) -> Any:
        plan = compiled(schema, text, frozenset())
        started = plan and plan.start(context, {})
        assert started
        if iscoroutine(started.pending.outcome):
            started.pending.outcome.close()
        started.pending.outcome = outcome
        return started.complete_now()

    people, nodes = "{ people(first: 0) { id friends { id } } }", '{ nodes(ids: ["a"]) { id ... on Person { note } } }'
    assert answer(sample_schema.schema, people, sample_schema.Context(1, 0), []) == {"people": []}
    assert (
        answer(sample_schema.schema, people, sample_schema.Context(1, 0), None) is None
    )  # null is not allowed here, which is an error
    assert answer(sample_schema.schema, nodes, sample_schema.Context(1, 0), None) == {"nodes": None}
    assert (
        answer(sample_schema.schema, nodes, sample_schema.Context(1, 0), [None]) is None
    )  # a null among rows needs a full completion
    subject = '{ subject(by: {email: "a@example.com"}) { id emails { address } } }'
    assert answer(core, subject, Invention(1, 0), None) == {"subject": None}
    assert answer(core, subject, Invention(1, 0), []) is None


def test_only_queries_with_one_root_field_that_leads_to_rows_are_started() -> None:
    for text in (
        "{ people { id } more: people { id } }",
        "{ echo }",
        "{ person(by: {id: 1}) { id } }",
    ):
        plan = compiled(sample_schema.schema, text, frozenset())
        assert plan
        assert plan.start(sample_schema.Context(1, 0), {}) is None
