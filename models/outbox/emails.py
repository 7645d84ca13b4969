"""Emails to people: enqueued in the transaction of the mutation that causes them, sent later by workers.

The table and the GraphQL schema call them letters.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import Boolean, CheckConstraint, Index, SmallInteger, UniqueConstraint, text

from models.encryption import email_keys
from models.encryption.encrypted_column import ENCRYPTION_OVERHEAD, DataKey, EncryptedColumn
from models.storage.columns import Bytes, ErasureAction, Table, Text, Timestamp, Uuid, column, enum_check
from models.storage.ids import new_id
from models.storage.statement import Connection, Statement
from models.unit_of_work import UnitOfWork

MAX_CONTEXT_LENGTH: Final = 16_000
"""The length of an email's template context as JSON, in octets."""


class EmailKind(StrEnum):
    """The kinds of emails. Each has a folder in mailers/templates and a function in mailers/emails.py."""

    IDENTITY_CODE = "identity_code"
    REQUEST_RECEIVED = "request_received"
    OPTED_OUT = "opted_out"
    CONSENT_GRANTED = "consent_granted"
    DETAILS_CORRECTED = "details_corrected"
    ERASURE_SCHEDULED = "erasure_scheduled"
    ERASURE_DONE = "erasure_done"
    ERASURE_DENIED = "erasure_denied"
    ERASURE_CANCELLED = "erasure_cancelled"
    REQUEST_EXTENDED = "request_extended"
    REQUEST_COMPLETED = "request_completed"
    REQUEST_DENIED = "request_denied"
    REQUEST_CANCELLED = "request_cancelled"
    CALIFORNIA_REPORT = "california_report"
    EXPORT_READY = "export_ready"
    POLICY_CHANGED = "policy_changed"
    FORCED_DISCLOSURE = "forced_disclosure"
    INCIDENT_NOTICE = "incident_notice"


CONTEXT_FIELDS: Final[Mapping[EmailKind, frozenset[str]]] = {
    EmailKind.IDENTITY_CODE: frozenset({"code", "expires_at"}),
    EmailKind.REQUEST_RECEIVED: frozenset({"kind", "reason", "received_at", "due_at"}),
    EmailKind.OPTED_OUT: frozenset({"purposes", "is_everything"}),
    EmailKind.CONSENT_GRANTED: frozenset({"purpose", "withdraws_objection"}),
    EmailKind.DETAILS_CORRECTED: frozenset({"changed"}),
    EmailKind.ERASURE_SCHEDULED: frozenset({"reason", "execute_at"}),
    EmailKind.ERASURE_DONE: frozenset({"completed_at", "backups_clear_at"}),
    EmailKind.ERASURE_DENIED: frozenset({"reason", "erasure_reason"}),
    EmailKind.ERASURE_CANCELLED: frozenset({"cancelled_at"}),
    EmailKind.REQUEST_EXTENDED: frozenset({"kind", "received_at", "until", "reason"}),
    EmailKind.REQUEST_COMPLETED: frozenset({"kind", "received_at", "regime"}),
    EmailKind.REQUEST_DENIED: frozenset({"kind", "received_at", "reason"}),
    EmailKind.REQUEST_CANCELLED: frozenset({"kind", "received_at", "cancelled_at"}),
    EmailKind.CALIFORNIA_REPORT: frozenset({"year", "lines"}),
    EmailKind.EXPORT_READY: frozenset({"kind", "token", "expires_at"}),
    EmailKind.POLICY_CHANGED: frozenset({"effective_on", "url", "purposes"}),
    EmailKind.FORCED_DISCLOSURE: frozenset({"ground", "authority", "categories", "disclosed_at"}),
    EmailKind.INCIDENT_NOTICE: frozenset({"kind", "categories", "consequences", "measures", "aware_at"}),
}
"""The fields of each email's template context.

Times are datetimes, ``kind`` and ``reason`` are enum values, purposes are titles.
"""


class EmailState(StrEnum):
    """The state of an email in the outbox."""

    QUEUED = "QUEUED"
    SENT = "SENT"
    DROPPED = "DROPPED"
    FAILED = "FAILED"
    UNCERTAIN = "UNCERTAIN"


class EmailReason(StrEnum):
    """Why an email was not sent, or was possibly not sent."""

    OPTED_OUT = "OPTED_OUT"
    RESTRICTED = "RESTRICTED"
    ERASED = "ERASED"
    ADDRESS_STOPPED = "ADDRESS_STOPPED"
    ADDRESS_REFUSED = "ADDRESS_REFUSED"
    LETTER_REFUSED = "LETTER_REFUSED"
    GAVE_UP = "GAVE_UP"
    NO_ANSWER = "NO_ANSWER"


