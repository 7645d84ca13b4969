"""The GraphQL endpoint: one pipeline from a request to its response (GraphQL over HTTP, working draft).

A request is handled synchronously while everything it needs is cached: head, actor, operation, started query. Where
something has to be awaited, such as authentication or a mutation, it continues in a task.
"""

import asyncio
import os
from collections.abc import Mapping
from itertools import count
from time import perf_counter
from typing import Any

from api.access.authentication import Authenticator, resolve_actor
from api.access.policy import PERMISSIONS
from api.access.restore_guard import RestoreGuard
from api.graphql import input_screening, limits
from api.graphql.errors import InvalidOperation
from api.graphql.execution import Result, as_json
from api.graphql.execution.batching import RequestBatcher
from api.graphql.execution.query_execution import Outcome
from api.graphql.operation_cache import OperationCache
from api.graphql.prepare import PreparedOperation
from api.graphql.responses import Response, error_response, head_template, refused, response_with_errors
from api.graphql.schema import core
from api.http.exchange import Exchange, Headers
from api.http.rate_limit import AuthFailureThrottle
from api.http.request import ClientDisconnected, Request, parse_request
from api.http.request_log import RequestLog
from models.access.cost_limits import DEFAULT_MAX_COSTS
from models.actors import Actor, Role
from models.errors import CaseRequired, Forbidden, Unauthenticated, Unavailable
from models.storage.turns import Steps
from resolvers.app_state import AppState
from resolvers.context import RequestContext, write_access_logs


class GraphQLEndpoint:
    """The endpoint of all callers."""

    def __init__(
        self,
        service: AppState,
        authenticator: Authenticator,
        request_log: RequestLog,
        restore_guard: RestoreGuard,
        max_costs: Mapping[Role, int] = DEFAULT_MAX_COSTS,
    ) -> None:
        self.service = service
        self.authenticator = authenticator
        self.request_log = request_log
        self.restore_guard = restore_guard
        self.max_costs = max_costs
        self.operations = OperationCache()
        self.batcher: RequestBatcher[RequestContext] = RequestBatcher(write_access_logs)
        self.throttle = AuthFailureThrottle()
        self.execution_class: type[RequestExecution] = RequestExecution
        self._process, self._numbers = os.urandom(4).hex(), count()

    def handle(self, exchange: Exchange) -> None:
        """Handle one request; its response may be sent later."""
        self.execution_class(self, exchange).start()

    def next_request_id(self) -> str:
        """Return the id of one more request."""
        return f"{self._process}{next(self._numbers):08x}"


