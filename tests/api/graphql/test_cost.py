"""The cost of an operation is known before it runs, and limits what it may return, name or introspect."""

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import get_introspection_query

from api.graphql.cost import INTROSPECTION_COST, LIST_SIZE, amount_of, count_entries
from api.graphql.prepare import prepare
from models.access.cost_limits import DEFAULT_MAX_COSTS
from models.actors import Actor, Role
from tests.conftest import Api, Databases, Running, settings_for

DECIDE = 'consentDecisions(subjects: $who, purpose: "newsletter") { allowed }'
EMAILS = [f"user{number}@example.com" for number in range(1000)]
EVENTS = "accessEvents(first: 100) { edges { node { at role action } } }"
FRAGMENTS = """
{ subjects(first: 2) { ...F edges { node { ...G } } } }
fragment F on SubjectConnection { edges { node { emails { address } } } }
fragment G on Subject { emails { isPrimary } }
"""
PAGES = f"{{ subjects(first: 100) {{ edges {{ node {{ {EVENTS} }} }} }} }}"
INTROSPECTIONS = "{" + " ".join(f'a{number}: __type(name: "Subject") {{ name }}' for number in range(20)) + "}"
IN_FRAGMENTS = "{ ...F } fragment F on Query " + INTROSPECTIONS


def cost(document: str, variables: Mapping[str, Any] | None = None, role: Role = Role.PRIVACY) -> int:
    return amount_of(prepare(document, None, Actor("a test", role, (role,), "case/1")).cost, variables or {})


@pytest.mark.parametrize(
    ("document", "variables", "expected"),
    [
        ("{ viewer { name role } }", {}, 1),
        ("{ a: viewer { name } b: viewer { name __typename } }", {}, 2),
        ('{ subject(by: {id: "sub_1"}) { id emails { address } } }', {}, 1 + LIST_SIZE),
        ("{ subjects { edges { node { id } cursor } pageInfo { endCursor } } }", {}, 50),
        ("{ subjects(first: 7) { edges { node { id emails { address } } } } }", {}, 7 * (1 + LIST_SIZE)),
        ("{ subjects(first: 7) { a: edges { cursor } b: edges { cursor } } }", {}, 14),
        ("query($n: Int) { subjects(first: $n) { edges { cursor } } }", {"n": 9}, 9),
        ("query($n: Int) { subjects(first: $n) { edges { cursor } } }", {"n": None}, 50),
        ("query($n: Int = 3) { subjects(first: $n) { edges { cursor } } }", {}, 3),
        ("query($n: Int) { subjects(first: $n) { edges { cursor } } }", {"n": 10**9}, 100),
        ("query($n: Int) { subjects(first: $n) { edges { cursor } } }", {"n": -1}, 0),
        ("query($n: Int) { subjects(first: $n) { edges { cursor } } }", {"n": "x"}, 100),
        (f"{{ subjects(first: 20) {{ edges {{ node {{ {EVENTS} }} }} }} }}", {}, 20 * 101),
        (FRAGMENTS, {}, 2 * (1 + LIST_SIZE)),
        ('{ node(id: "sub_1") { id ... on Subject { emails { address } } } }', {}, 1 + LIST_SIZE),
        ("{ __schema { types { name } } }", {}, INTROSPECTION_COST),
        ('{ a: __type(name: "A") { name } b: __type(name: "B") { name } }', {}, 2 * INTROSPECTION_COST),
    ],
)
def test_a_cost_counts_the_objects_that_may_come_back(document: str, variables: dict[str, Any], expected: int) -> None:
    assert cost(document, variables) == expected


@pytest.mark.parametrize(
    ("document", "variables", "expected"),
    [
        (f"query($who: SubjectsBy!) {{ {DECIDE} }}", {"who": {"emails": EMAILS}}, 2000),
        (f"query($who: SubjectsBy!) {{ a: {DECIDE} b: {DECIDE} }}", {"who": {"emails": EMAILS}}, 4000),
        (f"query($who: SubjectsBy!) {{ {DECIDE} }}", {"who": {"emails": []}}, 0),
        ('query($who: SubjectsBy! = {ids: ["a", "b"]}) {' + DECIDE + "}", {}, 4),
        ("query($ids: [ID!]) {" + DECIDE.replace("$who", "{ids: $ids}") + "}", {"ids": ["a", "b", "c"]}, 6),
        ("query($id: ID!) {" + DECIDE.replace("$who", '{ids: ["a", $id]}') + "}", {"id": "b"}, 4),
        (
            "query($who: SubjectsBy!) {" + DECIDE + "}",
            {"who": {"accounts": [{"system": "store", "reference": "r"}] * 5}},
            10,
        ),
        (
            'mutation($input: SyncInput!) { a: recordSync(subject: {id: "sub_1"}, input: $input) { id } }',
            {"input": {"files": [{"name": "a"}] * 300}},
            301,
        ),
    ],
)
def test_a_cost_counts_the_entries_of_lists_in_arguments(
    document: str, variables: dict[str, Any], expected: int
) -> None:
    role = Role.SYNC if "recordSync" in document else Role.STORE
    assert cost(document, variables, role) == expected


