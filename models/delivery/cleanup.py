"""Leftovers: what letters need no more, and when it goes."""

from datetime import timedelta
from typing import Final

from models.encryption import email_keys
from models.encryption.keyring import Keyring
from models.storage.database import Database
from models.storage.statement import Statement

RETRY_PERIOD: Final = timedelta(days=30)
"""How long a letter that was not sent, or may not have been, can be tried again."""

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
AND posted_at < clock_timestamp() - CAST(:kept_for AS interval)
AND address IS NOT NULL
""")


async def clean_up(database: Database, keyring: Keyring) -> int:
    """Destroy the keys of letters that need them no more, and forget letters that wait too long for a decision."""
    async with database.transaction() as connection:
        await DELETE_OLD_CONTENT.run(connection, kept_for=RETRY_PERIOD)
    async with database.writers.acquire() as connection:
        spent = await FIND_UNUSED_KEYS.rows(connection)
    if spent:
        await email_keys.destroy(keyring, [row[1] for row in spent])
        async with database.transaction() as connection:
            await CLEAR_OWN_KEY.run(connection, subject_ids=[row[0] for row in spent], ids=[row[1] for row in spent])
    return len(spent)
