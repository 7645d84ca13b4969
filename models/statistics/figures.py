"""The figures of each day, as analysts read them. Every value is protected before it is stored."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import BigInteger, Date, text

from models.errors import Unavailable, UnknownPurpose
from models.storage.columns import ErasureAction, Table, Text, Timestamp, column
from models.storage.statement import Connection, Statement, as_list, reads

Figures = list[tuple[str, str, int | None]]
"""Topic, name and protected value."""


class ClientDimension(StrEnum):
    """What accounts are counted by."""

    APP = "APP"
    VERSION = "VERSION"
    PLATFORM = "PLATFORM"


class StatisticsDay(Table, table=True):
    """A day whose figures are computed."""

    __tablename__ = "statistics_days"

    day: date = column(Date, ErasureAction.IMPERSONAL, primary_key=True)
    computed_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL, server_default=text("clock_timestamp()"))
    subjects: int | None = column(BigInteger, ErasureAction.IMPERSONAL, nullable=True)


class Figure(Table, table=True):
    """One protected figure; null when its group is too small."""

    __tablename__ = "statistics_figures"

    day: date = column(Date, ErasureAction.IMPERSONAL, references="statistics_days.day", primary_key=True)
    topic: str = column(Text, ErasureAction.IMPERSONAL, primary_key=True)
    name: str = column(Text, ErasureAction.IMPERSONAL, primary_key=True)
    value: int | None = column(BigInteger, ErasureAction.IMPERSONAL, nullable=True)


class StatisticsRow(NamedTuple):
    """The figures of the latest day as callers read them."""

    day: date
    as_of: datetime
    subjects: int | None


class ChoiceCountsRow(NamedTuple):
    """How many people made which choice for a purpose."""

    granted: int | None
    withdrawn: int | None
    objected: int | None
    never_asked: int | None


class StorageCountsRow(NamedTuple):
    """How much storage people use."""

    accounts: int | None
    total_bytes: int | None
    median_bytes: int | None
    p90_bytes: int | None


class ClientCountRow(NamedTuple):
    """How many accounts sync with a program, version or platform."""

    value: str
    accounts: int


class RequestCountsRow(NamedTuple):
    """How many requests of one kind came in within a year."""

    received: int | None
    completed: int | None
    denied: int | None
    overdue: int | None
    median_days: int | None


LATEST: Final = Statement("""
SELECT day, computed_at, subjects
FROM statistics_days
ORDER BY day DESC
LIMIT 1
""")

FIGURES: Final = Statement("""
SELECT day, name, value
FROM statistics_figures
WHERE day = ANY(CAST(:days AS date[]))
AND topic = :topic
ORDER BY day, name
""")


@reads(LATEST)
async def latest(connection: Connection, _keys: Sequence[None]) -> dict[None, StatisticsRow]:
    """Return the latest day. UNAVAILABLE before a worker has computed the first one."""
    row = await LATEST.row(connection)
    if row is None:
        raise Unavailable
    return {None: StatisticsRow._make(row)}


@reads(FIGURES)
async def of_days(connection: Connection, days: Sequence[date], topic: str) -> Mapping[date, dict[str, int | None]]:
    """Return the figures of one topic for each day, by name."""
    figures: dict[date, dict[str, int | None]] = {day: {} for day in days}
    for day, name, value in await FIGURES.rows(connection, days=as_list(days), topic=topic):
        figures[day][name] = value
    return figures


def choice_counts(figures: Mapping[str, int | None], *_key: object) -> ChoiceCountsRow:
    """Return the counts of a purpose. UNKNOWN_PURPOSE without figures."""
    if not figures:
        raise UnknownPurpose(argument="purpose")
    return ChoiceCountsRow(*(figures.get(name) for name in ("granted", "withdrawn", "objected", "never_asked")))


def storage_counts(figures: Mapping[str, int | None], *_key: object) -> StorageCountsRow:
    """Return the counts of storage."""
    return StorageCountsRow(*(figures.get(name) for name in ("accounts", "total", "median", "p90")))


def client_counts(figures: Mapping[str, int | None], *_key: object) -> list[ClientCountRow]:
    """Return the counts of programs, the most used first. Values of fewer than 20 accounts are left out."""
    rows = [ClientCountRow(name, value) for name, value in figures.items() if value is not None]
    return sorted(rows, key=lambda row: (-row.accounts, row.value))


def request_counts(figures: Mapping[str, int | None], *_key: object) -> RequestCountsRow:
    """Return the counts of requests of one kind and year."""
    names = ("received", "completed", "denied", "overdue", "median_days")
    return RequestCountsRow(*(figures.get(name) for name in names))
