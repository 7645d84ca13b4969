"""Notices of a new version of the privacy policy: to each registered person once, opt-outs included."""

import hashlib
from typing import Final

from models.encryption.keyring import Keyring
from models.outbox.emails import EmailKind
from models.outbox.mass_emails import enqueue_many
from models.storage.database import Database
from models.storage.statement import Statement

# Only one worker enqueues at a time. Its place is kept in the transaction that enqueues, so that a kill loses nothing.
LOCK_NOTICE: Final = Statement("""
SELECT n.version, n.last_subject_id, v.effective_on, v.url, v.published_at,
    ARRAY(SELECT p.title FROM purposes AS p WHERE p.key = ANY(v.must_ask_again) ORDER BY p.title)
FROM policy_notices AS n
JOIN policy_versions AS v ON v.version = n.version
WHERE n.completed_at IS NULL
ORDER BY v.effective_on
LIMIT 1
FOR UPDATE OF n SKIP LOCKED
""")

NEXT_PEOPLE: Final = Statement("""
SELECT id
FROM subjects
WHERE id > COALESCE(CAST(:last AS uuid), CAST('00000000-0000-0000-0000-000000000000' AS uuid))
AND registered_at <= :published_at
AND status NOT IN ('ERASING', 'ERASED')
ORDER BY id
LIMIT :most
""")

ADVANCE: Final = Statement("""
UPDATE policy_notices
SET last_subject_id = :last, enqueued_count = enqueued_count + :count
WHERE version = :version
""")

COMPLETE: Final = Statement("""
UPDATE policy_notices
SET completed_at = clock_timestamp()
WHERE version = :version
""")


def cause_of(version: str) -> str:
    """Return the cause of the notices of a version. It makes each person get one."""
    return f"policy:{hashlib.sha256(version.encode()).hexdigest()[:32]}"


async def enqueue_next(database: Database, keyring: Keyring, most: int) -> int | None:
    """Enqueue the notice to the next people, at most ``most``. Return how many; None when there is nothing to do."""
    async with database.transaction() as connection:
        notice = await LOCK_NOTICE.row(connection)
        if notice is None:
            return None
        version, last, effective_on, url, published_at, purposes = notice
        ids = [row[0] for row in await NEXT_PEOPLE.rows(connection, last=last, published_at=published_at, most=most)]
        if not ids:
            await COMPLETE.run(connection, version=version)
            return 0
        context = {"effective_on": effective_on.isoformat(), "url": url, "purposes": purposes}
        count = await enqueue_many(connection, keyring, EmailKind.POLICY_CHANGED, ids, cause_of(version), context)
        await ADVANCE.run(connection, version=version, last=ids[-1], count=count)
        return len(ids)
