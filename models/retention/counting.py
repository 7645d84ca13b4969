"""How many records a retention rule would remove. Payment fragments are decrypted: their expiry is encrypted.

Records of a person under a legal hold do not count.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final
from uuid import UUID

from models.data_categories import DataCategory
from models.encryption.keyring import Keyring
from models.payments.fragments import EXPIRY_MONTH, EXPIRY_YEAR
from models.storage.clock import now
from models.storage.statement import Connection, Statement

SCAN_SIZE: Final = 2000
"""How many payment fragments are decrypted at a time."""

# A report replaces the files of an account, so that the account's last sync is when a name was last reported.
COUNT_FILES: Final = Statement("""
SELECT count(*)
FROM sync_files AS f
JOIN sync_accounts AS a ON a.subject_id = f.subject_id AND a.id = f.sync_account_id
WHERE a.last_synced_at < clock_timestamp() - make_interval(days => CAST(:days AS integer))
AND NOT EXISTS (
    SELECT FROM retention_holds AS h WHERE h.subject_id = f.subject_id AND h.released_at IS NULL
)
""")

COUNT_CLIENTS: Final = Statement("""
SELECT count(*)
FROM sync_clients AS c
WHERE c.last_seen_at < clock_timestamp() - make_interval(days => CAST(:days AS integer))
AND NOT EXISTS (
    SELECT FROM retention_holds AS h WHERE h.subject_id = c.subject_id AND h.released_at IS NULL
)
""")

# Letters that wait, and those that need a decision, stay. So do the proofs of notices that the law demands.
COUNT_LETTERS: Final = Statement("""
SELECT count(*)
FROM letters AS l
WHERE l.state IN ('SENT', 'DROPPED')
AND l.letter NOT IN ('forced_disclosure', 'incident_notice')
AND NOT l.has_own_key
AND l.posted_at < clock_timestamp() - make_interval(days => CAST(:days AS integer))
AND NOT EXISTS (
    SELECT FROM retention_holds AS h WHERE h.subject_id = l.subject_id AND h.released_at IS NULL
)
""")

# The expiry of a card is encrypted. A card that was stored after the limit cannot have expired before it.
FRAGMENTS: Final = Statement("""
SELECT f.subject_id, f.id, f.expiry_month, f.expiry_year
FROM payment_fragments AS f
WHERE f.stored_at < clock_timestamp() - make_interval(days => CAST(:days AS integer))
AND (f.subject_id, f.id) > (CAST(:after_subject AS uuid), CAST(:after_id AS uuid))
AND NOT EXISTS (
    SELECT FROM retention_holds AS h WHERE h.subject_id = f.subject_id AND h.released_at IS NULL
)
ORDER BY f.subject_id, f.id
LIMIT :most
""")

COUNTS: Final[Mapping[DataCategory, Statement | None]] = {
    DataCategory.SYNC_FILE_NAMES: COUNT_FILES,
    DataCategory.SYNC_METADATA: COUNT_CLIENTS,
    DataCategory.LETTERS: COUNT_LETTERS,
    DataCategory.PAYMENT_FRAGMENTS: None,
}
"""The count of each category that a rule can shorten. Payment fragments are decrypted, and have no statement."""

Place = tuple[UUID, UUID]
START: Final[Place] = (UUID(int=0), UUID(int=0))


async def count_due(connection: Connection, keyring: Keyring, category: DataCategory, days: int) -> int:
    """Return how many records a rule of this many days would remove now."""
    statement = COUNTS[category]
    if statement is not None:
        count: int = await statement.value(connection, days=days)
        return count
    total, place = 0, START
    while True:
        due, place, is_last = await expired_fragments(connection, keyring, days, place)
        total += len(due)
        if is_last:
            return total


async def expired_fragments(
    connection: Connection, keyring: Keyring, days: int, place: Place
) -> tuple[list[Place], Place, bool]:
    """Return the fragments of the next SCAN_SIZE rows whose card expired long enough ago."""
    rows = await FRAGMENTS.rows(connection, days=days, after_subject=place[0], after_id=place[1], most=SCAN_SIZE)
    if not rows:
        return [], place, True
    async with keyring.pool.acquire() as keyring_connection:
        keys = await keyring.of_subjects(keyring_connection, list({row[0] for row in rows}))
    today = now().date()
    due = []
    for subject_id, fragment_id, month, year in rows:
        if key := keys[subject_id]:
            expired_on = _first_day_after(int(EXPIRY_YEAR.decrypt(key, year)), int(EXPIRY_MONTH.decrypt(key, month)))
            if (today - expired_on).days >= days:
                due.append((subject_id, fragment_id))
    return due, (rows[-1][0], rows[-1][1]), len(rows) < SCAN_SIZE


def _first_day_after(year: int, month: int) -> date:
    """Return the first day on which a card is no longer valid."""
    return date(year + month // 12, month % 12 + 1, 1)
