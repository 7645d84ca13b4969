"""What a retention rule removes, in batches. A person under a legal hold loses nothing.

Each batch locks its rows for as long as one statement takes.
"""

from collections.abc import Mapping
from typing import Final

from models.data_categories import DataCategory
from models.encryption.keyring import Keyring
from models.retention.counting import START, Place, expired_fragments
from models.storage.statement import Connection, Statement

REMOVE_FILES: Final = Statement("""
DELETE FROM sync_files AS f
USING (
    SELECT f.subject_id, f.sync_account_id, f.id
    FROM sync_files AS f
    JOIN sync_accounts AS a ON a.subject_id = f.subject_id AND a.id = f.sync_account_id
    WHERE a.last_synced_at < clock_timestamp() - make_interval(days => CAST(:days AS integer))
    AND NOT EXISTS (
        SELECT FROM retention_holds AS h WHERE h.subject_id = f.subject_id AND h.released_at IS NULL
    )
    LIMIT :most
    FOR UPDATE OF f SKIP LOCKED
) AS due
WHERE f.subject_id = due.subject_id
AND f.sync_account_id = due.sync_account_id
AND f.id = due.id
""")

REMOVE_CLIENTS: Final = Statement("""
DELETE FROM sync_clients AS c
USING (
    SELECT c.subject_id, c.sync_account_id, c.lookup_hash
    FROM sync_clients AS c
    WHERE c.last_seen_at < clock_timestamp() - make_interval(days => CAST(:days AS integer))
    AND NOT EXISTS (
        SELECT FROM retention_holds AS h WHERE h.subject_id = c.subject_id AND h.released_at IS NULL
    )
    LIMIT :most
    FOR UPDATE OF c SKIP LOCKED
) AS due
WHERE c.subject_id = due.subject_id
AND c.sync_account_id = due.sync_account_id
AND c.lookup_hash = due.lookup_hash
""")

REMOVE_LETTERS: Final = Statement("""
DELETE FROM letters AS l
USING (
    SELECT l.subject_id, l.id
    FROM letters AS l
    WHERE l.state IN ('SENT', 'DROPPED')
    AND l.letter NOT IN ('forced_disclosure', 'incident_notice')
    AND NOT l.has_own_key
    AND l.posted_at < clock_timestamp() - make_interval(days => CAST(:days AS integer))
    AND NOT EXISTS (
        SELECT FROM retention_holds AS h WHERE h.subject_id = l.subject_id AND h.released_at IS NULL
    )
    LIMIT :most
    FOR UPDATE OF l SKIP LOCKED
) AS due
WHERE l.subject_id = due.subject_id
AND l.id = due.id
""")

REMOVE_FRAGMENTS: Final = Statement("""
DELETE FROM payment_fragments AS f
USING unnest(CAST(:subject_ids AS uuid[]), CAST(:ids AS uuid[])) AS due (subject_id, id)
WHERE f.subject_id = due.subject_id
AND f.id = due.id
AND NOT EXISTS (
    SELECT FROM retention_holds AS h WHERE h.subject_id = f.subject_id AND h.released_at IS NULL
)
""")

REMOVALS: Final[Mapping[DataCategory, Statement]] = {
    DataCategory.SYNC_FILE_NAMES: REMOVE_FILES,
    DataCategory.SYNC_METADATA: REMOVE_CLIENTS,
    DataCategory.LETTERS: REMOVE_LETTERS,
}


async def remove_due(  # noqa: PLR0913, PLR0917 -- a batch depends on each of these
    connection: Connection, keyring: Keyring, category: DataCategory, days: int, most: int, place: Place
) -> tuple[int, Place | None]:
    """Remove the next records of a rule, at most ``most``.

    Return how many were removed, and the place to go on from; None when nothing is left.
    """
    statement = REMOVALS.get(category)
    if statement is not None:
        count = await statement.run(connection, days=days, most=most)
        return count, None if count < most else START
    due, next_place, is_last = await expired_fragments(connection, keyring, days, place)
    if due:
        subject_ids, ids = map(list, zip(*due, strict=True))
        await REMOVE_FRAGMENTS.run(connection, subject_ids=subject_ids, ids=ids)
    return len(due), None if is_last else next_place
