"""The client of programs with an event loop."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from types import TracebackType
from typing import Self, TypeVar

import httpx2

from privacy_client.decoding import Page
from privacy_client.errors import PrivacyError, UnreachableError
from privacy_client.generated.enums import Role
from privacy_client.generated.methods import AsyncMethods
from privacy_client.operation import Operation
from privacy_client.responses import data_of
from privacy_client.retries import Retries
from privacy_client.settings import Acting

Result = TypeVar("Result")
Node = TypeVar("Node")


class AsyncPrivacyClient(AsyncMethods):
    """Sends operations over a pool of connections. It caches no answer."""

    def __init__(  # noqa: PLR0913 -- each is a setting that callers name
        self,
        url: str,
        token: str | Callable[[], str | Awaitable[str]],
        *,
        case: str | None = None,
        role: Role | None = None,
        retries: Retries | None = None,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        """Take the address of ``/graphql`` and a token, or a function that returns the current one."""
        self._url = url
        self._token = token if callable(token) else lambda: token
        self._acting = Acting(case=case, role=role)
        self._retries = retries or Retries()
        self._http = http or httpx2.AsyncClient(timeout=30)

    def acting(self, *, case: str | None = None, role: Role | None = None) -> Self:
        """Return a client for this case or role, which shares the connections of this one."""
        copy = type(self)(self._url, self._token, retries=self._retries, http=self._http)
        copy._acting = replace(self._acting, case=case or self._acting.case, role=role or self._acting.role)  # noqa: SLF001
        return copy

    async def run(self, operation: Operation[Result]) -> Result:
        """Run an operation, again while the service is unavailable; return its result."""
        body = operation.body()
        for pause in self._retries.pauses():
            try:
                headers = self._acting.headers(await self._current_token())
                response = await self._http.post(self._url, json=body, headers=headers)
                return operation.parse(data_of(response.status_code, response.content))
            except httpx2.TransportError as error:
                if pause is None:
                    raise UnreachableError(str(error)) from error
            except PrivacyError as error:
                if pause is None or not error.is_retryable:
                    raise
            await asyncio.sleep(pause)
        raise AssertionError

    async def iterate(self, operation: Operation[Page[Node]]) -> AsyncIterator[Node]:
        """Yield the rows of all pages of a list."""
        while True:
            page = await self.run(operation)
            for node in page.nodes:
                yield node
            if not page.has_next_page:
                return
            operation = operation.after(page.end_cursor)

    async def _current_token(self) -> str:
        token = self._token()
        return await token if inspect.isawaitable(token) else token

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
