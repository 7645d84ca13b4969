"""The report of an incident over HTTP: its preview, and what support may report without reading the record."""

from tests.conftest import Api
from tests.desk.agents import Agent, SignIn
from tests.people import known


def test_the_preview_of_a_token_counts_the_people_whom_it_read(api: Api, officer: Agent) -> None:
    person = known(api)
    thief = Api(api.url, {"SUPPORT": api.issue("a thief", "SUPPORT")})
    assert thief.ask("SUPPORT", "query($id: ID!) { subject(by: {id: $id}) { displayName } }", id=person.id).data
    thief.client.close()
    token = next(
        each for each in api.ask("ADMIN", "{ tokens { id name } }").data["tokens"] if each["name"] == "a thief"
    )
    officer.open("/incidents/report")
    form = {"kind": "THEFT", "awareAt": "2026-01-31T12:00", "categories": "PROFILE", "token": token["id"]}
    page = officer.post("/incidents/report", **form, revokeToken="yes")
    assert "People affected: at most 1." in page
    assert "The token is withdrawn at once." in page
    assert "People affected 1" in officer.post("/incidents/report", **form, revokeToken="yes", step="confirm")
    assert "a thief (withdrawn)" in officer.open("/incidents/report")


def test_support_reports_an_incident_and_reads_none(api: Api, support: Agent, sign_in: SignIn) -> None:
    support.open("/incidents/report")
    assert 'href="/incidents/report"' in support.page.text
    form = {"kind": "WRONG_RECIPIENT", "awareAt": "2026-01-31T12:00", "categories": "PROFILE"}
    preview = support.post("/incidents/report", **form, actor="support of the tests")
    assert "Whom it affects is found in the record when you report it." in preview
    assert "The incident is reported." in support.post("/incidents/report", **form, step="confirm")
    assert "Your role does not permit this" in support.open("/incidents")
    assert "Your role does not permit this" in sign_in("ANALYST").open("/incidents/report")
