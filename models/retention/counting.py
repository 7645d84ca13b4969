"""What a retention rule would remove: found in pages of each table's primary key, so that no statement takes long.

Records of a person under a legal hold are not due. The expiry of a payment card is encrypted, so that cards are
decrypted.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from models.data_categories import DataCategory
from models.encryption.keyring import Keyring
from models.payments.fragments import EXPIRY_MONTH, EXPIRY_YEAR
from models.storage.clock import now
from models.storage.statement import Connection, Statement

SCAN_SIZE: Final = 2000
"""How many records, or sync accounts, one page has."""

# A report replaces the files of an account, so that the account's last sync is when a name was last reported.
SCAN_ACCOUNTS: Final = Statement("""
SELECT page.subject_id, page.id, page.number, page.is_due
    AND NOT EXISTS (SELECT FROM retention_holds AS h WHERE h.subject_id = page.subject_id AND h.released_at IS NULL)
    AND EXISTS (SELECT FROM sync_files AS f WHERE f.subject_id = page.subject_id AND f.sync_account_id = page.id)
FROM (
    SELECT a.subject_id, a.id, row_number() OVER (ORDER BY a.subject_id, a.id) AS number,
        a.last_synced_at < clock_timestamp() - make_interval(days => CAST(:days AS integer)) AS is_due
    FROM sync_accounts AS a
    WHERE (a.subject_id, a.id) > (CAST(:after_subject AS uuid), CAST(:after_id AS uuid))
    ORDER BY a.subject_id, a.id
    LIMIT CAST(:most AS bigint)
) AS page
WHERE page.is_due
OR page.number = CAST(:most AS bigint)
ORDER BY page.number
""")

SCAN_CLIENTS: Final = Statement("""
SELECT page.subject_id, page.sync_account_id, page.lookup_hash, page.number, page.is_due
    AND NOT EXISTS (SELECT FROM retention_holds AS h WHERE h.subject_id = page.subject_id AND h.released_at IS NULL)
FROM (
    SELECT c.subject_id, c.sync_account_id, c.lookup_hash,
        row_number() OVER (ORDER BY c.subject_id, c.sync_account_id, c.lookup_hash) AS number,
        c.last_seen_at < clock_timestamp() - make_interval(days => CAST(:days AS integer)) AS is_due
    FROM sync_clients AS c
    WHERE (c.subject_id, c.sync_account_id, c.lookup_hash) > (
        CAST(:after_subject AS uuid), CAST(:after_id AS uuid), CAST(:after_hash AS bytea)
    )
    ORDER BY c.subject_id, c.sync_account_id, c.lookup_hash
    LIMIT CAST(:most AS bigint)
) AS page
WHERE page.is_due
OR page.number = CAST(:most AS bigint)
ORDER BY page.number
""")

# Letters that wait, and those that need a decision, stay. So do the proofs of notices that the law demands.
SCAN_LETTERS: Final = Statement("""
SELECT page.subject_id, page.id, page.number, page.is_due
    AND NOT EXISTS (SELECT FROM retention_holds AS h WHERE h.subject_id = page.subject_id AND h.released_at IS NULL)
FROM (
    SELECT l.subject_id, l.id, row_number() OVER (ORDER BY l.subject_id, l.id) AS number,
        l.state IN ('SENT', 'DROPPED') AND l.letter NOT IN ('forced_disclosure', 'incident_notice')
        AND NOT l.has_own_key
        AND l.posted_at < clock_timestamp() - make_interval(days => CAST(:days AS integer)) AS is_due
    FROM letters AS l
    WHERE (l.subject_id, l.id) > (CAST(:after_subject AS uuid), CAST(:after_id AS uuid))
    ORDER BY l.subject_id, l.id
    LIMIT CAST(:most AS bigint)
) AS page
WHERE page.is_due
OR page.number = CAST(:most AS bigint)
ORDER BY page.number
""")

# A card that was stored after the limit cannot have expired before it.
SCAN_FRAGMENTS: Final = Statement("""
SELECT page.subject_id, page.id, page.expiry_month, page.expiry_year, page.number, page.is_due
    AND NOT EXISTS (SELECT FROM retention_holds AS h WHERE h.subject_id = page.subject_id AND h.released_at IS NULL)
