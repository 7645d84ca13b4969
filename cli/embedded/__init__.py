"""The PostgreSQL that a wheel carries, started by ourselves: private files, a private socket, no network."""

from cli.embedded.accounts import EmbeddedError
from cli.embedded.cluster import Cluster, carried_binaries
from cli.embedded.settings import SETTINGS

__all__ = ["SETTINGS", "Cluster", "EmbeddedError", "carried_binaries"]
