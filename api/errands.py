"""The short road of POST /graphql: for requests whose head, caller and operation are all known from the ones before.

What such a request asks for is begun at once, and where that is one read, it is answered without a task: most questions
are of this kind, and a task with its coroutines costs as much as all else that they do. A request that is in any way
out of order is not begun here. It takes the long road from its start, on which it is said what is wrong with it.
"""

import asyncio
from collections.abc import Awaitable
from functools import cache
from time import perf_counter
from typing import Any, Final, NamedTuple

from api import literals
from api.errors import refusal_of
from api.execution import Begun, Result, as_json
from api.http import JSON_HEADERS, RESPONSE_HEADERS, Answer, GraphQLOverHTTP, answered, refused
from api.reading import Rejected, accepted, demand_json, read
from api.schema import core
from api.wire import Exchange, Lines
from models.errors import Refused, Unavailable
from resolvers.context import Context


class _Meaning(NamedTuple):
    """What a head means: which media type is wanted, and what says who asks, in which role, for which case."""

    accepts_response: bool
    named: tuple[bytes | None, ...]


OUT_OF_ORDER: Final = _Meaning(accepts_response=False, named=())
"""The meaning of a head that is to be rejected: nobody is remembered by it."""


def _meaning(headers: dict[bytes, bytes]) -> _Meaning:
    try:
        accepts_response = accepted(headers.get(b"accept"))
        demand_json(headers.get(b"content-type"))
    except Rejected:
        return OUT_OF_ORDER
    named = headers.get(b"authorization"), headers.get(b"x-role"), headers.get(b"x-case")
    return _Meaning(accepts_response, named)


class Errands:
    """The endpoint of requests of which all is known."""

    def __init__(self, endpoint: GraphQLOverHTTP) -> None:
        self._endpoint = endpoint

    def begin(self, exchange: Exchange) -> bool:
        """Begin to answer a request; False, and nothing was begun, where it has to take the long road."""
        began = perf_counter()
        endpoint, head = self._endpoint, exchange.head
        meaning = head.meaning
        if meaning is None:
            meaning = head.meaning = _meaning(dict(head.scope["headers"]))
        actor = endpoint.authenticator.recalled(meaning.named)
        if actor is None:
            return False
        try:
            endpoint.gate.demand()
            request = read(exchange.body)
            prepared = endpoint.documents.recalled(request.document, request.operation, actor)
            if prepared is None:
                return False
            literals.demand_variables(core, prepared.variables, request.variables)
        except Exception:  # noqa: BLE001 -- whatever it is, the long road finds it, too
            return False
        context = endpoint.context(actor, prepared)
        errand = _Errand(endpoint, exchange, context, began)
        begun = prepared.plan.begin(context, request.variables) if prepared.is_query else None
        if begun:
            errand.wait(begun)
        else:
            errand.run(prepared.plan.run(context, request.variables), is_query=prepared.is_query)
        return True


class _Errand:
    """One request on the short road."""

    __slots__ = ("_began", "_begun", "_context", "_endpoint", "_exchange", "_id", "_responds")

    def __init__(self, endpoint: GraphQLOverHTTP, exchange: Exchange, context: Context, began: float) -> None:
        self._endpoint = endpoint
        self._exchange = exchange
        self._context = context
        self._began = began
        self._id = endpoint.request_id()
        self._responds = exchange.head.meaning.accepts_response

    def wait(self, begun: Begun) -> None:
        """Answer as soon as the rows are there."""
        self._begun = begun
        outcome = begun.waiting.outcome
        if hasattr(outcome, "__await__"):
            self._exchange.promise = promise = asyncio.ensure_future(outcome)
            promise.add_done_callback(self._arrived)
        else:
            self._answer()

    def run(self, running: Awaitable[Result], *, is_query: bool) -> None:
        """Answer when this has ended, in a task; a query's is cancelled when its caller hangs up, a deed is done."""
        task = self._exchange.run(self._ended(running))
        if is_query:
            self._exchange.promise = task

    def _arrived(self, promise: asyncio.Future[Any]) -> None:
        if promise.cancelled():
            self._cancelled()
            return
        error = promise.exception()
        self._begun.waiting.outcome = promise.result() if error is None else error
        self._answer()

    def _answer(self) -> None:
        try:
            data = self._begun.answer()
            if data is not None and not self._context.has_seen:
                self._leave(Answer(200, {"data": data}))
            else:
                self.run(self._begun.rest(), is_query=True)
        except Exception as error:  # noqa: BLE001 -- the last net, as on the long road
            self._leave(refused([refusal_of(error)], responds=True))

    async def _ended(self, running: Awaitable[Result]) -> None:
        try:
            self._leave(await answered(await running, self._context, responds=self._responds))
        except Refused as refusal:
            self._leave(refused([refusal], responds=self._responds))
        except asyncio.CancelledError:
            self._cancelled()
        except Exception as error:  # noqa: BLE001 -- the last net, as on the long road
            self._leave(refused([refusal_of(error)], responds=True))

    def _cancelled(self) -> None:
        if self._exchange.disconnected:
            self._note("HUNG_UP")
        else:
            self._leave(refused([Unavailable()], responds=self._responds))

    def _leave(self, answer: Answer) -> None:
        lines = _lines(answer.status, responds=self._responds)
        self._exchange.answer(lines, b"x-request-id: %b\r\n" % self._id.encode(), as_json(answer.body))
        self._note(answer.code)

    def _note(self, code: str) -> None:
        context = self._context
        seconds = perf_counter() - self._began
        self._endpoint.journal.note(self._id, context.actor, context.operation, code, seconds)


@cache
def _lines(status: int, *, responds: bool) -> Lines:
    return Lines(status, RESPONSE_HEADERS if responds else JSON_HEADERS)
