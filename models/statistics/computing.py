"""The computation of a day's figures by a worker. Only protected figures leave it.

People are read in pages of their ids, with a rest after each page, so that consent decisions are hardly slower. The
next page is read while the clients of one are decrypted. PostgreSQL counts what is not encrypted.
"""

import asyncio
import time
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

from models.encryption.encrypted_column import DataKey
from models.encryption.keyring import Keyring
from models.statistics.counters import Counters, RequestCounts
from models.statistics.disclosure_control import people_count, protect_count
from models.storage.database import Database
from models.storage.statement import Statement
from models.storage.turns import Steps, run_with_pauses

PAGE_SIZE: Final = 1000
"""How many people are read at a time."""
PEOPLE_A_STEP: Final = 50
"""After how many people other work of the process has its turn."""
REST: Final = 0.25
"""Seconds of rest after each second of work."""

IS_COMPUTED: Final = Statement("""
SELECT EXISTS (SELECT FROM statistics_days WHERE day = :day)
""")

PURPOSES: Final = Statement("""
SELECT key, legal_basis
FROM purposes
ORDER BY key
""")

NEXT_PAGE: Final = Statement("""
SELECT page.id
FROM (SELECT id FROM subjects WHERE id > :after ORDER BY id LIMIT :most) AS page
ORDER BY page.id DESC
LIMIT 1
""")

PEOPLE: Final = Statement("""
SELECT count(*), count(opted_out_at)
FROM subjects
WHERE id > :after
AND id <= :last
AND status <> 'ERASED'
""")

# Granted choices that an opt-out of everything overrides count as refusals, as they do in decisions. The people that
# choices must be compared with are few: a join with all of them would take several times as long.
CHOICES: Final = Statement("""
SELECT c.purpose, c.state = 'GRANTED' AND (s.opted_out_at IS NULL OR c.effective_at > s.opted_out_at) AS is_granted,
    count(*), count(s.opted_out_at)
FROM consents AS c
LEFT JOIN (
    SELECT id, status, opted_out_at
    FROM subjects
    WHERE id > :after
    AND id <= :last
    AND (opted_out_at IS NOT NULL OR status = 'ERASED')
) AS s ON s.id = c.subject_id
WHERE c.subject_id > :after
AND c.subject_id <= :last
AND s.status IS DISTINCT FROM 'ERASED'
GROUP BY c.purpose, is_granted
""")

STORAGE: Final = Statement("""
SELECT count(*), person.accounts, CAST(sum(person.bytes) AS text),
    CAST((array_agg(person.bytes ORDER BY person.bytes DESC))[1:2] AS text[])
FROM (
    SELECT count(*) AS accounts, sum(storage_bytes) AS bytes
    FROM sync_accounts
    WHERE subject_id > :after
    AND subject_id <= :last
    GROUP BY subject_id
) AS person
GROUP BY person.accounts
""")

SIZES: Final = Statement("""
SELECT array_agg(storage_bytes)
FROM sync_accounts
WHERE subject_id > :after
AND subject_id <= :last
""")

WITHOUT_CLIENT: Final = Statement("""
SELECT a.subject_id, count(*)
FROM sync_accounts AS a
WHERE a.subject_id > :after
AND a.subject_id <= :last
AND NOT EXISTS (
    SELECT FROM sync_clients AS c
    WHERE c.subject_id = a.subject_id
    AND c.sync_account_id = a.id
    AND c.subject_id > :after
    AND c.subject_id <= :last
)
GROUP BY a.subject_id
""")

# Octets, because a UUID is slower to compare.
CLIENTS: Final = Statement("""
SELECT subject_id, uuid_send(sync_account_id), app, version, platform
FROM sync_clients
WHERE subject_id > :after
AND subject_id <= :last
ORDER BY subject_id
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
    """What is stored of the people of one page. Data keys are of those with a client."""

    last: UUID
    people: Any
    choices: list[Any]
    requests: list[Any]
    storage: list[Any]
    sizes: list[int]
    without_client: dict[UUID, int]
    clients: dict[UUID, list[Any]]
    keys: Iterator[DataKey]


async def compute_day(database: Database, keyring: Keyring, day: date, *, page_size: int = PAGE_SIZE) -> bool:
    """Compute and store the figures of a day, unless they are stored. Return whether they were computed now."""
    async with database.readers.acquire() as connection:
        if await IS_COMPUTED.value(connection, day=day):
            return False
        legal_bases: dict[str, str] = dict(map(tuple, await PURPOSES.rows(connection)))
    counters = Counters()
    page = await _read_page(database, keyring, UUID(int=0), page_size)
    while page:
        started_at = time.perf_counter()
        next_page = _read_page(database, keyring, page.last, page_size)
        page, _ = await asyncio.gather(next_page, run_with_pauses(_add_page(counters, page)))
        await asyncio.sleep(REST * (time.perf_counter() - started_at))
    figures = [
        *counters.choices.figures(legal_bases),
        *counters.storage.figures(),
        *counters.requests.figures(),
        *counters.clients.figures(),
    ]
    async with database.transaction() as connection:
        if not await INSERT_DAY.run(connection, day=day, subjects=protect_count(people_count(counters.choices.people))):
            return False
        topics, names, values = map(list, zip(*figures, strict=True))
        await INSERT_FIGURES.run(connection, day=day, topics=topics, names=names, values=values)
    return True


async def _read_page(database: Database, keyring: Keyring, after: UUID, page_size: int) -> _Page | None:
    """Return what is stored of the next people; None when there is no one left."""
    async with database.readers.acquire() as connection:
        last: UUID | None = await NEXT_PAGE.value(connection, after=after, most=page_size)
        if last is None:
            return None
        ids = {"after": after, "last": last}
        people = await PEOPLE.row(connection, **ids)
        choices, requests, storage, without_client, clients = [
            await statement.rows(connection, **ids)
            for statement in (CHOICES, REQUESTS, STORAGE, WITHOUT_CLIENT, CLIENTS)
        ]
        sizes = await SIZES.value(connection, **ids)
    clients_of = {subject_id: list(rows) for subject_id, rows in groupby(clients, key=itemgetter(0))}
    async with keyring.pool.acquire() as connection:
        keys = await keyring.each_of_subjects(connection, [*clients_of])
    return _Page(
        last, people, choices, requests, storage, sizes or [], dict(map(tuple, without_client)), clients_of, keys
    )


def _add_page(counters: Counters, page: _Page) -> Steps[None]:
    """Add a page to the counters."""
    counters.choices.add_people(*page.people)
    for purpose, is_granted, count, opted_out in page.choices:
        counters.choices.add_choices(purpose, count, opted_out, is_granted=is_granted)
    for kind, year, received, completed, denied, overdue, days in page.requests:
        counters.requests.add_person(kind, year, RequestCounts(received, completed, denied, overdue), days or ())
    for people, account_count, total, largest in page.storage:
        counters.storage.add_people(people, account_count, int(total), [*map(int, largest)])
    counters.storage.add_sizes(page.sizes)
    yield
    # One key at a time: ciphers reuse their memory.
    for number, key in enumerate(page.keys):
        counters.clients.add_person(key, page.clients.pop(key.owner_id))
        if number % PEOPLE_A_STEP == 0:
            yield
    # The clients of people whose keys are destroyed cannot be read.
    for subject_id, clients in page.clients.items():
        account_count = len({account_id for _, account_id, *_ in clients})
        page.without_client[subject_id] = page.without_client.get(subject_id, 0) + account_count
    counters.clients.end_page()
    counters.clients.add_without_client(page.without_client.values())
