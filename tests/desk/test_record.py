"""The record over HTTP: by actor, person and time; refusals stand out, and only some roles may read it."""

from datetime import UTC, datetime, timedelta

from tests.conftest import Api, Databases
from tests.desk.agents import Agent, SignIn
from tests.people import known
from tests.workers.policy_work import execute


def test_officers_and_auditors_find_who_looked_and_what_was_refused(
    api: Api, support: Agent, officer: Agent, sign_in: SignIn
) -> None:
    person = known(api)
    support.find("user@example.com")
    assert api.ask("SUPPORT", "{ tokens { id } }").code == "FORBIDDEN"
    page = officer.open("/record")
    assert "DeskPersonForSupport" in page
    assert "support of the tests" in page
    assert '<tr class="refused">' in officer.page.text
    page = officer.open(f"/record?subject={person.id}")
    assert "DeskPersonForSupport" in page
    assert '<tr class="refused">' not in officer.page.text, "the refusal concerns no person"
    page = officer.post("/record", actor="nobody of the tests", subject="", since="")
    assert "There is no such entry." in page
    assert officer.page.url.query == b"", "what was typed is in no address"
    page = officer.post("/record", actor="support of the tests", subject=person.id, since="2020-01-01T00:00")
    assert "DeskPersonForSupport" in page
    assert "There is no such entry." in officer.post("/record", since="2999-01-01T00:00")
    page = officer.post("/record", until="2020-01-01T00:00")
    assert "There is no such entry." in page
    page = officer.post("/record", until="2999-01-01T00:00", refused="yes")
    assert '<tr class="refused">' in officer.page.text
    assert "DeskPersonForSupport" not in page, "refusals alone"
    auditor = sign_in("AUDITOR")
    assert "DeskPersonForSupport" in auditor.open("/record")
    assert "/people/" not in auditor.page.text, "an auditor opens no page of a person"


def test_wrong_filters_are_named_at_their_field(api: Api, officer: Agent) -> None:
    assert "This is not the id of a person" in officer.post("/record", subject="user@example.com")
    assert 'aria-invalid="true"' in officer.page.text
    assert "Enter a date and a time." in officer.post("/record", since="yesterday")
    assert "Enter a date and a time." in officer.post("/record", until="tomorrow")
    assert "before the first time" in officer.post("/record", since="2026-02-01T00:00", until="2026-01-01T00:00")


def test_the_record_ends_at_a_time(api: Api, databases: Databases, officer: Agent) -> None:
    person = known(api)
    for _ in range(51):
        officer.open(f"/people/{person.id}")
    execute(databases, "UPDATE access_events SET at = at - interval '2 days' WHERE fields = '{registerSubject}'")
    yesterday = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M}"
    page = officer.post("/record", subject=person.id, until=yesterday)
    assert "Entries (1, refused: 0)" in page, "the newest entries, a page and more, are passed over"
    assert "registerSubject" in page


def test_the_record_goes_on_to_older_entries_with_the_same_choice(api: Api, officer: Agent) -> None:
    person = known(api)
    for _ in range(51):
        officer.open(f"/people/{person.id}")
    officer.post("/record", subject=person.id)
    hidden = officer.hidden_fields("main")
    assert hidden["subject"] == person.id
    older = officer.post("/record", subject=person.id, after=hidden["after"])
    assert "registerSubject" in older or "Register" in older


def test_support_has_no_record(api: Api, support: Agent) -> None:
    support.open("/")
    assert 'href="/record"' not in support.page.text
    assert "Your role does not permit this" in support.open("/record")
