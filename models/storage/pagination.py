"""Pages of long lists, by key and never by OFFSET."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

_Row = TypeVar("_Row")


@dataclass(frozen=True)
class PageRequest:
    """Which page is wanted: at most ``first`` rows after the position that the row before it had.

    ``actor`` is whose access grants count, and ``case`` for which they were given, where a list opens only under one.
    """

    first: int
    after: tuple[Any, ...] | None = None
    actor: str | None = None
    case: str | None = None


class Page(NamedTuple, Generic[_Row]):
    """The rows of one page, and whether there are more."""

    rows: Sequence[_Row]
    has_next: bool


def page_of(rows: list[_Row], page: PageRequest) -> Page[_Row]:
    """Make a page of what a statement gave that asked for one row more."""
    return Page(rows[: page.first], len(rows) > page.first)
