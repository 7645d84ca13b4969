"""The keys that the identity provider publishes (RFC 7517): fetched in the background, kept while it fails."""

import asyncio
import json
import ssl
import time
from functools import cache
from typing import Any, TypeAlias

import httpx2
import jwt
import structlog

from models.errors import Unavailable

ALGORITHMS = ["RS256", "ES256", "EdDSA"]
MAX_AGE_SECONDS = 300.0
"""Seconds after which the published keys are fetched again."""
MIN_FETCH_INTERVAL_SECONDS = 10.0
"""Seconds between two fetches at least, however many unknown key ids the tokens name."""
FETCH_TIMEOUT_SECONDS = 5.0
MIN_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 1.0, 60.0
"""Seconds until the next fetch after a failure; they double with each further failure."""
MAX_BYTES = 256 * 1024
MAX_KEYS = 100
log = structlog.get_logger("privacy")


KeyName: TypeAlias = tuple[str, str]
"""The id of a key and its algorithm: equivalent keys of different types may share an id (RFC 7517, 4.5)."""


@cache
def _public_authorities() -> ssl.SSLContext:
    """Load the certificates of the public authorities once a process: it takes 40 ms."""
    return httpx2.create_ssl_context()


class KeySet:
    """The published keys by their names. The last good ones are kept while the provider fails or answers wrongly."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._tls = _public_authorities()  # no fetch loads them in the event loop
        self._keys: dict[KeyName, jwt.PyJWK] = {}
        self._fetched_at = self._next_fetch_at = float("-inf")
        self._failure_count = 0
        self._fetch: asyncio.Task[None] | None = None

    async def find(self, key_id: str, algorithm: str) -> jwt.PyJWK | None:
        """Return the key with this id for an algorithm; raise UNAVAILABLE when no keys could be fetched.

        Known keys are returned at once while a fetch is pending, unless they are old and no fetch has failed yet.
        Otherwise all callers wait for the same fetch, which ends after ``FETCH_TIMEOUT_SECONDS``.
        """
        key, age = self._keys.get((key_id, algorithm)), time.monotonic() - self._fetched_at
        if key is not None and age <= MAX_AGE_SECONDS:
            return key
        fetch = self._start_fetch()
        if fetch and (key is None or (age > 2 * MAX_AGE_SECONDS and not self._failure_count)):
            await asyncio.wait([fetch])
        if not self._keys:
            raise Unavailable
        return self._keys.get((key_id, algorithm))

    def _start_fetch(self) -> "asyncio.Task[None] | None":
        """Return the pending fetch, or a new one; None until the next fetch is due."""
        if (self._fetch is None or self._fetch.done()) and time.monotonic() >= self._next_fetch_at:
            self._fetch = asyncio.create_task(self._update())
        return self._fetch if self._fetch and not self._fetch.done() else None

    async def _update(self) -> None:
        """Fetch the keys. After a failure the known keys stay, and the next fetch is delayed."""
        try:
            async with asyncio.timeout(FETCH_TIMEOUT_SECONDS):
                self._keys = parse_key_set(await self._read())
        except Exception as error:  # noqa: BLE001 -- another party's answer may be wrong in any way
            delay = min(MAX_BACKOFF_SECONDS, MIN_BACKOFF_SECONDS * 2**self._failure_count)
            if not self._failure_count:
                log.warning("published keys cannot be fetched", fault=type(error).__name__, known=len(self._keys))
            self._failure_count = min(self._failure_count + 1, 16)
            self._next_fetch_at = time.monotonic() + delay
            return
        if self._failure_count:
            log.info("published keys are fetched again", known=len(self._keys))
        self._failure_count = 0
        self._fetched_at = time.monotonic()
        self._next_fetch_at = self._fetched_at + MIN_FETCH_INTERVAL_SECONDS

    async def _read(self) -> bytes:
        """Return the body of a response with status 200, without any content encoding, of limited size."""
        body = b""
        headers = {"accept": "application/jwk-set+json, application/json", "accept-encoding": "identity"}
        async with (
            httpx2.AsyncClient(timeout=FETCH_TIMEOUT_SECONDS, follow_redirects=False, verify=self._tls) as client,
            client.stream("GET", self._url, headers=headers) as response,
        ):
            response.raise_for_status()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise ValueError("the key set is too large")
        return body


def parse_key_set(body: bytes) -> dict[KeyName, jwt.PyJWK]:
    """Return the usable keys of a key set by their names; raise ValueError when there is none."""
    parsed: Any = json.loads(body)
    entries = parsed.get("keys") if isinstance(parsed, dict) else None
    if not isinstance(entries, list) or len(entries) > MAX_KEYS:
        raise ValueError("the body is not a key set")
    keys: dict[KeyName, jwt.PyJWK] = {}
    for entry in entries:
        try:
            key = jwt.PyJWK.from_dict(entry)
        except Exception:  # noqa: BLE001, S112 -- a key of an unknown kind does not make the others unusable
            continue
        key_id, use = entry.get("kid", ""), entry.get("use")
        if key.algorithm_name in ALGORITHMS and isinstance(key_id, str) and use in (None, "sig"):
            keys[key_id, key.algorithm_name] = key
    if not keys:
        raise ValueError("the key set has no usable key")
    return keys
