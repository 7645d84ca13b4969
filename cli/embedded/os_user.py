"""The operating-system user that runs a PostgreSQL, and what it can reach."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypedDict

BARE_ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath, "TZ": "UTC"}
"""What a server program may see: no locale that is not installed, no PGDATA, no secret of ours."""


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot do what was asked; the message says what to do about it."""


class Credentials(TypedDict, total=False):
    """What `subprocess` is told to run a program as somebody else."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class OsUser:
    """An operating-system user that exists and is not root: PostgreSQL refuses root."""

    name: str
    uid: int
    gid: int

    @classmethod
    def of(cls, uid: int) -> Self:
        """Return the user with this number; EmbeddedError when the system has no name for it."""
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            message = f"User {uid} has no name, and PostgreSQL needs one: run as a user that /etc/passwd lists."
            raise EmbeddedError(message) from None
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)

    @property
    def credentials(self) -> Credentials:
        """Return what makes `subprocess` run a program as this user; nothing when we are it."""
        if os.geteuid() == self.uid:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def may_enter(self, directory: Path) -> bool:
        """Say whether this user can walk to the directory, which only the kernel knows for sure."""
        return first_line(self, "/bin/sh", "-c", 'test -x "$1" && echo yes', "sh", str(directory)) == "yes"


def nobody() -> OsUser:
    """Return the user that systems have for programs that own nothing."""
    try:
        return OsUser.of(pwd.getpwnam("nobody").pw_uid)
    except KeyError:
        message = "PostgreSQL refuses to run as root, and the user nobody does not exist: run this as an ordinary user."
        raise EmbeddedError(message) from None


def first_line(account: OsUser | None, *command: str) -> str:
    """Return the first line that the command prints as that user, or nothing when it fails."""
    credentials: Credentials = account.credentials if account else {}
    try:
        done = subprocess.run(
            command, capture_output=True, check=False, text=True, cwd="/", env=BARE_ENVIRONMENT, **credentials
        )
    except PermissionError as error:
        # A setuid that is not allowed looks like an exec that is not, but does not name the program.
        if error.filename != command[0]:
            message = f"root may not become {account.name if account else 'root'} here: run this as an ordinary user."
            raise EmbeddedError(message) from error
        return ""
    except OSError:
        return ""
    return done.stdout.partition("\n")[0].strip() if done.returncode == 0 else ""
