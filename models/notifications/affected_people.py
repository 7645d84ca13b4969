"""People affected by a forced disclosure or an incident: whom a letter must reach, and what became of the letters."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Index, text

from models.encryption.keyring import Keyring
from models.outbox.emails import EmailKind
from models.outbox.mass_emails import enqueue_many
from models.storage.columns import ErasureAction, Table, Timestamp, Uuid, column
from models.storage.pagination import Page, PageRequest, build_page
from models.storage.statement import Connection, RowsByKey, Statement, as_list, reads, statements_of
from models.subjects import subjects
from models.subjects.subjects import SubjectRow


class AffectedPerson(Table, table=True):
    """A person affected by one cause. ``notified_at`` is when the letter was enqueued, or could not be."""

    __tablename__ = "affected_people"
    __table_args__ = (
        Index("affected_people_of_cause", "cause_id", "subject_id"),
        Index("affected_people_to_notify", "cause_id", "subject_id", postgresql_where=text("notified_at IS NULL")),
    )

    subject_id: UUID = column(Uuid, ErasureAction.KEPT, references="subjects.id", primary_key=True)
    cause_id: UUID = column(Uuid, ErasureAction.KEPT, primary_key=True)
    added_at: datetime = column(Timestamp, ErasureAction.KEPT, server_default=text("clock_timestamp()"))
    notified_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)


class NoticeCounts(NamedTuple):
    """How many people a cause affects, and what became of their letters. Erased people get none."""

    affected: int
    sent: int
    pending: int
    failed: int


NO_COUNTS: Final = NoticeCounts(0, 0, 0, 0)

ADD: Final = Statement("""
INSERT INTO affected_people (subject_id, cause_id)
SELECT person.id, :cause_id
FROM unnest(CAST(:ids AS uuid[])) AS person (id)
ORDER BY person.id
ON CONFLICT DO NOTHING
""")

# A person whose letter is not enqueued yet is pending. Without a letter after that, the person has no address.
COUNTS: Final = Statement("""
SELECT a.cause_id, count(*),
    count(*) FILTER (WHERE l.state = 'SENT'),
    count(*) FILTER (
        WHERE l.state = 'QUEUED' OR (a.notified_at IS NULL AND s.status NOT IN ('ERASING', 'ERASED'))
    ),
    count(*) FILTER (
        WHERE l.state IN ('FAILED', 'UNCERTAIN') OR (l.state = 'DROPPED' AND l.reason IS DISTINCT FROM 'ERASED')
        OR (l.state IS NULL AND a.notified_at IS NOT NULL AND s.status NOT IN ('ERASING', 'ERASED'))
    )
FROM affected_people AS a
JOIN subjects AS s ON s.id = a.subject_id
LEFT JOIN letters AS l ON l.subject_id = a.subject_id
    AND l.deed = CAST(:prefix AS text) || chr(58) || replace(CAST(a.cause_id AS text), '-', '')
WHERE a.cause_id = ANY(CAST(:ids AS uuid[]))
GROUP BY a.cause_id
""")

TO_NOTIFY: Final = Statement("""
SELECT subject_id
FROM affected_people
WHERE cause_id = :cause_id
AND notified_at IS NULL
ORDER BY subject_id
LIMIT :most
FOR UPDATE SKIP LOCKED
""")

MARK_NOTIFIED: Final = Statement("""
UPDATE affected_people
SET notified_at = clock_timestamp()
WHERE cause_id = :cause_id
AND subject_id = ANY(CAST(:ids AS uuid[]))
""")

PAGE: Final = Statement("""
SELECT page.cause_id, page.subject_id
FROM unnest(CAST(:ids AS uuid[])) AS requested (cause_id)
CROSS JOIN LATERAL (
    SELECT a.subject_id, a.cause_id
    FROM affected_people AS a
    WHERE a.cause_id = requested.cause_id
    AND a.subject_id > COALESCE(CAST(:after_id AS uuid), CAST('00000000-0000-0000-0000-000000000000' AS uuid))
    ORDER BY a.subject_id
    LIMIT :first
) AS page
ORDER BY page.cause_id, page.subject_id
""")


async def add(connection: Connection, cause_id: UUID, ids: Sequence[UUID]) -> None:
    """Add people to a cause, each once."""
    await ADD.run(connection, cause_id=cause_id, ids=as_list(ids))


async def read_counts(connection: Connection, prefix: str, ids: Sequence[UUID]) -> dict[UUID, NoticeCounts]:
    """Return the counts of each cause. ``prefix`` is that of the causes of its letters."""
    rows = await COUNTS.rows(connection, prefix=prefix, ids=as_list(ids))
    return {row[0]: NoticeCounts(*row[1:]) for row in rows}


@reads(PAGE, *statements_of(subjects.by_ids))
async def of_causes(connection: Connection, ids: Sequence[UUID], page: PageRequest) -> Mapping[UUID, Page[SubjectRow]]:
    """Return a page of the people whom each cause affects, in the order of their ids."""
    rows = await PAGE.rows(connection, ids=as_list(ids), after_id=page.after and page.after[0], first=page.first + 1)
    people = await subjects.by_ids(connection, [row[1] for row in rows])
    groups: RowsByKey[UUID, SubjectRow] = RowsByKey()
    for cause_id, subject_id in rows:
        if person := people[subject_id]:
            groups.add(cause_id, person)
    return {cause_id: build_page(groups[cause_id], page) for cause_id in ids}


async def notify_next(  # noqa: PLR0913, PLR0917 -- each is a part of the letters
    connection: Connection,
    keyring: Keyring,
    email: EmailKind,
    prefix: str,
    cause_id: UUID,
    context: Mapping[str, object],
    most: int,
) -> int:
    """Enqueue the letters to the next people whom a cause affects. Return how many people were taken."""
    ids = [row[0] for row in await TO_NOTIFY.rows(connection, cause_id=cause_id, most=most)]
    if ids:
        await enqueue_many(connection, keyring, email, ids, f"{prefix}:{cause_id.hex}", context)
        await MARK_NOTIFIED.run(connection, cause_id=cause_id, ids=ids)
    return len(ids)
