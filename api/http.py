"""POST /graphql as plain ASGI: body, media types, status codes (GraphQL over HTTP, draft of the working group)."""

import asyncio
import json
import os
import re
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from itertools import count
from typing import Any, NamedTuple

import orjson
from graphql import GraphQLError

from api import limits, literals
from api.access import visible_types
from api.auth import Authenticator, acting
from api.documents import Documents, Refusals
from api.errors import refusal_of, status_of, written
from api.execution import as_json
from api.gate import Gate
from api.guesses import Guesses
from api.journal import Journal
from api.schema import core
from api.watches import Receive, Watch
from models.actors import Actor, Role
from models.cards import looks_like_card_number
from models.errors import BadInput, CardNumberRefused, CaseRequired, Forbidden, GraphqlInvalid, Refused
from resolvers.context import Context, Service

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

JSON = "application/json"
RESPONSE = "application/graphql-response+json"
JSON_UTF_8 = f"{JSON}; charset=utf-8".encode()
RESPONSE_UTF_8 = f"{RESPONSE}; charset=utf-8".encode()
_NAME = re.compile(rf"[_A-Za-z][_0-9A-Za-z]{{0,{limits.NAME - 1}}}")
HEADERS = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=31536000"),
]
_SEES = {role: visible_types(role) for role in Role}


class Rejected(Exception):  # noqa: N818 -- it is an answer
    """The request is no GraphQL request; it is answered with this status."""

    def __init__(self, status: int, problem: str, *headers: tuple[bytes, bytes]) -> None:
        self.status = status
        self.problem = problem
        self.headers = headers
        super().__init__(problem)


class HungUp(Exception):  # noqa: N818 -- nobody waits for an answer any more
    """The caller left before the answer was there."""


class Request(NamedTuple):
    """A well-formed GraphQL request."""

    document: str
    operation: str | None
    variables: dict[str, Any]


class Answer(NamedTuple):
    """What is answered: a status, the body, and the code of its first error for the journal."""

    status: int
    body: dict[str, Any]
    code: str = ""


class GraphQLOverHTTP:
    """The endpoint of all callers."""

    def __init__(self, service: Service, authenticator: Authenticator, journal: Journal, gate: Gate) -> None:
        self._service = service
        self._authenticator = authenticator
        self._journal = journal
        self._gate = gate
        self._documents = Documents()
        self._watch = Watch()
        self._guesses = Guesses()
        self._numbered = f"{os.urandom(4).hex()}%08x".__mod__
        self._numbers = count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        request_id = self._numbered(next(self._numbers))
        headers: dict[bytes, bytes] = dict(scope["headers"])
        accepts_response = False
        extra: Sequence[tuple[bytes, bytes]] = ()
        actor: Actor | None = None
        name: str | None = None
        try:
            if scope["method"] != "POST":
                raise Rejected(405, "GraphQL is asked by POST", (b"allow", b"POST"))  # noqa: TRY301 -- all answers leave below
            accepts_response = accepted(headers.get(b"accept"))
            demand_json(headers.get(b"content-type"))
            self._gate.demand()
            named = headers.get(b"authorization"), headers.get(b"x-role"), headers.get(b"x-case")
            actor = self._authenticator.recalled(named) or await self._actor(named)
            request = read(await body(headers, receive))
            name = request.operation
            answer, name = await self._answer(request, actor, receive, responds=accepts_response)
        except Rejected as rejected:
            extra = rejected.headers
            error = {"message": rejected.problem, "extensions": {"code": GraphqlInvalid.code}}
            answer = Answer(rejected.status, {"errors": [error]}, GraphqlInvalid.code)
        except Refused as refusal:
            answer = refused([refusal], responds=accepts_response or refusal.code == "UNAUTHENTICATED")
            if answer.status == 401:  # noqa: PLR2004
                extra = ((b"www-authenticate", b"Bearer"),)
                await self._guesses.slow_down((scope.get("client") or ("",))[0])
        except HungUp:
            self._journal.note(request_id, actor, name, "HUNG_UP", time.perf_counter() - began)
            return
        except Exception as error:  # noqa: BLE001 -- the last net: it answers INTERNAL or UNAVAILABLE, and says so in the log
            answer = refused([refusal_of(error)], responds=True)
        answered = as_json(answer.body)
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [
                    (b"content-type", RESPONSE_UTF_8 if accepts_response else JSON_UTF_8),
                    (b"content-length", b"%d" % len(answered)),
                    (b"x-request-id", request_id.encode()),
                    *HEADERS,
                    *extra,
                ],
            }
        )
        await send({"type": "http.response.body", "body": answered})
        self._journal.note(request_id, actor, name, answer.code, time.perf_counter() - began)

    async def _actor(self, named: tuple[bytes | None, ...]) -> Actor:
        authorization, role, case = (None if value is None else value.decode("latin-1") for value in named)
        bearer = await self._authenticator.bearer(authorization or "")
        try:
            actor = acting(bearer, role, case)
        except Forbidden:
            known = Actor(bearer.name, bearer.roles[0], bearer.roles)
            await Context(self._service, known, None, frozenset()).refused(["X-Role"])
            raise
        self._authenticator.remember(named, actor, bearer)
        return actor

    async def _answer(
        self, request: Request, actor: Actor, receive: Receive, *, responds: bool
    ) -> tuple[Answer, str | None]:
        try:
            prepared = self._documents.prepare(request.document, request.operation, actor)
        except Refusals as refusals:
            return refused(refusals.errors, responds=responds), None
        except (Forbidden, CaseRequired) as refusal:
            context = Context(self._service, actor, None, _SEES[actor.role])
            await context.refused([entry["field"] for entry in refusal.extensions["access"]])  # type: ignore[attr-defined]
            raise
        context = Context(self._service, actor, prepared.name, _SEES[actor.role], prepared.hash)
        literals.demand_variables(core, prepared.variables, request.variables)
        if prepared.is_query:
            task = self._watch.begin(receive)
            try:
                result = await prepared.plan.run(context, request.variables)
            except asyncio.CancelledError:
                if self._watch.has_hung_up(task):
                    raise HungUp from None
                raise
            finally:
                self._watch.end(task)
        else:
            result = await prepared.plan.run(context, request.variables)
        if not result.executed:
            return refused(result.errors, responds=responds), prepared.name
        if context.has_seen:
            await context.record()
        if not result.errors:
            return Answer(200, {"data": result.data}), prepared.name
        errors = [written(error) for error in result.errors]
        return Answer(200, {"data": result.data, "errors": errors}, errors[0]["extensions"]["code"]), prepared.name


