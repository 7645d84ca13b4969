"""Erasure plans as privacy officers and administrators ask for them."""

import pytest

from tests.conftest import Api

PLAN = "query($who: SubjectBy!) { erasurePlan(subject: $who) { subjectId hash items { system what records } } }"


@pytest.mark.parametrize("role", ["PRIVACY", "ADMIN"])
def test_a_plan_says_what_would_go_and_changes_nothing(api: Api, role: str) -> None:
    person = api.register("plan@example.com", account={"system": "store", "reference": "plan-1"})
    plan = api.ask(role, PLAN, who={"id": person}).data["erasurePlan"]
    assert plan["subjectId"] == person
    assert "store" in {entry["system"] for entry in plan["items"]}
    assert api.ask(role, PLAN, who={"id": person}).data["erasurePlan"] == plan
