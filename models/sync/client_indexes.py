"""Blind indexes of clients: keyed hashes by which PostgreSQL counts equal programs, versions and platforms.

Only statistics read them. They are of no use without the look-up key, and they are deleted with their row.
"""

from typing import Final, NamedTuple

from models.encryption.encrypted_column import EncryptedColumn
from models.encryption.keyring import Keyring
from models.sync.accounts import APP, PLATFORM, VERSION

INDEX_OCTETS: Final = 8
"""Octets of a hash that are kept: few enough to compare fast, too many for two texts to share an index by chance."""


class ClientIndex(NamedTuple):
    """The blind indexes of one client, under one version of the look-up key."""

    index_version: int
    app_index: int
    version_index: int
    platform_index: int


def blind_index(keyring: Keyring, column: EncryptedColumn, text: str) -> int:
    """Return the blind index of a text, under the newest look-up key: the same for equal texts of the same column.

    Raise UNAVAILABLE before the look-up keys are loaded.
    """
    digest = keyring.lookup_hashes(column.column, text)[0].digest
    return int.from_bytes(digest[:INDEX_OCTETS], signed=True)


def index_client(keyring: Keyring, app: str, version: str, platform: str) -> ClientIndex:
    """Return the blind indexes of a client. Raise UNAVAILABLE before the look-up keys are loaded."""
    return ClientIndex(
        keyring.lookup_version,
        blind_index(keyring, APP, app),
        blind_index(keyring, VERSION, version),
        blind_index(keyring, PLATFORM, platform),
    )
