"""Tests of rights requests and erasure over HTTP: requesting, confirming, listing, cancelling and denying."""

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import asyncpg
import httpx2
import pytest

from models.actors import Role
from models.erasure import certificates
from models.requests import verification_codes
from models.storage.ids import Prefix, parse_id_of
from tests.conftest import LASTING_WORLDS, Api, Databases, Running, World, settings_for
from tests.journeys.isolated_databases import drain_erasures
from tests.people import DECIDE, GRANT, RECORD_SYNC, REGISTER, SYNC, known

REQUEST = """mutation Ask($who: SubjectBy!, $identity: IdentityCheck! = EMAIL_CODE, $immediately: Boolean! = false) {
  requestErasure(subject: $who, channel: WEBSITE, identity: $identity, immediately: $immediately) { ... on Node { id } }
}"""
CONFIRM = "mutation Confirm($id: ID!, $code: String!) { confirmIdentity(id: $id, code: $code) { ... on Node { id } } }"
LIST = """query List($state: RequestState, $overdue: Boolean, $first: Int, $after: Cursor) {
  rightsRequests(state: $state, overdue: $overdue, first: $first, after: $after) {
    edges { node { id state isOverdue dueAt receivedAt } } pageInfo { hasNextPage endCursor }
  }
}"""
PLAN = """query Plan($who: SubjectBy!) {
  erasurePlan(subject: $who) { subjectId hash items { system what records } retained { what ground until } }
}"""


def code_of(databases: Databases, request: str) -> str:
    """Expire the code that was mailed, and issue one that the test can read."""

    async def issued(world: World) -> str:
        async with world.unit(Role.ADMIN) as unit:
            await unit.connection.execute("UPDATE identity_codes SET expires_at = now()")
            request_id = parse_id_of(Prefix.RIGHTS_REQUEST, request)
            subject_id = await unit.connection.fetchval(
                "SELECT subject_id FROM rights_requests WHERE id = $1", request_id
            )
            new = await verification_codes.issue_code(unit, subject_id, request_id)
        assert new
        return new.code

    return LASTING_WORLDS.run(databases, issued)


def request_erasure(api: Api, email: str = "user@example.com") -> str:
    api.register(email)
    return str(api.ask("STORE", REQUEST, who={"email": email}).data["requestErasure"]["id"])


def state_of(api: Api, request: str) -> str:
    answer = api.ask("ADMIN", "query($id: ID!) { rightsRequest(id: $id) { state } }", id=request)
    return str(answer.data["rightsRequest"]["state"])


def test_a_service_requests_an_erasure_and_confirms_it_with_the_code(api: Api, databases: Databases) -> None:
    request = request_erasure(api)
    assert request.startswith("req_")
    assert api.ask("STORE", "query($id: ID!) { rightsRequest(id: $id) { state } }", id=request).code == "FORBIDDEN"
    code = code_of(databases, request)
    assert api.ask("STORE", CONFIRM, id=request, code=code).data == {"confirmIdentity": {"id": request}}
    assert state_of(api, request) == "SCHEDULED"


def test_five_attempts_are_permitted_over_aliases_connections_and_services(api: Api, databases: Databases) -> None:
    request = request_erasure(api)
    code = code_of(databases, request)
    guesses = [f"222222{first}{second}" for first in "ABCD" for second in "EFGHJ"]
    by_alias = "mutation Guess($id: ID!) { " + " ".join(
        f'g{number}: confirmIdentity(id: $id, code: "{guess}") {{ ... on Node {{ id }} }}'
        for number, guess in enumerate(guesses)
    )
    with Running(settings_for(databases)) as url:

        def guess(number: int) -> list[str]:
            with contextlib.closing(
                httpx2.Client(base_url=(api.url, url)[number % 2], verify=False, timeout=None)
            ) as client:
                answer = client.post(
                    "/graphql",
                    json={"query": by_alias + " }", "variables": {"id": request}},
                    headers={"authorization": f"Bearer {api.secrets['STORE']}"},
                )
            return [str(error["extensions"]["code"]) for error in answer.json()["errors"]]

        with ThreadPoolExecutor(20) as pool:
            codes = [code for batch in pool.map(guess, range(20)) for code in batch]
    # What follows a refused mutation in a document does not run: each connection makes one attempt, at least.
    assert len(codes) >= 20
    assert codes.count("IDENTITY_UNVERIFIED") == 5
    assert set(codes) == {"IDENTITY_UNVERIFIED", "TOO_MANY_ATTEMPTS"}
    assert api.ask("STORE", CONFIRM, id=request, code=code).code == "TOO_MANY_ATTEMPTS"
    assert state_of(api, request) == "AWAITING_VERIFICATION"


