"""The internal systems that hold a person's data, from every table that knows one.

A table that stores a reference of another system names that system in a column ``system``. The census test requires
that each such table is read here.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from models.encryption.encrypted_column import DataKey, EncryptedColumn
from models.payments.fragments import REFERENCE as PAYMENT_REFERENCE
from models.storage.statement import Connection, Statement, as_list
from models.subjects.accounts import REFERENCE as ACCOUNT_REFERENCE
from models.sync.accounts import REFERENCE as SYNC_REFERENCE

REFERENCES: Final[Mapping[str, EncryptedColumn | None]] = {
    "accounts": ACCOUNT_REFERENCE,
    "sync_accounts": SYNC_REFERENCE,
    "payment_fragments": PAYMENT_REFERENCE,
    "payment_removals": None,
    "known_systems": None,
    "systems": None,
}
"""The tables that know of holders, each with its column of references, if it has one."""

HOLDERS = Statement("""
SELECT subject_id, system, 'accounts' AS source, reference
FROM accounts
WHERE subject_id = ANY(CAST(:ids AS uuid[]))
UNION ALL
SELECT subject_id, system, 'sync_accounts', reference
FROM sync_accounts
WHERE subject_id = ANY(CAST(:ids AS uuid[]))
UNION ALL
SELECT subject_id, system, 'payment_fragments', reference
FROM payment_fragments
WHERE subject_id = ANY(CAST(:ids AS uuid[]))
UNION ALL
SELECT subject_id, system, 'payment_removals', NULL
FROM payment_removals
WHERE subject_id = ANY(CAST(:ids AS uuid[]))
UNION ALL
SELECT subject_id, system, 'known_systems', NULL
FROM known_systems
WHERE subject_id = ANY(CAST(:ids AS uuid[]))
UNION ALL
SELECT person.subject_id, s.name, 'systems', NULL
FROM systems AS s
CROSS JOIN unnest(CAST(:ids AS uuid[])) AS person (subject_id)
WHERE s.is_always_concerned
ORDER BY 1, 2, 3
""")


class EncryptedReference(NamedTuple):
    """A reference that a system uses for the person, encrypted under the person's key."""

    column: EncryptedColumn
    value: bytes


class Holder(NamedTuple):
    """One system that holds a person's data. ``references`` is empty when the system is known without one."""

    subject_id: UUID
    system: str
    references: list[EncryptedReference]

    def decrypt_references(self, key: DataKey | None) -> list[str]:
        """Return the references, each once; none when the person's key is destroyed."""
        if key is None:
            return []
        return [*dict.fromkeys(column.decrypt(key, value) for column, value in self.references)]


async def find_holders(connection: Connection, ids: Sequence[UUID]) -> list[Holder]:
    """Return every system that holds each of these people, ordered by person and system."""
    holders: dict[tuple[UUID, str], Holder] = {}
    for subject_id, system, source, reference in await HOLDERS.rows(connection, ids=as_list(ids)):
        holder = holders.setdefault((subject_id, system), Holder(subject_id, system, []))
        column = REFERENCES[source]
        if column and reference is not None:
            holder.references.append(EncryptedReference(column, reference))
    return [*holders.values()]
