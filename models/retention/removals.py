"""What a retention rule removes: the due records of one page, in batches. A person under a legal hold loses nothing.

Each statement locks its rows, and tests again that they are due.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from models.data_categories import DataCategory
from models.retention.counting import Key
from models.storage.statement import Connection, Statement

REMOVE_FILES: Final = Statement("""
DELETE FROM sync_files AS f
USING (
    SELECT f.subject_id, f.sync_account_id, f.id
    FROM unnest(CAST(:subject_ids AS uuid[]), CAST(:ids AS uuid[])) AS page (subject_id, id)
    JOIN sync_accounts AS a ON a.subject_id = page.subject_id AND a.id = page.id
    JOIN sync_files AS f ON f.subject_id = a.subject_id AND f.sync_account_id = a.id
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
    FROM unnest(CAST(:subject_ids AS uuid[]), CAST(:ids AS uuid[]), CAST(:hashes AS bytea[]))
        AS page (subject_id, id, lookup_hash)
    JOIN sync_clients AS c ON c.subject_id = page.subject_id AND c.sync_account_id = page.id
        AND c.lookup_hash = page.lookup_hash
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
    FROM unnest(CAST(:subject_ids AS uuid[]), CAST(:ids AS uuid[])) AS page (subject_id, id)
    JOIN letters AS l ON l.subject_id = page.subject_id AND l.id = page.id
    WHERE l.state IN ('SENT', 'DROPPED')
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

# A fragment does not change, so that one which was due is due.
REMOVE_FRAGMENTS: Final = Statement("""
DELETE FROM payment_fragments AS f
USING (
    SELECT f.subject_id, f.id
    FROM unnest(CAST(:subject_ids AS uuid[]), CAST(:ids AS uuid[])) AS page (subject_id, id)
    JOIN payment_fragments AS f ON f.subject_id = page.subject_id AND f.id = page.id
    WHERE NOT EXISTS (
        SELECT FROM retention_holds AS h WHERE h.subject_id = f.subject_id AND h.released_at IS NULL
    )
    LIMIT :most
    FOR UPDATE OF f SKIP LOCKED
) AS due
WHERE f.subject_id = due.subject_id
AND f.id = due.id
""")

REMOVALS: Final[Mapping[DataCategory, Statement]] = {
    DataCategory.SYNC_FILE_NAMES: REMOVE_FILES,
    DataCategory.SYNC_METADATA: REMOVE_CLIENTS,
    DataCategory.LETTERS: REMOVE_LETTERS,
    DataCategory.PAYMENT_FRAGMENTS: REMOVE_FRAGMENTS,
}


async def remove_due(connection: Connection, category: DataCategory, days: int, keys: Sequence[Key], most: int) -> int:
    """Remove records of these keys that are due and that no other transaction locks. Return how many, at most ``most``.

    The keys of file names are those of their sync accounts.
    """
    subject_ids, ids, hashes = (list(column) for column in zip(*keys, strict=True))
    values = {"subject_ids": subject_ids, "ids": ids, "most": most}
    if category is DataCategory.SYNC_METADATA:
        values["hashes"] = hashes
    if category is not DataCategory.PAYMENT_FRAGMENTS:
        values["days"] = days
    return await REMOVALS[category].run(connection, **values)
