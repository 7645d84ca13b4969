"""The data of a fresh PostgreSQL, which initdb makes once and tests copy where initdb itself is not what they test."""

import fcntl
import hashlib
import inspect
import subprocess
from pathlib import Path

from cli.embedded import bundled_binaries, server
from cli.embedded.data_dir import create_cluster_directory, prepare_data_directory

INITIALISED = Path(__file__).parents[1] / "var" / "initialised"


def initialised(directory: Path, binaries: Path | None = None) -> Path:
    """Put the data of a fresh cluster into a directory, as a first start does, and return the directory.

    All copies have the system identifier of the original.
    """
    binaries = binaries or bundled_binaries()
    made_by = f"{binaries}\n{inspect.getsource(server)}"
    original = INITIALISED / hashlib.sha256(made_by.encode()).hexdigest()[:16]
    create_cluster_directory(original)
    with (original / "turn.lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        source = prepare_data_directory(original, binaries)
        server.initialise(source, {"fsync": "off"})
    create_cluster_directory(directory)
    target = prepare_data_directory(directory, binaries)
    if target.user == source.user and not (target.root / "data").exists():
        subprocess.run(["/bin/cp", "-a", str(source.root / "data"), str(target.root / "data")], check=True)
    return directory
