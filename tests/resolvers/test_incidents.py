"""Tests over HTTP of incidents: whom they affect, the 72 hours, and the notices."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import Answered, Api, Databases, Running, settings_for
from tests.workers.policy_work import drain, execute, letters

FIELDS = (
    "id kind state awareAt authorityDueAt isOverdue authorityNoticedAt categories affectedCount "
    "affected { edges { node { id } } } noticesSent noticesPending noticesFailed"
)
REPORT = f"mutation($input: IncidentInput!) {{ reportIncident(input: $input) {{ {FIELDS} }} }}"
REPORT_ID = "mutation($input: IncidentInput!) { reportIncident(input: $input) { id } }"
AUTHORITY = (
    "mutation($id: ID!, $at: DateTime!) "
    f'{{ recordAuthorityNotice(id: $id, authority: "The authority", at: $at) {{ {FIELDS} }} }}'
)
NOTIFY = (
    "mutation($id: ID!, $consequences: String!, $measures: String!) "
    f"{{ notifyAffected(id: $id, consequences: $consequences, measures: $measures) {{ {FIELDS} }} }}"
)
CLOSE = f"mutation($id: ID!) {{ closeIncident(id: $id) {{ {FIELDS} }} }}"
LIST = "query($state: IncidentState) { incidents(state: $state) { edges { node { id } } } }"
PAGE = "query($id: ID!) { subject(by: {id: $id}) { displayName } }"
TEXTS = {"consequences": "Strangers know your name.", "measures": "The access is closed."}


def ago(**duration: int) -> str:
    return (datetime.now(UTC) - timedelta(**duration)).strftime("%Y-%m-%dT%H:%M:%SZ")


def report(api: Api, role: str = "PRIVACY", document: str = REPORT, **changed: Any) -> Answered:
    details = {"kind": "UNAUTHORISED_READ", "awareAt": ago(hours=1), "categories": ["PROFILE"]}
    return api.ask(role, document, input=details | changed)


def test_theft_and_misuse_are_reported_and_the_people_affected_are_written_to(api: Api, databases: Databases) -> None:
    """The policy: "report the incident so we can investigate"."""
    people = [api.register(f"user{number}@example.com", displayName="Ada") for number in range(4)]
    out = "mutation($who: SubjectBy!) { optOutOfAll(subject: $who, channel: EMAIL) { at } }"
    assert api.ask("STORE", out, who={"id": people[0]}).data
    secret = api.issue("a thief", "SUPPORT")
    tokens = api.ask("ADMIN", "{ tokens { id name } }").data["tokens"]
    token = next(each["id"] for each in tokens if each["name"] == "a thief")
    thief = Api(api.url, {"SUPPORT": secret})
    for person in people[:2]:
        assert thief.ask("SUPPORT", PAGE, id=person).data
    thief.client.close()
    assert api.ask("SUPPORT", PAGE, id=people[3]).data, "another agent"
    thief_report: dict[str, Any] = {
        "token": token,
        "subjects": {"ids": people[1:3]},
        "awareAt": ago(hours=2),
        "revokeToken": True,
    }
    incident = report(api, **thief_report).data["reportIncident"]
    assert [edge["node"]["id"] for edge in incident["affected"]["edges"]] == people[:3]
    assert (incident["affectedCount"], incident["noticesPending"], incident["state"]) == (3, 0, "OPEN")
    revoked = "{ tokens { id revokedAt } }"
    times = {each["id"]: each["revokedAt"] for each in api.ask("ADMIN", revoked).data["tokens"]}
    assert times[token], "every process refuses it within a second"
    assert report(api, **thief_report).data["reportIncident"]["id"] == incident["id"], "the same report"
    drain(databases)
    assert letters(databases, "incident_notice") == [], "no letters are requested yet"
    requested = api.ask("PRIVACY", NOTIFY, case="", id=incident["id"], **TEXTS).data["notifyAffected"]
    assert requested["noticesPending"] == 3
    assert api.ask("PRIVACY", CLOSE, case="", id=incident["id"]).code == "STATE_CONFLICT", "letters wait"
    assert api.ask("PRIVACY", NOTIFY, case="", id=incident["id"], **TEXTS).data
    other = TEXTS | {"measures": "None."}
    assert api.ask("PRIVACY", NOTIFY, case="", id=incident["id"], **other).code == "STATE_CONFLICT"
    for _ in range(2):
        drain(databases)
    queued = letters(databases, "incident_notice")
    assert [letter.address for letter in queued] == [f"user{number}@example.com" for number in range(3)]
    assert {key: queued[0].context[key] for key in TEXTS} == TEXTS
    execute(databases, "UPDATE letters SET state = 'SENT', address = NULL WHERE letter = 'incident_notice'")
    closed = api.ask("PRIVACY", CLOSE, case="", id=incident["id"]).data["closeIncident"]
    assert (closed["state"], closed["noticesSent"], closed["noticesPending"]) == ("CLOSED", 3, 0)
    for state, ids in (("OPEN", []), ("CLOSED", [incident["id"]]), (None, [incident["id"]])):
        edges = api.ask("AUDITOR", LIST, state=state).data["incidents"]["edges"]
        assert [edge["node"]["id"] for edge in edges] == ids


def test_events_of_another_actor_with_the_same_name_do_not_count(api: Api) -> None:
    people = [api.register(f"user{number}@example.com", displayName="Ada") for number in range(3)]
    ids = []
    for person in people[:2]:
        agent = Api(api.url, {"SUPPORT": api.issue("an agent", "SUPPORT")})
        assert agent.ask("SUPPORT", PAGE, id=person).data
        agent.client.close()
        tokens = api.ask("ADMIN", "{ tokens { id name revokedAt } }").data["tokens"]
        ids.append(next(each["id"] for each in tokens if each["name"] == "an agent" and not each["revokedAt"]))
        assert api.ask("ADMIN", "mutation($id: ID!) { revokeToken(id: $id) { id } }", id=ids[-1]).data
    for token, person in zip(ids, people, strict=False):
        incident = report(api, token=token).data["reportIncident"]
        assert [edge["node"]["id"] for edge in incident["affected"]["edges"]] == [person]
    answer = report(api, actor="an agent")
    assert (answer.code, answer.extensions["argument"]) == ("BAD_INPUT", "input.actor")
    assert report(api, actor="nobody", subjects={"ids": people[2:]}).data["reportIncident"]["affectedCount"] == 1


def test_a_repeated_report_adds_the_people_of_later_events(api: Api) -> None:
    people = [api.register(f"user{number}@example.com", displayName="Ada") for number in range(2)]
    aware_at = ago(hours=1)
    counts = []
    agent = Api(api.url, {"SUPPORT": api.issue("a curious agent", "SUPPORT")})
    for person in people:
        assert agent.ask("SUPPORT", PAGE, id=person).data
        counts.append(report(api, actor="a curious agent", awareAt=aware_at).data["reportIncident"]["affectedCount"])
    agent.client.close()
    assert counts == [1, 2]
    assert len(api.ask("PRIVACY", LIST, case="").data["incidents"]["edges"]) == 1


def test_the_authority_is_notified_within_72_hours(api: Api, databases: Databases) -> None:
    late = report(api, awareAt=ago(hours=73)).data["reportIncident"]
    assert late["isOverdue"]
    soon = report(api, awareAt=ago(hours=50)).data["reportIncident"]
    assert not soon["isOverdue"]
    for _ in range(2):
        drain(databases)
    kinds = "SELECT string_agg(notice, ',' ORDER BY notice) FROM notices WHERE notice LIKE 'incident%'"
    assert execute(databases, kinds) == "incident_due_in_a_day,incident_due_in_a_day,incident_due_in_hours"
    noticed = api.ask("PRIVACY", AUTHORITY, case="", id=late["id"], at=ago(minutes=1)).data["recordAuthorityNotice"]
    assert noticed["authorityNoticedAt"]
    assert not noticed["isOverdue"]
    for at in (ago(days=30), "2999-01-01T00:00:00Z"):
        assert api.ask("PRIVACY", AUTHORITY, case="", id=soon["id"], at=at).code == "BAD_INPUT"
    assert api.ask("PRIVACY", AUTHORITY, case="", id=late["id"], at=ago(hours=2)).code == "STATE_CONFLICT"
    assert api.ask("PRIVACY", AUTHORITY, case="", id=f"inc_{7:032x}", at=ago(hours=2)).code == "NOT_FOUND"


def test_those_who_report_see_no_more_than_the_id(api: Api) -> None:
    for role in ("SUPPORT", "ADMIN"):
        assert report(api, role, REPORT_ID).data["reportIncident"]["id"]
        assert report(api, role).code == "FORBIDDEN"
    assert (
        api.ask(
            "SUPPORT", REPORT_ID, case="", input={"kind": "LOSS", "awareAt": ago(hours=1), "categories": ["CONTACT"]}
        ).code
        == "CASE_REQUIRED"
    )


@pytest.mark.parametrize(
    ("changed", "code", "argument"),
    [
        ({"categories": []}, "BAD_INPUT", "input.categories"),
        ({"awareAt": "2999-01-01T00:00:00Z"}, "BAD_INPUT", "input.awareAt"),
        ({"since": "2999-01-01T00:00:00Z"}, "BAD_INPUT", "input.since"),
        ({"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "BAD_INPUT", "input.until"),
        ({"actor": "x" * 201}, "BAD_INPUT", "input.actor"),
        ({"actor": ""}, "BAD_INPUT", "input.actor"),
        ({"revokeToken": True}, "BAD_INPUT", "input.revokeToken"),
        ({"token": f"tok_{7:032x}"}, "NOT_FOUND", "input.token"),
        ({"subjects": {"ids": [f"sub_{7:032x}"]}}, "SUBJECT_NOT_FOUND", "input.subjects"),
    ],
)
def test_a_malformed_report_is_refused(api: Api, changed: dict[str, Any], code: str, argument: str) -> None:
    answer = report(api, **changed)
    assert (answer.code, answer.extensions["argument"]) == (code, argument)
    assert api.ask("PRIVACY", LIST, case="").data["incidents"]["edges"] == []


def test_support_cannot_revoke_a_token_by_a_report(api: Api) -> None:
    token = api.ask("ADMIN", "{ tokens { id } }").data["tokens"][0]["id"]
    assert report(api, "SUPPORT", REPORT_ID, token=token, revokeToken=True).code == "FORBIDDEN"


def test_an_incident_that_affects_very_many_people_is_reported_by_the_privacy_officer(
    api: Api, databases: Databases
) -> None:
    for number in range(3):
        api.register(f"user{number}@example.com")
    with Running(settings_for(databases, incident_people=2)) as url:
        small = Api(url, api.secrets)
        for role in ("SUPPORT", "ADMIN"):
            assert report(small, role, REPORT_ID, since="2020-01-01T00:00:00Z").code == "QUERY_TOO_LARGE"
        assert report(small, since="2020-01-01T00:00:00Z").data["reportIncident"]["affectedCount"] == 3
        small.client.close()
