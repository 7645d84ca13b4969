"""The responses of the GraphQL endpoint: status, head and body."""

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from graphql import GraphQLError

from api.graphql.errors import format_error, refusal_of, status_of
from api.http.exchange import ResponseHeadTemplate
from api.http.headers import JSON_HEADERS, RESPONSE_HEADERS
from models.errors import Refusal


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


@cache
def head_template(status: int, *, responds: bool) -> ResponseHeadTemplate:
    """Return the head that responses of one status and media type share."""
    return ResponseHeadTemplate(status, RESPONSE_HEADERS if responds else JSON_HEADERS)
