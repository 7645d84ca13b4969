"""The configuration files of the embedded PostgreSQL: authentication, sizes, and logs without statements."""

from collections.abc import Mapping
from pathlib import Path

from cli.embedded.data_dir import PORT, DataDirectory

_FIRST_WITH_ALL_ROLE = 16
"""The first major version in which pg_ident.conf can map a user to the role `all`."""

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    # Servers of tests and checks keep this size; that of `privacy serve` is sized to the machine (memory.py).
    "shared_buffers": "128MB",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Logs of seven days. Statements, parameters and error messages can hold personal data, so none is logged.
    # `log` is a higher level than ERROR: it keeps starts, stops and crashes. Clients still receive errors.
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
    # Segments of the write-ahead log are removed, not overwritten: they contain keys that may be destroyed.
    "wal_recycle": "off",
}


def configure(data_dir: DataDirectory, sockets: Path, settings: Mapping[str, str]) -> None:
    """Write the three configuration files; ``settings`` override `SETTINGS`."""
    names = sorted({"root", data_dir.user.name})
    # Older versions cannot map a user to every role. The mode of the socket directory admits the same two users.
    method = "peer map=owners" if data_dir.version >= _FIRST_WITH_ALL_ROLE else "trust"
    merged = {
        **SETTINGS,
        **settings,
        "hba_file": str(data_dir.root / "pg_hba.conf"),
        "ident_file": str(data_dir.root / "pg_ident.conf"),
        "unix_socket_directories": f'"{sockets}"',
    }
    lines = [f"{name} = '{_escaped(value)}'" for name, value in merged.items()]
    files = {
        "pg_hba.conf": f"local all all {method}\n",
        "pg_ident.conf": "".join(f'owners "{name}" all\n' for name in names),
        "postgresql.conf": "\n".join(["include 'data/postgresql.conf'", *lines, ""]),
    }
    for name, text in files.items():
        new_path = data_dir.root / f"{name}.new"
        new_path.write_text(text, encoding="utf-8", errors="surrogateescape")
        new_path.chmod(0o644)
        new_path.replace(data_dir.root / name)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")
