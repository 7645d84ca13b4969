"""Payment fragments: the expiry and the last four digits of a card, and nothing else.

AES-GCM preserves length, so the check constraints on encrypted columns prove that no longer value was ever stored.
Source: privacy policy, "How long do we retain the information we collect?".
"""

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, SmallInteger, UniqueConstraint

from models.actors import Role
from models.encryption.encrypted_column import ENCRYPTION_OVERHEAD, EncryptedColumn
from models.errors import BadInput, NotFound
from models.storage import validation
from models.storage.clock import now
from models.storage.columns import Bytes, ErasureAction, Table, Text, Timestamp, Uuid, column
from models.storage.ids import new_id
from models.storage.statement import Connection, RowByKey, RowsByKey, Statement, as_list, reads
from models.subjects import resolution
from models.subjects.identifiers import SubjectIdentifier
from models.unit_of_work import UnitOfWork

SYSTEM = "store"
"""The system that holds a fragment, unless its row names another."""
REFERENCE_LENGTH = 64
EXPIRY_YEARS = range(2000, 2100)


class PaymentFragment(Table, table=True):
    """The stored part of a card. The last four digits are encrypted, although card networks do not demand it."""

    __tablename__ = "payment_fragments"
    __table_args__ = (
        UniqueConstraint("id", name="payment_fragment_id_is_one"),
        UniqueConstraint("subject_id", "lookup_hash", name="a_card_is_stored_once"),
        CheckConstraint(
            f"octet_length(reference) <= {4 * REFERENCE_LENGTH + ENCRYPTION_OVERHEAD}", name="card_reference_is_short"
        ),
        CheckConstraint(f"octet_length(last_digits) = {4 + ENCRYPTION_OVERHEAD}", name="four_digits_and_no_more"),
        CheckConstraint(f"octet_length(expiry_month) = {2 + ENCRYPTION_OVERHEAD}", name="two_digits_of_a_month"),
        CheckConstraint(f"octet_length(expiry_year) = {4 + ENCRYPTION_OVERHEAD}", name="four_digits_of_a_year"),
        CheckConstraint("octet_length(lookup_hash) = 32", name="card_hash_is_one"),
    )

    subject_id: UUID = column(Uuid, ErasureAction.KEPT, references="subjects.id", primary_key=True)
    id: UUID = column(Uuid, ErasureAction.DELETED, primary_key=True)
    reference: bytes = column(Bytes, ErasureAction.ENCRYPTED)
    lookup_version: int = column(SmallInteger, ErasureAction.DELETED)
    lookup_hash: bytes = column(Bytes, ErasureAction.DELETED)
    last_digits: bytes = column(Bytes, ErasureAction.ENCRYPTED)
    expiry_month: bytes = column(Bytes, ErasureAction.ENCRYPTED)
    expiry_year: bytes = column(Bytes, ErasureAction.ENCRYPTED)
    stored_at: datetime = column(Timestamp, ErasureAction.DELETED)
    system: str = column(Text, ErasureAction.DELETED, server_default=SYSTEM)


class PaymentRemoval(Table, table=True):
    """The id of a removed fragment. It makes removal idempotent, while an unknown id is refused."""

    __tablename__ = "payment_removals"
    __table_args__ = (UniqueConstraint("id", name="payment_removal_id_is_one"),)

    subject_id: UUID = column(Uuid, ErasureAction.KEPT, references="subjects.id", primary_key=True)
    id: UUID = column(Uuid, ErasureAction.DELETED, primary_key=True)
    removed_at: datetime = column(Timestamp, ErasureAction.DELETED)
    system: str = column(Text, ErasureAction.DELETED, server_default=SYSTEM)


REFERENCE = EncryptedColumn("payment_fragments.reference")
LAST_DIGITS = EncryptedColumn("payment_fragments.last_digits")
EXPIRY_MONTH = EncryptedColumn("payment_fragments.expiry_month")
EXPIRY_YEAR = EncryptedColumn("payment_fragments.expiry_year")


class PaymentFragmentRow(NamedTuple):
    """The columns of a fragment that callers read."""

    id: UUID
    subject_id: UUID
    reference: Annotated[bytes, REFERENCE]
    last_digits: Annotated[bytes, LAST_DIGITS]
    expiry_month: Annotated[bytes, EXPIRY_MONTH]
    expiry_year: Annotated[bytes, EXPIRY_YEAR]
    stored_at: datetime


OF_SUBJECTS = Statement("""
SELECT id, subject_id, reference, last_digits, expiry_month, expiry_year, stored_at
FROM payment_fragments
WHERE subject_id = ANY(:ids)
ORDER BY subject_id, stored_at, id
""")

BY_IDS = Statement("""
SELECT id, subject_id, reference, last_digits, expiry_month, expiry_year, stored_at
FROM payment_fragments
WHERE id = ANY(:ids)
""")

