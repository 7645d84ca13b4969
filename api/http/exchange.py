"""HTTP exchanges: one request and its response, however it arrived; and the exchange of our own protocol."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Sequence
from http import HTTPStatus
from typing import Any, Final, Protocol, TypeAlias

from api.http.request import RequestHead

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]
log = logging.getLogger("uvicorn.error")
CLOSE: Final = b"connection: close\r\n"


class Cancellable(Protocol):
    """Work that a response waits for."""

    def cancel(self) -> object:
        """Cancel the work."""


class ResponseHeadTemplate:
    """The part of the head that many responses share: a status and its headers."""

    def __init__(self, status: int, headers: Headers) -> None:
        self.status = status
        self.headers = headers
        self._status_line = b"HTTP/1.1 %d %b\r\n" % (status, HTTPStatus(status).phrase.encode())
        self._defaults: Headers | None = None
        self._encoded = b""

    def encode(self, defaults: Headers) -> bytes:
        """Return the lines, with the default headers of the server; encoded again only when these change."""
        if defaults is not self._defaults:
            self._defaults = defaults
            self._encoded = self._status_line + encode_headers((*defaults, *self.headers))
        return self._encoded


def encode_headers(headers: Headers) -> bytes:
    """Return the lines of these headers."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


class Exchange(ABC):
    """One request to the GraphQL endpoint, and its response."""

    __slots__ = ("_cancellable", "body", "client", "head", "is_disconnected")

    def __init__(self, head: RequestHead, client: str, body: bytes | None) -> None:
        self.head = head
        self.client = client
        """The address of the client, or the network of an IPv6 address."""
        self.body = body
        """The request body; None where it has to be read first."""
        self.is_disconnected = False
        self._cancellable: Cancellable | None = None

    def cancel_on_disconnect(self, work: Cancellable) -> None:
        """Cancel this work, once, when the client disconnects before its response."""
        self._cancellable = work

    def disconnect(self) -> None:
        """Note that the client has disconnected."""
        self.is_disconnected = True
        cancellable, self._cancellable = self._cancellable, None
        if cancellable:
            cancellable.cancel()

    @abstractmethod
    async def read_body(self) -> bytes:
        """Return the whole body; raise RejectedRequest (413) or ClientDisconnected."""

    @abstractmethod
    def spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run work in a task that the server waits for before it stops."""

    @abstractmethod
    def respond(self, template: ResponseHeadTemplate, request_id: str, body: bytes, headers: Headers = ()) -> None:
        """Send the response; ``headers`` are those that the template does not have."""

    @abstractmethod
    def abandon(self) -> None:
        """End the exchange of a client that has disconnected, without a response."""


class HttpConnection(Protocol):
    """What an exchange needs of the connection that it belongs to."""

    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop

    @property
    def default_headers(self) -> Headers:
        """The headers of the server, such as the date."""

    @property
    def background_tasks(self) -> "set[asyncio.Task[None]]":
        """The tasks that the server waits for before it stops."""

    def on_response_complete(self) -> None:
        """Continue with the next request."""


class HttpExchange(Exchange):
    """An exchange of our own protocol: its body is complete, and its response leaves in one write."""

    __slots__ = ("_connection", "keep_alive", "response_complete")

    def __init__(self, connection: HttpConnection, head: RequestHead, client: str, *, keep_alive: bool) -> None:
        Exchange.__init__(self, head, client, b"")  # faster than super(), once a request
        self.keep_alive = keep_alive
        self.response_complete = False
        self._connection = connection

    async def read_body(self) -> bytes:
        return self.body or b""

    def spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        tasks = self._connection.background_tasks
        task = self._connection.loop.create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return task

    def respond(self, template: ResponseHeadTemplate, request_id: str, body: bytes, headers: Headers = ()) -> None:
        connection = self._connection
        self.response_complete = True
        self._cancellable = None
        self.body = b""
        if self.is_disconnected or connection.transport.is_closing():
            return
        head = template.encode(connection.default_headers)
        own = encode_headers(headers) if headers else b""
        close = b"" if self.keep_alive else CLOSE
        response = b"%bcontent-length: %d\r\nx-request-id: %b\r\n%b%b\r\n%b" % (
            *(head, len(body), request_id.encode(), own, close, body),
        )
        try:
            connection.transport.write(response)
            if not self.keep_alive:
                connection.transport.close()
            connection.on_response_complete()
        except Exception as error:  # noqa: BLE001 -- the connection is of no more use
            log.error("A response was lost: %s", type(error).__name__)  # noqa: TRY400 -- libraries quote values
            connection.transport.close()

    def abandon(self) -> None:
        self.response_complete = True
