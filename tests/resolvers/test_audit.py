"""Tests of the audit log: reads, mutations and refusals are recorded, and reading it is recorded, too."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg

from models.audit.segments import SegmentSigner
from models.storage.database import Database
from tests.conftest import Api, Databases
from tests.models.audit.sample_log import seal_all
from tests.people import known

PAGE = "query Page($who: SubjectBy!) { subject(by: $who) { displayName emails { address } } }"
EVENTS = """
query Watch($subject: ID, $actor: String, $since: DateTime, $first: Int, $after: Cursor) {
  accessEvents(subject: $subject, actor: $actor, since: $since, first: $first, after: $after) {
    edges { node { id at actor role case subjectId action fields operation operationHash } cursor }
    pageInfo { hasNextPage endCursor }
  }
}
"""
OWN = "query($who: ID!) { subject(by: {id: $who}) { accessEvents { edges { node { actor action fields } } } } }"


def events(api: Api, role: str = "AUDITOR", **arguments: Any) -> list[dict[str, Any]]:
    return [edge["node"] for edge in api.ask(role, EVENTS, **arguments).data["accessEvents"]["edges"]]


def test_a_read_is_recorded_with_its_fields_case_and_operation(api: Api) -> None:
    person = api.register("ada@example.com", displayName="Ada Example")
    assert api.ask("SUPPORT", PAGE, case="#777", who={"email": "ada@example.com"}).data["subject"]
    [read] = [event for event in events(api, subject=person) if event["action"] == "READ"]
    assert read["fields"] == ["EmailAddress.address", "Subject.displayName", "Subject.emails"]
    assert (read["actor"], read["role"], read["case"]) == ("support of the tests", "SUPPORT", "#777")
    assert read["operation"] == "Page"


def test_literals_do_not_change_the_hash_of_an_operation(api: Api) -> None:
    for email in ("ada@example.com", "bo@example.com"):
        api.register(email, displayName="Ada Example")
        api.ask("SUPPORT", f'{{ subject(by: {{email: "{email}"}}) {{ displayName }} }}')
    reads = [event for event in events(api) if event["action"] == "READ" and event["role"] == "SUPPORT"]
    assert len(reads) == 2
    assert len({event["operationHash"] for event in reads}) == 1


def test_services_read_without_an_event(api: Api) -> None:
    person = api.register("ada@example.com")
    assert api.ask("STORE", "query($who: ID!) { subject(by: {id: $who}) { status } }", who=person).data
    assert [event["action"] for event in events(api, subject=person)] == ["WRITE"]


def test_an_empty_id_is_refused_and_an_empty_actor_has_no_events(api: Api) -> None:
    api.register("ada@example.com")
    assert api.ask("AUDITOR", EVENTS, subject="").code == "BAD_INPUT"
    assert events(api, actor="") == []
    assert events(api, subject=None, actor=None, since=None)


def test_reading_the_audit_log_is_recorded(api: Api) -> None:
    person = api.register("ada@example.com")
    events(api, subject=person)
    [read] = [event for event in events(api, subject=person) if event["action"] == "READ"]
    assert (read["actor"], read["fields"]) == ("auditor of the tests", ["Query.accessEvents"])
    events(api)
    assert any(event["subjectId"] is None and event["fields"] == ["Query.accessEvents"] for event in events(api))


def test_the_audit_log_of_a_person_names_the_readers(api: Api) -> None:
    person = api.register("ada@example.com", displayName="Ada Example")
    api.ask("SUPPORT", PAGE, who={"id": person})
    edges = api.ask("PRIVACY", OWN, who=person).data["subject"]["accessEvents"]["edges"]
    assert [edge["node"]["action"] for edge in edges] == ["READ", "WRITE"]
    again = api.ask("PRIVACY", OWN, who=person).data["subject"]["accessEvents"]["edges"]
    assert again[0]["node"]["fields"] == ["Subject.accessEvents"]


def test_refusals_are_recorded(api: Api) -> None:
    assert api.ask("STORE", PAGE, who={"email": "ada@example.com"}).code == "FORBIDDEN"
    assert api.ask("SUPPORT", PAGE, case="", who={"email": "ada@example.com"}).code == "CASE_REQUIRED"
    refused = [event for event in events(api) if event["action"] == "REFUSED"]
    assert [event["role"] for event in refused] == ["SUPPORT", "STORE"]


def test_a_role_that_the_token_does_not_have_is_refused_and_recorded(api: Api) -> None:
    headers = {"authorization": f"Bearer {api.secrets['STORE']}", "x-role": "PRIVACY"}
    answer = api.client.post("/graphql", json={"query": "{ viewer { name } }"}, headers=headers).json()
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    [refused] = [event for event in events(api) if event["action"] == "REFUSED"]
    assert (refused["actor"], refused["fields"]) == ("store of the tests", ["X-Role"])


def test_tokens_issued_and_revoked_are_recorded(api: Api) -> None:
    issue = 'mutation { issueToken(name: "a script", roles: [ADMIN]) { token { id } } }'
    token = api.ask("ADMIN", issue).data["issueToken"]["token"]["id"]
    assert api.ask("ADMIN", "mutation($id: ID!) { revokeToken(id: $id) { id } }", id=token).data
    assert [event["fields"] for event in events(api)] == [["revokeToken"], ["issueToken"]]


def test_pages_of_the_audit_log_are_complete_and_the_newest_first(api: Api) -> None:
    person = api.register("ada@example.com")
    for case in ("#101", "#102", "#103"):
        api.ask("SUPPORT", PAGE, case=case, who={"id": person})
    arguments: dict[str, Any] = {"actor": "support of the tests", "first": 2}
    first = api.ask("AUDITOR", EVENTS, **arguments).data["accessEvents"]
    rest = api.ask("AUDITOR", EVENTS, **arguments, after=first["pageInfo"]["endCursor"]).data["accessEvents"]
    assert [edge["node"]["case"] for edge in (*first["edges"], *rest["edges"])] == ["#103", "#102", "#101"]
    assert not rest["pageInfo"]["hasNextPage"]
    stolen = api.ask("AUDITOR", EVENTS, first=2, after=first["pageInfo"]["endCursor"])
    assert (stolen.code, stolen.extensions["argument"]) == ("BAD_INPUT", "after")


def test_only_events_since_a_time_are_events(api: Api) -> None:
    api.register("ada@example.com")
    api.register("bo@example.com")
    newest, oldest = events(api)
    assert [event["id"] for event in events(api, since=newest["at"]) if event["action"] == "WRITE"] == [newest["id"]]
    assert oldest["at"] <= newest["at"]


def test_support_cannot_read_the_audit_log(api: Api) -> None:
    assert api.ask("SUPPORT", EVENTS).code == "FORBIDDEN"


def test_a_read_that_cannot_be_recorded_is_not_answered(api: Api, databases: Databases) -> None:
    person = api.register("ada@example.com", displayName="Ada Example")

    async def run(sql: str) -> None:
        connection = await asyncpg.connect(databases.url)
        await connection.execute(sql)
        await connection.close()

    asyncio.run(run("ALTER TABLE access_events ADD CONSTRAINT is_full CHECK (FALSE) NOT VALID"))
    try:
        answer = api.ask("SUPPORT", PAGE, who={"id": person})
    finally:
        asyncio.run(run("ALTER TABLE access_events DROP CONSTRAINT is_full"))
    assert (answer.status, answer.code) == (503, "UNAVAILABLE")
    assert answer.extensions["retryable"] is True
    assert "data" not in answer.body
    assert "Ada" not in str(answer.body)
    assert api.ask("SUPPORT", PAGE, who={"id": person}).data["subject"]["displayName"] == "Ada Example"


def test_no_answer_with_data_is_without_its_event_while_connections_are_killed(api: Api, databases: Databases) -> None:
    person = api.register("ada@example.com", displayName="Ada Example")
    answered: list[str] = []

    def ask(number: int) -> None:
        case = f"case/{number}"
        answer = api.ask("SUPPORT", PAGE, case=case, who={"id": person})
        if answer.body.get("data", {}).get("subject"):
            answered.append(case)

    async def kill() -> None:
        connection = await asyncpg.connect(databases.url)
        for _ in range(60):
            await connection.fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'privacy' AND datname = current_database() AND random() < 0.3"
            )
            await asyncio.sleep(0.01)
        await connection.close()

    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(ask, number) for number in range(300)]
        asyncio.run(kill())
    assert all(future.done() for future in asked)

    async def recorded() -> set[str]:
        connection = await asyncpg.connect(databases.url)
        rows = await connection.fetch("SELECT case_reference FROM access_events WHERE action = 'READ'")
        await connection.close()
        return {row[0] for row in rows}

    assert answered
    assert set(answered) <= asyncio.run(recorded())


def test_the_record_and_its_seals_hold_no_value(api: Api, databases: Databases) -> None:
    person = known(api, "canary@example.com")
    for role, selection in (
        ("SUPPORT", "displayName country emails { address } accounts { reference } syncAccounts { clients { app } }"),
        ("BILLING", "paymentFragments { lastDigits expiryYear }"),
    ):
        api.ask(role, f"query($id: ID!) {{ subject(by: {{id: $id}}) {{ {selection} }} }}", id=person.id)
        api.ask(role, '{ subject(by: {email: "canary@example.com"}) { displayName paymentFragments { lastDigits } } }')

    async def dumped() -> str:
        database = await Database.open(databases.url, databases.keyring_url, readers=1, writers=2, timeout=10)
        await seal_all(database, SegmentSigner(SegmentSigner.generate()))
        async with database.writers.acquire() as connection:
            tables = ("access_events", "audit_segments", "consent_question_counts")
            rows = [row for table in tables for row in await connection.fetch(f"SELECT * FROM {table}")]
        await database.close()
        return "\n".join(str(tuple(row)) for row in rows)

    text = asyncio.run(dumped())
    assert person.id.removeprefix("sub_") in text.replace("-", "")
    for value in ("canary", "example.com", "Ada Example", "4242", "Outliner", "Diary"):
        assert value not in text
