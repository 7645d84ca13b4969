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

from cli.embedded.accounts import Account, EmbeddedError, first_line, nobody

PORT = 5432
"""Names the socket file; nothing listens on a network."""

LONGEST_SOCKET_PATH = 107
"""Bytes that `sun_path` of unix(7) has room for, without the final NUL."""

# Clients split hosts at commas, the server splits directories at commas and strips quotes.
_PLAIN_PATH = re.compile(r"[\w/.+@= -]+")


@dataclass(frozen=True, slots=True)
class Place:
    """A directory for a cluster, the user that runs it, and programs which that user can run."""

    home: Path
    account: Account
    binaries: Path
    version: int


def home_of(directory: Path) -> Path:
    """Return where the cluster of this directory really lives: there, or where its link points."""
    link = directory / "elsewhere"
    return link.readlink() if link.is_symlink() else directory


def settle(directory: Path, binaries: Path) -> Place:
    """Return the place of this directory's cluster, made on first use.

    A cluster keeps the user that it was made with. As root a new one gets `nobody`, or the owner of the surrounding
    directory when only that user can reach it; when neither can, it lives in `/var/tmp/privacy-<hash of the path>`
    and the link `elsewhere` remembers that. No mode of a directory that was there before is changed.
    """
    home = home_of(directory)
    if home != directory:
        _check_elsewhere(home, directory)
    if (home / "data").exists():
        account = Account.of((home / "data").stat().st_uid)
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
    return Place(home, account, programs, version)


def make_private(directory: Path, account: Account) -> None:
    """Make sure that the directory exists, is the account's own and nobody else's (0700)."""
    if not directory.is_dir():
        directory.mkdir(mode=0o700)
        os.chown(directory, account.uid, account.gid)


def make_home(directory: Path) -> None:
    """Make the directory of a cluster: others may pass through it (0711) only where root lends it to a user."""
    if not directory.is_dir():
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o711 if os.geteuid() == 0 else 0o700)


def socket_directory(place: Place) -> Path:
    """Return the private directory of the socket: `socket` in the place, or a link there to a short one.

    A socket's path has at most 107 bytes and must mean the same to every client, so a longer or unusual one gives
    way to a directory of random name in the temporary directory, which nobody can have made before us.
    """
    ours = place.home / "socket"
    if len(os.fsencode(f"{ours}/.s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH and _PLAIN_PATH.fullmatch(str(ours)):
        make_private(ours, place.account)
        return ours
    prefix = f"privacy-{_digest(place.home)}-"
    if ours.is_symlink():
        short = ours.readlink()
        if short.name.startswith(prefix) and _is_private(short, place.account.uid):
            return short
        ours.unlink()
    short = Path(tempfile.mkdtemp(prefix=prefix, dir=_temporary(place.account)))
    os.chown(short, place.account.uid, place.account.gid)
    ours.symlink_to(short)
    return short


def _accounts(directory: Path) -> Iterator[Account]:
    if os.geteuid() != 0:
        yield Account.of(os.geteuid())
        return
    yield nobody()
    for parent in directory.parents:
        if owner := parent.stat().st_uid:
            yield Account.of(owner)
            return


def _elsewhere(directory: Path) -> tuple[Account, Path]:
    account = nobody()
    home = _temporary(account, "/var/tmp") / f"privacy-{_digest(directory)}"  # noqa: S108 -- its owner is checked
    home.mkdir(mode=0o711, exist_ok=True)
    _check_elsewhere(home, directory)
    home.chmod(0o711)
    (directory / "elsewhere").symlink_to(home)
    return account, home


def _check_elsewhere(home: Path, directory: Path) -> None:
    link = directory / "elsewhere"
    if home.name != f"privacy-{_digest(directory)}":
        message = f"{link} points to the database of another directory: move it back, or remove the link to begin anew."
        raise EmbeddedError(message)
    if not home.exists():
        message = f"{home}, where the database was, is gone: bring it back, or remove {link} to begin anew."
        raise EmbeddedError(message)
    found = home.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        message = f"{home} is not a directory of this user alone: remove it."
        raise EmbeddedError(message)


def _temporary(account: Account, *preferred: str) -> Path:
    for candidate in (*preferred, "/tmp", tempfile.gettempdir()):  # noqa: S108 -- only private directories go there
        if os.access(candidate, os.W_OK | os.X_OK) and account.may_enter(Path(candidate)):
            return Path(candidate)
    message = f"No temporary directory is within reach of {account.name}: set TMPDIR to one."
    raise EmbeddedError(message)


def _programs(binaries: Path, home: Path, account: Account) -> tuple[Path, int]:
    """Return programs that the account can run: those given, or a copy of them in the place."""
    version = first_line(account, str(binaries / "postgres"), "--version")
    if not version:
        copy = home / "programs"
        wanted = first_line(None, str(binaries / "postgres"), "--version")
        if not wanted:
            message = f"The PostgreSQL in {binaries} does not run on this machine: give PRIVACY_DATABASE_URL instead."
            raise EmbeddedError(message)
        version = first_line(account, str(copy / "bin/postgres"), "--version")
        if version != wanted:
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(binaries.parent, copy)
            for path in (copy, *copy.rglob("*")):
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
            version = first_line(account, str(copy / "bin/postgres"), "--version")
        if version != wanted:
            message = f"{account.name} cannot run the programs in {copy}: is that file system mounted noexec?"
            raise EmbeddedError(message)
        binaries = copy / "bin"
    found = re.search(r"(\d+)", version)
    return binaries, int(found.group()) if found else 0


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _is_private(directory: Path, uid: int) -> bool:
    try:
        found = directory.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == uid and not found.st_mode & 0o077
