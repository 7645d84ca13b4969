"""The end of exports: the key is destroyed, then the chunks are deleted; also chunks that a killed process left."""

from models.encryption import export_keys
from models.encryption.keyring import Keyring
from models.storage.database import Database
from models.storage.statement import Statement

FIND_ENDED = Statement("""
SELECT e.request_id
FROM exports AS e
JOIN rights_requests AS r ON r.subject_id = e.subject_id AND r.id = e.request_id
WHERE e.ended_at IS NULL
AND (e.expires_at <= clock_timestamp() OR r.state IN ('CANCELLED', 'DENIED'))
LIMIT :most
""")

DELETE_CHUNKS = Statement("""
DELETE FROM export_chunks AS c
USING exports AS e
WHERE e.request_id = ANY(:request_ids)
AND c.subject_id = e.subject_id
AND c.request_id = e.request_id
""")

CLEAR_STEPS = Statement("""
UPDATE export_steps
SET reference_list = NULL, error = NULL, next_attempt_at = NULL
WHERE request_id = ANY(:request_ids)
""")

MARK_ENDED = Statement("""
UPDATE exports
SET ended_at = clock_timestamp(), code_hash = NULL, claimed_until = NULL
WHERE request_id = ANY(:request_ids)
AND ended_at IS NULL
""")

# A part that is being written has a chunk that is younger than an hour: the body of an upload and the lease of a build
# end long before, where nothing is added.
DELETE_ORPHANS = Statement("""
DELETE FROM export_chunks AS c
USING (
    SELECT subject_id, part_id
    FROM export_chunks
    GROUP BY subject_id, part_id
    HAVING max(stored_at) < clock_timestamp() - interval '1 hour'
) AS p
WHERE c.subject_id = p.subject_id
AND c.part_id = p.part_id
AND NOT EXISTS (SELECT FROM export_steps AS s WHERE s.subject_id = c.subject_id AND s.part_id = c.part_id)
AND NOT EXISTS (SELECT FROM exports AS e WHERE e.subject_id = c.subject_id AND e.archive_id = c.part_id)
""")


async def end_exports(database: Database, keyring: Keyring, most: int) -> int:
    """End at most ``most`` exports that have expired or whose request was cancelled or denied. Return how many."""
    async with database.writers.acquire() as connection:
        ids = [row[0] for row in await FIND_ENDED.rows(connection, most=most)]
    if not ids:
        return 0
    await export_keys.destroy(keyring, ids)
    async with database.transaction() as connection:
        await DELETE_CHUNKS.run(connection, request_ids=ids)
        await CLEAR_STEPS.run(connection, request_ids=ids)
        await MARK_ENDED.run(connection, request_ids=ids)
    return len(ids)


async def delete_orphans(database: Database) -> int:
    """Delete chunks of parts that were never finished. Return how many."""
    async with database.transaction() as connection:
        return await DELETE_ORPHANS.run(connection)
