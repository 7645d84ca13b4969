"""The desk in Chromium: each flow by keyboard alone, at 320 and 1,280 pixels, with the record that it leaves."""

from hashlib import sha256
from pathlib import Path

import pytest

from tests.browser import Browser, program
from tests.conftest import ROOT, Api, Databases
from tests.desk.pilot import Pilot
from tests.people import known
from tests.resolvers.test_rights_requests import code_of

pytestmark = pytest.mark.skipif(program() is None, reason="Chromium is not installed: tests/install-peers.sh")

WIDE = 960
"""Pixels from which on the menu is always there."""


@pytest.fixture(params=[320, 1280])
def pilot(desk_url: str, browser: Browser, api: Api, request: pytest.FixtureRequest) -> Pilot:
    browser.command("Network.clearBrowserCookies")
    browser.resize(request.param)
    browser.log_entries.clear()
    browser.requests.clear()
    return Pilot(browser, desk_url, width=request.param)


def test_leave_me_alone_by_keyboard(api: Api, pilot: Pilot) -> None:
    person = known(api)
    pilot.sign_in("Support")
    pilot.set_case("#1042")
    pilot.type_into("Email address, id or account", "user@example.com")
    pilot.press_enter()
    assert pilot.heading == "Ada Example"
    pilot.activate("Opt out of everything")
    assert "The person is opted out of everything." in pilot.messages
    assert pilot.address == f"/people/{person.id}"
    document = "query($id: ID!) { accessEvents(subject: $id, first: 20) { edges { node { case operation action } } } }"
    events = [edge["node"] for edge in api.ask("PRIVACY", document, id=person.id).data["accessEvents"]["edges"]]
    assert {"case": "#1042", "operation": "DeskOptOutOfAll", "action": "WRITE"} in events
    assert {"case": "#1042", "operation": "DeskPersonForSupport", "action": "READ"} in events
    pilot.check()


def test_erasure_by_phone_by_keyboard(api: Api, databases: Databases, pilot: Pilot) -> None:
    person = known(api)
    pilot.sign_in("Support")
    pilot.set_case("#1042")
    pilot.open(f"/people/{person.id}")
    pilot.activate("Erase…")
    assert pilot.heading == "Erase this person"
    pilot.activate("Request the erasure")
    assert "The erasure is requested." in pilot.messages
    rights = pilot.address.rpartition("/")[2]
    pilot.type_into("Code", code_of(databases, rights))
    pilot.activate("Confirm the identity")
    assert "The identity is confirmed." in pilot.messages
    pilot.check()
    state = "query($id: ID!) { rightsRequest(id: $id) { state case } }"
    assert api.ask("SUPPORT", state, id=rights).data["rightsRequest"] == {"state": "SCHEDULED", "case": "#1042"}
    pilot.activate("Cancel", is_answered=False)
    pilot.activate("Cancel the request")
    assert "The request is cancelled." in pilot.messages


def test_a_second_person_approves_a_grant_by_keyboard(api: Api, pilot: Pilot) -> None:
    person = known(api)
    ask = "mutation($id: ID!) { openAccessGrant(subject: $id, minutes: 15) { id } }"
    api.ask("SUPPORT", ask, id=person.id, case="#1042").data  # noqa: B018 -- it asserts
    pilot.sign_in("Privacy officer")
    if pilot.width < WIDE:
        pilot.activate("Menu", is_answered=False)
    pilot.activate("Access grants")
    pilot.activate("Approve: support of the tests, case #1042")
    assert "The grant is open from now on" in pilot.messages
    pilot.open("/grants?view=open")
    assert "min left" in pilot.text
    pilot.check()
    states = "{ accessGrants(first: 1) { edges { node { state approvedBy } } } }"
    [edge] = api.ask("PRIVACY", states).data["accessGrants"]["edges"]
    assert edge["node"] == {"state": "OPEN", "approvedBy": "privacy of the tests"}


