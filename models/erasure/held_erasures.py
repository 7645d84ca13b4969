"""Erasures that are due and wait for the release of a legal hold."""

from uuid import UUID

from models.audit import events
from models.audit.events import AccessAction, EventGroup, EventTemplate
from models.erasure.execution import ERASURE_WORKER
from models.storage.database import Database
from models.storage.statement import Statement

RESTRICT_HELD = Statement("""
UPDATE subjects AS s
SET status = 'RESTRICTED'
FROM rights_requests AS r, retention_holds AS h
WHERE r.subject_id = s.id
AND h.subject_id = s.id
AND h.released_at IS NULL
AND s.status = 'ACTIVE'
AND r.kind = 'ERASURE'
AND r.state = 'SCHEDULED'
AND r.verified_at IS NOT NULL
AND r.execute_at <= clock_timestamp()
RETURNING s.id
""")


async def restrict_held(database: Database) -> list[UUID]:
    """Restrict processing of people whose erasure is due and waits for the release of a legal hold. Return their ids.

    Art. 18(2) GDPR permits storage and the defence of legal claims meanwhile, and nothing else.
    """
    async with database.transaction() as connection:
        ids = [row[0] for row in await RESTRICT_HELD.rows(connection)]
        if ids:
            template = EventTemplate(ERASURE_WORKER, AccessAction.WRITE, ("restrictProcessing",))
            await events.append(connection, [EventGroup(template, ids)])
    return ids
