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
    form = {
        "kind": "THEFT",
        "awareAt": "2026-01-31T12:00",
        "categories": "PROFILE",
        "token": f"{token['id']} {token['name']}",
    }
    page = officer.post("/incidents/report", **form, revokeToken="yes")
    assert "People affected: at most 1." in page
    assert "The token is withdrawn at once." in page
    assert "People affected 1" in officer.post("/incidents/report", **form, revokeToken="yes", step="confirm")
    assert "a thief (withdrawn)" in officer.open("/incidents/report")
    later = officer.post("/incidents/report", **form | {"since": "2026-01-01T00:00", "until": "2026-01-02T00:00"})
    assert "People affected: at most 0." in later


def test_a_preview_of_a_longer_record_says_what_it_counts(api: Api, officer: Agent) -> None:
    person = known(api)
    query = "query($id: ID!) { subject(by: {id: $id}) { displayName } }"
    for _ in range(101):
        assert api.ask("SUPPORT", query, id=person.id).data
    officer.open("/incidents/report")
    form = {"kind": "THEFT", "awareAt": "2026-01-31T12:00", "categories": "PROFILE", "actor": "support of the tests"}
    page = officer.post("/incidents/report", **form)
    assert "People affected: at least 1, by the newest 100 entries of the record." in page
    page = officer.post("/incidents/report", **form | {"actor": "", "subjects": person.id})
    assert "People affected: at most 1." in page


def test_support_reports_an_incident_and_reads_none(api: Api, support: Agent, sign_in: SignIn) -> None:
    support.open("/incidents/report")
    assert 'href="/incidents/report"' in support.page.text
    form = {"kind": "WRONG_RECIPIENT", "awareAt": "2026-01-31T12:00", "categories": "PROFILE"}
    preview = support.post("/incidents/report", **form, actor="support of the tests")
    assert "Whom it affects is found in the record when you report it." in preview
    assert "The incident is reported." in support.post("/incidents/report", **form, step="confirm")
    assert "Your role does not permit this" in support.open("/incidents")
    assert "Your role does not permit this" in sign_in("ANALYST").open("/incidents/report")
