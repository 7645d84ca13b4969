"""What the routes beside POST /graphql use of a running process."""

from typing import NamedTuple

from api.access.restore_guard import RestoreGuard
from models.encryption.keyring import Keyring
from models.storage.database import Database


class Dependencies(NamedTuple):
    """The objects that the application opens when it starts."""

    database: Database
    keyring: Keyring
    restore_guard: RestoreGuard
