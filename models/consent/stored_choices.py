"""The current choices as the rows of people hold them, and the statement that reads them with all purposes.

The statement returns a row for each person and for each purpose. A row for each choice would cost the driver and
PostgreSQL several times as much.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

import orjson

from models.consent.decision_statements import OUTDATED_VERSIONS
from models.consent.purposes import PurposeRow
from models.storage.statement import Connection, Statement, as_list

PURPOSES_AND_PEOPLE = Statement(f"""
SELECT p.key, p.title, p.description, p.legal_basis, p.is_marketing, p.lapses_after_days, v.outdated,
    CAST(NULL AS uuid), CAST(NULL AS text), CAST(NULL AS timestamptz), CAST(NULL AS jsonb)
FROM purposes AS p
{OUTDATED_VERSIONS}
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


def encode(choice: StoredChoice) -> str:
    """Return a choice as the JSON array that the person's row holds for its purpose."""
    return orjson.dumps(_parts(choice)).decode()


def encode_all(choices: Mapping[str, StoredChoice]) -> str | None:
    """Return the choices of a person as the JSON object of the row; None when there are none."""
    return orjson.dumps({purpose: _parts(choice) for purpose, choice in choices.items()}).decode() if choices else None


def _parts(choice: StoredChoice) -> list[str]:
    """Return the parts of a choice, with the time as PostgreSQL writes it: equal choices are equal texts."""
    seconds, _, fraction = choice.effective_at.astimezone(UTC).replace(tzinfo=None).isoformat().partition(".")
    fraction = fraction.rstrip("0")
    time = f"{seconds}.{fraction}+00:00" if fraction else f"{seconds}+00:00"
    return [choice.state, time, choice.channel, choice.policy_version]


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
