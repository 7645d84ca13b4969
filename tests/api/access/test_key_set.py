"""Tests of published keys: wrong answers, endpoints that hang, and the last good keys."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from api.access import key_set
from api.access.key_set import KeySet
from models.errors import Unavailable
from tests.api.access.test_jwt_verifier import AUDIENCE, ISSUER, VIEWER, published, token
from tests.conftest import Api, Databases, Running, settings_for

GOOD = json.dumps(published()).encode()
WRONG: dict[str, bytes] = {
    "a list": b"[]",
    "a string": b'"keys"',
    "null": b"null",
    "no JSON": b"<html>",
    "not UTF-8": b"\xff\xfe",
    "empty": b"",
    "no keys": b"{}",
    "no list": b'{"keys": {"kty": "RSA"}}',
    "no key": b'{"keys": []}',
    "no usable key": b'{"keys": [null, 1, [], {}, {"kty": "RSA"}, {"kty": "oct", "k": "c2VjcmV0"}]}',
    "deep": b"[" * 100_000,
    "large": b" " * key_set.MAX_BYTES + GOOD,
    "many": json.dumps({"keys": [{}] * (key_set.MAX_KEYS + 1)}).encode(),
}

UNFIT: list[object] = ["enc", ["sig"], {}]
"""Uses of a key for which it verifies no token."""


class Endpoint:
    """An endpoint on loopback; ``body`` is its next answer, None while it hangs."""

    def __init__(self) -> None:
        self.body: bytes | None = GOOD
        self.status = 200
        self.count = 0
        self.released = threading.Event()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                endpoint.count += 1
                if endpoint.body is None:
                    endpoint.released.wait(30)
                    return
                self.send_response(endpoint.status)
                self.end_headers()
                self.wfile.write(endpoint.body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/keys"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    key_endpoint = Endpoint()
    with key_endpoint.server as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield key_endpoint
        key_endpoint.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def advance(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return a function that moves the clock of the key set forward."""
    offset, real = [0.0], time.monotonic

    class Clock:
        @staticmethod
        def monotonic() -> float:
            return real() + offset[0]

    def advance(seconds: float) -> None:
        offset[0] += seconds

    monkeypatch.setattr(key_set, "time", Clock)
    return advance


@pytest.mark.anyio
@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
async def test_a_wrong_answer_keeps_the_last_good_keys(
    endpoint: Endpoint, advance: Callable[[float], None], body: bytes
) -> None:
    keys = KeySet(endpoint.url)
    assert await keys.find("RS256", "RS256")
    endpoint.body = body
    for _ in range(3):
        advance(10 * key_set.MAX_AGE_SECONDS)
        assert await keys.find("RS256", "RS256")
        assert await keys.find("unknown", "RS256") is None
    assert endpoint.count >= 2
    endpoint.body = GOOD
    advance(10 * key_set.MAX_AGE_SECONDS)
    assert await keys.find("unknown", "RS256") is None
    assert await keys.find("ES256", "ES256")


@pytest.mark.anyio
@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
async def test_a_wrong_first_answer_is_unavailable_and_asked_less_and_less(
    endpoint: Endpoint, advance: Callable[[float], None], body: bytes
) -> None:
    keys = KeySet(endpoint.url)
    endpoint.body = body
    for expected in (1, 1, 1):
        with pytest.raises(Unavailable):
            await keys.find("RS256", "RS256")
        assert endpoint.count == expected
    endpoint.body = GOOD
    advance(key_set.MAX_BACKOFF_SECONDS + 1)
    assert await keys.find("RS256", "RS256")


@pytest.mark.anyio
async def test_known_keys_do_not_wait_for_an_endpoint_that_hangs(
    endpoint: Endpoint, advance: Callable[[float], None]
) -> None:
    keys = KeySet(endpoint.url)
    assert await keys.find("RS256", "RS256")
    endpoint.body = None
    advance(key_set.MAX_AGE_SECONDS + 1)
    assert all([await keys.find("RS256", "RS256") for _ in range(1000)])
    waiting = [asyncio.create_task(keys.find("unknown", "RS256")) for _ in range(100)]
    assert await keys.find("ES256", "ES256")
    assert not any(task.done() for task in waiting)
    endpoint.released.set()
    assert await asyncio.gather(*waiting) == [None] * 100
    assert endpoint.count == 2


@pytest.mark.anyio
async def test_all_callers_share_one_fetch_that_ends(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_set, "FETCH_TIMEOUT_SECONDS", 0.2)
    endpoint.body = None
    keys = KeySet(endpoint.url)
    outcomes = await asyncio.gather(*(keys.find("RS256", "RS256") for _ in range(100)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {Unavailable}
    assert endpoint.count <= 1
    with pytest.raises(Unavailable):
        await keys.find("RS256", "RS256")
    assert endpoint.count <= 1


@pytest.mark.anyio
async def test_a_removed_key_is_forgotten_and_unusable_ones_are_skipped(
    endpoint: Endpoint, advance: Callable[[float], None]
) -> None:
    keys = KeySet(endpoint.url)
    assert await keys.find("RS256", "RS256")
    some: dict[str, Any] = published()
    some["keys"] = [None, {"kty": "new"}, *[key for key in some["keys"] if key["kid"] != "RS256"]]
    endpoint.body = json.dumps(some).encode()
    advance(10 * key_set.MAX_AGE_SECONDS)
    assert await keys.find("RS256", "RS256") is None
    assert await keys.find("EdDSA", "EdDSA")
    assert await keys.find("shared", "HS256") is None


@pytest.mark.parametrize("body", [b"[]", b'{"keys": [7]}', b"x"], ids=["list", "no key", "no JSON"])
def test_a_wrong_answer_is_unavailable_over_http_and_other_tokens_work(
    endpoint: Endpoint, databases: Databases, served: Api, body: bytes
) -> None:
    endpoint.body = body
    settings = settings_for(databases, jwks_url=endpoint.url, jwt_issuer=ISSUER, jwt_audience=AUDIENCE)
    with Running(settings) as url:
        api = Api(url, served.secrets)
        try:
            for _ in range(2):
                answer = api.send(VIEWER, authorization=f"Bearer {token()}")
                assert answer.status_code == 503
                assert answer.json()["errors"][0]["extensions"] == {"code": "UNAVAILABLE", "retryable": True}
            assert api.send(VIEWER).status_code == 200
        finally:
            api.client.close()


def test_equivalent_keys_share_an_id_and_keys_for_encryption_are_left_out() -> None:
    rsa, elliptic = published()["keys"][:2]
    odd = [elliptic | {"kid": f"odd {use}", "use": use} for use in UNFIT]
    body = {"keys": [rsa | {"kid": "one"}, elliptic | {"kid": "one", "use": None}, *odd]}
    keys = key_set.parse_key_set(json.dumps(body).encode())
    assert set(keys) == {("one", "RS256"), ("one", "ES256")}
    assert all(keys[name].algorithm_name == name[1] for name in keys)
