"""Tests of the operation cache: prepared operations are found again, and their documents are bounded in size."""

import pytest

from api.graphql import operation_cache
from api.graphql.operation_cache import OperationCache
from models.actors import Actor, Role
from models.storage.turns import run_at_once
from tests.conftest import Api

PLAN = "query($who: SubjectBy!) { erasurePlan(subject: $who) { subjectId hash items { system what records } } }"


@pytest.mark.parametrize("role", ["PRIVACY", "ADMIN"])
def test_a_plan_says_what_would_go_and_changes_nothing(api: Api, role: str) -> None:
    person = api.register("plan@example.com", account={"system": "store", "reference": "plan-1"})
    plan = api.ask(role, PLAN, who={"id": person}).data["erasurePlan"]
    assert plan["subjectId"] == person
    assert "store" in {entry["system"] for entry in plan["items"]}
    assert api.ask(role, PLAN, who={"id": person}).data["erasurePlan"] == plan


def test_long_documents_leave_the_cache_before_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation_cache, "MAX_CHARACTERS", 90)
    cache, actor = OperationCache(), Actor("store", Role.STORE, (Role.STORE,))
    documents = [f"query Viewer{number} {{ viewer {{ role }} }}" for number in range(4)]
    for text in documents:
        run_at_once(cache.preparation_steps(text, None, actor))
    assert [cache.get(text, None, actor) is not None for text in documents] == [False, False, True, True]
