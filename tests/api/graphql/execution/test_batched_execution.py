"""Requests that go on together are answered, and recorded, as if each had gone alone."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from inspect import iscoroutine
from typing import Any

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode
from hypothesis import assume, event, given, note, settings
from hypothesis import strategies as st

from api.access.policy import PERSONAL
from api.graphql.execution import Begun, Plan, Result, Together, compile_operation
from api.graphql.schema import core
from models.errors import Unavailable
from tests.api.graphql.execution import sample_schema
from tests.api.graphql.execution.documents import Author
from tests.api.graphql.execution.fake_backend import POOLS, SUBJECT, Invention
from tests.api.graphql.execution.oracle import parsed

pytestmark = pytest.mark.timeout(1800)
enough = settings(max_examples=max(100, settings().max_examples))
seeds = st.integers(0, 2**32)
sizes = st.integers(0, 4)
PEOPLE = ("query($k: Int!{}) {{ people(first: $k) {} }}", [{"k": k} for k in (2, 4, 1, 3, 0)])
NODES = ("query($k: [ID!]!{}) {{ nodes(ids: $k) {} }}", [{"k": k} for k in (["a"], ["b", "a", "c"], [], ["d"])])
SUBJECTS = (
    "query($k: SubjectBy!{}) {{ subject(by: $k) {} }}",
    [{"k": {"email": "a@example.com"}}, {"k": {"id": SUBJECT}}, {"k": {"email": "b@example.com"}}],
)
Asked = tuple[str, Sequence[Mapping[str, Any]]]


def compiled(schema: GraphQLSchema, text: str, personal: frozenset[str]) -> Plan | None:
    document = parsed(schema, text)
    if document is None:
        return None
    [operation] = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return compile_operation(schema, document, operation, introspected=schema, personal=personal)


async def began(plan: Plan, context: Any, variables: Mapping[str, Any]) -> Begun | None:
    begun = plan.begin(context, variables)
    if begun and hasattr(begun.waiting.outcome, "__await__"):
        await begun.waiting.arrive()
    return begun


def looks(context: Any) -> set[Any]:
    return {(name, each) for coordinates, people in context.seen for name in coordinates for each in people}


async def gone(begun: Sequence[Begun], context: Any) -> list[dict[str, Any]] | None:
    together = Together(begun, context)
    return together.regular() if await together.go() else None


async def compare(plan: Plan, contexts: Callable[[], Any], requests: Sequence[Mapping[str, Any]]) -> bool | None:
    """Say whether the requests went together; None where they cannot begin so."""
    alone: list[Result] = []
    seen_alone = []
    for variables in requests:
        context = contexts()
        alone.append(await plan.run(context, variables))
        seen_alone.append(looks(context))
    own = [contexts() for _ in requests]
    begun = [await began(plan, context, variables) for context, variables in zip(own, requests, strict=True)]
    going = [each for each in begun if each and not isinstance(each.waiting.outcome, Exception)]
    if len(going) < len(begun):
        return None
    answers = await gone(going, contexts())
    if answers is None:
        assert going[0].first.level.is_alone or any(result.errors for result in alone)
        for each, expected in zip(going, alone, strict=True):
            result = await each.rest()
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
    asked: Asked,
    seed: int,
    size: int,
    contexts: Callable[[], Any],
    personal: frozenset[str],
    pools: Mapping[str, Sequence[Any]] | None = None,
) -> None:
    author = Author(schema, seed, size, pools)
    selection = author.selection(schema.type_map[type_], 3)
    text = asked[0].format("".join(f", {each}" for each in author.declared.values()), selection)
    text = "\n".join([text, *author.fragments.values()])
    plan = compiled(schema, text, personal)
    assume(plan)
    assert plan
    requests = [{**author.values, **each} for each in asked[1]]
    note(text)
    went = asyncio.run(compare(plan, contexts, requests))
    event({None: "could not begin", True: "together", False: "each alone"}[went])


@enough
@given(seeds, sizes, st.sampled_from([("Person", PEOPLE), ("Node", NODES)]))
def test_a_club_without_faults_goes_together_but_where_arguments_are_given(seed: int, size: int, asked: Any) -> None:
    check(
        sample_schema.schema,
        asked[0],
        asked[1],
        seed,
        size,
        lambda: sample_schema.Context(seed, 0),
        sample_schema.PERSONAL,
    )


@enough
@given(seeds, sizes, st.sampled_from([("Person", PEOPLE), ("Node", NODES)]), st.sampled_from((0.02, 0.1)))
def test_a_club_of_nulls_and_failures_is_answered_as_if_each_went_alone(
    seed: int, size: int, asked: Any, faults: float
) -> None:
    check(
        sample_schema.schema,
        asked[0],
        asked[1],
        seed,
        size,
        lambda: sample_schema.Context(seed, faults),
        sample_schema.PERSONAL,
    )


@enough
@given(seeds, sizes, st.sampled_from((0.0, 0.02)))
def test_our_own_people_are_shown_as_if_each_went_alone(seed: int, size: int, faults: float) -> None:
    check(core, "Subject", SUBJECTS, seed, size, lambda: Invention(seed, faults), PERSONAL, POOLS)


PAGE = "query($k: Int!) { people(first: $k) { id name friends { nick boss { age name } } note badge { text } } }"


def test_they_share_each_read_and_each_is_told_of_its_own_people() -> None:
    plan = compiled(sample_schema.schema, PAGE, sample_schema.PERSONAL)
    shared = sample_schema.Context(1, 0)

    async def go() -> None:
        assert plan
        requests = [{"k": k} for k in (1, 3, 2)]
        contexts = [sample_schema.Context(1, 0) for _ in requests]
        begun = [await began(plan, context, each) for context, each in zip(contexts, requests, strict=True)]
        answers = await gone([each for each in begun if each], shared)
        assert answers
        assert [len(answer["people"]) for answer in answers] == [1, 3, 2]
        assert [name for name, *_ in shared.loads] == ["friends_of", "notes_of", "bosses_of"]
        assert not any(context.loads for context in contexts)
        assert await compare(plan, lambda: sample_schema.Context(1, 0), requests)

    asyncio.run(go())


def test_arguments_below_are_each_ones_own() -> None:
    plan = compiled(
        sample_schema.schema,
        "query($k: Int!) { people(first: $k) { pets(first: $k) { first } } }",
        sample_schema.PERSONAL,
    )
    assert plan

    async def go() -> None:
        assert plan
        begun = [await began(plan, sample_schema.Context(1, 0), {"k": k}) for k in (1, 2)]
        going = [each for each in begun if each]
        assert await gone(going, sample_schema.Context(1, 0)) is None
        assert going[0].first.level.is_alone
        results = [await each.rest() for each in going]
        firsts = [{pet["pets"]["first"] for pet in result.data["people"]} for result in results if result.data]
        assert firsts == [{1}, {2}]

    asyncio.run(go())


def test_what_fails_for_one_of_them_fails_for_nobody_else() -> None:
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


def test_where_a_read_for_all_fails_nobody_is_said_to_have_gone_together() -> None:
    """Their events would be taken down without what each is shown when it goes alone."""

    class Failing(sample_schema.Context):
        async def load(self, *_: Any) -> list[Any]:
            raise Unavailable

    async def go() -> None:
        plan = compiled(sample_schema.schema, PAGE, sample_schema.PERSONAL)
        assert plan
        begun = [await began(plan, sample_schema.Context(1, 0), {"k": k}) for k in (2, 3)]
        going = [each for each in begun if each]
        assert await Together(going, sample_schema.Context(1, 0)).go()
        assert not await Together(going, Failing(1, 0)).go()
        assert not going[0].first.level.is_alone

    asyncio.run(go())


def test_where_nothing_is_found_there_is_nobody_to_wait_for() -> None:
    def answer(schema: GraphQLSchema, text: str, context: Any, outcome: Any) -> Any:
        plan = compiled(schema, text, frozenset())
        begun = plan and plan.begin(context, {})
        assert begun
        if iscoroutine(begun.waiting.outcome):
            begun.waiting.outcome.close()
        begun.waiting.outcome = outcome
        return begun.answer()

    people, nodes = "{ people(first: 0) { id friends { id } } }", '{ nodes(ids: ["a"]) { id ... on Person { note } } }'
    assert answer(sample_schema.schema, people, sample_schema.Context(1, 0), []) == {"people": []}
    assert (
        answer(sample_schema.schema, people, sample_schema.Context(1, 0), None) is None
    )  # it may not be null, which is an error
    assert answer(sample_schema.schema, nodes, sample_schema.Context(1, 0), None) == {"nodes": None}
    assert (
        answer(sample_schema.schema, nodes, sample_schema.Context(1, 0), [None]) is None
    )  # one that may have other company
    subject = '{ subject(by: {email: "a@example.com"}) { id emails { address } } }'
    assert answer(core, subject, Invention(1, 0), None) == {"subject": None}
    assert answer(core, subject, Invention(1, 0), []) is None


def test_only_the_rows_of_one_field_go_together() -> None:
    for text in (
        "{ people { id } more: people { id } }",
        "{ echo }",
        "{ person(by: {id: 1}) { id } }",
    ):
        plan = compiled(sample_schema.schema, text, frozenset())
        assert plan
        assert plan.begin(sample_schema.Context(1, 0), {}) is None
