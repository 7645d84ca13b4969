"""Tests of access grants: one actor may read file names of one person for a limited time, after an approval."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.conftest import LASTING_WORLDS, Answered, Api, Databases

OPEN = """
mutation($who: ID!, $minutes: Int! = 30) {
  openAccessGrant(subject: $who, minutes: $minutes) { id state expiresAt approvedBy actor case subjectId }
}
"""
APPROVE = "mutation($id: ID!) { approveAccessGrant(id: $id) { id state expiresAt approvedBy } }"
REFUSE = "mutation($id: ID!) { refuseAccessGrant(id: $id) { state approvedBy expiresAt } }"
FILES = """
query Files($who: ID!, $after: Cursor) {
  subject(by: {id: $who}) {
    syncAccounts { files(first: 2, after: $after) { edges { node { name } } pageInfo { hasNextPage endCursor } } }
  }
}
"""
EVENTS = """
query($who: ID) {
  accessEvents(subject: $who, first: 100) {
    edges { node { id actor role case action fields operation operationHash grantId subjectId } }
  }
}
"""
SYNC = "mutation($who: SubjectBy!, $input: SyncInput!) { recordSync(subject: $who, input: $input) { id } }"


def person_with_files(api: Api, email: str = "ada@example.com") -> str:
    person = api.register(email)
    files = [
        {"name": f"letter {index}.txt", "sizeBytes": 1, "modifiedAt": "2026-01-01T00:00:00Z"} for index in range(3)
    ]
    sync = {
        "reference": f"r-{email}",
        "storageBytes": 1,
        "fileCount": 3,
        "syncedAt": "2026-01-01T00:00:00Z",
        "files": files,
    }
    assert api.ask("SYNC", SYNC, who={"id": person}, input=sync).data
    return person


def names(answer: Answered) -> list[str]:
    [account] = answer.data["subject"]["syncAccounts"]
    return [edge["node"]["name"] for edge in account["files"]["edges"]]


def open_grant(api: Api, person: str, *, approve: bool = True) -> str:
    grant = str(api.ask("SUPPORT", OPEN, who=person).data["openAccessGrant"]["id"])
    if approve:
        assert api.ask("PRIVACY", APPROVE, id=grant).data["approveAccessGrant"]["state"] == "OPEN"
    return grant


def events(api: Api, action: str, **arguments: Any) -> list[dict[str, Any]]:
    nodes = [edge["node"] for edge in api.ask("AUDITOR", EVENTS, **arguments).data["accessEvents"]["edges"]]
    return [event for event in nodes if event["action"] == action]


def execute(databases: Databases, sql: str) -> None:
    LASTING_WORLDS.execute(databases, sql)


def test_file_names_are_refused_without_a_grant_and_the_refusal_is_recorded(api: Api) -> None:
    person = person_with_files(api)
    answer = api.ask("SUPPORT", FILES, who=person)
    assert answer.code == "GRANT_REQUIRED"
    assert "letter" not in str(answer.body)
    [refusal] = events(api, "REFUSED", who=person)
    assert refusal["fields"] == ["SyncAccount.files"]
    assert (refusal["actor"], refusal["case"], refusal["operation"]) == ("support of the tests", "case/1", "Files")
    reads = events(api, "READ", who=person)
    assert all("SyncAccount.files" not in event["fields"] for event in reads)


def test_a_grant_waits_for_the_approval_of_another_actor(api: Api) -> None:
    person = person_with_files(api)
    grant = api.ask("SUPPORT", OPEN, who=person).data["openAccessGrant"]
    assert grant["state"] == "WAITING"
    assert grant["expiresAt"] is None
    assert (grant["actor"], grant["case"], grant["subjectId"]) == ("support of the tests", "case/1", person)
    assert api.ask("SUPPORT", FILES, who=person).code == "GRANT_REQUIRED"
    approved = api.ask("PRIVACY", APPROVE, id=grant["id"]).data["approveAccessGrant"]
    assert (approved["state"], approved["approvedBy"]) == ("OPEN", "privacy of the tests")
    minutes = (datetime.fromisoformat(approved["expiresAt"]) - datetime.now(UTC)).total_seconds() / 60
    assert 25 < minutes <= 30, "a short time"
    assert names(api.ask("SUPPORT", FILES, who=person)) == ["letter 0.txt", "letter 1.txt"]
    own = api.ask("PRIVACY", OPEN, who=person).data["openAccessGrant"]["id"]
    assert api.ask("PRIVACY", APPROVE, id=own).code == "FORBIDDEN", "another actor approves"
    assert api.ask("PRIVACY", FILES, who=person).code == "GRANT_REQUIRED"


def test_each_page_read_is_recorded_with_the_grant(api: Api) -> None:
    person = person_with_files(api)
    grant = open_grant(api, person)
    first = api.ask("SUPPORT", FILES, who=person)
    after = first.data["subject"]["syncAccounts"][0]["files"]["pageInfo"]["endCursor"]
    assert names(api.ask("SUPPORT", FILES, who=person, after=after)) == ["letter 2.txt"]
    under = [event for event in events(api, "GRANT", who=person) if event["grantId"] == grant]
    assert [event["fields"] for event in under] == [
        ["SyncAccount.files"],
        ["SyncAccount.files"],
        ["approveAccessGrant"],
        ["openAccessGrant"],
    ]
    assert all(len(event["operationHash"]) == 64 for event in under)


def test_a_grant_does_not_apply_to_another_person(api: Api) -> None:
    open_grant(api, person_with_files(api))
    other = person_with_files(api, "bo@example.com")
    assert api.ask("SUPPORT", FILES, who=other).code == "GRANT_REQUIRED"


def test_a_grant_does_not_apply_to_another_actor(api: Api) -> None:
    person = person_with_files(api)
    open_grant(api, person)
    assert api.ask("PRIVACY", FILES, who=person).code == "GRANT_REQUIRED"


def test_a_grant_does_not_apply_to_another_case(api: Api) -> None:
    person = person_with_files(api)
    open_grant(api, person)
    assert api.ask("SUPPORT", FILES, case="case/2", who=person).code == "GRANT_REQUIRED"
    assert names(api.ask("SUPPORT", FILES, who=person))


def test_a_grant_expires(api: Api, databases: Databases) -> None:
    person = person_with_files(api)
    grant = open_grant(api, person)
    assert names(api.ask("SUPPORT", FILES, who=person))
    execute(databases, "UPDATE access_grants SET expires_at = clock_timestamp() - interval '1 second'")
    assert api.ask("SUPPORT", FILES, who=person).code == "GRANT_REQUIRED"
    node = "query($id: ID!) { node(id: $id) { ... on AccessGrant { state } } }"
    assert api.ask("AUDITOR", node, id=grant).data["node"]["state"] == "EXPIRED"
    assert api.ask("PRIVACY", APPROVE, id=grant).code == "STATE_CONFLICT"


def test_a_grant_cannot_be_approved_after_24_hours(api: Api, databases: Databases) -> None:
    grant = open_grant(api, person_with_files(api), approve=False)
    execute(databases, "UPDATE access_grants SET asked_at = asked_at - interval '25 hours'")
    assert api.ask("PRIVACY", APPROVE, id=grant).code == "STATE_CONFLICT"


def test_an_actor_cannot_approve_their_own_grant(api: Api, databases: Databases) -> None:
    grant = open_grant(api, person_with_files(api), approve=False)
    execute(databases, "UPDATE access_grants SET actor = 'privacy of the tests'")
    assert api.ask("PRIVACY", APPROVE, id=grant).code == "FORBIDDEN"
    assert "Mutation.approveAccessGrant" in events(api, "REFUSED")[0]["fields"]


def test_a_refused_grant_cannot_be_approved(api: Api) -> None:
    grant = open_grant(api, person_with_files(api), approve=False)
    refused = {"state": "REFUSED", "approvedBy": None, "expiresAt": None}
    assert api.ask("PRIVACY", REFUSE, id=grant).data["refuseAccessGrant"] == refused
    assert api.ask("PRIVACY", APPROVE, id=grant).code == "STATE_CONFLICT"


@pytest.mark.parametrize("minutes", [0, -1, 61, 2**31 - 1])
def test_a_grant_lasts_an_hour_at_most(api: Api, minutes: int) -> None:
    answer = api.ask("SUPPORT", OPEN, who=api.register("ada@example.com"), minutes=minutes)
    assert (answer.code, answer.extensions["argument"]) == ("BAD_INPUT", "minutes")


def test_a_grant_needs_a_case(api: Api) -> None:
    person = api.register("ada@example.com")
    assert api.ask("SUPPORT", OPEN, case="", who=person).code == "CASE_REQUIRED"
    assert events(api, "REFUSED")[0]["fields"] == ["Mutation.openAccessGrant"]


def test_asking_twice_is_one_grant(api: Api) -> None:
    person = api.register("ada@example.com")
    assert open_grant(api, person, approve=False) == open_grant(api, person, approve=False)


def test_approving_twice_is_one_approval(api: Api) -> None:
    grant = open_grant(api, person_with_files(api))
    again = api.ask("PRIVACY", APPROVE, id=grant).data["approveAccessGrant"]
    assert again["state"] == "OPEN"


@pytest.mark.parametrize("role", ["STORE", "SYNC", "BILLING", "AUDITOR", "ADMIN"])
def test_only_support_and_privacy_can_ask_for_a_grant(api: Api, role: str) -> None:
    assert api.ask(role, OPEN, who=api.register("ada@example.com")).code == "FORBIDDEN"


GRANTS = "query($state: GrantState) { accessGrants(state: $state, first: 100) { edges { node { id } } } }"
END = "mutation($id: ID!) { endAccessGrant(id: $id) { state endedAt } }"


def test_grants_are_listed_by_state(api: Api) -> None:
    person = person_with_files(api)
    grant = open_grant(api, person, approve=False)
    states = ["WAITING", "OPEN", "EXPIRED", "REFUSED", "ENDED"]

    def listed() -> list[str]:
        answers = {state: api.ask("PRIVACY", GRANTS, state=state).data["accessGrants"]["edges"] for state in states}
        assert [edge["node"]["id"] for edge in api.ask("AUDITOR", GRANTS).data["accessGrants"]["edges"]] == [grant]
        return [state for state, edges in answers.items() if edges == [{"node": {"id": grant}}]]

    assert listed() == ["WAITING"]
    assert api.ask("PRIVACY", APPROVE, id=grant).data
    assert listed() == ["OPEN"]
    assert api.ask("SUPPORT", END, id=grant).data["endAccessGrant"]["state"] == "ENDED"
    assert listed() == ["ENDED"]


def test_an_ended_grant_opens_nothing_and_does_not_hide_the_rest(api: Api) -> None:
    person = person_with_files(api)
    grant = open_grant(api, person)
    assert names(api.ask("SUPPORT", FILES, who=person))
    ended = api.ask("PRIVACY", END, id=grant).data["endAccessGrant"]
    assert api.ask("PRIVACY", END, id=grant).data["endAccessGrant"] == ended
    answer = api.ask("SUPPORT", FILES, who=person)
    assert answer.code == "GRANT_REQUIRED"
    assert answer.body["data"]["subject"]["syncAccounts"] == [{"files": None}]
    assert api.ask("PRIVACY", APPROVE, id=grant).code == "STATE_CONFLICT"
    assert open_grant(api, person, approve=False) != grant


def test_an_agent_ends_no_grant_of_another_actor(api: Api) -> None:
    grant = api.ask("PRIVACY", OPEN, who=person_with_files(api)).data["openAccessGrant"]["id"]
    assert api.ask("SUPPORT", END, id=grant).code == "FORBIDDEN"