class Email(Table, table=True):
    """One email to one address. Sending or dropping it clears its address and context and keeps the proof."""

    __tablename__ = "letters"
    __table_args__ = (
        enum_check("letter", EmailKind),
        enum_check("state", EmailState),
        enum_check("reason", EmailReason),
        CheckConstraint("deed ~ '^[a-z]+\\:[0-9a-f]{1,32}$'", name="deed_is_an_id"),
        CheckConstraint(
            f"octet_length(context) <= {MAX_CONTEXT_LENGTH + ENCRYPTION_OVERHEAD}", name="context_is_short"
        ),
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
    address: bytes | None = column(Bytes, ErasureAction.ENCRYPTED, nullable=True)
    context: bytes | None = column(Bytes, ErasureAction.ENCRYPTED, nullable=True)
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
SUBJECT_ADDRESS = EncryptedColumn("email_addresses.address")

# The first row is the address to write to: the primary one, unless mail to it is stopped and there is another one.
ADDRESSES = Statement("""
SELECT id, address, is_primary, stopped_at IS NOT NULL
FROM email_addresses
WHERE subject_id = :subject_id
ORDER BY stopped_at IS NOT NULL, is_primary DESC, added_at, id
""")

ENQUEUE = Statement("""
INSERT INTO letters
    (subject_id, id, deed, letter, recipient, purpose, address, context, has_own_key, posted_at, due_at)
VALUES
    (:subject_id, :id, :deed, :letter, :recipient, :purpose, :address, :context, :has_own_key,
    clock_timestamp(), clock_timestamp())
ON CONFLICT ON CONSTRAINT a_deed_posts_a_letter_once DO NOTHING
""")

# PostgreSQL delivers the notification when the transaction commits.
NOTIFY_WORKERS = Statement("""
SELECT pg_notify('letters', '')
""")


class Recipient(NamedTuple):
    """An address to send an email to, with the id of its row."""

    id: UUID
    address: str
    is_primary: bool = True
    is_stopped: bool = False


async def enqueue(  # noqa: PLR0913 -- each is a part of the email
    unit: UnitOfWork,
    email: EmailKind,
    subject_id: UUID,
    cause: str,
    *,
    recipient: Recipient | None = None,
    required_purpose: str | None = None,
    own_key: bool | DataKey = False,
    **context: Any,
) -> UUID | None:
    """Enqueue an email and return its id; None if the person has no address or the same email is in the outbox.

    ``cause`` is the id of what the mutation did, in hex: ``consent:1f`` or ``request:0192f3…``. Each cause sends each
    kind of email once to an address. ``recipient`` defaults to the address that the person is written to.
    ``required_purpose`` is a purpose that the person must allow when the email is sent, or else it is dropped.
    ``own_key`` encrypts the email under its own key, new or passed in, so that it survives the erasure of the person.
    ``context`` has the fields that CONTEXT_FIELDS lists.

    Raise SUBJECT_ERASED if the person's key is destroyed, unless ``recipient`` and ``own_key`` are both given.
    """
    if context.keys() != CONTEXT_FIELDS[email]:
        raise TypeError(f"the context of the email {email} has the fields {', '.join(sorted(CONTEXT_FIELDS[email]))}")
    subject_key = None if own_key and recipient else await unit.keyring.key_of(subject_id)
    if recipient is None and subject_key:
        recipient = next(iter(await addresses(unit.connection, subject_key)), None)
    if recipient is None:
        return None
    if isinstance(own_key, DataKey):
        key, email_id = own_key, own_key.owner_id
    else:
        email_id = new_id()
        key = subject_key if subject_key and not own_key else await email_keys.create(unit.keyring, email_id)
    count = await ENQUEUE.run(
        unit.connection,
        subject_id=subject_id,
        id=email_id,
        deed=cause,
        letter=email,
        recipient=recipient.id,
        purpose=required_purpose,
        address=ADDRESS.encrypt(key, recipient.address),
        context=CONTEXT.encrypt(key, orjson.dumps(context).decode()),
        has_own_key=bool(own_key),
    )
    await NOTIFY_WORKERS.value(unit.connection)
    return email_id if count else None


async def recipient_of(unit: UnitOfWork, subject_id: UUID) -> Recipient | None:
    """Return the address that the person is written to, or None without an address."""
    return next(iter(await addresses(unit.connection, await unit.keyring.key_of(subject_id))), None)


async def addresses(connection: Connection, key: DataKey) -> list[Recipient]:
    """Return the person's addresses. Emails go to the first."""
    return [
        Recipient(address_id, SUBJECT_ADDRESS.decrypt(key, encrypted), *flags)
        for address_id, encrypted, *flags in await ADDRESSES.rows(connection, subject_id=key.owner_id)
    ]
