"""Tests over HTTP of retention rules and legal holds."""

from typing import Any

import pytest

from tests.conftest import Api, Databases
from tests.people import OPT_OUT, RECORD_SYNC, SYNC
from tests.workers.policy_work import execute

SET = (
    "mutation($category: DataCategory!, $days: Int, $reason: String) { setRetentionRule(category: $category, "
    "days: $days, reason: $reason) { category days reason lastRunAt lastRunRemoved wouldRemove } }"
)
RULES = "{ retentionRules { category days reason wouldRemove } }"
HOLD = (
    "mutation($who: SubjectBy!, $ground: RetentionGround!, $reference: String!) "
    "{ holdRetention(subject: $who, ground: $ground, reference: $reference) { id status } }"
)
RELEASE = "mutation($who: SubjectBy!) { releaseRetention(subject: $who) { id } }"


@pytest.fixture(autouse=True)
def rules(databases: Databases) -> Any:
    """Put the rules back as the migrations made them."""
    yield
    for category, days in (("SYNC_FILE_NAMES", 30), ("PROFILE", None)):
        execute(databases, "UPDATE retention_rules SET days = $2, would_remove = 0 WHERE category = $1", category, days)


def test_each_category_has_a_rule_and_indefinite_ones_a_reason(api: Api) -> None:
    """The policy: "Most information we collect may be stored indefinitely"."""
    for role in ("PRIVACY", "AUDITOR", "ADMIN"):
        rules = {rule["category"]: rule for rule in api.ask(role, RULES, case="").data["retentionRules"]}
        assert len(rules) == 10
        assert all(rule["days"] or rule["reason"] for rule in rules.values())
        days = {category: rule["days"] for category, rule in rules.items() if rule["days"]}
        assert days == {"PAYMENT_FRAGMENTS": 730, "SYNC_METADATA": 30, "SYNC_FILE_NAMES": 30, "LETTERS": 365}
    unreasoned: dict[str, Any] = {"category": "PROFILE", "days": None, "reason": None}
    assert api.ask("PRIVACY", SET, case="", **unreasoned).code == "BAD_INPUT"


def test_a_rule_says_what_it_would_remove_before_it_runs(api: Api) -> None:
    person = api.register("ada@example.com")
    assert api.ask("SYNC", RECORD_SYNC, who={"id": person}, input=SYNC).data
    rule: dict[str, Any] = {"category": "SYNC_FILE_NAMES", "days": 1, "reason": None}
    answer = api.ask("PRIVACY", SET, case="", **rule).data["setRetentionRule"]
    assert {name: answer[name] for name in rule} == rule
    assert answer["wouldRemove"] == 1
    assert api.ask("PRIVACY", SET, case="", **rule | {"days": 36_500}).data["setRetentionRule"]["wouldRemove"] == 0
    indefinite: dict[str, Any] = {"category": "SYNC_FILE_NAMES", "days": None, "reason": "A court demands it."}
    assert api.ask("PRIVACY", SET, case="", **indefinite).data["setRetentionRule"]["days"] is None


@pytest.mark.parametrize(
    ("rule", "argument"),
    [
        ({"days": 0}, "days"),
        ({"days": -1}, "days"),
        ({"days": 36_501}, "days"),
        ({}, "reason"),
        ({"reason": " "}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 201}, "reason"),
        ({"category": "CONSENTS", "days": 30}, "days"),
        ({"category": "ACCESS_EVENTS", "days": 30}, "days"),
        ({"category": "CONTACT", "days": 30}, "days"),
    ],
)
def test_a_malformed_rule_is_refused(api: Api, rule: dict[str, Any], argument: str) -> None:
    answer = api.ask("PRIVACY", SET, case="", **{"category": "SYNC_FILE_NAMES"} | rule)
    assert (answer.code, answer.extensions["argument"]) == ("BAD_INPUT", argument)


def test_a_hold_stops_no_other_right(api: Api) -> None:
    person = api.register("ada@example.com")
    hold: dict[str, Any] = {"who": {"id": person}, "ground": "LEGAL_CLAIM", "reference": "26-cv-17"}
    assert api.ask("PRIVACY", HOLD, case="", **hold).code == "CASE_REQUIRED"
    for _ in range(2):
        assert api.ask("PRIVACY", HOLD, **hold).data["holdRetention"] == {"id": person, "status": "ACTIVE"}
    assert api.ask("PRIVACY", HOLD, **hold | {"reference": "other"}).code == "STATE_CONFLICT"
    assert api.ask("PRIVACY", HOLD, **hold | {"ground": "PUBLISHED_BY_SUBJECT"}).code == "BAD_INPUT"
    assert api.ask("PRIVACY", HOLD, **hold | {"who": {"email": "eve@example.com"}}).code == "SUBJECT_NOT_FOUND"
    out = api.ask("STORE", OPT_OUT, who={"id": person}, purposes=["newsletter"], channel="STORE")
    assert out.data["optOut"]["purposes"] == ["newsletter"]
    plan = "query($who: SubjectBy!) { erasurePlan(subject: $who) { retained { what ground } } }"
    retained = api.ask("PRIVACY", plan, who={"id": person}).data["erasurePlan"]["retained"]
    assert retained[0]["ground"] == "LEGAL_CLAIM"
    assert "legal hold" in retained[0]["what"]
    erase = (
        "mutation($id: ID!) { requestErasure(subject: { id: $id }, channel: EMAIL) { id retained { what ground } } }"
    )
    request = api.ask("SUPPORT", erase, id=person).data["requestErasure"]
    assert request["retained"] == retained[:1]
    shown = "query($id: ID!) { rightsRequest(id: $id) { retained { what ground } } }"
    for _ in range(2):
        assert api.ask("PRIVACY", RELEASE, who={"id": person}).data["releaseRetention"]["id"] == person
    retained = api.ask("PRIVACY", plan, who={"id": person}).data["erasurePlan"]["retained"]
    assert not any("legal hold" in row["what"] for row in retained)
    assert api.ask("PRIVACY", shown, id=request["id"]).data["rightsRequest"] == {"retained": []}
