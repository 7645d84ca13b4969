"""Cached operations are exempt from garbage collection, and are freed without it."""

import gc
from typing import Any

import pytest
from graphql import FieldNode, get_introspection_query

from api.graphql import operation_cache
from api.graphql.execution.plan import Plan
from api.graphql.execution.selection import CompiledSelection
from api.graphql.operation_cache import OperationCache
from models.actors import Actor, Role
from models.storage.turns import run_at_once
from tests.api.graphql.hostile_requests import PERSON
from tests.conftest import Api, Running

DOCUMENT = """
query($id: ID!, $b: Boolean!) { subject(by: {id: $id}) { %s ...F @include(if: $b) } } fragment F on Subject { id } # %d
"""
ACTOR = Actor("office", Role.PRIVACY, (Role.PRIVACY,), case="case/1")


def test_a_cache_that_has_grown_says_so_once_for_many_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation_cache, "YOUNG_BYTES", 30_000)
    calls: list[int] = []
    cache = OperationCache(lambda: calls.append(1))
    for number in range(6):
        run_at_once(cache.preparation_steps(f"query Viewer{number} {{ viewer {{ role }} }}", None, ACTOR))
    assert len(calls) == 1


def test_operations_that_were_executed_are_freed_without_the_collector(api: Api, running: Running) -> None:
    who = api.register("cycles@example.com")
    for number in range(3):
        assert api.ask("PRIVACY", DOCUMENT % (PERSON, number), id=who, b=True).data["subject"]["id"] == who
    assert api.ask("PRIVACY", get_introspection_query()).data
    operations = running.app._graphql.operations
    gc.collect()
    gc.disable()
    try:
        while operations._entries:
            operations._drop_from(next(iter(operations._owners)))
        assert _garbage() == []
    finally:
        gc.enable()


def _garbage() -> list[Any]:
    """Return the parts of operations that only the collector would free."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        return [each for each in gc.garbage if isinstance(each, CompiledSelection | FieldNode | Plan)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
