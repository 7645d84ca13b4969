"""Erasure steps over HTTP: seen and taken by tokens of their system only."""

from typing import Any

import pytest

from tests.conftest import LASTING_WORLDS, Api, Databases
from tests.journeys.isolated_databases import drain_erasures

STEPS = "query($system: String!) { erasureSteps(system: $system, state: null) { edges { node { id error } } } }"
NODE = "query($id: ID!) { node(id: $id) { id } }"
DONE = "mutation($id: ID!) { completeErasureStep(id: $id, recordsErased: 1) { id state } }"
FAIL = 'mutation($id: ID!) { failErasureStep(id: $id, error: "no") { id state } }'
OF_REQUEST = "query($id: ID!) { rightsRequest(id: $id) { steps { id system } } }"
ERASE = """mutation($who: SubjectBy!) {
  requestErasure(subject: $who, channel: SCRIPT, identity: ATTESTED, immediately: true) { id }
}"""
WRITE_STEP = """
INSERT INTO erasure_steps (subject_id, id, request_id, system, state, created_at)
SELECT subject_id, gen_random_uuid(), id, 'store', 'PENDING', now()
FROM rights_requests
RETURNING replace(id::text, '-', '')
"""


@pytest.fixture
def request_and_step(api: Api, databases: Databases) -> tuple[str, str]:
    person = api.register("ada@example.com")
    request = api.ask("ADMIN", ERASE, who={"id": person}).data["requestErasure"]["id"]
    return request, f"stp_{LASTING_WORLDS.execute(databases, WRITE_STEP)}"


def refused_fields(api: Api) -> list[Any]:
    events = "{ accessEvents(first: 20) { edges { node { action fields } } } }"
    nodes = [edge["node"] for edge in api.ask("AUDITOR", events).data["accessEvents"]["edges"]]
    return [node["fields"] for node in nodes if node["action"] == "REFUSED"]


def test_a_step_is_seen_and_taken_by_a_token_of_its_system(api: Api, request_and_step: tuple[str, str]) -> None:
    _, step = request_and_step
    assert api.ask("STORE", STEPS, system="store").data["erasureSteps"]["edges"][0]["node"]["id"] == step
    assert api.ask("STORE", NODE, id=step).data["node"] == {"id": step}
    assert api.ask("STORE", DONE, id=step).data["completeErasureStep"]["state"] == "DONE"


@pytest.mark.parametrize("role", ["SYNC", "SERVICE", "ADMIN"])
def test_a_step_of_another_system_is_neither_seen_nor_taken(
    api: Api, request_and_step: tuple[str, str], role: str
) -> None:
    request, step = request_and_step
    steps = STEPS.replace(" error", "")
    assert api.ask(role, steps, system="store").code == "FORBIDDEN"
    assert api.ask(role, NODE, id=step).data["node"] is None
    for mutation in (DONE, FAIL):
        assert api.ask(role, mutation, id=step).code == "FORBIDDEN"
    fields = refused_fields(api)
    for field in ("Query.erasureSteps", "Mutation.completeErasureStep", "Mutation.failErasureStep"):
        assert [field] in fields
    for desk in ("SUPPORT", "PRIVACY"):
        assert api.ask(desk, OF_REQUEST, id=request).data["rightsRequest"]["steps"] == [{"id": step, "system": "store"}]
        assert api.ask(desk, NODE, id=step).data["node"] == {"id": step}
    assert api.ask("ADMIN", OF_REQUEST, id=request).data["rightsRequest"]["steps"] == []


def test_an_administrator_s_token_of_a_system_takes_its_steps(api: Api, request_and_step: tuple[str, str]) -> None:
    request, step = request_and_step
    keeper = Api(api.url, {"ADMIN": api.issue("store script", "ADMIN", system="store")})
    try:
        assert keeper.ask("ADMIN", OF_REQUEST, id=request).data["rightsRequest"]["steps"][0]["id"] == step
        assert keeper.ask("ADMIN", DONE, id=step).data["completeErasureStep"]["state"] == "DONE"
    finally:
        keeper.client.close()


@pytest.mark.parametrize("role", ["STORE", "SYNC", "SERVICE"])
def test_the_system_that_registered_a_person_gets_a_step_with_the_subject(
    api: Api, databases: Databases, role: str
) -> None:
    secret = api.issue(f"registrar {role}", role, system="registrar")
    registrar = Api(api.url, {role: secret})
    register = "mutation($input: RegisterSubjectInput!) { registerSubject(input: $input) { id } }"
    steps = '{ erasureSteps(system: "registrar") { edges { node { subjectId references state } } } }'
    try:
        person = registrar.ask(role, register, input={"email": "ada@example.com"}).data["registerSubject"]["id"]
        plan = "query($who: SubjectBy!) { erasurePlan(subject: $who) { items { system } } }"
        items = api.ask("PRIVACY", plan, who={"id": person}).data["erasurePlan"]["items"]
        assert {"system": "registrar"} in items
        request = api.ask("ADMIN", ERASE, who={"id": person}).data["requestErasure"]["id"]
        drain_erasures(databases)
        assert registrar.ask(role, steps).data["erasureSteps"]["edges"] == [
            {"node": {"subjectId": person, "references": [], "state": "PENDING"}}
        ]
        of_request = api.ask("PRIVACY", OF_REQUEST, id=request).data["rightsRequest"]["steps"]
        assert [step["system"] for step in of_request] == ["registrar"]
    finally:
        registrar.client.close()
