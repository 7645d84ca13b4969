"""The texts of blind indexes. A few clients are decrypted for them, and clients that have no index get theirs."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from models.encryption.encrypted_column import DataKey, EncryptedColumn
from models.encryption.keyring import Keyring
from models.statistics.client_counter import COLUMNS
from models.storage.database import Database
from models.storage.statement import Connection, Statement
from models.sync.client_indexes import blind_index

UPDATE_SIZE: Final = 500
"""How many clients get their indexes in one transaction, at most: their rows are locked until it ends."""

SAMPLES: Final = Statement("""
SELECT subject_id, app, version, platform, app_index, version_index, platform_index
FROM sync_clients
WHERE subject_id > :after
AND subject_id <= :last
AND subject_id <> ALL(:without_key)
AND index_version = :version
AND (app_index = ANY(:indexes) OR version_index = ANY(:indexes) OR platform_index = ANY(:indexes))
""")

# A client that another transaction changes or deletes now is left out, so that nothing waits for this one to end.
SET_INDEXES: Final = Statement("""
WITH client AS (
    SELECT c.subject_id, c.sync_account_id, c.lookup_hash, i.app_index, i.version_index, i.platform_index
    FROM unnest(
        CAST(:subject_ids AS uuid[]), CAST(:account_ids AS uuid[]), CAST(:hashes AS bytea[]),
        CAST(:apps AS bytea[]), CAST(:versions AS bytea[]), CAST(:platforms AS bytea[]),
        CAST(:app_indexes AS bigint[]), CAST(:version_indexes AS bigint[]), CAST(:platform_indexes AS bigint[])
    ) AS i (subject_id, sync_account_id, lookup_hash, app, version, platform, app_index, version_index, platform_index)
    JOIN sync_clients AS c ON c.subject_id = i.subject_id
        AND c.sync_account_id = i.sync_account_id
        AND c.lookup_hash = i.lookup_hash
        AND c.app = i.app
        AND c.version = i.version
        AND c.platform = i.platform
    FOR UPDATE OF c SKIP LOCKED
)
UPDATE sync_clients AS c
SET index_version = :version, app_index = client.app_index, version_index = client.version_index,
    platform_index = client.platform_index
FROM client
WHERE c.subject_id = client.subject_id
AND c.sync_account_id = client.sync_account_id
AND c.lookup_hash = client.lookup_hash
""")


class PageRange(NamedTuple):
    """The people of a page: those after one id, up to another. The data keys of some of them do not exist."""

    after: UUID
    last: UUID
    without_key: list[UUID]


class EncryptedClient(NamedTuple):
    """A client whose texts must be decrypted, because it has no index of the newest look-up key."""

    subject_id: UUID
    account: bytes
    hash: bytes
    app: bytes
    version: bytes
    platform: bytes
    index_version: int | None


IndexedClient = tuple[EncryptedClient, Sequence[int]]
"""A client, and its indexes of each dimension."""


class ClientTexts:
    """The texts of the indexes of one day's computation, and the indexes of texts."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self.version = keyring.lookup_version
        """The version of the look-up key that the indexes are made with."""
        self.by_index: dict[int, str] = {}
        self._indexes: dict[EncryptedColumn, dict[str, int]] = {column: {} for column in COLUMNS.values()}

    async def find(self, connection: Connection, indexes: set[int], page: PageRange) -> None:
        """Find the texts of indexes, by decrypting clients of the people of a page. No known text is read again.

        An index stays without a text if the keys of its clients are destroyed meanwhile.
        """
        missing = indexes - self.by_index.keys()
        if not missing:
            return
        samples: dict[UUID, list[Any]] = {}
        for row in await SAMPLES.rows(connection, indexes=[*missing], version=self.version, **page._asdict()):
            if not missing.isdisjoint(row[4:]):
                missing.difference_update(row[4:])
                samples.setdefault(row[0], []).append(row)
        async with self._keyring.pool.acquire() as keyring_connection:
            for key in await self._keyring.each_of_subjects(keyring_connection, [*samples]):
                for row in samples[key.owner_id]:
                    self.decrypt(key, [row[1:4]])

    def decrypt(self, key: DataKey, clients: Iterable[Sequence[bytes]]) -> list[Sequence[int]]:
        """Return the indexes of one person's clients, of each dimension those of all; remember their texts."""
        indexes: list[Sequence[int]] = []
        for column, values in zip(COLUMNS.values(), zip(*clients, strict=True), strict=True):
            known = self._indexes[column]
            texts = column.decrypt_all(key, values)
            for text in texts:
                if text not in known:
                    known[text] = index = blind_index(self._keyring, column, text)
                    self.by_index[index] = text
            indexes.append([known[text] for text in texts])
        return indexes


async def set_indexes(database: Database, version: int, clients: Sequence[IndexedClient]) -> None:
    """Store the indexes of clients, in several transactions. A client that was deleted meanwhile is left out."""
    for start in range(0, len(clients), UPDATE_SIZE):
        rows, indexes = zip(*clients[start : start + UPDATE_SIZE], strict=True)
        subject_ids, accounts, hashes, apps, versions, platforms, _ = map(list, zip(*rows, strict=True))
        app_indexes, version_indexes, platform_indexes = map(list, zip(*indexes, strict=True))
        async with database.transaction() as connection:
            await SET_INDEXES.run(
                connection,
                subject_ids=subject_ids,
                account_ids=[UUID(bytes=account) for account in accounts],
                hashes=hashes,
                apps=apps,
                versions=versions,
                platforms=platforms,
                app_indexes=app_indexes,
                version_indexes=version_indexes,
                platform_indexes=platform_indexes,
                version=version,
            )
