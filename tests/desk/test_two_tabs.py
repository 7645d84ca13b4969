"""Two tabs of one browser, stale pages, and the way back: nothing that was typed is lost, and nothing is done twice."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.browser import opened, program
from tests.conftest import Api, Databases
from tests.desk.agents import SignIn
from tests.desk.pilot import Pilot
from tests.journeys.exports import values
from tests.journeys.isolated_databases import drain_erasures
from tests.people import known

pytestmark = pytest.mark.skipif(program() is None, reason="Chromium is not installed: tests/install-peers.sh")

COMPLAIN = "mutation($by: SubjectBy!) { openRequest(subject: $by, kind: COMPLAINT, channel: MAIL) { id } }"
ERASE = """mutation($by: SubjectBy!) {
  requestErasure(subject: $by, channel: PHONE, identity: ATTESTED, immediately: true) { id }
}"""


class Tabs(NamedTuple):
    """Two tabs that share the session of one agent."""

    first: Pilot
    second: Pilot

    @classmethod
    def to_front(cls, pilot: Pilot) -> Pilot:
        """Return a tab after the agent has turned to it."""
        pilot.browser.command("Page.bringToFront")
        return pilot


@pytest.fixture
def tabs(api: Api, desk_url: str) -> Iterator[Tabs]:
    with opened(width=1280) as browser:
        first = Pilot(browser, desk_url, width=1280)
        first.sign_in("Privacy officer")
        first.set_case("#1042")
        second = Pilot(browser.tab(), desk_url, width=1280)
        second.browser.resize(1280)
        yield Tabs(first, second)


def test_a_form_outlives_a_sign_out_in_another_tab(api: Api, tabs: Tabs) -> None:
    person = known(api)
    first, second = tabs
    tabs.to_front(first).open(f"/people/{person.id}/details")
    first.type_into("Name", "Ada Renamed")
    tabs.to_front(second).open("/requests")
    second.activate("Sign out")
    assert "You are signed out." in second.messages
    tabs.to_front(first).activate("Correct")
    assert first.heading == "Sign in first"
    tabs.to_front(second).sign_in("Support")
    tabs.to_front(first).activate("Send it again")
    assert first.heading == "Enter a case"
    first.type_into("Case", "#1043")
    first.activate("Send it again")
    assert first.heading == "Ada Renamed"
    assert first.browser.value("document.querySelector('#case').value") == "#1043"


def test_a_stale_page_and_the_way_back_do_nothing_twice(api: Api, databases: Databases, tabs: Tabs) -> None:
    person = known(api)
    request = api.ask("SUPPORT", COMPLAIN, by={"id": person.id}).data["openRequest"]["id"]
    for tab in tabs:
        tabs.to_front(tab).open(f"/requests/{request}")
    tabs.second.activate("Complete the request")
    tabs.to_front(tabs.first).activate("Deny", is_answered=False)
    tabs.first.activate("Deny the request")
    assert "This has changed since your page was loaded" in tabs.first.messages
    assert "The request is done" in tabs.first.text
    tabs.first.open("/requests")
    tabs.first.browser.value("history.back()")
    tabs.first.browser.wait_until(f"location.pathname === '/requests/{request}' && document.readyState === 'complete'")
    assert "Deny the request" not in tabs.first.text
    assert values(databases, "SELECT state FROM rights_requests") == ["COMPLETED"]


def test_a_person_who_is_erased_while_their_page_is_open(api: Api, databases: Databases, tabs: Tabs) -> None:
    person = known(api)
    for tab in tabs:
        tabs.to_front(tab).open(f"/people/{person.id}")
    assert api.ask("PRIVACY", ERASE, by={"id": person.id}).data
    assert drain_erasures(databases) == 1
    tabs.to_front(tabs.first).activate("Opt out of everything")
    assert "This person has been erased" in tabs.first.text
    tabs.to_front(tabs.second).activate("Correct…")
    assert "user@example.com" not in tabs.second.text
    tabs.second.browser.value("history.back()")
    tabs.second.browser.wait_until(f"location.pathname === '/people/{person.id}' && document.readyState === 'complete'")
    assert "user@example.com" not in tabs.second.text


def test_an_agent_goes_on_in_the_roles_that_are_left(api: Api, sign_in: SignIn) -> None:
    agent = sign_in("SUPPORT")
    agent.post("/role", role="PRIVACY")
    assert "Your role does not permit this" in agent.text
    assert 'href="/requests"' in agent.page.text
    assert "support of the tests" in agent.open("/")
