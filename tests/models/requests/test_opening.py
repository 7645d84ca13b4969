"""Every right but erasure is requested, proved, extended, completed, denied and cancelled over HTTP."""

import asyncio
from typing import Any

import asyncpg
import httpx2
import pytest

from models.requests.states import RequestKind
from tests.conftest import Api, Databases
from tests.journeys.isolated_databases import drain_erasures
from tests.people import OPT_OUT
from tests.resolvers.test_rights_requests import CONFIRM, code_of

OPEN = """mutation Open($who: SubjectBy!, $kind: RequestKind!, $identity: IdentityCheck! = EMAIL_CODE) {
  openRequest(subject: $who, kind: $kind, channel: EMAIL, identity: $identity) {
    id kind state receivedAt dueAt executeAt
  }
}"""
EXTEND = """mutation Extend($id: ID!, $reason: ExtensionReason!) {
  extendRequest(id: $id, reason: $reason) { dueAt extendedUntil extensionReason isOverdue }
}"""
COMPLETE = "mutation Complete($id: ID!) { completeRequest(id: $id) { state completedAt } }"
CANCEL = "mutation Cancel($id: ID!) { cancelRequest(id: $id) { state } }"
DENY = "mutation Deny($id: ID!) { denyRequest(id: $id, reason: CLAIM_NOT_COVERED) { state denialReason } }"
WHO = {"email": "ada@example.com"}
FREE = {"OBJECTION", "COMPLAINT", "ENQUIRY"}
BY_HAND = ["RECTIFICATION", "RESTRICTION", "OBJECTION", "COMPLAINT", "ENQUIRY", "CA_DIRECT_MARKETING_DISCLOSURE"]


def opened(api: Api, kind: str, role: str = "SUPPORT", **options: Any) -> dict[str, Any]:
    return dict(api.ask(role, OPEN, who=WHO, kind=kind, **options).data["openRequest"])


async def letters_of(databases: Databases) -> list[str]:
    connection = await asyncpg.connect(databases.url)
    rows = await connection.fetch("SELECT letter FROM letters ORDER BY posted_at, id")
    await connection.close()
    return [row[0] for row in rows]


async def execute(databases: Databases, sql: str) -> None:
    connection = await asyncpg.connect(databases.url)
    await connection.execute(sql)
    await connection.close()


@pytest.mark.parametrize("kind", [kind for kind in RequestKind if kind != "ERASURE"])
def test_a_service_opens_a_request_and_sees_it_in_its_own_answer_only(api: Api, kind: str) -> None:
    api.register(WHO["email"], country="DE")
    request = opened(api, kind, "STORE")
    assert request["state"] == ("IN_PROGRESS" if kind in FREE else "AWAITING_VERIFICATION")
    assert request["executeAt"] is None
    assert request["kind"] == kind
    assert opened(api, kind, "SYNC") == request, "a second one is the open one"
    for role, answer in (("STORE", None), ("SUPPORT", {"id": request["id"]})):
        node = api.ask(role, "query($id: ID!) { node(id: $id) { id } }", id=request["id"]).data["node"]
        assert node == answer
    more = OPEN.replace("executeAt", "executeAt subjectId")
    assert api.ask("STORE", more, who=WHO, kind=kind).code == "FORBIDDEN"


def test_an_erasure_is_not_opened_here_and_staff_name_no_import(api: Api) -> None:
    api.register(WHO["email"])
    assert api.ask("SUPPORT", OPEN, who=WHO, kind="ERASURE").extensions["argument"] == "kind"
    imported = OPEN.replace("EMAIL, identity", "IMPORT, identity")
    assert api.ask("SUPPORT", imported, who=WHO, kind="ACCESS").extensions["argument"] == "channel"
    assert api.ask("STORE", OPEN, who={"email": "b@example.com"}, kind="ACCESS").code == "SUBJECT_NOT_FOUND"


@pytest.mark.parametrize("kind", ["COMPLAINT", "ENQUIRY", "RECTIFICATION", "ACCESS"])
def test_requests_of_another_case_are_others_where_the_kind_has_cases(api: Api, kind: str) -> None:
    api.register(WHO["email"])
    first = opened(api, kind)["id"]
    other = opened(api, kind, case="case/2")["id"]
    assert (other == first) == (kind == "ACCESS")
    assert opened(api, kind, case="case/2")["id"] == other


