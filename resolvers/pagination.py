"""Relay connections: pages by key, with cursors that are encrypted and bound to their list."""

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
MAX_FIRST = 100
First = Annotated[int | None, strawberry.argument(description="How many at most, 1 to 100.")]
After = Annotated[Cursor | None, strawberry.argument(description="The cursor after which the page begins.")]


class CursorCodec:
    """Encrypts positions in lists under a key of this service, so that callers can neither read nor forge them."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._ciphers = [AESGCM(secret) for secret in secrets]

    def encode(self, name: str, owner: str, position: tuple[Any, ...]) -> str:
        nonce = os.urandom(NONCE_LENGTH)
        plain = orjson.dumps([owner, *(value.hex if isinstance(value, UUID) else value for value in position)])
        return urlsafe_b64encode(nonce + self._ciphers[0].encrypt(nonce, plain, name.encode())).decode()

    def decode(self, name: str, cursor: str) -> list[Any]:
        """Return the owner of the list and the position; BAD_INPUT when this service did not make it for this list."""
        try:
            written = cursor.encode("ascii")
            encrypted = urlsafe_b64decode(written)
        except (Error, ValueError):
            written, encrypted = b"?", b""
        if urlsafe_b64encode(encrypted) != written:  # decoding ignores characters that are not base64, and what follows
            raise BadInput("after", "it is not a cursor of this list")
        for cipher in self._ciphers:
            try:
                plain = cipher.decrypt(encrypted[:NONCE_LENGTH], encrypted[NONCE_LENGTH:], name.encode())
                position: list[Any] = orjson.loads(plain)
            except (InvalidTag, ValueError):
                continue
            return position
        raise BadInput("after", "it is not a cursor of this list")


class Paging(Protocol):
    """What paging needs of the context of a request."""

    cursors: CursorCodec
    actor: Actor

    def granted_page(self, field: str, granted: GrantedPage) -> Page[Any]:
        """Return the page read under an open access grant, and record its use; GRANT_REQUIRED without a grant."""


@dataclass(frozen=True)
class RequestedPage(PageRequest):
    """A page as a caller requested it, and the owner of the list that its cursor belongs to."""

    owner: str | None = None
    requester: Any = field(default=None, compare=False)


class EdgeRow(NamedTuple):
    """A row and its cursor."""

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
    """The columns that a list is ordered by, each with the function that parses its value in a cursor."""

    columns: tuple[str, ...]
    parsers: tuple[Callable[[Any], Any], ...]


BY_TIME = Order(("at", "id"), (datetime.fromisoformat, UUID))
BY_REGISTRATION = Order(("registered_at", "subject_id"), (datetime.fromisoformat, UUID))
BY_SEQUENCE = Order(("at", "sequence"), (datetime.fromisoformat, int))
BY_RECEIPT = Order(("received_at", "id"), (datetime.fromisoformat, UUID))
BY_REQUEST = Order(("asked_at", "id"), (datetime.fromisoformat, UUID))
BY_DEADLINE = Order(("deadline", "id"), (datetime.fromisoformat, UUID))
BY_CREATION = Order(("created_at", "id"), (datetime.fromisoformat, UUID))
BY_POSITION = Order(("feed", "position"), (str, int))
BY_MAKING = Order(("made_at", "id"), (datetime.fromisoformat, UUID))
BY_DISCLOSURE = Order(("disclosed_at", "id"), (datetime.fromisoformat, UUID))
BY_AWARENESS = Order(("aware_at", "id"), (datetime.fromisoformat, UUID))
BY_SUBJECT = Order(("subject_id",), (UUID,))
BY_ID = Order(("id",), (UUID,))


class PaginatedList(NamedTuple):
    """A batched read that returns pages, in one order; ``granted`` is the coordinate of a field that needs a grant."""

    read: Read
    order: Order
    granted: str | None = None

    @property
    def name(self) -> str:
        return f"{self.read.__module__}.{getattr(self.read, '__qualname__', '')}"

    def request(self, context: Paging, arguments: Mapping[str, Any]) -> tuple[RequestedPage]:
        """Return the page that a caller requests.

        BAD_INPUT for a count below 1 or a foreign cursor, QUERY_TOO_LARGE for a count above 100.
        """
        first = arguments.get("first", DEFAULT_FIRST)
        first = DEFAULT_FIRST if first is None else first
        if first < 1:
            raise BadInput("first", "it is not a count, 1 to 100")
        if first > MAX_FIRST:
            raise QueryTooLarge(argument="first", most=MAX_FIRST)
        actor, case, identity = None, None, None
        if self.granted:
            actor, case, identity = context.actor.name, context.actor.case, context.actor.identity
        after = arguments.get("after")
        if after is None or after is strawberry.UNSET:
            return (RequestedPage(first, None, actor, case, identity, requester=context),)
        owner, *values = context.cursors.decode(self.name, after)
        position = tuple(parse(value) for parse, value in zip(self.order.parsers, values, strict=True))
        return (RequestedPage(first, position, actor, case, identity, owner, context),)

    def check(self, key: Any, page: RequestedPage) -> None:
        """Refuse the cursor of another list."""
        if page.owner is not None and page.owner != str(key):
            raise BadInput("after", "it is not a cursor of this list")

    def connection(self, rows: Any, key: Any, page: RequestedPage) -> ConnectionRow:
        """Return the connection of what was read for one key."""
        if self.granted:
            rows = page.requester.granted_page(self.granted, rows)
        encode = partial(page.requester.cursors.encode, self.name, str(key))
        edges = [
            EdgeRow(row, partial(encode, tuple(getattr(row, name) for name in self.order.columns))) for row in rows.rows
        ]
        first = edges[0].cursor if edges else None
        last = edges[-1].cursor if edges else partial(encode, rows.end) if rows.end else None
        return ConnectionRow(edges, PageInfoRow(rows.has_next, page.after is not None, first, last))


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
    """Declare a field that returns pages of a batched read, keyed by a column of the parent's row.

    ``granted`` is the field's own coordinate, where it needs an access grant.
    """
    pages = PaginatedList(by, order, granted)
    source = Batched(by, key, pages.request, pages.check, pages.connection, ignores_caller=granted is None)

    async def resolve(
        root: strawberry.Parent[Any],
        info: strawberry.Info[Any, None],
        first: First = DEFAULT_FIRST,
        after: After = strawberry.UNSET,
    ) -> Any:
        return await source.value(root, info.context, {"first": first, "after": after})

    return strawberry.field(resolver=resolve, description=description, metadata={"source": source})


async def page(context: Any, pages: PaginatedList, key: Any, arguments: Mapping[str, Any]) -> Any:
    """Return a page of a list that belongs to no row, for a root field."""
    [requested] = pages.request(context, arguments)
    pages.check(key, requested)
    return pages.connection(await context.load_one(pages.read, key, requested), key, requested)
