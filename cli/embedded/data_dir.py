"""Where a PostgreSQL of ours lives: beside the code, or where the user that runs it can go."""

import hashlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cli.embedded.os_user import EmbeddedError, OsUser, first_line, nobody

PORT = 5432
"""Names the socket file; nothing listens on a network."""

LONGEST_SOCKET_PATH = 107
"""Bytes that `sun_path` of unix(7) has room for, without the final NUL."""

# Clients split hosts at commas, the server splits directories at commas and strips quotes.
_PLAIN_PATH = re.compile(r"[\w/.+@= -]+")


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """A directory for a cluster, the user that runs it, and programs which that user can run."""

    home: Path
    account: OsUser
    binaries: Path
    version: int


def home_of(directory: Path) -> Path:
    """Return where the cluster of this directory really lives: there, or where its link points."""
    link = directory / "elsewhere"
    return link.readlink() if link.is_symlink() else directory


def settle(directory: Path, binaries: Path) -> DataDirectory:
    """Return the place of this directory's cluster, made on first use.

    A cluster keeps the user that it was made with. As root a new one gets `nobody`, or the owner of the surrounding
    directory when only that user can reach it; when neither can, it lives in `/var/tmp/privacy-<hash of the path>-…`
    and the link `elsewhere` remembers that. No mode of a directory that was there before is changed.
    """
    home = home_of(directory)
    if home != directory:
        _check_elsewhere(home, directory)
    if (home / "data").exists():
        account = OsUser.of((home / "data").stat().st_uid)
        if os.geteuid() not in {0, account.uid}:
            message = f"{home} belongs to {account.name}: run this as that user, or use another directory."
            raise EmbeddedError(message)
        if not account.may_enter(home):
            message = f"{account.name}, who runs PostgreSQL, cannot reach {home}: allow it (chmod o+x) on each parent."
            raise EmbeddedError(message)
    else:
        chosen = next((each for each in _accounts(directory) if each.may_enter(home)), None)
        if chosen is None:
            chosen, home = _elsewhere(directory)
        account = chosen
    programs, version = _programs(binaries, home, account)
    return DataDirectory(home, account, programs, version)


def make_private(directory: Path, account: OsUser) -> None:
    """Make sure that the directory exists, is the account's own and nobody else's (0700)."""
    directory.mkdir(mode=0o700, exist_ok=True)
    if directory.stat().st_uid != account.uid:
        os.chown(directory, account.uid, account.gid)


def make_home(directory: Path) -> None:
    """Make the directory of a cluster: others may pass through it (0711) only where root lends it to a user."""
    if not directory.is_dir():
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o711 if os.geteuid() == 0 else 0o700)


def socket_directory(place: DataDirectory) -> Path:
    """Return the private directory of the socket: `socket` in the place, or a link there to a short one.

    A socket's path has at most 107 bytes and must mean the same to every client, so a longer or unusual one gives
    way to a directory of random name in the temporary directory, which nobody can have made before us.
    """
    ours = place.home / "socket"
    if len(os.fsencode(f"{ours}/.s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH and _PLAIN_PATH.fullmatch(str(ours)):
        if ours.is_symlink():
            ours.unlink()
        make_private(ours, place.account)
        return ours
    prefix = f"privacy-{_digest(place.home)}-"
    if ours.is_symlink():
        short = ours.readlink()
        if short.name.startswith(prefix) and _is_private(short, place.account.uid):
            return short
        ours.unlink()
    elif ours.exists():
        shutil.rmtree(ours)
    short = Path(tempfile.mkdtemp(prefix=prefix, dir=_temporary(place.account)))
    os.chown(short, place.account.uid, place.account.gid)
    ours.symlink_to(short)
    return short


def _accounts(directory: Path) -> Iterator[OsUser]:
    if os.geteuid() != 0:
        yield OsUser.of(os.geteuid())
        return
    yield nobody()
    for parent in directory.parents:
        if owner := parent.stat().st_uid:
            yield OsUser.of(owner)
            return


def _elsewhere(directory: Path) -> tuple[OsUser, Path]:
    account = nobody()
    # A name that nobody can take before us, and a new one when the link was removed: then what it held is forgotten.
    home = Path(tempfile.mkdtemp(prefix=f"privacy-{_digest(directory)}-", dir=_temporary(account, "/var/tmp")))  # noqa: S108
    home.chmod(0o711)
    (directory / "elsewhere").symlink_to(home)
    return account, home


def _check_elsewhere(home: Path, directory: Path) -> None:
    link = directory / "elsewhere"
    if not home.name.startswith(f"privacy-{_digest(directory)}-"):
        message = f"{link} points to the database of another directory: move it back, or remove the link to begin anew."
        raise EmbeddedError(message)
    if not home.exists():
        message = f"{home}, where the database was, is gone: bring it back, or remove {link} to begin anew."
        raise EmbeddedError(message)
    if home.lstat().st_uid != os.geteuid():
        message = f"{home} is not of this user: run this as its owner, or remove {link} to begin anew."
        raise EmbeddedError(message)


def _temporary(account: OsUser, *preferred: str) -> Path:
    for candidate in (*preferred, "/tmp", tempfile.gettempdir()):  # noqa: S108 -- only private directories go there
        if os.access(candidate, os.W_OK | os.X_OK) and account.may_enter(Path(candidate)):
            return Path(candidate)
    message = f"No temporary directory is within reach of {account.name}: set TMPDIR to one."
    raise EmbeddedError(message)


def _programs(binaries: Path, home: Path, account: OsUser) -> tuple[Path, int]:
    """Return programs that the account can run, those given or a copy of them in the place, and their version."""
    version = first_line(account, str(binaries / "postgres"), "--version")
    if not version:
        wanted = first_line(None, str(binaries / "postgres"), "--version")
        if not wanted:
            message = f"The PostgreSQL in {binaries} does not run on this machine: set PRIVACY_DATABASE_URL instead."
            raise EmbeddedError(message)
        install, package = binaries.parent, binaries.parent.parent
        copied = home / "programs" / package.name / install.name / binaries.name
        version = first_line(account, str(copied / "postgres"), "--version")
        if version != wanted:
            _copy_programs(install, package, home)
            version = first_line(account, str(copied / "postgres"), "--version")
        if version != wanted:
            message = f"{account.name} cannot run the programs in {copied}: is that file system mounted noexec?"
            raise EmbeddedError(message)
        binaries = copied
    found = re.search(r"\d+", version)
    return binaries, int(found.group()) if found else 0


def _copy_programs(install: Path, package: Path, home: Path) -> None:
    """Copy an installation, and the libraries that a wheel keeps beside its package, so that everybody can run it."""
    fresh = home / "programs.unfinished"
    libraries = package.with_name(f"{package.name}.libs")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(install, fresh / package.name / install.name)
    if libraries.is_dir():
        shutil.copytree(libraries, fresh / libraries.name)
    for path in (fresh, *fresh.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
    shutil.rmtree(home / "programs", ignore_errors=True)
    fresh.rename(home / "programs")


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _is_private(directory: Path, uid: int) -> bool:
    try:
        found = directory.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == uid and not found.st_mode & 0o077
