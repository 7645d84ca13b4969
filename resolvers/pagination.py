"""Relay connections: pages by key, with cursors that are sealed and bound to their list."""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

import orjson
import strawberry
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.access.access_grants import GrantedPage
from models.actors import Actor
from models.encryption.encrypted_column import NONCE_LENGTH
from models.errors import BadInput, QueryTooLarge
from models.storage.pagination import Page, PageRequest
from resolvers.field_sources import Batched, Read, column, object_type
from resolvers.scalars import Cursor

_Node = TypeVar("_Node")
DEFAULT_FIRST = 50
MOST_FIRST = 100
First = Annotated[int | None, strawberry.argument(description="How many at most, 1 to 100.")]
After = Annotated[Cursor | None, strawberry.argument(description="The cursor after which the page begins.")]


class CursorCodec:
    """Seals places in lists under a key of this service, so that callers can neither read nor make them."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._ciphers = [AESGCM(secret) for secret in secrets]

    def sealed(self, name: str, owner: str, position: tuple[Any, ...]) -> str:
        nonce = os.urandom(NONCE_LENGTH)
        place = orjson.dumps([owner, *(value.hex if isinstance(value, UUID) else value for value in position)])
        return urlsafe_b64encode(nonce + self._ciphers[0].encrypt(nonce, place, name.encode())).decode()

    def opened(self, name: str, cursor: str) -> list[Any]:
        """Give whose list it is of, and the place; BAD_INPUT when this service did not make it for this list."""
        try:
            written = cursor.encode("ascii")
            sealed = urlsafe_b64decode(written)
        except (Error, ValueError):
            written, sealed = b"?", b""
        if urlsafe_b64encode(sealed) != written:  # decoding passes over what is no letter of base64, and what follows
            raise BadInput("after", "it is not a cursor of this list")
        for cipher in self._ciphers:
            try:
                place: list[Any] = orjson.loads(
                    cipher.decrypt(sealed[:NONCE_LENGTH], sealed[NONCE_LENGTH:], name.encode())
                )
            except (InvalidTag, ValueError):
                continue
            return place
        raise BadInput("after", "it is not a cursor of this list")


class Paging(Protocol):
    """What paging needs of the context of a request."""

    cursors: CursorCodec
    actor: Actor

    def opened(self, field: str, found: GrantedPage) -> Page[Any]:
        """Give what was read under an open access grant, and remember its use; GRANT_REQUIRED without one."""


@dataclass(frozen=True)
class RequestedPage(PageRequest):
    """A page as a caller asked for it: with whose list the cursor is of."""

    owner: str | None = None
    asker: Any = field(default=None, compare=False)


class EdgeRow(NamedTuple):
    """A row and its place."""

    node: Any
    cursor: Callable[[], str]


class PageInfoRow(NamedTuple):
    """Where a page begins and ends."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: Callable[[], str] | None
    end_cursor: Callable[[], str] | None


class ConnectionRow(NamedTuple):
    """One page."""

    edges: list[EdgeRow]
    page_info: PageInfoRow


class Order(NamedTuple):
    """What a list is ordered by: columns of its rows, with what each is read from a cursor by."""

    columns: tuple[str, ...]
    readers: tuple[Callable[[Any], Any], ...]


BY_TIME = Order(("at", "id"), (datetime.fromisoformat, UUID))
BY_REGISTRATION = Order(("registered_at", "subject_id"), (datetime.fromisoformat, UUID))
BY_SEQUENCE = Order(("at", "sequence"), (datetime.fromisoformat, int))
BY_RECEIPT = Order(("received_at", "id"), (datetime.fromisoformat, UUID))
BY_CREATION = Order(("created_at", "id"), (datetime.fromisoformat, UUID))
BY_ID = Order(("id",), (UUID,))


