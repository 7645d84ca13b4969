"""Sending: how a worker takes letters out of the outbox, asks again whether they may go, and writes what came of it.

A claim is a lease. Before a letter is handed over that is marked and committed, so whoever finds an expired lease knows
whether the letter may have been accepted already: then it is UNCERTAIN, and somebody decides.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final, NamedTuple
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag

from models import letter_keys
from models.base import new_id
from models.database import Connection, Database, Statement
from models.decisions import DecisionReason, decided
from models.keyring import Keyring
from models.letters import ADDRESS, CONTEXT, LetterName, LetterReason, LetterState
from models.seals import SubjectKey
from models.subjects import SubjectStatus

LEASE: Final = timedelta(minutes=5)
"""How long a claimed letter is left to the worker that claimed it."""
KEPT_FOR: Final = timedelta(days=30)
"""How long a letter that was not sent, or may not have been, can be tried again."""
REPEATABLE: Final = frozenset(
    {
        LetterName.IDENTITY_CODE,
        LetterName.REQUEST_RECEIVED,
        LetterName.CONSENT_GRANTED,
        LetterName.DETAILS_CORRECTED,
        LetterName.ERASURE_SCHEDULED,
    }
)
"""Letters that may reach a person twice. The others go to somebody who wants to hear no more of us."""


class ClaimedRow(NamedTuple):
    """A letter as a worker finds it in the outbox."""

    subject_id: UUID
    id: UUID
    letter: str
    recipient: UUID
    purpose: str | None
    address: Annotated[bytes, ADDRESS]
    context: Annotated[bytes, CONTEXT]
    has_own_key: bool
    posted_at: datetime
    attempts: int
    handed_at: datetime | None
    message_id: str
    status: str
    is_stopped: bool


class Claimed(NamedTuple):
    """A letter that a worker may send now."""

    row: ClaimedRow
    lease: UUID
    address: str
    says: dict[str, object]


class Outcome(NamedTuple):
    """What became of a letter."""

    state: LetterState
    reason: LetterReason | None = None
    reply_code: int | None = None
    wait: timedelta = timedelta(0)
    """How long a letter that stays in the queue waits."""
    counts: bool = True
    """Whether it was an attempt."""

    @property
    def is_over(self) -> bool:
        """Say whether nobody needs the letter's address and words any more."""
        return self.state in {LetterState.SENT, LetterState.DROPPED}


CLAIM = Statement("""
WITH due AS (
    SELECT subject_id, id
    FROM letters
    WHERE state = 'QUEUED'
    AND due_at <= clock_timestamp()
    ORDER BY due_at
    LIMIT :most
    FOR UPDATE SKIP LOCKED
)
UPDATE letters AS l
SET lease = :lease, due_at = clock_timestamp() + CAST(:lasts AS interval), attempts = attempts + 1,
    message_id = COALESCE(message_id, '<let_' || replace(CAST(l.id AS text), '-', '') || '@' || :domain || '>')
FROM due
JOIN subjects AS s ON s.id = due.subject_id
WHERE l.subject_id = due.subject_id
AND l.id = due.id
RETURNING l.subject_id, l.id, l.letter, l.recipient, l.purpose, l.address, l.context, l.has_own_key, l.posted_at,
    l.attempts, l.handed_at, l.message_id, s.status,
    EXISTS (
        SELECT FROM email_addresses AS e
        WHERE e.subject_id = l.subject_id AND e.id = l.recipient AND e.stopped_at IS NOT NULL
    )
""")

HAND = Statement("""
UPDATE letters
SET handed_at = clock_timestamp(), due_at = clock_timestamp() + CAST(:lasts AS interval)
WHERE subject_id = :subject_id
AND id = :id
AND lease = :lease
AND due_at > clock_timestamp()
""")

SETTLE = Statement("""
UPDATE letters
SET state = :state, reason = :reason, reply_code = COALESCE(CAST(:reply_code AS smallint), reply_code),
    lease = NULL, handed_at = NULL, due_at = clock_timestamp() + CAST(:wait AS interval),
    attempts = attempts - CAST(:uncounted AS smallint),
    sent_at = CASE WHEN :state = 'SENT' THEN clock_timestamp() END,
    address = CASE WHEN NOT CAST(:is_over AS boolean) THEN address END,
    context = CASE WHEN NOT CAST(:is_over AS boolean) THEN context END
WHERE subject_id = :subject_id
AND id = :id
AND lease = :lease
""")

# No opt-out of this person is committed while this is held.
HOLD = Statement("""
SELECT status
FROM subjects
WHERE id = :subject_id
FOR SHARE
""")

STOP_ADDRESS = Statement("""
UPDATE email_addresses
SET stopped_at = clock_timestamp()
WHERE subject_id = :subject_id
AND id = :recipient
AND stopped_at IS NULL
""")

SPENT_KEYS = Statement("""
SELECT subject_id, id
FROM letters
WHERE has_own_key
AND address IS NULL
LIMIT 1000
""")

KEYS_ARE_GONE = Statement("""
UPDATE letters AS l
SET has_own_key = false
FROM unnest(CAST(:subject_ids AS uuid[]), CAST(:ids AS uuid[])) AS spent (subject_id, id)
WHERE l.subject_id = spent.subject_id
AND l.id = spent.id
""")

GIVE_UP = Statement("""
UPDATE letters
SET address = NULL, context = NULL
WHERE state IN ('FAILED', 'UNCERTAIN')
AND posted_at < clock_timestamp() - CAST(:kept_for AS interval)
AND address IS NOT NULL
""")


