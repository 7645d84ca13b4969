"""The last letters: to people who are erased, at the address that their request kept, under keys of the letters' own.

A letter that cannot be written or posted is left out: it never holds up an erasure.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import orjson

from models.encryption import email_keys
from models.encryption.encrypted_column import DataKey
from models.outbox.emails import ADDRESS, CONTEXT, CONTEXT_FIELDS, NOTIFY_WORKERS, EmailKind
from models.requests.requests import FINAL_EMAIL_ADDRESS
from models.storage.ids import new_id
from models.storage.statement import Statement
from models.unit_of_work import UnitOfWork


class CompletionEmail(NamedTuple):
    """Whom a request says farewell to: where, by the id and the sealed address that it kept."""

    subject_id: UUID
    request_id: UUID
    recipient: UUID
    address: bytes


class _EncryptedEmail(NamedTuple):
    subject_id: UUID
    request_id: UUID
    recipient: UUID
    letter_id: UUID
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
    unit: UnitOfWork, farewells: Sequence[CompletionEmail], keys: Mapping[UUID, DataKey], **says: datetime
) -> frozenset[UUID]:
    """Post the last letters, with the deed; give the requests whose letter is posted. ``keys`` are the requests'."""
    if says.keys() != CONTEXT_FIELDS[EmailKind.ERASURE_DONE]:
        raise TypeError("the last letter is told when all is done, and when the backups are")
    said = orjson.dumps(says).decode()
    own_keys = await email_keys.create_many(unit.keyring, [new_id() for _ in farewells])
    written = [
        letter
        for farewell, own_key in zip(farewells, own_keys.values(), strict=True)
        if (letter := _encrypt(farewell, keys.get(farewell.request_id), own_key, said))
    ]
    return await _insert(unit, written) if written else frozenset()


def _encrypt(farewell: CompletionEmail, key: DataKey | None, own_key: DataKey, said: str) -> _EncryptedEmail | None:
    try:
        address = FINAL_EMAIL_ADDRESS.decrypt(key, farewell.address) if key else None
    except Exception:  # noqa: BLE001 -- whatever keeps a letter from being written must not keep a person from being erased
        address = None
    if address is None:
        return None
    return _EncryptedEmail(
        farewell.subject_id,
        farewell.request_id,
        farewell.recipient,
        own_key.owner_id,
        ADDRESS.encrypt(own_key, address),
        CONTEXT.encrypt(own_key, said),
    )


async def _insert(unit: UnitOfWork, letters: Sequence[_EncryptedEmail]) -> frozenset[UUID]:
    """Post letters together; when that fails, each by itself, so that one does not keep the others back."""
    try:
        async with unit.connection.transaction():
            await INSERT_EMAILS.run(
                unit.connection,
                subject_ids=[letter.subject_id for letter in letters],
                ids=[letter.letter_id for letter in letters],
                deeds=[f"request:{letter.request_id.hex}" for letter in letters],
                recipients=[letter.recipient for letter in letters],
                addresses=[letter.address for letter in letters],
                contexts=[letter.context for letter in letters],
            )
            await NOTIFY_WORKERS.value(unit.connection)
    except Exception:  # noqa: BLE001 -- as above
        if len(letters) == 1:
            return frozenset()
        return frozenset[UUID]().union(*[await _insert(unit, [letter]) for letter in letters])
    return frozenset(letter.request_id for letter in letters)
