"""Create or replace a file as a whole: a process that is killed leaves either the old content or the new content."""

import os
from pathlib import Path

PRIVATE = 0o600
"""The mode of files that hold secrets or personal data: only the owner reads them."""


def replace_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a new file with this mode, reduced by the umask, and move it over the old file."""
    new_path = path.with_name(path.name + ".new")
    new_path.unlink(missing_ok=True)
    with os.fdopen(os.open(new_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    new_path.replace(path)


def create_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Create a file with this mode, reduced by the umask; raise FileExistsError when it exists.

    Of concurrent processes one creates the file. All others see its whole content.
    """
    new_path = path.with_name(f"{path.name}.{os.getpid()}.new")
    replace_file(new_path, content, mode)
    try:
        os.link(new_path, path)
    finally:
        new_path.unlink()