# The store's reference identifies the card. Storing it again updates the fragment.
UPSERT = Statement("""
INSERT INTO payment_fragments
    (subject_id, id, reference, lookup_version, lookup_hash, last_digits, expiry_month, expiry_year, stored_at,
    system)
VALUES (:subject_id, :id, :reference, :version, :hash, :last_digits, :expiry_month, :expiry_year, :at,
    COALESCE(CAST(:system AS text), CAST(:default_system AS text)))
ON CONFLICT (subject_id, lookup_hash) DO UPDATE
SET last_digits = excluded.last_digits, expiry_month = excluded.expiry_month, expiry_year = excluded.expiry_year,
    system = COALESCE(CAST(:system AS text), payment_fragments.system)
RETURNING id
""")

DELETE = Statement("""
WITH removed AS (
    DELETE FROM payment_fragments
    WHERE id = :id
    RETURNING subject_id, id, system
)
INSERT INTO payment_removals (subject_id, id, removed_at, system)
SELECT subject_id, id, :at, system
FROM removed
RETURNING subject_id
""")

FIND_REMOVAL = Statement("""
SELECT subject_id
FROM payment_removals
WHERE id = :id
""")


class FragmentInput(NamedTuple):
    """What the store sends about a card."""

    reference: str
    last_digits: str
    expiry_month: int
    expiry_year: int


@reads(OF_SUBJECTS)
async def of_subjects(connection: Connection, ids: Sequence[UUID]) -> RowsByKey[UUID, PaymentFragmentRow]:
    """Return the fragments of each subject, in the order of their storage."""
    groups: RowsByKey[UUID, PaymentFragmentRow] = RowsByKey()
    for row in await OF_SUBJECTS.rows(connection, ids=as_list(ids)):
        groups.add(row[1], PaymentFragmentRow._make(row))
    return groups


@reads(BY_IDS)
async def by_ids(connection: Connection, ids: Sequence[UUID]) -> RowByKey[UUID, PaymentFragmentRow]:
    """Return the fragments of these ids."""
    return RowByKey((row[0], PaymentFragmentRow._make(row)) for row in await BY_IDS.rows(connection, ids=as_list(ids)))


async def store_payment_fragment(unit: UnitOfWork, identifier: SubjectIdentifier, fragment: FragmentInput) -> UUID:
    """Store a fragment, one for each of the store's references, and return its id."""
    fragment = validate(fragment, "input")
    subject = await resolution.lock(unit, identifier)
    key = await unit.keyring.key_of(subject.subject_id)
    hashes = unit.keyring.lookup_hashes("payment", f"{subject.subject_id}\x00{fragment.reference}")
    stored_id: UUID = await UPSERT.value(
        unit.connection,
        subject_id=subject.subject_id,
        id=new_id(),
        reference=REFERENCE.encrypt(key, fragment.reference),
        version=hashes[0].version,
        hash=hashes[0].digest,
        last_digits=LAST_DIGITS.encrypt(key, fragment.last_digits),
        expiry_month=EXPIRY_MONTH.encrypt(key, f"{fragment.expiry_month:02}"),
        expiry_year=EXPIRY_YEAR.encrypt(key, str(fragment.expiry_year)),
        at=unit.at,
        system=unit.actor.system if unit.actor.role is Role.STORE else None,
        default_system=SYSTEM,
    )
    return stored_id


def validate(fragment: FragmentInput, argument: str) -> FragmentInput:
    """Return the normalized fragment. BAD_INPUT when a value is invalid."""
    reference = validation.single_line(fragment.reference, f"{argument}.reference", REFERENCE_LENGTH)
    if not re.fullmatch(r"[0-9]{4}", fragment.last_digits):
        raise BadInput(f"{argument}.lastDigits", "it is not exactly four digits")
    if not 1 <= fragment.expiry_month <= 12:  # noqa: PLR2004 -- the months of a year
        raise BadInput(f"{argument}.expiryMonth", "it is not a month, 1 to 12")
    if fragment.expiry_year not in EXPIRY_YEARS:
        raise BadInput(
            f"{argument}.expiryYear", f"it is not a year of four digits, {EXPIRY_YEARS[0]} to {EXPIRY_YEARS[-1]}"
        )
    return fragment._replace(reference=reference)


async def remove_payment_fragment(unit: UnitOfWork, fragment_id: UUID) -> UUID:
    """Delete a fragment. Repeating it changes nothing. NOT_FOUND when the fragment never existed."""
    subject_id = await DELETE.value(unit.connection, id=fragment_id, at=unit.at)
    if subject_id is None:
        subject_id = await FIND_REMOVAL.value(unit.connection, id=fragment_id)
    if subject_id is None:
        raise NotFound(argument="id")
    unit.subject_ids.append(subject_id)
    return fragment_id


def is_expired(month: str, year: str) -> bool:
    """Return whether a card has expired. A card is valid to the end of its expiry month."""
    today: date = now().date()
    return (int(year), int(month)) < (today.year, today.month)