class RequestExecution:
    """One request in the pipeline."""

    __slots__ = ("_accepts_response", "_actor", "_cost", "_endpoint", "_exchange", "_id", "_operation", "_started_at")

    def __init__(self, endpoint: GraphQLEndpoint, exchange: Exchange) -> None:
        self._started_at = perf_counter()
        self._endpoint = endpoint
        self._exchange = exchange
        self._id = endpoint.next_request_id()
        self._accepts_response = exchange.head.accepts_response
        self._actor: Actor | None = None
        self._operation: str | None = None
        self._cost = b""  # the end of a response that shows it

    def start(self) -> None:
        """Continue synchronously if the actor is cached and the body is there, otherwise in a task."""
        endpoint, exchange, head = self._endpoint, self._exchange, self._exchange.head
        try:
            if head.rejection:
                raise head.rejection  # noqa: TRY301 -- all errors are answered in one place
            endpoint.restore_guard.require_open()
            self._actor = endpoint.authenticator.cached_actor(head.credentials)
            if self._actor is None or exchange.body is None:
                exchange.spawn(self._authenticate())
            else:
                self._execute(self._actor, exchange.body)
        except Exception as error:  # noqa: BLE001 -- every error is answered
            self._respond_error(error)

    async def _authenticate(self) -> None:
        """Resolve the actor, read the body and continue."""
        endpoint, exchange = self._endpoint, self._exchange
        try:
            if self._actor is None:
                self._actor = await self._resolve_actor(exchange.head.credentials)
            self._execute(self._actor, await exchange.read_body())
        except Unauthenticated as error:
            await endpoint.throttle.slow_down(exchange.client)
            self._respond_error(error)
        except Exception as error:  # noqa: BLE001 -- every error is answered
            self._respond_error(error)

    async def _resolve_actor(self, credentials: tuple[bytes | None, ...]) -> Actor:
        authenticator = self._endpoint.authenticator
        authorization, role, case = (None if value is None else value.decode("latin-1") for value in credentials)
        token = await authenticator.verify(authorization or "")
        try:
            actor = resolve_actor(token, role, case)
        except Forbidden:
            known = Actor(token.name, token.roles[0], token.roles, identity=token.identity)
            await RequestContext(self._endpoint.service, known, None, frozenset()).record_refusal(["X-Role"])
            raise
        authenticator.cache_actor(credentials, actor, token)
        return actor

    def _execute(self, actor: Actor, body: bytes) -> None:
        """Start an operation that is cached and has few variables; prepare any other one in turns of the loop."""
        request = parse_request(body)
        operation = self._endpoint.operations.get(request.document, request.operation, actor)
        if operation is None or len(body) > limits.SHORT_BODY:
            self._exchange.spawn(self._prepare(actor, request))
        else:
            cost = self._require_cost(actor, operation, request.variables)
            input_screening.screen_variables(core, operation.variables, request.variables, operation.reported)
            self._start(actor, operation, request.variables, cost)

    async def _prepare(self, actor: Actor, request: Request) -> None:
        try:
            operation, cost = await self._endpoint.service.turns.run(self._preparation_steps(actor, request))
            self._start(actor, operation, request.variables, cost)
        except InvalidOperation as error:
            self._respond(refused(error.errors, responds=self._accepts_response))
        except (Forbidden, CaseRequired) as refusal:
            self._operation = request.operation  # the document has it: an unknown name is not logged
            await self._record_refusal(actor, refusal)
        except Exception as error:  # noqa: BLE001 -- every error is answered
            self._respond_error(error)

    def _preparation_steps(self, actor: Actor, request: Request) -> Steps[tuple[PreparedOperation, int]]:
        operation = yield from self._endpoint.operations.preparation_steps(request.document, request.operation, actor)
        cost = self._require_cost(actor, operation, request.variables)
        yield from operation.screening_steps(request.variables)
        return operation, cost

    def _require_cost(self, actor: Actor, operation: PreparedOperation, variables: dict[str, Any]) -> int:
        self._operation = operation.name
        most = self._endpoint.max_costs[actor.role]
        cost = operation.require_cost(variables, most)
        if self._exchange.head.shows_cost:
            self._cost = b',"extensions":{"cost":{"requested":%d,"most":%d}}}' % (cost, most)
        return cost

    def _start(self, actor: Actor, operation: PreparedOperation, variables: dict[str, Any], cost: int) -> None:
        """Start an operation as a query that can be batched, otherwise execute it in a task."""
        endpoint, exchange, context = self._endpoint, self._exchange, self._context(actor, operation)
        if operation.is_query and exchange.is_disconnected:
            raise ClientDisconnected
        can_batch = operation.is_query and cost <= limits.BATCHABLE_COST
        if started := operation.plan.start(context, variables) if can_batch else None:
            exchange.cancel_on_disconnect(endpoint.batcher.start(started, context, exchange.spawn, self._query_done))
        else:
            task = exchange.spawn(self._run(operation, context, variables))
            task.add_done_callback(self._task_done)
            if operation.is_query:  # a mutation completes even if its client has disconnected
                exchange.cancel_on_disconnect(task)

    def _context(self, actor: Actor, operation: PreparedOperation) -> RequestContext:
        return RequestContext(self._endpoint.service, actor, operation.name, PERMISSIONS[actor.role], operation.hash)

    async def _run(self, operation: PreparedOperation, context: RequestContext, variables: dict[str, Any]) -> None:
        try:
            result = await operation.plan.execute(context, variables)
            if recording := write_access_logs([context]):
                await recording
            self._respond_result(result)
        except Exception as error:  # noqa: BLE001 -- every error is answered
            self._respond_error(error)

    async def _record_refusal(self, actor: Actor, refusal: Forbidden | CaseRequired) -> None:
        """Record the refusal of an operation before it is answered."""
        try:
            context = RequestContext(self._endpoint.service, actor, None, PERMISSIONS[actor.role])
            await context.record_refusal([entry["field"] for entry in refusal.extensions["access"]])  # type: ignore[attr-defined]
        except Exception as error:  # noqa: BLE001 -- every error is answered
            self._respond_error(error)
        else:
            self._respond_error(refusal)

    def _query_done(self, outcome: Outcome) -> None:
        try:
            if self._exchange.is_disconnected or outcome is None:
                self._cancelled()
            elif isinstance(outcome, bytes):
                self._send(200, outcome)
            elif isinstance(outcome, Result):
                self._respond_result(outcome)
            else:
                self._respond_error(outcome)
        except Exception as error:  # noqa: BLE001 -- every error is answered
            self._respond_error(error)

    def _task_done(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled():
            self._cancelled()

    def _cancelled(self) -> None:
        """End a request whose client has disconnected; one that was cancelled by the server is UNAVAILABLE."""
        if self._exchange.is_disconnected:
            self._log("HUNG_UP")
            self._exchange.abandon()
        else:
            self._respond_error(Unavailable())

    def _respond_result(self, result: Result) -> None:
        if not result.executed:
            self._respond(refused(result.errors, responds=self._accepts_response))
        elif result.errors:
            self._respond(response_with_errors(result.data, result.errors))
        else:
            self._send(200, as_json({"data": result.data}))

    def _respond_error(self, error: Exception) -> None:
        if isinstance(error, ClientDisconnected):
            self._log("HUNG_UP")
            self._exchange.abandon()
        else:
            self._respond(*error_response(error, responds=self._accepts_response))

    def _respond(self, response: Response, headers: Headers = ()) -> None:
        self._send(response.status, as_json(response.body), response.code, headers)

    def _send(self, status: int, body: bytes, code: str = "", headers: Headers = ()) -> None:
        if self._cost:
            body = body[:-1] + self._cost
        self._exchange.respond(head_template(status, responds=self._accepts_response), self._id, body, headers)
        self._log(code)

    def _log(self, code: str, trace_id: str = "") -> None:
        seconds = perf_counter() - self._started_at
        trace_id = trace_id or self._exchange.head.traceparent[3:35]
        self._endpoint.request_log.note(self._id, self._actor, self._operation, code, seconds, trace_id)
