"""Admissions: newcomers are written whole, one by a single statement, many by COPY."""

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

# One round trip instead of a dozen: what a newcomer brings is written whole. Arrays come column by column.
INSERT_SUBJECTS = Statement("""
WITH person AS (
    INSERT INTO subjects (id, registered_at, regime, epoch, display_name, country)
    SELECT * FROM unnest(
        CAST(:s0 AS uuid[]), CAST(:s1 AS timestamptz[]), CAST(:s2 AS text[]), CAST(:s3 AS bigint[]),
        CAST(:s4 AS bytea[]), CAST(:s5 AS bytea[])
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
), choices AS (
    INSERT INTO consents (subject_id, purpose, state, effective_at, epoch, channel, policy_version)
    SELECT * FROM unnest(
        CAST(:c0 AS uuid[]), CAST(:c1 AS text[]), CAST(:c2 AS text[]), CAST(:c3 AS timestamptz[]),
        CAST(:c4 AS bigint[]), CAST(:c5 AS text[]), CAST(:c6 AS text[])
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
        (subject_id, id, reference, lookup_version, lookup_hash, storage_bytes, file_count, last_synced_at)
    SELECT * FROM unnest(
        CAST(:y0 AS uuid[]), CAST(:y1 AS uuid[]), CAST(:y2 AS bytea[]), CAST(:y3 AS smallint[]),
        CAST(:y4 AS bytea[]), CAST(:y5 AS bigint[]), CAST(:y6 AS integer[]), CAST(:y7 AS timestamptz[])
    )
), clients AS (
    INSERT INTO sync_clients
        (subject_id, sync_account_id, lookup_hash, app, version, platform, user_agent, last_seen_at)
    SELECT * FROM unnest(
        CAST(:k0 AS uuid[]), CAST(:k1 AS uuid[]), CAST(:k2 AS bytea[]), CAST(:k3 AS bytea[]),
        CAST(:k4 AS bytea[]), CAST(:k5 AS bytea[]), CAST(:k6 AS bytea[]), CAST(:k7 AS timestamptz[])
    )
)
INSERT INTO sync_files (subject_id, sync_account_id, id, lookup_hash, name, size_bytes, modified_at)
SELECT * FROM unnest(
    CAST(:f0 AS uuid[]), CAST(:f1 AS uuid[]), CAST(:f2 AS uuid[]), CAST(:f3 AS bytea[]),
    CAST(:f4 AS bytea[]), CAST(:f5 AS bigint[]), CAST(:f6 AS timestamptz[])
)
""")
_PARAMETER_PREFIXES = dict(zip(COLUMNS, "sealcpykf", strict=True))


class InsertSlot(NamedTuple):
    """What is ready for a newcomer: a key that nobody has, and the policy that their choices fall under."""

    key: DataKey
    policy_version: str


async def prepare_slots(database: Database, keyring: Keyring, count: int) -> list[InsertSlot]:
    """Make ready for so many newcomers at once; a key that none of them takes harms nobody."""
    if not count:
        return []
    async with database.readers.acquire() as connection:
        policy_version = await POLICY_IN_FORCE.value(connection)
    keys = await keyring.create_many([new_id() for _ in range(count)])
    return [InsertSlot(key, policy_version) for key in keys.values()]


# Ids and names that somebody has or had, and addresses that refused something: none of them is a newcomer's.
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

# Two who write the same people wait for each other.
LOCK_INSERT = Statement("""
SELECT pg_advisory_xact_lock(hashtext('admissions'), :number)
""")


async def insert(unit: UnitOfWork, place: InsertSlot, person: ImportedSubject) -> None:
    """Write a person whom nobody has the names of."""
    key = place.key
    rows = build_rows(person, key, unit.keyring, RecordContext(unit.at, unit.actor.name, place.policy_version))
    columns = {}
    for table, names in COLUMNS.items():
        for index in range(len(names)):
            columns[f"{_PARAMETER_PREFIXES[table]}{index}"] = [row[index] for row in rows[table]]
    await INSERT_SUBJECTS.run(unit.connection, **columns)
    unit.subject_ids.append(key.owner_id)


class NewSubject(NamedTuple):
    """A person whose id is decided already."""

    subject_id: UUID
    person: ImportedSubject
    entry: RecordContext


async def copy_new(unit: UnitOfWork, newcomers: Sequence[NewSubject], turn: int) -> int:
    """Write those of the people who are newcomers, with COPY; give how many they are.

    Whose id, address or account is known, was somebody's who is erased, or is on the do-not-mail list, is left out.
    Whoever writes the same people names the same ``turn``.
    """
    await LOCK_INSERT.value(unit.connection, number=turn)
    marks = [_marks(unit.keyring, newcomer) for newcomer in newcomers]
    taken = await KNOWN_IDENTIFIERS.rows(
        unit.connection,
        ids=[newcomer.subject_id for newcomer in newcomers],
        addresses=[hashed.digest for _, addresses, _ in marks for hashed in addresses],
        accounts=[hashed.digest for _, _, accounts in marks for hashed in accounts],
    )
    async with unit.keyring.pool.acquire() as connection:
        erased = await ledger.erased_hashes(
            connection, [hashed for _, *names in marks for of in names for hashed in of]
        )
    known = {row[0] for row in taken} | {digest.hex() for digest in erased}
    fresh = [
        newcomer
        for newcomer, (mark, addresses, accounts) in zip(newcomers, marks, strict=True)
        if known.isdisjoint((mark, *(hashed.digest.hex() for hashed in (*addresses, *accounts))))
    ]
    if not fresh:
        return 0
    keys = await unit.keyring.create_many([newcomer.subject_id for newcomer in fresh])
    rows: Rows = {table: [] for table in COLUMNS}
    for subject_id, person, entry in fresh:
        for table, made in build_rows(person, keys[subject_id], unit.keyring, entry).items():
            rows[table] += made
    for table, names in COLUMNS.items():
        if rows[table]:
            await unit.connection.copy_records_to_table(table, records=rows[table], columns=names)
    return len(fresh)


def _marks(keyring: Keyring, newcomer: NewSubject) -> tuple[str, list[LookupHash], list[LookupHash]]:
    def hashed(names: Sequence[SubjectIdentifier]) -> list[LookupHash]:
        return [one for name in names for one in hash_identifier(keyring, name).hashes]

    person = newcomer.person
    return str(newcomer.subject_id), hashed(person.addresses), hashed(person.accounts)
