"""Claims: how a worker takes letters out of the outbox, and asks whether they may still go.

A claim is a lease: a letter whose worker died is claimed again once it ran out. Whether the letter may have been
accepted by then is told by the mark that was committed before it was handed over: if so it is UNCERTAIN, and somebody
decides.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final, NamedTuple
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag

from models.consent.decisions import DecisionReason, decisions_of_subjects
from models.delivery.results import DeliveryLease, DeliveryResult, record_results
from models.encryption import email_keys
from models.encryption.encrypted_column import DataKey
from models.encryption.keyring import Keyring
from models.outbox.emails import ADDRESS, CONTEXT, EmailReason, EmailState
from models.storage.database import Database
from models.storage.ids import new_id
from models.storage.statement import Connection, Statement
from models.subjects.subjects import SubjectStatus

LEASE_DURATION: Final = timedelta(minutes=5)
"""How long a claimed letter is left to the worker that claimed it."""


class ClaimedEmailRow(NamedTuple):
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


class ClaimedEmail(NamedTuple):
    """A letter that a worker may send now."""

    row: ClaimedEmailRow
    lease: DeliveryLease
    address: str
    context: dict[str, object]


# The time is asked for once: a scan of the index ends at the first letter that is not due, however many wait for later.
CLAIM = Statement("""
WITH due AS (
    SELECT subject_id, id
    FROM letters
    WHERE state = 'QUEUED'
    AND due_at <= statement_timestamp()
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

_DROP_REASONS: Final = {
    DecisionReason.RESTRICTED: EmailReason.RESTRICTED,
    DecisionReason.ERASING: EmailReason.ERASED,
    DecisionReason.ERASED: EmailReason.ERASED,
    DecisionReason.UNKNOWN_SUBJECT: EmailReason.ERASED,
}


async def claim(database: Database, keyring: Keyring, domain: str, most: int) -> list[ClaimedEmail]:
    """Claim letters that are due, at most so many, and drop those that may not go any more.

    ``domain`` is the right-hand side of the Message-ID, which stays what it was at the first claim.
    """
    token = new_id()
    async with database.transaction() as connection:
        rows = [
            ClaimedEmailRow._make(row)
            for row in await CLAIM.rows(connection, most=most, lease=token, lasts=LEASE_DURATION, domain=domain)
        ]
        leases = {row.id: DeliveryLease(row.subject_id, row.id, row.recipient, token) for row in rows}
        held_back = await _find_undeliverable(connection, rows)
        await record_results(connection, [(leases[letter_id], outcome) for letter_id, outcome in held_back.items()])
    going = [row for row in rows if row.id not in held_back]
    keys = await _keys(database, keyring, going)
    claimed, unreadable = [], []
    for row in going:
        opened = _decrypt(row, keys.get(row.id if row.has_own_key else row.subject_id))
        if isinstance(opened, DeliveryResult):
            unreadable.append((leases[row.id], opened))
        else:
            claimed.append(ClaimedEmail(row, leases[row.id], *opened))
    if unreadable:
        async with database.transaction() as connection:
            await record_results(connection, unreadable)
    return claimed


async def _find_undeliverable(connection: Connection, rows: Sequence[ClaimedEmailRow]) -> dict[UUID, DeliveryResult]:
    """Give what becomes of those letters that may not be sent."""
    found = {row.id: outcome for row in rows if (outcome := _check_row(row))}
    return found | await check_purposes(connection, [row for row in rows if row.id not in found])


def _check_row(row: ClaimedEmailRow) -> DeliveryResult | None:
    if row.handed_at is not None:
        return DeliveryResult(EmailState.UNCERTAIN, EmailReason.NO_ANSWER)
    if row.status == SubjectStatus.ERASED and not row.has_own_key:
        return DeliveryResult(EmailState.DROPPED, EmailReason.ERASED)
    if row.is_stopped:
        return DeliveryResult(EmailState.DROPPED, EmailReason.ADDRESS_STOPPED)
    return None


async def check_purposes(connection: Connection, rows: Iterable[ClaimedEmailRow]) -> dict[UUID, DeliveryResult]:
    """Ask again whether letters that a purpose governs may go; give what becomes of those that may not."""
    governed: dict[str, list[ClaimedEmailRow]] = {}
    for row in rows:
        if row.purpose is not None:
            governed.setdefault(row.purpose, []).append(row)
    found = {}
    for purpose, those in governed.items():
        decisions = await decisions_of_subjects(connection, [row.subject_id for row in those], purpose)
        for row in those:
            decision = decisions[row.subject_id]
            if not decision.allowed:
                reason = _DROP_REASONS.get(decision.reason, EmailReason.OPTED_OUT)
                found[row.id] = DeliveryResult(EmailState.DROPPED, reason)
    return found


async def _keys(database: Database, keyring: Keyring, rows: Sequence[ClaimedEmailRow]) -> dict[UUID, DataKey]:
    if not rows:
        return {}
    async with database.keyring.acquire() as connection:
        people = [row.subject_id for row in rows if not row.has_own_key]
        found = dict(await keyring.of_subjects(connection, people)) if people else {}
        owned = [row.id for row in rows if row.has_own_key]
        return found | (await email_keys.of_emails(keyring, connection, owned) if owned else {})


def _decrypt(row: ClaimedEmailRow, key: DataKey | None) -> tuple[str, dict[str, object]] | DeliveryResult:
    """Open the address and the words; give what becomes of a letter that cannot be read any more."""
    if key is None:
        return DeliveryResult(EmailState.DROPPED, EmailReason.ERASED)
    try:
        return ADDRESS.decrypt(key, row.address), orjson.loads(CONTEXT.decrypt(key, row.context))
    except InvalidTag:
        return DeliveryResult(EmailState.FAILED, EmailReason.LETTER_REFUSED)