def test_an_officer_denies_a_request_by_keyboard(api: Api, pilot: Pilot) -> None:
    api.register("user@example.com")
    document = "mutation($by: SubjectBy!) { openRequest(subject: $by, kind: COMPLAINT, channel: MAIL) { id } }"
    api.ask("SUPPORT", document, by={"email": "user@example.com"}).data  # noqa: B018 -- it asserts
    pilot.sign_in("Privacy officer")
    pilot.set_case("#1042")
    pilot.open("/requests")
    pilot.activate("Complaint")
    pilot.activate("Deny", is_answered=False)
    pilot.choose("Reason", "Manifestly unfounded or excessive")
    pilot.activate("Deny the request")
    assert "The request is denied." in pilot.messages
    assert "Manifestly unfounded" in pilot.text
    pilot.check()


def test_the_pages_work_without_scripts(api: Api, browser: Browser, desk_url: str) -> None:
    known(api)
    browser.command("Network.clearBrowserCookies")
    browser.resize(320)
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(f"{desk_url}/sign-in")
        browser.click("button[value=SUPPORT]")
        browser.value("document.querySelector('#case').value = '#1042'")
        browser.click(".case button")
        browser.value("document.querySelector('#query').value = 'user@example.com'")
        browser.click(".search button")
        browser.click("button[name=everything]")
        assert "opted out of everything" in browser.value("document.querySelector('#messages').textContent")
    finally:
        browser.command("Emulation.setScriptExecutionDisabled", value=False)


def test_a_double_click_sends_one_form(api: Api, browser: Browser, desk_url: str) -> None:
    person = known(api)
    browser.command("Network.clearBrowserCookies")
    pilot = Pilot(browser, desk_url, width=1280)
    pilot.sign_in("Support")
    pilot.set_case("#1042")
    pilot.open(f"/people/{person.id}")
    pilot.focus("Opt out of everything")
    browser.requests.clear()
    browser.value(
        "window.pilotMark = document.querySelector('main'); for (let i = 0; i < 3; i++) document.activeElement.click()"
    )
    browser.wait_until("window.pilotMark !== document.querySelector('main')")
    assert [each for each in browser.requests if each.endswith("/choices")] == [
        f"{desk_url}/people/{person.id}/choices"
    ]


def test_what_was_typed_outlives_an_outage_of_the_desk(api: Api, browser: Browser, desk_url: str) -> None:
    person = known(api)
    browser.command("Network.clearBrowserCookies")
    browser.resize(1280)
    pilot = Pilot(browser, desk_url, width=1280)
    pilot.sign_in("Support")
    pilot.set_case("#1042")
    pilot.open(f"/people/{person.id}/details")
    pilot.type_into("Name", "Ada Renamed")
    offline(browser, is_away=True)
    try:
        pilot.press_enter(is_answered=False)
        browser.wait_until("!!document.querySelector('#messages .notice')")
        assert "The desk does not answer. What you entered is still on this page" in pilot.messages
        assert browser.value("document.activeElement === document.querySelector('#messages .notice')")
    finally:
        offline(browser, is_away=False)
    pilot.browser.value("document.querySelector('input[name=add]').value = 'x'.repeat(200000)")
    pilot.browser.value("document.querySelector('input[name=add]').type = 'text'")
    pilot.activate("Correct", is_answered=False)
    browser.wait_until("document.querySelector('#messages').textContent.includes('too much at once')")
    pilot.browser.value("document.querySelector('input[name=add]').value = ''")
    pilot.activate("Correct")
    assert pilot.heading == "Ada Renamed"


def offline(browser: Browser, *, is_away: bool) -> None:
    """Take the network away from the browser, or give it back."""
    speeds = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    browser.command("Network.emulateNetworkConditions", offline=is_away, **speeds)


def test_a_wrong_search_says_so_in_the_live_region(api: Api, pilot: Pilot) -> None:
    pilot.sign_in("Billing")
    pilot.set_case("refund/77")
    pilot.type_into("Email address, id or account", "nobody@example.com")
    pilot.press_enter()
    assert "No person is registered" in pilot.messages
    pilot.check()


def test_the_vendored_scripts_are_what_their_checksums_say() -> None:
    folder: Path = ROOT / "desk" / "static"
    digest, name = (folder / "htmx.sha256").read_text().split()
    assert sha256((folder / name).read_bytes()).hexdigest() == digest
    assert "Zero-Clause BSD" in (folder / "htmx.LICENSE").read_text()
