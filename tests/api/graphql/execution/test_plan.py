"""What a plan does, read as sentences; test_against_graphql_core.py has the rest of the specification."""

import asyncio
import gc
from collections.abc import Hashable, Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest
from graphql import OperationDefinitionNode, get_introspection_query, graphql_sync, parse

from api.graphql.execution import Plan, Result, compile_operation, executor
from api.graphql.execution.row_batch import RowBatch
from api.graphql.execution.selection import _CODES
from models.encryption.encrypted_column import DataKey, EncryptedColumn
from models.errors import BadInput, CardNumberRefused, Unavailable
from resolvers.field_sources import Read
from tests.api.graphql.execution.sample_schema import PERSONAL, Context, schema


def plan(text: str, personal: frozenset[str] = PERSONAL) -> Plan:
    document = parse(text)
    [operation] = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return compile_operation(schema, document, operation, introspected=schema, personal=personal)


def run(text: str, context: Context | None = None, **variables: Any) -> Result:
    return asyncio.run(plan(text).execute(context or Context(1, 0), variables))


def refusals(result: Result) -> list[Any]:
    return [error.original_error for error in result.errors]


def test_a_read_is_asked_once_for_all_parents_of_its_level() -> None:
    context = Context(1, 0)
    run("{ people(first: 4) { friends { note } } }", context)
    assert [name for name, *_ in context.loads] == ["friends_of", "notes_of"]
    assert all(len(keys) == len(set(keys)) for _, keys, _ in context.loads)


def test_siblings_that_ask_the_same_share_one_read() -> None:
    context = Context(1, 0)
    run("{ people { friends { id } looseFriends { age } a: note b: note } }", context)
    assert sorted(name for name, *_ in context.loads) == ["friends_of", "notes_of"]


def test_siblings_that_ask_with_other_arguments_do_not_share() -> None:
    context = Context(1, 0)
    run("{ people { pets(first: 1) { first } more: pets(first: 2) { first } } }", context)
    assert [arguments[0] for _, _, arguments in context.loads] == [1, 2]


def test_the_keys_of_a_level_are_asked_for_once_and_each_seal_is_opened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    context, opened = Context(1, 0), []
    decryptor = EncryptedColumn.decryptor

    def counting(self: EncryptedColumn) -> Any:
        def open_seal(keys: Any, owner: UUID, sealed: bytes) -> Any:
            opened.extend([sealed] if sealed else [])
            return decryptor(self)(keys, owner, sealed)

        return open_seal

    monkeypatch.setattr(EncryptedColumn, "decryptor", counting)
    run("{ people(first: 3) { name greeting again: name } }", context)
    assert len(context.keyrings) == 1
    assert len(opened) == len(set(opened)) >= 3


def test_the_context_records_personal_fields_even_when_reading_them_fails() -> None:
    class Locked(Context):
        async def keys_of(self, _: Sequence[UUID]) -> Mapping[UUID, DataKey]:
            raise Unavailable

    context = Locked(1, 0)
    result = run('{ person(by: {id: "a"}) { id name nick } }', context)
    assert result.data == {"person": None}
    [(coordinates, ids)] = context.seen
    assert coordinates == ("Person.name", "Person.nick")
    assert len(ids) == 1


def test_what_is_sealed_is_opened_whether_or_not_reading_it_is_recorded() -> None:
    document = "{ people { name } }"
    recorded, unrecorded = (
        asyncio.run(plan(document, personal).execute(Context(1, 0), {})) for personal in (PERSONAL, frozenset())
    )
    assert recorded.data
    assert (unrecorded.data, unrecorded.errors) == (recorded.data, [])


def test_skipped_personal_fields_are_not_recorded() -> None:
    context = Context(1, 0)
    run("query ($no: Boolean!) { people { id name @include(if: $no) } }", context, no=False)
    assert context.seen == []


def test_mutations_run_one_after_the_other_each_with_its_selection() -> None:
    context = Context(1, 0)
    result = run('mutation { a: rename(to: "x") { note } b: rename(to: "y") { id } mutations }', context)
    assert result.data
    assert result.data["mutations"] == ["x", "y"]


def test_a_mutation_that_must_not_be_null_and_fails_stops_those_after_it() -> None:
    class Refusing(Context):
        def fail(self, *name: object) -> None:
            if name == ("rename", "x"):
                raise Unavailable

    context = Refusing(1, 0)
    result = run('mutation { rename(to: "x") { id } forget { id } }', context)
    assert (result.data, context.mutations) == (None, ["x"])


def test_a_variable_that_does_not_fit_is_named_with_its_path_and_nothing_runs() -> None:
    result = run(
        "query ($badges: [BadgeInput!]) { echo(badges: $badges) }",
        badges=[{"fullText": "ok"}, {"fullText": "ok", "colours": ["RED", "secret"]}],
    )
    assert (result.data, result.executed) == (None, False)
    [refusal] = refusals(result)
    assert isinstance(refusal, BadInput)
    assert refusal.extensions["argument"] == "badges.1.colours.1"
    assert "secret" not in str(result.errors)
    assert result.errors[0].locations


