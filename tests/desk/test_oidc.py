"""Signing in with a provider on loopback: the code flow with PKCE, and answers that do not fit."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from tests.conftest import Api
from tests.desk.agents import desk_for
from tests.desk.fake_provider import CLIENT, KEY, SECRET, STRANGER, FakeProvider, fake_provider


@pytest.fixture(scope="module")
def served_provider() -> Iterator[FakeProvider]:
    with fake_provider() as provider:
        yield provider


@pytest.fixture
def provider(served_provider: FakeProvider, served: Api) -> FakeProvider:
    served_provider.access_token, served_provider.claims, served_provider.key = served.secrets["SUPPORT"], {}, KEY
    served_provider.metadata, served_provider.requests = {}, []
    return served_provider


@pytest.fixture(scope="module")
def company_desk(served_provider: FakeProvider, served: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home: Path = tmp_path_factory.mktemp("company")
    settings: dict[str, Any] = {
        "demo_tokens": None,
        "secret": "s" * 32,
        "oidc_issuer": served_provider.url,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET,
        "oidc_resource": "https://privacy.example.com",
    }
    with desk_for(served.url, home, {}, **settings) as url:
        yield url


@pytest.fixture
def client(company_desk: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=company_desk, verify=False) as client:
        yield client


def begin(client: httpx2.Client, provider: FakeProvider) -> tuple[str, str]:
    answer = client.get("/sign-in/start", params={"back": "/requests", "zone": "Europe/Berlin"})
    assert answer.status_code == 303
    [state_cookie] = [each for each in answer.headers.get_list("set-cookie") if each.startswith("desk-state-")]
    assert "HttpOnly" in state_cookie
    assert "SameSite=lax" in state_cookie
    return provider.code_for(answer.headers["location"])


def end(client: httpx2.Client, code: str, state: str, **others: str) -> httpx2.Response:
    return client.get("/sign-in/callback", params={"code": code, "state": state, **others})


def refused(client: httpx2.Client, answer: httpx2.Response) -> str:
    """Return what the agent reads after a sign-in that failed."""
    assert answer.headers["location"] == "/sign-in"
    page = client.get("/sign-in").text
    return page.partition('class="notice refused">')[2].partition("<")[0].strip()


def is_signed_in(client: httpx2.Client) -> bool:
    return "support of the tests" in client.get("/", follow_redirects=True).text


def test_an_agent_signs_in_with_the_company_account(client: httpx2.Client, provider: FakeProvider) -> None:
    assert "Sign in with your company account" in client.get("/", follow_redirects=True).text
    answer = end(client, *begin(client, provider))
    assert (answer.status_code, answer.headers["location"]) == (303, "/requests")
    assert is_signed_in(client)
    [(fields, authorization)] = provider.requests
    assert fields["resource"] == "https://privacy.example.com"
    assert "client_secret" not in fields
    pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
    assert pair == "desk:s%25cret%2Bof%2Fthe+desk%3A2"
    assert client.get("/sign-in/callback", params={"state": "old"}).headers["location"] == "/"
    assert is_signed_in(client)


def test_a_state_that_is_not_of_this_browser_signs_nobody_in(client: httpx2.Client, provider: FakeProvider) -> None:
    code, state = begin(client, provider)
    assert "ten minutes" in refused(client, end(client, code, "another"))
    client.cookies.clear()
    assert "ten minutes" in refused(client, end(client, code, state))
    assert not is_signed_in(client)


def test_two_tabs_sign_in_at_once(client: httpx2.Client, provider: FakeProvider) -> None:
    first, second = begin(client, provider), begin(client, provider)
    assert end(client, *first).headers["location"] == "/requests"
    assert end(client, *second).headers["location"] == "/requests"
    assert not [name for name in client.cookies if name.startswith("desk-state")]


def test_an_answer_of_another_provider_signs_nobody_in(client: httpx2.Client, provider: FakeProvider) -> None:
    assert "did not succeed" in refused(client, end(client, *begin(client, provider), iss="https://evil.example"))
    provider.metadata = {"authorization_response_iss_parameter_supported": True}
    assert "did not succeed" in refused(client, end(client, *begin(client, provider)))
    assert end(client, *begin(client, provider), iss=provider.url).headers["location"] == "/requests"


def test_a_secret_is_posted_where_the_provider_asks_for_that(client: httpx2.Client, provider: FakeProvider) -> None:
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert end(client, *begin(client, provider)).headers["location"] == "/requests"
    [(fields, authorization)] = provider.requests
    assert (fields["client_id"], fields["client_secret"], authorization) == (CLIENT, SECRET, "")


def test_what_went_wrong_is_said_and_logged_without_values(
    client: httpx2.Client, provider: FakeProvider, caplog: pytest.LogCaptureFixture
) -> None:
    _, state = begin(client, provider)
    answer = client.get("/sign-in/callback", params={"state": state, "error": "access_denied"})
    assert "called off" in refused(client, answer)
    _, state = begin(client, provider)
    answer = client.get("/sign-in/callback", params={"state": state, "error": "user@example.com"})
    assert "did not succeed" in refused(client, answer)
    provider.access_token = "opaque"
    assert "You may have no role there" in refused(client, end(client, *begin(client, provider)))
    provider.access_token = "x" * 4000
    assert "too much in its token" in refused(client, end(client, *begin(client, provider)))
    _, state = begin(client, provider)
    assert "did not succeed" in refused(client, end(client, "unknown", state))
    for reason in ("access_denied", "no error code", "does not accept", "too long", "400 invalid_grant"):
        assert reason in caplog.text
    assert "user@example.com" not in caplog.text


def test_a_sign_in_that_fails_leaves_an_agent_signed_in(client: httpx2.Client, provider: FakeProvider) -> None:
    end(client, *begin(client, provider))
    _, state = begin(client, provider)
    answer = client.get("/sign-in/callback", params={"state": state, "error": "access_denied"})
    assert answer.headers["location"] == "/"
    assert is_signed_in(client)


def test_a_form_waits_for_its_agent_and_for_no_other(client: httpx2.Client, provider: FakeProvider) -> None:
    def form(path: str, **fields: str) -> httpx2.Response:
        origin = str(client.base_url).rstrip("/")
        sent = {"csrf": csrf} | fields
        return client.post(path, data=sent, headers={"origin": origin}, follow_redirects=True)

    end(client, *begin(client, provider))
    csrf = client.get("/").text.partition('name="csrf" value="')[2].partition('"')[0]
    assert 'value="case/1"' in form("/case", case="case/1", back="/").text
    end(client, *begin(client, provider))
    assert 'value="case/1"' in client.get("/").text
    form("/case", case="case/2", back="/")
    assert 'value="case/2"' in client.get("/").text, "the form of the same agent is sent after the next sign-in"
    provider.claims = {"sub": "bo"}
    end(client, *begin(client, provider))
    page = client.get("/").text
    assert "support of the tests" in page
    assert "case/2" not in page, "the case of another agent is not carried on"
    assert "This form is not from here" in form("/case", case="case/3", back="/").text


def test_a_link_from_another_site_keeps_the_session(client: httpx2.Client, provider: FakeProvider) -> None:
    end(client, *begin(client, provider))
    kept = dict(client.cookies)
    client.cookies.clear()
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    answer = client.get("/requests", params={"view": "done"}, headers=headers)
    assert (answer.status_code, answer.headers["refresh"]) == (200, "0;url=/requests?view=done")
    assert "set-cookie" not in answer.headers
    client.cookies.update(kept)
    assert is_signed_in(client)


def test_an_agent_signs_out_at_the_provider(client: httpx2.Client, provider: FakeProvider) -> None:
    assert client.get("/sign-in/leave").headers["location"] == "/sign-in"
    assert "offers no sign-out" in client.get("/sign-in").text
    provider.metadata = {"end_session_endpoint": f"{provider.url}/leave"}
    address = urlsplit(client.get("/sign-in/leave").headers["location"])
    assert dict(parse_qsl(address.query)) == {
        "client_id": CLIENT,
        "post_logout_redirect_uri": str(client.base_url.join("/sign-in")),
    }


@pytest.mark.parametrize(
    "claims",
    [{"nonce": "another"}, {"aud": "another"}, {"iss": "https://evil.example"}, {"exp": 1}, {"at_hash": "another"}],
    ids=lambda claims: next(iter(claims)),
)
def test_an_id_token_that_does_not_fit_signs_nobody_in(
    client: httpx2.Client, provider: FakeProvider, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    assert end(client, *begin(client, provider)).headers["location"] == "/sign-in"
    assert not is_signed_in(client)


def test_an_id_token_of_a_stranger_and_an_unknown_code_sign_nobody_in(
    client: httpx2.Client, provider: FakeProvider
) -> None:
    provider.key = STRANGER
    assert end(client, *begin(client, provider)).headers["location"] == "/sign-in"
    provider.key = KEY
    _, state = begin(client, provider)
    assert end(client, "unknown", state).headers["location"] == "/sign-in"
    assert not is_signed_in(client)


def test_the_cookie_keeps_no_text_that_is_no_zone(client: httpx2.Client, provider: FakeProvider) -> None:
    ordinary = client.get("/sign-in/start", params={"zone": "Europe/Berlin"}).headers.get_list("set-cookie")
    strange = client.get("/sign-in/start", params={"zone": "\U0001f600" * 64}).headers.get_list("set-cookie")
    sizes = [max(len(each) for each in cookies if each.startswith("desk=")) for cookies in (ordinary, strange)]
    assert sizes[1] <= sizes[0]


def test_a_path_on_another_site_is_not_led_to(client: httpx2.Client, provider: FakeProvider) -> None:
    answer = client.get("/sign-in/start", params={"back": "//evil.example"})
    code, state = provider.code_for(answer.headers["location"])
    assert end(client, code, state).headers["location"] == "/"
