"""Tests of refusals that repeat: a flood of them adds a bounded number of events."""

import asyncio
from itertools import product
from uuid import UUID

import asyncpg
import httpx2

from models.actors import Actor, Role
from models.audit.events import AccessAction, EventTemplate
from resolvers.recent_refusals import MAX_KINDS, RecentRefusals
from tests.conftest import Api, Databases, Running, settings_for

STORE = Actor("store", Role.STORE, (Role.STORE,), identity="tok_1")
PERSON = UUID(int=7)


def refusal(*fields: str, actor: Actor = STORE) -> EventTemplate:
    return EventTemplate(actor, AccessAction.REFUSED, fields or ("Subject.emails",))


def test_a_refusal_is_recorded_again_when_its_minute_is_over() -> None:
    at = 0.0
    refusals = RecentRefusals(clock=lambda: at)
    assert refusals.admit(refusal(), None)
    at = 59.9
    assert not refusals.admit(refusal(), None)
    assert refusals.admit(refusal(), PERSON)
    assert refusals.admit(refusal(actor=STORE._replace(identity="tok_2")), None)
    at = 60.0
    assert refusals.admit(refusal(), None)


def test_a_refusal_that_could_not_be_recorded_is_recorded_the_next_time() -> None:
    refusals = RecentRefusals()
    assert refusals.admit(refusal(), None)
    refusals.forget(refusal(), None)
    assert refusals.admit(refusal(), None)
    assert not refusals.admit(refusal(), None)


def test_refusals_about_a_person_always_keep_the_person() -> None:
    refusals = RecentRefusals(max_kinds=1)
    assert all(refusals.admit(refusal(), UUID(int=number)) for number in range(1, 9))
    assert not refusals.admit(refusal("Subject.country"), None)


Rows = list[asyncpg.Record]


def recorded(databases: Databases) -> Rows:
    async def read() -> Rows:
        connection = await asyncpg.connect(databases.url)
        rows: Rows = await connection.fetch(
            "SELECT actor, actor_identity, case_reference, fields, occurrences FROM access_events "
            "WHERE action = 'REFUSED' ORDER BY at, id"
        )
        await connection.close()
        return rows

    return asyncio.run(read())


def test_a_flood_of_refusals_adds_few_events_and_each_refusal_is_counted(api: Api, databases: Databases) -> None:
    fields = ("displayName", "country", "registeredAt", "regime", "status emails { address }", "accounts { reference }")
    with Running(settings_for(databases)) as url, httpx2.Client(base_url=url, verify=False) as client:
        headers = {"authorization": f"Bearer {api.secrets['AUDITOR']}"}
        for number, (field, _) in enumerate(product(fields, range(50))):
            document = f'query Flood{number} {{ subject(by: {{email: "ada@example.com"}}) {{ {field} }} }}'
            answer = client.post("/graphql", json={"query": document}, headers={**headers, "x-case": f"case/{number}"})
            assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        for _ in range(100):
            assert client.post(
                "/graphql", json={"query": "{ viewer { name } }"}, headers={**headers, "x-role": "ADMIN"}
            )
        assert len(recorded(databases)) == MAX_KINDS
    rows = recorded(databases)
    assert len(rows) == MAX_KINDS + 1
    assert sum(row["occurrences"] or 1 for row in rows) == 400
    assert len({(row["actor"], row["actor_identity"]) for row in rows}) == 1
    assert {"Subject.country", "Subject.emails", "Subject.accounts", "X-Role"} <= set(rows[-1]["fields"])
    assert rows[-1]["case_reference"] is None


def test_a_refusal_that_repeats_is_counted_in_one_event(api: Api, databases: Databases) -> None:
    document = '{ subject(by: {email: "ada@example.com"}) { emails { address } } }'
    headers = {"authorization": f"Bearer {api.secrets['STORE']}"}
    with Running(settings_for(databases)) as url, httpx2.Client(base_url=url, verify=False) as client:
        for _ in range(50):
            client.post("/graphql", json={"query": document}, headers=headers)
        assert [row["occurrences"] for row in recorded(databases)] == [None]
    assert [row["occurrences"] for row in recorded(databases)] == [None, 49]
    events = "{ accessEvents(first: 9) { edges { node { action occurrences actorIdentity } } } }"
    nodes = [edge["node"] for edge in api.ask("AUDITOR", events).data["accessEvents"]["edges"]]
    refusals = [node for node in nodes if node["action"] == "REFUSED"]
    assert [node["occurrences"] for node in refusals] == [49, 1]
    tokens = api.ask("ADMIN", "{ tokens { id name } }").data["tokens"]
    [store] = [token["id"] for token in tokens if token["name"] == "store of the tests"]
    assert {node["actorIdentity"] for node in refusals} == {store}
