"""The counts of the sync accounts of a page of people.

PostgreSQL compares the blind indexes of clients, and returns few rows. The worker adds them to the counters. It
decrypts only the clients that have no index yet.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

from models.encryption.encrypted_column import DataKey
from models.encryption.keyring import Keyring
from models.statistics.client_counter import COLUMNS
from models.statistics.client_texts import ClientTexts, EncryptedClient, IndexedClient, PageRange
from models.statistics.counters import Counters
from models.storage.statement import Connection, Statement
from models.storage.turns import Steps

PEOPLE_A_STEP: Final = 50
"""After how many people, whose clients are decrypted, other work of the process has its turn."""
DIMENSIONS: Final = {str(dimension): dimension for dimension in COLUMNS}

# A row for each count. Most people have two clients at most, or clients that are equal. They are counted by the least
# and the greatest index, in half the time that lists of indexes take. The others have a row of their own.
COUNTS: Final = Statement("""
WITH account AS (
    SELECT subject_id, count(*) AS accounts, sum(storage_bytes) AS bytes
    FROM sync_accounts
    WHERE subject_id > :after
    AND subject_id <= :last
    GROUP BY subject_id
), client AS (
    SELECT subject_id, count(*) AS clients, count(DISTINCT sync_account_id) AS accounts,
        count(*) FILTER (WHERE index_version = :version) AS indexed,
        min(app_index) AS least_app, max(app_index) AS greatest_app,
        min(version_index) AS least_version, max(version_index) AS greatest_version,
        min(platform_index) AS least_platform, max(platform_index) AS greatest_platform
    FROM sync_clients
    WHERE subject_id > :after
    AND subject_id <= :last
    GROUP BY subject_id
), person AS MATERIALIZED (
    SELECT a.subject_id, a.accounts, a.bytes, a.accounts - COALESCE(c.accounts, 0) AS without_client,
        c.accounts AS with_client, c.clients = c.indexed AS is_indexed,
        c.clients = c.indexed AND (c.clients <= 2 OR (
            c.least_app = c.greatest_app
            AND c.least_version = c.greatest_version
            AND c.least_platform = c.greatest_platform
        )) AS is_simple,
        c.least_app, c.greatest_app, c.least_version, c.greatest_version, c.least_platform, c.greatest_platform
    FROM account AS a
    LEFT JOIN client AS c ON c.subject_id = a.subject_id
        AND c.subject_id NOT IN (SELECT unnest(CAST(:without_key AS uuid[])))
)
SELECT 'APP' AS name, least_app AS least, greatest_app AS greatest, CAST(with_client AS numeric) AS amount,
    count(*) AS people, CAST(NULL AS uuid) AS subject_id