FROM (
    SELECT f.subject_id, f.id, f.expiry_month, f.expiry_year,
        row_number() OVER (ORDER BY f.subject_id, f.id) AS number,
        f.stored_at < clock_timestamp() - make_interval(days => CAST(:days AS integer)) AS is_due
    FROM payment_fragments AS f
    WHERE (f.subject_id, f.id) > (CAST(:after_subject AS uuid), CAST(:after_id AS uuid))
    ORDER BY f.subject_id, f.id
    LIMIT CAST(:most AS bigint)
) AS page
WHERE page.is_due
OR page.number = CAST(:most AS bigint)
ORDER BY page.number
""")

COUNT_FILES: Final = Statement("""
SELECT count(*)
FROM unnest(CAST(:subject_ids AS uuid[]), CAST(:ids AS uuid[])) AS due (subject_id, id)
JOIN sync_files AS f ON f.subject_id = due.subject_id AND f.sync_account_id = due.id
""")

SCANS: Final[Mapping[DataCategory, Statement]] = {
    DataCategory.SYNC_FILE_NAMES: SCAN_ACCOUNTS,
    DataCategory.SYNC_METADATA: SCAN_CLIENTS,
    DataCategory.LETTERS: SCAN_LETTERS,
    DataCategory.PAYMENT_FRAGMENTS: SCAN_FRAGMENTS,
}
"""The scan of each category that a rule can shorten. That of file names finds sync accounts."""

Key = tuple[UUID, UUID, bytes]
"""The primary key of a record. Its last part is empty where the table has two columns."""
START: Final[Key] = (UUID(int=0), UUID(int=0), b"")


class DuePage(NamedTuple):
    """The due records of one page, and the place to go on from; None after the last page."""

    keys: list[Key]
    place: Key | None


async def scan(connection: Connection, keyring: Keyring, category: DataCategory, days: int, place: Key) -> DuePage:
    """Return what is due on the next page after ``place``. Nothing is locked."""
    names = dict(zip(("after_subject", "after_id", "after_hash"), place, strict=True))
    if category is not DataCategory.SYNC_METADATA:
        del names["after_hash"]
    rows = await SCANS[category].rows(connection, days=days, most=SCAN_SIZE, **names)
    next_place = _key(category, rows[-1]) if rows and rows[-1]["number"] == SCAN_SIZE else None
    due = [row for row in rows if row[-1]]
    if category is DataCategory.PAYMENT_FRAGMENTS and due:
        due = await _expired(keyring, days, due)
    return DuePage([_key(category, row) for row in due], next_place)


async def count_page(
    connection: Connection, keyring: Keyring, category: DataCategory, days: int, place: Key
) -> tuple[int, Key | None]:
    """Return how many records are due on the next page, and the place to go on from; None after the last page."""
    keys, next_place = await scan(connection, keyring, category, days, place)
    if not keys or category is not DataCategory.SYNC_FILE_NAMES:
        return len(keys), next_place
    subject_ids, ids, _ = (list(column) for column in zip(*keys, strict=True))
    return await COUNT_FILES.value(connection, subject_ids=subject_ids, ids=ids), next_place


async def count_due(connection: Connection, keyring: Keyring, category: DataCategory, days: int) -> int:
    """Return how many records a rule of this many days would remove now."""
    total, place = 0, START
    while True:
        count, next_place = await count_page(connection, keyring, category, days, place)
        total += count
        if next_place is None:
            return total
        place = next_place


def _key(category: DataCategory, row: Any) -> Key:
    return row[0], row[1], row[2] if category is DataCategory.SYNC_METADATA else b""


async def _expired(keyring: Keyring, days: int, rows: list[Any]) -> list[Any]:
    """Return the payment fragments among the rows whose card expired long enough ago."""
    by_person: dict[UUID, list[Any]] = {}
    for row in rows:
        by_person.setdefault(row[0], []).append(row)
    async with keyring.pool.acquire() as keyring_connection:
        keys = await keyring.each_of_subjects(keyring_connection, [*by_person])
    today = now().date()
    return [
        row
        for key in keys
        for row in by_person[key.owner_id]
        if (year := int(EXPIRY_YEAR.decrypt(key, row["expiry_year"]))) <= today.year
        and (today - _first_day_after(year, int(EXPIRY_MONTH.decrypt(key, row["expiry_month"])))).days >= days
    ]


def _first_day_after(year: int, month: int) -> date:
    """Return the first day on which a card is no longer valid."""
    return date(year + month // 12, month % 12 + 1, 1)
