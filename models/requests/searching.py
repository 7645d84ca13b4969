"""Searching rights requests: by kind, state and deadline, the newest first or those that are due first."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from models.requests.requests import RightsRequestRow
from models.requests.states import OPEN_STATES, RequestKind, RequestState
from models.storage.pagination import Page, PageRequest, read_page
from models.storage.statement import Connection, Statement, reads


class RequestOrder(StrEnum):
    """The order of a list of requests."""

    NEWEST_FIRST = "NEWEST_FIRST"
    DUE_FIRST = "DUE_FIRST"


class RequestFilter(NamedTuple):
    """The requests to find, and their order. A condition that is None matches every request."""

    order: RequestOrder = RequestOrder.NEWEST_FIRST
    state: RequestState | None = None
    kind: RequestKind | None = None
    overdue: bool | None = None
    due_before: datetime | None = None


NEWEST = Statement("""
SELECT id, subject_id, kind, state, channel, case_reference, received_at, due_at, execute_at, completed_at,
    backups_clear_at, identity, denial_reason, certificate, certified_at, replay_statements,
    extended_until, extension_reason
FROM rights_requests
WHERE (CAST(:kind AS text) IS NULL OR kind = :kind)
AND (CAST(:overdue AS boolean) IS NULL
    OR (COALESCE(extended_until, due_at) < now() AND state = ANY(:open)) = :overdue)
AND (CAST(:due_before AS timestamptz) IS NULL OR COALESCE(extended_until, due_at) < :due_before)
AND (received_at, id) < (COALESCE(CAST(:after_at AS timestamptz), 'infinity'), CAST(:after_id AS uuid))
ORDER BY received_at DESC, id DESC
LIMIT :first
""")

# The state is part of the cursor condition; otherwise the planner may scan the requests of all states.
NEWEST_IN_STATE = Statement("""
SELECT id, subject_id, kind, state, channel, case_reference, received_at, due_at, execute_at, completed_at,
    backups_clear_at, identity, denial_reason, certificate, certified_at, replay_statements,
    extended_until, extension_reason
FROM rights_requests
WHERE (state, received_at, id)
    < (CAST(:state AS text), COALESCE(CAST(:after_at AS timestamptz), 'infinity'), CAST(:after_id AS uuid))
AND state >= :state
AND (CAST(:kind AS text) IS NULL OR kind = :kind)
AND (CAST(:overdue AS boolean) IS NULL
    OR (COALESCE(extended_until, due_at) < now() AND state = ANY(:open)) = :overdue)
AND (CAST(:due_before AS timestamptz) IS NULL OR COALESCE(extended_until, due_at) < :due_before)
ORDER BY state DESC, received_at DESC, id DESC
LIMIT :first
""")

DUE = Statement("""
SELECT id, subject_id, kind, state, channel, case_reference, received_at, due_at, execute_at, completed_at,
    backups_clear_at, identity, denial_reason, certificate, certified_at, replay_statements,
    extended_until, extension_reason
FROM rights_requests
WHERE (CAST(:kind AS text) IS NULL OR kind = :kind)
AND (CAST(:state AS text) IS NULL OR state || '' = :state)
AND (CAST(:overdue AS boolean) IS NULL
    OR (COALESCE(extended_until, due_at) < now() AND state = ANY(:open)) = :overdue)
AND COALESCE(extended_until, due_at) < COALESCE(CAST(:due_before AS timestamptz), 'infinity')
AND (COALESCE(extended_until, due_at), id)
    > (COALESCE(CAST(:after_at AS timestamptz), '-infinity'), CAST(:after_id AS uuid))
ORDER BY COALESCE(extended_until, due_at), id
LIMIT :first
""")

# The list of open states lets the planner use the index of open requests, of which there are few.
DUE_IN_OPEN_STATE = Statement("""
SELECT id, subject_id, kind, state, channel, case_reference, received_at, due_at, execute_at, completed_at,
    backups_clear_at, identity, denial_reason, certificate, certified_at, replay_statements,
    extended_until, extension_reason
FROM rights_requests
WHERE state IN ('AWAITING_VERIFICATION', 'SCHEDULED', 'IN_PROGRESS', 'PARTIALLY_COMPLETED')
AND state || '' = :state
AND (CAST(:kind AS text) IS NULL OR kind = :kind)
AND (CAST(:overdue AS boolean) IS NULL OR (COALESCE(extended_until, due_at) < now()) = :overdue)
AND COALESCE(extended_until, due_at) < COALESCE(CAST(:due_before AS timestamptz), 'infinity')
AND (COALESCE(extended_until, due_at), id)
    > (COALESCE(CAST(:after_at AS timestamptz), '-infinity'), CAST(:after_id AS uuid))
ORDER BY COALESCE(extended_until, due_at), id
LIMIT :first
""")

COUNT_OVERDUE = Statement("""
SELECT kind, count(*)
FROM rights_requests
WHERE state = ANY(:open)
AND COALESCE(extended_until, due_at) < clock_timestamp()
GROUP BY kind
""")


def _statement(criteria: RequestFilter) -> Statement:
    """Return the statement whose index fits the order and the state."""
    if criteria.order is RequestOrder.DUE_FIRST:
        return DUE_IN_OPEN_STATE if criteria.state in OPEN_STATES else DUE
    return NEWEST if criteria.state is None else NEWEST_IN_STATE


@reads(NEWEST, NEWEST_IN_STATE, DUE, DUE_IN_OPEN_STATE)
async def find_requests(
    connection: Connection, keys: Sequence[RequestFilter], page: PageRequest
) -> Mapping[RequestFilter, Page[RightsRequestRow]]:
    """Return a page of the matching requests for each filter."""
    pages = {}
    for criteria in keys:
        pages[criteria] = await read_page(
            connection,
            _statement(criteria),
            RightsRequestRow._make,
            page,
            state=criteria.state,
            kind=criteria.kind,
            overdue=criteria.overdue,
            due_before=criteria.due_before,
            open=[*OPEN_STATES],
        )
    return pages


async def count_overdue(connection: Connection) -> dict[RequestKind, int]:
    """Return the number of overdue requests of each kind."""
    counts = {row[0]: row[1] for row in await COUNT_OVERDUE.rows(connection, open=[*OPEN_STATES])}
    return {kind: counts.get(kind, 0) for kind in RequestKind}
