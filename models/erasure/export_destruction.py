"""Destruction of exports when a person is erased: their keys go, and the requests that asked for them are cancelled."""

from collections.abc import Sequence
from uuid import UUID

from models.encryption import export_keys
from models.encryption.keyring import Keyring
from models.storage.database import Database
from models.storage.statement import Statement

EXPORTS = Statement("""
SELECT request_id
FROM exports
WHERE subject_id = ANY(:ids)
""")

CANCEL_EXPORTS = Statement("""
UPDATE rights_requests
SET state = 'CANCELLED', closed_by = 'erasure worker', closed_at = clock_timestamp()
WHERE subject_id = ANY(:ids)
AND kind IN ('ACCESS', 'PORTABILITY')
AND state IN ('AWAITING_VERIFICATION', 'IN_PROGRESS')
""")


async def destroy_exports(database: Database, keyring: Keyring, subject_ids: Sequence[UUID]) -> None:
    """Make the exports of these people unreadable, and cancel the requests that are still open. It may be repeated."""
    ids = list(subject_ids)
    async with database.transaction() as connection:
        await CANCEL_EXPORTS.run(connection, ids=ids)
        export_ids = [row[0] for row in await EXPORTS.rows(connection, ids=ids)]
    await export_keys.destroy(keyring, export_ids)
