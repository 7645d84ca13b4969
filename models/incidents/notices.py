"""Notices of an incident: to the authority (Art. 33 GDPR) and to the people affected (Art. 34), and its closing."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from models.encryption.keyring import Keyring
from models.errors import BadInput, NotFound, StateConflict
from models.incidents import incidents
from models.incidents.incidents import PREFIX, TEXT_LENGTH, IncidentState
from models.notifications import affected_people
from models.outbox.emails import EmailKind
from models.storage import validation
from models.storage.clock import CLOCK_SKEW, now
from models.storage.database import Database
from models.storage.statement import Statement
from models.unit_of_work import UnitOfWork

AUTHORITY_LENGTH: Final = 100

LOCK: Final = Statement("""
SELECT state, aware_at, authority, authority_noticed_at, consequences, measures, notify_at
FROM incidents
WHERE id = :id
FOR UPDATE
""")

SET_AUTHORITY_NOTICE: Final = Statement("""
UPDATE incidents
SET authority = :authority, authority_noticed_at = :at
WHERE id = :id
""")

SET_NOTICE: Final = Statement("""
UPDATE incidents
SET consequences = :consequences, measures = :measures, notify_at = clock_timestamp()
WHERE id = :id
""")

CLOSE: Final = Statement("""
UPDATE incidents
SET state = 'CLOSED', closed_at = clock_timestamp()
WHERE id = :id
""")

DUE: Final = Statement("""
SELECT i.id, i.kind, i.categories, i.consequences, i.measures, i.aware_at
FROM incidents AS i
WHERE i.notify_at IS NOT NULL
AND EXISTS (SELECT FROM affected_people AS a WHERE a.cause_id = i.id AND a.notified_at IS NULL)
ORDER BY i.notify_at, i.id
LIMIT 1
FOR UPDATE OF i SKIP LOCKED
""")


async def record_authority_notice(unit: UnitOfWork, incident_id: UUID, authority: str, at: datetime) -> UUID:
    """Record when the supervisory authority was notified. Return the incident's id.

    BAD_INPUT for a time in the future or before the company was aware; STATE_CONFLICT when another notice is recorded.
    """
    name = validation.single_line(authority, "authority", AUTHORITY_LENGTH)
    row = await _lock(unit, incident_id)
    if at > now() + CLOCK_SKEW or at < row["aware_at"]:
        raise BadInput("at", "it lies in the future, or before the company was aware of the incident")
    if row["authority_noticed_at"] is not None:
        if (row["authority"], row["authority_noticed_at"]) != (name, at):
            raise StateConflict(argument="id")
        return incident_id
    await SET_AUTHORITY_NOTICE.run(unit.connection, id=incident_id, authority=name, at=at)
    return incident_id


async def notify_affected(unit: UnitOfWork, incident_id: UUID, consequences: str, measures: str) -> UUID:
    """Request a letter to each person affected, once. Return the incident's id.

    STATE_CONFLICT for a closed incident, or when letters with another text are enqueued.
    """
    texts = (
        validation.single_line(consequences, "consequences", TEXT_LENGTH),
        validation.single_line(measures, "measures", TEXT_LENGTH),
    )
    row = await _lock(unit, incident_id)
    if row["notify_at"] is not None:
        if (row["consequences"], row["measures"]) != texts:
            raise StateConflict(argument="id")
        return incident_id
    if row["state"] == IncidentState.CLOSED:
        raise StateConflict(argument="id")
    await SET_NOTICE.run(unit.connection, id=incident_id, consequences=texts[0], measures=texts[1])
    return incident_id


async def close_incident(unit: UnitOfWork, incident_id: UUID) -> UUID:
    """Close an incident. Return its id. STATE_CONFLICT while letters about it wait."""
    await _lock(unit, incident_id)
    row = (await incidents.by_ids(unit.connection, [incident_id]))[incident_id]
    if row and row.notices_pending:
        raise StateConflict(argument="id")
    if row and row.state == IncidentState.OPEN:
        await CLOSE.run(unit.connection, id=incident_id)
    return incident_id


async def _lock(unit: UnitOfWork, incident_id: UUID) -> Any:
    row = await LOCK.row(unit.connection, id=incident_id)
    if row is None:
        raise NotFound(argument="id")
    return row


async def enqueue_next(database: Database, keyring: Keyring, most: int) -> int:
    """Enqueue the letters of one incident to the next people. Return how many people were taken."""
    async with database.transaction() as connection:
        row = await DUE.row(connection)
        if row is None:
            return 0
        incident_id, kind, categories, consequences, measures, aware_at = row
        context = {
            "kind": kind,
            "categories": categories,
            "consequences": consequences,
            "measures": measures,
            "aware_at": aware_at.isoformat(),
        }
        return await affected_people.notify_next(
            connection, keyring, EmailKind.INCIDENT_NOTICE, PREFIX, incident_id, context, most
        )
