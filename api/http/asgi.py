"""The ASGI adapter: GraphQL requests from other servers, and those that our protocol does not handle."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any, TypeAlias

from api.http.client_address import client_address
from api.http.exchange import Exchange, Headers, ResponseHeadTemplate
from api.http.request import Receive, RequestHead, read_body

Scope: TypeAlias = MutableMapping[str, Any]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
UNMONITORED_SECONDS = 0.05
"""Seconds that a request may take before its client is monitored: most responses are there sooner."""


class DisconnectMonitor:
    """Waits for the disconnect message of one request, and reports it to the exchange."""

    def __init__(self, exchange: Exchange, receive: Receive) -> None:
        self._exchange = exchange
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self._timer = self._loop.call_later(UNMONITORED_SECONDS, self._start)

    def stop(self) -> None:
        """Stop waiting.

        A cancelled task refers to the monitor by its traceback. The monitor must not refer to the task, too: a cycle
        that is exempt from garbage collection would keep the body of the request for ever.
        """
        self._timer.cancel()
        task, self._task = self._task, None
        if task:
            task.cancel()

    def _start(self) -> None:
        self._task = self._loop.create_task(self._wait())

    async def _wait(self) -> None:
        if (await self._receive())["type"] == "http.disconnect":
            self._exchange.disconnect()


class AsgiExchange(Exchange):
    """An exchange of an ASGI server."""

    __slots__ = ("_headers", "_monitor", "_receive", "_tasks", "response")

    def __init__(self, scope: Scope, receive: Receive, *, is_proxied: bool) -> None:
        self._headers: dict[bytes, bytes] = dict(scope["headers"])
        head = RequestHead.parse(scope["method"], self._headers)
        super().__init__(head, client_address(scope, is_proxied=is_proxied), None)
        self._receive = receive
        self._monitor: DisconnectMonitor | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.response: asyncio.Future[tuple[ResponseHeadTemplate, Headers, bytes] | None]
        self.response = asyncio.get_running_loop().create_future()
        """The response; None where the client disconnected first."""

    async def read_body(self) -> bytes:
        if self.body is None:
            self.body = await read_body(self._headers, self._receive)
            self._monitor = DisconnectMonitor(self, self._receive)
        return self.body

    def spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def respond(self, template: ResponseHeadTemplate, request_id: str, body: bytes, headers: Headers = ()) -> None:
        if not self.response.done():
            self.response.set_result((template, ((b"x-request-id", request_id.encode()), *headers), body))

    def abandon(self) -> None:
        if not self.response.done():
            self.response.set_result(None)

    def stop(self) -> None:
        """Stop monitoring the client, and forget what refers to this exchange: a cycle waits for the collector."""
        self._cancellable = None
        if self._monitor:
            self._monitor.stop()
            self._monitor = None


class AsgiAdapter:
    """Passes ASGI requests to the GraphQL endpoint, and its responses back."""

    def __init__(self, handle: Callable[[Exchange], None], *, is_proxied: bool) -> None:
        self._handle = handle
        self._is_proxied = is_proxied

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = AsgiExchange(scope, receive, is_proxied=self._is_proxied)
        self._handle(exchange)
        try:
            response = await exchange.response
        except asyncio.CancelledError:
            exchange.disconnect()
            raise
        finally:
            exchange.stop()
        if response:
            template, headers, body = response
            length = (b"content-length", b"%d" % len(body))
            start = {"status": template.status, "headers": [*template.headers, length, *headers]}
            await send({"type": "http.response.start", **start})
            await send({"type": "http.response.body", "body": body})
