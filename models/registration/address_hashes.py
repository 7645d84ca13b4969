"""Hashes of email addresses: renewal of those in the former form, and people whom the former form may have merged."""

from collections.abc import AsyncIterator
from typing import NamedTuple
from uuid import UUID

from models.actors import Actor
from models.consent import opt_outs, suppressions
from models.encryption.encrypted_column import DataKey
from models.encryption.keyring import Keyring
from models.storage import address_forms
from models.storage.database import Database
from models.storage.statement import Statement
from models.subjects import resolution
from models.subjects.email_addresses import ADDRESS
from models.subjects.identifiers import HashedIdentifier, SubjectIdentifier, hash_identifier
from models.unit_of_work import UnitOfWork, unit_of_work

BATCH_SIZE = 1000
NIL = UUID(int=0)

NEXT_ADDRESSES = Statement("""
SELECT subject_id, id, address, lookup_hash
FROM email_addresses
WHERE (subject_id, id) > (CAST(:subject_id AS uuid), CAST(:id AS uuid))
ORDER BY subject_id, id
LIMIT :most
""")

UPDATE_HASH = Statement("""
UPDATE email_addresses AS e
SET lookup_hash = CAST(:hash AS bytea), lookup_version = :version
WHERE e.subject_id = :subject_id
AND e.id = :id
AND e.lookup_hash = :stored
AND NOT EXISTS (SELECT FROM email_addresses AS other WHERE other.lookup_hash = CAST(:hash AS bytea))
""")

COPY_SUPPRESSIONS = Statement("""
INSERT INTO suppressions (lookup_hash, purpose, lookup_version, at, channel, confirmed_at)
SELECT CAST(:hash AS bytea), purpose, CAST(:version AS smallint), at, channel, confirmed_at
FROM suppressions
WHERE lookup_hash = :stored
ON CONFLICT DO NOTHING
""")

SEVERAL_ACCOUNTS_OF_A_SYSTEM = Statement("""
SELECT subject_id
FROM accounts
WHERE subject_id = ANY(:ids)
GROUP BY subject_id, system
HAVING count(*) > 1
""")


class StoredAddress(NamedTuple):
    """An address as stored, decrypted, with its present hashes."""

    subject_id: UUID
    id: UUID
    stored_hash: bytes
    hashed: HashedIdentifier

    @property
    def is_renewed(self) -> bool:
        return self.stored_hash in {each.digest for each in self.hashed.hashes}

    @property
    def text(self) -> str:
        return self.hashed.identifier.normalized


class RenewalCount(NamedTuple):
    """How many hashes were renewed, and how many were not because another person has the address."""

    renewed: int
    conflicting: int


class AddressFindings(NamedTuple):
    """People to review, and how many stored hashes have the former form."""

    merged: list[UUID]
    """People with an address that the former form could not tell from another one."""
    possibly_merged: list[UUID]
    """People with several accounts of one system, and an address that the former form made of others, too."""
    former_count: int

    @property
    def has_any(self) -> bool:
        return bool(self.merged or self.possibly_merged or self.former_count)


async def renew_hashes(database: Database, keyring: Keyring, actor: Actor) -> RenewalCount:
    """Renew each hash of the former form, one person per transaction, and apply suppressions of the new hash.

    Other processes may serve meanwhile. The command may be stopped and repeated.
    """
    renewed = conflicting = 0
    async for batch in _stored_addresses(database, keyring):
        for address in batch:
            if address.is_renewed:
                continue
            async with unit_of_work(database, keyring, actor, "renewAddressHash") as unit:
                is_renewed = await _renew(unit, address)
            renewed += is_renewed
            conflicting += not is_renewed
    await keyring.end_former_addresses()
    return RenewalCount(renewed, conflicting)


async def _renew(unit: UnitOfWork, address: StoredAddress) -> bool:
    await suppressions.lock_identifiers(unit, address.hashed)
    subject = await resolution.lock(unit, SubjectIdentifier("id", address.subject_id), allow_erased=True)
    version, digest = address.hashed.newest
    values = {"hash": digest, "version": version, "stored": address.stored_hash}
    if not await UPDATE_HASH.run(unit.connection, **values, subject_id=address.subject_id, id=address.id):
        return False
    await COPY_SUPPRESSIONS.run(unit.connection, **values)
    if not resolution.is_erased(subject):
        await opt_outs.apply_suppressions(unit, address.subject_id, address.hashed)
    return True


async def find_merged(database: Database, keyring: Keyring) -> AddressFindings:
    """Return the people whom the former form of addresses may have merged. Only the former form could merge them."""
    findings = AddressFindings([], [], 0)
    former_count = 0
    async for batch in _stored_addresses(database, keyring):
        former_count += sum(not address.is_renewed for address in batch)
        merged = {address.subject_id for address in batch if address_forms.was_merged(address.text)}
        targets = {address.subject_id for address in batch if address_forms.is_merge_target(address.text)} - merged
        async with database.readers.acquire() as connection:
            rows = await SEVERAL_ACCOUNTS_OF_A_SYSTEM.rows(connection, ids=list(targets))
        findings.merged.extend(sorted(merged))
        findings.possibly_merged.extend(sorted({row[0] for row in rows}))
    return findings._replace(former_count=former_count)


async def _stored_addresses(database: Database, keyring: Keyring) -> AsyncIterator[list[StoredAddress]]:
    """Yield all addresses in batches. Addresses of people whose key is destroyed are left out."""
    last = (NIL, NIL)
    while True:
        async with database.readers.acquire() as connection:
            rows = await NEXT_ADDRESSES.rows(connection, subject_id=last[0], id=last[1], most=BATCH_SIZE)
        if not rows:
            return
        last = (rows[-1][0], rows[-1][1])
        async with keyring.pool.acquire() as connection:
            keys = await keyring.of_subjects(connection, list({row[0] for row in rows}))
        yield [
            StoredAddress(subject_id, address_id, stored, _hashed(keyring, key, encrypted))
            for subject_id, address_id, encrypted, stored in rows
            if (key := keys[subject_id]) is not None
        ]


def _hashed(keyring: Keyring, key: DataKey, encrypted: bytes) -> HashedIdentifier:
    text = ADDRESS.decrypt(key, encrypted)
    return hash_identifier(keyring, SubjectIdentifier("email", address_forms.lookup_form(text), text))
