"""The computation of a day's figures by a worker. Only protected figures leave it.

People are read in pages of their ids, with a rest after each page, so that consent decisions are hardly slower.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any, Final
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

# Granted choices that an opt-out of everything overrides count as refusals, as they do in decisions.
CHOICES: Final = Statement("""
SELECT c.purpose, count(*) FILTER (WHERE c.is_granted), count(*) FILTER (WHERE NOT c.is_granted),
    count(*) FILTER (WHERE c.is_opted_out)
FROM (
    SELECT choice.key AS purpose, s.opted_out_at IS NOT NULL AS is_opted_out,
        choice.value ->> 0 = 'GRANTED' AND (
            s.opted_out_at IS NULL OR CAST(choice.value ->> 1 AS timestamptz) > s.opted_out_at
        ) AS is_granted
    FROM subjects AS s
    CROSS JOIN LATERAL jsonb_each(s.choices) AS choice
    WHERE s.id > :after
    AND s.id <= :last
    AND s.status <> 'ERASED'
) AS c
GROUP BY c.purpose
""")

STORAGE: Final = Statement("""
SELECT subject_id, array_agg(storage_bytes)
FROM sync_accounts
WHERE subject_id > :after
AND subject_id <= :last
GROUP BY subject_id
""")

CLIENTS: Final = Statement("""
SELECT subject_id, sync_account_id, app, version, platform
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


async def compute_day(database: Database, keyring: Keyring, day: date) -> bool:
    """Compute and store the figures of a day, unless they are stored. Return whether they were computed now."""
    async with database.readers.acquire() as connection:
        if await IS_COMPUTED.value(connection, day=day):
            return False
        legal_bases: dict[str, str] = dict(map(tuple, await PURPOSES.rows(connection)))
    counters = Counters()
    after = UUID(int=0)
    while True:
        started_at = time.perf_counter()
        last = await _add_page(database, keyring, counters, after)
        if last is None:
            break
        after = last
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


async def _add_page(database: Database, keyring: Keyring, counters: Counters, after: UUID) -> UUID | None:
    """Add the next people to the counters. Return the id of the last one; None when there is no one left."""
    async with database.readers.acquire() as connection:
        last: UUID | None = await NEXT_PAGE.value(connection, after=after, most=PAGE_SIZE)
        if last is None:
            return None
        page = {"after": after, "last": last}
        people, opted_out = await PEOPLE.row(connection, **page) or (0, 0)
        counters.choices.add_people(people, opted_out)
        for purpose, granted, refused, opted_out_of in await CHOICES.rows(connection, **page):
            counters.choices.add_choices(purpose, granted, refused, opted_out_of)
        for kind, year, received, completed, denied, overdue, days in await REQUESTS.rows(connection, **page):
            counts = RequestCounts(received, completed, denied, overdue)
            counters.requests.add_person(kind, year, counts, days or ())
        accounts = await STORAGE.rows(connection, **page)
        clients = await CLIENTS.rows(connection, **page)
    async with keyring.pool.acquire() as connection:
        keys = await keyring.of_subjects(connection, list({row[0] for row in clients}))
    await run_with_pauses(_add_accounts(counters, accounts, clients, keys))
    return last


def _add_accounts(
    counters: Counters, accounts: Iterable[Any], clients: Iterable[Any], keys: Mapping[UUID, DataKey]
) -> Steps[None]:
    """Add the accounts of people and their clients. Keys are of people with a client."""
    clients_of = {subject_id: list(rows) for subject_id, rows in groupby(clients, key=itemgetter(0))}
    for number, (subject_id, sizes) in enumerate(accounts):
        counters.storage.add_person(sizes)
        if key := keys.get(subject_id):
            counters.clients.add_person(key, clients_of[subject_id], len(sizes))
        else:
            counters.clients.add_without_client(len(sizes))
        if number % PEOPLE_A_STEP == 0:
            yield
