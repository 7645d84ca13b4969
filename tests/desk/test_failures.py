"""What pages say when the API is away, the token is revoked, the role is withdrawn, or an answer is no answer."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import Api, Databases
from tests.desk.agents import Agent, desk_for
from tests.journeys.exports import values
from tests.journeys.isolated_databases import drain_erasures
from tests.people import known
from tests.resolvers.test_statistics import next_day

Answer = Callable[[httpx2.Request], httpx2.Response]


class SwitchedTransport(httpx2.AsyncBaseTransport):
    """The network between the desk and the API. A test may answer in the place of the API."""

    def __init__(self) -> None:
        self._real = httpx2.AsyncHTTPTransport()
        self.answer: Answer | None = None
        self.operations: list[str] = []
        """The names of the operations that the desk sent."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/graphql":
            self.operations.append(json.loads(await request.aread())["operationName"])
        return await self._real.handle_async_request(request) if self.answer is None else self.answer(request)

    async def aclose(self) -> None:
        await self._real.aclose()


@pytest.fixture(scope="module")
def network() -> SwitchedTransport:
    return SwitchedTransport()


@pytest.fixture(scope="module")
def switched_url(served: Api, network: SwitchedTransport, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home: Path = tmp_path_factory.mktemp("switched")
    with desk_for(served.url, home, served.secrets, network) as url:
        yield url


@pytest.fixture
def agent(switched_url: str, network: SwitchedTransport, api: Api) -> Iterator[Agent]:
    network.answer = None
    agent = Agent(switched_url, "SUPPORT")
    yield agent
    network.answer = None
    agent.client.close()


def away(_: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("away")


def test_a_form_that_met_an_outage_is_kept_and_sent_again(api: Api, agent: Agent, network: SwitchedTransport) -> None:
    person = known(api)
    agent.find("user@example.com")
    path = f"/people/{person.id}/choices"
    network.answer = away
    page = agent.post(path, channel="MAIL", refuse="newsletter")
    assert agent.page.status_code == 503
    assert "The service does not answer" in page
    assert "Send it again" in page
    network.answer = None
    fields = hidden(agent)
    assert fields == {"channel": "MAIL", "refuse": "newsletter"}
    assert "The person's no is recorded." in agent.post(path, **fields)


def test_a_page_that_met_an_outage_can_be_opened_again(
    agent: Agent, network: SwitchedTransport, caplog: pytest.LogCaptureFixture
) -> None:
    agent.open("/requests?view=overdue")
    network.answer = away
    assert "Try again" in agent.open("/requests?view=overdue")
    assert "Send it again" not in agent.text
    assert '<a class="button" href="/requests?view=overdue">' in agent.page.text, "the same list"
    assert "the API did not answer: ConnectError" in caplog.text


def test_pages_without_an_answer_have_the_menu_of_the_role(
    api: Api, agent: Agent, switched_url: str, network: SwitchedTransport
) -> None:
    person = known(api)
    agent.find("user@example.com")
    network.answer = away
    for page in (agent.open("/requests"), agent.post(f"/people/{person.id}/choices", channel="MAIL", everything="yes")):
        assert 'href="/grants"' in agent.page.text
        assert "/record" not in agent.page.text
        assert "Support Sign out" in page
        assert "Case" in page
    network.answer = broken
    assert "The desk failed" in agent.open("/requests")
    assert 'href="/grants"' in agent.page.text
    agent.post("/role", role="PRIVACY")
    assert 'href="/grants"' not in agent.page.text, "the menu of another role is not known"
    agent.post("/sign-out")
    assert "nav" not in agent.page.text.partition("<main")[0].partition("<body")[2]
    network.answer = None
    officer = Agent(switched_url, "PRIVACY")
    network.answer = away
    officer.open("/requests")
    assert 'href="/record"' in officer.page.text
    officer.client.close()


def broken(_: httpx2.Request) -> httpx2.Response:
    raise RuntimeError("user@example.com")


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(200, html="<script>alert(1)</script>"),
        httpx2.Response(200, content=b"{", headers={"content-type": "application/json"}),
        httpx2.Response(200, json=[]),
        httpx2.Response(200, json={"data": None}),
        httpx2.Response(200, json={"errors": "what"}),
        httpx2.Response(502, text="Bad Gateway"),
        httpx2.Response(503, json={"errors": [{"extensions": {"code": "UNAVAILABLE"}}]}),
        httpx2.Response(200, content=b'{"data": "' + b"x" * 6_000_000, headers={"content-type": "application/json"}),
    ],
    ids=["HTML", "half JSON", "a list", "nothing", "odd errors", "a proxy", "unavailable", "too much"],
)
def test_an_answer_that_is_none_of_the_api_is_an_outage(
    agent: Agent, network: SwitchedTransport, answer: httpx2.Response
) -> None:
    network.answer = lambda _: answer
    assert "The service does not answer" in agent.open("/")
    assert "alert(1)" not in agent.page.text


def test_a_token_that_was_revoked_leads_to_the_sign_in_and_the_form_waits(
    api: Api, agent: Agent, network: SwitchedTransport
) -> None:
    person = known(api)
    agent.find("user@example.com")
    path = f"/people/{person.id}/choices"
    network.answer = lambda _: httpx2.Response(401, json={"errors": [{"extensions": {"code": "UNAUTHENTICATED"}}]})
    page = agent.post(path, channel="MAIL", everything="yes")
    assert agent.page.status_code == 401
    assert "Your sign-in has ended" in page
    fields, form_token = hidden(agent), agent.csrf
    network.answer = None
    agent.open("/sign-in")
    agent.post("/sign-in", role="SUPPORT")
    agent.post("/case", case="case/1")
    assert "The person is opted out of everything." in agent.post(path, csrf=form_token, **fields)


