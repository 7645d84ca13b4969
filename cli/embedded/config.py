"""What our PostgreSQL is told: who may connect, how big it is, and never to write down what it is asked."""

from collections.abc import Mapping
from pathlib import Path

from cli.embedded.data_dir import PORT, DataDirectory

_MAPS_NAMES_TO_ALL = 16
"""The first PostgreSQL whose pg_ident.conf knows the role `all`."""

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A week of logs. A statement, its parameters, and an error's own words can all quote a person: none is written.
    # The client still gets its errors; `log` lies above ERROR and keeps starts, stops and crashes.
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
}


def configure(place: DataDirectory, sockets: Path, settings: Mapping[str, str]) -> None:
    """Write the three configuration files of the place anew; the settings go over `SETTINGS`."""
    names = sorted({"root", place.account.name})
    # Before 16 a map cannot say "every role". The socket's directory lets in the same two users without one.
    method = "peer map=owners" if place.version >= _MAPS_NAMES_TO_ALL else "trust"
    chosen = {
        **SETTINGS,
        **settings,
        "hba_file": str(place.home / "pg_hba.conf"),
        "ident_file": str(place.home / "pg_ident.conf"),
        "unix_socket_directories": f'"{sockets}"',
    }
    lines = [f"{name} = '{_escaped(value)}'" for name, value in chosen.items()]
    files = {
        "pg_hba.conf": f"local all all {method}\n",
        "pg_ident.conf": "".join(f'owners "{name}" all\n' for name in names),
        "postgresql.conf": "\n".join(["include 'data/postgresql.conf'", *lines, ""]),
    }
    for name, text in files.items():
        fresh = place.home / f"{name}.new"
        fresh.write_text(text, encoding="utf-8", errors="surrogateescape")
        fresh.chmod(0o644)
        fresh.replace(place.home / name)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")