def accepted(accept: bytes | None) -> bool:
    """Say whether the answer is to be application/graphql-response+json; 406 when the caller takes neither type."""
    if accept is None or accept == b"application/json":
        return False
    ranges = [_range(part) for part in accept.decode("latin-1").lower().split(",")]
    best, best_weight = None, 0.0
    for name, weight in ranges:
        if weight > best_weight and name in {JSON, RESPONSE, "*/*", "application/*"}:
            best, best_weight = name, weight
    if best is None:
        raise Rejected(406, f"answers are {RESPONSE} or {JSON}")
    return best == RESPONSE


def _range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return name, float(value)
            except ValueError:
                return name, 0.0
        if key.strip() == "charset" and value.strip('" ') not in {"utf-8", "utf8"}:
            return name, 0.0
    return name, 1.0


def demand_json(content_type: bytes | None) -> None:
    """Refuse a body that is not JSON in UTF-8: 415."""
    if content_type == b"application/json":
        return
    name, *parameters = (piece.strip() for piece in (content_type or b"").decode("latin-1").lower().split(";"))
    charsets = [value.strip('" ') for key, _, value in (one.partition("=") for one in parameters) if key == "charset"]
    if name != JSON or any(charset not in {"utf-8", "utf8"} for charset in charsets):
        raise Rejected(415, f"a request's body is {JSON} in UTF-8")


async def body(headers: dict[bytes, bytes], receive: Receive) -> bytes:
    """Read the body; 413 as soon as it is known to be too large."""
    length = headers.get(b"content-length")
    if length is not None and (not length.isdigit() or int(length) > limits.BODY):
        raise Rejected(413, f"a request's body has at most {limits.BODY} octets")
    message = await receive()
    chunk: bytes = message.get("body", b"")
    chunks, total = [chunk], len(chunk)
    while message.get("more_body") and total <= limits.BODY:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise HungUp
        chunks.append(message.get("body", b""))
        total += len(chunks[-1])
    if total > limits.BODY:
        raise Rejected(413, f"a request's body has at most {limits.BODY} octets")
    return chunk if len(chunks) == 1 else b"".join(chunks)


def read(octets: bytes) -> Request:
    """Read a request out of its body; 400 when it is none."""
    try:
        asked = orjson.loads(octets)
    except orjson.JSONDecodeError:
        asked = _lenient(octets)
    if type(asked) is not dict:
        raise Rejected(400, "the body is one JSON object; batches are not answered")
    document, operation, variables = asked.get("query"), asked.get("operationName"), asked.get("variables")
    if type(document) is not str:
        raise Rejected(400, "query is missing, or not a string")
    if operation is not None and type(operation) is not str:
        raise Rejected(400, "operationName is not a string")
    if variables is not None and type(variables) is not dict:
        raise Rejected(400, "variables is not an object")
    if asked.get("extensions") is not None and type(asked["extensions"]) is not dict:
        raise Rejected(400, "extensions is not an object")
    if operation is not None:
        if looks_like_card_number(operation):
            raise CardNumberRefused(argument="operationName")
        if not _NAME.fullmatch(operation):
            raise BadInput("operationName", f"it is not a name of at most {limits.NAME} characters")
    return Request(document, operation, variables or {})


def _lenient(octets: bytes) -> Any:
    """Read JSON that may hold half a surrogate pair, so that the argument it stands in can be named."""
    if b"\\u" in octets:
        try:
            return json.loads(octets.decode(), parse_constant=_no_constant)
        except (ValueError, RecursionError):
            pass
    raise Rejected(400, "the body is not JSON")


def _no_constant(_name: str) -> None:
    raise ValueError


def refused(errors: Iterable[GraphQLError | Refused], *, responds: bool) -> Answer:
    """Answer an operation that did not run."""
    found = list(errors)
    refusals = [refusal_of(error) for error in found]
    return Answer(
        status_of(refusals) if responds else 200, {"errors": [written(error) for error in found]}, refusals[0].code
    )
