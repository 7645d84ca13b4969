"""Parses requests: media types, the body, and the GraphQL request in it (GraphQL over HTTP, working draft)."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from itertools import islice
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from api.access.authentication import credentials_of
from models.errors import BadInput, CardNumberRefused, QueryTooLarge
from models.storage import strict_json
from models.storage.card_numbers import looks_like_card_number

Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
JSON: Final = "application/json"
RESPONSE: Final = "application/graphql-response+json"
MAX_BODY_BYTES: Final = 1024 * 1024
"""The largest request body, in bytes."""
MAX_OPERATION_NAME_LENGTH: Final = 64
"""The longest operation name, in characters."""
_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
MAX_KEYS: Final = 10_000
"""The most keys of objects in a body. Variables hold fewer values, so that a body with more is not parsed."""
_KEY: Final = re.compile(rb'"[ \t\r\n]*:')
_NAME = re.compile(rf"[_A-Za-z][_0-9A-Za-z]{{0,{MAX_OPERATION_NAME_LENGTH - 1}}}")


class RejectedRequest(Exception):  # noqa: N818 -- it is a response
    """The request is no GraphQL request; the response has this status."""

    def __init__(self, status: int, problem: str, *headers: tuple[bytes, bytes]) -> None:
        self.status = status
        self.problem = problem
        self.headers = headers
        super().__init__(problem)


class ClientDisconnected(Exception):  # noqa: N818 -- there is no response any more
    """The client disconnected before its request was complete."""


class Request(NamedTuple):
    """A well-formed GraphQL request."""

    document: str
    operation: str | None
    variables: dict[str, Any]


class RequestHead(NamedTuple):
    """What the endpoint reads from the head of a request."""

    accepts_response: bool
    """Whether the response is application/graphql-response+json."""
    credentials: tuple[bytes | None, ...]
    rejection: RejectedRequest | None
    shows_cost: bool = False
    """Whether the response has the cost of the operation in its extensions."""
    traceparent: str = ""
    """The trace that the request belongs to (W3C Trace Context), where its caller names one."""
    position: str | None = None
    """What the caller names in `Privacy-Position`: the answer is no older than that."""

    @classmethod
    def parse(cls, method: str, headers: Mapping[bytes, bytes]) -> "RequestHead":
        """Parse a head; what is wrong with it is its ``rejection``."""
        accepts_response = False
        try:
            if method != "POST":
                raise RejectedRequest(405, "GraphQL is asked by POST", (b"allow", b"POST"))  # noqa: TRY301 -- one place
            accepts_response = negotiate_media_type(headers.get(b"accept"))
            require_json(headers.get(b"content-type"))
        except RejectedRequest as rejection:
            return cls(accepts_response, (), rejection)
        shows_cost, trace = headers.get(b"x-cost") == b"1", traceparent_of(headers)
        position = headers.get(b"privacy-position")
        text = None if position is None else position.decode("latin-1")
        return cls(accepts_response, credentials_of(headers), None, shows_cost, trace, text)


def traceparent_of(headers: Mapping[bytes, bytes]) -> str:
    """Return the header `traceparent`, or an empty string where it is missing or malformed."""
    match = _TRACEPARENT.fullmatch(headers.get(b"traceparent", b""))
    return match[0].decode() if match else ""


def negotiate_media_type(accept: bytes | None) -> bool:
    """Return whether the response is application/graphql-response+json; 406 when the client accepts neither type."""
    if accept is None or accept == b"application/json":
        return False
    ranges = [_range(part) for part in accept.decode("latin-1").lower().split(",")]
    best, best_weight = None, 0.0
    for name, weight in ranges:
        if weight > best_weight and name in {JSON, RESPONSE, "*/*", "application/*"}:
            best, best_weight = name, weight
    if best is None:
        raise RejectedRequest(406, f"answers are {RESPONSE} or {JSON}")
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


def require_json(content_type: bytes | None) -> None:
    """Reject a body that is not JSON in UTF-8: 415."""
    if content_type == b"application/json":
        return
    name, *parameters = (piece.strip() for piece in (content_type or b"").decode("latin-1").lower().split(";"))
    charsets = [value.strip('" ') for key, _, value in (one.partition("=") for one in parameters) if key == "charset"]
    if name != JSON or any(charset not in {"utf-8", "utf8"} for charset in charsets):
        raise RejectedRequest(415, f"a request's body is {JSON} in UTF-8")


async def read_body(headers: dict[bytes, bytes], receive: Receive) -> bytes:
    """Return the whole body; 413 as soon as it is known to be too large."""
    length = headers.get(b"content-length")
    if length is not None and (not length.isdigit() or int(length) > MAX_BODY_BYTES):
        raise RejectedRequest(413, f"a request's body has at most {MAX_BODY_BYTES} octets")
    chunks: list[bytes] = []
    total, is_complete = 0, False
    while not is_complete and total <= MAX_BODY_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        chunks.append(message.get("body", b""))
        total += len(chunks[-1])
        is_complete = not message.get("more_body")
    if total > MAX_BODY_BYTES:
        raise RejectedRequest(413, f"a request's body has at most {MAX_BODY_BYTES} octets")
    return b"".join(chunks)


def parse_request(octets: bytes) -> Request:
    """Return the GraphQL request of a body; 400 when there is none. QUERY_TOO_LARGE for one with very many keys."""
    if len(octets) > MAX_KEYS and octets.count(b":") > MAX_KEYS and any(islice(_KEY.finditer(octets), MAX_KEYS, None)):
        raise QueryTooLarge(limit="values", most=MAX_KEYS)
    body = _parsed(octets)
    if type(body) is not dict:
        raise RejectedRequest(400, "the body is one JSON object; batches are not answered")
    document, operation, variables = body.get("query"), body.get("operationName"), body.get("variables")
    if type(document) is not str:
        raise RejectedRequest(400, "query is missing, or not a string")
    if operation is not None and type(operation) is not str:
        raise RejectedRequest(400, "operationName is not a string")
    if variables is not None and type(variables) is not dict:
        raise RejectedRequest(400, "variables is not an object")
    if body.get("extensions") is not None and type(body["extensions"]) is not dict:
        raise RejectedRequest(400, "extensions is not an object")
    if operation:
        if looks_like_card_number(operation):
            raise CardNumberRefused(argument="operationName")
        if not _NAME.fullmatch(operation):
            raise BadInput("operationName", f"it is not a name of at most {MAX_OPERATION_NAME_LENGTH} characters")
    return Request(document, operation or None, variables or {})


def _parsed(octets: bytes) -> Any:
    """Parse JSON without repeated keys. It may hold half a surrogate pair, so that its argument can be named."""
    try:
        try:
            return strict_json.parse(octets)
        except orjson.JSONDecodeError:
            if b"\\u" in octets:
                return json.loads(
                    octets.decode(), parse_constant=_no_constant, object_pairs_hook=strict_json.unique_pairs
                )
    except strict_json.RepeatedKeyError:
        raise RejectedRequest(400, "an object in the body has the same key twice") from None
    except (ValueError, RecursionError):
        pass
    raise RejectedRequest(400, "the body is not JSON")


def _no_constant(_name: str) -> None:
    raise ValueError