def test_an_unknown_key_is_not_repeated() -> None:
    result = run("query ($badge: BadgeInput!) { echo(badge: $badge) }", badge={"fullText": "a", "secret": 1})
    assert [refusal.extensions["argument"] for refusal in refusals(result)] == ["badge"]
    assert "secret" not in str(result.errors)


def test_a_scalar_says_what_the_problem_is_and_the_path_is_added() -> None:
    result = run("query ($badge: BadgeInput!) { echo(badge: $badge) }", badge={"fullText": "a", "even": 3})
    [refusal] = refusals(result)
    assert refusal.extensions["argument"] == "badge.even"
    assert "an even number is needed" in refusal.message == result.errors[0].message


def test_another_refusal_of_a_scalar_stays_what_it_is() -> None:
    [refusal] = refusals(run("query ($even: Even) { echo(even: $even) }", even=4242))
    assert isinstance(refusal, CardNumberRefused)


@pytest.mark.parametrize("by", [{}, {"id": "a", "mood": "CALM"}, {"id": None}])
def test_exactly_one_key_must_be_given(by: dict[str, Any]) -> None:
    result = run("query ($by: PersonBy!) { person(by: $by) { id } }", by=by)
    assert [refusal.extensions["argument"] for refusal in refusals(result)] == ["by"]


def test_an_error_has_its_path_and_all_its_places_in_the_document() -> None:
    class Torn(Context):
        def fail(self, *name: object) -> None:
            if name == ("notes_of",):
                raise Unavailable

    result = run("{ people(first: 1) { note } people(first: 1) { note } }", Torn(1, 0))
    assert result.data == {"people": [{"note": None}]}
    [error] = result.errors
    assert error.path == ["people", 0, "note"]
    assert len(error.locations or ()) == 2
    assert isinstance(error.original_error, Unavailable)
    assert error.message == Unavailable().message


def test_introspection_answers_the_standard_query() -> None:
    text = get_introspection_query(specified_by_url=True, schema_description=True, input_value_deprecation=True)
    assert run(text).data == graphql_sync(schema, text).data


def test_a_cancellation_passes_through_and_waits_for_the_reads_to_end() -> None:
    ended, begun = [], []
    are_begun = asyncio.Event()

    class Slow(Context):
        async def load(self, read: Read, _: Sequence[Hashable], __: tuple[Hashable, ...] = ()) -> list[Any]:
            begun.append(read.__name__)
            if len(begun) == 2:
                are_begun.set()
            try:
                await asyncio.sleep(60)
            finally:
                ended.append(read.__name__)
            raise AssertionError

    async def cancelled() -> None:
        running = asyncio.create_task(plan("{ people(first: 1) { note friends { id } } }").execute(Slow(1, 0), {}))
        await are_begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(cancelled())
    assert sorted(ended) == ["friends_of", "notes_of"]


def test_a_plan_has_a_variant_for_each_choice_and_keeps_a_bounded_number_of_them() -> None:
    names = [f"b{index}" for index in range(6)]
    declared = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: id @include(if: ${name})" for name in names)
    several = plan(f"query ({declared}) {{ people(first: 1) {{ id {fields} }} }}")

    async def all_choices() -> None:
        for number in range(2 ** len(names)):
            chosen = {name: bool(number >> index & 1) for index, name in enumerate(names)}
            result = await several.execute(Context(1, 0), chosen)
            assert result.data
            assert [*result.data["people"][0]] == ["id", *(name for name in names if chosen[name])]

    asyncio.run(all_choices())
    assert len(several.variants) <= 16


def test_the_same_selection_below_many_aliases_is_compiled_to_code_once() -> None:
    aliases = " ".join(f"a{number}: people(first: 1) {{ age codeOnce: note }}" for number in range(20))
    several = plan(f"{{ {aliases} }}")
    assert asyncio.run(several.execute(Context(1, 0), {})).data
    assert len([source for source in _CODES if "codeOnce" in source]) == 1


def test_generated_code_is_dropped_with_the_last_plan_that_has_it() -> None:
    run("{ people(first: 1) { codeOfOne: note } }")
    gc.collect()
    assert [source for source in _CODES if "codeOfOne" in source] == []


def test_an_execution_that_takes_long_pauses_after_each_field_and_each_part_of_its_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Paused(Context):
        pauses = 0

        async def pause(self) -> None:
            self.pauses += 1
            await super().pause()

    fields = " ".join(f"a{number}: people(first: 4) {{ friends {{ note }} }}" for number in range(20))
    text = f"{{ {fields} }}"
    expected, context = run(text), Paused(1, 0)
    monkeypatch.setattr(executor, "SECONDS_OF_TURN", -1)
    assert run(text, context) == expected
    assert context.pauses >= 60  # 20 fields, and the completion of two levels below each


def test_rows_that_are_met_first_are_completed_together(monkeypatch: pytest.MonkeyPatch) -> None:
    completed: list[object] = []
    monkeypatch.setattr(RowBatch, "_complete_row", lambda *arguments: completed.append(arguments))
    assert run("{ people(first: 4) { id friends { id } } }").data
    assert completed == []
