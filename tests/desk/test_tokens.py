"""Tokens over HTTP: an officer approves what an administrator issued, who revokes; and the pages of administrators."""

from tests.conftest import Api
from tests.desk.agents import Agent, SignIn
from tests.people import known

ISSUE = "mutation($name: String!, $roles: [Role!]!) { issueToken(name: $name, roles: $roles) { token { id } secret } }"


def test_an_officer_approves_a_token_and_an_administrator_revokes_it(
    api: Api, officer: Agent, support: Agent, sign_in: SignIn
) -> None:
    issued = api.ask("ADMIN", ISSUE, name="agent 7", roles=["SUPPORT"]).data["issueToken"]
    token = issued["token"]["id"]
    administrator = sign_in("ADMIN", case="")
    page = administrator.open("/tokens")
    assert page.index("Waiting for an approval") < page.index("agent 7") < page.index("In use")
    assert issued["secret"] not in administrator.page.text
    assert f"/tokens/{token}/approval" not in administrator.page.text
    assert "Waiting for an approval" in officer.open("/tokens")
    assert f"/tokens/{token}/revocation" not in officer.page.text
    assert "The token works from now on." in officer.post(f"/tokens/{token}/approval")
    assert "Waiting for an approval" not in officer.text
    assert "a new token is issued instead" in administrator.open("/tokens"), "the page says first what it does"
    page = administrator.post(f"/tokens/{token}/revocation")
    assert "The token is revoked." in page
    assert page.index("Ended") < page.index("agent 7")
    assert "Your role does not permit this" in support.open("/tokens")


def test_administrators_have_pages_without_people(api: Api, sign_in: SignIn) -> None:
    person = known(api)
    open_request = "mutation($who: SubjectBy!) { openRequest(subject: $who, kind: ENQUIRY, channel: EMAIL) { id } }"
    request = api.ask("SUPPORT", open_request, who={"id": person.id}).data["openRequest"]["id"]
    administrator = sign_in("ADMIN", case="")
    assert "Open requests" in administrator.open("/") or "Requests" in administrator.text, "the first page"
    assert "This view is on record, under the name admin of the tests." in administrator.open(f"/requests/{request}")
    for path in ("/requests", f"/requests/{request}", "/recipients", "/retention", "/backups", "/policy"):
        administrator.open(path)
        assert administrator.page.status_code == 200, path
        assert "/people/" not in administrator.page.text, path
    assert "Report an incident" in administrator.open("/incidents/report")
    assert "Cancelled" in administrator.post(f"/requests/{request}/cancel")
