"""Retention after an erasure: the legal grounds, their end dates, and the deletion of what has expired."""

from datetime import date
from typing import Final, NamedTuple

from models.audit import events
from models.audit.events import AccessAction, EventGroup, EventTemplate
from models.retention.grounds import RetentionGround
from models.retention.rules import RETENTION_WORKER
from models.storage.database import Database
from models.storage.statement import Statement

EVERYTHING_HELD: Final = "everything, until the legal hold is released: the erasure waits, and processing is restricted"
CLAIM_YEARS = 3
"""Full calendar years after the year of the erasure in which consent claims can be brought (docs/decisions/0019).

The database function ``forget_ended_claims`` contains the same number, so that no caller can shorten the period."""


class RetainedRow(NamedTuple):
    """One kind of retained data, with its ground and its last day of retention."""

    what: str
    ground: RetentionGround
    until: date | None = None


DELETE_EXPIRED = Statement("""
SELECT subject_id
FROM forget_ended_claims(:most)
""")


def retained_until(ground: RetentionGround, erased_on: date | None) -> date | None:
    """Return the last day of retention. Return None when the ground has no end, or the erasure has no date yet."""
    if ground is RetentionGround.LEGAL_CLAIM and erased_on:
        return date(erased_on.year + CLAIM_YEARS, 12, 31)
    return None


async def delete_expired(database: Database, most: int) -> int:
    """Delete the consent events of at most ``most`` people whose claim period has ended. Return how many people."""
    async with database.transaction() as connection:
        ids = [row[0] for row in await DELETE_EXPIRED.rows(connection, most=most)]
        if ids:
            await events.append(
                connection, [EventGroup(EventTemplate(RETENTION_WORKER, AccessAction.WRITE, ("forget",)), ids)]
            )
    return len(ids)
