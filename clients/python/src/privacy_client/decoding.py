"""Turns parts of an answer into Python."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from privacy_client.errors import UnexpectedResponseError

Node = TypeVar("Node")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Node]):
    """One page of a list."""

    nodes: tuple[Node, ...]
    """The rows of this page."""
    cursors: tuple[str, ...]
    """The place of each row."""
    has_next_page: bool
    """Whether more rows follow."""
    end_cursor: str | None
    """The place of the last row: the argument ``after`` of the next page."""


def page_of(value: Any, node_of: Callable[[Any], Node]) -> Page[Node]:
    """Return a page of rows that a function reads."""
    return Page(
        nodes=tuple(node_of(edge["node"]) for edge in value["edges"]),
        cursors=tuple(edge["cursor"] for edge in value["edges"]),
        has_next_page=value["pageInfo"]["hasNextPage"],
        end_cursor=value["pageInfo"]["endCursor"],
    )


def datetime_of(value: str) -> datetime:
    """Return a time, which the service writes in UTC."""
    return datetime.fromisoformat(value)


def date_of(value: str) -> date:
    """Return a day."""
    return date.fromisoformat(value)


def result_of(data: Mapping[str, Any], field: str) -> Any:
    """Return the result of a mutation, which is null only beside an error."""
    if data[field] is None:
        message = f"{field} has neither a result nor an error."
        raise UnexpectedResponseError(message)
    return data[field]
