"""The client of the API: named operations over HTTP with the agent's own token, role and case."""

import json
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx2

from desk.sessions import Session

OPERATIONS: Final = Path(__file__).parent / "operations"
MAX_ANSWER_BYTES: Final = 5_000_000
TIMEOUT: Final = httpx2.Timeout(15.0)
"""Seconds for each step. A connection takes seconds where fifty agents come at once to a busy machine."""
LIMITS: Final = httpx2.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=4.0)
_LOGGER: Final = logging.getLogger("desk")
_OUTAGES: Final = {"UNAVAILABLE", "INTERNAL"}


class DeskOperation(NamedTuple):
    """One named operation of a file: its document, and the roles that may open its page."""

    name: str
    document: str
    roles: frozenset[str]


class ApiOutage(Exception):  # noqa: N818 -- an outage, not an error of the desk
    """The API does not answer, or not as the API does."""


class SignedOut(Exception):  # noqa: N818 -- a state of the session
    """The API does not accept the token any more."""


class ApiRefusal(Exception):  # noqa: N818 -- the API's word is refusal
    """The API refused the operation, or a part of it."""

    def __init__(self, code: str, message: str, extensions: Mapping[str, Any], data: Mapping[str, Any] | None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.extensions = extensions
        self.data = data or {}


@cache
def operation(name: str) -> DeskOperation:
    """Return the operation of ``operations/NAME.graphql``; its first line is a comment with the roles."""
    text = (OPERATIONS / f"{name}.graphql").read_text()
    first, _, document = text.partition("\n")
    match = re.search(r"^(?:query|mutation) (\w+)", document, re.MULTILINE)
    if not first.startswith("# ") or match is None:
        raise ValueError(f"{name}.graphql needs a first line with roles, and a named operation")
    return DeskOperation(match[1], document, frozenset(first.removeprefix("# ").split()))


def operation_names() -> list[str]:
    """Return the names of all operation files."""
    return sorted(path.stem for path in OPERATIONS.glob("*.graphql"))


class ApiClient:
    """Sends operations to one API. It keeps connections, and nothing of what they carried."""

    def __init__(self, url: str, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._client = httpx2.AsyncClient(
            base_url=url.rstrip("/"), timeout=TIMEOUT, limits=LIMITS, transport=transport, trust_env=False
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def run(
        self, session: Session, name: str, variables: Mapping[str, Any] | None = None, *, is_partial: bool = False
    ) -> dict[str, Any]:
        """Return the data of an operation.

        Raises SIGNED_OUT, API_OUTAGE or API_REFUSAL. With ``is_partial``, data with refused fields is returned.
        """
        if not session.token:
            raise SignedOut
        sent = operation(name)
        body = {"query": sent.document, "operationName": sent.name, "variables": dict(variables or {})}
        try:
            async with self._client.stream("POST", "/graphql", json=body, headers=_headers(session)) as answer:
                content = await _read(answer)
        except httpx2.HTTPError as problem:
            raise _outage(problem) from None
        return _data(answer, content, is_partial=is_partial)

    @asynccontextmanager
    async def download(self, session: Session, path: str) -> AsyncIterator[httpx2.Response]:
        """Open a file of the API as the agent."""
        if not session.token:
            raise SignedOut
        try:
            async with self._client.stream("GET", path, headers=_headers(session)) as answer:
                if answer.status_code == httpx2.codes.UNAUTHORIZED:
                    raise SignedOut
                yield answer
        except httpx2.HTTPError as problem:
            raise _outage(problem) from None

    async def public_keys(self) -> list[dict[str, Any]]:
        """Return the published keys that verify certificates."""
        try:
            answer = await self._client.get("/.well-known/jwks.json")
            keys = answer.json()["keys"]
        except (httpx2.HTTPError, ValueError, KeyError, TypeError):
            raise ApiOutage from None
        return [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []


def _outage(problem: httpx2.HTTPError) -> ApiOutage:
    """Return an outage, after a line for the operator that has no values."""
    _LOGGER.warning("the API did not answer: %s", type(problem).__name__)
    return ApiOutage()


def _headers(session: Session) -> dict[str, str]:
    """Return the headers that identify the agent, the acting role and the case."""
    headers = {
        "accept": "application/graphql-response+json",
        "authorization": f"Bearer {session.token}",
        "x-role": session.role,
        "x-case": session.case,
    }
    return {name: value for name, value in headers.items() if value}


async def _read(answer: httpx2.Response) -> bytes:
    content = bytearray()
    async for chunk in answer.aiter_bytes():
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise ApiOutage
    return bytes(content)


def _data(answer: httpx2.Response, content: bytes, *, is_partial: bool) -> dict[str, Any]:
    """Return the data of an answer; raise what its errors say."""
    if "json" not in answer.headers.get("content-type", ""):
        raise ApiOutage
    try:
        body = json.loads(content)
    except ValueError:
        raise ApiOutage from None
    if not isinstance(body, dict):
        raise ApiOutage
    errors, data = body.get("errors"), body.get("data")
    data = data if isinstance(data, dict) else None
    if not errors:
        if data is None:
            raise ApiOutage
        return data
    first = errors[0] if isinstance(errors, list) and isinstance(errors[0], dict) else {}
    extensions = first.get("extensions")
    extensions = extensions if isinstance(extensions, dict) else {}
    code = str(extensions.get("code", ""))
    if code == "UNAUTHENTICATED":
        raise SignedOut
    if not code or code in _OUTAGES:
        raise ApiOutage
    if is_partial and data is not None:
        return data
    raise ApiRefusal(code, str(first.get("message", "")), extensions, data)
