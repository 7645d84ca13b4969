"""The roles of PostgreSQL that this service acts through: the second lock, which holds when the first one fails."""

from typing import Final

from models.actors import Role

READERS: Final = {role: f"privacy_{role.lower()}" for role in Role}
"""What the reads of a caller run as: it may SELECT the columns that the fields of the caller's role need."""
INTERNAL: Final = "privacy_internal"
"""What the service's own reads run as: tokens, and the state of the migrations."""
WRITER: Final = "privacy_writer"
"""What deeds run as: it cannot change or delete what is only ever added to."""
WORKER: Final = "privacy_worker"
"""What the workers run as: it alone destroys keys and seals the record."""
LOGIN: Final = "privacy_login"
"""Whom the embedded default logs in as: it has no rights but to act as the others."""
ALL: Final = (*READERS.values(), INTERNAL, WRITER, WORKER)
