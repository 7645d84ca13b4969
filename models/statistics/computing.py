"""The computation of a day's figures by a worker. Only protected figures leave it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from models.consent.purposes import LegalBasis
from models.encryption.keyring import Keyring
from models.statistics.disclosure_control import protect_bytes, protect_count, protect_parts
from models.statistics.figures import ClientDimension
from models.storage.database import Database
from models.storage.statement import Connection, Statement
from models.sync.accounts import APP, PLATFORM, VERSION

CLIENT_BATCH: Final = 5000
"""How many client programs are decrypted at a time."""
COLUMNS: Final = {
    ClientDimension.APP: APP,
    ClientDimension.VERSION: VERSION,
    ClientDimension.PLATFORM: PLATFORM,
}

IS_COMPUTED: Final = Statement("""
SELECT EXISTS (SELECT FROM statistics_days WHERE day = :day)
""")

PEOPLE: Final = Statement("""
SELECT count(*), count(opted_out_at)
FROM subjects
WHERE status <> 'ERASED'
""")

# Granted choices that an opt-out of everything overrides count as refusals, as they do in decisions.
CHOICES: Final = Statement("""
SELECT p.key, p.legal_basis, count(c.subject_id) FILTER (WHERE c.is_granted),
    count(c.subject_id) FILTER (WHERE NOT c.is_granted), count(c.subject_id) FILTER (WHERE c.is_opted_out)
FROM purposes AS p
LEFT JOIN (
    SELECT c.purpose, c.subject_id, s.opted_out_at IS NOT NULL AS is_opted_out,
        c.state = 'GRANTED' AND (s.opted_out_at IS NULL OR c.effective_at > s.opted_out_at) AS is_granted
    FROM consents AS c
    JOIN subjects AS s ON s.id = c.subject_id
    WHERE s.status <> 'ERASED'
) AS c ON c.purpose = p.key
GROUP BY p.key, p.legal_basis
""")

STORAGE: Final = Statement("""
SELECT count(*), CAST(COALESCE(sum(storage_bytes), 0) AS bigint),
    COALESCE(percentile_disc(0.5) WITHIN GROUP (ORDER BY storage_bytes), 0),
    COALESCE(percentile_disc(0.9) WITHIN GROUP (ORDER BY storage_bytes), 0)
FROM sync_accounts
""")

REQUESTS: Final = Statement("""
SELECT kind, CAST(extract(year FROM received_at AT TIME ZONE 'UTC') AS integer), count(*),
    count(*) FILTER (WHERE state = 'COMPLETED'), count(*) FILTER (WHERE state = 'DENIED'),
    count(*) FILTER (WHERE COALESCE(completed_at, clock_timestamp()) > due_at AND state NOT IN ('DENIED', 'CANCELLED')),
    CAST(percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(day FROM completed_at - received_at)) AS integer)
FROM rights_requests
GROUP BY 1, 2
""")

CLIENTS: Final = Statement("""
SELECT subject_id, sync_account_id, lookup_hash, app, version, platform
FROM sync_clients
WHERE (subject_id, sync_account_id, lookup_hash) > (
    CAST(:subject_id AS uuid), CAST(:account_id AS uuid), CAST(:lookup_hash AS bytea)
)
ORDER BY subject_id, sync_account_id, lookup_hash
LIMIT :most
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

Figures = list[tuple[str, str, int | None]]
"""Topic, name and protected value."""


async def compute_day(database: Database, keyring: Keyring, day: date) -> bool:
    """Compute and store the figures of a day, unless they are stored. Return whether they were computed now."""
    async with database.writers.acquire() as connection:
        if await IS_COMPUTED.value(connection, day=day):
            return False
        people, opted_out = await PEOPLE.row(connection) or (0, 0)
        figures = [
            *_choices(await CHOICES.rows(connection), people, opted_out),
            *_storage(await STORAGE.row(connection) or (0, 0, 0, 0)),
            *_requests(await REQUESTS.rows(connection)),
            *await _clients(connection, keyring),
        ]
    async with database.transaction() as connection:
        if not await INSERT_DAY.run(connection, day=day, subjects=protect_count(people)):
            return False
        topics, names, values = map(list, zip(*figures, strict=True))
        await INSERT_FIGURES.run(connection, day=day, topics=topics, names=names, values=values)
    return True


def _choices(rows: Iterable[Any], people: int, opted_out: int) -> Figures:
    figures: Figures = []
    for purpose, basis, granted, refused_rows, opted_out_rows in rows:
        refused = refused_rows + opted_out - opted_out_rows
        parts = protect_parts({"granted": granted, "refused": refused, "never_asked": people - granted - refused})
        name = "withdrawn" if basis == LegalBasis.CONSENT else "objected"
        figures += _named(f"choices {purpose}", {**parts, name: parts["refused"]}, {"granted", name, "never_asked"})
    return figures


def _named(topic: str, values: Mapping[str, int | None], names: set[str]) -> Figures:
    return [(topic, name, values[name]) for name in sorted(names)]


def _storage(row: Any) -> Figures:
    accounts, *sizes = row
    figures: Figures = [("storage", "accounts", protect_count(accounts))]
    figures += [
        ("storage", name, protect_bytes(size, accounts))
        for name, size in zip(("total", "median", "p90"), sizes, strict=True)
    ]
    return figures


def _requests(rows: Iterable[Any]) -> Figures:
    figures: Figures = []
    for kind, year, received, completed, denied, overdue, median_days in rows:
        topic = f"requests {kind} {year}"
        parts = protect_parts({"completed": completed, "denied": denied, "open": received - completed - denied})
        figures += [
            (topic, "received", protect_count(received)),
            (topic, "completed", parts["completed"]),
            (topic, "denied", parts["denied"]),
            (topic, "overdue", protect_count(overdue)),
            (topic, "median_days", None if parts["completed"] is None else median_days),
        ]
    return figures


async def _clients(connection: Connection, keyring: Keyring) -> Figures:
    """Return how many accounts have each program, version and platform; the strings are encrypted."""
    counts: dict[ClientDimension, Counter[str]] = {dimension: Counter() for dimension in ClientDimension}
    account: tuple[UUID, UUID] | None = None
    values: dict[ClientDimension, set[str]] = {}

    def count_account() -> None:
        for dimension, texts in values.items():
            counts[dimension].update(texts)

    place: tuple[UUID, UUID, bytes] = (UUID(int=0), UUID(int=0), b"")
    while True:
        rows = await CLIENTS.rows(
            connection, subject_id=place[0], account_id=place[1], lookup_hash=place[2], most=CLIENT_BATCH
        )
        async with keyring.pool.acquire() as keyring_connection:
            keys = await keyring.of_subjects(keyring_connection, list({row[0] for row in rows}))
        for subject_id, account_id, _lookup_hash, *encrypted in rows:
            key = keys.get(subject_id)
            if key is None:
                continue
            if (subject_id, account_id) != account:
                count_account()
                account, values = (subject_id, account_id), {dimension: set() for dimension in ClientDimension}
            for (dimension, each), value in zip(COLUMNS.items(), encrypted, strict=True):
                values[dimension].add(each.decrypt(key, value))
        if len(rows) < CLIENT_BATCH:
            count_account()
            break
        place = (rows[-1][0], rows[-1][1], rows[-1][2])
    return [
        (f"clients {dimension}", value, count)
        for dimension, counter in counts.items()
        for value, each in counter.items()
        if (count := protect_count(each)) is not None
    ]
