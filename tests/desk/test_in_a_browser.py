"""The desk in Chromium: each flow by keyboard alone, at 320 and 1,280 pixels, with the record that it leaves."""

from hashlib import sha256
from pathlib import Path

import pytest

from tests.browser import Browser, program
from tests.conftest import ROOT, Api
from tests.desk.pilot import Pilot
from tests.people import known

pytestmark = pytest.mark.skipif(program() is None, reason="Chromium is not installed: tests/install-peers.sh")


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
