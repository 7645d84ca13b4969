"""Lists of access grants: by state for callers, and since a time for the review at the command line."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from models.access.access_grants import APPROVAL_TIMEOUT, AccessGrantRow, GrantState
from models.storage.pagination import Page, PageRequest, read_page
from models.storage.statement import Connection, Statement, reads

SINCE = Statement("""
SELECT id, subject_id, actor, case_reference, minutes, asked_at, decided_by, decided_at, expires_at, ended_at
FROM access_grants
WHERE asked_at >= :since
ORDER BY asked_at, id
""")

# The CASE has the same branches as ``access_grants.state_of``.
FIND = Statement("""
SELECT id, subject_id, actor, case_reference, minutes, asked_at, decided_by, decided_at, expires_at, ended_at
FROM access_grants
WHERE (asked_at, id) < (
    COALESCE(CAST(:after_at AS timestamptz), 'infinity'),
    COALESCE(CAST(:after_id AS uuid), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
)
AND (CAST(:state AS text) IS NULL OR :state = CASE
    WHEN ended_at IS NOT NULL THEN 'ENDED'
    WHEN expires_at > clock_timestamp() THEN 'OPEN'
    WHEN expires_at IS NOT NULL THEN 'EXPIRED'
    WHEN decided_at IS NOT NULL THEN 'REFUSED'
    WHEN asked_at > clock_timestamp() - CAST(:waits AS interval) THEN 'WAITING'
    ELSE 'EXPIRED'
END)
ORDER BY asked_at DESC, id DESC
LIMIT :first
""")


async def requested_since(connection: Connection, at: datetime) -> list[AccessGrantRow]:
    """Return the grants requested since a time, the oldest first."""
    return [AccessGrantRow._make(row) for row in await SINCE.rows(connection, since=at)]


@reads(FIND)
async def find_grants(
    connection: Connection, states: Sequence[GrantState | None], page: PageRequest
) -> Mapping[Any, Page[AccessGrantRow]]:
    """Return a page of the grants in each state, the newest first; None stands for all states."""
    return {
        state: await read_page(connection, FIND, AccessGrantRow._make, page, state=state, waits=APPROVAL_TIMEOUT)
        for state in states
    }
