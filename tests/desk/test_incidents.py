"""Incidents over HTTP: reported after a preview, the authority, the letters with their count, and the end."""

from tests.conftest import Api
from tests.desk.agents import Agent, SignIn
from tests.people import known

TEXTS = {"consequences": "Strangers may\r\nknow the name.", "measures": "The access is closed."}


def test_an_incident_from_the_report_to_its_end(api: Api, officer: Agent, support: Agent, sign_in: SignIn) -> None:
    person, other = known(api), known(api, "bo@example.com")
    support.find("user@example.com")
    assert "There is no incident." in officer.open("/incidents")
    officer.open("/incidents/report")
    form = {
        "kind": "UNAUTHORISED_READ",
        "awareAt": "2026-01-31T12:00",
        "actor": "support of the tests",
        "subjects": other.id,
    }
    page = officer.post("/incidents/report", **form)
    assert "Choose at least one." in page
    assert other.id in page, "what was typed stays"
    form["categories"] = "PROFILE"
    page = officer.post("/incidents/report", **form)
    assert "People affected: at most 2." in page
    assert "1 in the record, and 1 whom you name." in page
    assert "There is no incident." in officer.open("/incidents"), "a preview reports nothing"
    page = officer.post("/incidents/report", **form, step="confirm")
    path = officer.page.url.path
    assert "The incident is reported." in page
    assert "People affected 2" in page
    assert person.id in page
    assert "overdue" in page

    assert "Enter a date and a time." in officer.post(f"{path}/authority", authority="The authority", at="soon")
    page = officer.post(f"{path}/authority", authority="The authority", at="2020-01-01T00:00")
    assert "before the company was aware" in page
    page = officer.post(f"{path}/authority", authority="The authority", at="2026-02-01T12:00")
    assert "The notice to the authority is recorded." in page

    page = officer.post(f"{path}/letters", **TEXTS)
    assert "People who will be written to: at most 2." in page
    assert "Strangers may know the name." in officer.post(f"{path}/letters", **TEXTS, step="edit")
    page = officer.post(f"{path}/letters", **TEXTS, step="confirm")
    assert "The letters are on their way." in page
    assert "0 sent, 2 waiting, 0 failed" in page
    assert "STATE_CONFLICT" in officer.post(f"{path}/close"), "letters wait"
    assert "0 sent, 2 waiting, 0 failed" in officer.open("/incidents?state=OPEN")
    assert "There is no incident." in officer.open("/incidents?state=CLOSED")

    auditor = sign_in("AUDITOR")
    page = auditor.open(path)
    assert "People affected 2" in page
    assert person.id not in page
    assert "Write to the people affected" not in page
    assert "There is no such page" in auditor.open("/incidents/incident_unknown") or "not accepted" in auditor.text


def test_an_incident_that_affects_nobody_is_closed(api: Api, officer: Agent) -> None:
    officer.open("/incidents/report")
    form = {"kind": "LOSS", "awareAt": "2026-01-31T12:00", "categories": "CONTACT"}
    assert "People affected: at most 0." in officer.post("/incidents/report", **form)
    officer.post("/incidents/report", **form, step="confirm")
    path = officer.page.url.path
    assert "Write to the people affected" not in officer.text
    assert "The incident is closed." in officer.post(f"{path}/close")
    assert "Close the incident" not in officer.text
    assert "Data was lost" in officer.open("/incidents?state=CLOSED")
