"""The command ``privacy`` as a user runs it: a process of its own, on this worker's databases."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import anyio

from tests.conftest import ROOT, Databases


class Ran(NamedTuple):
    """What a command said."""

    code: int
    out: str
    errors: str

    def count(self, words: str) -> int:
        """Give the number that the summary puts before these words."""
        [line] = [line for line in self.out.splitlines() if line.strip().partition("  ")[2] == words]
        return int(line.strip().partition("  ")[0].replace(",", ""))


def environment(databases: Databases | None = None) -> dict[str, str]:
    """Give the environment of a command on these databases."""
    made = {name: value for name, value in os.environ.items() if not name.startswith("PRIVACY_")}
    made["PYTHONPATH"] = str(ROOT)
    if databases:
        made |= {
            "PRIVACY_DATABASE_URL": databases.url,
            "PRIVACY_KEYRING_URL": databases.keyring_url,
            "PRIVACY_MASTER_KEY": databases.master_key,
            "PRIVACY_ENVIRONMENT": "development",
        }
    return made


def command(*arguments: str) -> list[str]:
    """Give the words that run ``privacy`` from the code under test."""
    return [sys.executable, "-m", "cli", *arguments]


async def privacy(
    *arguments: str, on: Databases | None = None, fed: bytes = b"", given: Mapping[str, str] | None = None, at: Path
) -> Ran:
    """Run the command to its end, in the directory ``at``."""
    done = await anyio.run_process(
        command(*arguments), input=fed, check=False, cwd=at, env=environment(on) | dict(given or {})
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