@pytest.mark.parametrize("role", ["STORE", "SYNC", "SERVICE", "SUPPORT"])
def test_only_privacy_and_admin_may_skip_the_cooling_off_period(api: Api, role: str) -> None:
    api.register("user@example.com")
    answer = api.ask(role, REQUEST, who={"email": "user@example.com"}, identity="ATTESTED", immediately=True)
    assert answer.code == "FORBIDDEN"
    assert api.ask("ADMIN", LIST).data["rightsRequests"]["edges"] == []


def test_requests_are_listed_by_state_and_deadline(api: Api, databases: Databases) -> None:
    requests = [request_erasure(api, f"user{number}@example.com") for number in range(5)]

    async def made_late() -> None:
        connection = await asyncpg.connect(databases.url)
        await connection.execute(
            "UPDATE rights_requests SET due_at = now() - interval '1 hour' WHERE id = $1",
            parse_id_of(Prefix.RIGHTS_REQUEST, requests[3]),
        )
        await connection.close()

    asyncio.run(made_late())
    first = api.ask("SUPPORT", LIST, first=3).data["rightsRequests"]
    newest_first = requests[::-1]
    assert [edge["node"]["id"] for edge in first["edges"]] == newest_first[:3]
    rest = api.ask("SUPPORT", LIST, first=3, after=first["pageInfo"]["endCursor"]).data["rightsRequests"]
    assert [edge["node"]["id"] for edge in rest["edges"]] == newest_first[3:]
    late = api.ask("PRIVACY", LIST, overdue=True).data["rightsRequests"]["edges"]
    assert [(edge["node"]["id"], edge["node"]["isOverdue"]) for edge in late] == [(requests[3], True)]
    assert api.ask("PRIVACY", LIST, state="SCHEDULED").data["rightsRequests"]["edges"] == []
    assert api.ask("PRIVACY", LIST, state="SCHEDULED", after=first["pageInfo"]["endCursor"]).code == "BAD_INPUT"


def test_a_plan_lists_what_is_destroyed_and_retained_and_its_hash_is_checked(api: Api) -> None:
    subject = api.register("user@example.com", displayName="Ada", account={"system": "forum", "reference": "ada"})
    plan = api.ask("ADMIN", PLAN, who={"id": subject}).data["erasurePlan"]
    assert plan["subjectId"] == subject
    assert {"system": "forum", "what": "everything under the person's accounts there", "records": 1} in plan["items"]
    assert {row["ground"] for row in plan["retained"]} == {"LEGAL_OBLIGATION"}
    planned = (
        "mutation($who: SubjectBy!, $hash: String) "
        "{ requestErasure(subject: $who, channel: SCRIPT, identity: ATTESTED, planHash: $hash) { state steps { id } } }"
    )
    assert api.ask("ADMIN", planned, who={"id": subject}, hash="0" * 64).code == "STATE_CONFLICT"
    done = api.ask("ADMIN", planned, who={"id": subject}, hash=plan["hash"]).data["requestErasure"]
    assert done == {"state": "SCHEDULED", "steps": []}
    again = api.ask("ADMIN", planned, who={"id": subject}, hash=plan["hash"]).data["requestErasure"]
    assert again == done, "the letters that the request itself posts change no plan"
    assert api.ask("ADMIN", PLAN, who={"email": "nobody@example.com"}).code == "SUBJECT_NOT_FOUND"


def test_a_second_request_returns_the_open_one_until_it_ends(api: Api) -> None:
    request = request_erasure(api)
    assert request_erasure(api) == request
    cancel = "mutation($id: ID!) { cancelErasure(id: $id) { state } }"
    assert api.ask("SUPPORT", cancel, id=request).data
    assert request_erasure(api) != request


