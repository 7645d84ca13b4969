"""Signing in with a provider on loopback: the code flow with PKCE, and answers that do not fit."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.conftest import Api
from tests.desk.agents import desk_for

KEY, STRANGER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
CLIENT = "desk"


class FakeProvider:
    """An OpenID Connect provider that signs each browser in, and whose answers a test may spoil."""

    def __init__(self) -> None:
        self.access_token = ""
        self.claims: dict[str, Any] = {}
        self.key = KEY
        self.challenges: dict[str, tuple[str, str]] = {}
        self.url = ""

    def code_for(self, address: str) -> tuple[str, str]:
        """Return the code and the state that the browser brings back from this address."""
        fields = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert (fields["response_type"], fields["code_challenge_method"]) == ("code", "S256")
        code = f"code-{len(self.challenges)}"
        self.challenges[code] = (fields["code_challenge"], fields["nonce"])
        return code, fields["state"]

    def document(self, path: str) -> dict[str, Any]:
        if path == "/keys":
            key = jwt.get_algorithm_by_name("ES256").to_jwk(KEY.public_key(), as_dict=True)
            return {"keys": [key | {"kid": "1", "alg": "ES256", "use": "sig"}]}
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }

    def exchange(self, fields: dict[str, str]) -> dict[str, Any] | None:
        challenge, nonce = self.challenges.get(fields["code"], ("", ""))
        digest = hashlib.sha256(fields["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != challenge:
            return None
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": "ada",
            "exp": int(time.time()) + 60,
            "iat": int(time.time()),
            "nonce": nonce,
        }
        token = jwt.encode(claims | self.claims, self.key, algorithm="ES256", headers={"kid": "1"})
        return {"access_token": self.access_token, "id_token": token, "token_type": "Bearer"}


@pytest.fixture(scope="module")
def served_provider() -> Iterator[FakeProvider]:
    provider = FakeProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(provider.document(self.path))

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"])).decode()
            self._answer(provider.exchange(dict(parse_qsl(content))))

        def _answer(self, document: dict[str, Any] | None) -> None:
            self.send_response(200 if document else 400)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        provider.url = f"http://127.0.0.1:{server.server_port}"
        yield provider
        server.shutdown()


@pytest.fixture
def provider(served_provider: FakeProvider, served: Api) -> FakeProvider:
    served_provider.access_token, served_provider.claims, served_provider.key = served.secrets["SUPPORT"], {}, KEY
    return served_provider


@pytest.fixture(scope="module")
def company_desk(served_provider: FakeProvider, served: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home: Path = tmp_path_factory.mktemp("company")
    settings: dict[str, Any] = {
        "demo_tokens": None,
        "secret": "s" * 32,
        "oidc_issuer": served_provider.url,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": "secret",
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
    [state_cookie] = [each for each in answer.headers.get_list("set-cookie") if each.startswith("desk-state=")]
    assert "HttpOnly" in state_cookie
    assert "SameSite=lax" in state_cookie
    return provider.code_for(answer.headers["location"])


def end(client: httpx2.Client, code: str, state: str) -> httpx2.Response:
    return client.get("/sign-in/callback", params={"code": code, "state": state})


def is_signed_in(client: httpx2.Client) -> bool:
    return "support of the tests" in client.get("/", follow_redirects=True).text


def test_an_agent_signs_in_with_the_company_account(client: httpx2.Client, provider: FakeProvider) -> None:
    assert "Sign in with your company account" in client.get("/", follow_redirects=True).text
    answer = end(client, *begin(client, provider))
    assert (answer.status_code, answer.headers["refresh"]) == (200, "0;url=/requests")
    assert is_signed_in(client)


def test_a_state_that_is_not_of_this_browser_signs_nobody_in(client: httpx2.Client, provider: FakeProvider) -> None:
    code, state = begin(client, provider)
    assert end(client, code, "another").headers["refresh"] == "0;url=/sign-in"
    code, state = begin(client, provider)
    client.cookies.clear()
    assert end(client, code, state).headers["refresh"] == "0;url=/sign-in"
    assert "The sign-in did not succeed." in client.get("/sign-in").text
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "claims",
    [{"nonce": "another"}, {"aud": "another"}, {"iss": "https://evil.example"}, {"exp": 1}, {"at_hash": "another"}],
    ids=lambda claims: next(iter(claims)),
)
def test_an_id_token_that_does_not_fit_signs_nobody_in(
    client: httpx2.Client, provider: FakeProvider, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    assert end(client, *begin(client, provider)).headers["refresh"] == "0;url=/sign-in"
    assert not is_signed_in(client)


def test_an_id_token_of_a_stranger_and_an_unknown_code_sign_nobody_in(
    client: httpx2.Client, provider: FakeProvider
) -> None:
    provider.key = STRANGER
    assert end(client, *begin(client, provider)).headers["refresh"] == "0;url=/sign-in"
    provider.key = KEY
    _, state = begin(client, provider)
    assert end(client, "unknown", state).headers["refresh"] == "0;url=/sign-in"
    assert not is_signed_in(client)


def test_a_path_on_another_site_is_not_led_to(client: httpx2.Client, provider: FakeProvider) -> None:
    answer = client.get("/sign-in/start", params={"back": "//evil.example"})
    code, state = provider.code_for(answer.headers["location"])
    assert end(client, code, state).headers["refresh"] == "0;url=/"
