"""What is retained of the person of a request: before the erasure on account of a legal hold, and after it."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from models.erasure import scope
from models.erasure.retention import EVERYTHING_HELD, RetainedRow
from models.requests.states import EXECUTING_STATES, RequestKind, RequestState
from models.retention.grounds import RetentionGround
from models.storage.clock import now
from models.storage.statement import Connection, RowsByKey, Statement, as_list, reads

OF_REQUESTS: Final = Statement("""
SELECT r.id, r.state, r.completed_at, h.ground
FROM rights_requests AS r
LEFT JOIN retention_holds AS h ON h.subject_id = r.subject_id AND h.released_at IS NULL
WHERE r.id = ANY(CAST(:ids AS uuid[]))
AND r.kind = :kind
""")
_HOLDABLE_STATES: Final = frozenset({RequestState.AWAITING_VERIFICATION, RequestState.SCHEDULED})


@reads(OF_REQUESTS)
async def of_requests(connection: Connection, ids: Sequence[UUID]) -> RowsByKey[UUID, RetainedRow]:
    """Return what is retained for each request for erasure.

    That is everything, while a legal hold stops the erasure, and what the law requires or permits once it began.
    """
    groups: RowsByKey[UUID, RetainedRow] = RowsByKey()
    rows = await OF_REQUESTS.rows(connection, ids=as_list(ids), kind=RequestKind.ERASURE)
    for request_id, state, completed_at, ground in rows:
        if state in EXECUTING_STATES or state == RequestState.COMPLETED:
            for row in scope.currently_retained(completed_at.date() if completed_at else None, now().date()):
                groups.add(request_id, row)
        elif state in _HOLDABLE_STATES and ground:
            groups.add(request_id, RetainedRow(EVERYTHING_HELD, RetentionGround(ground)))
    return groups
