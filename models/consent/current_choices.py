"""The current choice of each purpose: the latest grant, or the first refusal after it with its last repetition."""

from datetime import datetime
from uuid import UUID

from models.consent.stored_choices import StoredChoice, encode
from models.storage.statement import Statement
from models.unit_of_work import UnitOfWork

_APPEND_EVENT = """
INSERT INTO consent_events
    (subject_id, epoch, purpose, state, effective_at, recorded_at, channel, policy_version, actor)
SELECT id, epoch, CAST(:purpose AS text), CAST(:state AS text), CAST(:effective_at AS timestamptz), clock_timestamp(),
    CAST(:channel AS text), CAST(:policy_version AS text), CAST(:actor AS text)
FROM person
RETURNING epoch
"""

# The update locks the subject's row. A trigger notes the choice in the change feed under the new sequence number.
APPEND_CURRENT = Statement(
    """
WITH person AS (
    UPDATE subjects
    SET epoch = epoch + 1,
        choices = COALESCE(choices, '{}') || jsonb_build_object(CAST(:purpose AS text), CAST(:choice AS jsonb)),
        refusals_confirmed_at = NULLIF(refusals_confirmed_at - CAST(:purpose AS text), '{}')
    WHERE id = :subject_id
    RETURNING id, epoch
)
"""
    + _APPEND_EVENT
)

APPEND_LATE = Statement(
    """
WITH person AS (
    UPDATE subjects
    SET epoch = epoch + 1
    WHERE id = :subject_id
    RETURNING id, epoch
)
"""
    + _APPEND_EVENT
)

# A repeated refusal keeps its first time, but no grant from before the repetition replaces it.
CONFIRM_REFUSAL = Statement("""
UPDATE subjects
SET refusals_confirmed_at = COALESCE(refusals_confirmed_at, '{}') || jsonb_build_object(
    CAST(:purpose AS text),
    GREATEST(CAST(refusals_confirmed_at ->> CAST(:purpose AS text) AS timestamptz), CAST(:at AS timestamptz))
)
WHERE id = :subject_id
AND choices -> CAST(:purpose AS text) ->> 0 <> 'GRANTED'
AND CAST(choices -> CAST(:purpose AS text) ->> 1 AS timestamptz) <= CAST(:at AS timestamptz)
""")

# The first refusal after the last grant of the ledger, where it differs from the current one. A refusal never moves it
# to a later time; a grant that arrives late does, where it lies between two refusals.
FIRST_REFUSAL = Statement("""
SELECT s.choices -> CAST(:purpose AS text) ->> 0, f.effective_at, f.channel, f.policy_version
FROM subjects AS s
CROSS JOIN LATERAL (
    SELECT e.effective_at, e.channel, e.policy_version
    FROM consent_events AS e
    WHERE e.subject_id = s.id
    AND e.purpose = :purpose
    AND e.state <> 'GRANTED'
    AND e.effective_at >= COALESCE((
        SELECT max(g.effective_at)
        FROM consent_events AS g
        WHERE g.subject_id = s.id
        AND g.purpose = :purpose
        AND g.state = 'GRANTED'
    ), '-infinity')
    ORDER BY e.effective_at, e.epoch
    LIMIT 1
) AS f
CROSS JOIN LATERAL (SELECT CAST(s.choices -> CAST(:purpose AS text) ->> 1 AS timestamptz) AS effective_at) AS c
WHERE s.id = :subject_id
AND s.choices -> CAST(:purpose AS text) ->> 0 <> 'GRANTED'
AND (f.effective_at < c.effective_at OR (CAST(:grants AS boolean) AND f.effective_at > c.effective_at))
""")

# The sequence number stays: the choice is the same for the change feed.
REPLACE_REFUSAL = Statement("""
UPDATE subjects
SET choices = choices || jsonb_build_object(CAST(:purpose AS text), CAST(:choice AS jsonb)),
    refusals_confirmed_at = COALESCE(refusals_confirmed_at, '{}') || jsonb_build_object(
        CAST(:purpose AS text),
        GREATEST(
            CAST(refusals_confirmed_at ->> CAST(:purpose AS text) AS timestamptz),
            CAST(choices -> CAST(:purpose AS text) ->> 1 AS timestamptz),
            CAST(:effective_at AS timestamptz)
        )
    )
WHERE id = :subject_id
""")


async def append(
    unit: UnitOfWork, subject_id: UUID, purpose_key: str, choice: StoredChoice, *, is_current: bool
) -> None:
    """Append a choice to the ledger under the subject's next sequence number, and make it current if it counts."""
    statement = APPEND_CURRENT if is_current else APPEND_LATE
    unit.latest_sequences[subject_id] = await statement.value(
        unit.connection,
        subject_id=subject_id,
        purpose=purpose_key,
        choice=encode(choice),
        actor=unit.actor.name,
        **choice._asdict(),
    )


async def confirm_refusal(unit: UnitOfWork, subject_id: UUID, purpose_key: str, at: datetime) -> bool:
    """Record that the current refusal was repeated at this time, and return whether there is an earlier one."""
    return bool(await CONFIRM_REFUSAL.run(unit.connection, subject_id=subject_id, purpose=purpose_key, at=at))


async def set_first_refusal(unit: UnitOfWork, subject_id: UUID, purpose_key: str, *, grants: bool) -> datetime | None:
    """Keep the first refusal after the last grant where a choice arrived late. Return its time if it has changed."""
    row = await FIRST_REFUSAL.row(unit.connection, subject_id=subject_id, purpose=purpose_key, grants=grants)
    if row is None:
        return None
    first = StoredChoice._make(row)
    await REPLACE_REFUSAL.run(
        unit.connection,
        subject_id=subject_id,
        purpose=purpose_key,
        choice=encode(first),
        effective_at=first.effective_at,
    )
    return first.effective_at


async def repeat_refusal(unit: UnitOfWork, subject_id: UUID, purpose_key: str, at: datetime) -> datetime | None:
    """Record a refusal that the ledger has of this time, beside the current one. Return the first moment if it moved.

    A later one orders grants that arrive late; an earlier one is the first moment.
    """
    await confirm_refusal(unit, subject_id, purpose_key, at)
    return await set_first_refusal(unit, subject_id, purpose_key, grants=False)
