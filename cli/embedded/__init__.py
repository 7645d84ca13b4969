"""The PostgreSQL that a wheel carries, started by ourselves: private files, a private socket, no network."""

from cli.embedded.cluster import Cluster, carried_binaries
from cli.embedded.config import SETTINGS
from cli.embedded.os_user import EmbeddedError

__all__ = ["SETTINGS", "Cluster", "EmbeddedError", "carried_binaries"]
