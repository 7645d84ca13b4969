"""Emails of one kind to many people: enqueued together, each once, in a transaction that the caller commits."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson

from models.encryption.keyring import Keyring
from models.outbox.emails import ADDRESS, CONTEXT, CONTEXT_FIELDS, NOTIFY_WORKERS, SUBJECT_ADDRESS, EmailKind
from models.storage.ids import new_id
from models.storage.statement import Connection, Statement

# The rows stay locked until the transaction ends, so that an erasure cannot run between the read and the insert.
LOCK_PEOPLE: Final = Statement("""
SELECT id
FROM subjects
WHERE id = ANY(CAST(:ids AS uuid[]))
AND status NOT IN ('ERASING', 'ERASED')
ORDER BY id
FOR NO KEY UPDATE
""")

ADDRESSES: Final = Statement("""
SELECT DISTINCT ON (subject_id) subject_id, id, address
FROM email_addresses
WHERE subject_id = ANY(CAST(:ids AS uuid[]))
ORDER BY subject_id, stopped_at IS NOT NULL, is_primary DESC, added_at, id
""")

ENQUEUE_MANY: Final = Statement("""
INSERT INTO letters
    (subject_id, id, deed, letter, recipient, address, context, has_own_key, posted_at, due_at)
SELECT subject_id, id, :deed, :letter, recipient, address, context, FALSE, clock_timestamp(), clock_timestamp()
FROM unnest(
    CAST(:subject_ids AS uuid[]), CAST(:ids AS uuid[]), CAST(:recipients AS uuid[]), CAST(:addresses AS bytea[]),
    CAST(:contexts AS bytea[])
) AS email (subject_id, id, recipient, address, context)
ON CONFLICT ON CONSTRAINT a_deed_posts_a_letter_once DO NOTHING
""")


async def enqueue_many(  # noqa: PLR0913, PLR0917 -- each is a part of the emails
    connection: Connection,
    keyring: Keyring,
    email: EmailKind,
    subject_ids: Sequence[UUID],
    cause: str,
    context: Mapping[str, Any],
) -> int:
    """Enqueue an email to each of these people who has an address and is not erased. Return how many were enqueued.

    ``cause`` and ``context`` are as in ``emails.enqueue``. No choice of a person stops these emails.
    """
    if context.keys() != CONTEXT_FIELDS[email]:
        raise TypeError(f"the context of the email {email} has the fields {', '.join(sorted(CONTEXT_FIELDS[email]))}")
    ids = [row[0] for row in await LOCK_PEOPLE.rows(connection, ids=list(subject_ids))]
    async with keyring.pool.acquire() as keyring_connection:
        keys = await keyring.of_subjects(keyring_connection, ids)
    text = orjson.dumps(context).decode()
    rows = []
    for subject_id, recipient, encrypted in await ADDRESSES.rows(connection, ids=ids):
        if key := keys[subject_id]:
            address = ADDRESS.encrypt(key, SUBJECT_ADDRESS.decrypt(key, encrypted))
            rows.append((subject_id, new_id(), recipient, address, CONTEXT.encrypt(key, text)))
    if not rows:
        return 0
    subject_column, id_column, recipient_column, address_column, context_column = map(list, zip(*rows, strict=True))
    count = await ENQUEUE_MANY.run(
        connection,
        deed=cause,
        letter=email,
        subject_ids=subject_column,
        ids=id_column,
        recipients=recipient_column,
        addresses=address_column,
        contexts=context_column,
    )
    await NOTIFY_WORKERS.value(connection)
    return count
