"""The PostgreSQL roles that the service acts as. They enforce the access policy even if the service does not."""

from typing import Final

from models.actors import Role

READERS: Final = {role: f"privacy_{role.lower()}" for role in Role}
"""Roles of callers' reads. Each may SELECT the columns that the fields of the caller's role need."""
INTERNAL: Final = "privacy_internal"
"""The role of the service's own reads: tokens and the state of the migrations."""
WRITER: Final = "privacy_writer"
"""The role of mutations. It cannot update or delete rows of append-only tables."""
WORKER: Final = "privacy_worker"
"""The role of the workers. Only this role destroys data keys and seals the audit log."""
LOGIN: Final = "privacy_login"
"""The login role of the embedded cluster. Its only right is to act as the other roles."""
ALL: Final = (*READERS.values(), INTERNAL, WRITER, WORKER)
