"""Forced disclosures over HTTP: recorded after the count of letters, delayed, and the end of the delay."""

from datetime import UTC, datetime, timedelta

from tests.conftest import Api
from tests.desk.agents import Agent, SignIn
from tests.people import known


def test_a_disclosure_is_recorded_and_its_delay_ended(api: Api, officer: Agent, sign_in: SignIn) -> None:
    people = [known(api).id, known(api, "bo@example.com").id]
    assert "There is no forced disclosure." in officer.open("/disclosures")
    officer.open("/disclosures/new")
    form = {
        "ground": "LEGAL_PROCESS",
        "authority": "District court",
        "reference": "12 AR 34/26",
        "disclosedAt": "2026-01-31T12:00",
        "categories": ["CONTACT", "PROFILE"],
        "subjects": f"{people[0]}\r\nbo@example.com",
        "noticeDelayedUntil": f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%dT%H:%M}",
    }
    assert "all of one kind" in officer.post("/disclosures/new", **form)
    form["subjects"] = "\r\n".join(people)
    page = officer.post("/disclosures/new", **form)
    assert "People who will be written to: at most 2." in page
    assert "There is no forced disclosure." in officer.open("/disclosures"), "a review records nothing"
    page = officer.post("/disclosures/new", **form, step="confirm")
    assert "BAD_INPUT" in page, "a delay needs a ground"
    assert 'aria-invalid="true"' in officer.page.text
    assert "12 AR 34/26" in officer.page.text, "what was typed stays"
    page = officer.post("/disclosures/new", **form, delayGround="The court ordered silence", step="confirm")
    path = officer.page.url.path
    assert "The disclosure is recorded." in page
    assert "People affected 2" in page
    assert "End the delay and write the letters (2)" in page
    auditor = sign_in("AUDITOR")
    assert "End the delay" not in auditor.open(path)
    assert "Record a disclosure" not in auditor.open("/disclosures")
    assert "District court · 12 AR 34/26" in auditor.text
    assert "Your role does not permit this" in auditor.open("/disclosures/new")
    assert "The delay has ended." in officer.post(f"{path}/delay")
    assert "End the delay" not in officer.text


def test_unknown_people_and_ids_are_refused_in_words(api: Api, officer: Agent, support: Agent) -> None:
    officer.open("/disclosures/new")
    form = {
        "ground": "EMERGENCY",
        "authority": "Police",
        "reference": "7",
        "disclosedAt": "2026-01-31T12:00",
        "subjects": "nobody@example.com",
    }
    assert "Choose at least one." in officer.post("/disclosures/new", **form)
    page = officer.post("/disclosures/new", **form, categories="CONTACT", step="confirm")
    assert "There is no such person any more." in page
    assert "not accepted" in officer.open("/disclosures/nothing") or "no such page" in officer.text
    assert "Your role does not permit this" in support.open("/disclosures")