def test_a_cost_without_lists_or_pages_in_variables_is_a_constant() -> None:
    actor = Actor("a test", Role.STORE, (Role.STORE,))
    document = "query($who: SubjectBy!, $p: String!) { consentDecision(subject: $who, purpose: $p) { allowed } }"
    assert prepare(document, None, actor).cost == 1


def test_entries_are_counted_at_any_depth_of_a_value() -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = [{"a": deep}]
    assert count_entries(deep) == 5000
    assert count_entries({"a": [1, [2, 3], {"b": ["c"]}], "d": None}) == 6
    assert count_entries("text") == count_entries(None) == 0


def test_a_thousand_people_are_answered_and_twenty_aliases_of_them_are_not(api: Api) -> None:
    once = f"query($who: SubjectsBy!) {{ {DECIDE} }}"
    many = "query($who: SubjectsBy!) {" + " ".join(f"a{n}: {DECIDE}" for n in range(20)) + "}"
    assert len(api.ask("STORE", once, who={"emails": EMAILS}).data["consentDecisions"]) == 1000
    answer = api.ask("STORE", many, who={"emails": EMAILS})
    assert (answer.status, answer.code) == (400, "QUERY_TOO_LARGE")
    most = DEFAULT_MAX_COSTS[Role.STORE]
    assert answer.extensions == {"code": "QUERY_TOO_LARGE", "limit": "cost", "most": most, "cost": 40_000}
    assert "data" not in answer.body


@pytest.mark.parametrize(
    "document", [PAGES, INTROSPECTIONS, IN_FRAGMENTS], ids=["pages", "introspections", "fragments"]
)
def test_what_multiplies_is_refused_before_it_runs(api: Api, document: str) -> None:
    answer = api.ask("PRIVACY", document)
    assert (answer.status, answer.code) == (400, "QUERY_TOO_LARGE")
    assert answer.extensions["limit"] == "cost"
    assert api.ask("PRIVACY", get_introspection_query()).data["__schema"]


def test_an_answer_has_its_cost_when_the_header_asks_for_it(api: Api) -> None:
    document = {"query": f"query($who: SubjectsBy!) {{ {DECIDE} }}", "variables": {"who": {"emails": EMAILS[:3]}}}
    most = DEFAULT_MAX_COSTS[Role.STORE]
    assert api.send(document, x_cost="1").json()["extensions"] == {"cost": {"requested": 6, "most": most}}
    assert "extensions" not in api.send(document).json()
    failed = {"query": '{ consentDecision(subject: {id: "x"}, purpose: "newsletter") { allowed } }'}
    answer = api.send(failed, x_cost="1").json()
    assert answer["errors"][0]["extensions"]["code"] == "BAD_INPUT"
    assert answer["extensions"]["cost"]["requested"] == 1
    assert "extensions" not in api.send({"query": "{ nothing }"}, x_cost="1").json()


def test_the_setting_changes_the_maximum_of_one_role(api: Api, databases: Databases) -> None:
    with Running(settings_for(databases, max_costs="STORE=3,ADMIN=0")) as url:
        here = Api(url, api.secrets)
        document = f"query($who: SubjectsBy!) {{ {DECIDE} }}"
        assert here.ask("STORE", document, who={"emails": EMAILS[:2]}).extensions["cost"] == 4
        assert here.ask("STORE", document, who={"emails": EMAILS[:1]}).data
        assert here.ask("SYNC", document, who={"emails": EMAILS[:2]}).data
        fields = " ".join(f"a{n}: {DECIDE}" for n in range(6))
        assert here.ask("ADMIN", f"query($who: SubjectsBy!) {{ {fields} }}", who={"emails": EMAILS}).data
        here.client.close()
