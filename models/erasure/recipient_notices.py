"""Recipients who got data of an erased person: they are to be notified of the erasure (Art. 19 GDPR)."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from models.disclosures import recipients
from models.disclosures.recipients import RecipientRow
from models.outbox import staff_notices
from models.outbox.staff_notices import StaffNoticeKind
from models.storage.statement import Connection, Statement, as_list

# The disclosures are deleted with the other rows of the person. A key names an organisation.
KEEP = Statement("""
UPDATE rights_requests AS r
SET recipients = d.keys
FROM (
    SELECT subject_id, array_agg(DISTINCT recipient ORDER BY recipient) AS keys
    FROM disclosures
    WHERE subject_id = ANY(CAST(:subject_ids AS uuid[]))
    GROUP BY subject_id
) AS d
WHERE r.subject_id = d.subject_id
AND r.id = ANY(CAST(:request_ids AS uuid[]))
RETURNING r.id
""")

FIND = Statement("""
SELECT subject_id, recipients
FROM rights_requests
WHERE id = :id
""")


class NotifiableRecipients(NamedTuple):
    """The person of a request and the recipients to notify."""

    subject_id: UUID
    recipients: list[RecipientRow]


async def keep_recipients(connection: Connection, request_ids: Sequence[UUID], subject_ids: Sequence[UUID]) -> None:
    """Keep the recipients of these people with their requests, and enqueue a notice to the officers for each.

    Call it before the disclosures are deleted.
    """
    rows = await KEEP.rows(connection, request_ids=as_list(request_ids), subject_ids=as_list(subject_ids))
    for row in rows:
        await staff_notices.enqueue_once(connection, StaffNoticeKind.RECIPIENTS_TO_NOTIFY, row[0])


async def find_recipients(connection: Connection, request_id: UUID) -> NotifiableRecipients | None:
    """Return the recipients to notify of an erasure, in the order of their keys; None when there is no request."""
    row = await FIND.row(connection, id=request_id)
    if row is None:
        return None
    keys = row["recipients"] or []
    by_key = await recipients.by_keys(connection, keys)
    return NotifiableRecipients(row["subject_id"], [by_key[key] for key in keys])