def test_a_child_is_erased_without_a_code_or_a_cooling_off_period(api: Api) -> None:
    api.register("child@example.com")
    ask = (
        "mutation($who: SubjectBy!) { requestErasure(subject: $who, channel: SUPPORT, reason: UNDERAGE) "
        "{ state identity receivedAt executeAt } }"
    )
    request = api.ask("SUPPORT", ask, who={"email": "child@example.com"}).data["requestErasure"]
    assert (request["state"], request["identity"]) == ("SCHEDULED", "ATTESTED")
    assert request["executeAt"] == request["receivedAt"]


def test_retained_items_have_their_last_day_in_plan_request_and_certificate(api: Api, databases: Databases) -> None:
    subject = api.register("user@example.com")
    who = {"id": subject}
    assert api.ask("STORE", GRANT, who=who, purpose="newsletter", channel="STORE").data
    kept = "consent ledger: what was chosen and when, without a name"
    last = f"{datetime.now(UTC).year + 3}-12-31"
    expected = {"what": kept, "ground": "LEGAL_CLAIM", "until": last}
    plan = api.ask("PRIVACY", PLAN, who=who).data["erasurePlan"]
    assert expected in plan["retained"]
    assert {row["until"] for row in plan["retained"] if row != expected} == {None}
    request = api.ask("ADMIN", REQUEST, who=who, identity="ATTESTED", immediately=True).data["requestErasure"]["id"]
    shown = "query($id: ID!) { rightsRequest(id: $id) { retained { what ground until } certificate { jws } } }"
    assert api.ask("SUPPORT", shown, id=request).data["rightsRequest"] == {"retained": [], "certificate": None}
    drain_erasures(databases)
    steps = '{ erasureSteps(system: "store") { edges { node { id } } } }'
    [edge] = api.ask("STORE", steps).data["erasureSteps"]["edges"]
    complete = "mutation($id: ID!) { completeErasureStep(id: $id, recordsErased: 1) { id } }"
    assert api.ask("STORE", complete, id=edge["node"]["id"]).data
    drain_erasures(databases)
    done = api.ask("SUPPORT", shown, id=request).data["rightsRequest"]
    assert expected in done["retained"]
    keys = httpx2.get(f"{api.url}/.well-known/jwks.json", verify=False).json()["keys"]
    assert expected in certificates.verify_certificate(done["certificate"]["jws"], keys)["retained"]


def test_a_person_s_requests_can_be_cancelled_or_denied(api: Api) -> None:
    request = request_erasure(api)
    shown = "query($who: SubjectBy!) { subject(by: $who) { rightsRequests { id state channel identity } } }"
    requests = api.ask("SUPPORT", shown, who={"email": "user@example.com"}).data["subject"]["rightsRequests"]
    assert requests == [{"id": request, "state": "AWAITING_VERIFICATION", "channel": "WEBSITE", "identity": "NONE_YET"}]
    cancel = "mutation($id: ID!) { cancelErasure(id: $id) { state } }"
    assert api.ask("SUPPORT", cancel, id=request).data == {"cancelErasure": {"state": "CANCELLED"}}
    deny = "mutation($id: ID!) { denyRequest(id: $id, reason: NO_MATCH) { state denialReason } }"
    assert api.ask("PRIVACY", deny, id=request).code == "STATE_CONFLICT"
    again = request_erasure(api)
    assert again != request
    assert api.ask("PRIVACY", deny, id=again).data["denyRequest"] == {"state": "DENIED", "denialReason": "NO_MATCH"}
    assert api.ask("SUPPORT", cancel, id=again.replace("req_", "stp_")).code == "NOT_FOUND"


def test_a_node_is_a_request_or_a_step_for_roles_that_may_read_one(api: Api) -> None:
    request = request_erasure(api)
    node = "query($id: ID!) { node(id: $id) { __typename ... on RightsRequest { state } } }"
    assert api.ask("PRIVACY", node, id=request).data["node"]["__typename"] == "RightsRequest"
    assert api.ask("STORE", "query($id: ID!) { node(id: $id) { id } }", id=request).data == {"node": None}


