"""Letters of a subject as callers read them: the kind and the state of each email, never its text or address."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from models.outbox.emails import EmailState
from models.storage.pagination import Page, PageRequest, build_page
from models.storage.statement import Connection, RowsByKey, Statement, as_list, reads


class LetterState(StrEnum):
    """What became of a letter. HELD is never stored: it is a queued letter whose first attempt did not succeed."""

    QUEUED = "QUEUED"
    SENT = "SENT"
    DROPPED = "DROPPED"
    FAILED = "FAILED"
    UNCERTAIN = "UNCERTAIN"
    HELD = "HELD"


class LetterRow(NamedTuple):
    """A letter as callers read it."""

    subject_id: UUID
    id: UUID
    kind: str
    posted_at: datetime
    sent_at: datetime | None
    state: LetterState


OF_SUBJECTS = Statement("""
SELECT page.*
FROM unnest(CAST(:ids AS uuid[])) AS requested (subject_id)
CROSS JOIN LATERAL (
    SELECT l.subject_id, l.id, l.letter, l.posted_at, l.sent_at, l.state, l.attempts
    FROM letters AS l
    WHERE l.subject_id = requested.subject_id
    AND l.id < COALESCE(CAST(:after_id AS uuid), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    ORDER BY l.id DESC
    LIMIT :first
) AS page
""")


def state_of(state: str, attempts: int) -> LetterState:
    """Return what became of a letter, from its state in the outbox and the number of attempts to send it."""
    return LetterState.HELD if state == EmailState.QUEUED and attempts else LetterState(state)


@reads(OF_SUBJECTS)
async def of_subjects(connection: Connection, ids: Sequence[UUID], page: PageRequest) -> Mapping[UUID, Page[LetterRow]]:
    """Return a page of each subject's letters, the newest first."""
    [after_id] = page.after or [None]
    groups: RowsByKey[UUID, LetterRow] = RowsByKey()
    rows = await OF_SUBJECTS.rows(connection, ids=as_list(ids), after_id=after_id, first=page.first + 1)
    for subject_id, letter_id, kind, posted_at, sent_at, state, attempts in rows:
        letter = LetterRow(subject_id, letter_id, kind, posted_at, sent_at, state_of(state, attempts))
        groups.add(subject_id, letter)
    return {subject_id: build_page(groups[subject_id], page) for subject_id in ids}