async def claim(database: Database, keyring: Keyring, domain: str, most: int) -> list[Claimed]:
    """Claim letters that are due, at most so many, and drop those that may not go any more.

    ``domain`` is the right-hand side of the Message-ID, which stays what it was at the first claim.
    """
    lease = new_id()
    async with database.transaction() as connection:
        rows = [
            ClaimedRow._make(row)
            for row in await CLAIM.rows(connection, most=most, lease=lease, lasts=LEASE, domain=domain)
        ]
        going = []
        for row in rows:
            outcome = await _without_leave(connection, row)
            if outcome:
                await settle(connection, row, lease, outcome)
            else:
                going.append(row)
    keys = await _keys(database, keyring, going)
    claimed = []
    for row in going:
        key = keys.get(row.id if row.has_own_key else row.subject_id)
        if key is None:
            async with database.transaction() as connection:
                await settle(connection, row, lease, Outcome(LetterState.DROPPED, LetterReason.ERASED))
            continue
        try:
            opened = ADDRESS.open(key, row.address), orjson.loads(CONTEXT.open(key, row.context))
        except InvalidTag:
            async with database.transaction() as connection:
                await settle(connection, row, lease, Outcome(LetterState.FAILED, LetterReason.LETTER_REFUSED))
        else:
            claimed.append(Claimed(row, lease, *opened))
    return claimed


async def _without_leave(connection: Connection, row: ClaimedRow) -> Outcome | None:
    """Give what becomes of a letter that may not be sent; None when it may."""
    if row.handed_at is not None:
        return Outcome(LetterState.UNCERTAIN, LetterReason.NO_ANSWER)
    if row.status == SubjectStatus.ERASED and not row.has_own_key:
        return Outcome(LetterState.DROPPED, LetterReason.ERASED)
    if row.is_stopped:
        return Outcome(LetterState.DROPPED, LetterReason.ADDRESS_STOPPED)
    return await _refused(connection, row)


async def _refused(connection: Connection, row: ClaimedRow) -> Outcome | None:
    """Ask again whether a letter that a purpose governs may go to this person."""
    if row.purpose is None:
        return None
    decision = (await decided(connection, [row.subject_id], row.purpose))[row.subject_id]
    if decision.allowed:
        return None
    reasons = {
        DecisionReason.RESTRICTED: LetterReason.RESTRICTED,
        DecisionReason.ERASING: LetterReason.ERASED,
        DecisionReason.ERASED: LetterReason.ERASED,
        DecisionReason.UNKNOWN_SUBJECT: LetterReason.ERASED,
    }
    return Outcome(LetterState.DROPPED, reasons.get(decision.reason, LetterReason.OPTED_OUT))


async def _keys(database: Database, keyring: Keyring, rows: Sequence[ClaimedRow]) -> dict[UUID, SubjectKey]:
    if not rows:
        return {}
    async with database.keyring.acquire() as connection:
        people = [row.subject_id for row in rows if not row.has_own_key]
        found = dict(await keyring.of_subjects(connection, people)) if people else {}
        owned = [row.id for row in rows if row.has_own_key]
        return found | (await letter_keys.of_letters(keyring, connection, owned) if owned else {})


async def hand(connection: Connection, letter: Claimed) -> bool:
    """Mark that the letter is about to be handed over; committed by itself. False when the lease is lost."""
    row = letter.row
    return bool(await HAND.run(connection, subject_id=row.subject_id, id=row.id, lease=letter.lease, lasts=LEASE))


async def hold(connection: Connection, letter: Claimed) -> Outcome | None:
    """Let no opt-out of the person be committed before the transaction ends, and ask whether the letter may go.

    None when it may.
    """
    await HOLD.value(connection, subject_id=letter.row.subject_id)
    return await _refused(connection, letter.row)


async def settle(connection: Connection, row: ClaimedRow, lease: UUID, outcome: Outcome) -> bool:
    """Write what became of a letter; False when the lease was lost. A refused address is written to no more."""
    if outcome.reason is LetterReason.ADDRESS_REFUSED:
        await STOP_ADDRESS.run(connection, subject_id=row.subject_id, recipient=row.recipient)
    return bool(
        await SETTLE.run(
            connection,
            subject_id=row.subject_id,
            id=row.id,
            lease=lease,
            state=outcome.state,
            reason=outcome.reason,
            reply_code=outcome.reply_code,
            wait=outcome.wait,
            uncounted=0 if outcome.counts else 1,
            is_over=outcome.is_over,
        )
    )


async def settled(database: Database, letter: Claimed, outcome: Outcome) -> None:
    """Write what became of a letter, committed: one statement is a transaction of its own."""
    if outcome.reason is LetterReason.ADDRESS_REFUSED:
        async with database.transaction() as connection:
            await settle(connection, letter.row, letter.lease, outcome)
    else:
        async with database.writers.acquire() as connection:
            await settle(connection, letter.row, letter.lease, outcome)


async def tidy(database: Database, keyring: Keyring) -> int:
    """Destroy the keys of letters that need them no more, and forget letters that wait too long for a decision."""
    async with database.transaction() as connection:
        await GIVE_UP.run(connection, kept_for=KEPT_FOR)
    async with database.writers.acquire() as connection:
        spent = await SPENT_KEYS.rows(connection)
    if spent:
        await letter_keys.destroy(keyring, [row[1] for row in spent])
        async with database.transaction() as connection:
            await KEYS_ARE_GONE.run(connection, subject_ids=[row[0] for row in spent], ids=[row[1] for row in spent])
    return len(spent)
