"""Tests of JWTs from an identity provider: a key set on loopback, three algorithms, and every way to be invalid."""

import asyncio
import base64
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, NamedTuple

import asyncpg
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.access import key_set
from api.access.key_set import MIN_FETCH_INTERVAL_SECONDS
from tests.conftest import Api, Databases, Running, answer_wrong_tokens_at_once, settings_for
from tests.people import DECIDE

ISSUER, AUDIENCE = "https://id.example.com", "privacy-api"
KEYS: dict[str, Any] = {
    "RS256": rsa.generate_private_key(65537, 2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
STRANGER = rsa.generate_private_key(65537, 2048)
VIEWER = {"query": "{ viewer { name role roles } }"}


def published() -> dict[str, Any]:
    """Return the key set: the public key of each algorithm under its name, and a shared secret that is not public."""
    keys = []
    for name, key in KEYS.items():
        algorithm = jwt.get_algorithm_by_name(name)
        keys.append(algorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": name, "use": "sig", "alg": name})
    shared = base64.urlsafe_b64encode(b"s" * 32).rstrip(b"=").decode()
    return {"keys": [*keys, {"kty": "oct", "k": shared, "kid": "shared", "alg": "HS256"}]}


class Provider(NamedTuple):
    """The service that believes the provider, and how often the provider was asked."""

    api: Api
    paths: list[str]
    running: Running

    def status(self, token: str) -> int:
        return self.api.send(VIEWER, authorization=f"Bearer {token}").status_code


@pytest.fixture(scope="module")
def provider(databases: Databases, served: Api) -> Iterator[Provider]:
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(published()).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        settings = settings_for(
            databases,
            jwks_url=f"http://127.0.0.1:{server.server_port}/keys",
            jwt_issuer=ISSUER,
            jwt_audience=AUDIENCE,
        )
        running = Running(settings)
        with running as url:
            answer_wrong_tokens_at_once(running)
            api = Api(url, served.secrets)
            yield Provider(api, paths, running)
            api.client.close()
        server.shutdown()
        thread.join()


def token(algorithm: str = "RS256", key: Any = None, headers: dict[str, Any] | None = None, **claims: Any) -> str:
    """Make a token that is right but for what is given; a claim of None is left out."""
    usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada@example.com", "exp": time.time() + 60, "roles": ["SUPPORT"]}
    payload = {name: value for name, value in (usual | claims).items() if value is not None}
    return jwt.encode(payload, key or KEYS[algorithm], algorithm, {"kid": algorithm} | (headers or {}))


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_token_of_the_provider_is_believed(provider: Provider, algorithm: str) -> None:
    answer = provider.api.send(VIEWER, authorization=f"Bearer {token(algorithm, roles=['SUPPORT', 'BILLING'])}")
    assert answer.json()["data"]["viewer"] == {
        "name": "ada@example.com",
        "role": "SUPPORT",
        "roles": ["SUPPORT", "BILLING"],
    }


def test_what_a_service_of_the_provider_asks_is_counted(provider: Provider, databases: Databases) -> None:
    body = {"query": DECIDE, "variables": {"who": {"email": "nobody@example.com"}, "purpose": "newsletter"}}
    bearer = token(sub="shop.example.com", roles=["STORE"])
    assert provider.api.send(body, authorization=f"Bearer {bearer}").json()["data"]
    provider.running.settle()

    async def counted() -> int:
        connection = await asyncpg.connect(databases.url)
        counts = "SELECT sum(count) FROM consent_question_counts WHERE actor = 'shop.example.com'"
        count: int = await connection.fetchval(counts)
        await connection.close()
        return count

    assert asyncio.run(counted()) == 1


def test_an_audience_may_be_one_of_several(provider: Provider) -> None:
    assert provider.status(token(aud=["other", AUDIENCE])) == 200


def test_opaque_tokens_work_beside(provider: Provider) -> None:
    assert provider.api.send(VIEWER).status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example.com"},
        {"iss": None},
        {"aud": "another-api"},
        {"aud": None},
        {"aud": []},
        {"exp": time.time() - 60},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": str(int(time.time()) + 86_400)},
        {"exp": 10**400},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": True},
        {"exp": [time.time() + 86_400]},
        {"nbf": float("inf")},
        {"nbf": "1"},
        {"nbf": True},
        {"nbf": 10**400},
        {"iat": float("-inf")},
        {"iat": "x"},
        {"nbf": time.time() + 86_400},
        {"iat": time.time() + 86_400},
        {"sub": None},
        {"sub": "new\nline"},
        {"sub": "a" * 65},
        {"sub": ""},
        {"roles": None},
        {"roles": []},
        {"roles": "SUPPORT"},
        {"roles": ["KING"]},
        {"roles": ["offline_access", "uma_authorization"]},
        {"roles": ["support"]},
        {"roles": [["SUPPORT"]]},
        {"roles": {"SUPPORT": True}},
        {"roles": [None]},
    ],
    ids=" ".join,
)
def test_a_claim_that_is_wrong_or_missing_makes_a_token_worthless(provider: Provider, claims: dict[str, Any]) -> None:
    assert provider.status(token(**claims)) == 401


@pytest.mark.parametrize("foreign", ["offline_access", "KING", "", None, 7, ["BILLING"], {}])
def test_roles_of_other_services_are_ignored(provider: Provider, foreign: Any) -> None:
    bearer = token(roles=[foreign, "SUPPORT", foreign, "SUPPORT"])
    answer = provider.api.send(VIEWER, authorization=f"Bearer {bearer}").json()
    assert answer["data"]["viewer"] == {"name": "ada@example.com", "role": "SUPPORT", "roles": ["SUPPORT"]}
    assert provider.api.send(VIEWER, authorization=f"Bearer {bearer}", x_role="KING").status_code == 403


def test_claims_nested_too_deeply_are_refused(provider: Provider) -> None:
    head, claims, signature = token().split(".")
    deep = base64.urlsafe_b64encode(b"[" * 6000).rstrip(b"=").decode()
    assert provider.status(f"{head}.{deep}.{signature}") == 401
    assert provider.status(f"{deep}.{claims}.{signature}") == 401


def test_a_key_that_is_not_published_signs_nothing(provider: Provider) -> None:
    assert provider.status(token(key=STRANGER)) == 401
    assert provider.status(token(key=STRANGER, headers={"kid": "unknown"})) == 401
    assert provider.status(token(headers={"kid": "unknown"})) == 401
    assert provider.status(token(headers={"jwk": published()["keys"][0]}, key=STRANGER)) == 401


def test_the_key_of_one_algorithm_does_not_sign_for_another(provider: Provider) -> None:
    assert provider.status(token("ES256", headers={"kid": "RS256"})) == 401
    assert provider.status(token("RS256", headers={"kid": "EdDSA"})) == 401


def unsigned(header: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(part).encode() for part in (header, jwt.decode(token(), options={"verify_signature": False}))]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (*parts, signature))


