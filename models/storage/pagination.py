"""Pages of long lists, by key (keyset pagination) and never by OFFSET."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from models.storage.statement import Connection, Statement

_Row = TypeVar("_Row")


@dataclass(frozen=True)
class PageRequest:
    """A page to read: at most ``first`` rows that follow the position ``after``, from the beginning when it is None.

    ``actor`` with its ``identity`` and ``case`` select the access grants that apply, for lists that need one.
    """

    first: int
    after: tuple[Any, ...] | None = None
    actor: str | None = None
    case: str | None = None
    identity: str | None = None


class Page(NamedTuple, Generic[_Row]):
    """The rows of one page, whether more rows follow, and for a feed the position at which an empty page ends."""

    rows: Sequence[_Row]
    has_next: bool
    end: tuple[Any, ...] | None = None


def build_page(rows: list[_Row], page: PageRequest) -> Page[_Row]:
    """Return the page of rows that a statement read with ``LIMIT page.first + 1``."""
    return Page(rows[: page.first], len(rows) > page.first)


async def read_page(
    connection: Connection,
    statement: Statement,
    make: Callable[[Iterable[Any]], _Row],
    page: PageRequest,
    **values: object,
) -> Page[_Row]:
    """Return a page of a list ordered by time and id: a statement with ``:after_at``, ``:after_id`` and ``:first``."""
    after_at, after_id = page.after or (None, None)
    rows = await statement.rows(connection, **values, after_at=after_at, after_id=after_id, first=page.first + 1)
    return build_page([make(row) for row in rows], page)
