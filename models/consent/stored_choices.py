"""The current choices of people and all purposes, read in one statement: a row for each person and for each purpose.

A row for each choice would cost the driver and PostgreSQL several times as much.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

import orjson

from models.consent.purposes import PurposeRow
from models.storage.statement import Connection, Statement, as_list

# An outdated version of the policy is one whose grants a later version requires to ask for again.
PURPOSES_AND_PEOPLE = Statement("""
SELECT p.key, p.title, p.description, p.legal_basis, p.is_marketing, p.lapses_after_days, v.outdated,
    CAST(NULL AS uuid), CAST(NULL AS text), CAST(NULL AS timestamptz), CAST(NULL AS jsonb)
FROM purposes AS p
LEFT JOIN LATERAL (
    SELECT array_agg(o.version) AS outdated
    FROM policy_versions AS o
    WHERE o.effective_on < (
        SELECT max(n.effective_on)
        FROM policy_versions AS n
        WHERE p.key = ANY(n.must_ask_again)
        AND n.effective_on <= CAST(now() AT TIME ZONE 'UTC' AS date)
    )
) AS v ON TRUE
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, s.id, s.status, s.opted_out_at, s.choices
FROM subjects AS s
WHERE s.id = ANY(:ids)
""")


class CurrentPurpose(NamedTuple):
    """A purpose, and the versions of the policy under which a grant no longer counts."""

    key: str
    row: PurposeRow
    outdated: Sequence[str]


class StoredChoice(NamedTuple):
    """The current choice of a person for one purpose."""

    state: str
    effective_at: datetime
    channel: str
    policy_version: str


class PersonChoices(NamedTuple):
    """A person's status, opt-out of everything, and choices by purpose."""

    subject_id: UUID
    status: str
    opted_out_at: datetime | None
    choices: dict[str, StoredChoice]


async def read(connection: Connection, ids: Sequence[UUID]) -> tuple[list[CurrentPurpose], list[PersonChoices]]:
    """Return all purposes, ordered by key, and the choices of these people, in no order."""
    purposes, people = [], []
    for row in await PURPOSES_AND_PEOPLE.rows(connection, ids=as_list(ids)):
        key, subject_id = row[0], row[7]
        if subject_id is None:
            purposes.append(CurrentPurpose(key, PurposeRow._make(row[:6]), row[6] or ()))
        else:
            people.append(PersonChoices(subject_id, row[8], row[9], _parse(row[10])))
    purposes.sort(key=attrgetter("key"))
    return purposes, people


def _parse(text: str | None) -> dict[str, StoredChoice]:
    if text is None:
        return {}
    return {
        key: StoredChoice(state, _time(effective_at), channel, policy_version)
        for key, (state, effective_at, channel, policy_version) in orjson.loads(text).items()
    }


def _time(text: str) -> datetime:
    """Parse a time that a session of any time zone wrote."""
    time = datetime.fromisoformat(text)
    return time if time.tzinfo is UTC else time.astimezone(UTC)
