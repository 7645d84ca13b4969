"""The HTTP client of ``privacy query``: it sends one operation with its variables in one role."""

from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx2
import typer

from cli.bulk.job import JobStopped, LineResult, retry_while_unavailable
from cli.querying.operation import Operation
from models.errors import Unavailable

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
OPERATION_ERRORS = {"UNAUTHENTICATED", "FORBIDDEN", "CASE_REQUIRED", "GRAPHQL_INVALID", "QUERY_TOO_LARGE"}
"""Codes that refuse the operation whatever its variables are: further lines would fail, too."""
REQUEST_TIMEOUT = 60.0
"""Seconds that one request may take."""


class QueryResult(NamedTuple):
    """The response to one operation: its data, and for a failure the code and the argument of the first error."""

    data: Any
    code: str | None = None
    argument: str | None = None
    body: Any = None

    @property
    def line_result(self) -> LineResult:
        return LineResult(() if self.code else ("done",), self.code, self.argument)


class QueryClient:
    """A connection pool to the service that sends one token, and optionally a role and a case."""

    def __init__(self, url: str, token: str, role: str | None, case: str | None, connections: int) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise typer.BadParameter("--url takes the URL of the service: https://privacy.example.com")
        is_local = parts.hostname in LOOPBACK
        if parts.scheme == "http" and not is_local:
            raise typer.BadParameter("--url must begin with https://, because http:// sends the token unencrypted")
        headers = {
            "authorization": f"Bearer {token}",
            "accept": "application/graphql-response+json",
            **({"x-role": role} if role else {}),
            **({"x-case": case} if case else {}),
        }
        self.url = url.rstrip("/").removesuffix("/graphql") + "/graphql"
        limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
        self.http = httpx2.AsyncClient(headers=headers, timeout=REQUEST_TIMEOUT, limits=limits, trust_env=not is_local)

    async def execute(self, operation: Operation, variables: dict[str, Any]) -> QueryResult:
        """Send the operation; repeat it while the service is unavailable, and raise JobStopped after a minute."""

        async def attempt() -> QueryResult:
            try:
                body = {"query": operation.document, "variables": variables, "operationName": operation.name}
                response = await self.http.post(self.url, json=body)
            except httpx2.TransportError:
                raise Unavailable from None
            result = parse_response(response)
            if result.code == "UNAVAILABLE":
                raise Unavailable
            return result

        return await retry_while_unavailable(attempt, "the service")


def parse_response(response: httpx2.Response) -> QueryResult:
    """Return the result in a response; raise JobStopped when the server is not a GraphQL service."""
    try:
        body = response.json()
        errors = body.get("errors")
    except (ValueError, AttributeError):
        if response.is_server_error:
            return QueryResult(None, "UNAVAILABLE")
        raise JobStopped(f"--url is not a privacy API: HTTP status {response.status_code} without JSON") from None
    if not errors:
        return QueryResult(body.get("data"), body=body)
    extensions = errors[0].get("extensions") or {}
    argument = extensions.get("argument")
    return QueryResult(body.get("data"), str(extensions.get("code", "INTERNAL")), argument and str(argument), body)


def raise_if_refused(result: QueryResult) -> None:
    """Raise JobStopped when the service refused the operation itself; the message names the roles that may run it."""
    if result.code in OPERATION_ERRORS:
        error = result.body["errors"][0]
        access = error.get("extensions", {}).get("access") or []
        fields = "; ".join(f"{refused.get('field')}: {', '.join(refused.get('roles', []))}" for refused in access)
        raise JobStopped(f"{result.code}: {error.get('message')}" + (f" Required roles: {fields}" if fields else ""))