class PaginatedList(NamedTuple):
    """A batched read that gives pages, in one order; ``granted`` names the field where it opens only under a grant."""

    read: Read
    order: Order
    granted: str | None = None

    @property
    def name(self) -> str:
        return f"{self.read.__module__}.{getattr(self.read, '__qualname__', '')}"

    def asked(self, context: Paging, given: Mapping[str, Any]) -> tuple[RequestedPage]:
        """Turn a caller's arguments into what the read takes; BAD_INPUT and QUERY_TOO_LARGE as they deserve."""
        first = given.get("first", DEFAULT_FIRST)
        first = DEFAULT_FIRST if first is None else first
        if first < 1:
            raise BadInput("first", "it is not a count, 1 to 100")
        if first > MOST_FIRST:
            raise QueryTooLarge(argument="first", most=MOST_FIRST)
        actor, case = (context.actor.name, context.actor.case) if self.granted else (None, None)
        after = given.get("after")
        if after is None or after is strawberry.UNSET:
            return (RequestedPage(first, actor=actor, case=case, asker=context),)
        owner, *place = context.cursors.opened(self.name, after)
        position = tuple(read(value) for read, value in zip(self.order.readers, place, strict=True))
        return (RequestedPage(first, position, actor, case, owner, context),)

    def check(self, key: Any, page: RequestedPage) -> None:
        """Refuse the cursor of somebody else's list."""
        if page.owner is not None and page.owner != str(key):
            raise BadInput("after", "it is not a cursor of this list")

    def connection(self, found: Any, key: Any, page: RequestedPage) -> ConnectionRow:
        """Make a connection of what the read gave for one key."""
        if self.granted:
            found = page.asker.opened(self.granted, found)
        edges = [
            EdgeRow(
                row,
                partial(
                    page.asker.cursors.sealed,
                    self.name,
                    str(key),
                    tuple(getattr(row, name) for name in self.order.columns),
                ),
            )
            for row in found.rows
        ]
        first, last = (edges[0].cursor, edges[-1].cursor) if edges else (None, None)
        return ConnectionRow(edges, PageInfoRow(found.has_next, page.after is not None, first, last))


def _called(cursor: Callable[[], str] | None) -> str | None:
    return cursor() if cursor else None


@object_type(PageInfoRow, description="Where a page begins and ends, and whether there is more.")
class PageInfo:
    has_next_page: bool = column(description="Whether there is more after this page.")
    has_previous_page: bool = column(description="Whether there is something before this page.")
    start_cursor: Cursor | None = column("start_cursor", make=_called, description="The cursor of the first row.")
    end_cursor: Cursor | None = column(
        "end_cursor", make=_called, description="The cursor of the last row: give it as `after` for the next page."
    )


@object_type(EdgeRow, description="One row of a page, with its place.")
class Edge(Generic[_Node]):
    node: _Node = column(description="The row.")
    cursor: Cursor = column("cursor", make=_called, description="Its place in the list.")


@object_type(ConnectionRow, description="One page of a list.")
class Connection(Generic[_Node]):
    edges: list[Edge[_Node]] = column(description="The rows of this page.")
    page_info: PageInfo = column(description="Where the page begins and ends.")


def paginated(by: Read, key: str, order: Order, *, granted: str | None = None, description: str) -> Any:
    """Declare a field that gives pages of what a batched read finds, keyed by a column of the parent's row.

    ``granted`` is the field's own name in the schema, where it opens only under an access grant.
    """
    pages = PaginatedList(by, order, granted)
    source = Batched(by, key, pages.asked, pages.check, pages.connection)

    async def resolve(
        root: strawberry.Parent[Any],
        info: strawberry.Info[Any, None],
        first: First = DEFAULT_FIRST,
        after: After = strawberry.UNSET,
    ) -> Any:
        return await source.value(root, info.context, {"first": first, "after": after})

    return strawberry.field(resolver=resolve, description=description, metadata={"source": source})


async def page(context: Any, pages: PaginatedList, key: Any, given: Mapping[str, Any]) -> Any:
    """Give a page of a list that hangs on no row: the root fields' road to what ``paged`` declares."""
    [asked] = pages.asked(context, given)
    pages.check(key, asked)
    return pages.connection(await context.load_one(pages.read, key, asked), key, asked)
