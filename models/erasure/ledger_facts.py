"""The facts of each erasure that its ledger entry keeps: what was erased, in which systems, and the certificate.

A replay after a restore brings them back. Entries of earlier versions lack facts until a clean-up adds them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from models.storage.statement import Connection, Statement, as_list


class ErasureFacts(NamedTuple):
    """The facts of one erasure, as its request states them. ``erased`` is the JSON of the counts by category."""

    subject_id: UUID
    request_id: UUID
    erased_at: datetime
    erased: str | None
    systems: str
    """The names of the systems that held the person, separated by spaces."""
    completed_at: datetime | None
    certificate: str | None
    certified_at: datetime | None
    replays: str | None
    """The signed statements of all replays, separated by spaces."""


OF_REQUESTS = Statement("""
SELECT r.subject_id, r.id, r.erased_at, r.erased,
    (
        SELECT COALESCE(string_agg(DISTINCT s.system, ' '), '')
        FROM erasure_steps AS s
        WHERE s.subject_id = r.subject_id
        AND s.request_id = r.id
    ),
    CASE WHEN r.state = 'COMPLETED' THEN r.completed_at END, r.certificate, r.certified_at,
    array_to_string(r.replay_statements, ' ')
FROM rights_requests AS r
WHERE r.id = ANY(:ids)
AND r.erased_at IS NOT NULL
""")

RECORD_ERASED = Statement("""
UPDATE erasures AS e
SET erased_at = COALESCE(e.erased_at, f.erased_at), erased = COALESCE(e.erased, CAST(f.erased AS jsonb)),
    systems = COALESCE(e.systems, string_to_array(f.systems, ' '))
FROM unnest(
    CAST(:ids AS uuid[]), CAST(:erased_at AS timestamptz[]), CAST(:erased AS text[]), CAST(:systems AS text[])
) AS f (request_id, erased_at, erased, systems)
WHERE e.request_id = f.request_id
AND (e.erased_at IS NULL OR e.erased IS NULL OR e.systems IS NULL)
""")

RECORD_COMPLETED = Statement("""
UPDATE erasures AS e
SET completed_at = COALESCE(e.completed_at, f.completed_at),
    certificate = COALESCE(e.certificate, f.certificate),
    certified_at = COALESCE(e.certified_at, f.certified_at)
FROM unnest(
    CAST(:ids AS uuid[]), CAST(:completed_at AS timestamptz[]), CAST(:certificates AS text[]),
    CAST(:certified_at AS timestamptz[])
) AS f (request_id, completed_at, certificate, certified_at)
WHERE e.request_id = f.request_id
AND (e.completed_at IS NULL OR e.certificate IS NULL)
""")

# The list of the database begins with that of the ledger, so that a longer one only adds statements.
RECORD_REPLAYS = Statement("""
UPDATE erasures AS e
SET replays = string_to_array(f.replays, ' ')
FROM unnest(CAST(:ids AS uuid[]), CAST(:replays AS text[])) AS f (request_id, replays)
WHERE e.request_id = f.request_id
AND COALESCE(cardinality(e.replays), 0) < cardinality(string_to_array(f.replays, ' '))
""")

WITHOUT_CERTIFICATE = Statement("""
SELECT request_id
FROM erasures
WHERE completed_at IS NOT NULL
AND certificate IS NULL
ORDER BY position
LIMIT :most
""")


async def of_requests(connection: Connection, request_ids: Sequence[UUID]) -> list[ErasureFacts]:
    """Return the facts of those of these requests whose person is erased in this service."""
    return [ErasureFacts._make(row) for row in await OF_REQUESTS.rows(connection, ids=as_list(request_ids))]


async def record_erased(keyring: Connection, facts: Sequence[ErasureFacts]) -> None:
    """Record in the ledger when and what was erased in this service. Facts that it has stay."""
    await RECORD_ERASED.run(
        keyring,
        ids=[row.request_id for row in facts],
        erased_at=[row.erased_at for row in facts],
        erased=[row.erased for row in facts],
        systems=[row.systems for row in facts],
    )


async def record_completed(keyring: Connection, facts: Sequence[ErasureFacts]) -> None:
    """Record in the ledger that these requests are completed, with their certificates; their keys are destroyed."""
    completed = [row for row in facts if row.completed_at]
    await RECORD_COMPLETED.run(
        keyring,
        ids=[row.request_id for row in completed],
        completed_at=[row.completed_at for row in completed],
        certificates=[row.certificate for row in completed],
        certified_at=[row.certified_at for row in completed],
    )


async def record_replays(keyring: Connection, facts: Sequence[ErasureFacts]) -> None:
    """Record in the ledger the signed statements of replays that it lacks."""
    replayed = [row for row in facts if row.replays]
    await RECORD_REPLAYS.run(
        keyring, ids=[row.request_id for row in replayed], replays=[row.replays for row in replayed]
    )


async def entries_without_certificate(keyring: Connection, most: int) -> list[UUID]:
    """Return the requests of at most ``most`` completed entries that lack their certificate."""
    return [row[0] for row in await WITHOUT_CERTIFICATE.rows(keyring, most=most)]