STEPS = """query Steps($system: String!) {
  erasureSteps(system: $system) { edges { node { subjectId references accountReference system state } } }
}"""
ERASE_NOW = """mutation Erase($who: SubjectBy!) {
  requestErasure(subject: $who, channel: WEBSITE, identity: ATTESTED, immediately: true) { id state }
}"""


def test_the_sync_server_has_a_step_for_a_person_without_an_account(api: Api, databases: Databases) -> None:
    subject = api.register("ada@example.com")
    who = {"id": subject}
    assert api.ask("SYNC", RECORD_SYNC, who=who, input={**SYNC, "storageBytes": 3_000_000_000}).data
    plan = api.ask("PRIVACY", PLAN, who=who).data["erasurePlan"]
    assert [item["records"] for item in plan["items"] if item["system"] == "sync"] == [1]
    request = api.ask("ADMIN", ERASE_NOW, who=who).data["requestErasure"]["id"]
    drain_erasures(databases)
    assert state_of(api, request) == "PARTIALLY_COMPLETED"
    [edge] = api.ask("SYNC", STEPS, system="sync").data["erasureSteps"]["edges"]
    assert edge["node"] == {
        "subjectId": subject,
        "references": ["sync-1"],
        "accountReference": "sync-1",
        "system": "sync",
        "state": "PENDING",
    }


def test_the_store_has_one_step_with_every_reference_that_it_uses(api: Api, databases: Databases) -> None:
    person = known(api, "ada@example.com")
    api.ask("ADMIN", ERASE_NOW, who={"id": person.id})
    drain_erasures(databases)
    [edge] = api.ask("STORE", STEPS, system="store").data["erasureSteps"]["edges"]
    assert edge["node"]["subjectId"] == person.id
    assert edge["node"]["references"] == ["ada@example.com", "card-1"]
    assert api.ask("SUPPORT", STEPS, system="store").code == "FORBIDDEN"


def test_a_known_person_who_is_reported_as_a_child_is_restricted_until_support_attests(
    api: Api, databases: Databases
) -> None:
    who = {"id": api.register("ada@example.com")}
    assert api.ask("STORE", GRANT, who=who, purpose="newsletter", channel="STORE").data
    child = {"email": "ada@example.com", "isUnder13": True}
    assert api.ask("STORE", REGISTER, input=child).code == "UNDERAGE"
    decided = api.ask("STORE", DECIDE, who=who, purpose="newsletter").data["consentDecision"]
    assert (decided["allowed"], decided["reason"]) == (False, "RESTRICTED")
    assert drain_erasures(databases) == 0
    by_support = (
        "mutation($who: SubjectBy!) { requestErasure(subject: $who, channel: SUPPORT, reason: UNDERAGE) { id } }"
    )
    assert api.ask("SUPPORT", by_support, who=who).data
    assert drain_erasures(databases) == 1
    assert api.ask("STORE", REGISTER, input={"email": "ada@example.com"}).code == "SUBJECT_ERASED"
    lift = "mutation($email: String!) { liftSuppression(email: $email) }"
    assert api.ask("SUPPORT", lift, email="ada@example.com").code == "FORBIDDEN"
    other = {"id": api.register("parent@example.com")}
    correct = "mutation($who: SubjectBy!, $by: CorrectSubjectInput!) { correctSubject(subject: $who, input: $by) {id} }"
    added, removed = {"addEmail": "ada@example.com"}, {"removeEmail": "ada@example.com"}
    assert api.ask("SUPPORT", correct, who=other, by=added).code == "SUBJECT_ERASED"
    assert api.ask("PRIVACY", lift, email="ADA@example.com").data == {"liftSuppression": True}
    assert api.ask("SUPPORT", correct, who=other, by=added).data == {"correctSubject": other}
    assert api.ask("SUPPORT", correct, who=other, by=removed).data
    assert api.ask("PRIVACY", lift, email="ada@example.com").data == {"liftSuppression": False}
    assert api.ask("STORE", REGISTER, input={"email": "ada@example.com"}).data
