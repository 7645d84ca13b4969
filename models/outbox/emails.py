"""Letters: what we owe people in writing. Posting one is part of the deed that owes it; workers send it later."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import Boolean, CheckConstraint, Index, SmallInteger, UniqueConstraint, text

from models.encryption import email_keys
from models.encryption.encrypted_column import OVERHEAD, DataKey, EncryptedColumn
from models.storage.columns import Bytes, ErasureAction, Table, Text, Timestamp, Uuid, column, enum_check
from models.storage.ids import new_id
from models.storage.statement import Connection, Statement
from models.unit_of_work import UnitOfWork

LONGEST_CONTEXT: Final = 4000
"""Octets of what a letter says beyond its template."""


class EmailKind(StrEnum):
    """The letters that there are; each is a folder under mailers/templates and a function in mailers/emails.py."""

    IDENTITY_CODE = "identity_code"
    REQUEST_RECEIVED = "request_received"
    OPTED_OUT = "opted_out"
    CONSENT_GRANTED = "consent_granted"
    DETAILS_CORRECTED = "details_corrected"
    ERASURE_SCHEDULED = "erasure_scheduled"
    ERASURE_DONE = "erasure_done"
    ERASURE_DENIED = "erasure_denied"


SAYS: Final[Mapping[EmailKind, frozenset[str]]] = {
    EmailKind.IDENTITY_CODE: frozenset({"code", "expires_at"}),
    EmailKind.REQUEST_RECEIVED: frozenset({"kind", "received_at", "due_at"}),
    EmailKind.OPTED_OUT: frozenset({"purposes", "is_everything"}),
    EmailKind.CONSENT_GRANTED: frozenset({"purpose"}),
    EmailKind.DETAILS_CORRECTED: frozenset({"changed"}),
    EmailKind.ERASURE_SCHEDULED: frozenset({"execute_at"}),
    EmailKind.ERASURE_DONE: frozenset({"completed_at", "backups_clear_at"}),
    EmailKind.ERASURE_DENIED: frozenset({"reason"}),
}
"""What each letter must be told: times as datetime, ``kind`` and ``reason`` as the enum's value, titles as text."""


class EmailState(StrEnum):
    """Where a letter is."""

    QUEUED = "QUEUED"
    SENT = "SENT"
    DROPPED = "DROPPED"
    FAILED = "FAILED"
    UNCERTAIN = "UNCERTAIN"


class EmailReason(StrEnum):
    """Why a letter was not sent, or may not have been."""

    OPTED_OUT = "OPTED_OUT"
    RESTRICTED = "RESTRICTED"
    ERASED = "ERASED"
    ADDRESS_STOPPED = "ADDRESS_STOPPED"
    ADDRESS_REFUSED = "ADDRESS_REFUSED"
    LETTER_REFUSED = "LETTER_REFUSED"
    GAVE_UP = "GAVE_UP"
    NO_ANSWER = "NO_ANSWER"


class Email(Table, table=True):
    """One letter to one address. Once it is sent or dropped its address and words are gone; what proves it stays."""

    __tablename__ = "letters"
    __table_args__ = (
        enum_check("letter", EmailKind),
        enum_check("state", EmailState),
        enum_check("reason", EmailReason),
        CheckConstraint("deed ~ '^[a-z]+\\:[0-9a-f]{1,32}$'", name="deed_is_an_id"),
        CheckConstraint(f"octet_length(context) <= {LONGEST_CONTEXT + OVERHEAD}", name="context_is_short"),
        CheckConstraint("state = 'QUEUED' OR lease IS NULL", name="only_queued_letters_are_leased"),
        CheckConstraint("state NOT IN ('SENT', 'DROPPED') OR address IS NULL", name="sent_letters_keep_no_address"),
        UniqueConstraint("subject_id", "deed", "letter", "recipient", name="a_deed_posts_a_letter_once"),
        UniqueConstraint("id", name="letter_id_is_one"),
        Index("letters_due", "due_at", postgresql_where=text("state = 'QUEUED'")),
        Index("letters_to_look_at", "posted_at", "id", postgresql_where=text("state IN ('FAILED', 'UNCERTAIN')")),
        Index("letters_with_keys", "id", postgresql_where=text("has_own_key")),
    )

    subject_id: UUID = column(Uuid, ErasureAction.KEPT, references="subjects.id", primary_key=True)
    id: UUID = column(Uuid, ErasureAction.KEPT, primary_key=True)
    deed: str = column(Text, ErasureAction.KEPT)
    letter: str = column(Text, ErasureAction.KEPT)
    recipient: UUID = column(Uuid, ErasureAction.KEPT)
    purpose: str | None = column(Text, ErasureAction.KEPT, references="purposes.key", nullable=True)
    address: bytes | None = column(Bytes, ErasureAction.SEALED, nullable=True)
    context: bytes | None = column(Bytes, ErasureAction.SEALED, nullable=True)
    has_own_key: bool = column(Boolean, ErasureAction.KEPT)
    state: str = column(Text, ErasureAction.KEPT, server_default=EmailState.QUEUED)
    reason: str | None = column(Text, ErasureAction.KEPT, nullable=True)
    posted_at: datetime = column(Timestamp, ErasureAction.KEPT)
    due_at: datetime = column(Timestamp, ErasureAction.KEPT)
    lease: UUID | None = column(Uuid, ErasureAction.KEPT, nullable=True)
    attempts: int = column(SmallInteger, ErasureAction.KEPT, server_default="0")
    handed_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    message_id: str | None = column(Text, ErasureAction.KEPT, nullable=True)
    sent_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    reply_code: int | None = column(SmallInteger, ErasureAction.KEPT, nullable=True)


