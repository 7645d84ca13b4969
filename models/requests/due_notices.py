"""Notices to privacy officers about requests that are due: a week before the deadline, and when it is reached."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from models.outbox import staff_notices
from models.outbox.staff_notices import StaffNoticeKind
from models.requests.states import OPEN_STATES
from models.storage.database import Database
from models.storage.statement import Statement

KINDS: Final[Mapping[StaffNoticeKind, timedelta]] = {
    StaffNoticeKind.REQUEST_DUE_SOON: timedelta(days=7),
    StaffNoticeKind.REQUEST_DUE: timedelta(0),
}
"""How many days before the day of the deadline each notice is sent."""
BATCH: Final = 100

# An extension moves the deadline, so the notices of before it are sent again. A deadline of more than a week ago, as
# after a restore, has had its notices.
DUE = Statement("""
SELECT r.id, r.extended_at
FROM rights_requests AS r
WHERE r.state = ANY(:open)
AND date_trunc('day', COALESCE(r.extended_until, r.due_at), 'UTC') < clock_timestamp() + CAST(:ahead AS interval)
AND COALESCE(r.extended_until, r.due_at) > clock_timestamp() - interval '7 days'
AND NOT EXISTS (
    SELECT FROM notices AS n
    WHERE n.notice = :notice
    AND n.about = r.id
    AND n.posted_at >= COALESCE(r.extended_at, '-infinity')
)
ORDER BY COALESCE(r.extended_until, r.due_at), r.id
LIMIT :most
""")


async def enqueue_due(database: Database) -> int:
    """Enqueue the notices of at most ``BATCH`` requests for each kind of notice. Return how many were enqueued."""
    count = 0
    async with database.transaction() as connection:
        for kind, ahead in KINDS.items():
            rows = await DUE.rows(connection, open=[*OPEN_STATES], ahead=ahead, notice=kind, most=BATCH)
            for row in rows:
                await staff_notices.enqueue_again(connection, kind, row["id"], row["extended_at"])
            count += len(rows)
    return count
