"""Accounts of erased people: which references a system that was restored from a backup must erase again.

The ledger keeps the keyed hash of each reference, so that it answers without a personal value.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from models.actors import Actor
from models.encryption.encrypted_column import DataKey
from models.encryption.keyring import Keyring, LookupHash
from models.erasure import holders, ledger, step_access
from models.errors import BadInput, QueryTooLarge
from models.storage.database import Database
from models.storage.statement import Connection, Statement
from models.subjects.identifiers import SubjectIdentifier, hash_identifier
from models.sync.references import reference_hashes

MAX_REFERENCES: Final = 1000

HELD_NOW = Statement("""
SELECT lookup_hash
FROM accounts
WHERE lookup_hash = ANY(:accounts)
UNION ALL
SELECT reference_hash
FROM sync_accounts
WHERE reference_hash = ANY(:references)
AND system = :system
""")


async def erased_references(
    database: Database, keyring: Keyring, actor: Actor, system: str, references: Sequence[str]
) -> list[str]:
    """Return those of the references of a system that belonged to an erased person, in their order.

    A reference that a living person has again is left out, and so is a text that is no reference.
    QUERY_TOO_LARGE past 1,000 references; FORBIDDEN unless the caller may act for the system.
    """
    name = step_access.backup_system(actor, system)
    if len(references) > MAX_REFERENCES:
        raise QueryTooLarge(argument="references", most=MAX_REFERENCES)
    hashes = {reference: _hashes(keyring, name, reference) for reference in dict.fromkeys(references)}
    async with keyring.pool.acquire() as connection:
        erased = set(await ledger.erased_hashes(connection, [each for known in hashes.values() for each in known]))
    candidates = [reference for reference, known in hashes.items() if any(each.digest in erased for each in known)]
    if not candidates:
        return []
    sync_hashes = {
        reference: [each.digest for each in reference_hashes(keyring, reference)] for reference in candidates
    }
    async with database.writers.acquire() as connection:
        rows = await HELD_NOW.rows(
            connection,
            accounts=[each.digest for reference in candidates for each in hashes[reference]],
            references=[digest for digests in sync_hashes.values() for digest in digests],
            system=name,
        )
    held = {row[0] for row in rows}
    return [
        reference
        for reference in candidates
        if held.isdisjoint({*(each.digest for each in hashes[reference]), *sync_hashes[reference]})
    ]


def _hashes(keyring: Keyring, system: str, reference: str) -> Sequence[LookupHash]:
    try:
        return hash_identifier(keyring, SubjectIdentifier.account(system, reference)).hashes
    except BadInput:
        return ()


async def hash_references(
    connection: Connection, keyring: Keyring, subject_keys: dict[UUID, DataKey]
) -> list[tuple[UUID, bytes, str, int]]:
    """Return the hashes of all references that systems use for these people, for the ledger.

    An entry is (subject id, hash, kind, version of the lookup key). A person whose key is destroyed has none.
    """
    return [
        (holder.subject_id, hashed.digest, ledger.IdentifierKind.ACCOUNT, hashed.version)
        for holder in await holders.find_holders(connection, list(subject_keys))
        for reference in holder.decrypt_references(subject_keys[holder.subject_id])
        for hashed in _hashes(keyring, holder.system, reference)[:1]
    ]
