"""What outlives an erasure, on which ground and until when; and its end, once the ground is gone."""

from datetime import date
from enum import StrEnum
from typing import NamedTuple

from models.actors import Actor, Role
from models.audit import events
from models.audit.events import AccessAction, EventGroup, EventTemplate
from models.storage.database import Database
from models.storage.statement import Statement

CLAIM_YEARS = 3
"""Whole calendar years after that of the erasure in which claims about a consent can be brought (docs/decisions/0019).

The database's own function has the same number: nobody who calls it can shorten it."""
RETENTION_WORKER = Actor("retention worker", Role.ADMIN, (Role.ADMIN,))


class RetentionGround(StrEnum):
    """Why something outlives an erasure (Art. 17(3) GDPR)."""

    LEGAL_OBLIGATION = "LEGAL_OBLIGATION"
    LEGAL_CLAIM = "LEGAL_CLAIM"
    PUBLISHED_BY_SUBJECT = "PUBLISHED_BY_SUBJECT"


class RetainedRow(NamedTuple):
    """Something that stays, as it is shown."""

    what: str
    ground: RetentionGround
    until: date | None = None


DELETE_EXPIRED = Statement("""
SELECT subject_id
FROM forget_ended_claims(:most)
""")


def retained_until(ground: RetentionGround, erased_on: date | None) -> date | None:
    """Give the last day on which something is kept; None for as long as its ground stands, or while it is unknown."""
    if ground is RetentionGround.LEGAL_CLAIM and erased_on:
        return date(erased_on.year + CLAIM_YEARS, 12, 31)
    return None


async def delete_expired(database: Database, most: int) -> int:
    """Take away the ledgers of people who were erased so long ago that nobody can claim any more; give how many."""
    async with database.transaction() as connection:
        ids = [row[0] for row in await DELETE_EXPIRED.rows(connection, most=most)]
        if ids:
            await events.append(
                connection, [EventGroup(EventTemplate(RETENTION_WORKER, AccessAction.WRITE, ("forget",)), ids)]
            )
    return len(ids)