@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"crit": []}, {"crit": "exp"}, {"b64": False}])
def test_headers_that_must_be_understood_are_refused(provider: Provider, header: dict[str, Any]) -> None:
    head = {"alg": "RS256", "kid": "RS256", **header}
    signing = unsigned(head).rpartition(".")[0]
    signature = jwt.get_algorithm_by_name("RS256").sign(signing.encode(), KEYS["RS256"])
    assert provider.status(unsigned(head, signature)) == 401


def test_no_algorithm_is_no_signature(provider: Provider) -> None:
    for name in ("none", "None", "NONE", ""):
        assert provider.status(unsigned({"alg": name, "kid": "RS256", "typ": "JWT"})) == 401
    assert provider.status(unsigned({"kid": "RS256"})) == 401
    assert provider.status(unsigned({"alg": "RS256", "kid": "RS256"})) == 401
    assert provider.status(token().rpartition(".")[0] + ".") == 401


def test_the_public_key_is_no_shared_secret(provider: Provider) -> None:
    pem = KEYS["RS256"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    hmac = jwt.get_algorithm_by_name("HS256")
    for secret in (pem, pem.strip(), json.dumps(published()["keys"][0]).encode()):
        head = {"alg": "HS256", "kid": "RS256"}
        signing = unsigned(head).rpartition(".")[0]
        assert provider.status(unsigned(head, hmac.sign(signing.encode(), secret))) == 401


def test_a_shared_secret_signs_nothing_though_it_is_published(provider: Provider) -> None:
    assert provider.status(token("HS256", b"s" * 32, {"kid": "shared"})) == 401
    hmac = jwt.get_algorithm_by_name("HS256")
    head = {"alg": "RS256", "kid": "shared"}
    signing = unsigned(head).rpartition(".")[0]
    assert provider.status(unsigned(head, hmac.sign(signing.encode(), b"s" * 32))) == 401


def test_what_is_no_token_is_refused(provider: Provider) -> None:
    for wrong in ("a.b.c", "..", "eyJ.eyJ.", "a" * 5000, token() + "x", token()[1:], token().upper()):
        assert provider.status(wrong) == 401


@pytest.mark.parametrize("name", ["4111111111111111", "card-4111-1111-1111-1111", "4111:1111:1111:1111"])
def test_a_name_that_looks_like_a_card_number_is_refused(provider: Provider, name: str) -> None:
    assert provider.status(token(sub=name)) == 401


def test_strangers_do_not_make_the_service_ask_the_provider_again_and_again(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.status(token())
    now = time.monotonic()
    clock = SimpleNamespace(monotonic=lambda: now)
    monkeypatch.setattr(key_set, "time", clock)
    before = len(provider.paths)
    for number in range(10):
        provider.status(token(headers={"kid": f"unknown{number}"}))
    assert len(provider.paths) <= before + 1
    clock.monotonic = lambda: now + 2 * MIN_FETCH_INTERVAL_SECONDS
    for number in range(10):
        provider.status(token(headers={"kid": f"unknown{number}"}))
    assert before < len(provider.paths) <= before + 2


def test_a_provider_that_cannot_be_reached_is_unavailable(databases: Databases, served: Api) -> None:
    settings = settings_for(databases, jwks_url="http://127.0.0.1:1/keys", jwt_issuer=ISSUER, jwt_audience=AUDIENCE)
    with Running(settings) as url:
        api = Api(url, served.secrets)
        try:
            answer = api.send(VIEWER, authorization=f"Bearer {token()}")
            assert answer.status_code == 503
            assert answer.json()["errors"][0]["extensions"] == {"code": "UNAVAILABLE", "retryable": True}
            assert api.send(VIEWER).status_code == 200
        finally:
            api.client.close()


DAY = 86_400


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"exp": time.time() + 89 * DAY}, 200),
        ({"exp": time.time() + 91 * DAY}, 401),
        ({"exp": time.time() + 3650 * DAY}, 401),
        ({"exp": time.time() + DAY, "iat": time.time() - 91 * DAY}, 401),
        ({"exp": time.time() + 364 * DAY, "roles": ["STORE"]}, 200),
        ({"exp": time.time() + 366 * DAY, "roles": ["STORE"]}, 401),
        ({"exp": time.time() + 364 * DAY, "roles": ["STORE", "PRIVACY"]}, 401),
        ({"sub": "one-click unsubscribe"}, 401),
        ({"sub": "jane "}, 401),
        ({"sub": "4111 1111 1111 1111"}, 401),
        ({"system": "forum"}, 200),
        ({"system": "No System"}, 401),
    ],
)
def test_a_token_lives_as_long_as_one_of_our_own_and_names_no_one_else(
    provider: Provider, claims: dict[str, Any], status: int
) -> None:
    answer = provider.api.send(VIEWER, authorization=f"Bearer {token(**claims)}")
    assert answer.status_code == status
