"""The short road of POST /graphql: for requests whose head, caller and operation are all known from the ones before.

What such a request asks for is begun at once, and where that is one read, it is answered without a task: most questions
are of this kind, and a task with its coroutines costs as much as all else that they do. A request that is in any way
out of order is not begun here. It takes the long road from its start, on which it is said what is wrong with it.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from functools import cache, partial
from time import perf_counter
from typing import Any, Final, NamedTuple

from api import literals
from api.auth import named
from api.errors import refusal_of
from api.execution import Begun, Result, as_json, together
from api.execution.levels import Level
from api.http import JSON_HEADERS, RESPONSE_HEADERS, Answer, GraphQLOverHTTP, answered, refused
from api.reading import Rejected, accepted, demand_json, read
from api.schema import core
from api.wire import Exchange, Lines
from models.errors import Refused, Unavailable
from resolvers.context import Context, record

MOST_TOGETHER: Final = 16
"""How many requests go on together at most: what they share is shared well enough, and others get their turn."""


class _Meaning(NamedTuple):
    """What a head means: which media type is wanted, and what says who asks, in which role, for which case."""

    accepts_response: bool
    caller: tuple[bytes | None, ...]


OUT_OF_ORDER: Final = _Meaning(accepts_response=False, caller=())
"""The meaning of a head that is to be rejected: nobody is remembered by it."""


def _meaning(headers: dict[bytes, bytes]) -> _Meaning:
    try:
        accepts_response = accepted(headers.get(b"accept"))
        demand_json(headers.get(b"content-type"))
    except Rejected:
        return OUT_OF_ORDER
    return _Meaning(accepts_response, named(headers))


class Errands:
    """The endpoint of requests of which all is known."""

    def __init__(self, endpoint: GraphQLOverHTTP) -> None:
        self.endpoint = endpoint
        self._gathering: dict[Level, list[_Errand]] = {}

    def begin(self, exchange: Exchange) -> bool:
        """Begin to answer a request; False, and nothing was begun, where it has to take the long road."""
        began = perf_counter()
        endpoint, head = self.endpoint, exchange.head
        meaning = head.meaning
        if meaning is None:
            meaning = head.meaning = _meaning(dict(head.scope["headers"]))
        actor = endpoint.authenticator.recalled(meaning.caller)
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
        errand = _Errand(self, exchange, context, began)
        try:
            begun = prepared.plan.begin(context, request.variables) if prepared.is_query else None
            if begun:
                errand.wait(begun)
            else:
                errand.run(prepared.plan.run(context, request.variables), is_query=prepared.is_query)
        except Exception as error:  # noqa: BLE001 -- the last net, as on the long road
            errand.fail(error)
        return True

    def gather(self, errand: "_Errand") -> None:
        """Have an errand whose rows are there go on, together with others that come to the same point in this turn."""
        level = errand.begun.first.level
        gathering = self._gathering.get(level)
        if gathering is None:
            self._gathering[level] = [errand]
            asyncio.get_running_loop().call_soon(self._go_on, level)
        else:
            gathering.append(errand)

    def _go_on(self, level: Level) -> None:
        gathered = self._gathering.pop(level)
        errands = [errand for errand in gathered if not errand.exchange.disconnected]
        for errand in gathered:
            if errand.exchange.disconnected:
                errand.cancelled()
        for start in range(0, len(errands), MOST_TOGETHER):
            group = errands[start : start + MOST_TOGETHER]
            if len(group) == 1 or level.is_alone:
                for errand in group:
                    errand.go_alone()
            else:
                _Convoy(self.endpoint, group)


class _Errand:
    """One request on the short road."""

    __slots__ = ("_began", "_errands", "_id", "_responds", "begun", "context", "exchange")

    def __init__(self, errands: Errands, exchange: Exchange, context: Context, began: float) -> None:
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
            promise.add_done_callback(self._arrived)
        else:
            self._answer()

    def run(self, running: Coroutine[Any, Any, Result], *, is_query: bool) -> None:
        """Answer when this has ended, in a task; a query's is cancelled when its caller hangs up, a deed is done."""
        task = self.exchange.run(self._ended(running))
        task.add_done_callback(partial(self._stopped, running))
        if is_query:
            self.exchange.promise = task

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
                self.tell(data)
            elif isinstance(self.begun.waiting.outcome, Exception):
                self.go_alone()
            else:
                self._errands.gather(self)
        except Exception as error:  # noqa: BLE001 -- the last net, as on the long road
            self.fail(error)

    def go_alone(self) -> None:
        """Do the rest for this request, unless its caller has hung up."""
        if self.exchange.disconnected:
            self.cancelled()
        else:
            self.run(self.begun.rest(), is_query=True)

    def tell(self, data: dict[str, Any]) -> None:
        """Answer, where nothing went wrong."""
        if self.exchange.disconnected:
            self.cancelled()
            return
        try:
            self.leave(Answer(200, {"data": data}))
        except Exception as error:  # noqa: BLE001 -- the last net, as on the long road
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Answer that it came to nothing, and why."""
        if isinstance(error, Refused):
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
        lines = _lines(answer.status, responds=self._responds)
        self.exchange.answer(lines, b"x-request-id: %b\r\n" % self._id.encode(), as_json(answer.body))
        self._note(answer.code)

    def _note(self, code: str) -> None:
        context = self.context
        seconds = perf_counter() - self._began
        self._errands.endpoint.journal.note(self._id, context.actor, context.operation, code, seconds)


class _Convoy:
    """Several requests for one operation, whose rows arrived in one turn: the rest is done for all of them at once.

    What their answers say is as if each went alone, and so is the record. Where one of them turns out to need more than
    the others, or fails in any way, each does go alone, from its rows on.
    """

    def __init__(self, endpoint: GraphQLOverHTTP, errands: Sequence[_Errand]) -> None:
        self._endpoint = endpoint
        self._errands = errands
        self._left = len(errands)
        self._task = errands[0].exchange.run(self._go())
        self._task.add_done_callback(self._stopped)
        for errand in errands:
            errand.exchange.promise = self

    def cancel(self) -> None:
        """Count one caller who has hung up; when none is left, stop."""
        self._left -= 1
        if not self._left:
            self._task.cancel()

    async def _go(self) -> None:
        errands = self._errands
        try:
            shared = errands[0].context.fresh()
            answers = await together([errand.begun for errand in errands], shared)
            if answers is None:
                for errand in errands:
                    errand.go_alone()
                return
            if events := [event for errand in errands for event in errand.context.taken_down()]:
                await record(self._endpoint.service, events)
            for errand, data in zip(errands, answers, strict=True):
                errand.tell(data)
        except Exception as error:  # noqa: BLE001 -- the last net, as on the long road
            for errand in errands:
                errand.fail(error)

    def _stopped(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            for errand in self._errands:
                errand.cancelled()


@cache
def _lines(status: int, *, responds: bool) -> Lines:
    return Lines(status, RESPONSE_HEADERS if responds else JSON_HEADERS)
