"""An embedded PostgreSQL from a Python wheel: private files, a private Unix socket, no network listener."""

from cli.embedded.cluster import Cluster, bundled_binaries
from cli.embedded.config import SETTINGS
from cli.embedded.os_user import EmbeddedError

__all__ = ["SETTINGS", "Cluster", "EmbeddedError", "bundled_binaries"]
