"""Statistics for analysts: types and query. Every figure was computed and protected by a worker."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

import strawberry

from models.requests.states import RequestKind
from models.statistics import figures
from models.statistics.figures import (
    ChoiceCountsRow,
    ClientCountRow,
    ClientDimension,
    RequestCountsRow,
    StatisticsRow,
    StorageCountsRow,
)
from resolvers.context import Info
from resolvers.field_sources import Batched, column, loads, object_type, root_field
from resolvers.inputs import PurposeArgument
from resolvers.scalars import BigInt


@object_type(ChoiceCountsRow, description="Numbers of people by their choice for a purpose; null below 20.")
class ChoiceCounts:
    granted: int | None = column(description="People whose grant counts.")
    withdrawn: int | None = column(description="People who withdrew, for a purpose that needs consent.")
    objected: int | None = column(description="People who objected, for a purpose of legitimate interests.")
    never_asked: int | None = column(description="People without a choice.")


@object_type(
    StorageCountsRow,
    description="Storage of sync accounts, with two significant digits; null when they are of fewer than 20 people, "
    "or when more than half are of one person.",
)
class StorageCounts:
    accounts: int | None = column(description="The number of accounts.")
    total_bytes: BigInt | None = column(
        description="The bytes of all accounts; null, too, when more than half of them are one person's."
    )
    median_bytes: BigInt | None = column(description="The bytes of the median account.")
    p90_bytes: BigInt | None = column(description="The bytes that nine of ten accounts do not exceed.")


@object_type(ClientCountRow, description="The number of accounts that sync with a program, version or platform.")
class ClientCount:
    value: str = column(description="The program, version or platform.")
    accounts: int = column(
        description="The number of accounts. Values of fewer than 20 people are left out, and those that would reveal "
        "such a value."
    )


@object_type(RequestCountsRow, description="Numbers of requests of one kind in one year; null below 20 people.")
class RequestCounts:
    received: int | None = column(description="Requests that came in.")
    completed: int | None = column(description="Requests that are completed.")
    denied: int | None = column(description="Requests that were denied.")
    overdue: int | None = column(description="Requests that are, or were completed, past their deadline.")
    median_days: int | None = column(description="The days that the median completed request took.")


def _figures(topic: Callable[[Mapping[str, Any]], str], wrap: Callable[..., Any]) -> Batched:
    return Batched(figures.of_days, "day", lambda _context, arguments: (topic(arguments),), None, wrap)


def _choices_field() -> Any:
    source = _figures(lambda arguments: f"choices {arguments['purpose']}", figures.choice_counts)

    async def resolve(root: strawberry.Parent[Any], info: strawberry.Info[Any, None], purpose: PurposeArgument) -> Any:
        return await source.value(root, info.context, {"purpose": purpose})

    return strawberry.field(
        resolver=resolve, description="People by their choice for a purpose.", metadata={"source": source}
    )


def _storage_field() -> Any:
    source = _figures(lambda _arguments: "storage", figures.storage_counts)

    async def resolve(root: strawberry.Parent[Any], info: strawberry.Info[Any, None]) -> Any:
        return await source.value(root, info.context, {})

    return strawberry.field(resolver=resolve, description="The storage of sync accounts.", metadata={"source": source})


def _clients_field() -> Any:
    source = _figures(lambda arguments: f"clients {arguments['by']}", figures.client_counts)

    async def resolve(
        root: strawberry.Parent[Any],
        info: strawberry.Info[Any, None],
        by: Annotated[ClientDimension, strawberry.argument(description="What accounts are counted by.")],
    ) -> Any:
        return await source.value(root, info.context, {"by": by})

    return strawberry.field(
        resolver=resolve, description="Accounts by program, version or platform.", metadata={"source": source}
    )


def _requests_field() -> Any:
    source = _figures(lambda arguments: f"requests {arguments['kind']} {arguments['year']}", figures.request_counts)

    async def resolve(
        root: strawberry.Parent[Any],
        info: strawberry.Info[Any, None],
        kind: Annotated[RequestKind, strawberry.argument(description="The kind of requests.")],
        year: Annotated[int, strawberry.argument(description="The calendar year in which they came in, in UTC.")],
    ) -> Any:
        return await source.value(root, info.context, {"kind": kind, "year": year})

    return strawberry.field(
        resolver=resolve, description="Requests of one kind in one year.", metadata={"source": source}
    )


@object_type(
    StatisticsRow,
    description="Counts of people, computed once a day. Groups under 20 are null, other counts are rounded to 5, and "
    "bytes have two significant digits.",
)
class Statistics:
    as_of: datetime = column(description="When the figures were computed.")
    subjects: int | None = column(description="The number of people who are registered.")
    choices: ChoiceCounts = _choices_field()
    storage: StorageCounts = _storage_field()
    clients: list[ClientCount] = _clients_field()
    requests: RequestCounts = _requests_field()


@root_field
@loads(figures.latest)
def statistics(info: Info) -> Statistics:
    """Return counts of people, never people. The answers are the same for a day.

    UNAVAILABLE until a worker has computed the first figures.
    """
    row: Any = info.context.load_one(figures.latest, None)
    return row
