"""Restriction of processing as the answer to requests: the open ones that ask for it are completed."""

from uuid import UUID

from models.requests.completing import complete_request
from models.storage.statement import Statement
from models.subjects import restrictions
from models.subjects.identifiers import SubjectIdentifier
from models.unit_of_work import UnitOfWork

OPEN_RESTRICTIONS = Statement("""
SELECT id
FROM rights_requests
WHERE subject_id = :subject_id
AND kind = 'RESTRICTION'
AND state = 'IN_PROGRESS'
ORDER BY received_at, id
""")


async def restrict_processing(unit: UnitOfWork, identifier: SubjectIdentifier) -> UUID:
    """Restrict the subject, and complete an open request for it, with an email to the person. Return the id.

    A request whose identity is not proved stays open.
    """
    subject_id = await restrictions.restrict(unit, identifier)
    for row in await OPEN_RESTRICTIONS.rows(unit.connection, subject_id=subject_id):
        await complete_request(unit, row[0])
    return subject_id
