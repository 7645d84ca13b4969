"""The page of a request: the actions of its state and the role, and two officers at once."""

import re

from desk.rights_requests import timeline
from tests.conftest import Api, Databases
from tests.desk.agents import Agent
from tests.desk.test_queue import opened
from tests.journeys.isolated_databases import drain_erasures
from tests.people import known
from tests.resolvers.test_rights_requests import code_of


def request_id(agent: Agent) -> str:
    match = re.fullmatch(r"/requests/(req_[0-9a-f]{32})", agent.page.url.path)
    assert match, agent.text
    return match[1]


def test_erasure_by_phone_takes_four_steps_after_the_search(api: Api, databases: Databases, support: Agent) -> None:
    person = known(api)
    support.find("user@example.com")
    page = support.open(f"/people/{person.id}/erasure")
    assert "What would be destroyed" in page
    plan = support.hidden_fields("main")["plan_hash"]
    page = support.post(
        f"/people/{person.id}/erasure", channel="PHONE", identity="EMAIL_CODE", reason="REQUESTED", plan_hash=plan
    )
    assert "The erasure is requested." in page
    assert "Waits for the code" in page
    rights = request_id(support)
    assert "This is not the code that was mailed." in support.post(f"/requests/{rights}/code", code="WRONG234")
    code = code_of(databases, rights)
    page = support.post(f"/requests/{rights}/code", code=f"{code[:4].lower()} - {code[4:]}")
    assert "The identity is confirmed." in page
    assert "Scheduled" in page
    assert "The erasure begins; until then it can be cancelled" in page
    # The same form twice: nothing is done twice, and the page says how it stands.
    assert "nobody" not in support.post(f"/requests/{rights}/code", code=code)
    assert "Scheduled" in support.text


def test_a_plan_that_has_changed_is_shown_again(api: Api, support: Agent) -> None:
    person = known(api)
    support.open(f"/people/{person.id}/erasure")
    plan = support.hidden_fields("main")["plan_hash"]
    api.ask("STORE", "mutation($id: ID!) { removePaymentFragment(id: $id) }", id=person.card).data  # noqa: B018
    fields = {"channel": "PHONE", "identity": "EMAIL_CODE", "reason": "REQUESTED", "plan_hash": plan}
    page = support.post(f"/people/{person.id}/erasure", **fields)
    assert "STATE_CONFLICT" in page
    assert support.page.url.path == f"/people/{person.id}/erasure"
    assert support.hidden_fields("main")["plan_hash"] != plan


def test_support_completes_and_cancels_but_does_not_deny(api: Api, support: Agent) -> None:
    rights = opened(api, "a@example.com", "COMPLAINT")
    page = support.open(f"/requests/{rights}")
    assert "Complete the request" in page
    assert "Deny the request" not in page
    assert "Extend the deadline" not in page
    assert "The request is done." in support.post(f"/requests/{rights}/complete")
    assert "What you can do" not in support.text
    other = opened(api, "b@example.com", "ENQUIRY")
    assert "The request is cancelled." in support.post(f"/requests/{other}/cancel")


def test_an_officer_extends_and_denies(api: Api, officer: Agent) -> None:
    rights = opened(api, "a@example.com", "COMPLAINT")
    officer.open(f"/requests/{rights}")
    assert "The deadline is extended." in officer.post(f"/requests/{rights}/extend", reason="COMPLEXITY")
    assert "extended: The request is complex" in officer.text
    assert "Extend the deadline" not in officer.text
    page = officer.post(f"/requests/{rights}/deny", reason="CLAIM_NOT_COVERED")
    assert "The request is denied." in page
    assert "The law does not grant this right here" in page


def test_two_officers_at_once_and_a_double_click_do_nothing_twice(api: Api, officer: Agent, support: Agent) -> None:
    rights = opened(api, "a@example.com", "COMPLAINT")
    for agent in (officer, support):
        agent.open(f"/requests/{rights}")
    assert "The request is denied." in officer.post(f"/requests/{rights}/deny", reason="OTHER")
    page = support.post(f"/requests/{rights}/complete")
    assert "somebody else was quicker" in page
    assert "Denied because" in page
    assert "Another reason" in officer.post(f"/requests/{rights}/deny", reason="OTHER")
    letters = "query($by: SubjectBy!) { subject(by: $by) { letters(first: 20) { edges { node { kind } } } } }"
    edges = api.ask("SUPPORT", letters, by={"email": "a@example.com"}).data["subject"]["letters"]["edges"]
    assert [edge["node"]["kind"] for edge in edges].count("request_denied") == 1


def test_an_erasure_that_waits_for_systems_is_retried_by_an_officer(
    api: Api, databases: Databases, officer: Agent, support: Agent
) -> None:
    rights = erased(api, databases)
    page = officer.open(f"/requests/{rights}")
    assert "Waits for systems" in page
    assert "The systems are notified again." in officer.post(f"/requests/{rights}/retry")
    assert "In this state there is nothing to do for your role." in support.open(f"/requests/{rights}")


def erased(api: Api, databases: Databases, email: str = "user@example.com") -> str:
    """Erase a person up to the systems; return the id of the request."""
    person = known(api, email)
    options = "channel: PHONE, identity: ATTESTED, immediately: true"
    document = f"mutation($by: SubjectBy!) {{ requestErasure(subject: $by, {options}) {{ id }} }}"
    rights = api.ask("PRIVACY", document, by={"id": person.id}).data["requestErasure"]["id"]
    drain_erasures(databases)
    return str(rights)


def test_an_unknown_request_and_an_unknown_action_have_a_page(api: Api, support: Agent) -> None:
    assert "There is no such page" in support.open("/requests/req_" + "0" * 32)
    rights = opened(api, "a@example.com", "COMPLAINT")
    support.open(f"/requests/{rights}")
    assert "There is no such page" in support.post(f"/requests/{rights}/explode")


def test_the_timeline_is_in_the_order_of_time() -> None:
    rights = {
        "receivedAt": "2020-01-02T00:00:00Z",
        "dueAt": "2120-01-02T00:00:00Z",
        "extendedUntil": None,
        "executeAt": "2020-01-05T00:00:00Z",
        "completedAt": None,
        "backupsClearAt": None,
        "state": "PARTIALLY_COMPLETED",
        "export": None,
        "exportSteps": [],
        "steps": [{"system": "store", "completedAt": "2020-01-04T00:00:00Z"}, {"system": "sync", "completedAt": None}],
    }
    rows = timeline(rights)
    assert [row["what"] for row in rows] == ["received", "system_done", "began", "due"]
    assert [row["is_coming"] for row in rows] == [False, False, False, True]
