"""Letters to the people whom a forced disclosure affects, enqueued by a worker when no delay is in force."""

from typing import Final

from models.disclosures.forced import PREFIX
from models.encryption.keyring import Keyring
from models.notifications import affected_people
from models.outbox.emails import EmailKind
from models.storage.database import Database
from models.storage.statement import Connection, Statement

DUE: Final = Statement("""
SELECT f.id, f.ground, f.authority, f.categories, f.disclosed_at
FROM forced_disclosures AS f
WHERE (f.notice_delayed_until IS NULL OR f.notice_delayed_until <= clock_timestamp())
AND EXISTS (SELECT FROM affected_people AS a WHERE a.cause_id = f.id AND a.notified_at IS NULL)
ORDER BY f.disclosed_at, f.id
LIMIT 1
FOR UPDATE OF f SKIP LOCKED
""")

COUNT_OVERDUE: Final = Statement("""
SELECT count(*)
FROM forced_disclosures AS f
WHERE f.notice_delayed_until <= clock_timestamp()
AND EXISTS (SELECT FROM affected_people AS a WHERE a.cause_id = f.id AND a.notified_at IS NULL)
""")


async def enqueue_next(database: Database, keyring: Keyring, most: int) -> int:
    """Enqueue the letters of one disclosure to the next people. Return how many people were taken."""
    async with database.transaction() as connection:
        row = await DUE.row(connection)
        if row is None:
            return 0
        disclosure_id, ground, authority, categories, disclosed_at = row
        context = {
            "ground": ground,
            "authority": authority,
            "categories": categories,
            "disclosed_at": disclosed_at.isoformat(),
        }
        return await affected_people.notify_next(
            connection, keyring, EmailKind.FORCED_DISCLOSURE, PREFIX, disclosure_id, context, most
        )


async def count_overdue(connection: Connection) -> int:
    """Return the number of disclosures whose delay has ended and whose letters are not enqueued."""
    count: int = await COUNT_OVERDUE.value(connection)
    return count
