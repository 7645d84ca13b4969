"""Counts of the people whose data was read under each case in a day, to find cases with unusually many."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID, uuid5

from models.storage.statement import Connection, Statement

_NAMESPACE: Final = UUID("0b9cc7f7-7b5f-4a3e-9c29-5f0c5b1f6d5e")

COUNT_PEOPLE = Statement("""
SELECT case_reference, count(DISTINCT subject_id), array_agg(DISTINCT actor)
FROM access_events
WHERE at >= :since
AND at < :until
AND case_reference IS NOT NULL
AND subject_id IS NOT NULL
AND action IN ('READ', 'WRITE', 'GRANT')
GROUP BY case_reference
HAVING count(DISTINCT subject_id) > :limit
ORDER BY 2 DESC, 1
""")


class CaseCount(NamedTuple):
    """The people of a case in a day, and the names of the actors."""

    case: str
    people: int
    actors: Sequence[str]
    day: datetime

    @property
    def notice_id(self) -> UUID:
        """The id of the notice about this case and day, so that it is sent once."""
        return uuid5(_NAMESPACE, f"{self.day:%Y-%m-%d} {self.case}")


async def cases_beyond(connection: Connection, at: datetime, limit: int) -> list[CaseCount]:
    """Return the cases with more than ``limit`` people on the day of a time (UTC), most people first."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = await COUNT_PEOPLE.rows(connection, since=day, until=day + timedelta(days=1), limit=limit)
    return [CaseCount(row[0], row[1], row[2], day) for row in rows]
