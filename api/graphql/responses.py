"""The responses of the GraphQL endpoint: status, head and body."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from graphql import GraphQLError

from api.graphql.errors import forget_frames, format_error, refusal_of, status_of
from api.http.exchange import Headers, ResponseHeadTemplate
from api.http.headers import JSON_HEADERS, RESPONSE_HEADERS
from api.http.request import RejectedRequest
from models.errors import GraphqlInvalid, Refusal, Unauthenticated

_CHALLENGE: Headers = ((b"www-authenticate", b"Bearer"),)


class Response(NamedTuple):
    """A response: its status, its body, and the code of its first error for the request log."""

    status: int
    body: dict[str, Any]
    code: str = ""


def refused(errors: Iterable[GraphQLError | Refusal], *, responds: bool) -> Response:
    """Return the response to an operation that was not executed."""
    reasons = list(errors)
    refusals = [refusal_of(error) for error in reasons]
    status = status_of(refusals) if responds else 200
    return Response(status, {"errors": [format_error(error) for error in reasons]}, refusals[0].code)


def response_with_errors(data: dict[str, Any] | None, errors: Sequence[GraphQLError]) -> Response:
    """Return the response to an operation that was executed, with the errors of its fields."""
    formatted = [format_error(error) for error in errors]
    return Response(200, {"data": data, "errors": formatted}, formatted[0]["extensions"]["code"])


def error_response(error: Exception, *, responds: bool) -> tuple[Response, Headers]:
    """Return the response, and its own headers, to a request that failed as a whole."""
    if isinstance(error, RejectedRequest):
        entry = {"message": error.problem, "extensions": {"code": GraphqlInvalid.code}}
        return Response(error.status, {"errors": [entry]}, GraphqlInvalid.code), error.headers
    if isinstance(error, Unauthenticated):
        return refused([error], responds=True), _CHALLENGE
    if isinstance(error, Refusal):
        return refused([error], responds=responds), ()
    refusal = refusal_of(error)
    forget_frames(error, refusal)
    return refused([refusal], responds=True), ()


@cache
def head_template(status: int, *, responds: bool) -> ResponseHeadTemplate:
    """Return the head that responses of one status and media type share."""
    return ResponseHeadTemplate(status, RESPONSE_HEADERS if responds else JSON_HEADERS)
