"""Comparison of imported people with the stored data, many people at a time, to find records that change nothing.

The comparison only reads, so repeating the import of a file costs about a hundredth of the first import.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from models.encryption.encrypted_column import DataKey
from models.encryption.keyring import Keyring
from models.payments.fragments import EXPIRY_MONTH, EXPIRY_YEAR, LAST_DIGITS, FragmentInput
from models.registration.importing import REFUSED_PURPOSES, is_forbidden
from models.registration.records import ImportedConsent, ImportedSubject, ImportedSync
from models.storage.database import Database
from models.storage.statement import Connection, Statement
from models.subjects.identifiers import hash_identifier
from models.subjects.subjects import SubjectStatus
from models.sync.reports import MAX_CLIENTS

OWNERS = Statement("""
SELECT lookup_hash, subject_id
FROM email_addresses
WHERE lookup_hash = ANY(:addresses)
UNION ALL
SELECT lookup_hash, subject_id
FROM accounts
WHERE lookup_hash = ANY(:accounts)
""")

SUBJECT_STATES = Statement("""
SELECT s.id, s.status, s.display_name IS NOT NULL, s.country IS NOT NULL, s.opted_out_at, ARRAY(
    SELECT r.purpose
    FROM suppressions AS r
    JOIN email_addresses AS e ON e.lookup_hash = r.lookup_hash
    WHERE e.subject_id = s.id
)
FROM subjects AS s
WHERE s.id = ANY(:ids)
""")

CONSENT_EVENTS = Statement("""
SELECT subject_id, purpose, state, effective_at, channel
FROM consent_events
WHERE subject_id = ANY(:ids)
""")

FRAGMENTS = Statement("""
SELECT subject_id, lookup_hash, last_digits, expiry_month, expiry_year
FROM payment_fragments
WHERE subject_id = ANY(:ids)
""")

SYNCS = Statement("""
SELECT subject_id, lookup_hash, id, storage_bytes, file_count, last_synced_at
FROM sync_accounts
WHERE subject_id = ANY(:ids)
""")

CLIENTS = Statement("""
SELECT subject_id, sync_account_id, lookup_hash, last_seen_at
FROM sync_clients
WHERE subject_id = ANY(:ids)
""")

FILES = Statement("""
SELECT subject_id, sync_account_id, lookup_hash, size_bytes, modified_at
FROM sync_files
WHERE subject_id = ANY(:ids)
""")


class SubjectDiff(NamedTuple):
    """How an imported person compares with the stored data."""

    is_new: bool
    """Whether all identifiers of the person are unused."""
    is_repeat: bool = False
    """Whether everything in the record is stored already."""
    forbidden_count: int = 0
    """How many grants an opt-out forbids."""


class _StoredState(NamedTuple):
    """The stored data of the compared people, by subject id."""

    subject_states: dict[UUID, Any]
    refused_at: dict[UUID, dict[str, datetime]]
    consent_events: set[Any]
    fragments: dict[Any, Any]
    syncs: dict[Any, Any]
    clients: dict[Any, dict[bytes, datetime]]
    files: dict[Any, dict[bytes, Any]]
    keys: dict[UUID, DataKey]


async def compare(database: Database, keyring: Keyring, people: Sequence[ImportedSubject]) -> list[SubjectDiff]:
    """Compare people with the stored data as read now, without locks. The diffs are in the order of the people."""
    hashes = [[hash_identifier(keyring, name).digests for name in person.names] for person in people]
    async with database.readers.acquire() as connection:
        rows = await OWNERS.rows(
            connection,
            addresses=_flat(digests[: len(person.addresses)] for digests, person in zip(hashes, people, strict=True)),
            accounts=_flat(digests[len(person.addresses) :] for digests, person in zip(hashes, people, strict=True)),
        )
        owners = {row[0]: row[1] for row in rows}
        owners_by_person = [
            [{owners[digest] for digest in digests if digest in owners} for digests in of_person]
            for of_person in hashes
        ]
        stored = await _load_state(connection, keyring, list(set(owners.values())), people)
    diffs = []
    for person, identifier_owners in zip(people, owners_by_person, strict=True):
        subject_ids = set[UUID]().union(*identifier_owners)
        if not subject_ids:
            diffs.append(SubjectDiff(is_new=True))
        elif len(subject_ids) > 1 or not all(identifier_owners):
            diffs.append(SubjectDiff(is_new=False))
        else:
            diffs.append(_compare_subject(person, subject_ids.pop(), stored, keyring))
    return diffs


def _flat(digests: Iterable[Iterable[Iterable[bytes]]]) -> list[bytes]:
    return [digest for of_person in digests for of_identifier in of_person for digest in of_identifier]


async def _load_state(
    connection: Connection, keyring: Keyring, ids: list[UUID], people: Sequence[ImportedSubject]
) -> _StoredState:
    keys: dict[UUID, DataKey] = {}
    if not ids:
        return _StoredState({}, {}, set(), {}, {}, {}, {}, keys)
    if any(person.fragments for person in people):
        async with keyring.pool.acquire() as keyring_connection:
            keys = dict(await keyring.of_subjects(keyring_connection, ids))
    refused_at: dict[UUID, dict[str, datetime]] = {}
    for subject_id, purpose, at in await REFUSED_PURPOSES.rows(connection, ids=ids):
        refused_at.setdefault(subject_id, {})[purpose] = at
    clients: dict[Any, dict[bytes, datetime]] = {}
    for subject_id, account_id, digest, seen_at in await CLIENTS.rows(connection, ids=ids):
        clients.setdefault((subject_id, account_id), {})[digest] = seen_at
    files: dict[Any, dict[bytes, Any]] = {}
    if any(synced.sync.files is not None for person in people for synced in person.syncs):
        for subject_id, account_id, digest, *file in await FILES.rows(connection, ids=ids):
            files.setdefault((subject_id, account_id), {})[digest] = tuple(file)
    return _StoredState(
        {row[0]: tuple(row)[1:] for row in await SUBJECT_STATES.rows(connection, ids=ids)},
        refused_at,
        {tuple(row) for row in await CONSENT_EVENTS.rows(connection, ids=ids)},
        {(row[0], row[1]): tuple(row)[2:] for row in await FRAGMENTS.rows(connection, ids=ids)},
        {(row[0], row[1]): tuple(row)[2:] for row in await SYNCS.rows(connection, ids=ids)},
        clients,
        files,
        keys,
    )


def _compare_subject(person: ImportedSubject, subject_id: UUID, stored: _StoredState, keyring: Keyring) -> SubjectDiff:
    state = stored.subject_states.get(subject_id)
    if state is None:
        return SubjectDiff(is_new=False)
    status, has_name, has_country, opted_out_at, suppressed = state
    refused_at = stored.refused_at.get(subject_id, {})
    forbidden = [is_forbidden(consent, opted_out_at, suppressed, refused_at) for consent in person.consents]
    is_repeat = (
        status in {SubjectStatus.ACTIVE, SubjectStatus.RESTRICTED}
        and (has_name or person.display_name is None)
        and (has_country or person.country is None)
        and all(
            is_skipped or _consent_key(consent, subject_id) in stored.consent_events
            for consent, is_skipped in zip(person.consents, forbidden, strict=True)
        )
        and all(_is_stored(fragment, subject_id, stored, keyring) for fragment in person.fragments)
        and all(_is_sync_current(synced, subject_id, stored, keyring) for synced in person.syncs)
    )
    return SubjectDiff(is_new=False, is_repeat=is_repeat, forbidden_count=sum(forbidden))


def _consent_key(consent: ImportedConsent, subject_id: UUID) -> tuple[Any, ...]:
    return (subject_id, consent.purpose.key, consent.state, consent.at, consent.channel)


def _is_stored(fragment: FragmentInput, subject_id: UUID, stored: _StoredState, keyring: Keyring) -> bool:
    key = stored.keys.get(subject_id)
    for hashed in keyring.lookup_hashes("payment", f"{subject_id}\x00{fragment.reference}"):
        encrypted = stored.fragments.get((subject_id, hashed.digest))
        if encrypted and key:
            columns = zip((LAST_DIGITS, EXPIRY_MONTH, EXPIRY_YEAR), encrypted, strict=True)
            imported = [fragment.last_digits, f"{fragment.expiry_month:02}", str(fragment.expiry_year)]
            return [column.decrypt(key, value) for column, value in columns] == imported
    return False


def _is_sync_current(synced: ImportedSync, subject_id: UUID, stored: _StoredState, keyring: Keyring) -> bool:
    """Return whether a sync would change nothing: the stored report is newer, or equal in every part."""
    sync = synced.sync
    for hashed in keyring.lookup_hashes("sync", f"{subject_id}\x00{sync.reference}"):
        row = stored.syncs.get((subject_id, hashed.digest))
        if row:
            break
    else:
        return False
    account_id, storage_bytes, file_count, synced_at = row
    if synced_at < sync.synced_at:
        return False
    if synced_at == sync.synced_at:
        if (storage_bytes, file_count) != (sync.storage_bytes, sync.file_count):
            return False
        if sync.files is not None and stored.files.get((subject_id, account_id), {}) != {
            keyring.lookup_hashes("file", f"{account_id}\x00{file.name}")[0].digest: (file.size_bytes, file.modified_at)
            for file in sync.files
        }:
            return False
    clients = stored.clients.get((subject_id, account_id), {})
    oldest = min(clients.values()) if len(clients) >= MAX_CLIENTS else None
    for client, seen_at in synced.clients:
        digest = keyring.lookup_hashes("client", "\x00".join((str(account_id), *client)))[0].digest
        stored_at = clients.get(digest, oldest)
        if stored_at is None or stored_at < seen_at:
            return False
    return True