ADDRESS = EncryptedColumn("letters.address")
CONTEXT = EncryptedColumn("letters.context")
KNOWN_ADDRESS = EncryptedColumn("email_addresses.address")

# The first is where the person is written to: the primary one, unless mail to it is stopped and there is another.
ADDRESSES = Statement("""
SELECT id, address, is_primary, stopped_at IS NOT NULL
FROM email_addresses
WHERE subject_id = :subject_id
ORDER BY stopped_at IS NOT NULL, is_primary DESC, added_at, id
""")

POST = Statement("""
INSERT INTO letters
    (subject_id, id, deed, letter, recipient, purpose, address, context, has_own_key, posted_at, due_at)
VALUES
    (:subject_id, :id, :deed, :letter, :recipient, :purpose, :address, :context, :has_own_key,
    clock_timestamp(), clock_timestamp())
ON CONFLICT ON CONSTRAINT a_deed_posts_a_letter_once DO NOTHING
""")

# Heard by the workers once the deed is committed.
WAKE = Statement("""
SELECT pg_notify('letters', '')
""")

FORGET = Statement("""
UPDATE letters
SET address = NULL, context = NULL, lease = NULL,
    state = CASE WHEN state = 'QUEUED' THEN 'DROPPED' ELSE state END,
    reason = CASE WHEN state = 'QUEUED' THEN 'ERASED' ELSE reason END
WHERE subject_id = :subject_id
AND NOT has_own_key
AND address IS NOT NULL
""")


class Recipient(NamedTuple):
    """An address that a letter goes to, and the id of its row."""

    id: UUID
    address: str
    is_primary: bool = True
    is_stopped: bool = False


async def enqueue(  # noqa: PLR0913 -- each is a part of the letter
    unit: UnitOfWork,
    letter: EmailKind,
    subject_id: UUID,
    about: str,
    *,
    to: Recipient | None = None,
    governed_by: str | None = None,
    own_key: bool | DataKey = False,
    **says: Any,
) -> UUID | None:
    """Post a letter with the deed that owes it; give its id, or None when there is nobody to write to.

    ``about`` is what the deed did, by its id (``consent:1f``, ``request:0192f3…``, in hex): a letter is posted once
    about it to each address. ``to`` is the address that the person is written to unless it is given. ``governed_by`` is
    the purpose that the letter needs leave for: without it, it is dropped at the moment of sending. ``own_key`` seals
    it under a key of the letter's own, made now or before, so that it outlives the person's. ``says`` is what SAYS has.
    SUBJECT_ERASED when the person's key is destroyed, unless the letter has both an address and a key of its own.
    """
    if says.keys() != SAYS[letter]:
        raise TypeError(f"the letter {letter} must be told {', '.join(sorted(SAYS[letter]))}")
    person = None if own_key and to else await unit.keyring.key_of(subject_id)
    if to is None and person:
        to = next(iter(await addresses(unit.connection, person)), None)
    if to is None:
        return None
    if isinstance(own_key, DataKey):
        key, letter_id = own_key, own_key.owner_id
    else:
        letter_id = new_id()
        key = person if person and not own_key else await email_keys.create(unit.keyring, letter_id)
    posted = await POST.run(
        unit.connection,
        subject_id=subject_id,
        id=letter_id,
        deed=about,
        letter=letter,
        recipient=to.id,
        purpose=governed_by,
        address=ADDRESS.encrypt(key, to.address),
        context=CONTEXT.encrypt(key, orjson.dumps(says).decode()),
        has_own_key=bool(own_key),
    )
    await WAKE.value(unit.connection)
    return letter_id if posted else None


async def addresses(connection: Connection, key: DataKey) -> list[Recipient]:
    """Give the person's addresses; the first is the one that they are written to."""
    return [
        Recipient(address_id, KNOWN_ADDRESS.decrypt(key, sealed), *marks)
        for address_id, sealed, *marks in await ADDRESSES.rows(connection, subject_id=key.owner_id)
    ]


async def forget(connection: Connection, subject_id: UUID) -> int:
    """Drop what is not sent yet to a person who is erased, but for letters with a key of their own; give how many."""
    return await FORGET.run(connection, subject_id=subject_id)
