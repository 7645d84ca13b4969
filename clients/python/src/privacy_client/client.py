"""The client of programs without an event loop."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Self, TypeVar

import httpx2

from privacy_client.decoding import Page
from privacy_client.errors import PrivacyError, UnreachableError
from privacy_client.generated.enums import Role
from privacy_client.generated.methods import SyncMethods
from privacy_client.operation import Operation
from privacy_client.responses import data_of
from privacy_client.retries import Retries
from privacy_client.settings import Acting

Result = TypeVar("Result")
Node = TypeVar("Node")


class PrivacyClient(SyncMethods):
    """Sends operations over a pool of connections. It caches no answer; threads may share it."""

    def __init__(  # noqa: PLR0913 -- each is a setting that callers name
        self,
        url: str,
        token: str | Callable[[], str],
        *,
        case: str | None = None,
        role: Role | None = None,
        retries: Retries | None = None,
        http: httpx2.Client | None = None,
    ) -> None:
        """Take the address of ``/graphql`` and a token, or a function that returns the current one."""
        self._url = url
        self._token = token if callable(token) else lambda: token
        self._acting = Acting(case=case, role=role)
        self._retries = retries or Retries()
        self._http = http or httpx2.Client(timeout=30)

    def acting(self, *, case: str | None = None, role: Role | None = None) -> Self:
        """Return a client for this case or role, which shares the connections of this one."""
        copy = type(self)(self._url, self._token, retries=self._retries, http=self._http)
        copy._acting = replace(self._acting, case=case or self._acting.case, role=role or self._acting.role)  # noqa: SLF001
        return copy

    def run(self, operation: Operation[Result]) -> Result:
        """Run an operation, again while the service is unavailable; return its result."""
        body = operation.body()
        for pause in self._retries.pauses():
            try:
                headers = self._acting.headers(self._token())
                response = self._http.post(self._url, json=body, headers=headers)
                return operation.parse(data_of(response.status_code, response.content))
            except httpx2.TransportError as error:
                if pause is None:
                    raise UnreachableError(str(error)) from error
            except PrivacyError as error:
                if pause is None or not error.is_retryable:
                    raise
            time.sleep(pause)
        raise AssertionError

    def iterate(self, operation: Operation[Page[Node]]) -> Iterator[Node]:
        """Yield the rows of all pages of a list."""
        while True:
            page = self.run(operation)
            yield from page.nodes
            if not page.has_next_page:
                return
            operation = operation.after(page.end_cursor)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
