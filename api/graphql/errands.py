"""The short road of POST /graphql: for requests whose head, caller and operation are all known from the ones before.

What such a request asks for is begun at once, and where that is one read, it is answered without a task: most questions
are of this kind, and a task with its coroutines costs as much as all else that they do. A request that is in any way
out of order is not begun here. It takes the long road from its start, on which it is said what is wrong with it.
"""

import asyncio
from collections.abc import Coroutine
from functools import cache, partial
from time import perf_counter
from typing import Any, Final, NamedTuple

from api.access.authentication import credentials_of
from api.graphql import input_screening
from api.graphql.endpoint import JSON_HEADERS, RESPONSE_HEADERS, Answer, GraphQLOverHTTP, answered, refused
from api.graphql.errors import refusal_of
from api.graphql.execution import Begun, Result, as_json
from api.graphql.execution.batching import Convoys
from api.graphql.schema import core
from api.http.protocol import Exchange, Lines
from api.http.request import RejectedRequest, negotiate_media_type, parse_request, require_json
from models.errors import Refusal, Unavailable
from resolvers.context import RequestContext


class _Meaning(NamedTuple):
    """What a head means: which media type is wanted, and what says who asks, in which role, for which case."""

    accepts_response: bool
    caller: tuple[bytes | None, ...]


OUT_OF_ORDER: Final = _Meaning(accepts_response=False, caller=())
"""The meaning of a head that is to be rejected: nobody is remembered by it."""


def _meaning(headers: dict[bytes, bytes]) -> _Meaning:
    try:
        accepts_response = negotiate_media_type(headers.get(b"accept"))
        require_json(headers.get(b"content-type"))
    except RejectedRequest:
        return OUT_OF_ORDER
    return _Meaning(accepts_response, credentials_of(headers))


class Errands:
    """The endpoint of requests of which all is known."""

    def __init__(self, endpoint: GraphQLOverHTTP) -> None:
        self.endpoint = endpoint
        self.convoys = Convoys(endpoint.service)

    def begin(self, exchange: Exchange) -> bool:
        """Begin to answer a request; False, and nothing was begun, where it has to take the long road."""
        began = perf_counter()
        endpoint, head = self.endpoint, exchange.head
        meaning = head.meaning
        if meaning is None:
            meaning = head.meaning = _meaning(dict(head.scope["headers"]))
        actor = endpoint.authenticator.cached_actor(meaning.caller)
        if actor is None:
            return False
        try:
            endpoint.restore_guard.require_open()
            request = parse_request(exchange.body)
            prepared = endpoint.documents.recalled(request.document, request.operation, actor)
            if prepared is None:
                return False
            input_screening.screen_variables(core, prepared.variables, request.variables)
        except Exception:  # noqa: BLE001 -- whatever it is, the long road finds it, too
            return False
        context = endpoint.context(actor, prepared)
        errand = Errand(self, exchange, context, began)
        try:
            begun = prepared.plan.begin(context, request.variables) if prepared.is_query else None
            if begun:
                errand.wait(begun)
            else:
                errand.run(prepared.plan.run(context, request.variables), is_query=prepared.is_query)
        except Exception as error:  # noqa: BLE001 -- the last net, as on the long road
            errand.fail(error)
        return True


class Errand:
    """One request on the short road."""

    __slots__ = ("_began", "_errands", "_id", "_responds", "begun", "context", "exchange")

    def __init__(self, errands: Errands, exchange: Exchange, context: RequestContext, began: float) -> None:
        self._errands = errands
        self.exchange = exchange
        self.context = context
        self._began = began
        self._id = errands.endpoint.request_id()
        self._responds = exchange.head.meaning.accepts_response

    def wait(self, begun: Begun) -> None:
        """Answer as soon as the rows are there."""
        self.begun = begun
        outcome = begun.waiting.outcome
        if hasattr(outcome, "__await__"):
            self.exchange.promise = promise = asyncio.ensure_future(outcome)
            if begun.first.level.leads_on:
                self._errands.convoys.expect(begun.first.level)
                promise.add_done_callback(self._expected)
            else:
                promise.add_done_callback(self._arrived)
        else:
            self._answer()

    def run(self, running: Coroutine[Any, Any, Result], *, is_query: bool) -> None:
        """Answer when this has ended, in a task; a query's is cancelled when its caller hangs up, a deed is done."""
        task = self.exchange.run(self._ended(running))
        task.add_done_callback(partial(self._stopped, running))
        if is_query:
            self.exchange.promise = task

    def _expected(self, promise: asyncio.Future[Any]) -> None:
        self._errands.convoys.expect(self.begun.first.level, -1)
        self._arrived(promise)

    def _arrived(self, promise: asyncio.Future[Any]) -> None:
        if promise.cancelled():
            self.cancelled()
            return
        error = promise.exception()
        self.begun.waiting.outcome = promise.result() if error is None else error
        self._answer()

    def _answer(self) -> None:
        try:
            data = self.begun.answer()
            if data is not None and not self.context.has_seen:
                self.tell(as_json({"data": data}))
            elif isinstance(self.begun.waiting.outcome, Exception):
                self.go_alone()
            else:
                self._errands.convoys.gather(self)
        except Exception as error:  # noqa: BLE001 -- the last net, as on the long road
            self.fail(error)

    def go_alone(self) -> None:
        """Do the rest for this request, unless its caller has hung up."""
        if self.exchange.disconnected:
            self.cancelled()
        else:
            self.run(self.begun.rest(), is_query=True)

    def tell(self, body: bytes) -> None:
        """Answer, where nothing went wrong."""
        if self.exchange.disconnected:
            self.cancelled()
            return
        try:
            self._leave(200, body)
        except Exception as error:  # noqa: BLE001 -- the last net, as on the long road
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Answer that it came to nothing, and why."""
        if isinstance(error, Refusal):
            self.leave(refused([error], responds=self._responds))
        else:
            self.leave(refused([refusal_of(error)], responds=True))

    async def _ended(self, running: Coroutine[Any, Any, Result]) -> None:
        try:
            self.leave(await answered(await running, self.context, responds=self._responds))
        except Exception as error:  # noqa: BLE001 -- the last net, as on the long road
            self.fail(error)

    def _stopped(self, running: Coroutine[Any, Any, Result], task: asyncio.Task[None]) -> None:
        """See to a task that was cancelled, perhaps before it began."""
        if task.cancelled():
            running.close()
            self.cancelled()

    def cancelled(self) -> None:
        """Note that the caller has hung up; one who has not is told to come back."""
        if self.exchange.disconnected:
            self._note("HUNG_UP")
        else:
            self.leave(refused([Unavailable()], responds=self._responds))

    def leave(self, answer: Answer) -> None:
        """Answer, and be gone."""
        self._leave(answer.status, as_json(answer.body), answer.code)

    def _leave(self, status: int, body: bytes, code: str = "") -> None:
        lines = _lines(status, responds=self._responds)
        self.exchange.answer(lines, b"x-request-id: %b\r\n" % self._id.encode(), body)
        self._note(code)

    def _note(self, code: str) -> None:
        context = self.context
        seconds = perf_counter() - self._began
        self._errands.endpoint.journal.note(self._id, context.actor, context.operation, code, seconds)


@cache
def _lines(status: int, *, responds: bool) -> Lines:
    return Lines(status, RESPONSE_HEADERS if responds else JSON_HEADERS)
