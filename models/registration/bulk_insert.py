"""Insertion of new people with all their rows: one person with a single statement, many with COPY."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from models.consent.purposes import POLICY_IN_FORCE
from models.encryption.encrypted_column import DataKey
from models.encryption.keyring import Keyring, LookupHash
from models.erasure import ledger
from models.registration.records import COLUMNS, ImportedSubject, RecordContext, Rows, build_rows
from models.storage.database import Database
from models.storage.ids import new_id
from models.storage.statement import Statement
from models.subjects.identifiers import SubjectIdentifier, hash_identifier
from models.unit_of_work import UnitOfWork

# One round trip for the rows of all tables. Each parameter is the array of one column.
INSERT_SUBJECTS = Statement("""
WITH person AS (
    INSERT INTO subjects
        (id, registered_at, regime, epoch, display_name, country, choices, refusals_confirmed_at)
    SELECT * FROM unnest(
        CAST(:s0 AS uuid[]), CAST(:s1 AS timestamptz[]), CAST(:s2 AS text[]), CAST(:s3 AS bigint[]),
        CAST(:s4 AS bytea[]), CAST(:s5 AS bytea[]), CAST(:s6 AS jsonb[]), CAST(:s7 AS jsonb[])
    )
), addresses AS (
    INSERT INTO email_addresses (subject_id, id, address, lookup_version, lookup_hash, is_primary, added_at)
    SELECT * FROM unnest(
        CAST(:e0 AS uuid[]), CAST(:e1 AS uuid[]), CAST(:e2 AS bytea[]), CAST(:e3 AS smallint[]),
        CAST(:e4 AS bytea[]), CAST(:e5 AS boolean[]), CAST(:e6 AS timestamptz[])
    )
), names AS (
    INSERT INTO accounts (subject_id, id, system, reference, lookup_version, lookup_hash, added_at)
    SELECT * FROM unnest(
        CAST(:a0 AS uuid[]), CAST(:a1 AS uuid[]), CAST(:a2 AS text[]), CAST(:a3 AS bytea[]),
        CAST(:a4 AS smallint[]), CAST(:a5 AS bytea[]), CAST(:a6 AS timestamptz[])
    )
), ledger AS (
    INSERT INTO consent_events
        (subject_id, epoch, purpose, state, effective_at, recorded_at, channel, policy_version, actor)
    SELECT * FROM unnest(
        CAST(:l0 AS uuid[]), CAST(:l1 AS bigint[]), CAST(:l2 AS text[]), CAST(:l3 AS text[]),
        CAST(:l4 AS timestamptz[]), CAST(:l5 AS timestamptz[]), CAST(:l6 AS text[]), CAST(:l7 AS text[]),
        CAST(:l8 AS text[])
    )
), cards AS (
    INSERT INTO payment_fragments
        (subject_id, id, reference, lookup_version, lookup_hash, last_digits, expiry_month, expiry_year, stored_at)
    SELECT * FROM unnest(
        CAST(:p0 AS uuid[]), CAST(:p1 AS uuid[]), CAST(:p2 AS bytea[]), CAST(:p3 AS smallint[]),
        CAST(:p4 AS bytea[]), CAST(:p5 AS bytea[]), CAST(:p6 AS bytea[]), CAST(:p7 AS bytea[]),
        CAST(:p8 AS timestamptz[])
    )
), storage AS (
    INSERT INTO sync_accounts
        (subject_id, id, reference, lookup_version, lookup_hash, storage_bytes, file_count, last_synced_at,
        reference_hash, replaced_name_count)
    SELECT * FROM unnest(
        CAST(:y0 AS uuid[]), CAST(:y1 AS uuid[]), CAST(:y2 AS bytea[]), CAST(:y3 AS smallint[]),
        CAST(:y4 AS bytea[]), CAST(:y5 AS bigint[]), CAST(:y6 AS integer[]), CAST(:y7 AS timestamptz[]),
        CAST(:y8 AS bytea[]), CAST(:y9 AS integer[])
    )
), clients AS (
    INSERT INTO sync_clients
        (subject_id, sync_account_id, lookup_hash, app, version, platform, user_agent, last_seen_at,
        index_version, app_index, version_index, platform_index)
    SELECT * FROM unnest(
        CAST(:k0 AS uuid[]), CAST(:k1 AS uuid[]), CAST(:k2 AS bytea[]), CAST(:k3 AS bytea[]),
        CAST(:k4 AS bytea[]), CAST(:k5 AS bytea[]), CAST(:k6 AS bytea[]), CAST(:k7 AS timestamptz[]),
        CAST(:k8 AS smallint[]), CAST(:k9 AS bigint[]), CAST(:k10 AS bigint[]), CAST(:k11 AS bigint[])
    )
)
INSERT INTO sync_files (subject_id, sync_account_id, id, lookup_hash, name, size_bytes, modified_at)
SELECT * FROM unnest(
    CAST(:f0 AS uuid[]), CAST(:f1 AS uuid[]), CAST(:f2 AS uuid[]), CAST(:f3 AS bytea[]),
    CAST(:f4 AS bytea[]), CAST(:f5 AS bigint[]), CAST(:f6 AS timestamptz[])
)
""")
_PARAMETER_PREFIXES = dict(zip(COLUMNS, "sealpykf", strict=True))


class InsertSlot(NamedTuple):
    """The prepared values of one new person: an unused key, and the policy version in force."""

    key: DataKey
    policy_version: str


async def prepare_slots(database: Database, keyring: Keyring, count: int) -> list[InsertSlot]:
    """Create keys for ``count`` new people. The caller destroys the keys that it does not use."""
    if not count:
        return []
    async with database.readers.acquire() as connection:
        policy_version = await POLICY_IN_FORCE.value(connection)
    keys = await keyring.create_many([new_id() for _ in range(count)])
    return [InsertSlot(key, policy_version) for key in keys.values()]


# Ids and identifiers in use, and suppressed addresses. A person with one of them is not new.
KNOWN_IDENTIFIERS = Statement("""
SELECT CAST(id AS text)
FROM subjects
WHERE id = ANY(:ids)
UNION ALL
SELECT encode(lookup_hash, 'hex')
FROM email_addresses
WHERE lookup_hash = ANY(:addresses)
UNION ALL
SELECT encode(lookup_hash, 'hex')
FROM accounts
WHERE lookup_hash = ANY(:accounts)
UNION ALL
SELECT encode(lookup_hash, 'hex')
FROM suppressions
WHERE lookup_hash = ANY(:addresses)
""")

# Concurrent inserts of the same people run one after another.
LOCK_INSERT = Statement("""
SELECT pg_advisory_xact_lock(hashtext('admissions'), :number)
""")


async def insert(unit: UnitOfWork, slot: InsertSlot, person: ImportedSubject) -> None:
    """Insert a person whose identifiers are unused, with the key of the slot."""
    key = slot.key
    rows = build_rows(person, key, unit.keyring, RecordContext(unit.at, unit.actor.name, slot.policy_version))
    columns = {}
    for table, names in COLUMNS.items():
        for index in range(len(names)):
            columns[f"{_PARAMETER_PREFIXES[table]}{index}"] = [row[index] for row in rows[table]]
    await INSERT_SUBJECTS.run(unit.connection, **columns)
    unit.subject_ids.append(key.owner_id)


class NewSubject(NamedTuple):
    """A person to insert under a predetermined id."""

    subject_id: UUID
    person: ImportedSubject
    context: RecordContext


async def copy_new(unit: UnitOfWork, people: Sequence[NewSubject], lock_number: int) -> int:
    """Insert the new ones among the people with COPY. Return how many were inserted.

    A person is skipped whose id, address or account is in use, belonged to an erased person, or is suppressed.
    Concurrent callers with the same people pass the same ``lock_number``.
    """
    await LOCK_INSERT.value(unit.connection, number=lock_number)
    hashes = [_identifier_hashes(unit.keyring, new.person) for new in people]
    known_rows = await KNOWN_IDENTIFIERS.rows(
        unit.connection,
        ids=[new.subject_id for new in people],
        addresses=[hashed.digest for of_person in hashes for hashed in of_person.addresses],
        accounts=[hashed.digest for of_person in hashes for hashed in of_person.accounts],
    )
    async with unit.keyring.pool.acquire() as connection:
        erased = await ledger.erased_hashes(connection, [hashed for of_person in hashes for hashed in of_person.all])
    known = {row[0] for row in known_rows} | {digest.hex() for digest in erased}
    unknown = [
        new
        for new, of_person in zip(people, hashes, strict=True)
        if known.isdisjoint((str(new.subject_id), *(hashed.digest.hex() for hashed in of_person.all)))
    ]
    if not unknown:
        return 0
    keys = await unit.keyring.create_many([new.subject_id for new in unknown])
    rows: Rows = {table: [] for table in COLUMNS}
    for subject_id, person, context in unknown:
        for table, table_rows in build_rows(person, keys[subject_id], unit.keyring, context).items():
            rows[table] += table_rows
    for table, names in COLUMNS.items():
        if rows[table]:
            await unit.connection.copy_records_to_table(table, records=rows[table], columns=names)
    return len(unknown)


class _IdentifierHashes(NamedTuple):
    """The lookup hashes of a person's identifiers, under every version of the lookup key."""

    addresses: list[LookupHash]
    accounts: list[LookupHash]

    @property
    def all(self) -> list[LookupHash]:
        return [*self.addresses, *self.accounts]


def _identifier_hashes(keyring: Keyring, person: ImportedSubject) -> _IdentifierHashes:
    def hashes(identifiers: Sequence[SubjectIdentifier]) -> list[LookupHash]:
        return [hashed for identifier in identifiers for hashed in hash_identifier(keyring, identifier).all_hashes]

    return _IdentifierHashes(hashes(person.addresses), hashes(person.accounts))
