"""The computation of a day's figures by a worker. Only protected figures leave it.

People are read in pages of their ids, at a bounded rate, so that consent decisions are hardly slower. The next page is
read while one is added. PostgreSQL counts what is not encrypted, and compares the blind indexes of clients. A client
without an index is decrypted and gets one, so that the next computation need not do it.
"""

import asyncio
import time
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from models.consent.ledger import ConsentState
from models.encryption.keyring import Keyring
from models.statistics import account_counts, client_texts
from models.statistics.account_counts import AccountCounts
from models.statistics.client_texts import ClientTexts, IndexedClient, PageRange
from models.statistics.counters import Counters, RequestCounts
from models.statistics.disclosure_control import people_count, protect_count
from models.storage.database import Database
from models.storage.statement import Statement
from models.storage.turns import Steps, run_with_pauses

PAGE_SIZE: Final = 5000
"""How many people are read at a time."""
PEOPLE_A_SECOND: Final = 18_500
"""How many people are read in a second, at most."""
REST: Final = 0.25
"""Seconds of rest after each second of work, at least."""
ID_OCTETS: Final = 16

IS_COMPUTED: Final = Statement("""
SELECT EXISTS (SELECT FROM statistics_days WHERE day = :day)
""")

PURPOSES: Final = Statement("""
SELECT key, legal_basis
FROM purposes
ORDER BY key
""")

# Ids as octets, because a list of UUIDs takes longer to read and to compare.
PEOPLE: Final = Statement("""
SELECT string_agg(uuid_send(id), CAST('' AS bytea) ORDER BY id) AS ids,
    count(*) FILTER (WHERE status <> 'ERASED') AS people,
    count(opted_out_at) FILTER (WHERE status <> 'ERASED') AS opted_out,
    array_agg(id) FILTER (WHERE status = 'ERASED' OR opted_out_at IS NOT NULL) AS exceptions
FROM (SELECT id, status, opted_out_at FROM subjects WHERE id > :after ORDER BY id LIMIT :most) AS page
""")

CHOICES: Final = Statement("""
SELECT c.purpose, c.choice ->> 0 AS state, count(*)
FROM subjects AS s
CROSS JOIN LATERAL jsonb_each(s.choices) AS c (purpose, choice)
WHERE s.id > :after
AND s.id <= :last
GROUP BY c.purpose, state
""")

# Granted choices that an opt-out of everything overrides count as refusals, as they do in decisions. These people are
# few: comparing the choices of all would take half as long again.
EXCEPTIONAL_CHOICES: Final = Statement("""
SELECT c.purpose, c.choice ->> 0 AS state, CAST(c.choice ->> 1 AS timestamptz) <= s.opted_out_at AS is_overridden,
    s.status = 'ERASED' AS is_erased, count(*)
FROM subjects AS s
CROSS JOIN LATERAL jsonb_each(s.choices) AS c (purpose, choice)
WHERE s.id = ANY(:ids)
GROUP BY c.purpose, state, is_overridden, is_erased
""")

REQUESTS: Final = Statement("""
SELECT kind, CAST(extract(year FROM received_at AT TIME ZONE 'UTC') AS integer), count(*),
    count(*) FILTER (WHERE state = 'COMPLETED'), count(*) FILTER (WHERE state = 'DENIED'),
    count(*) FILTER (WHERE COALESCE(completed_at, clock_timestamp()) > due_at AND state NOT IN ('DENIED', 'CANCELLED')),
    array_agg(CAST(extract(day FROM completed_at - received_at) AS integer)) FILTER (WHERE state = 'COMPLETED')
FROM rights_requests
WHERE subject_id > :after
AND subject_id <= :last
GROUP BY subject_id, 1, 2
""")

INSERT_DAY: Final = Statement("""
INSERT INTO statistics_days (day, subjects)
VALUES (:day, :subjects)
ON CONFLICT DO NOTHING
""")

INSERT_FIGURES: Final = Statement("""
INSERT INTO statistics_figures (day, topic, name, value)
SELECT :day, topic, name, value
FROM unnest(CAST(:topics AS text[]), CAST(:names AS text[]), CAST(:values AS bigint[])) AS figure (topic, name, value)
""")


