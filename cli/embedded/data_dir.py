"""The data directory of the embedded PostgreSQL: its location, owner, programs and socket directory."""

import hashlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cli.embedded.os_user import EmbeddedError, OsUser, first_output_line, nobody_user

PORT = 5432
"""Part of the socket's file name; PostgreSQL does not listen on a network port."""

MAX_SOCKET_PATH_BYTES = 107
"""Bytes that `sun_path` of unix(7) can hold, without the final NUL."""

# Clients split host lists at commas; the server splits directory lists at commas and removes quotes.
_PLAIN_PATH = re.compile(r"[\w/.+@= -]+")


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """The directory of a cluster, the user that runs it, and programs that this user can run."""

    root: Path
    user: OsUser
    binaries: Path
    version: int


def resolve_data_path(directory: Path) -> Path:
    """Return the directory that holds the data: this directory, or the target of its link `elsewhere`."""
    link = directory / "elsewhere"
    return link.readlink() if link.is_symlink() else directory


def prepare_data_directory(directory: Path, binaries: Path) -> DataDirectory:
    """Select the user, the data directory and the programs of a cluster, and create what is missing.

    A cluster keeps the user that created it. Under root, a new cluster gets the user `nobody`. If only the owner of a
    parent directory can enter the directory, it gets that owner. If neither can, the data is stored in
    `/var/tmp/privacy-<hash of the path>-…`, and the link `elsewhere` points to it. Modes of existing directories are
    never changed.
    """
    root = resolve_data_path(directory)
    if root != directory:
        _check_external_directory(root, directory)
    if (root / "data").exists():
        user = OsUser.of((root / "data").stat().st_uid)
        if os.geteuid() not in {0, user.uid}:
            message = f"{root} belongs to {user.name}: run this as that user, or use another directory."
            raise EmbeddedError(message)
        if not user.can_enter(root):
            message = f"The user {user.name}, which runs PostgreSQL, cannot enter {root}: run chmod o+x on its parents."
            raise EmbeddedError(message)
    else:
        candidates = (each for each in _candidate_users(directory) if each.can_enter(root))
        candidate = next(candidates, None)
        user, root = (candidate, root) if candidate else _create_external_directory(directory)
    programs, version = _runnable_programs(binaries, root, user)
    return DataDirectory(root, user, programs, version)


def create_private_directory(directory: Path, user: OsUser) -> None:
    """Create the directory with mode 0700 unless it exists, and make the user its owner."""
    directory.mkdir(mode=0o700, exist_ok=True)
    if directory.stat().st_uid != user.uid:
        os.chown(directory, user.uid, user.gid)


def create_cluster_directory(directory: Path) -> None:
    """Create the directory of a cluster: mode 0700, or 0711 under root, so that the server's user can enter it."""
    if not directory.is_dir():
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o711 if os.geteuid() == 0 else 0o700)


def socket_directory(data_dir: DataDirectory) -> Path:
    """Return the private directory of the socket: `socket` in the data directory, or a link to a shorter path.

    A socket path has at most 107 bytes, and clients must parse it alike. For other paths, the socket lies in a new
    directory with a random name under the temporary directory, which no other user can create first.
    """
    default = data_dir.root / "socket"
    if len(os.fsencode(f"{default}/.s.PGSQL.{PORT}")) <= MAX_SOCKET_PATH_BYTES and _PLAIN_PATH.fullmatch(str(default)):
        if default.is_symlink():
            default.unlink()
        create_private_directory(default, data_dir.user)
        return default
    prefix = f"privacy-{_digest(data_dir.root)}-"
    if default.is_symlink():
        short = default.readlink()
        if short.name.startswith(prefix) and _is_private(short, data_dir.user.uid):
            return short
        default.unlink()
    elif default.exists():
        shutil.rmtree(default)
    short = Path(tempfile.mkdtemp(prefix=prefix, dir=_temporary_directory(data_dir.user)))
    os.chown(short, data_dir.user.uid, data_dir.user.gid)
    default.symlink_to(short)
    return short


def _candidate_users(directory: Path) -> Iterator[OsUser]:
    if os.geteuid() != 0:
        yield OsUser.of(os.geteuid())
        return
    yield nobody_user()
    for parent in directory.parents:
        if owner := parent.stat().st_uid:
            yield OsUser.of(owner)
            return


def _create_external_directory(directory: Path) -> tuple[OsUser, Path]:
    user = nobody_user()
    # The random name cannot be created by another user first. A removed link leads to a new, empty directory.
    root = Path(tempfile.mkdtemp(prefix=f"privacy-{_digest(directory)}-", dir=_temporary_directory(user, "/var/tmp")))  # noqa: S108
    root.chmod(0o711)
    (directory / "elsewhere").symlink_to(root)
    return user, root


def _check_external_directory(root: Path, directory: Path) -> None:
    link = directory / "elsewhere"
    if not root.name.startswith(f"privacy-{_digest(directory)}-"):
        message = (
            f"{link} points to the database of another directory: move it back, or remove the link for an empty one."
        )
        raise EmbeddedError(message)
    if not root.exists():
        message = f"The data directory {root} is missing: restore it, or remove {link} for an empty database."
        raise EmbeddedError(message)
    if root.lstat().st_uid != os.geteuid():
        message = f"{root} belongs to another user: run this as its owner, or remove {link} for an empty database."
        raise EmbeddedError(message)


def _temporary_directory(user: OsUser, *preferred: str) -> Path:
    for candidate in (*preferred, "/tmp", tempfile.gettempdir()):  # noqa: S108 -- only private directories go there
        if os.access(candidate, os.W_OK | os.X_OK) and user.can_enter(Path(candidate)):
            return Path(candidate)
    message = f"The user {user.name} can enter no temporary directory: set TMPDIR to one."
    raise EmbeddedError(message)


def _runnable_programs(binaries: Path, root: Path, user: OsUser) -> tuple[Path, int]:
    """Return programs that the user can run, and their major version; copy them when they cannot be reached."""
    version = first_output_line(user, str(binaries / "postgres"), "--version")
    if not version:
        expected = first_output_line(None, str(binaries / "postgres"), "--version")
        if not expected:
            message = f"The PostgreSQL in {binaries} does not run on this machine: set PRIVACY_DATABASE_URL instead."
            raise EmbeddedError(message)
        install, package = binaries.parent, binaries.parent.parent
        copy = root / "programs" / package.name / install.name / binaries.name
        version = first_output_line(user, str(copy / "postgres"), "--version")
        if version != expected:
            _copy_installation(install, package, root)
            version = first_output_line(user, str(copy / "postgres"), "--version")
        if version != expected:
            message = f"{user.name} cannot run the programs in {copy}: is that file system mounted noexec?"
            raise EmbeddedError(message)
        binaries = copy
    major = re.search(r"\d+", version)
    return binaries, int(major.group()) if major else 0


def _copy_installation(install: Path, package: Path, root: Path) -> None:
    """Copy an installation with the libraries of its wheel, so that every user can run it."""
    new_path = root / "programs.unfinished"
    libraries = package.with_name(f"{package.name}.libs")
    shutil.rmtree(new_path, ignore_errors=True)
    shutil.copytree(install, new_path / package.name / install.name)
    if libraries.is_dir():
        shutil.copytree(libraries, new_path / libraries.name)
    for path in (new_path, *new_path.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
    shutil.rmtree(root / "programs", ignore_errors=True)
    new_path.rename(root / "programs")


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _is_private(directory: Path, uid: int) -> bool:
    try:
        status = directory.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == uid and not status.st_mode & 0o077
