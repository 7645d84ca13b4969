"""Cleanup of the outbox: unused keys, and the content of emails that were not sent."""

from datetime import timedelta
from typing import Final

from models.encryption import email_keys
from models.encryption.keyring import Keyring
from models.storage.database import Database
from models.storage.statement import Statement

RETRY_PERIOD: Final = timedelta(days=30)
"""How long an operator can retry an email that failed or is uncertain."""

FIND_UNUSED_KEYS = Statement("""
SELECT subject_id, id
FROM letters
WHERE has_own_key
AND address IS NULL
LIMIT 1000
""")

CLEAR_OWN_KEY = Statement("""
UPDATE letters AS l
SET has_own_key = false
FROM unnest(CAST(:subject_ids AS uuid[]), CAST(:ids AS uuid[])) AS spent (subject_id, id)
WHERE l.subject_id = spent.subject_id
AND l.id = spent.id
""")

DELETE_OLD_CONTENT = Statement("""
UPDATE letters
SET address = NULL, context = NULL
WHERE state IN ('FAILED', 'UNCERTAIN')
AND posted_at < clock_timestamp() - CAST(:period AS interval)
AND address IS NOT NULL
""")


async def clean_up(database: Database, keyring: Keyring) -> int:
    """Delete the content of emails that were not retried in time, and destroy unused keys. Return their number."""
    async with database.transaction() as connection:
        await DELETE_OLD_CONTENT.run(connection, period=RETRY_PERIOD)
    async with database.writers.acquire() as connection:
        rows = await FIND_UNUSED_KEYS.rows(connection)
    if rows:
        await email_keys.destroy(keyring, [row[1] for row in rows])
        async with database.transaction() as connection:
            await CLEAR_OWN_KEY.run(connection, subject_ids=[row[0] for row in rows], ids=[row[1] for row in rows])
    return len(rows)
