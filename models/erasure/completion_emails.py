"""Completion emails: sent to the address that the request kept, and encrypted under a key of the email's own.

An email that cannot be encrypted or inserted is skipped, because it must not delay an erasure.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import orjson

from models.encryption import email_keys
from models.encryption.encrypted_column import DataKey
from models.outbox.emails import ADDRESS, CONTEXT, CONTEXT_FIELDS, NOTIFY_WORKERS, EmailKind
from models.requests.requests import FINAL_EMAIL_ADDRESS
from models.storage.ids import new_id
from models.storage.statement import Statement
from models.unit_of_work import UnitOfWork


class CompletionEmail(NamedTuple):
    """A completion email to enqueue. ``address`` is encrypted under the request's key."""

    subject_id: UUID
    request_id: UUID
    recipient: UUID
    address: bytes


class _EncryptedEmail(NamedTuple):
    subject_id: UUID
    request_id: UUID
    recipient: UUID
    email_id: UUID
    address: bytes
    context: bytes


INSERT_EMAILS = Statement("""
INSERT INTO letters (subject_id, id, deed, letter, recipient, address, context, has_own_key, posted_at, due_at)
SELECT subject_id, id, deed, 'erasure_done', recipient, address, context, true, n.at, n.at
FROM unnest(
    CAST(:subject_ids AS uuid[]), CAST(:ids AS uuid[]), CAST(:deeds AS text[]), CAST(:recipients AS uuid[]),
    CAST(:addresses AS bytea[]), CAST(:contexts AS bytea[])
) AS fresh (subject_id, id, deed, recipient, address, context)
CROSS JOIN (SELECT clock_timestamp() AS at) AS n
ON CONFLICT ON CONSTRAINT a_deed_posts_a_letter_once DO NOTHING
""")


async def enqueue_completion_emails(
    unit: UnitOfWork, emails: Sequence[CompletionEmail], keys: Mapping[UUID, DataKey], **times: datetime
) -> frozenset[UUID]:
    """Enqueue the emails in this unit of work. ``keys`` are the requests' keys. Return the requests with an email."""
    if times.keys() != CONTEXT_FIELDS[EmailKind.ERASURE_DONE]:
        raise TypeError("a completion email needs completed_at and backups_clear_at")
    context = orjson.dumps(times).decode()
    own_keys = await email_keys.create_many(unit.keyring, [new_id() for _ in emails])
    encrypted = [
        row
        for email, own_key in zip(emails, own_keys.values(), strict=True)
        if (row := _encrypt(email, keys.get(email.request_id), own_key, context))
    ]
    return await _insert(unit, encrypted) if encrypted else frozenset()


def _encrypt(email: CompletionEmail, key: DataKey | None, own_key: DataKey, context: str) -> _EncryptedEmail | None:
    try:
        address = FINAL_EMAIL_ADDRESS.decrypt(key, email.address) if key else None
    except Exception:  # noqa: BLE001 -- an unreadable address must not delay the erasure
        address = None
    if address is None:
        return None
    return _EncryptedEmail(
        email.subject_id,
        email.request_id,
        email.recipient,
        own_key.owner_id,
        ADDRESS.encrypt(own_key, address),
        CONTEXT.encrypt(own_key, context),
    )


async def _insert(unit: UnitOfWork, emails: Sequence[_EncryptedEmail]) -> frozenset[UUID]:
    """Insert the emails in one statement. When it fails, insert each alone, so that one does not block the others."""
    try:
        async with unit.connection.transaction():
            await INSERT_EMAILS.run(
                unit.connection,
                subject_ids=[email.subject_id for email in emails],
                ids=[email.email_id for email in emails],
                deeds=[f"request:{email.request_id.hex}" for email in emails],
                recipients=[email.recipient for email in emails],
                addresses=[email.address for email in emails],
                contexts=[email.context for email in emails],
            )
            await NOTIFY_WORKERS.value(unit.connection)
    except asyncpg.PostgresError:
        if len(emails) == 1:
            return frozenset()
        return frozenset[UUID]().union(*[await _insert(unit, [email]) for email in emails])
    return frozenset(email.request_id for email in emails)
