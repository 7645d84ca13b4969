"""How refusals and faults are answered: a code, a sentence, never a value."""

import secrets
import traceback
from collections.abc import Iterable
from typing import Any

import structlog
from graphql import GraphQLError

from models.errors import Forbidden, GraphqlInvalid, Internal, Refusal, Unauthenticated
from models.storage.database import unavailable_for

FRAMES = 16
"""Frames of a fault that are logged: the driver's own are nine where it has to prepare a statement first."""
MOST_PLACES = 5
"""Places in the document that one error names at most."""
log = structlog.get_logger("privacy")


class InvalidOperation(Exception):  # noqa: N818 -- several errors in one
    """An operation was refused before it ran, with these errors."""

    def __init__(self, *errors: GraphQLError | Refusal) -> None:
        self.errors = errors
        super().__init__()


def refusal_of(error: BaseException) -> Refusal:
    """Return the refusal for an error; an unexpected error is INTERNAL, with an id for the log."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, GraphQLError):
        return refusal_of(error.original_error) if error.original_error else GraphqlInvalid()
    unavailable = unavailable_for(error)
    if unavailable:
        return unavailable
    refusal = Internal(id=secrets.token_hex(8))
    frames = [
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-FRAMES:]
    ]
    # The type and the place, never the message: libraries quote values in theirs.
    log.error(
        "fault",
        id=refusal.extensions["id"],
        fault=type(error).__name__,
        sqlstate=getattr(error, "sqlstate", None),
        frames=frames,
    )
    return refusal


def format_error(error: BaseException) -> dict[str, Any]:
    """Write an error as GraphQL answers have it (October 2021, 7.1.2)."""
    refusal = refusal_of(error)
    response: dict[str, Any] = {"message": refusal.message}
    if isinstance(error, GraphQLError):
        if isinstance(refusal, GraphqlInvalid) and not isinstance(error.original_error, Refusal):
            response["message"] = error.message
        if error.locations:
            response["locations"] = [
                {"line": place.line, "column": place.column} for place in error.locations[:MOST_PLACES]
            ]
        if error.path:
            response["path"] = list(error.path)
    response["extensions"] = {"code": refusal.code, **refusal.extensions}
    forget_frames(error, refusal)
    return response


def forget_frames(error: BaseException, refusal: Refusal) -> None:
    """Drop the traceback of an error that is answered by this refusal, and those of all that led to it.

    The frames hold the body of the request, and an execution that refers to the error: a cycle. Such a cycle stays for
    ever if what lives long is exempted from garbage collection meanwhile. Those of a fault stay, because one fault may
    end several requests, and each of them logs its place.
    """
    remaining: list[BaseException | None] = [] if isinstance(refusal, Internal) else [error]
    seen: set[int] = set()
    while remaining:
        each = remaining.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            each.__traceback__ = None
            remaining += (each.__cause__, each.__context__)
            if isinstance(each, GraphQLError):
                remaining.append(each.original_error)


def status_of(refusals: Iterable[Refusal]) -> int:
    """Return the status of an operation that was refused before it ran, for application/graphql-response+json."""
    for refusal in refusals:
        if isinstance(refusal, Unauthenticated):
            return 401
        if isinstance(refusal, Forbidden):
            return 403
        if refusal.code == "UNAVAILABLE":
            return 503
        if isinstance(refusal, Internal):
            return 500
    return 400
