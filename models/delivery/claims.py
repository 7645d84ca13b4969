"""Claims: a worker leases emails from the outbox and checks that they may still be sent.

An email whose lease has expired is claimed again. If the worker had committed its handover before, the mail server may
have accepted the email: it becomes UNCERTAIN, and an operator decides.
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
"""How long a claimed email belongs to the worker that claimed it."""


class ClaimedEmailRow(NamedTuple):
    """A claimed row of the outbox, before decryption."""

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
    """A claimed email that may be sent, decrypted."""

    row: ClaimedEmailRow
    lease: DeliveryLease
    address: str
    context: dict[str, object]


# statement_timestamp() is constant, so that the index scan ends at the first email that is not due.
CLAIM = Statement("""
WITH due AS (
    SELECT subject_id, id
    FROM letters
    WHERE state = 'QUEUED'
    AND due_at <= statement_timestamp()
    ORDER BY due_at
    LIMIT :limit
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


async def claim(database: Database, keyring: Keyring, domain: str, limit: int) -> list[ClaimedEmail]:
    """Claim at most ``limit`` due emails, and drop those that may not be sent any more.

    ``domain`` is the right-hand side of the Message-ID. The first claim sets the Message-ID; later claims keep it.
    """
    token = new_id()
    async with database.transaction() as connection:
        rows = [
            ClaimedEmailRow._make(row)
            for row in await CLAIM.rows(connection, limit=limit, lease=token, lasts=LEASE_DURATION, domain=domain)
        ]
        leases = {row.id: DeliveryLease(row.subject_id, row.id, row.recipient, token) for row in rows}
        undeliverable = await _find_undeliverable(connection, rows)
        await record_results(connection, [(leases[email_id], result) for email_id, result in undeliverable.items()])
    deliverable = [row for row in rows if row.id not in undeliverable]
    keys = await _keys(database, keyring, deliverable)
    claimed, unreadable = [], []
    for row in deliverable:
        content = _decrypt(row, keys.get(row.id if row.has_own_key else row.subject_id))
        if isinstance(content, DeliveryResult):
            unreadable.append((leases[row.id], content))
        else:
            claimed.append(ClaimedEmail(row, leases[row.id], *content))
    if unreadable:
        async with database.transaction() as connection:
            await record_results(connection, unreadable)
    return claimed


async def _find_undeliverable(connection: Connection, rows: Sequence[ClaimedEmailRow]) -> dict[UUID, DeliveryResult]:
    """Return the results of the emails that may not be sent, by id."""
    results = {row.id: result for row in rows if (result := _check_row(row))}
    return results | await check_purposes(connection, [row for row in rows if row.id not in results])


def _check_row(row: ClaimedEmailRow) -> DeliveryResult | None:
    if row.handed_at is not None:
        return DeliveryResult(EmailState.UNCERTAIN, EmailReason.NO_ANSWER)
    if row.status == SubjectStatus.ERASED and not row.has_own_key:
        return DeliveryResult(EmailState.DROPPED, EmailReason.ERASED)
    if row.is_stopped:
        return DeliveryResult(EmailState.DROPPED, EmailReason.ADDRESS_STOPPED)
    return None


async def check_purposes(connection: Connection, rows: Iterable[ClaimedEmailRow]) -> dict[UUID, DeliveryResult]:
    """Decide again on emails that require consent, and return the results of those that may not be sent, by id."""
    rows_by_purpose: dict[str, list[ClaimedEmailRow]] = {}
    for row in rows:
        if row.purpose is not None:
            rows_by_purpose.setdefault(row.purpose, []).append(row)
    results = {}
    for purpose, purpose_rows in rows_by_purpose.items():
        decisions = await decisions_of_subjects(connection, [row.subject_id for row in purpose_rows], purpose)
        for row in purpose_rows:
            decision = decisions[row.subject_id]
            if not decision.allowed:
                reason = _DROP_REASONS.get(decision.reason, EmailReason.OPTED_OUT)
                results[row.id] = DeliveryResult(EmailState.DROPPED, reason)
    return results


async def _keys(database: Database, keyring: Keyring, rows: Sequence[ClaimedEmailRow]) -> dict[UUID, DataKey]:
    if not rows:
        return {}
    async with database.keyring.acquire() as connection:
        subject_ids = [row.subject_id for row in rows if not row.has_own_key]
        subject_keys = dict(await keyring.of_subjects(connection, subject_ids)) if subject_ids else {}
        email_ids = [row.id for row in rows if row.has_own_key]
        return subject_keys | (await email_keys.of_emails(keyring, connection, email_ids) if email_ids else {})


def _decrypt(row: ClaimedEmailRow, key: DataKey | None) -> tuple[str, dict[str, object]] | DeliveryResult:
    """Decrypt the address and the template context, or return the result of an email that cannot be decrypted."""
    if key is None:
        return DeliveryResult(EmailState.DROPPED, EmailReason.ERASED)
    try:
        return ADDRESS.decrypt(key, row.address), orjson.loads(CONTEXT.decrypt(key, row.context))
    except InvalidTag:
        return DeliveryResult(EmailState.FAILED, EmailReason.LETTER_REFUSED)
