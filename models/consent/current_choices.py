"""The current choice of each purpose: the latest grant, or the first refusal after it with its last repetition."""

from datetime import datetime
from uuid import UUID

from models.storage.statement import Statement
from models.unit_of_work import UnitOfWork

UPSERT_CONSENT = Statement("""
INSERT INTO consents (subject_id, purpose, state, effective_at, epoch, channel, policy_version)
VALUES (:subject_id, :purpose, :state, :at, :sequence, :channel, :policy_version)
ON CONFLICT (subject_id, purpose) DO UPDATE
SET state = excluded.state, effective_at = excluded.effective_at, epoch = excluded.epoch,
    channel = excluded.channel, policy_version = excluded.policy_version, confirmed_at = NULL
""")

# A repeated refusal keeps its first time, but no grant from before the repetition replaces it.
CONFIRM_REFUSAL = Statement("""
UPDATE consents
SET confirmed_at = GREATEST(confirmed_at, CAST(:at AS timestamptz))
WHERE subject_id = :subject_id
AND purpose = :purpose
AND state <> 'GRANTED'
AND effective_at <= CAST(:at AS timestamptz)
""")

# The first refusal after the last grant of the ledger. A refusal never moves it to a later time; a grant that arrives
# late does, where it lies between two refusals. The sequence number stays: the choice is the same for the change feed.
SET_FIRST_REFUSAL = Statement("""
UPDATE consents AS c
SET effective_at = f.effective_at, channel = f.channel, policy_version = f.policy_version,
    confirmed_at = GREATEST(c.confirmed_at, c.effective_at, f.effective_at)
FROM (
    SELECT e.effective_at, e.channel, e.policy_version
    FROM consent_events AS e
    WHERE e.subject_id = :subject_id
    AND e.purpose = :purpose
    AND e.state <> 'GRANTED'
    AND e.effective_at >= COALESCE((
        SELECT max(g.effective_at)
        FROM consent_events AS g
        WHERE g.subject_id = :subject_id
        AND g.purpose = :purpose
        AND g.state = 'GRANTED'
    ), '-infinity')
    ORDER BY e.effective_at, e.epoch
    LIMIT 1
) AS f
WHERE c.subject_id = :subject_id
AND c.purpose = :purpose
AND c.state <> 'GRANTED'
AND (f.effective_at < c.effective_at OR (CAST(:grants AS boolean) AND f.effective_at > c.effective_at))
RETURNING c.effective_at
""")


async def confirm_refusal(unit: UnitOfWork, subject_id: UUID, purpose_key: str, at: datetime) -> bool:
    """Record that the current refusal was repeated at this time, and return whether there is an earlier one."""
    return bool(await CONFIRM_REFUSAL.run(unit.connection, subject_id=subject_id, purpose=purpose_key, at=at))


async def set_first_refusal(unit: UnitOfWork, subject_id: UUID, purpose_key: str, *, grants: bool) -> datetime | None:
    """Keep the first refusal after the last grant where a choice arrived late. Return its time if it has changed."""
    first: datetime | None = await SET_FIRST_REFUSAL.value(
        unit.connection,
        subject_id=subject_id,
        purpose=purpose_key,
        grants=grants,
    )
    return first


async def repeat_refusal(unit: UnitOfWork, subject_id: UUID, purpose_key: str, at: datetime) -> datetime | None:
    """Record a refusal that the ledger has of this time, beside the current one. Return the first moment if it moved.

    A later one orders grants that arrive late; an earlier one is the first moment.
    """
    await confirm_refusal(unit, subject_id, purpose_key, at)
    return await set_first_refusal(unit, subject_id, purpose_key, grants=False)