def test_a_code_begins_a_request_and_a_wrong_one_does_not(api: Api, databases: Databases) -> None:
    api.register(WHO["email"])
    request = opened(api, "RECTIFICATION")["id"]
    assert api.ask("SUPPORT", CONFIRM, id=request, code="22222222").code == "IDENTITY_UNVERIFIED"
    assert api.ask("SUPPORT", COMPLETE, id=request).code == "STATE_CONFLICT"
    code = code_of(databases, request)
    for _ in range(2):
        assert api.ask("STORE", CONFIRM, id=request, code=code).data
    shown = "query($id: ID!) { rightsRequest(id: $id) { state identity } }"
    assert api.ask("SUPPORT", shown, id=request).data["rightsRequest"] == {
        "state": "IN_PROGRESS",
        "identity": "EMAIL_CODE",
    }


@pytest.mark.parametrize("kind", BY_HAND)
def test_a_request_is_completed_by_hand_once_it_is_done(api: Api, databases: Databases, kind: str) -> None:
    person = api.register(WHO["email"])
    request = opened(api, kind, identity="ATTESTED")
    assert request["state"] == "IN_PROGRESS"
    done: dict[str, Any] = {"id": request["id"]}
    if kind in {"RECTIFICATION", "RESTRICTION", "OBJECTION"}:
        assert api.ask("PRIVACY", COMPLETE, **done).code == "STATE_CONFLICT", "it is not done yet"
    if kind == "RESTRICTION":
        restrict = "mutation($id: ID!) { restrictProcessing(subject: { id: $id }) { status } }"
        assert api.ask("PRIVACY", restrict, id=person).data
        shown = "query($id: ID!) { rightsRequest(id: $id) { state retained { what } } }"
        assert api.ask("SUPPORT", shown, **done).data["rightsRequest"] == {"state": "COMPLETED", "retained": []}
    if kind == "RECTIFICATION":
        read = "query($id: ID!) { subject(by: { id: $id }) { displayName } }"
        assert api.ask("SUPPORT", read, id=person).data
        assert api.ask("PRIVACY", COMPLETE, **done).code == "STATE_CONFLICT", "a look corrects nothing"
        correct = 'mutation($id: ID!) { correctSubject(subject: { id: $id }, input: { displayName: "Ada" }) { id } }'
        assert api.ask("SUPPORT", correct, id=person).data
    if kind == "OBJECTION":
        restrict = "mutation($id: ID!) { restrictProcessing(subject: { id: $id }) { status } }"
        assert api.ask("PRIVACY", restrict, id=person).data
        assert api.ask("PRIVACY", COMPLETE, **done).code == "STATE_CONFLICT", "a restriction ends, an objection stays"
        assert api.ask("SUPPORT", OPT_OUT, who=WHO, purposes=["newsletter"], channel="EMAIL").data
    first = api.ask("SUPPORT", COMPLETE, **done).data["completeRequest"]
    assert first["state"] == "COMPLETED"
    assert api.ask("PRIVACY", COMPLETE, **done).data["completeRequest"] == first
    assert api.ask("SUPPORT", CANCEL, **done).code == "STATE_CONFLICT"
    letters = asyncio.run(letters_of(databases))
    answer = "california_report" if kind == "CA_DIRECT_MARKETING_DISCLOSURE" else "request_completed"
    assert letters.count("request_received") == letters.count(answer) == 1
    assert opened(api, kind)["id"] != request["id"], "a new request may follow"


@pytest.mark.parametrize("repeated", ["optOut", "optOutOfAll"])
def test_an_objection_needs_a_refusal_since_the_request(api: Api, repeated: str) -> None:
    api.register(WHO["email"])
    out_of_all = "mutation($who: SubjectBy!) { optOutOfAll(subject: $who, channel: EMAIL) { at } }"
    before = api.ask("SUPPORT", OPT_OUT, who=WHO, purposes=["newsletter"], channel="EMAIL").data["optOut"]
    if repeated == "optOutOfAll":
        before = api.ask("SUPPORT", out_of_all, who=WHO).data["optOutOfAll"]
    request = opened(api, "OBJECTION")
    assert api.ask("SUPPORT", COMPLETE, id=request["id"]).code == "STATE_CONFLICT", "that refusal is earlier"
    if repeated == "optOutOfAll":
        assert api.ask("SUPPORT", out_of_all, who=WHO).data["optOutOfAll"]["at"] == before["at"], "the first time stays"
    else:
        again = api.ask("SUPPORT", OPT_OUT, who=WHO, purposes=["newsletter"], channel="EMAIL").data["optOut"]
        assert again["at"] == before["at"], "the first time stays"
    assert api.ask("SUPPORT", COMPLETE, id=request["id"]).data["completeRequest"]["state"] == "COMPLETED"


