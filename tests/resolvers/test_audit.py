"""Tests of the audit log: reads, mutations and refusals are recorded, and reading it is recorded, too."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import asyncpg
import pytest

from models.audit.segments import SegmentSigner
from models.storage.database import Database
from tests.conftest import Api, Databases
from tests.models.audit.sample_log import seal_all
from tests.people import CARD, STORE_CARD, known
from tests.values import contains

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


@contextmanager
def full_log(databases: Databases) -> Iterator[None]:
    """Refuse all access events."""

    async def run(sql: str) -> None:
        connection = await asyncpg.connect(databases.url)
        await connection.execute(sql)
        await connection.close()

    asyncio.run(run("ALTER TABLE access_events ADD CONSTRAINT is_full CHECK (FALSE) NOT VALID"))
    try:
        yield
    finally:
        asyncio.run(run("ALTER TABLE access_events DROP CONSTRAINT is_full"))


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


def test_services_read_what_is_not_personal_without_an_event(api: Api) -> None:
    person = api.register("ada@example.com")
    assert api.ask("STORE", "query($who: ID!) { subject(by: {id: $who}) { status } }", who=person).data
    assert [event["action"] for event in events(api, subject=person)] == ["WRITE"]


CARDS = "query Cards($who: ID!) { subject(by: {id: $who}) { paymentFragments { lastDigits } } }"
CLIENTS = "query Clients($who: ID!) { subject(by: {id: $who}) { syncAccounts { clients { app userAgent } } } }"


def reads_by(api: Api, role: str) -> list[dict[str, Any]]:
    return [event for event in events(api) if event["action"] == "READ" and event["role"] == role]


@pytest.mark.parametrize(
    ("role", "document", "fields"),
    [
        ("STORE", CARDS, ["PaymentFragment.lastDigits"]),
        ("SYNC", CLIENTS, ["SyncAccount.clients", "SyncClient.app", "SyncClient.userAgent"]),
    ],
)
def test_a_service_that_reads_personal_data_again_has_one_event(
    api: Api, role: str, document: str, fields: list[str]
) -> None:
    person = known(api)
    for _ in range(3):
        assert api.ask(role, document, who=person.id).data["subject"]
    [read] = reads_by(api, role)
    assert (read["actor"], read["subjectId"], read["fields"]) == (f"{role.lower()} of the tests", person.id, fields)
    assert read["operation"] == ("Cards" if role == "STORE" else "Clients")


def test_reads_of_other_people_and_by_other_operations_have_events_of_their_own(api: Api) -> None:
    one, other = known(api), known(api, "other@example.com")
    expiry = CARDS.replace("query Cards", "query Expiry").replace("lastDigits", "expiryYear")
    for person in (one, other):
        api.ask("STORE", CARDS, who=person.id)
        api.ask("STORE", expiry, who=person.id)
    assert {(read["subjectId"], read["operation"]) for read in reads_by(api, "STORE")} == {
        (person.id, operation) for person in (one, other) for operation in ("Cards", "Expiry")
    }


def test_services_that_read_at_once_have_one_event(api: Api) -> None:
    person = known(api)
    with ThreadPoolExecutor(8) as threads:
        answers = [*threads.map(lambda _: api.ask("STORE", CARDS, who=person.id), range(40))]
    assert all(answer.data["subject"]["paymentFragments"] for answer in answers)
    assert len(reads_by(api, "STORE")) == 1


def test_a_field_that_a_service_reads_later_by_the_same_operation_is_recorded(api: Api) -> None:
    person = known(api)
    both = "query Both($who: ID!, $all: Boolean!) { subject(by: {id: $who}) { paymentFragments { lastDigits "
    both += "expiryYear @include(if: $all) } } }"
    for is_all in (False, True, True):
        assert api.ask("STORE", both, who=person.id, all=is_all).data
    fields = [read["fields"] for read in reads_by(api, "STORE")]
    assert fields == [["PaymentFragment.expiryYear"], ["PaymentFragment.lastDigits"]]


def test_what_a_service_selects_of_its_mutation_is_recorded_as_a_read(api: Api) -> None:
    person = known(api)
    stored = STORE_CARD.replace("{ id }", "{ id lastDigits }")
    assert api.ask("STORE", stored, who={"id": person.id}, input=CARD).data
    assert [read["fields"] for read in reads_by(api, "STORE")] == [["PaymentFragment.lastDigits"]]


def test_a_service_is_not_answered_when_its_read_cannot_be_recorded(api: Api, databases: Databases) -> None:
    person = known(api)
    with full_log(databases):
        for _ in range(2):
            answer = api.ask("STORE", CARDS, who=person.id)
            assert (answer.status, answer.code) == (503, "UNAVAILABLE")
            assert not contains(str(answer.body), "4242")
    assert api.ask("STORE", CARDS, who=person.id).data["subject"]["paymentFragments"] == [{"lastDigits": "4242"}]
    assert len(reads_by(api, "STORE")) == 1


@pytest.mark.parametrize(
    ("role", "document"),
    [
        ("SUPPORT", 'mutation { correctSubject(subject: {id: "%s"}, input: {country: "FR"}) { id } }'),
        ("SUPPORT", 'mutation { optOutOfAll(subject: {id: "%s"}, channel: SUPPORT) { at } }'),
        ("PRIVACY", 'mutation { restrictProcessing(subject: {id: "%s"}) { __typename } }'),
        ("BILLING", 'mutation { removePaymentFragment(id: "%s") }'),
    ],
)
def test_a_mutation_of_staff_needs_a_case_whatever_it_selects(api: Api, role: str, document: str) -> None:
    person = known(api)
    query = document % (person.card if role == "BILLING" else person.id)
    refused = api.ask(role, query, case="")
    assert (refused.status, refused.code) == (400, "CASE_REQUIRED")
    assert [entry["field"].partition(".")[0] for entry in refused.extensions["access"]] == ["Mutation"]
    assert not [event for event in events(api) if event["action"] == "WRITE" and event["role"] == role]
    assert api.ask(role, query).data
    [written] = [event for event in events(api) if event["action"] == "WRITE" and event["role"] == role]
    assert written["case"] == "case/1"


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

    with full_log(databases):
        answer = api.ask("SUPPORT", PAGE, who={"id": person})
    assert (answer.status, answer.code) == (503, "UNAVAILABLE")
    assert answer.extensions["retryable"] is True
    assert "data" not in answer.body
    assert "Ada Example" not in str(answer.body)
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
        futures = [threads.submit(ask, number) for number in range(300)]
        asyncio.run(kill())
    assert all(future.done() for future in futures)

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
    for value in ("canary", "example.com", "Ada Example", "Outliner", "Diary"):
        assert value not in text
    assert not contains(text, "4242")


DECIDE = 'query Ask($who: SubjectBy!) { consentDecision(subject: $who, purpose: "newsletter") { allowed } }'
LOOK = "query Look($who: SubjectBy!) { subject(by: $who) { status } }"


@pytest.mark.parametrize("role", ["SUPPORT", "BILLING", "PRIVACY"])
def test_every_question_of_a_desk_role_about_a_person_is_recorded(api: Api, role: str) -> None:
    person = api.register("ada@example.com")
    for who, subject_id in (({"id": person}, person), ({"email": "nobody@example.com"}, None)):
        for document, field in ((DECIDE, "Query.consentDecision"), (LOOK, "Query.subject")):
            assert api.ask(role, document, case="case/9", who=who).data
            events = "query($actor: String) { accessEvents(actor: $actor, first: 1) { edges { node { %s } } } }"
            query = events.replace("%s", "role case subjectId action fields")
            [edge] = api.ask("AUDITOR", query, actor=f"{role.lower()} of the tests").data["accessEvents"]["edges"]
            assert edge["node"] == {
                "role": role,
                "case": "case/9",
                "subjectId": subject_id,
                "action": "READ",
                "fields": [field],
            }


def test_questions_of_services_are_not_recorded_one_by_one(api: Api) -> None:
    person = api.register("ada@example.com")
    api.ask("STORE", DECIDE, who={"id": person})
    events = '{ accessEvents(actor: "store of the tests", first: 5) { edges { node { fields } } } }'
    fields = [edge["node"]["fields"] for edge in api.ask("AUDITOR", events).data["accessEvents"]["edges"]]
    assert fields == [["registerSubject"]]


def test_a_list_of_people_is_recorded_for_each_of_them(api: Api) -> None:
    people = {api.register(f"person{number}@example.com") for number in range(3)}
    assert api.ask("PRIVACY", "{ subjects(first: 3) { edges { node { id } } } }").data
    events = '{ accessEvents(actor: "privacy of the tests", first: 9) { edges { node { subjectId fields } } } }'
    nodes = [edge["node"] for edge in api.ask("AUDITOR", events).data["accessEvents"]["edges"]]
    assert {node["subjectId"] for node in nodes} == people
    assert {tuple(node["fields"]) for node in nodes} == {("Query.subjects",)}
