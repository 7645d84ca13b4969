"""Messages and exit statuses of foreseeable errors."""

import asyncpg
from rich.console import Console

from api.settings import UnsafeSettingError
from cli.bulk.job import JobStopped
from cli.embedded import EmbeddedError
from models.errors import Refusal
from models.storage.outages import OUT_OF_REACH, describe


def report(problem: Exception) -> int | None:
    """Print the message of a foreseeable error and return its exit status; return None for any other error."""
    match problem:
        case UnsafeSettingError() | EmbeddedError():
            message, status = str(problem), 2
        case JobStopped():
            message, status = str(problem), 1
        case Refusal():
            argument = f" ({problem.extensions['argument']})" if problem.extensions.get("argument") else ""
            message, status = f"{problem.code}: {problem.message}{argument}", 1
        case asyncpg.InsufficientPrivilegeError():
            message = "this command needs the owners of the tables: set PRIVACY_OWNER_URL and PRIVACY_KEYRING_OWNER_URL"
            status = 2
        case asyncpg.UndefinedTableError():
            message, status = "tables are missing in the databases: run `privacy migrate`", 2
        case OSError() | asyncpg.PostgresError() | asyncpg.InterfaceError():
            sentence = describe(problem)
            advice = ": check PRIVACY_DATABASE_URL and PRIVACY_KEYRING_URL" if sentence == OUT_OF_REACH else ""
            message, status = f"PostgreSQL {sentence}{advice} ({type(problem).__name__})", 1
        case _:
            return None
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"privacy: {message}", markup=False)
    return status
