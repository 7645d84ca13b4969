"""The pages of privacy officers in Chromium: by keyboard alone, narrow and wide, without findings of axe-core."""

from datetime import UTC, datetime

import pytest

from tests.browser import Browser, program
from tests.conftest import Api
from tests.desk.pilot import Pilot
from tests.desk.test_axe import violations
from tests.desk.test_tokens import ISSUE
from tests.people import known
from tests.resolvers.recipient_inputs import MAILER, put
from tests.resolvers.test_backups import RECORD, ago

pytestmark = pytest.mark.skipif(program() is None, reason="Chromium is not installed: tests/install-peers.sh")


@pytest.fixture(params=[(320, True), (1280, False)], ids=["narrow-dark", "wide-light"])
def officer(desk_url: str, browser: Browser, api: Api, request: pytest.FixtureRequest) -> Pilot:
    width, is_dark = request.param
    browser.command("Network.clearBrowserCookies")
    browser.resize(width, is_dark=is_dark)
    browser.log_entries.clear()
    browser.requests.clear()
    pilot = Pilot(browser, desk_url, width=width)
    pilot.sign_in("Privacy officer")
    pilot.set_case("#1042")
    return pilot


def look(pilot: Pilot) -> None:
    """Check the page, with all that it hides."""
    pilot.browser.value("document.querySelectorAll('details').forEach(each => { each.open = true })")
    pilot.check()
    assert violations(pilot.browser) == []


def press_space_on(pilot: Pilot, name: str) -> None:
    """Press the space key on a checkbox."""
    pilot.focus(name)
    pilot.browser.type_key(" ")
    assert pilot.browser.value("document.activeElement.checked")


def test_an_incident_by_keyboard(api: Api, officer: Pilot) -> None:
    person = known(api)
    officer.open("/incidents/report")
    look(officer)
    officer.choose("What happened", "Data was lost")
    press_space_on(officer, "Email addresses")
    officer.type_into("Other people affected (optional)", person.id)
    officer.activate("Preview whom it affects")
    assert "People affected: at most 1." in officer.text
    look(officer)
    officer.activate("Report an incident")
    assert "The incident is reported." in officer.messages
    look(officer)
    officer.type_into("What may follow for them", "Strangers may write to you.")
    officer.type_into("What you have done about it", "The copy is found again.")
    officer.activate("Review the letter")
    assert "People who will be written to: at most 1." in officer.text
    look(officer)
    officer.activate("Write the letters now (1)")
    assert "The letters are on their way." in officer.messages
    officer.open("/incidents")
    look(officer)
    officer.open("/record")
    assert "DeskNotifyAffected" in officer.text
    look(officer)
    press_space_on(officer, "Refusals alone")
    officer.activate("Show")
    assert "DeskNotifyAffected" not in officer.text
    look(officer)


def test_a_forced_disclosure_by_keyboard(api: Api, officer: Pilot) -> None:
    person = known(api)
    officer.open("/disclosures/new")
    look(officer)
    officer.type_into("Authority or party", "District court")
    officer.type_into("Reference (names no person)", "12 AR 34/26")
    officer.browser.value("document.querySelector('#disclosedAt').value = '2026-01-31T12:00'")
    press_space_on(officer, "Email addresses")
    officer.type_into("Whose data", person.id)
    officer.activate("Review")
    assert "People who will be written to: at most 1." in officer.text
    look(officer)
    officer.activate("Record it and write the letters (1)")
    assert "The disclosure is recorded." in officer.messages
    look(officer)
    officer.open("/disclosures")
    look(officer)


def test_the_other_pages_of_officers(api: Api, officer: Pilot) -> None:
    known(api)
    assert put(api, MAILER).data
    assert api.ask("SYNC", RECORD, system="sync", label="2026-05", at=ago(300)).data
    assert api.ask("ADMIN", ISSUE, name="agent 7", roles=["SUPPORT"]).data
    officer.open("/tokens")
    look(officer)
    officer.activate("Approve agent 7")
    assert "The token works from now on." in officer.messages
    for path in ("/recipients", "/recipients/mailer", "/retention", "/backups", "/statistics", "/policy"):
        officer.open(path)
        look(officer)
    first_day = f"{datetime.now(UTC).year + 1}-01-01"
    officer.type_into("Version", first_day)
    officer.browser.value(f"document.querySelector('#effectiveOn').value = '{first_day}'")
    officer.type_into("Address of the text (https)", "https://example.com/privacy")
    press_space_on(officer, "Newsletter")
    press_space_on(officer, "Write to everybody who is registered")
    officer.activate("Review")
    assert "will be written to" in officer.text
    look(officer)
    officer.activate("Publish the version")
    assert "The version is published." in officer.messages
