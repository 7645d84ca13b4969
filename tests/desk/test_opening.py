"""Opening requests from the page of a person."""

from tests.conftest import Api
from tests.desk.agents import Agent
from tests.people import known


def test_every_kind_is_opened_from_the_page_of_a_person(api: Api, support: Agent) -> None:
    person = known(api)
    page = support.find("user@example.com")
    assert "Open the request" in page
    fields = {"channel": "MAIL", "identity": "ATTESTED"}
    page = support.post(f"/people/{person.id}/requests", kind="ACCESS", **fields)
    assert "The request is open." in page
    assert support.page.url.path.startswith("/requests/req_")
    assert "Vouched for by an agent" in page
    support.post(f"/people/{person.id}/requests", kind="ERASURE", **fields)
    assert support.page.url.path == f"/people/{person.id}/erasure"
    assert "A value was not accepted." in support.post(f"/people/{person.id}/requests", kind="WHAT", **fields)
    assert support.page.url.path == f"/people/{person.id}"


def test_an_officer_may_skip_the_time_to_cancel_and_support_may_not(api: Api, support: Agent, officer: Agent) -> None:
    person = known(api)
    assert "Without the time to change one's mind" not in support.open(f"/people/{person.id}/erasure")
    assert "Without the time to change one's mind" in officer.open(f"/people/{person.id}/erasure")
    fields = {"channel": "MAIL", "identity": "ATTESTED", "reason": "UNLAWFUL", "immediately": "yes"}
    plan = officer.hidden_fields("main")["plan_hash"]
    assert "The erasure is requested." in officer.post(f"/people/{person.id}/erasure", plan_hash=plan, **fields)