FROM person
WHERE is_simple
GROUP BY least_app, greatest_app, with_client
UNION ALL
SELECT 'VERSION', least_version, greatest_version, with_client, count(*), NULL
FROM person
WHERE is_simple
GROUP BY least_version, greatest_version, with_client
UNION ALL
SELECT 'PLATFORM', least_platform, greatest_platform, with_client, count(*), NULL
FROM person
WHERE is_simple
GROUP BY least_platform, greatest_platform, with_client
UNION ALL
SELECT 'without client', NULL, NULL, without_client, count(*), NULL
FROM person
WHERE without_client > 0
AND is_indexed IS NOT FALSE
GROUP BY without_client
UNION ALL
SELECT 'accounts', NULL, NULL, accounts, count(*), NULL
FROM person
GROUP BY accounts
UNION ALL
SELECT 'bytes', NULL, NULL, sum(bytes), count(*), NULL
FROM person
UNION ALL
SELECT 'largest', NULL, NULL, bytes, 1, NULL
FROM (SELECT bytes FROM person ORDER BY bytes DESC LIMIT 2) AS largest
UNION ALL
SELECT CASE WHEN is_indexed THEN 'several clients' ELSE 'not indexed' END, NULL, NULL, without_client, 1, subject_id
FROM person
WHERE NOT is_simple
""")

# The same columns as above.
COUNTS_OF_SEVERAL_CLIENTS: Final = Statement("""
SELECT name, index AS least, index AS greatest, amount, count(*) AS people, CAST(NULL AS uuid) AS subject_id
FROM (
    SELECT dimension.name, dimension.index, count(DISTINCT c.sync_account_id) AS amount
    FROM sync_clients AS c
    CROSS JOIN LATERAL (
        VALUES ('APP', c.app_index), ('VERSION', c.version_index), ('PLATFORM', c.platform_index)
    ) AS dimension (name, index)
    WHERE c.subject_id = ANY(:ids)
    GROUP BY c.subject_id, dimension.name, dimension.index
) AS person
GROUP BY name, index, amount
""")

SIZES: Final = Statement("""
SELECT array_agg(storage_bytes)
FROM sync_accounts
WHERE subject_id > :after
AND subject_id <= :last
""")

# Octets, because a UUID is slower to compare.
ENCRYPTED_CLIENTS: Final = Statement("""
SELECT subject_id, uuid_send(sync_account_id), lookup_hash, app, version, platform, index_version
FROM sync_clients
WHERE subject_id = ANY(:ids)
ORDER BY subject_id
""")


class AccountCounts(NamedTuple):
    """What is stored of the accounts of a page of people. Data keys are of those with a client without an index."""

    sizes: list[int]
    counts: list[Any]
    encrypted_clients: dict[UUID, list[EncryptedClient]]
    keys: Iterator[DataKey]


async def read(connection: Connection, keyring: Keyring, texts: ClientTexts, page: PageRange) -> AccountCounts:
    """Return what is stored of the accounts of a page of people. Find the texts of new indexes."""
    people = {"after": page.after, "last": page.last}
    sizes = await SIZES.value(connection, **people)
    counts = await COUNTS.rows(connection, version=keyring.lookup_version, **page._asdict())
    ids: dict[str, list[UUID]] = {"several clients": [], "not indexed": []}
    for row in counts:
        if row["subject_id"]:
            ids[row["name"]].append(row["subject_id"])
    counts += await COUNTS_OF_SEVERAL_CLIENTS.rows(connection, ids=ids["several clients"])
    await texts.find(connection, {index for row in counts for index in row[1:3] if index is not None}, page)
    rows = map(EncryptedClient._make, await ENCRYPTED_CLIENTS.rows(connection, ids=ids["not indexed"]))
    encrypted_clients = {subject_id: list(clients) for subject_id, clients in groupby(rows, itemgetter(0))}
    async with keyring.pool.acquire() as keyring_connection:
        keys = await keyring.each_of_subjects(keyring_connection, ids["not indexed"])
    return AccountCounts(sizes or [], counts, encrypted_clients, keys)


def add(counters: Counters, texts: ClientTexts, page: AccountCounts) -> Steps[list[IndexedClient]]:
    """Add the accounts of a page to the counters. Return the clients that have no index yet, with their indexes."""
    without_client = _add_counts(counters, page.counts)
    counters.storage.add_sizes(page.sizes)
    yield
    clients_without_index: list[IndexedClient] = []
    # One key at a time: ciphers reuse their memory.
    for number, key in enumerate(page.keys):
        clients = page.encrypted_clients.pop(key.owner_id)
        indexes = texts.decrypt(key, [(client.app, client.version, client.platform) for client in clients])
        counters.clients.add_person([client.account for client in clients], *indexes)
        clients_without_index += [
            (client, own)
            for client, own in zip(clients, zip(*indexes, strict=True), strict=True)
            if client.index_version != texts.version
        ]
        if number % PEOPLE_A_STEP == 0:
            yield
    # The clients of people whose keys were destroyed meanwhile cannot be read.
    for subject_id, clients in page.encrypted_clients.items():
        without_client[subject_id] += len({client.account for client in clients})
    for count in without_client.values():
        counters.clients.add_without_client(count)
    return clients_without_index


def _add_counts(counters: Counters, counts: Iterable[Any]) -> dict[UUID, int]:
    """Add counts of PostgreSQL. Return the accounts without a client of each person whose clients are encrypted."""
    without_client: dict[UUID, int] = {}
    people_with_accounts, total, largest = 0, 0, []
    for name, least, greatest, amount, people, subject_id in counts:
        if name in DIMENSIONS:
            counters.clients.add_people(DIMENSIONS[name], least, greatest, int(amount), people)
        elif name == "without client":
            counters.clients.add_without_client(int(amount), people)
        elif name == "not indexed":
            without_client[subject_id] = int(amount)
        elif name == "accounts":
            counters.storage.add_people(people, int(amount))
        elif name == "bytes" and people:
            people_with_accounts, total = people, int(amount)
        elif name == "largest":
            largest.append(int(amount))
    counters.storage.add_bytes(people_with_accounts, total, sorted(largest, reverse=True))
    return without_client