def test_a_role_that_was_withdrawn_is_named_and_nothing_is_done(
    api: Api, agent: Agent, network: SwitchedTransport
) -> None:
    refusal = {"code": "FORBIDDEN", "header": "X-Role"}
    network.answer = lambda _: httpx2.Response(403, json={"errors": [{"extensions": refusal}]})
    assert "Your role does not permit this" in agent.open("/")
    assert 'href="/requests"' not in agent.page.text, "no menu of a role that is gone"


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        ({"code": "FORBIDDEN", "header": "X-Role"}, "send it again when your role permits it"),
        ({"code": "RATE_LIMITED"}, "Your account asked about too many people in a short time."),
    ],
)
def test_a_form_that_is_refused_is_kept(
    api: Api, agent: Agent, network: SwitchedTransport, refusal: dict[str, str], sentence: str
) -> None:
    person = known(api)
    agent.open("/")
    network.answer = lambda _: httpx2.Response(403, json={"errors": [{"extensions": refusal}]})
    assert sentence in agent.find("user@example.com")
    fields = hidden(agent)
    assert fields == {"query": "user@example.com"}
    network.answer = None
    agent.post("/search", **fields)
    assert agent.page.url.path == f"/people/{person.id}"


def test_a_page_that_is_refused_leads_on(agent: Agent, network: SwitchedTransport) -> None:
    assert "Open it from the start" in agent.open("/requests?view=all&after=nonsense")
    assert '<a class="button" href="/requests">' in agent.page.text
    network.answer = lambda _: httpx2.Response(429, json={"errors": [{"extensions": {"code": "RATE_LIMITED"}}]})
    assert "Wait a minute." in agent.open("/requests?view=all")
    assert '<a class="button" href="/requests?view=all">' in agent.page.text


def test_a_form_that_met_an_unforeseen_exception_is_kept(api: Api, agent: Agent, network: SwitchedTransport) -> None:
    known(api)
    agent.open("/")
    network.answer = broken
    assert "Sending it again does nothing twice." in agent.find("user@example.com")
    network.answer = None
    assert "Ada Example" in agent.post("/search", **hidden(agent))


@pytest.mark.parametrize("path", ["/nowhere", "/requests/req_0", "/incidents", "/people/sub_0"])
def test_a_page_that_fails_keeps_the_menu(agent: Agent, path: str) -> None:
    agent.open(path)
    assert agent.page.status_code in {400, 403, 404}
    assert 'href="/requests"' in agent.page.text
    assert "Sign out" in agent.text


def test_a_form_that_is_refused_keeps_the_menu(agent: Agent) -> None:
    assert "This form is not from here" in agent.post("/search", csrf="wrong")
    assert 'href="/requests"' in agent.page.text
    assert "This is too much at once" in agent.post("/search", query="x" * 140_000)
    assert 'href="/requests"' in agent.page.text


PAGES = ["/requests", "/requests?view=overdue", "/grants", "/record", "/incidents", "/disclosures", "/recipients"]
PAGES += ["/retention", "/backups", "/statistics", "/policy", "/tokens"]


def test_each_page_is_one_operation(
    switched_url: str, api: Api, databases: Databases, network: SwitchedTransport
) -> None:
    person = known(api)
    next_day(databases)
    officer = Agent(switched_url, "PRIVACY")
    for path in [*PAGES, f"/people/{person.id}", "/incidents/report"]:
        network.operations.clear()
        officer.open(path)
        assert officer.page.status_code == 200, path
        assert len(network.operations) == 1, (path, network.operations)
    form = {"kind": "LOSS", "categories": "CONTACT", "awareAt": "2026-01-31T12:00"}
    for whom in ({"actor": "support of the tests"}, {"token": "tok_1 a thief"}, {"subjects": person.id}):
        network.operations.clear()
        assert "People affected" in officer.post("/incidents/report", **form, **whom)
        assert network.operations == ["DeskIncidentPreview"]
    officer.client.close()


def test_a_person_who_is_erased_while_their_page_is_open(api: Api, databases: Databases, support: Agent) -> None:
    person = known(api)
    support.find("user@example.com")
    options = "channel: PHONE, identity: ATTESTED, immediately: true"
    erase = f"mutation($by: SubjectBy!) {{ requestErasure(subject: $by, {options}) {{ id }} }}"
    api.ask("PRIVACY", erase, by={"id": person.id}).data  # noqa: B018 -- it asserts
    assert drain_erasures(databases) == 1
    before = values(databases, "SELECT count(*) FROM consent_events")
    for choice in ({"grant": "forum-notices"}, {"refuse": "newsletter"}, {"everything": "yes"}):
        page = support.post(f"/people/{person.id}/choices", channel="PHONE", **choice)
        assert "This person has been erased" in page, choice
        assert "user@example.com" not in support.page.text
    page = support.post(f"/people/{person.id}/requests", kind="ACCESS", channel="PHONE", identity="ATTESTED")
    assert "This person has been erased" in page
    assert values(databases, "SELECT count(*) FROM consent_events") == before
    assert values(databases, "SELECT kind FROM rights_requests") == ["ERASURE"]


def test_an_unforeseen_exception_has_a_page_and_a_line_without_values(
    api: Api, agent: Agent, network: SwitchedTransport, caplog: pytest.LogCaptureFixture
) -> None:
    network.answer = broken
    assert "The desk failed" in agent.open("/")
    assert agent.page.headers["cache-control"] == "no-store"
    assert "RuntimeError" in caplog.text
    assert "user@example.com" not in caplog.text


def hidden(agent: Agent) -> dict[str, Any]:
    """Return the hidden fields of the form that a failure kept, without the token."""
    return {name: value for name, value in agent.hidden_fields("main").items() if name != "csrf"}
