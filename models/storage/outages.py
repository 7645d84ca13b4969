"""The reasons of outages: one sentence for operators, and one log line for each change of a component's state."""

from typing import Final

import asyncpg
import structlog

log = structlog.get_logger("privacy")

OUT_OF_REACH: Final = "cannot be reached"
POOLED: Final = (
    "does not keep the settings of a session: a connection pooler is in between; connect to PostgreSQL itself"
)
_SENTENCES: Final = {
    "28": "refuses the login: check the user and the password",
    "22023": "lacks a role of the service: run `privacy migrate`",
    "42501": "refuses a privilege: run `privacy migrate`, then `privacy grants check`",
    "3D000": "does not exist: create it, then run `privacy migrate`",
    "42P01": "lacks tables: run `privacy migrate`",
    "42703": "lacks columns: run `privacy migrate`",
    "25006": "is read-only: it is a standby",
    "53100": "has no space left on its disk",
    "53300": "has no connection left: raise max_connections, or lower the pools of the service",
    "53": "lacks resources",
    "58": "cannot read or write its files",
    "23": "refuses a row that this version writes: run `privacy migrate`, and report a defect if it persists",
    "08P01": POOLED,
    "26000": POOLED,  # a prepared statement is missing, or is there already, as sessions are shared
    "42P05": POOLED,
    "08": OUT_OF_REACH,
    "57": OUT_OF_REACH,
}
"""What to do, by SQLSTATE, its class, or its longest prefix here."""


def describe(error: BaseException) -> str:
    """Return what is wrong with a database, and what to do; without a value, a name or a message of the server."""
    sqlstate = sqlstate_of(error)
    if sqlstate is None:
        return OUT_OF_REACH if isinstance(error, (OSError, TimeoutError, asyncpg.InterfaceError)) else "fails"
    prefixes = (sqlstate[:length] for length in (5, 2))
    sentence = next((_SENTENCES[prefix] for prefix in prefixes if prefix in _SENTENCES), "fails")
    return sentence if sentence == OUT_OF_REACH else f"{sentence} (SQLSTATE {sqlstate})"


def sqlstate_of(error: BaseException) -> str | None:
    """Return the SQLSTATE of an error of PostgreSQL, otherwise None."""
    return getattr(error, "sqlstate", None)


class OutageLog:
    """Logs when a target fails, when the reason of its failure changes, and when it works again."""

    def __init__(self) -> None:
        self._reasons: dict[str, tuple[object, ...]] = {}

    def fail(self, target: str, *, problem: str, **details: object) -> None:
        """Log a failure of a target unless its last one had the same reason.

        ``problem`` is the class of an error or a sentence of this service, never the message of a library.
        """
        details = {name: value for name, value in details.items() if value is not None}
        reason = (problem, *sorted(details.items()))
        if self._reasons.get(target) != reason:
            self._reasons[target] = reason
            log.warning("component unavailable", target=target, problem=problem, **details)

    def fail_with(self, target: str, error: BaseException) -> None:
        """Log an error of a database: its class and SQLSTATE."""
        self.fail(target, problem=type(error).__name__, sqlstate=sqlstate_of(error))

    def recover(self, target: str) -> None:
        """Log that a target works again, if it had failed."""
        if self._reasons.pop(target, None):
            log.info("component available", target=target)


outages: Final = OutageLog()
"""The states of all targets of this process."""
