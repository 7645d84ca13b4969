"""The operating-system user that runs the embedded PostgreSQL, and the directories that it can enter."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypedDict

SERVER_ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath, "TZ": "UTC"}
"""The environment of server programs: no locale that may be missing, no PGDATA, none of our secrets."""


class EmbeddedError(Exception):
    """An operation of the embedded PostgreSQL failed; the message states the remedy."""


class ProcessCredentials(TypedDict, total=False):
    """The arguments of `subprocess.run` that run a program as another user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class OsUser:
    """An operating-system user with a name. PostgreSQL refuses to run as root."""

    name: str
    uid: int
    gid: int

    @classmethod
    def of(cls, uid: int) -> Self:
        """Return the user with this id; raise EmbeddedError when the system has no name for it."""
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            message = f"User {uid} has no name, and PostgreSQL needs one: run as a user that /etc/passwd lists."
            raise EmbeddedError(message) from None
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)

    @property
    def credentials(self) -> ProcessCredentials:
        """Return the `subprocess.run` arguments for this user; empty when this process has the same user id."""
        if os.geteuid() == self.uid:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, directory: Path) -> bool:
        """Test, as this user, whether the directory can be entered: permissions alone do not decide it."""
        return first_output_line(self, "/bin/sh", "-c", 'test -x "$1" && echo yes', "sh", str(directory)) == "yes"


def nobody_user() -> OsUser:
    """Return the unprivileged user `nobody`; raise EmbeddedError when the system has none."""
    try:
        return OsUser.of(pwd.getpwnam("nobody").pw_uid)
    except KeyError:
        message = "PostgreSQL refuses to run as root, and the user nobody does not exist: run this as an ordinary user."
        raise EmbeddedError(message) from None


def first_output_line(user: OsUser | None, *command: str) -> str:
    """Run a command as the user and return the first line of its output; empty when it fails."""
    credentials: ProcessCredentials = user.credentials if user else {}
    try:
        process = subprocess.run(
            command, capture_output=True, check=False, text=True, cwd="/", env=SERVER_ENVIRONMENT, **credentials
        )
    except PermissionError as error:
        # A forbidden setuid raises the same error as a forbidden exec, but without the name of the program.
        if error.filename != command[0]:
            message = (
                f"root cannot switch to the user {user.name if user else 'root'} here: run this as an ordinary user."
            )
            raise EmbeddedError(message) from error
        return ""
    except OSError:
        return ""
    return process.stdout.partition("\n")[0].strip() if process.returncode == 0 else ""