@pytest.mark.parametrize("kind", ["ACCESS", "PORTABILITY"])
def test_what_the_machine_answers_is_not_completed_by_hand(api: Api, kind: str) -> None:
    api.register(WHO["email"])
    request = opened(api, kind, identity="ATTESTED")
    assert api.ask("SUPPORT", COMPLETE, id=request["id"]).code == "STATE_CONFLICT"


def test_a_deadline_is_extended_once_before_it_is_reached(api: Api, databases: Databases) -> None:
    api.register(WHO["email"], country="DE")
    request = opened(api, "ENQUIRY")
    assert api.ask("SUPPORT", EXTEND, id=request["id"], reason="COMPLEXITY").code == "FORBIDDEN"
    extended = api.ask("PRIVACY", EXTEND, id=request["id"], reason="COMPLEXITY").data["extendRequest"]
    assert (extended["dueAt"], extended["extensionReason"]) == (request["dueAt"], "COMPLEXITY")
    assert extended["extendedUntil"] > extended["dueAt"]
    again = api.ask("PRIVACY", EXTEND, id=request["id"], reason="COMPLEXITY").data["extendRequest"]
    assert again == extended
    assert api.ask("PRIVACY", EXTEND, id=request["id"], reason="NUMBER_OF_REQUESTS").code == "STATE_CONFLICT"
    assert asyncio.run(letters_of(databases)).count("request_extended") == 1
    asyncio.run(execute(databases, "UPDATE rights_requests SET due_at = now() - interval '1 day'"))
    assert not api.ask("PRIVACY", EXTEND, id=request["id"], reason="COMPLEXITY").data["extendRequest"]["isOverdue"]
    late = opened(api, "COMPLAINT")["id"]
    asyncio.run(execute(databases, "UPDATE rights_requests SET due_at = now() WHERE kind = 'COMPLAINT'"))
    assert api.ask("PRIVACY", EXTEND, id=late, reason="COMPLEXITY").code == "STATE_CONFLICT"
    report = opened(api, "CA_DIRECT_MARKETING_DISCLOSURE")["id"]
    assert api.ask("PRIVACY", EXTEND, id=report, reason="COMPLEXITY").code == "STATE_CONFLICT"


@pytest.mark.parametrize("kind", ["ACCESS", "COMPLAINT"])
def test_a_request_is_denied_or_cancelled_while_it_is_open(api: Api, databases: Databases, kind: str) -> None:
    api.register(WHO["email"])
    first = opened(api, kind)["id"]
    old = "mutation($id: ID!) { cancelErasure(id: $id) { state } }"
    assert api.ask("SUPPORT", old, id=first).code == "NOT_FOUND"
    for _ in range(2):
        assert api.ask("ADMIN", CANCEL, id=first).data == {"cancelRequest": {"state": "CANCELLED"}}
    second = opened(api, kind, identity="ATTESTED")["id"]
    denied = api.ask("PRIVACY", DENY, id=second).data["denyRequest"]
    assert denied == {"state": "DENIED", "denialReason": "CLAIM_NOT_COVERED"}
    letters = asyncio.run(letters_of(databases))
    assert letters.count("request_cancelled") == letters.count("request_denied") == 1


def test_an_answer_to_an_erased_person_is_completed_without_a_letter(api: Api, databases: Databases) -> None:
    api.register(WHO["email"])
    request = opened(api, "COMPLAINT")["id"]
    erase = (
        "mutation($who: SubjectBy!) "
        "{ requestErasure(subject: $who, channel: SCRIPT, identity: ATTESTED, immediately: true) { id } }"
    )
    assert api.ask("ADMIN", erase, who=WHO).data
    assert drain_erasures(databases) == 1
    assert api.ask("SUPPORT", COMPLETE, id=request).data["completeRequest"]["state"] == "COMPLETED"
    assert "request_completed" not in asyncio.run(letters_of(databases))


def test_overdue_requests_are_in_the_metrics_of_the_service(api: Api, databases: Databases) -> None:
    api.register(WHO["email"])
    opened(api, "ENQUIRY")
    asyncio.run(execute(databases, "UPDATE rights_requests SET due_at = now() - interval '1 day'"))
    assert 'privacy_requests_overdue{kind="ENQUIRY"} 1.0' in httpx2.get(f"{api.url}/metrics", verify=False).text