class _Page(NamedTuple):
    """What is stored of the people of one page. ``exceptional_choices`` are of people who opted out of everything."""

    last: UUID
    people: int
    opted_out: int
    choices: list[Any]
    exceptional_choices: list[Any]
    requests: list[Any]
    accounts: AccountCounts


async def compute_day(database: Database, keyring: Keyring, day: date, *, page_size: int = PAGE_SIZE) -> bool:
    """Compute and store the figures of a day, unless they are stored. Return whether they were computed now."""
    async with database.readers.acquire() as connection:
        if await IS_COMPUTED.value(connection, day=day):
            return False
        legal_bases: dict[str, str] = dict(map(tuple, await PURPOSES.rows(connection)))
    counters, texts = Counters(), ClientTexts(keyring)
    page = await _read_page(database, keyring, texts, UUID(int=0), page_size)
    while page:
        started_at = time.perf_counter()
        next_page, clients_without_index = await asyncio.gather(
            _read_page(database, keyring, texts, page.last, page_size),
            run_with_pauses(_add_page(counters, texts, page)),
        )
        await client_texts.set_indexes(database, texts.version, clients_without_index)
        seconds = time.perf_counter() - started_at
        await asyncio.sleep(max(REST * seconds, page.people / PEOPLE_A_SECOND - seconds))
        page = next_page
    figures = [
        *counters.choices.figures(legal_bases),
        *counters.storage.figures(),
        *counters.requests.figures(),
        *counters.clients.figures(texts.by_index),
    ]
    async with database.transaction() as connection:
        if not await INSERT_DAY.run(connection, day=day, subjects=protect_count(people_count(counters.choices.people))):
            return False
        topics, names, values = map(list, zip(*figures, strict=True))
        await INSERT_FIGURES.run(connection, day=day, topics=topics, names=names, values=values)
    return True


async def _read_page(
    database: Database, keyring: Keyring, texts: ClientTexts, after: UUID, page_size: int
) -> _Page | None:
    """Return what is stored of the next people, at one moment; None when there is no one left."""
    async with (
        database.readers.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        row: Any = await PEOPLE.row(connection, after=after, most=page_size)
        ids, people, opted_out, exceptions = row
        if ids is None:
            return None
        last = UUID(bytes=ids[-ID_OCTETS:])
        async with keyring.pool.acquire() as keyring_connection:
            without_key = _missing_ids(ids, await keyring.ids_between(keyring_connection, after, last))
        choices, requests = [
            await statement.rows(connection, after=after, last=last) for statement in (CHOICES, REQUESTS)
        ]
        exceptional_choices = await EXCEPTIONAL_CHOICES.rows(connection, ids=exceptions) if exceptions else []
        accounts = await account_counts.read(connection, keyring, texts, PageRange(after, last, without_key))
    return _Page(last, people, opted_out, choices, exceptional_choices, requests, accounts)


def _missing_ids(ids: bytes, others: bytes) -> list[UUID]:
    """Return the ids that are not among others. Both are octets of ids in order, and mostly equal."""
    if ids == others:
        return []
    present = {others[start : start + ID_OCTETS] for start in range(0, len(others), ID_OCTETS)}
    all_ids = (ids[start : start + ID_OCTETS] for start in range(0, len(ids), ID_OCTETS))
    return [UUID(bytes=octets) for octets in all_ids if octets not in present]


def _add_page(counters: Counters, texts: ClientTexts, page: _Page) -> Steps[list[IndexedClient]]:
    """Add a page to the counters. Return the clients that have no index yet, with their indexes."""
    counters.choices.add_people(page.people, page.opted_out)
    for purpose, state, count in page.choices:
        counters.choices.add_choices(purpose, count, 0, is_granted=state == ConsentState.GRANTED)
    for purpose, state, is_overridden, is_erased, count in page.exceptional_choices:
        is_granted = state == ConsentState.GRANTED
        counters.choices.add_choices(purpose, -count, 0, is_granted=is_granted)
        if not is_erased:
            counters.choices.add_choices(purpose, count, count, is_granted=is_granted and not is_overridden)
    for kind, year, received, completed, denied, overdue, days in page.requests:
        counters.requests.add_person(kind, year, RequestCounts(received, completed, denied, overdue), days or ())
    return (yield from account_counts.add(counters, texts, page.accounts))
