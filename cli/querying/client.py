"""Asking the service: one operation, with its variables, as one role."""

from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
import typer

from cli.bulk.job import LineResult, Stopped, retried
from cli.querying.operation import Operation
from models.errors import Unavailable

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
OF_ALL = {"UNAUTHENTICATED", "FORBIDDEN", "CASE_REQUIRED", "GRAPHQL_INVALID", "QUERY_TOO_LARGE"}
"""Codes that say no to the operation itself, whatever its variables: nothing is gained by going on."""
PART = "the service"


class QueryAnswer(NamedTuple):
    """What the service said: what was read, and of a failure its code and the argument."""

    data: Any
    code: str | None = None
    argument: str | None = None
    body: Any = None

    @property
    def outcome(self) -> LineResult:
        return LineResult(() if self.code else ("done",), self.code, self.argument)


class QueryClient:
    """The service, reached as one caller."""

    def __init__(self, url: str, secret: str, role: str | None, case: str | None, connections: int) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise typer.BadParameter("--url is the service's address: https://privacy.example.com")
        is_near = parts.hostname in LOOPBACK
        if parts.scheme == "http" and not is_near:
            raise typer.BadParameter("--url must begin with https:// off this machine: a token would travel in clear")
        headers = {
            "authorization": f"Bearer {secret}",
            "accept": "application/graphql-response+json",
            **({"x-role": role} if role else {}),
            **({"x-case": case} if case else {}),
        }
        self.url = url.rstrip("/").removesuffix("/graphql") + "/graphql"
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self.client = httpx.AsyncClient(headers=headers, timeout=60, limits=limits, trust_env=not is_near)

    async def ask(self, operation: Operation, variables: dict[str, Any]) -> QueryAnswer:
        """Ask, again while it is unavailable; Stopped when it answers nothing for a minute."""

        async def once() -> QueryAnswer:
            try:
                body = {"query": operation.document, "variables": variables, "operationName": operation.name}
                response = await self.client.post(self.url, json=body)
            except httpx.TransportError:
                raise Unavailable from None
            answer = _read(response)
            if answer.code == "UNAVAILABLE":
                raise Unavailable
            return answer

        return await retried(once, PART)


def _read(response: httpx.Response) -> QueryAnswer:
    try:
        body = response.json()
        errors = body.get("errors")
    except (ValueError, AttributeError):
        if response.is_server_error:
            return QueryAnswer(None, "UNAVAILABLE")
        raise Stopped(f"that is not the privacy API: HTTP status {response.status_code} without JSON") from None
    if not errors:
        return QueryAnswer(body.get("data"), body=body)
    extensions = errors[0].get("extensions") or {}
    argument = extensions.get("argument")
    return QueryAnswer(body.get("data"), str(extensions.get("code", "INTERNAL")), argument and str(argument), body)


def demand_sense(answer: QueryAnswer) -> None:
    """Stop when the operation itself is refused; the sentence says why."""
    if answer.code in OF_ALL:
        error = answer.body["errors"][0]
        access = error.get("extensions", {}).get("access") or []
        fields = "; ".join(f"{refused.get('field')}: {', '.join(refused.get('roles', []))}" for refused in access)
        raise Stopped(f"{answer.code}: {error.get('message')}" + (f" Who may: {fields}" if fields else ""))
