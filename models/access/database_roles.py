"""The PostgreSQL roles that the service acts as. They enforce the access policy even if the service does not."""

from typing import Final

from models.access.write_groups import GROUPS, SERVICE
from models.actors import Role

READERS: Final = {role: f"privacy_{role.lower()}" for role in Role}
"""Roles of callers' reads. Each may SELECT the columns that the fields of the caller's role need."""
INTERNAL: Final = "privacy_internal"
"""The role of the service's own reads: tokens and the state of the migrations."""
INTERNAL_WRITER: Final = SERVICE.role
"""The role of the service's own writes: access events of reads, counts, and keys."""
WRITERS: Final = tuple(group.role for group in GROUPS)
"""Roles of mutations. Each may write the columns that the statements of its group name."""
WRITER_OF_THE_PREVIOUS_VERSION: Final = "privacy_writer"
"""The one role of all mutations of the previous version. It keeps its grants while processes of both versions serve."""
WORKER: Final = "privacy_worker"
"""The role of the workers. Only this role destroys data keys and seals the audit log."""
LOGIN: Final = "privacy_login"
"""The login role of the embedded cluster. Its only right is to act as the other roles."""
ALL: Final = (*READERS.values(), INTERNAL, INTERNAL_WRITER, *WRITERS, WRITER_OF_THE_PREVIOUS_VERSION, WORKER)
