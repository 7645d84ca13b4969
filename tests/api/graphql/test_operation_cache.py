"""Tests of the operation cache: prepared operations are found again, and are bounded in memory."""

import itertools
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from api.graphql import operation_cache
from api.graphql.operation_cache import OperationCache
from models.actors import Actor, Role
from models.storage.turns import run_at_once
from tests.conftest import Api, Running

PLAN = "query($who: SubjectBy!) { erasurePlan(subject: $who) { subjectId hash items { system what records } } }"


@pytest.mark.parametrize("role", ["PRIVACY", "ADMIN"])
def test_a_plan_says_what_would_go_and_changes_nothing(api: Api, role: str) -> None:
    person = api.register("plan@example.com", account={"system": "store", "reference": "plan-1"})
    plan = api.ask(role, PLAN, who={"id": person}).data["erasurePlan"]
    assert plan["subjectId"] == person
    assert "store" in {entry["system"] for entry in plan["items"]}
    assert api.ask(role, PLAN, who={"id": person}).data["erasurePlan"] == plan


PERSON = (
    "id status registeredAt displayName country emails { address isPrimary verifiedAt } "
    "consents { state channel effectiveAt lapsesAt policyVersion purpose { key title legalBasis } }"
)
OFFICE = Actor("office", Role.PRIVACY, (Role.PRIVACY,), case="case/1")
STORE = Actor("store", Role.STORE, (Role.STORE,))


def spread(number: int) -> str:
    """Write a short document that comes to many fields."""
    fields = " ".join(f"a{alias}: subject(by: {{id: $id}}) {{ ...F }}" for alias in range(20))
    return f"query Spread{number}($id: ID!) {{ {fields} }} fragment F on Subject {{ {PERSON} }}"


def small(number: int) -> str:
    return f"query Viewer{number} {{ viewer {{ role }} }}"


def add(cache: OperationCache, actor: Actor, *documents: str) -> None:
    for text in documents:
        run_at_once(cache.preparation_steps(text, None, actor))


def cached(cache: OperationCache, actor: Actor, *documents: str) -> list[bool]:
    return [cache.get(text, None, actor) is not None for text in documents]


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def test_operations_leave_the_cache_when_they_take_too_much_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    cache, documents = OperationCache(lambda: None), [small(number) for number in range(4)]
    add(cache, STORE, documents[0])
    monkeypatch.setattr(operation_cache, "MAX_BYTES", 2 * cache.bytes)
    add(cache, STORE, *documents[1:])
    assert cached(cache, STORE, *documents) == [False, False, True, True]


def test_the_actor_whose_operations_take_most_memory_loses_one(monkeypatch: pytest.MonkeyPatch) -> None:
    cache, smalls = OperationCache(lambda: None), [small(number) for number in range(12)]
    add(cache, STORE, *smalls)
    add(cache, OFFICE, spread(0))
    monkeypatch.setattr(operation_cache, "MAX_BYTES", cache.bytes)
    add(cache, OFFICE, spread(1))
    assert all(cached(cache, STORE, *smalls))
    assert cached(cache, OFFICE, spread(0), spread(1)) == [False, True]


def test_the_estimate_of_memory_is_close_to_what_operations_take(traced: None) -> None:
    cache = OperationCache(lambda: None)
    add(cache, OFFICE, spread(0))
    before, estimated_before = tracemalloc.get_traced_memory()[0], cache.bytes
    add(cache, OFFICE, *[spread(number) for number in range(1, 6)])
    size, estimate = tracemalloc.get_traced_memory()[0] - before, cache.bytes - estimated_before
    assert size / 2 < estimate < size * 2


def test_what_an_execution_compiles_counts_and_old_operations_make_room(
    api: Api, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand short documents took more than a gigabyte, as only their characters were counted."""
    who = api.register("executed@example.com")
    operations = running.app._graphql.operations

    def ask(number: int) -> int:
        """Ask for a person twenty times, and return by how much the cache grew."""
        before = operations.bytes
        assert api.ask("PRIVACY", spread(number), id=who).data["a19"]["id"] == who
        return operations.bytes - before

    assert ask(0) > 500 * len(spread(0))
    assert ask(0) == 0
    most = operations.bytes + 100_000
    monkeypatch.setattr(operation_cache, "MAX_BYTES", most)
    for number in range(1, 4):
        ask(number)
    assert api.ask("PRIVACY", small(0)).data
    assert operations.bytes <= most


def test_variants_count_until_they_are_dropped(api: Api, running: Running) -> None:
    names = [f"b{number}" for number in range(5)]
    declared = " ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: id @include(if: ${name})" for name in names)
    document = f"query({declared}, $id: ID!) {{ subject(by: {{id: $id}}) {{ id {fields} }} }}"
    who = api.register("variants@example.com")
    sizes = []
    for chosen in itertools.product([True, False], repeat=len(names)):
        choice: dict[str, Any] = dict(zip(names, chosen, strict=True))
        assert api.ask("PRIVACY", document, id=who, **choice).data["subject"]["id"] == who
        sizes.append(running.app._graphql.operations.bytes)
    assert sizes[0] < sizes[8] < sizes[15]
    assert sizes[16] < sizes[15]
    assert sizes[31] < 1.5 * sizes[15]
