"""The privileges that processes of the previous version need on the table ``consents``, until it is dropped."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from models.access.database_roles import (
    INTERNAL_WRITER,
    WORKER,
    WRITER_OF_THE_PREVIOUS_VERSION,
    WRITERS,
)
from models.access.write_groups import CONSENT, REGISTRATION

TABLE: Final = "consents"
KEY: Final = ("subject_id", "purpose")
NUMBER: Final = "epoch"
CHOICE: Final = ("state", "effective_at", "channel", "policy_version")
CONFIRMED: Final = "confirmed_at"
HAS_ENABLED_TRIGGER: Final = """
SELECT EXISTS (
    SELECT FROM pg_trigger WHERE tgrelid = to_regclass($1) AND tgname = 'choices_are_noted' AND tgenabled <> 'D'
)
"""
COLUMNS: Final = (*KEY, *CHOICE, NUMBER, CONFIRMED)


async def privileges(connection: Any, readers: Iterable[str]) -> set[tuple[str, str, str, str]]:
    """Return the privileges as role, table, column and privilege; none once the table is dropped.

    There are none either while a roll-back fills the table: its triggers are disabled, so that a choice in it is lost.
    ``readers`` are the roles that read choices.
    """
    is_in_use = await connection.fetchval(HAS_ENABLED_TRIGGER, f"public.{TABLE}")
    if not is_in_use:
        return set()
    return {(role, TABLE, column, privilege) for role, column, privilege in _privileges(readers)}


def _privileges(readers: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    yield from _on(readers, (*KEY, *CHOICE, CONFIRMED), "SELECT")
    yield from _on((*WRITERS, INTERNAL_WRITER, WRITER_OF_THE_PREVIOUS_VERSION, WORKER), COLUMNS, "SELECT")
    recorders = (CONSENT.role, REGISTRATION.role, WRITER_OF_THE_PREVIOUS_VERSION)
    yield from _on(recorders, (*KEY, *CHOICE, NUMBER), "INSERT")
    yield from _on(recorders, (*CHOICE, NUMBER, CONFIRMED), "UPDATE")
    for privilege in ("INSERT", "UPDATE"):
        yield from _on([WORKER], COLUMNS, privilege)
    yield WORKER, "", "DELETE"


def _on(roles: Iterable[str], columns: Iterable[str], privilege: str) -> Iterator[tuple[str, str, str]]:
    yield from ((role, column, privilege) for role in roles for column in columns)
