"""Check that a port is free before a server listens on it."""

import socket

from api.settings import UnsafeSettingError


def require_free_port(host: str, port: int, advice: str) -> None:
    """Raise UnsafeSettingError with the advice when another process listens on the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise UnsafeSettingError(f"port {port} is in use: {advice}") from None
