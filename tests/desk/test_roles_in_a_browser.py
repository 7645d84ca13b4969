"""Billing, administrators, auditors and analysts in Chromium: by keyboard alone, and the record that they leave."""

import pytest

from tests.browser import Browser, program
from tests.conftest import Api
from tests.desk.pilot import Pilot
from tests.desk.test_in_a_browser import WIDE
from tests.desk.test_officers_in_a_browser import look
from tests.people import known

pytestmark = pytest.mark.skipif(program() is None, reason="Chromium is not installed: tests/install-peers.sh")

EVENTS = (
    "query($actor: String!) { accessEvents(actor: $actor, first: 20) { edges { node { operation action case } } } }"
)


@pytest.mark.parametrize(("width", "is_dark"), [(320, True), (1280, False)], ids=["narrow-dark", "wide-light"])
def test_billing_administrators_auditors_and_analysts_by_keyboard(
    api: Api, browser: Browser, desk_url: str, *, width: int, is_dark: bool
) -> None:
    known(api)

    def signed_in(role: str) -> Pilot:
        browser.command("Network.clearBrowserCookies")
        browser.resize(width, is_dark=is_dark)
        browser.log_entries.clear()
        browser.requests.clear()
        pilot = Pilot(browser, desk_url, width=width)
        pilot.sign_in(role)
        return pilot

    def go_to(pilot: Pilot, link: str) -> None:
        if width < WIDE:
            pilot.activate("Menu", is_answered=False)
        pilot.activate(link)

    def record_of(actor: str) -> list[tuple[str, str, str | None]]:
        edges = api.ask("PRIVACY", EVENTS, actor=f"{actor} of the tests").data["accessEvents"]["edges"]
        return [(edge["node"]["operation"], edge["node"]["action"], edge["node"]["case"]) for edge in edges]

    billing = signed_in("Billing")
    billing.set_case("refund/77")
    billing.type_into("Email address, id or account", "user@example.com")
    billing.press_enter()
    look(billing)
    billing.activate("Remove the card ending in 4242")
    assert "The parts of the card are deleted." in billing.messages
    assert ("DeskRemoveCard", "WRITE", "refund/77") in record_of("billing")
    assert ("DeskPersonForBilling", "READ", "refund/77") in record_of("billing")

    administrator = signed_in("Administrator")
    go_to(administrator, "Backups")
    administrator.type_into("System", "archive")
    administrator.type_into("Name of the backup", "weekly/18")
    administrator.activate("Record the backup")
    assert "The backup is recorded." in administrator.messages
    look(administrator)
    administrator.open("/backups")
    administrator.activate("Record its destruction…: weekly/18 of archive", is_answered=False)
    administrator.activate("Record the destruction: weekly/18 of archive")
    assert "The destruction is recorded." in administrator.messages
    look(administrator)
    written = [operation for operation, action, _ in record_of("admin") if action == "WRITE"]
    assert written == ["DeskRecordBackupDestroyed", "DeskRecordBackup"]

    auditor = signed_in("Auditor")
    go_to(auditor, "Record")
    auditor.type_into("By whom (the whole name) (optional)", "billing of the tests")
    auditor.activate("Show")
    assert "DeskRemoveCard" in auditor.text
    assert "DeskRecordBackup" not in auditor.text
    auditor.check()

    analyst = signed_in("Analyst")
    assert analyst.heading == "Statistics"
    look(analyst)
    analyst.check()
