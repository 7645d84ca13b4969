"""POST /graphql as plain ASGI: who asks, what is answered, with which status (GraphQL over HTTP, a draft)."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from itertools import count
from typing import Any, NamedTuple

from graphql import GraphQLError

from api.access.authentication import Authenticator, credentials_of, resolve_actor
from api.access.policy import visible_types
from api.access.restore_guard import RestoreGuard
from api.graphql import input_screening
from api.graphql.errors import format_error, refusal_of, status_of
from api.graphql.execution import Result, as_json
from api.graphql.operation_cache import Documents, Prepared, Refusals
from api.graphql.schema import core
from api.http.asgi import DisconnectMonitor, Receive
from api.http.client_address import client_address
from api.http.rate_limit import AuthFailureThrottle
from api.http.request import (
    JSON,
    RESPONSE,
    ClientDisconnected,
    RejectedRequest,
    Request,
    negotiate_media_type,
    parse_request,
    read_body,
    require_json,
)
from api.http.request_log import RequestLog
from models.actors import Actor, Role
from models.errors import CaseRequired, Forbidden, GraphqlInvalid, Refusal
from resolvers.context import AppState, RequestContext

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HEADERS = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=31536000"),
]
JSON_HEADERS = [(b"content-type", f"{JSON}; charset=utf-8".encode()), *HEADERS]
RESPONSE_HEADERS = [(b"content-type", f"{RESPONSE}; charset=utf-8".encode()), *HEADERS]
_SEES = {role: visible_types(role) for role in Role}


class Answer(NamedTuple):
    """What is answered: a status, the body, and the code of its first error for the journal."""

    status: int
    body: dict[str, Any]
    code: str = ""


class GraphQLOverHTTP:
    """The endpoint of all callers."""

    def __init__(
        self,
        service: AppState,
        authenticator: Authenticator,
        journal: RequestLog,
        restore_guard: RestoreGuard,
        *,
        is_proxied: bool = False,
    ) -> None:
        self.service = service
        self.authenticator = authenticator
        self.journal = journal
        self.restore_guard = restore_guard
        self.documents = Documents()
        self._is_proxied = is_proxied
        self._watch = DisconnectMonitor()
        self._guesses = AuthFailureThrottle()
        self._process = os.urandom(4).hex()
        self._numbers = count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        request_id = self.request_id()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        accepts_response = False
        extra: Sequence[tuple[bytes, bytes]] = ()
        actor: Actor | None = None
        name: str | None = None
        try:
            if scope["method"] != "POST":
                raise RejectedRequest(405, "GraphQL is asked by POST", (b"allow", b"POST"))  # noqa: TRY301 -- all answers leave below
            accepts_response = negotiate_media_type(headers.get(b"accept"))
            require_json(headers.get(b"content-type"))
            self.restore_guard.require_open()
            caller = credentials_of(headers)
            actor = self.authenticator.cached_actor(caller) or await self._actor(caller)
            request = parse_request(await read_body(headers, receive))
            name = request.operation
            answer, name = await self._answer(request, actor, receive, responds=accepts_response)
        except RejectedRequest as rejected:
            extra = rejected.headers
            error = {"message": rejected.problem, "extensions": {"code": GraphqlInvalid.code}}
            answer = Answer(rejected.status, {"errors": [error]}, GraphqlInvalid.code)
        except Refusal as refusal:
            answer = refused([refusal], responds=accepts_response or refusal.code == "UNAUTHENTICATED")
            if answer.status == 401:  # noqa: PLR2004
                extra = ((b"www-authenticate", b"Bearer"),)
                await self._guesses.slow_down(client_address(scope, is_proxied=self._is_proxied))
        except ClientDisconnected:
            self.journal.note(request_id, actor, name, "HUNG_UP", time.perf_counter() - began)
            return
        except Exception as error:  # noqa: BLE001 -- the last net: it answers INTERNAL or UNAVAILABLE, and says so in the log
            answer = refused([refusal_of(error)], responds=True)
        written_down = as_json(answer.body)
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [
                    *(RESPONSE_HEADERS if accepts_response else JSON_HEADERS),
                    (b"content-length", b"%d" % len(written_down)),
                    (b"x-request-id", request_id.encode()),
                    *extra,
                ],
            }
        )
        await send({"type": "http.response.body", "body": written_down})
        self.journal.note(request_id, actor, name, answer.code, time.perf_counter() - began)

    def request_id(self) -> str:
        """Give the id of one more request."""
        return f"{self._process}{next(self._numbers):08x}"

    def context(self, actor: Actor, prepared: Prepared) -> RequestContext:
        """Give what an operation runs in."""
        return RequestContext(self.service, actor, prepared.name, _SEES[actor.role], prepared.hash)

    async def _actor(self, caller: tuple[bytes | None, ...]) -> Actor:
        authorization, role, case = (None if value is None else value.decode("latin-1") for value in caller)
        token = await self.authenticator.verify(authorization or "")
        try:
            actor = resolve_actor(token, role, case)
        except Forbidden:
            known = Actor(token.name, token.roles[0], token.roles)
            await RequestContext(self.service, known, None, frozenset()).refused(["X-Role"])
            raise
        self.authenticator.cache_actor(caller, actor, token)
        return actor

    async def _answer(
        self, request: Request, actor: Actor, receive: Receive, *, responds: bool
    ) -> tuple[Answer, str | None]:
        try:
            prepared = self.documents.prepare(request.document, request.operation, actor)
        except Refusals as refusals:
            return refused(refusals.errors, responds=responds), None
        except (Forbidden, CaseRequired) as refusal:
            context = RequestContext(self.service, actor, None, _SEES[actor.role])
            await context.refused([entry["field"] for entry in refusal.extensions["access"]])  # type: ignore[attr-defined]
            raise
        context = self.context(actor, prepared)
        input_screening.screen_variables(core, prepared.variables, request.variables)
        if prepared.is_query:
            task = self._watch.begin(receive)
            try:
                result = await prepared.plan.run(context, request.variables)
            except asyncio.CancelledError:
                if self._watch.has_hung_up(task):
                    raise ClientDisconnected from None
                raise
            finally:
                self._watch.end(task)
        else:
            result = await prepared.plan.run(context, request.variables)
        return await answered(result, context, responds=responds), prepared.name


async def answered(result: Result, context: RequestContext, *, responds: bool) -> Answer:
    """Answer an operation, once what is shown of people in the answer is on the record."""
    if not result.executed:
        return refused(result.errors, responds=responds)
    if context.has_seen:
        await context.record()
    if not result.errors:
        return Answer(200, {"data": result.data})
    errors = [format_error(error) for error in result.errors]
    return Answer(200, {"data": result.data, "errors": errors}, errors[0]["extensions"]["code"])


def refused(errors: Iterable[GraphQLError | Refusal], *, responds: bool) -> Answer:
    """Answer an operation that did not run."""
    found = list(errors)
    refusals = [refusal_of(error) for error in found]
    return Answer(
        status_of(refusals) if responds else 200, {"errors": [format_error(error) for error in found]}, refusals[0].code
    )
